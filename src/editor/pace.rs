//! When to draw again: often while something moves, not at all while nothing does.

use std::time::Duration;

use super::view::{Activity, View};

/// Time between frames while music runs.
pub const FRAME: Duration = Duration::from_micros(16_667);

/// The same where the processor draws: a frame is then work of some milliseconds, and what is left is the
/// music's.
pub const FRAME_ON_PROCESSOR: Duration = Duration::from_millis(50);

/// Time between looks at what has just come to rest.
const LOOK: Duration = Duration::from_millis(250);

/// Looks without a change after which the editor sleeps until it is woken: by the pointer,
/// the host, or the audio thread when transport or parameters change. Long enough for
/// the first chord of a parked cursor to be ready.
const LOOKS: u32 = 8;

/// Watches what was drawn.
#[derive(Debug, Default)]
pub struct Pace {
    last: View,
    still: u32,
}

impl Pace {
    /// Time until the next frame after `view` was drawn, by the processor or a graphics card; [`None`] to
    /// sleep.
    pub fn after(&mut self, view: View, by_processor: bool) -> Option<Duration> {
        let moved = view != self.last;
        self.still = if moved || view.model.loading { 0 } else { self.still + 1 };
        let playing = view.activity == Activity::Playing;
        self.last = view;
        match self.still {
            0 if playing && by_processor => Some(FRAME_ON_PROCESSOR),
            0 if playing => Some(FRAME),
            0..LOOKS => Some(LOOK),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_while_something_moves_and_then_rests() {
        let mut pace = Pace::default();
        let mut view = View { activity: Activity::Playing, ..View::default() };
        for step in 1..100 {
            view.roll.phase = step as f32 / 100.0;
            assert_eq!(pace.after(view.clone(), false), Some(FRAME));
        }
        let looks = std::iter::from_fn(|| pace.after(view.clone(), false)).take(1000).count();
        assert_eq!(looks, LOOKS as usize - 1);
        view.roll.phase = 0.0;
        assert_eq!(pace.after(view.clone(), false), Some(FRAME), "woken");
        assert_eq!(Pace::default().after(view, true), Some(FRAME_ON_PROCESSOR));
    }

    #[test]
    fn waits_for_a_model_on_its_way() {
        let mut pace = Pace::default();
        let mut view = View::default();
        view.model.loading = true;
        assert!((0..1000).all(|_| pace.after(view.clone(), false) == Some(LOOK)));
    }
}

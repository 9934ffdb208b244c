//! Whether the audio thread may wait for a chord: only in a render.

use std::time::{Duration, Instant};

use crate::jam::controls::Controls;
use crate::jam::transport::Transport;

use super::MAX_WAIT;

/// Decides about waiting.
///
/// With `Wait for notes` on, every chord may be waited for. By the host's offline flag alone,
/// one block may. After it a block may wait only if, since then, clearly more sound was made
/// than time went by outside our own waits: then it is a render. A live host cannot get ahead
/// of the clock by more than its buffers, so a wrong flag costs one wait; and a render that
/// does not get ahead of the clock is one in which chords have as much time as live. A wait
/// that expired ends all waiting until the worker answers again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waits {
    /// When a block first asked by the flag.
    begun: Option<Instant>,
    /// Seconds of sound made since then, this block excluded.
    made_s: f64,
    /// Seconds waited since then.
    waited_s: f64,
    /// Time waited in this block.
    waited: Duration,
    /// Whether the flag allows this block to wait.
    flag_allows: Option<bool>,
    expired: bool,
}

impl Waits {
    /// How much faster than the clock a render is at least.
    const RENDER_PACE: f64 = 4.0 / 3.0;

    /// How far a live host may get ahead of the clock: what it buffers.
    const BUFFERED_S: f64 = 0.05;

    /// A block begins.
    pub fn begin(&mut self) {
        self.waited = Duration::ZERO;
        self.flag_allows = None;
    }

    /// The block was `frames` long.
    pub fn end(&mut self, frames: u32, transport: &Transport) {
        if !transport.offline {
            self.begun = None;
        }
        let seconds = f64::from(frames) / transport.sample_rate;
        self.made_s += if seconds.is_finite() { seconds } else { 0.0 };
    }

    /// Whether this block has waited.
    pub fn has_waited(&self) -> bool {
        !self.waited.is_zero()
    }

    /// The worker lives.
    pub fn answered(&mut self) {
        self.expired = false;
    }

    /// How long the block may wait for a chord now; zero if not at all.
    ///
    /// # Realtime
    /// Reads the clock, only if the host says that it renders.
    pub fn allowance(&mut self, transport: &Transport, controls: &Controls) -> Duration {
        if self.expired {
            Duration::ZERO
        } else if controls.wait_for_notes {
            MAX_WAIT
        } else if transport.offline && self.flag_allows() {
            MAX_WAIT.saturating_sub(self.waited)
        } else {
            Duration::ZERO
        }
    }

    /// A wait is over.
    pub fn waited(&mut self, time: Duration, got_it: bool) {
        self.waited += time;
        self.waited_s += time.as_secs_f64();
        self.expired = !got_it;
    }

    fn flag_allows(&mut self) -> bool {
        if let Some(allows) = self.flag_allows {
            return allows;
        }
        let now = Instant::now();
        let allows = match self.begun {
            Some(begun) => {
                let passed_s = now.duration_since(begun).as_secs_f64() - self.waited_s;
                self.made_s - Waits::BUFFERED_S > passed_s * Waits::RENDER_PACE
            }
            None => {
                (self.begun, self.made_s, self.waited_s) = (Some(now), 0.0, 0.0);
                true
            }
        };
        self.flag_allows = Some(allows);
        allows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFLINE: Transport = Transport {
        playing: true,
        sample_rate: 48_000.0,
        tempo_bpm: Some(120.0),
        position_beats: Some(0.0),
        bar_start_beats: None,
        time_signature: None,
        loop_beats: None,
        offline: true,
    };

    /// Whether a block that makes so many seconds of sound may wait.
    fn asks(waits: &mut Waits, controls: &Controls, seconds: f64) -> bool {
        waits.begin();
        let allowed = !waits.allowance(&OFFLINE, controls).is_zero();
        waits.end((seconds * OFFLINE.sample_rate) as u32, &OFFLINE);
        allowed
    }

    #[test]
    fn a_wrong_flag_costs_one_wait_and_a_render_may_always_wait() {
        let controls = Controls::default();
        let mut live = Waits::default();
        let mut render = Waits::default();
        assert!(asks(&mut live, &controls, 0.1));
        for _ in 0..3 {
            assert!(asks(&mut render, &controls, 5.0), "much sound in no time");
            // A live host needs the time that it plays for.
            std::thread::sleep(Duration::from_millis(100));
            assert!(!asks(&mut live, &controls, 0.1));
        }
    }

    /// On a slow machine the waits themselves take longer than the sound between them.
    #[test]
    fn a_render_is_not_held_slow_for_its_own_waits() {
        let controls = Controls::default();
        let mut render = Waits::default();
        for _ in 0..3 {
            assert!(asks(&mut render, &controls, 1.0));
            // Told, not slept: what else passes is next to nothing.
            render.begun = render.begun.and_then(|begun| begun.checked_sub(MAX_WAIT));
            render.waited(MAX_WAIT, true);
        }
    }

    #[test]
    fn an_expired_wait_is_the_last_until_the_worker_answers() {
        let controls = Controls { wait_for_notes: true, ..Controls::default() };
        let mut waits = Waits::default();
        assert!(asks(&mut waits, &controls, 0.1));
        waits.waited(MAX_WAIT, false);
        assert!(!asks(&mut waits, &controls, 0.1));
        waits.answered();
        assert!(asks(&mut waits, &controls, 0.1));
    }
}

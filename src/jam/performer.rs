//! The one entry of the audio thread.

use std::time::Duration;

use crate::jam::controls::Controls;
use crate::jam::link::AudioEnd;
use crate::jam::player::NoteSink;
use crate::jam::transport::Transport;

/// The longest that `process` may wait for a chord, and then only in a render.
pub const MAX_WAIT: Duration = Duration::from_secs(2);

/// Clock, link and player: everything that the audio thread may call.
pub struct Performer {
    #[expect(dead_code, reason = "filled in by the next commit")]
    end: AudioEnd,
}

impl Performer {
    /// A performer at rest. Allocates nothing itself.
    pub fn new(end: AudioEnd) -> Performer {
        Performer { end }
    }

    /// Plays one block of `frames` samples into `out`.
    ///
    /// # Realtime
    /// Never allocates, locks, logs or makes a system call.
    pub fn process(
        &mut self,
        _transport: &Transport,
        _controls: &Controls,
        _frames: u32,
        _out: &mut impl NoteSink,
    ) {
    }

    /// The host was reset, reactivated or changed its sample rate, or a state was loaded.
    ///
    /// # Realtime
    /// As [`Performer::process`].
    pub fn reset(&mut self) {}

    /// Ends every note on every key.
    ///
    /// # Realtime
    /// As [`Performer::process`].
    pub fn panic(&mut self) {}
}

//! What the editor is shown of the performance. Written by the audio thread through a
//! triple buffer, so a reader never holds it up.

use crate::jam::controls::Lookahead;
use crate::jam::transport::Reason;
use crate::music::{Chord, Metre, Step, Tonality};

/// Steps of the past that [`Status`] holds.
pub const PAST: usize = 32;
/// Chords of the future that [`Status`] holds: the longest look-ahead, the step that is due
/// and one more.
pub const COMING: usize = Lookahead::MAX_STEPS + 2;

/// One step as the editor draws it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The step.
    pub step: Step,
    /// Which pass over the step it was, is or will be.
    pub pass: u64,
    /// What sounded or will sound; nothing if the chord was missed or is not known yet.
    pub chord: Chord,
    /// Whether the chord is known. A missed step of the past is not.
    pub known: bool,
    /// Whether it will be decided once more, in the step itself.
    pub tentative: bool,
}

/// Steps that [`Preview`] holds at most: a bar of 4/4 in sixteenth triplets.
pub const PREVIEW: usize = 24;

/// How the music would go on if the musician rested and nothing was changed. The worker thinks it
/// out when it has nothing else to do and somebody looks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Preview {
    /// The epoch that it belongs to.
    pub epoch: u64,
    steps: [(u64, Step, Chord); PREVIEW],
    len: usize,
}

impl Preview {
    /// The steps `(pass, step, chord)`, in the order in which they would be played; what has no room
    /// is left out.
    pub fn new(epoch: u64, steps: impl Iterator<Item = (u64, Step, Chord)>) -> Preview {
        let mut preview = Preview { epoch, ..Preview::default() };
        for (slot, step) in preview.steps.iter_mut().zip(steps) {
            *slot = step;
            preview.len += 1;
        }
        preview
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The chords that follow a step of a pass, with their steps: those that sound as MIDI keys.
    pub fn after(&self, pass: u64, step: Step) -> impl Iterator<Item = (Step, Chord)> {
        let steps = self.steps.get(..self.len).unwrap_or(&[]);
        let next = (pass, step.next());
        let first = steps.iter().position(|&(pass, step, _)| (pass, step) == next);
        let following = first.and_then(|first| steps.get(first..)).unwrap_or(&[]);
        following.iter().map(|&(_, step, chord)| (step, chord))
    }
}

/// The performance at the beginning of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Status {
    /// Whether music is played and, if not, why not.
    pub reason: Reason,
    /// Position of the block in beats, if the host knows.
    pub position_beats: Option<f64>,
    /// Length of a step in beats.
    pub step_beats: f64,
    /// Bar line and length of a bar.
    pub metre: Metre,
    /// First beat and end of the host's loop, if looping is switched on.
    pub loop_beats: Option<(f64, f64)>,
    /// Length of a step in milliseconds; 0 without a tempo.
    pub step_ms: f32,
    /// The epoch; changes with every discontinuity.
    pub epoch: u64,
    /// The step that sounds, or [`None`] before the first one.
    pub now: Option<Step>,
    /// Mask of the MIDI keys that sound.
    pub sounding: u128,
    /// Mask of the MIDI keys that the musician holds.
    pub held: u128,
    /// In [`Mode::Answer`](crate::jam::controls::Mode::Answer), whether it is our turn.
    pub answering: bool,
    /// In [`Mode::Accompany`](crate::jam::controls::Mode::Accompany), whether it is silent until the
    /// musician plays.
    pub waits: bool,
    /// The last steps in played order, the newest last; the first `past_len` are valid.
    past: [Shown; PAST],
    past_len: usize,
    /// Committed steps in the order in which they will sound: a picture of the table of commitments,
    /// taken whenever the status goes out, for the editor alone.
    coming: [Shown; COMING],
    coming_len: usize,
    /// Chords that were not there in time, a quarter of a step included.
    pub missed_deadlines: u64,
    /// Chords that sounded late, but within a quarter of a step.
    pub late_chords: u64,
    /// Second decisions that were not there when the chord sounded; the one ahead sounded.
    pub late_decisions: u64,
    /// How long after its step a chord sounds now, milliseconds: the reaction that is set, as far
    /// as steps are long enough.
    pub reaction_ms: f32,
    /// The key that the musician plays in, if it is known.
    pub key_heard: Option<Tonality>,
    /// Waits in an offline render that ended without a chord.
    pub expired_waits: u64,
    /// Requests that found the ring full and were sent again.
    pub refused_requests: u64,
    /// Steps that are missing in the take, since the ring was full.
    pub untold_steps: u64,
    /// Events of the musician's that there was no room for in a block. Ends are heard all the
    /// same.
    pub lost_input: u64,
    /// Notes that the host's queue had no room for and that were left out.
    pub dropped_notes: u64,
    /// The shortest time between a chord's arrival and its beginning since playback last
    /// started; [`None`] before the first chord. Negative when chords came late.
    pub shortest_lead_ms: Option<f32>,
    /// Whether the look-ahead is too short for the blocks of this host and the speed of
    /// this machine: a deadline was missed since playback last started.
    pub lookahead_too_short: bool,
}

impl Status {
    /// The last steps in played order, the newest last.
    pub fn past(&self) -> &[Shown] {
        self.past.get(..self.past_len).unwrap_or(&[])
    }

    /// The committed steps that have not sounded yet, the next first. What is shown here is
    /// what will sound.
    pub fn coming(&self) -> &[Shown] {
        self.coming.get(..self.coming_len).unwrap_or(&[])
    }

    /// Adds a step to the past.
    ///
    /// # Realtime
    /// Moves at most [`PAST`] entries.
    pub(crate) fn push_past(&mut self, shown: Shown) {
        if self.past_len == PAST {
            self.past.rotate_left(1);
            self.past_len -= 1;
        }
        if let Some(slot) = self.past.get_mut(self.past_len) {
            *slot = shown;
            self.past_len += 1;
        }
    }

    /// Replaces the newest step of the past, which a chord reached late.
    pub(crate) fn amend_past(&mut self, shown: Shown) {
        if let Some(slot) = self.past.get_mut(self.past_len.saturating_sub(1)) {
            *slot = shown;
        }
    }

    /// Forgets the past, as at the beginning of a new performance.
    pub(crate) fn clear_past(&mut self) {
        self.past_len = 0;
    }

    /// Takes the picture of what is coming; what has no room is left out.
    pub(crate) fn set_coming(&mut self, coming: impl Iterator<Item = Shown>) {
        self.coming_len = 0;
        for (slot, shown) in self.coming.iter_mut().zip(coming) {
            *slot = shown;
            self.coming_len += 1;
        }
    }
}

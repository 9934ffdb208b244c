//! The states that playback begins from: those after a prompt.

use std::array;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError, Weak};
use std::thread;
use std::time::Duration;

use super::Biaxial;
use super::network::hear;
use crate::model::Frame;
use crate::model::checkpoint::chosen_prompt;
use crate::model::config::Start;
use crate::music::{BarPosition, PianoRoll, STEPS_PER_BAR, Signature, Tonality};

/// Steps fed whatever the position in the bar: four bars.
const BARS: usize = 4 * STEPS_PER_BAR as usize;

/// How long a planner sleeps between two looks whether another has heard the prompt.
const POLL: Duration = Duration::from_millis(1);

/// The prompts of a checkpoint and the states after them. One value serves every planner of
/// the process that plays the checkpoint: what one has heard, no other needs to hear, so a
/// project with many instances begins as soon as one with a single instance.
pub struct Prompts<B: Biaxial> {
    /// Five bars each, or none; see model.md, section 9.
    rolls: Vec<PianoRoll>,
    /// For each of them; one for no prompt, if there is none.
    warm: Box<[Mutex<Warm<B::State>>]>,
}

/// What is known of one prompt.
struct Warm<S> {
    /// The state after silence and the position that comes next, if there is no prompt.
    silent: Option<(BarPosition, Weak<S>)>,
    /// The states before each step of bar 5, as long as a planner holds them.
    known: [Weak<S>; STEPS_PER_BAR as usize],
    /// Where a planner was interrupted.
    interrupted: Option<(usize, S)>,
}

/// The states of a prompt that a planner holds: after four bars, and at the step of the bar
/// that it asked for last.
pub(super) struct Held<S> {
    _bars: Arc<S>,
    pub state: Arc<S>,
}

impl<B: Biaxial> Prompts<B> {
    /// Prompts of five bars each, which nobody has heard yet. There may be none.
    pub fn new(rolls: Vec<PianoRoll>) -> Prompts<B> {
        let new =
            || Warm { silent: None, known: array::from_fn(|_| Weak::new()), interrupted: None };
        let warm = (0..rolls.len().max(1)).map(|_| Mutex::new(new())).collect();
        Prompts { rolls, warm }
    }

    /// The prompts.
    pub fn rolls(&self) -> &[PianoRoll] {
        &self.rolls
    }

    /// The state in which the step at `position` comes next: bars 1 to 4 and as many steps of bar 5
    /// of the prompt that `seed` chooses. Without prompts, that of one silent step, or of the row
    /// "no previous step" where the network knows it.
    ///
    /// Waits while another planner hears the same prompt. [`None`] if `keep_going` ended it;
    /// what was heard so far is kept for the next that asks.
    pub(super) fn state(
        &self,
        network: &mut B,
        seed: u64,
        position: BarPosition,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<Held<B::State>> {
        let which = chosen_prompt(seed, self.warm.len());
        let mut warm = lock(&self.warm[which], keep_going)?;
        match self.rolls.get(which) {
            Some(roll) => warm.after_prompt(network, roll, step_of_prompt(position), keep_going),
            None => warm.after_silence(network, position, keep_going),
        }
    }
}

impl<B: Biaxial> Prompts<B> {
    /// The frames of the prompt that `seed` chooses up to the step at `position`, turned by as few
    /// semitones as bring it into a key, or into that of the same notes if it is minor and the key
    /// is major or the other way round. None without prompts, or if a prompt has no key.
    pub(super) fn frames_in(&self, key: Tonality, seed: u64, position: BarPosition) -> Vec<Frame> {
        let Some(roll) = self.rolls.get(chosen_prompt(seed, self.warm.len())) else {
            return vec![];
        };
        let Some(own) = Tonality::of(&roll.chords) else { return vec![] };
        // Minor keys have the notes of the major key a minor third above.
        let notes = |key: Tonality| i16::from(key.tonic) + if key.minor { 3 } else { 0 };
        let up = (notes(key) - notes(own)).rem_euclid(12);
        // Within -5..=6.
        let turned = (if up > 6 { up - 12 } else { up }) as i8;
        let frames = (0..BARS + step_of_prompt(position)).map(|step| {
            let chord = roll.chords.get(step).copied().unwrap_or_default();
            Frame::solo(chord.transposed(turned), Signature::COMMON.position(step as i64))
        });
        frames.collect()
    }
}

impl<S: Clone> Warm<S> {
    fn after_silence<B: Biaxial<State = S>>(
        &mut self,
        network: &mut B,
        position: BarPosition,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<Held<S>> {
        if let Some(state) = self.silent.as_ref().filter(|(at, _)| *at == position)
            && let Some(state) = state.1.upgrade()
        {
            return Some(Held { _bars: state.clone(), state });
        }
        let before = position.before();
        let frame = match network.start() {
            Start::Flag => Frame::before_first(before, false),
            Start::None => Frame { position: before, ..Frame::default() },
        };
        let zero = network.new_state();
        let (fed, state) = hear(network, zero, [frame], keep_going);
        let state = (fed == 1).then(|| Arc::new(state))?;
        self.silent = Some((position, Arc::downgrade(&state)));
        Some(Held { _bars: state.clone(), state })
    }

    fn after_prompt<B: Biaxial<State = S>>(
        &mut self,
        network: &mut B,
        roll: &PianoRoll,
        step: usize,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<Held<S>> {
        let bars = match self.known[0].upgrade() {
            Some(bars) => bars,
            None => self.walk(network, roll, (0, None), BARS, keep_going)?,
        };
        let nearest =
            (1..=step).rev().find_map(|s| self.known[s].upgrade().map(|state| (s, state)));
        let state = match nearest {
            Some((s, state)) if s == step => state,
            None if step == 0 => bars.clone(),
            nearest => {
                let (s, from) = nearest.unwrap_or((0, bars.clone()));
                self.walk(network, roll, (BARS + s, Some(&from)), BARS + step, keep_going)?
            }
        };
        Some(Held { _bars: bars, state })
    }

    /// Hears the prompt up to the step `to`, which is after four bars, from a state or from
    /// none, or from where the last walk was interrupted if that is nearer.
    fn walk<B: Biaxial<State = S>>(
        &mut self,
        network: &mut B,
        roll: &PianoRoll,
        from: (usize, Option<&Arc<S>>),
        to: usize,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<Arc<S>> {
        let mut state = from.1.map_or_else(|| network.new_state(), |state| S::clone(state));
        let mut heard = from.0;
        if let Some((nearer, interrupted)) = self.interrupted.take()
            && (heard..=to).contains(&nearer)
        {
            (heard, state) = (nearer, interrupted);
        }
        let frames = (heard..to).map(|step| {
            let chord = roll.chords.get(step).copied().unwrap_or_default();
            Frame::solo(chord, Signature::COMMON.position(step as i64))
        });
        let (more, state) = hear(network, state, frames, keep_going);
        if heard + more < to {
            self.interrupted = Some((heard + more, state));
            return None;
        }
        let state = Arc::new(state);
        self.known[to - BARS] = Arc::downgrade(&state);
        Some(state)
    }
}

/// The step of bar 5 of a prompt, all of which are in 4/4, at which a position comes next.
fn step_of_prompt(position: BarPosition) -> usize {
    usize::from(position.in_bar) % usize::from(STEPS_PER_BAR)
}

/// Locks when it can, unless `keep_going` ends it before.
fn lock<'a, T>(
    mutex: &'a Mutex<T>,
    keep_going: &mut dyn FnMut() -> bool,
) -> Option<MutexGuard<'a, T>> {
    loop {
        match mutex.try_lock() {
            Ok(guard) => return Some(guard),
            // A network that panics does so before anything is written.
            Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
            Err(TryLockError::WouldBlock) if !keep_going() => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(POLL),
        }
    }
}

//! The host that the plugin plays in: a transport that rolls at one tempo through the metres of a
//! piece, and a musician's notes.

use std::thread::sleep;
use std::time::Duration;

use anacrusis::music::Metres;
use anacrusis_test_host::plugin::{Block, HostTransport, Note, Outbox};
use anacrusis_test_host::{HostError, Plugin};

use super::notes::{BEAT, Event, SAMPLE_RATE, STEP, TEMPO_BPM};
use super::settings::Value;

/// Longest block, in samples. Nothing that is played depends on it.
const BLOCK: u64 = 256;

/// The musician's MIDI channel, the last: the plugin plays on another.
const MUSICIAN: u8 = 15;

/// Time between two blocks at rest, about as long as they are.
const NAP: Duration = Duration::from_millis(5);

/// Blocks after the end: enough for the plugin to see that it is over.
const AFTER: u32 = 4;

/// What is played in.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// In their order.
    pub events: &'a [Event],
    /// Where the bar lines are.
    pub metres: &'a Metres,
    /// How many steps it lasts.
    pub steps: usize,
}

/// Plays a part into the plugin from its first step to its last, after a rest in which it may
/// prepare, and returns what it played meanwhile. `parameters` are changed before.
///
/// # Errors
/// What the plugin fails to do.
pub fn play(
    plugin: &mut dyn Plugin,
    part: Part,
    parameters: &[Value],
    rest: Duration,
) -> Result<Vec<Event>, HostError> {
    plugin.activate(SAMPLE_RATE, true)?;
    let mut host = Host { plugin, metres: part.metres, out: Outbox::default(), time_samples: 0 };
    let mut parameters = Some(parameters);
    // The first block is there even where no time is.
    for _ in 0..=rest.as_millis() / NAP.as_millis() {
        host.process((0, BLOCK), false, &[], parameters.take().unwrap_or_default())?;
        sleep(NAP);
    }
    let mut coming = part.events.iter().peekable();
    let mut played = Vec::new();
    for (from, to) in blocks(part.metres, part.steps) {
        let notes: Vec<Note> = std::iter::from_fn(|| coming.next_if(|event| event.at < to))
            .map(|event| note(event, from))
            .collect();
        host.process((from, to), true, &notes, &[])?;
        played.extend(host.played(from));
    }
    let end = part.steps as u64 * STEP;
    let mut last: Vec<Note> = coming.map(|event| note(event, event.at)).collect();
    for _ in 0..AFTER {
        host.process((end, end + BLOCK), false, &last, &[])?;
        last.clear();
        played.extend(host.played(end));
    }
    Ok(played)
}

/// From and to which sample the blocks of so many steps go. None has a change of metre inside.
fn blocks(metres: &Metres, steps: usize) -> impl Iterator<Item = (u64, u64)> {
    let end = steps as u64 * STEP;
    let changes = metres.signatures().map(|(step, _)| u64::try_from(step).unwrap_or(0) * STEP);
    let changes: Vec<u64> = changes.collect();
    let mut from = 0;
    std::iter::from_fn(move || {
        let next = changes.iter().copied().find(|change| *change > from).unwrap_or(end);
        let block = (from, (from + BLOCK).min(next).min(end));
        from = block.1;
        (block.0 < end).then_some(block)
    })
}

fn note(event: &Event, from: u64) -> Note {
    let velocity = if event.on { 0.75 } else { 0.0 };
    // Less than a block.
    let offset_samples = (event.at - from) as u32;
    Note { offset_samples, on: event.on, key: event.key, channel: MUSICIAN, velocity }
}

/// What the plugin is told at the sample `from`.
fn transport(metres: &Metres, from: u64, playing: bool, time_samples: u64) -> HostTransport {
    let beats = |samples: i64| samples as f64 / BEAT as f64;
    let step = (from / STEP) as i64;
    let signature = metres.signature(step);
    HostTransport {
        playing,
        tempo_bpm: Some(TEMPO_BPM),
        position_beats: Some(beats(from as i64)),
        bar_start_beats: beats(metres.bar_line(step) * STEP as i64),
        time_signature: (signature.numerator(), signature.denominator()),
        loop_beats: None,
        time_samples,
        sample_rate: SAMPLE_RATE,
    }
}

struct Host<'a> {
    plugin: &'a mut dyn Plugin,
    metres: &'a Metres,
    out: Outbox,
    /// All the time that went by, at rest, too.
    time_samples: u64,
}

impl Host<'_> {
    fn process(
        &mut self,
        (from, to): (u64, u64),
        playing: bool,
        notes: &[Note],
        parameters: &[Value],
    ) -> Result<(), HostError> {
        let transport = transport(self.metres, from, playing, self.time_samples);
        // At most a block.
        let frames = (to - from) as u32;
        let block = Block { frames, transport, notes, messages: &[], parameters, offline: true };
        self.out.clear(usize::MAX);
        self.plugin.process(&block, &mut self.out)?;
        self.time_samples += u64::from(frames);
        Ok(())
    }

    /// What the plugin played of its own in the block that began at `from`.
    fn played(&self, from: u64) -> impl Iterator<Item = Event> {
        let own = self.out.notes().iter().filter(|note| note.channel != MUSICIAN);
        own.map(move |note| Event {
            at: from + u64::from(note.offset_samples),
            on: note.on,
            key: note.key,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::notes;
    use super::*;
    use anacrusis::music::{Chord, Grid, Metre, Signature, Step};
    use anacrusis_test_host::performer::{Front, tell_step};

    fn metres(pairs: &[(i64, u32, u32)]) -> Metres {
        let pair = |&(step, above, below)| (step, Signature::new(above, below).expect("a metre"));
        Metres::new(pairs.iter().map(pair))
    }

    #[test]
    fn blocks_lie_side_by_side_and_end_where_the_metre_changes() {
        let metres = metres(&[(0, 1, 8), (2, 3, 4), (14, 7, 8), (25, 9, 32)]);
        let blocks: Vec<(u64, u64)> = blocks(&metres, 40).collect();
        assert_eq!((blocks[0].0, blocks[blocks.len() - 1].1), (0, 40 * STEP));
        assert!(blocks.windows(2).all(|pair| pair[0].1 == pair[1].0));
        assert!(blocks.iter().all(|(from, to)| from < to && to - from <= BLOCK));
        for change in [2, 14, 25] {
            assert!(blocks.iter().any(|(from, _)| *from == change * STEP), "{change}");
        }
        assert_eq!(super::blocks(&metres, 0).count(), 0);
    }

    #[test]
    fn the_plugin_is_told_where_in_its_bar_each_step_lies() {
        // A pickup, a bar cut short, odd ones.
        let all = [
            metres(&[]),
            metres(&[(0, 1, 4), (4, 4, 4)]),
            metres(&[(0, 4, 4), (26, 3, 4), (38, 6, 8), (50, 7, 8), (64, 5, 16)]),
            metres(&[(0, 4, 4)]).from_step(-12),
        ];
        for metres in all {
            for step in 0..90 {
                for from in [step as u64 * STEP, step as u64 * STEP + 5888] {
                    let told = transport(&metres, from, true, 0);
                    let (above, below) = told.time_signature;
                    let metre = Metre::new(told.bar_start_beats, above.into(), below.into());
                    let position = Grid::default().position(Step(step), metre);
                    assert_eq!(position, metres.position(step), "step {step}, {metres:?}");
                }
            }
        }
    }

    /// A performer without a plugin around it strikes one key a step, which tells the step.
    #[test]
    fn each_step_is_heard_where_it_is_in_odd_metres_too() {
        let melody: Vec<Chord> = (0..50).map(|step| Chord::struck_keys([30 + step % 7])).collect();
        for metres in [Metres::default(), metres(&[(0, 7, 8), (14, 3, 4), (26, 5, 16)])] {
            let mut front = Front::with_mock(tell_step);
            let mut set = |name: &str, text: &str| {
                let all = front.parameters();
                let id = all.iter().find(|found| found.name == name).expect("a parameter").id;
                (id, front.parse(id, text).expect("a value"))
            };
            let settings = [set("Wait for notes", "on"), set("Reaction", "0.0")];
            let events = notes::events(&melody, None);
            let part = Part { events: &events, metres: &metres, steps: melody.len() };
            let played = play(&mut front, part, &settings, NAP).expect("played");
            let chords = notes::chords(&played, melody.len());
            for (step, chord) in (0..).zip(&chords) {
                let expected = Chord::struck_keys([20 + step]);
                let taken = melody[usize::from(step)].playing();
                assert_eq!(*chord, expected.without(taken), "step {step}, {metres:?}");
            }
        }
    }
}

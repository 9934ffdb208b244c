//! A take as a file to keep.

use super::{MOST_STEPS, Played, Span, Take};
use crate::music::smf::{self, Beside, Part, TICKS_PER_BEAT, TempoChange, WriteOptions};
use crate::music::{Chord, PianoRoll, Rate, Step};

/// What of a take is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// All of it, in played order.
    #[default]
    All,
    /// Entries by their numbers, from the first to the one before the second, in played order; those that
    /// are no longer there are left out.
    Entries(u64, u64),
    /// What was played last in a stretch of the song, in the song's order. What was never played
    /// there is a rest.
    Song(Span),
}

/// What is kept, and what is told of it.
#[derive(Clone, Copy, Debug)]
pub struct KeepOptions<'a> {
    /// What.
    pub what: Keep,
    /// MIDI channel of what was generated, 0 to 15.
    pub channel: u8,
    /// MIDI velocity of notes of which the take does not tell how they were struck, 1 to 127.
    pub velocity: u8,
    /// What the file says of how it was made: model, seed, parameters.
    pub texts: &'a [&'a str],
}

/// A take, or a part of it, as a Standard MIDI File: what was generated and what the musician
/// played in a part each, with the tempi that it had, when and how loud both sounded. Stretches at another rate than the newest
/// step's, or than the stretch that is asked for, are left out. `None` if nothing is left.
pub fn keep(take: &Take, options: &KeepOptions) -> Option<Vec<u8>> {
    let (rate, played) = match options.what {
        Keep::All => in_played_order(take)?,
        Keep::Entries(from, end) => of_entries(take, from, end)?,
        Keep::Song(span) => (span.rate, in_song_order(take, span)),
    };
    let roll = |of: &dyn Fn(&Played) -> Chord| -> PianoRoll {
        played.iter().map(|p| of(p).transposed(p.transpose)).collect()
    };
    let own = |step: usize, key, begins| {
        let touch = played.get(step).and_then(|played| played.touch);
        touch.map_or(options.velocity, |touch| touch.velocity(key, begins))
    };
    let heard = |step: usize, _, _| {
        let velocity = played.get(step).map_or(0, |played| played.heard_velocity);
        if velocity > 0 { velocity } else { options.velocity }
    };
    let channel = |step: usize, key, playing| {
        let touch = played.get(step).and_then(|played| played.touch);
        touch.map_or(options.channel, |touch| touch.channel_of(key, playing))
    };
    let ticks = |step: usize, us: f64| {
        let tempo_bpm = played.get(step).map_or(0.0, |played| f64::from(played.tempo_bpm));
        // Steps are short, so this fits; what is no number becomes 0.
        (us / 60e6 * tempo_bpm * f64::from(TICKS_PER_BEAT)).round() as i32
    };
    let step_ticks = f64::from(TICKS_PER_BEAT) / f64::from(rate.steps_per_beat());
    let timing = |step: usize| -> Beside {
        let touch = played.get(step).and_then(|played| played.touch);
        let Some(timing) = touch.and_then(|touch| touch.timing) else { return Beside::default() };
        let step_s = played.get(step).map_or(0.0, |played| {
            60.0 / f64::from(played.tempo_bpm) / f64::from(rate.steps_per_beat())
        });
        // Less than a step; what is no number becomes 0.
        let begins = (timing.late_steps(step_s) * step_ticks).round() as i32;
        let early = ((1.0 - timing.gate()) * step_ticks).round() as i32;
        Beside { begins, ends: begins - early }
    };
    let hands = |step: usize| {
        let late_us = played.get(step).map_or(0, |played| played.heard_late_us);
        let begins = ticks(step, late_us.into());
        Beside { begins, ends: 0 }
    };
    let parts = [
        Part {
            velocity: Some(&own),
            channels: Some(&channel),
            beside: Some(&timing),
            ..Part::new("Anacrusis", options.channel, roll(&|played| played.chord))
        },
        Part {
            velocity: Some(&heard),
            beside: Some(&hands),
            ..Part::new("Heard", options.channel, roll(&|played| played.heard))
        },
    ];
    let mut tempi: Vec<TempoChange> = Vec::new();
    for (step, played) in played.iter().enumerate() {
        let tempo_bpm = f64::from(played.tempo_bpm);
        if tempi.last().is_none_or(|last| last.tempo_bpm != tempo_bpm) {
            tempi.push(TempoChange { step, tempo_bpm });
        }
    }
    let written = WriteOptions {
        velocity: options.velocity,
        texts: options.texts,
        ..WriteOptions::default()
    };
    let any_heard = parts[1].roll.chords.iter().any(|chord| !chord.is_empty());
    let parts = if any_heard { &parts[..] } else { &parts[..1] };
    (!played.is_empty()).then(|| smf::write_parts(parts, rate, &tempi, &written))
}

/// What was played at the rate of the newest step, and that rate.
fn in_played_order(take: &Take) -> Option<(Rate, Vec<Played>)> {
    let rate = take.played().next_back()?.rate;
    let of_rate = take.played().filter(|played| played.rate == rate);
    Some((rate, of_rate.copied().collect()))
}

/// Entries from number `from` to the one before `end`, at the rate of the newest of them.
fn of_entries(take: &Take, from: u64, end: u64) -> Option<(Rate, Vec<Played>)> {
    // A take has no more steps than this.
    let most = usize::try_from(end.saturating_sub(from)).unwrap_or(MOST_STEPS).min(MOST_STEPS);
    let entries: Vec<Played> = take.played_from(from, most).copied().collect();
    let rate = entries.last()?.rate;
    Some((rate, entries.into_iter().filter(|played| played.rate == rate).collect()))
}

/// What was played last at each step of `span`, from the first that was to the last.
fn in_song_order(take: &Take, span: Span) -> Vec<Played> {
    // A take has no more steps than this, so neither has what is kept of it.
    let end = span.end.0.min(span.first.0.saturating_add(MOST_STEPS as i64));
    let mut played: Vec<Played> = Vec::new();
    for step in (span.first.0..end).map(Step) {
        match (take.at(span.rate, step), played.last()) {
            (Some(found), _) => played.push(*found),
            (None, Some(last)) => {
                let rest = Played { step, chord: Chord::SILENT, heard: Chord::SILENT, ..*last };
                played.push(rest);
            }
            (None, None) => {}
        }
    }
    let rests = played.iter().rev().take_while(|p| take.at(span.rate, p.step).is_none()).count();
    played.truncate(played.len() - rests);
    played
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jam::controls::Controls;
    use crate::jam::touch::Touch;
    use crate::model::Draw;
    use crate::music::Stress;

    fn played(step: i64, key: u8) -> Played {
        Played {
            pass: 0,
            step: Step(step),
            rate: Rate::Sixteenth,
            // Below 16, so the cast keeps every bit.
            step_in_bar: step.rem_euclid(16) as u16,
            tempo_bpm: 100.0,
            transpose: 0,
            chord: Chord::struck_keys([key]),
            heard: Chord::SILENT,
            sounded: true,
            touch: None,
            heard_velocity: 0,
            heard_late_us: 0,
        }
    }

    fn span(first: i64, end: i64) -> Span {
        Span { rate: Rate::Sixteenth, first: Step(first), end: Step(end) }
    }

    #[test]
    fn a_stretch_of_the_song_is_what_was_played_there_last_with_rests_between() {
        let mut take = Take::default();
        for (step, key) in [(16, 60), (17, 61), (40, 62), (16, 72), (20, 64)] {
            take.record(played(step, key));
        }
        let kept = in_song_order(&take, span(16, 32));
        let keys: Vec<Vec<u8>> = kept.iter().map(|p| p.chord.keys().collect()).collect();
        assert_eq!(keys, [vec![72], vec![61], vec![], vec![], vec![64]]);
        assert!(in_song_order(&take, span(48, 64)).is_empty());
        assert!(in_song_order(&take, span(i64::MIN, i64::MAX)).is_empty(), "in bounded time");
        let options = |what| KeepOptions { what, channel: 0, velocity: 80, texts: &[] };
        assert!(keep(&take, &options(Keep::Song(span(16, 32)))).is_some());
        assert!(keep(&take, &options(Keep::Song(span(48, 64)))).is_none());
        assert_eq!(in_played_order(&take).map(|(_, played)| played.len()), Some(5));
        let entries = |from, end| of_entries(&take, from, end).map(|(_, played)| played);
        let keys = |played: Vec<Played>| -> Vec<u8> {
            played.iter().flat_map(|played| played.chord.keys()).collect()
        };
        assert_eq!(entries(1, 4).map(keys), Some(vec![61, 62, 72]), "as they were played");
        assert!(entries(4, 4).is_none() && entries(7, 2).is_none() && entries(9, 12).is_none());
        assert_eq!(entries(0, u64::MAX).map(|played| played.len()), Some(5));
    }

    /// (tick, channel, key, velocity or 0 for an end) of the notes of a track.
    fn notes(bytes: &[u8], track: usize) -> Vec<(u32, u8, u8, u8)> {
        let file = midly::Smf::parse(bytes).expect("a file");
        let mut now = 0;
        let mut notes = Vec::new();
        for event in &file.tracks[track] {
            now += event.delta.as_int();
            let midly::TrackEventKind::Midi { channel, message } = event.kind else { continue };
            let (key, velocity) = match message {
                midly::MidiMessage::NoteOn { key, vel } => (key, vel.as_int()),
                midly::MidiMessage::NoteOff { key, .. } => (key, 0),
                _ => continue,
            };
            notes.push((now, channel.as_int(), key.as_int(), velocity));
        }
        notes
    }

    #[test]
    fn a_kept_file_sounds_when_and_as_loud_as_it_did() {
        let controls = Controls {
            reaction_ms: 25.0,
            gate: 0.5,
            channel: 4,
            split: true,
            ..Controls::default()
        };
        let touch = |step| {
            let touch = Touch::new(&controls, None, Stress::None, Draw::default(), Step(step));
            Touch { timing: Some(controls.timing()), ..touch }
        };
        let mut take = Take::default();
        // At 100 BPM a millisecond has 0.8 ticks, and a step 120.
        for step in 0..4 {
            let mut chord = Chord::struck_keys([40]);
            if step % 2 == 0 {
                chord.strike(76);
            } else {
                chord.hold(76);
            }
            let heard = if step == 2 { Chord::struck_keys([72]) } else { Chord::SILENT };
            let (heard_velocity, heard_late_us) = if step == 2 { (99, -15_000) } else { (0, 0) };
            let touch = Some(touch(step));
            let step = played(step, 40);
            take.record(Played { chord, heard, heard_velocity, heard_late_us, touch, ..step });
        }
        let options = KeepOptions { what: Keep::All, channel: 9, velocity: 1, texts: &[] };
        let bytes = keep(&take, &options).expect("something to keep");
        let velocity = touch(0).velocity;
        // 25 ms late, half a step short of the end of their last step; the bass on channel 4, the tune
        // two above.
        let note = |on: u32, off: u32, channel, key| {
            [(on, channel, key, velocity), (off, channel, key, 0)]
        };
        let expected = [
            note(20, 80, 4, 40),
            note(20, 200, 6, 76),
            note(140, 200, 4, 40),
            note(260, 320, 4, 40),
            note(260, 440, 6, 76),
            note(380, 440, 4, 40),
        ]
        .concat();
        let mut found = notes(&bytes, 1);
        let mut wanted = expected;
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
        assert_eq!(notes(&bytes, 2), [(228, 9, 72, 99), (360, 9, 72, 0)]);
    }
}

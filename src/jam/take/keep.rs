//! A take as a file to keep.

use super::{Played, Take};
use crate::music::smf::{self, Part, TempoChange, WriteOptions};
use crate::music::{Chord, PianoRoll};

/// What is kept, and what is told of it.
#[derive(Clone, Copy, Debug)]
pub struct KeepOptions<'a> {
    /// Only the last bars of it, so many; all if `None`.
    pub last_bars: Option<usize>,
    /// MIDI channel of what was generated, 0 to 15.
    pub channel: u8,
    /// MIDI velocity of every note, 1 to 127.
    pub velocity: u8,
    /// What the file says of how it was made: model, seed, parameters.
    pub texts: &'a [&'a str],
}

/// A take, or its last bars, as a Standard MIDI File: what was generated and what the
/// musician played in a part each, in played order, with the tempi that it had. Stretches at
/// another rate than the newest step's are left out. `None` if nothing is left.
pub fn keep(take: &Take, options: &KeepOptions) -> Option<Vec<u8>> {
    let rate = take.played().next_back()?.rate;
    let mut played: Vec<&Played> = take.played().filter(|played| played.rate == rate).collect();
    if let Some(bars) = options.last_bars {
        let opens = |played: &&&Played| played.step_in_bar == 0;
        let starts: Vec<usize> =
            played.iter().enumerate().filter(|(_, p)| opens(p)).map(|(at, _)| at).collect();
        let from = starts.len().checked_sub(bars).and_then(|n| starts.get(n).copied());
        played.drain(..from.unwrap_or(0));
    }
    let part = |name, channel, of: &dyn Fn(&Played) -> Chord| Part {
        name,
        channel,
        roll: played.iter().map(|p| of(p).transposed(p.transpose)).collect::<PianoRoll>(),
    };
    let parts = [
        part("Anacrusis", options.channel, &|played| played.chord),
        part("Heard", options.channel, &|played| played.heard),
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
    let heard = parts[1].roll.chords.iter().any(|chord| !chord.is_empty());
    let parts = if heard { &parts[..] } else { &parts[..1] };
    (!played.is_empty()).then(|| smf::write_parts(parts, rate, &tempi, &written))
}

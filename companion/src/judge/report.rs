//! What was found: as JSON, and as a table.

use serde::Serialize;

use super::together::Tally;
use super::turn::{BARS_AFTER, BARS_OF_REST};

/// The figures of accompaniments; shares from 0 to 1, no number where nothing was counted.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Row {
    /// Share of the pairs of a melody's and an accompaniment's note that are consonant.
    pub consonance: f64,
    /// The same under every other melody of the set.
    pub exchanged: f64,
    /// The one less the other.
    pub gain: f64,
    /// Share of the accompaniment in the melody's key.
    pub in_key: f64,
    /// Share of the melody's steps in which all that sounds is part of one chord.
    pub chord: f64,
    /// Share of the melody's steps that belong to the chord of their beat.
    pub note_in_chord: f64,
    /// Share in key of the first bar.
    pub first_bar_in_key: f64,
    /// Share of the melody's steps that `note_in_chord` is of.
    pub counted: f64,
    /// Keys of the accompaniment in a step in which the melody sounds.
    pub sounding: f64,
    /// Share of what sounds with the melody that lies above it.
    pub above_melody: f64,
    /// Share of the steps in which a note begins.
    pub onset_steps: f64,
    /// Mean length of a note, in steps.
    pub note_length: f64,
    /// Share of the onsets that fall on one of the melody, less the same under other melodies.
    pub together_gain: f64,
    /// Share of the onset steps with a third or less below C3.
    pub mud: f64,
    /// Share of the onset steps in which four keys or more are struck.
    pub block_onsets: f64,
    /// Share of the notes that are a step long.
    pub sixteenths: f64,
    /// Share of the bars that are much like one 4 to 8 before.
    pub returns: f64,
    /// Share of the bars with more than a quarter outside the key.
    pub out_of_key: f64,
}

impl Row {
    /// The figures of sums.
    pub fn of(tally: &Tally) -> Row {
        let Tally { own, exchanged, note_in_chord: [in_chord, counted], texture, .. } = tally;
        let (first, bars) = tally.first_bars;
        Row {
            consonance: own.consonance.value(),
            exchanged: exchanged.consonance.value(),
            gain: own.consonance.value() - exchanged.consonance.value(),
            in_key: own.in_key.value(),
            chord: own.chord.value(),
            note_in_chord: in_chord.value(),
            first_bar_in_key: first / bars as f64,
            counted: counted.value(),
            sounding: own.sounding.value(),
            above_melody: own.above.value(),
            onset_steps: texture.onset_steps.value(),
            note_length: texture.note_length.value(),
            together_gain: own.together.value() - exchanged.together.value(),
            mud: texture.mud.value(),
            block_onsets: texture.block_onsets.value(),
            sixteenths: texture.sixteenths.value(),
            returns: texture.returns.value(),
            out_of_key: texture.out_of_key.value(),
        }
    }
}

/// After the melody turned by a tritone, bar by bar.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Turn {
    /// Share in the new key.
    pub in_key: [f64; BARS_AFTER],
    /// Consonance with the melody.
    pub consonance: [f64; BARS_AFTER],
    /// Share in key of the same bars of the melody that did not turn.
    pub plain_in_key: [f64; BARS_AFTER],
    /// Number, from 1, of the first bar that is nearly as good as the plain ones.
    pub bars_to_recover: Option<usize>,
}

/// Bars without an onset, of 24, in the mean of the seeds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Held {
    /// Under a chord that is held.
    pub chord: f64,
    /// Under a chord on each beat.
    pub repeated: f64,
    /// Under a tune from middle C on.
    pub tune: f64,
}

/// Onsets a bar around the place where the musician stops.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Resting {
    /// In the four bars before.
    pub before: f64,
    /// In each of the four bars after.
    pub after: [f64; BARS_OF_REST],
}

/// What is played after a history of another piece.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WrongHistory {
    /// As [`Row::consonance`].
    pub consonance: f64,
    /// As [`Row::in_key`].
    pub in_key: f64,
    /// As [`Row::chord`].
    pub chord: f64,
}

/// All of it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Report {
    /// Melodies.
    pub pieces: usize,
    /// Performances of each.
    pub seeds: u32,
    /// The model's accompaniments.
    pub model: Row,
    /// People's own, where the files have any.
    pub people: Option<Row>,
    /// A melody that turns.
    pub turn: Turn,
    /// What is held.
    pub held: Held,
    /// A musician who stops.
    pub rest: Resting,
    /// Nats a step that people's accompaniments are more surprising under another melody.
    pub exchanged_nats: Option<f64>,
    /// After another piece's accompaniment.
    pub wrong_history: Option<WrongHistory>,
    /// The model's accompaniments of hands that are early and late.
    pub displaced: Row,
}

/// Name, figure, and whether it is a share.
type Line = (&'static str, fn(&Row) -> f64, bool);

const LINES: [Line; 18] = [
    ("consonant with the melody", |row| row.consonance, true),
    ("  with the other melodies", |row| row.exchanged, true),
    ("  gain, in points", |row| row.gain, true),
    ("in the melody's key", |row| row.in_key, true),
    ("part of one chord with the melody", |row| row.chord, true),
    ("melody in the chord of the beat", |row| row.note_in_chord, true),
    ("  share of it that was counted", |row| row.counted, true),
    ("first bar in key", |row| row.first_bar_in_key, true),
    ("keys sounding with the melody", |row| row.sounding, false),
    ("  share above it", |row| row.above_melody, true),
    ("steps with an onset", |row| row.onset_steps, true),
    ("mean length of a note, in steps", |row| row.note_length, false),
    ("onsets on the melody's, gain", |row| row.together_gain, true),
    ("mud: low thirds and closer", |row| row.mud, true),
    ("onsets of four keys and more", |row| row.block_onsets, true),
    ("notes a sixteenth long", |row| row.sixteenths, true),
    ("bars that return", |row| row.returns, true),
    ("bars out of key", |row| row.out_of_key, true),
];

impl Report {
    /// A table, people beside the model; shares in per cent.
    pub fn table(&self) -> String {
        let mut text = format!("{:<36}{:>9}{:>9}{:>12}\n", "", "people", "model", "late hands");
        for (name, figure, share) in LINES {
            let show = |row: &Row| number(figure(row), share);
            let people = self.people.as_ref().map_or("-".to_owned(), show);
            let (model, displaced) = (show(&self.model), show(&self.displaced));
            text += &format!("{name:<36}{people:>9}{model:>9}{displaced:>12}\n");
        }
        let percent = |shares: &[f64]| -> String {
            shares.iter().map(|share| format!("{:>6}", number(*share, true))).collect()
        };
        text += "\nafter a turn by a tritone, bar by bar\n";
        for (name, shares) in [
            ("  in the new key", &self.turn.in_key),
            ("  consonant with the melody", &self.turn.consonance),
            ("  in key, had it not turned", &self.turn.plain_in_key),
        ] {
            text += &format!("{name:<36}{}\n", percent(shares));
        }
        let recovered = self.turn.bars_to_recover;
        let recovered = recovered.map_or("none of eight".to_owned(), |bar| format!("bar {bar}"));
        text += &format!("{:<36}{recovered:>14}\n", "  first good bar");
        let Held { chord, repeated, tune } = self.held;
        text += &format!(
            "\nbars without an onset, of {}: {chord:.1} under a held chord, {repeated:.1} under a \
             chord each beat, {tune:.1} under a tune\n",
            super::held::BARS
        );
        let after: Vec<String> = self.rest.after.iter().map(|bar| format!("{bar:.1}")).collect();
        text += &format!(
            "onsets a bar: {:.1} before the musician stops, then {}\n",
            self.rest.before,
            after.join(", ")
        );
        if let Some(WrongHistory { consonance, in_key, chord }) = self.wrong_history {
            text += &format!(
                "after another piece's accompaniment: {} % consonant, {} % in key, {} % part of one \
                 chord\n",
                number(consonance, true),
                number(in_key, true),
                number(chord, true)
            );
        }
        if let Some(nats) = self.exchanged_nats {
            text += &format!(
                "people's accompaniments are {nats:.2} nats a step more surprising under another \
                 melody\n"
            );
        }
        text
    }
}

fn number(value: f64, share: bool) -> String {
    match value.is_nan() {
        true => "-".to_owned(),
        false if share => format!("{:.1}", 100.0 * value),
        false => format!("{value:.2}"),
    }
}

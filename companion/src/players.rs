//! Who of a piece is the musician, and who accompanies.
//!
//! Files tell by the names of their tracks, or they do not; then a voice is taken out of the whole
//! (listener.md, section 4). A key is one player's or the other's: the musician wins.

use anacrusis::music::{Chord, Metres, PianoRoll};
use serde::{Deserialize, Serialize};

/// Who the musician is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The track named like a melody; else the one part that is no keyboard; else the top voice
    #[default]
    Auto,
    /// The track named chords, if another is named like a melody: a program wrote it from symbols,
    /// so it is there to be heard, and the melody to be learnt. In other pieces as auto
    Chords,
    /// The track named like a melody: melody, lead, voice, soprano, flute and the like
    Named,
    /// The one part that is no keyboard instrument
    Part,
    /// The highest note of each step
    Top,
    /// The lowest note of each step
    Bass,
    /// Every note from middle C up
    Upper,
    /// Every note below middle C
    Lower,
}

/// A part of a piece: a track or a channel.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What the file calls it; may be empty.
    pub name: &'a str,
    /// Its notes, from step 0 of the piece.
    pub roll: &'a PianoRoll,
}

/// A piece, as a whole and in parts.
#[derive(Clone, Copy, Debug)]
pub struct Music<'a> {
    /// All notes.
    pub roll: &'a PianoRoll,
    /// The same notes by part; may be empty if nothing is known of parts.
    pub parts: &'a [Part<'a>],
    /// Where the bar lines are.
    pub metres: &'a Metres,
}

/// Two players of one piece. Both rolls are equally long, and no key sounds in both in one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// What the musician plays.
    pub musician: PianoRoll,
    /// What accompanies them; silent if there is nothing else.
    pub accompaniment: PianoRoll,
    /// Of the piece.
    pub metres: Metres,
    /// How the musician was found: "track named melody", "top voice".
    pub found: String,
}

/// The lowest key of [`Rule::Upper`]: middle C.
pub const MIDDLE_C: u8 = 60;

/// Words in a track's name that say it is the melody; the first that any track has counts most.
const MELODIES: [&str; 36] = [
    "melody",
    "melodie",
    "melodia",
    "lead",
    "vocal",
    "vocals",
    "vox",
    "singer",
    "voice",
    "gesang",
    "singstimme",
    "chant",
    "canto",
    "voce",
    "soprano",
    "sopran",
    "solo",
    "descant",
    "flute",
    "flauto",
    "violin",
    "violino",
    "oboe",
    "recorder",
    "clarinet",
    "trumpet",
    "saxophone",
    "sax",
    "whistle",
    "fiddle",
    "cello",
    "violoncello",
    "viola",
    "alto",
    "tenor",
    "horn",
];

/// Words in a track's name that say it was made from chord symbols.
const SYMBOLS: [&str; 2] = ["chords", "changes"];

/// Words in a track's name that say it is a keyboard instrument.
const KEYBOARDS: [&str; 18] = [
    "piano",
    "pianoforte",
    "fortepiano",
    "klavier",
    "hammerklavier",
    "keyboard",
    "keyboards",
    "organ",
    "orgel",
    "orgue",
    "harpsichord",
    "cembalo",
    "clavecin",
    "celesta",
    "harmonium",
    "pf",
    "pno",
    "rhodes",
];

impl Music<'_> {
    /// The two players, if the rule finds a musician who plays anything.
    pub fn players(&self, rule: Rule) -> Option<Pair> {
        let pair = match rule {
            Rule::Auto => {
                let rules = [Rule::Named, Rule::Part, Rule::Top];
                return rules.into_iter().find_map(|rule| self.players(rule));
            }
            Rule::Chords => {
                let Some(index) = self.chord_symbols() else { return self.players(Rule::Auto) };
                self.part(index, format!("track named {}", self.parts[index].name.trim()))
            }
            Rule::Named => {
                let index = self.named_melody()?;
                self.part(index, format!("track named {}", self.parts[index].name.trim()))
            }
            Rule::Part => {
                let index = self.only_one_without_keyboard()?;
                let name = self.parts[index].name.trim();
                self.part(index, format!("part that is no keyboard: {name}"))
            }
            Rule::Top => self.voice(top_voice(self.roll), "top voice"),
            Rule::Bass => self.voice(bass_voice(self.roll), "bass"),
            Rule::Upper => self.keys(!0 << MIDDLE_C, "keys from middle C up"),
            Rule::Lower => self.keys(!(!0 << MIDDLE_C), "keys below middle C"),
        };
        sounds(&pair.musician).then_some(pair)
    }

    /// The part that the rule finds, if it looks among parts.
    pub fn lead(&self, rule: Rule) -> Option<usize> {
        match rule {
            Rule::Auto => self.named_melody().or_else(|| self.only_one_without_keyboard()),
            Rule::Chords => self.chord_symbols().or_else(|| self.lead(Rule::Auto)),
            Rule::Named => self.named_melody(),
            Rule::Part => self.only_one_without_keyboard(),
            Rule::Top | Rule::Bass | Rule::Upper | Rule::Lower => None,
        }
    }

    /// The two players if part `index` is the musician's and all others accompany.
    ///
    /// # Panics
    /// If there is no such part.
    pub fn part(&self, index: usize, found: String) -> Pair {
        let mut others = PianoRoll::default();
        for (_, part) in self.parts.iter().enumerate().filter(|(other, _)| *other != index) {
            if others.len() < part.roll.len() {
                others.chords.resize(part.roll.len(), Chord::SILENT);
            }
            for (all, chord) in others.chords.iter_mut().zip(&part.roll.chords) {
                *all = all.union(*chord);
            }
        }
        self.pair(self.parts[index].roll.clone(), &others, found)
    }

    fn voice(&self, musician: PianoRoll, found: &str) -> Pair {
        self.pair(musician, self.roll, found.to_owned())
    }

    fn keys(&self, mask: u128, found: &str) -> Pair {
        let side = |chord: &Chord| Chord::from_masks(chord.playing() & mask, chord.struck() & mask);
        self.voice(self.roll.chords.iter().map(side).collect(), found)
    }

    fn pair(&self, mut musician: PianoRoll, others: &PianoRoll, found: String) -> Pair {
        let steps = musician.len().max(others.len());
        musician.chords.resize(steps, Chord::SILENT);
        let mut accompaniment = others.clone();
        accompaniment.chords.resize(steps, Chord::SILENT);
        for (own, heard) in accompaniment.chords.iter_mut().zip(&musician.chords) {
            *own = own.without(heard.playing());
        }
        Pair { musician, accompaniment, metres: self.metres.clone(), found }
    }

    fn chord_symbols(&self) -> Option<usize> {
        self.named_melody()?;
        self.parts.iter().position(|part| sounds(part.roll) && has(part.name, &SYMBOLS))
    }

    fn named_melody(&self) -> Option<usize> {
        let with_notes = || self.parts.iter().enumerate().filter(|(_, part)| sounds(part.roll));
        MELODIES.iter().find_map(|word| {
            with_notes().find(|(_, part)| has(part.name, &[word])).map(|(index, _)| index)
        })
    }

    fn only_one_without_keyboard(&self) -> Option<usize> {
        let with_notes = self.parts.iter().enumerate().filter(|(_, part)| sounds(part.roll));
        let (keyboards, others): (Vec<_>, Vec<_>) =
            with_notes.partition(|(_, part)| has(part.name, &KEYBOARDS));
        match others.as_slice() {
            [(index, _)] if !keyboards.is_empty() => Some(*index),
            _ => None,
        }
    }
}

/// Whether a name has one of `words` in it, whatever its case; a number may follow the word.
fn has(name: &str, words: &[&str]) -> bool {
    let name = name.to_lowercase();
    let mut found = name.split(|c: char| !c.is_alphabetic());
    found.any(|word| words.contains(&word))
}

fn sounds(roll: &PianoRoll) -> bool {
    roll.chords.iter().any(|chord| !chord.is_empty())
}

/// The highest key of each step; struck where it is struck, or another than before.
pub fn top_voice(roll: &PianoRoll) -> PianoRoll {
    voice(roll, |chord| chord.keys().last())
}

/// The lowest key of each step; struck where it is struck, or another than before.
pub fn bass_voice(roll: &PianoRoll) -> PianoRoll {
    voice(roll, |chord| chord.keys().next())
}

/// The key of a voice in a step, which `choose` takes out of a chord; struck where it is struck, or
/// another than before.
pub fn note_of_voice(
    roll: &PianoRoll,
    step: usize,
    choose: impl Fn(&Chord) -> Option<u8>,
) -> Chord {
    let chord = &roll.chords[step];
    let before = step.checked_sub(1).and_then(|before| choose(&roll.chords[before]));
    let mut note = Chord::SILENT;
    if let Some(key) = choose(chord) {
        note.decide(key, true, chord.strikes(key) || before != Some(key));
    }
    note
}

fn voice(roll: &PianoRoll, choose: impl Fn(&Chord) -> Option<u8>) -> PianoRoll {
    (0..roll.len()).map(|step| note_of_voice(roll, step, &choose)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roll(steps: &[&[u8]]) -> PianoRoll {
        steps.iter().map(|keys| Chord::struck_keys(keys.iter().copied())).collect()
    }

    fn players(parts: &[(&str, &PianoRoll)], rule: Rule) -> Option<Pair> {
        let mut all = PianoRoll { chords: vec![Chord::SILENT; 4] };
        for (_, roll) in parts {
            for (all, chord) in all.chords.iter_mut().zip(&roll.chords) {
                *all = all.union(*chord);
            }
        }
        let parts: Vec<Part> = parts.iter().map(|(name, roll)| Part { name, roll }).collect();
        let metres = Metres::default();
        Music { roll: &all, parts: &parts, metres: &metres }.players(rule)
    }

    #[test]
    fn names_tell_who_the_musician_is() {
        let (low, high) = (roll(&[&[48, 52], &[48]]), roll(&[&[72], &[], &[74]]));
        for (names, found) in [
            (["piano", "Melody"], "track named Melody"),
            (["Pianoforte", "Singstimme Voice"], "track named Singstimme Voice"),
            (["Alto", "SOPRANO"], "track named SOPRANO"),
            (["violin", "lead 2"], "track named lead 2"),
            (["Klavier", "Theremin"], "part that is no keyboard: Theremin"),
        ] {
            let pair = players(&[(names[0], &low), (names[1], &high)], Rule::Auto).expect("two");
            assert_eq!(pair.found, found);
            assert_eq!(pair.musician.chords[..3], high.chords[..3]);
            assert_eq!(pair.accompaniment.chords[..2], low.chords[..2]);
        }
        for names in [["Piano", "Piano left"], ["", ""], ["Guitar", "Theremin"]] {
            let pair = players(&[(names[0], &low), (names[1], &high)], Rule::Auto).expect("two");
            assert_eq!(pair.found, "top voice", "{names:?}");
            assert!(players(&[(names[0], &low), (names[1], &high)], Rule::Named).is_none());
        }
    }

    #[test]
    fn chord_symbols_are_heard_and_the_melody_is_learnt() {
        let (low, high) = (roll(&[&[48, 52], &[48]]), roll(&[&[72], &[], &[74]]));
        let leadsheet = [("melody", &high), ("chords", &low)];
        let pair = players(&leadsheet, Rule::Chords).expect("two");
        assert_eq!(pair.found, "track named chords");
        assert_eq!(pair.accompaniment.chords[..3], high.chords[..3]);
        assert_eq!(players(&leadsheet, Rule::Auto).expect("two").found, "track named melody");
        let song = [("piano", &low), ("voice", &high)];
        assert_eq!(players(&song, Rule::Chords), players(&song, Rule::Auto));
    }

    #[test]
    fn a_melody_without_notes_is_none() {
        let (notes, none) = (roll(&[&[60]]), PianoRoll::default());
        let pair = players(&[("melody", &none), ("flute", &notes)], Rule::Auto).expect("one");
        assert_eq!(pair.found, "track named flute");
        assert!(players(&[("melody", &none)], Rule::Auto).is_none());
    }

    #[test]
    fn a_voice_is_taken_out_of_the_whole() {
        let all = roll(&[&[40, 60, 70], &[41, 70]]);
        let keys = |roll: &PianoRoll| -> Vec<Vec<u8>> {
            roll.chords[..2].iter().map(|chord| chord.keys().collect()).collect()
        };
        for (rule, musician, rest) in [
            (Rule::Top, [&[70][..], &[70]], [&[40, 60][..], &[41]]),
            (Rule::Bass, [&[40], &[41]], [&[60, 70], &[70]]),
            (Rule::Upper, [&[60, 70], &[70]], [&[40], &[41]]),
            (Rule::Lower, [&[40], &[41]], [&[60, 70], &[70]]),
        ] {
            let pair = players(&[("", &all)], rule).expect("two");
            assert_eq!(keys(&pair.musician), musician, "{rule:?}");
            assert_eq!(keys(&pair.accompaniment), rest, "{rule:?}");
            assert_eq!(pair.musician.len(), pair.accompaniment.len());
        }
    }

    #[test]
    fn a_key_that_both_play_is_the_musicians() {
        let (low, high) = (roll(&[&[60, 64]]), roll(&[&[64]]));
        let pair = players(&[("piano", &low), ("voice", &high)], Rule::Auto).expect("two");
        assert_eq!(pair.accompaniment.chords[0], Chord::struck_keys([60]));
    }

    #[test]
    fn a_voice_begins_where_it_changes() {
        let mut held = Chord::struck_keys([50, 70]);
        let first = held;
        held = Chord::from_masks(held.playing(), 0);
        let below = Chord::from_masks(1 << 50, 0);
        let top = top_voice(&[first, held, below, below].into_iter().collect());
        let struck: Vec<bool> = top.chords.iter().map(|chord| chord.struck() != 0).collect();
        assert_eq!(struck, [true, false, true, false]);
    }
}

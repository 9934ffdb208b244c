//! Accompaniments as files, for ears and eyes: a `.mid` and a picture of each, and of what people
//! play to the same melody.

use std::path::Path;

use anacrusis::music::{Chord, PianoRoll, Rate, smf};
use anyhow::{Context, Result};

use super::accompanist::Accompanist;
use super::pieces::Piece;
use crate::{files, picture};

/// The seed that is written.
const SEED: u64 = 1;

/// Writes what is played to each of `pieces`, with the first seed, into a folder: `NAME.mid`,
/// with the melody in a track of its own, and `NAME.png`; and `NAME.people.png` of people's
/// accompaniment, if there is one.
///
/// # Errors
/// If the accompanist cannot play, or a file cannot be written.
pub fn write<A: Accompanist>(folder: &Path, pieces: &[Piece], accompanist: &mut A) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for piece in pieces {
        let melody = &piece.melody;
        let steps = melody.chords.len();
        let [played] = accompanist.play([&melody.chords], steps, &melody.metres, SEED)?;
        let name = piece.name.replace(['/', '\\', '#'], "-");
        let name = name.trim_end_matches(".mid");
        let part = |name, channel, chords: &[Chord]| {
            smf::Part::new(name, channel, PianoRoll { chords: chords.to_vec() })
        };
        let parts = [part("melody", 0, &melody.chords), part("accompaniment", 1, &played)];
        let options =
            smf::WriteOptions { metres: Some(&melody.metres), ..smf::WriteOptions::default() };
        let midi = smf::write_parts(&parts, Rate::Sixteenth, &[], &options);
        files::write(&folder.join(format!("{name}.mid")), &midi)?;
        let drawn = picture::duet(&played, &melody.chords)?;
        files::write(&folder.join(format!("{name}.png")), &drawn)?;
        if let Some(people) = &piece.accompaniment {
            let drawn = picture::duet(people, &melody.chords)?;
            files::write(&folder.join(format!("{name}.people.png")), &drawn)?;
        }
    }
    Ok(())
}

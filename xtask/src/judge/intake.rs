//! Files with their parts.

use std::path::{Path, PathBuf};

use anacrusis::music::{KeyRange, Metres, smf};
use anyhow::{Context, Result, bail, ensure};
use walkdir::WalkDir;

use super::pieces::Read;

/// The MIDI files of folders, with all below them, and single files; in order of path, each once.
///
/// # Errors
/// If a path is not there.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        let kind = std::fs::metadata(path)
            .with_context(|| format!("cannot read {}: check the path", path.display()))?;
        if !kind.is_dir() {
            found.push(path.clone());
            continue;
        }
        let entries = WalkDir::new(path).follow_links(true).into_iter().filter_map(Result::ok);
        let is_midi = |path: &Path| {
            let ending = path.extension().unwrap_or_default();
            ["mid", "midi"].iter().any(|one| ending.eq_ignore_ascii_case(one))
        };
        found.extend(entries.map(|entry| entry.into_path()).filter(|path| is_midi(path)));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Reads a MIDI file; each of its tracks is a part.
///
/// # Errors
/// If it cannot be read, or its metre is not read.
pub fn read(path: &Path) -> Result<Read> {
    let all = KeyRange { low: 0, count: 128 };
    let bytes = std::fs::read(path).context("cannot be read")?;
    let whole = smf::read(&bytes, all).context("not usable")?;
    ensure!(whole.metre_stop.is_none(), "its metre is not 2/x or 4/x throughout");
    let mut parts = Vec::new();
    for (header, track) in tracks(&bytes)? {
        let file = [header.as_slice(), track].concat();
        let roll = smf::read(&file, all)?.roll;
        if !roll.is_empty() {
            parts.push((track_name(track), roll));
        }
    }
    Ok(Read { roll: whole.roll, parts, metres: Metres::default() })
}

/// The header of a file of one track, and each track chunk.
fn tracks(bytes: &[u8]) -> Result<Vec<(Vec<u8>, &[u8])>> {
    let mut tracks = Vec::new();
    let mut at = 0;
    let mut header = Vec::new();
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let Some(chunk) = bytes.get(at..at + 8 + length) else { bail!("a chunk is cut off") };
        match &head[..4] {
            b"MThd" if length >= 6 => {
                header = [b"MThd\0\0\0\x06\0\x01\0\x01", &chunk[12..14]].concat();
            }
            b"MTrk" => tracks.push((header.clone(), chunk)),
            _ => {}
        }
        at += 8 + length;
    }
    Ok(tracks)
}

fn track_name(track: &[u8]) -> String {
    let near = &track[..track.len().min(200)];
    let at = near.windows(2).position(|pair| pair == [0xFF, 0x03]);
    let text = at.and_then(|at| {
        let length = usize::from(*track.get(at + 2)?);
        track.get(at + 3..at + 3 + length)
    });
    String::from_utf8_lossy(text.unwrap_or_default()).into_owned()
}

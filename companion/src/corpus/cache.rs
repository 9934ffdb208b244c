//! Files that were read before, so that reading them again is quick: one small file for each,
//! named by a digest of the bytes it was read from.
//!
//! Nothing in here is believed: an entry carries a checksum over its name and content, and
//! one that is broken, cut off or of another version counts as absent and is written anew.
//! Entries are written aside and renamed, so any number of processes may share a folder. What
//! was not used for longest goes first when there is too much.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anacrusis::music::smf::ReadOptions;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use super::parsed::{READER, Sequences, decode, encode};

/// Room for some hundred thousand pieces, in bytes.
const MAX_BYTES: u64 = 512 << 20;

/// Largest entry that is kept, in bytes.
const MAX_ENTRY_BYTES: u64 = 32 << 20;

/// Age at which a file that a killed process left half written is removed.
const STALE: Duration = Duration::from_secs(24 * 3600);

const SUFFIX: &str = ".part";

/// A folder of files that were read before.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    max_bytes: u64,
}

/// What an entry is found by.
pub(super) struct Key([u8; 32]);

impl Key {
    /// Of a file's content, and of how it is read.
    pub(super) fn of(bytes: &[u8], is_rolls: bool, options: ReadOptions) -> Key {
        let mut hash = Sha256::new();
        hash.update(READER.to_le_bytes());
        hash.update(env!("CARGO_PKG_VERSION").as_bytes());
        hash.update([u8::from(is_rolls), u8::from(options.pedal)]);
        hash.update(bytes);
        Key(hash.finalize().into())
    }

    fn checksum(&self, payload: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(payload);
        hash.finalize().into()
    }
}

impl Cache {
    /// The one that all commands share, in the user's folder for caches (on Linux
    /// `$XDG_CACHE_HOME/anacrusis/corpus`, by default under `~/.cache`); `None` if the
    /// system names no such folder.
    pub fn of_user() -> Option<Cache> {
        let folder = dirs::cache_dir()?;
        Some(Cache::at(&folder.join("anacrusis").join("corpus"), MAX_BYTES))
    }

    /// One in a folder of its own, which need not exist, of about `max_bytes` bytes.
    pub fn at(folder: &Path, max_bytes: u64) -> Cache {
        Cache { folder: folder.to_owned(), max_bytes }
    }

    fn path(&self, key: &Key) -> PathBuf {
        let name = super::hex(&key.0);
        // Some file systems are slow with many files in one folder.
        self.folder.join(&name[..2]).join(name)
    }

    /// What is kept under `key`; `None` also if that is unusable.
    pub(super) fn get(&self, key: &Key) -> Option<Sequences> {
        let file = File::open(self.path(key)).ok()?;
        let mut bytes = Vec::new();
        (&file).take(MAX_ENTRY_BYTES + 1).read_to_end(&mut bytes).ok()?;
        let (checksum, payload) = bytes.split_at_checked(32)?;
        if checksum != key.checksum(payload) {
            return None;
        }
        let sequences = decode(payload)?;
        // When it was last used. Where that cannot be noted, it goes a little too early.
        file.set_modified(SystemTime::now()).ok();
        Some(sequences)
    }

    /// Keeps what a file was read to, replacing what was there; does nothing if it is too
    /// large.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub(super) fn put(&self, key: &Key, sequences: &Sequences) -> Result<()> {
        let payload = encode(sequences);
        if payload.len() as u64 > MAX_ENTRY_BYTES - 32 {
            return Ok(());
        }
        let path = self.path(key);
        let attempt = || -> std::io::Result<()> {
            let folder = path.parent().unwrap_or(&self.folder);
            fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new().suffix(SUFFIX).tempfile_in(folder)?;
            file.write_all(&key.checksum(&payload))?;
            file.write_all(&payload)?;
            // Not forced to disk: after a crash the checksum tells what did not get there.
            file.persist(&path)?;
            Ok(())
        };
        attempt().with_context(|| format!("cannot write {}", path.display()))
    }

    /// Removes what was not used for longest, once there is more than there may be, down to
    /// three quarters of that; and what killed processes left.
    pub(super) fn prune(&self) {
        let mut entries = Vec::new();
        let walk = WalkDir::new(&self.folder).min_depth(2).max_depth(2);
        for entry in walk.into_iter().filter_map(Result::ok) {
            let Ok(known) = entry.metadata() else { continue };
            if !known.is_file() {
                continue;
            }
            let used = known.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let name = entry.file_name().to_string_lossy();
            if name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                entries.push((used, known.len(), entry.into_path()));
            } else if name.ends_with(SUFFIX) && used.elapsed().is_ok_and(|age| age > STALE) {
                fs::remove_file(entry.path()).ok();
            }
        }
        let mut bytes: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        if bytes <= self.max_bytes {
            return;
        }
        entries.sort();
        for (_, size, path) in entries {
            if bytes <= self.max_bytes / 4 * 3 {
                break;
            }
            // Another process may have been first.
            fs::remove_file(path).ok();
            bytes -= size;
        }
    }
}

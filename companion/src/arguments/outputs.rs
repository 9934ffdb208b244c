//! Where a run writes: OUT, and what lies beside it under its name.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::files;

/// The files of a run. For OUT `a/foo.safetensors` all others are `a/foo.<word>`.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// OUT: the best network so far by its held-out score.
    pub best: PathBuf,
    /// The newest network.
    pub last: PathBuf,
    /// The newest state, to go on from.
    pub last_state: PathBuf,
    /// The state before.
    pub before_state: PathBuf,
    /// A line of JSON for each evaluation.
    pub metrics: PathBuf,
    /// Folder of the samples.
    pub samples: PathBuf,
    /// There while a run writes, so that no other does.
    pub lock: PathBuf,
}

/// Keeps other runs from writing to the same OUT, for as long as it lives; after a kill the system
/// lets go of it.
#[derive(Debug)]
pub struct Lock {
    /// Open, hence locked.
    _file: File,
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // It means nothing when nobody has it locked, so it may as well stay.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Outputs {
    /// The files of the run that writes to `out`.
    pub fn of(out: &Path) -> Outputs {
        let stem = out.file_stem().unwrap_or_default().to_string_lossy();
        let beside = |word: &str| out.with_file_name(format!("{stem}.{word}"));
        Outputs {
            best: out.to_owned(),
            last: beside("last.safetensors"),
            last_state: beside("last.state"),
            before_state: beside("before.state"),
            metrics: beside("metrics.jsonl"),
            samples: beside("samples"),
            lock: beside("lock"),
        }
    }

    /// The file of a sample: `ending` is `mid` or `png`.
    pub fn sample(&self, iteration: u64, ending: &str) -> PathBuf {
        self.samples.join(format!("{iteration:06}.{ending}"))
    }

    /// Refuses what cannot be written, what would be lost unasked, and a run to resume that is
    /// not there.
    ///
    /// # Errors
    /// Says what is in the way, and what to do.
    pub fn check(&self, resume: bool, overwrite: bool) -> Result<()> {
        let out = self.best.display();
        ensure!(self.best.file_name().is_some(), "--out {out} is not the name of a file");
        ensure!(!self.best.is_dir(), "--out {out} is a folder: name a file in it");
        let folder = match self.best.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let shown = folder.display();
        ensure!(
            folder.is_dir(),
            "there is no folder {shown} for --out {out}: make it (mkdir -p {shown}), or give \
             another --out"
        );
        tempfile::tempfile_in(folder).with_context(|| {
            format!("cannot write into the folder {shown} of --out: give another --out")
        })?;
        let state = [&self.last_state, &self.before_state].into_iter().find(|path| path.exists());
        if resume && state.is_none() {
            bail!(
                "nothing to resume: there is neither {} nor {}; start without --resume, or give \
                 the --out of the run that is to go on",
                self.last_state.display(),
                self.before_state.display()
            );
        }
        let Some(there) = self.written().into_iter().find(|path| path.exists()) else {
            return Ok(());
        };
        if resume || overwrite {
            return Ok(());
        }
        let resume = state.map_or("", |_| "--resume to go on with that run, ");
        bail!(
            "{} is there already, from an earlier run: give {resume}--overwrite to lose it, or \
             another --out",
            there.display()
        )
    }

    /// Takes OUT and all beside it for one run, and removes what a run that was killed had half
    /// written.
    ///
    /// # Errors
    /// If another run has it, or the lock cannot be made.
    pub fn lock(&self) -> Result<Lock> {
        let shown = self.lock.display();
        let file = File::create(&self.lock).with_context(|| format!("cannot make {shown}"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another training run is writing to {} (it has locked {shown}): wait until it has \
                 ended, or give another --out",
                self.best.display()
            ),
            // Some network drives have no locks.
            Err(TryLockError::Error(error)) => eprintln!(
                "cannot lock {shown} ({error}): take care that no other run writes to {}",
                self.best.display()
            ),
        }
        self.written().into_iter().for_each(files::remove_unfinished);
        Ok(Lock { _file: file, path: self.lock.clone() })
    }

    /// Removes what an earlier run left, but for OUT, which is replaced when there is something
    /// to replace it with.
    ///
    /// # Errors
    /// Names what cannot be removed.
    pub fn clear(&self) -> Result<()> {
        for path in [&self.last_state, &self.before_state, &self.last, &self.metrics] {
            files::remove(path)?;
        }
        let samples = std::fs::read_dir(&self.samples).into_iter().flatten().flatten();
        for path in samples.map(|entry| entry.path()).filter(|path| self.is_sample(path)) {
            files::remove(&path)?;
        }
        Ok(())
    }

    /// Whether a file has the name of a sample, so that nothing else is removed.
    fn is_sample(&self, path: &Path) -> bool {
        let iteration = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        iteration.is_some_and(|n| {
            ["mid", "png"].map(|ending| self.sample(n, ending)).contains(&path.to_owned())
        })
    }

    fn written(&self) -> [&Path; 5] {
        [&self.best, &self.last_state, &self.before_state, &self.last, &self.metrics]
            .map(PathBuf::as_path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(outputs: &Outputs, resume: bool, overwrite: bool) -> String {
        format!("{:#}", outputs.check(resume, overwrite).expect_err("refused"))
    }

    #[test]
    fn what_is_there_is_lost_only_if_that_is_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let outputs = Outputs::of(&folder.path().join("m.safetensors"));
        outputs.check(false, false).expect("nothing is there");
        assert!(refused(&outputs, true, false).contains("nothing to resume"));
        std::fs::write(&outputs.best, "a network").expect("written");
        let told = refused(&outputs, false, false);
        assert!(told.contains("m.safetensors") && told.contains("--overwrite"), "{told}");
        assert!(!told.contains("--resume"), "there is no state: {told}");
        std::fs::write(&outputs.before_state, "a state").expect("written");
        assert!(refused(&outputs, false, false).contains("--resume"));
        outputs.check(true, false).expect("to go on with");
        outputs.check(false, true).expect("to be lost");

        std::fs::create_dir(&outputs.samples).expect("made");
        let [ours, theirs] = [outputs.sample(500, "mid"), outputs.samples.join("500.mid")];
        for path in [&ours, &theirs] {
            std::fs::write(path, "music").expect("written");
        }
        outputs.clear().expect("cleared");
        assert!(outputs.best.exists() && theirs.exists());
        assert!(!outputs.before_state.exists() && !ours.exists());
    }

    #[test]
    fn one_run_at_a_time_writes_to_an_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let outputs = Outputs::of(&folder.path().join("m.safetensors"));
        let killed = folder.path().join(".m.last.state.x1.part");
        std::fs::write(&killed, "half").expect("written");
        let lock = outputs.lock().expect("the first");
        assert!(!killed.exists(), "what a killed run had half written");
        let told = format!("{:#}", outputs.lock().expect_err("the second"));
        assert!(told.contains("another training run") && told.contains("--out"), "{told}");
        Outputs::of(&folder.path().join("other.safetensors")).lock().expect("another OUT");
        drop(lock);
        assert!(!outputs.lock.exists());
        outputs.check(false, false).expect("no trace of it");
        drop(outputs.lock().expect("the first has ended"));
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_refused_with_advice() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = Outputs::of(&folder.path().join("models/m.safetensors"));
        let told = refused(&missing, false, false);
        assert!(told.contains("mkdir -p") && told.contains("models"), "{told}");
        assert!(refused(&Outputs::of(folder.path()), false, true).contains("is a folder"));
        std::fs::write(folder.path().join("file"), "").expect("written");
        let within = Outputs::of(&folder.path().join("file/m.safetensors"));
        assert!(refused(&within, false, false).contains("there is no folder"));
        if let Ok(false) = Path::new("/proc/version").metadata().map(|data| data.is_dir()) {
            let told = refused(&Outputs::of(Path::new("/proc/m.safetensors")), false, false);
            assert!(told.contains("cannot write into the folder /proc"), "{told}");
        }
    }
}

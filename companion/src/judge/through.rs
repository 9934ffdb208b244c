//! `judge --through`: melodies are played into the built plugin, and what it plays is measured.

mod host;
mod notes;
pub mod settings;
mod state;

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anacrusis::model::Draw;
use anacrusis::music::{Chord, KeyRange, Metres};
use anacrusis_test_host::plugin::parameter_number;
use anacrusis_test_host::{Plugin, open};
use anyhow::{Context, Result, bail, ensure};

use super::accompanist::Accompanist;
use super::held::{self, Input};
use super::network::lot;
use settings::{Setting, Value, resolve};
use state::State;

/// How long the plugin may rest before it plays, attempt by attempt. The first is for one that has
/// played, the others for one that may still read its model.
const RESTS: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(8),
    Duration::from_secs(20),
];

/// How long the plugin may take, after the end, to write down what it played.
const WRITES_DOWN: Duration = Duration::from_secs(1);

/// Steps by which it is told whether the plugin plays the model that it should.
const TRIED_STEPS: usize = 128;

/// A plugin, and how it is to play.
pub struct Through {
    plugin: PathBuf,
    model: PathBuf,
    range: KeyRange,
    settings: Vec<Value>,
    /// What was set, in the plugin's words.
    pub told: Vec<String>,
}

impl Through {
    /// The `plugin` with the `model` of a file that plays in `range`, and with what was set.
    ///
    /// # Errors
    /// If the plugin does not load, does not play the model, or does not take a setting.
    pub fn new(
        plugin: &Path,
        (model, range): (&Path, KeyRange),
        settings: &[Setting],
    ) -> Result<Through> {
        let model = std::path::absolute(model)
            .with_context(|| format!("cannot find {}", model.display()))?;
        let plugin = plugin.to_owned();
        let mut through = Through { plugin, model, range, settings: vec![], told: vec![] };
        let mut trial = Hosted::open(&through, true)?;
        let ids = State::read(&trial.plugin.save_state()?)?.ids();
        let resolve = |one| resolve(trial.plugin.as_mut(), &ids, one);
        let (values, told) =
            settings.iter().map(resolve).collect::<Result<Vec<_>>>()?.into_iter().unzip();
        through.try_model(trial)?;
        (through.settings, through.told) = (values, told);
        Ok(through)
    }

    /// An instance.
    ///
    /// # Errors
    /// If it does not load.
    pub fn open(&self) -> Result<Hosted> {
        Hosted::open(self, true)
    }

    /// Where the plugin cannot read a file, it plays its own default model and says so in its
    /// editor alone.
    fn try_model(&self, mut with_file: Hosted) -> Result<()> {
        let tune = &Input::Tune.chords()[..TRIED_STEPS];
        let play = |hosted: &mut Hosted| hosted.perform(tune, None, &held::metres(), 1);
        let same = play(&mut with_file)? == play(&mut Hosted::open(self, false)?)?;
        ensure!(
            !same || is_part_of(&std::fs::read(&self.model)?, &self.plugin)?,
            "{} plays the same with {} as without: it cannot read that model, or was built before \
             it; build it anew (`cargo xtask bundle`)",
            self.plugin.display(),
            self.model.display()
        );
        Ok(())
    }
}

/// Whether a plugin, a file or a folder of files, holds these bytes.
fn is_part_of(bytes: &[u8], plugin: &Path) -> Result<bool> {
    for entry in walkdir::WalkDir::new(plugin) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let file = std::fs::read(entry.path())?;
            if file.windows(bytes.len().max(1)).any(|part| part == bytes) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// An instance of the plugin, which a thread has to itself.
pub struct Hosted {
    plugin: Box<dyn Plugin>,
    /// What each performance begins from.
    state: Vec<u8>,
    parameters: Vec<Value>,
    highest: u8,
    has_played: bool,
}

impl Hosted {
    /// With the model of the file, or with the plugin's own.
    fn open(through: &Through, with_file: bool) -> Result<Hosted> {
        let Through { model, range, settings, .. } = through;
        let mut plugin = open(&through.plugin)?;
        let mut state = State::read(&plugin.save_state()?)?;
        if with_file {
            state.choose_file(model);
        }
        let wait = parameter_number("wait-for-notes");
        let on = plugin.parse(wait, "On").context("the plugin cannot wait for notes")?;
        let parameters = [&settings[..], &[(wait, on)]].concat();
        let highest = range.low + (range.count - 1);
        Ok(Hosted { plugin, state: state.bytes(), parameters, highest, has_played: false })
    }

    /// What the plugin plays to a melody, with every chord in time.
    fn perform(
        &mut self,
        melody: &[Chord],
        hands: Option<&Draw>,
        metres: &Metres,
        seed: u64,
    ) -> Result<Vec<Chord>> {
        let events = notes::events(melody, hands);
        let part = host::Part { events: &events, metres, steps: melody.len() };
        let number = parameter_number("seed");
        let seed = self.plugin.parse(number, &seed.to_string()).context("it has no seed")?;
        let parameters = [&self.parameters[..], &[(number, seed)]].concat();
        for rest in &RESTS[usize::from(!self.has_played)..] {
            self.plugin.load_state(&self.state)?;
            let played = host::play(self.plugin.as_mut(), part, &parameters, *rest)?;
            if was_in_time(self.plugin.as_mut(), melody.len())? {
                self.has_played = true;
                let mut chords = notes::chords(&played, melody.len());
                for (chord, sung) in chords.iter_mut().zip(melody) {
                    *chord = chord.without(sung.playing());
                }
                return Ok(chords);
            }
        }
        bail!(
            "the plugin leaves chords out though it may wait 2 s for each: this machine is too busy, \
             or the plugin has no model"
        )
    }
}

/// Whether every chord of the last performance, so many steps, came in time, as the plugin wrote down.
///
/// # Errors
/// If what the plugin saves is no state with a take.
pub fn was_in_time(plugin: &mut dyn Plugin, steps: usize) -> Result<bool> {
    let begun = Instant::now();
    loop {
        let take = State::read(&plugin.save_state()?)?.take()?;
        if take.len() >= steps || begun.elapsed() > WRITES_DOWN {
            return Ok(take.iter().filter(|played| played.sounded).count() >= steps);
        }
        sleep(Duration::from_millis(2));
    }
}

impl Accompanist for Hosted {
    /// The plugin looks for what it is asked to decide every few milliseconds, and the host waits.
    const PER_CORE: usize = 4;

    fn highest(&self) -> u8 {
        self.highest
    }

    fn play<const COUNT: usize>(
        &mut self,
        melodies: [&[Chord]; COUNT],
        _alike: usize,
        metres: &Metres,
        seed: u64,
    ) -> Result<[Vec<Chord>; COUNT]> {
        let mut all = [const { Vec::new() }; COUNT];
        for (played, melody) in all.iter_mut().zip(melodies) {
            *played = self.perform(melody, None, metres, seed)?;
        }
        Ok(all)
    }

    fn play_to_hands(
        &mut self,
        melody: &[Chord],
        metres: &Metres,
        seed: u64,
        piece: u64,
    ) -> Result<Vec<Chord>> {
        self.perform(melody, Some(&lot(seed, piece)), metres, seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_in_a_bundle() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("Contents")).expect("a folder");
        let file = folder.path().join("Contents").join("plugin.so");
        std::fs::write(&file, b"code, a model, more code").expect("written");
        for path in [folder.path(), &file] {
            assert!(is_part_of(b"a model", path).expect("read"));
            assert!(!is_part_of(b"another model", path).expect("read"));
        }
    }

    #[test]
    fn what_is_no_plugin_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let range = KeyRange { low: 21, count: 88 };
        let model = Path::new("model.safetensors");
        let error = |name: &str| {
            let through = Through::new(&folder.path().join(name), (model, range), &[]);
            format!("{:#}", through.err().expect("no plugin"))
        };
        assert!(error("none.clap").contains("build it first"), "{}", error("none.clap"));
        std::fs::write(folder.path().join("text.so"), "text").expect("written");
        assert!(error("text.so").contains("not a .clap or .vst3"));
        std::fs::write(folder.path().join("text.clap"), "text").expect("written");
        assert!(error("text.clap").contains("text.clap"));
    }
}

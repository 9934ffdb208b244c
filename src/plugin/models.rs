//! The embedded models, the user's own file, and which of them plays.
//!
//! Files are read, checked and turned into engines on a thread of the worker's. The model in
//! service plays on until the new one is ready; what is wrong with a file is told in the
//! editor.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::editor;
use crate::editor::{Model, Roll, text};
use crate::jam::worker::ModelSlot;
use crate::model::checkpoint::{Card, CardError, Checkpoint, CheckpointError, MAX_FILE_BYTES};
use crate::model::kernel::InstructionSet;
use crate::model::shared::lock;
use crate::music::KeyRange;
use crate::params::{AnacrusisParams, ModelChoice};

/// A checkpoint that is part of the plugin.
struct Embedded {
    name: &'static str,
    file: &'static [u8],
}

static SONGS: Embedded =
    Embedded { name: "Songs", file: include_bytes!("../../models/songs.safetensors") };
static CLASSICAL: Embedded =
    Embedded { name: "Classical", file: include_bytes!("../../models/classical.safetensors") };
static POP: Embedded =
    Embedded { name: "Pop", file: include_bytes!("../../models/pop.safetensors") };

/// The model that plays where nothing else can.
const DEFAULT: ModelChoice = ModelChoice::Songs;

/// The part of the plugin that a choice names, or the user's file.
fn embedded(choice: &ModelChoice) -> Result<&'static Embedded, &str> {
    match choice {
        ModelChoice::Songs => Ok(&SONGS),
        ModelChoice::Classical => Ok(&CLASSICAL),
        ModelChoice::Pop => Ok(&POP),
        ModelChoice::File(path) => Err(path),
    }
}

/// What a file is called that was not named.
const NAMELESS: &str = "The own file";

/// Why a model could not be opened, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The own file was chosen, but none was named.
    #[error("no file is named; choose one under Models")]
    NoPath,
    /// The path depends on a working directory that nobody knows in a host.
    #[error("this is not a whole path; begin at the root of the file system")]
    Relative,
    /// The path leads to a folder, a pipe or a device.
    #[error("this is not a file; name a .safetensors file")]
    NotAFile,
    /// The system refused.
    #[error("it cannot be read ({0})")]
    Read(#[from] io::Error),
    /// The content is no model.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Reads and checks the model of `choice`.
///
/// # Errors
///
/// [`OpenError`] says what is wrong with a user's file. The embedded ones are checked by tests.
pub fn open(choice: &ModelChoice) -> Result<Checkpoint, OpenError> {
    match embedded(choice) {
        Ok(model) => Ok(Checkpoint::parse(model.file)?),
        Err(path) => Ok(Checkpoint::parse(&read(path)?)?),
    }
}

/// Reads what the model of `choice` says of itself, and not its weights.
///
/// # Errors
///
/// As [`open`], as far as that can be told without reading on.
pub fn card(choice: &ModelChoice) -> Result<editor::Card, OpenError> {
    let card = match embedded(choice) {
        Ok(model) => Card::read(model.file),
        Err(path) => Card::read(BufReader::new(file(path)?)),
    };
    match card {
        Ok(card) => Ok(card.into()),
        Err(CardError::Read(error)) => Err(error.into()),
        Err(CardError::Checkpoint(error)) => Err(error.into()),
    }
}

fn read(path: &str) -> Result<Vec<u8>, OpenError> {
    let mut bytes = Vec::new();
    // One byte over the limit, so that the checkpoint's own check can tell.
    file(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn file(path: &str) -> Result<File, OpenError> {
    if path.is_empty() {
        return Err(OpenError::NoPath);
    }
    if !Path::new(path).is_absolute() {
        return Err(OpenError::Relative);
    }
    // Opening a pipe would wait for its writer for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(OpenError::NotAFile);
    }
    Ok(File::open(path)?)
}

/// What plays, and the way to change it; shared by host, editor and worker.
pub struct Models {
    params: Arc<AnacrusisParams>,
    slot: ModelSlot,
    asked: Mutex<Asked>,
    known: Arc<Mutex<Known>>,
}

/// What was asked for last.
#[derive(Default)]
struct Asked {
    /// By the parameters.
    followed: Option<ModelChoice>,
    /// Of the worker.
    requested: Option<ModelChoice>,
}

/// What is told of the models opened last, and of the one that could not be.
#[derive(Default)]
struct Known {
    models: VecDeque<About>,
    /// Why the default plays instead of the user's file.
    stand_in: Option<String>,
}

/// One model by its own account.
#[derive(Clone)]
struct About {
    name: String,
    digest: String,
    corpus: String,
    licence: String,
    keys: KeyRange,
}

/// Models remembered: the one in service, the one on its way, and as many again.
const KNOWN: usize = 4;

impl Models {
    /// For an instance with these parameters, whose worker has this slot. Opens nothing yet.
    pub fn new(params: Arc<AnacrusisParams>, slot: ModelSlot) -> Models {
        Models { params, slot, asked: Mutex::default(), known: Arc::default() }
    }

    /// Opens the model that the parameters choose, if they changed their choice.
    pub fn follow(&self) {
        let choice = self.params.model_choice();
        let mut asked = lock(&self.asked);
        if asked.followed.as_ref() == Some(&choice) {
            // A project may have come that does not say what it was made with.
            drop(asked);
            return self.note_model();
        }
        asked.followed = Some(choice.clone());
        if asked.requested.as_ref() != Some(&choice) {
            self.request(&mut asked, choice);
        }
    }

    /// The model in service is what the project is made with, if nothing else is known of it.
    fn note_model(&self) {
        let state = self.slot.state();
        let stands_in = lock(&self.known).stand_in.is_some();
        if let Some(digest) = state.digest.filter(|_| state.loading.is_none() && !stands_in) {
            self.params.made_with.opened(&self.params.model_choice(), &digest);
        }
    }

    /// As [`Models::follow`], where the musician has chosen: the project goes on with that model.
    pub fn choose(&self) {
        self.params.made_with.forget();
        self.follow();
        self.note_model();
    }

    /// Opens the user's file at `path`, which they chose, also if it was opened before: it may have
    /// changed.
    pub fn open(&self, path: String) {
        self.params.made_with.forget();
        self.request(&mut lock(&self.asked), ModelChoice::File(path));
    }

    fn request(&self, asked: &mut Asked, choice: ModelChoice) {
        asked.requested = Some(choice.clone());
        let (slot, known) = (self.slot.clone(), self.known.clone());
        let made_with = self.params.made_with.clone();
        let name = match embedded(&choice) {
            Ok(model) => model.name,
            Err("") => NAMELESS,
            Err(path) => path,
        }
        .to_owned();
        self.slot.load(name, move || {
            let opened = open(&choice);
            let nothing_plays = slot.state().name.is_none();
            let mut known = lock(&known);
            known.stand_in = None;
            match opened {
                Ok(checkpoint) => {
                    made_with.opened(&choice, checkpoint.digest());
                    known.remember(About::of(&choice, &checkpoint));
                    Ok(checkpoint)
                }
                // A project whose file is gone must still play something.
                Err(error) if nothing_plays && choice != DEFAULT => {
                    let checkpoint = open(&DEFAULT).map_err(|e| e.to_string())?;
                    known.remember(About::of(&DEFAULT, &checkpoint));
                    known.stand_in = Some(text::stand_in(&choice_name(&choice), &error));
                    Ok(checkpoint)
                }
                Err(error) => Err(error.to_string()),
            }
        });
    }

    /// The model in service as the editor shows it, and the keys that it plays.
    pub fn view(&self) -> (Model, KeyRange) {
        let state = self.slot.state();
        let known = lock(&self.known);
        let loading = state.loading.is_some();
        let digest = state.digest.filter(|_| !loading);
        let choice = self.params.model_choice();
        let other = digest.is_some_and(|digest| self.params.made_with.is_other(&choice, &digest));
        let problems = [state.error.or_else(|| known.stand_in.clone())]
            .into_iter()
            .chain([other.then(|| text::OTHER_MUSIC.to_owned())]);
        let problem = problems.flatten().collect::<Vec<_>>().join(" ");
        let about = self.slot.state().digest.and_then(|digest| known.find(&digest));
        let mut model = Model {
            loading,
            problem: (!problem.is_empty()).then_some(problem),
            // What a checkpoint becomes when it is loaded runs on the best there is.
            instructions: InstructionSet::best().name(),
            ..Model::default()
        };
        let Some(about) = about else { return (model, Roll::default().keys) };
        model.name.clone_from(&about.name);
        model.digest.clone_from(&about.digest);
        model.corpus.clone_from(&about.corpus);
        model.licence.clone_from(&about.licence);
        (model, about.keys)
    }
}

impl Known {
    fn remember(&mut self, about: About) {
        self.models.retain(|other| other.digest != about.digest);
        self.models.push_front(about);
        self.models.truncate(KNOWN);
    }

    fn find(&self, digest: &str) -> Option<&About> {
        self.models.iter().find(|about| about.digest == digest)
    }
}

impl About {
    fn of(choice: &ModelChoice, checkpoint: &Checkpoint) -> About {
        let made = checkpoint.meta.made.clone().unwrap_or_default();
        About {
            name: choice_name(choice),
            digest: checkpoint.digest().to_owned(),
            corpus: made.corpus,
            licence: made.licence,
            keys: checkpoint.config().range(),
        }
    }
}

/// What a model is called: the file's name without folder and ending.
pub fn choice_name(choice: &ModelChoice) -> String {
    match embedded(choice) {
        Ok(model) => model.name.to_owned(),
        Err(path) => {
            let stem = Path::new(path).file_stem().unwrap_or(NAMELESS.as_ref());
            stem.to_string_lossy().into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_models_are_sound_and_tell_where_they_come_from() {
        for choice in ModelChoice::EMBEDDED {
            let checkpoint = open(&choice).expect("checked before it is shipped");
            assert!(checkpoint.config().keys() > 0);
            assert_eq!(checkpoint.meta.prompts.len(), 16);
            let about = About::of(&choice, &checkpoint);
            assert!(!about.corpus.is_empty() && !about.licence.is_empty(), "{}", about.name);
            let cards = include_str!("../../models/README.md");
            assert!(cards.contains(checkpoint.digest()), "models/README.md: {}", about.name);
        }
    }

    #[test]
    fn what_is_no_model_is_refused_in_words() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let says = |path: String| open(&ModelChoice::File(path)).expect_err("no model").to_string();
        assert!(says(String::new()).contains("choose one"));
        assert!(says("models/x.safetensors".to_owned()).contains("whole path"));
        assert!(says(path("missing")).contains("cannot be read"));
        assert!(says(path("")).contains("not a file"));
        std::fs::write(path("text"), "no model at all").expect("written");
        assert!(!says(path("text")).is_empty());
        std::fs::write(path("cut"), &SONGS.file[..SONGS.file.len() / 2]).expect("written");
        assert!(!says(path("cut")).is_empty());
    }

    /// What the editor shows of the model of an instance with these parameters, once it plays.
    fn shown(params: &Arc<AnacrusisParams>, act: impl FnOnce(&Models)) -> Model {
        let (_audio, end, _monitor) = crate::jam::link::link();
        let mut worker = crate::jam::worker::Worker::new(end);
        worker.start().expect("a thread");
        let models = Models::new(params.clone(), worker.models());
        models.follow();
        let wait = || {
            let begun = std::time::Instant::now();
            while models.slot.state().loading.is_some() {
                assert!(begun.elapsed().as_secs() < 60, "it is read for ever");
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        };
        wait();
        act(&models);
        wait();
        models.view().0
    }

    #[test]
    fn a_project_whose_model_is_missing_or_another_says_that_its_music_is_other() {
        use crate::params::ModelSource;
        use nih_plug::params::persist::PersistentField;
        use nih_plug::prelude::EnumParam;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mine.safetensors");
        let text = path.to_string_lossy().into_owned();
        let project = |made_with: &str| {
            let model = EnumParam::new("Model", ModelSource::File);
            let params = AnacrusisParams { model, ..AnacrusisParams::default() };
            params.model_path.replace(text.clone());
            params.made_with.set(made_with.to_owned());
            Arc::new(params)
        };
        std::fs::write(&path, POP.file).expect("written");
        let made = project("");
        assert_eq!(shown(&made, |_| {}).problem, None);
        let saved = made.made_with.map(String::clone);
        assert_eq!(shown(&project(&saved), |_| {}).problem, None, "opened where it was made");

        std::fs::write(&path, CLASSICAL.file).expect("written");
        let elsewhere = shown(&project(&saved), |_| {});
        assert_eq!(elsewhere.problem.as_deref(), Some(text::OTHER_MUSIC));
        let chosen = shown(&project(&saved), |models| models.open(text.clone()));
        assert_eq!(chosen.problem, None, "the musician goes on with it");
        let followed = shown(&project(&saved), Models::choose);
        assert_eq!(followed.problem, None);

        std::fs::remove_file(&path).expect("removed");
        let missing = shown(&project(&saved), |_| {}).problem.expect("it is missing");
        assert!(missing.contains("cannot be used") && missing.ends_with(text::OTHER_MUSIC));
        // A project of before that comes later is noted as made with what plays.
        std::fs::write(&path, POP.file).expect("written");
        let params = project("");
        let seen = shown(&params, |models| {
            params.made_with.set(String::new());
            models.follow();
        });
        assert_eq!((seen.problem, params.made_with.map(String::clone)), (None, saved.clone()));
        std::fs::remove_file(&path).expect("removed");
        // It is still on record, for where the file is.
        let params = project(&saved);
        shown(&params, |_| {});
        assert_eq!(params.made_with.map(String::clone), saved);
    }

    #[test]
    fn a_copy_of_the_default_opens_as_the_users_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mine.safetensors");
        std::fs::write(&path, SONGS.file).expect("written");
        let choice = ModelChoice::File(path.to_string_lossy().into_owned());
        let about = About::of(&choice, &open(&choice).expect("the same bytes"));
        assert_eq!(about.name, "mine");
        let default = open(&DEFAULT).expect("embedded");
        assert_eq!(about.digest, default.digest());
    }
}

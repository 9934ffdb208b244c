//! `anacrusis judge`: whether a model's music is like people's, and whether it has to do with
//! what is played into it. docs/judge.md defines every figure.

pub mod accompanist;
pub mod accompany;
pub mod alike;
pub mod figures;
mod hands;
mod held;
mod history;
pub mod network;
pub mod overlap;
mod picture;
pub mod pieces;
pub mod report;
pub mod simulate;
pub mod texture;
pub mod through;
pub mod together;
mod turn;
mod written;

use std::path::PathBuf;

use anacrusis::jam::controls::Controls;
use anacrusis::model::{Sampling, Weights};
use anacrusis::music::KeyRange;
use anyhow::Result;

use crate::corpus;
use crate::generate::{Wish, within};
use crate::players::Rule;
use crate::verbatim::Library;
use crate::{files, model_file, program};
use accompanist::{Accompanist, Alone};
use accompany::Plan;
use network::Player;
use pieces::{Pieces, Wanted};
use report::Report;
use simulate::{Reaction, SimulationOptions};
use through::Through;
use through::settings::Setting;

/// Measure a model's music: beside people's, or as an accompaniment
///
/// With --data the model plays pieces of its own, which are compared with pieces by people that
/// it never saw: figures of both sets, and how far the two overlap.
///
/// With --accompany the melodies of files are played in, and the model accompanies them, step by
/// step and without the plugin around it: what the network alone decides, with no controller of
/// density or repetition and no *Room*. People's own accompaniments stand beside it where the files
/// have any. Each accompaniment is laid over the melody that it was made for, and over each of the
/// others: if it goes better with its own, the model listens.
///
/// With --through the same melodies are played into the built plugin, which plays the model with all
/// that is around it, in a host of our own: the same figures, of what a musician hears. --set says
/// how it plays, in place of --reaction, --follow, --temperature and --truncation.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  anacrusis judge --model mine.safetensors --data unseen-midi --pieces 100 --picture mine.png
  anacrusis judge --model mine.safetensors --data my-midi --heldout
  anacrusis judge --model mine.safetensors --data unseen-midi --against my-midi --json
  anacrusis judge --model models/classical.safetensors --accompany tests/midi/chorales
  anacrusis judge --model m.safetensors --accompany my-songs --pieces 20 --seeds 2 --follow 0
  anacrusis judge --model m.safetensors --accompany my-songs --musician top --json | jq .model
  anacrusis judge --model m.safetensors --accompany songs --through target/bundled/Anacrusis.clap
  anacrusis judge --model m.safetensors --accompany songs --through my.vst3 --set room=off

overlap: area that the distances within people's pieces and those from them to the model's have
in common, 1 where the model's cannot be told from people's (Yang and Lerch 2020).
consonant: share of the pairs of a melody's and an accompaniment's note sounding in one step
that are a third, sixth, fourth, fifth or octave apart (Huron 1994).
in key: share of the accompaniment's notes, step by step, that belong to the melody's key, which
is found by the algorithm of Krumhansl and Schmuckler (Krumhansl 1990).
exchanged_nats, wrong_history: null with --through, since the plugin tells nobody how probable a
note is, and cannot be told that it played something else.
All other figures are defined in docs/judge.md.")]
pub struct Args {
    /// The model (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// Folders and MIDI files of melodies; two pieces at least
    #[arg(long, required_unless_present = "data", conflicts_with = "data", num_args = 1..,
        value_name = "PATH")]
    pub accompany: Vec<PathBuf>,
    /// Who the musician is in each piece of --accompany
    #[arg(long, value_name = "RULE", value_enum, default_value_t, conflicts_with = "data")]
    pub musician: Rule,
    /// When a step is decided, with --accompany
    #[arg(long, value_name = "WHEN", value_enum, default_value_t,
        conflicts_with_all = ["data", "through"])]
    pub reaction: Reaction,
    /// How far the musician is followed, per cent, with --accompany; 0 is the plain network
    #[arg(long, value_name = "PERCENT", default_value_t = (100.0 * Controls::USUAL_FOLLOW) as u32,
        conflicts_with_all = ["data", "through"], value_parser = clap::value_parser!(u32).range(0..=100))]
    pub follow: u32,
    /// Do not lean towards the key in which the musician plays, with --accompany
    #[arg(long, requires = "accompany", conflicts_with = "through")]
    pub no_lean: bool,
    /// Play the melodies of --accompany into this built plugin (.clap or .vst3), and measure what
    /// it plays
    #[arg(long, value_name = "PLUGIN", requires = "accompany", conflicts_with = "data")]
    pub through: Option<PathBuf>,
    /// Set a parameter of the plugin by its id, as in presets, to a value as the plugin shows it;
    /// may be given again for others
    #[arg(long, value_name = "ID=VALUE", requires = "through")]
    pub set: Vec<Setting>,
    /// Folders and files of music by people that the model never saw
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub data: Vec<PathBuf>,
    /// Take those pieces alone that were held out when the model was trained on this music; with
    /// --data also look for stretches of the model's pieces in the others
    #[arg(long, conflicts_with = "against")]
    pub heldout: bool,
    /// Look for stretches of the model's pieces in this music: what it was trained on
    #[arg(long, requires = "data", num_args = 1.., value_name = "PATH")]
    pub against: Vec<PathBuf>,
    /// Pieces to generate, and most excerpts to compare them with; or most melodies
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub pieces: u32,
    /// Temperature of the pieces, as of `generate`
    #[arg(long, conflicts_with = "through", value_name = "T", default_value_t = Wish::default().temperature, value_parser = |s: &str| within(s, 0.05, 5.0))]
    pub temperature: f32,
    /// Truncation of the pieces, as of `generate`
    #[arg(long, conflicts_with = "through", value_name = "P", default_value_t = Wish::default().truncation, value_parser = |s: &str| within(s, 0.0, 0.49))]
    pub truncation: f32,
    /// Density of the pieces, as of `generate`
    #[arg(long, conflicts_with = "accompany", value_name = "D", default_value_t = Wish::default().density, value_parser = |s: &str| within(s, 0.1, 10.0))]
    pub density: f32,
    /// Performances of each melody
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub seeds: u32,
    /// Bars of sixteen sixteenths of each piece, or bars of each melody at most
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=4096))]
    pub bars: u32,
    /// Write what is played with the first seed to each melody of --accompany, too: .mid files and
    /// pictures of it and of what people play, the melody in blue
    #[arg(long, requires = "accompany", value_name = "FOLDER")]
    pub write: Option<PathBuf>,
    /// Draw the figures of both sets, too
    #[arg(long, requires = "data", value_name = "FILE.png")]
    pub picture: Option<PathBuf>,
    /// Print JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// `anacrusis judge`.
///
/// # Errors
/// If the model, the plugin or a path is unusable, or there are fewer than two pieces.
pub fn run(args: &Args) -> Result<()> {
    if !args.data.is_empty() {
        return beside_people(args);
    }
    let checkpoint = model_file::read(&args.model)?;
    let range = checkpoint.config().range();
    let through = args.through.as_ref();
    let through =
        through.map(|plugin| Through::new(plugin, (&args.model, range), &args.set)).transpose()?;
    let settings = args.heldout.then(|| model_file::settings(&checkpoint)).transpose()?;
    let wanted = Wanted {
        rule: args.musician,
        bars: args.bars as usize,
        most: args.pieces as usize,
        heldout: settings.as_ref(),
    };
    let found = pieces::read(&args.accompany, wanted)?;
    if !args.json {
        tell(&found);
        if let Some(through) = through.as_ref().filter(|through| !through.told.is_empty()) {
            println!("set: {}", through.told.join(", "));
        }
    }
    let plan = Plan { pieces: &found.pieces, seeds: args.seeds };
    let report = match &through {
        Some(through) => measure(args, &plan, || through.open())?,
        None => {
            let sampling = Sampling {
                temperature: args.temperature,
                truncation: args.truncation,
                ..Sampling::default()
            };
            // Half way is the network's own difference once more (listener.md, section 6).
            let follow = args.follow as f32 / 100.0;
            let lean = !args.no_lean;
            let manner = SimulationOptions { reaction: args.reaction, follow, lean, sampling };
            let weights = Weights::shared(&checkpoint);
            let network = || Player::new(&checkpoint, &weights);
            measure(args, &plan, || Ok(Alone { network: network(), manner }))?
        }
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", report.table());
        let through = args.through.as_ref().map(|plugin| format!(", through {}", plugin.display()));
        println!(
            "{} melodies, {} seeds, {} bars each at most, model {}{}",
            report.pieces,
            report.seeds,
            args.bars,
            checkpoint.digest(),
            through.unwrap_or_default()
        );
    }
    Ok(())
}

/// Measures what accompanists of `make`'s play, and writes it if that is wanted.
fn measure<A: Accompanist>(
    args: &Args,
    plan: &Plan,
    make: impl Fn() -> Result<A> + Sync,
) -> Result<Report> {
    let report = accompany::judge(plan, &make)?;
    if let Some(folder) = &args.write {
        written::write(folder, plan.pieces, &mut make()?)?;
    }
    Ok(report)
}

/// Says what was read, how the musicians were found, and what was not read.
fn tell(found: &Pieces) {
    let Pieces { pieces, skipped, left_out } = found;
    let mut ways: Vec<(&str, usize)> = Vec::new();
    for piece in pieces {
        match ways.iter_mut().find(|(way, _)| *way == piece.found) {
            Some((_, count)) => *count += 1,
            None => ways.push((&piece.found, 1)),
        }
    }
    ways.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (way, count) in ways.iter().take(corpus::SHOWN) {
        println!("musician: {way}, in {count} of {} pieces", pieces.len());
    }
    if *left_out > 0 {
        println!("{left_out} more pieces left out; --pieces takes more");
    }
    if !skipped.is_empty() {
        println!("{} files skipped", skipped.len());
    }
    for (path, reason) in skipped.iter().take(corpus::SHOWN) {
        println!("  {}: {reason}", path.display());
    }
    if skipped.len() > corpus::SHOWN {
        let more = skipped.len() - corpus::SHOWN;
        let program = program::called_as();
        println!("  and {more} more; {program} inspect --verbose names all");
    }
}

fn beside_people(args: &Args) -> Result<()> {
    let checkpoint = model_file::read(&args.model)?;
    let Args { temperature, truncation, density, .. } = *args;
    let wish = Wish { bars: args.bars as usize, temperature, truncation, density, seed: 0 };
    let plan = alike::Plan { pieces: args.pieces as usize, wish };
    let human = alike::people(&args.data, args.heldout, &checkpoint, plan)?;
    let library = match (&human.trained_on, args.against.is_empty()) {
        (Some(rolls), _) => Some(Library::new(rolls)),
        (None, true) => None,
        (None, false) => Some(library(&args.against, checkpoint.config().range())?),
    };
    let made = alike::played(&checkpoint, plan)?;
    let likeness = alike::compare(&checkpoint, (&made, &human.excerpts), library.as_ref());
    if args.json {
        println!("{}", serde_json::to_string_pretty(&likeness)?);
    } else {
        alike::print(&likeness);
    }
    // Last, so that what was found is not lost with a picture that cannot be written.
    if let Some(path) = &args.picture {
        files::write(path, &picture::distributions(&likeness)?)?;
    }
    Ok(())
}

fn library(against: &[PathBuf], range: KeyRange) -> Result<Library> {
    let options = corpus::Options { range, ..corpus::Options::for_command(true) };
    let corpus = corpus::Corpus::read(against, &options)?;
    Ok(Library::new(corpus.pieces.iter().map(|piece| &piece.roll)))
}

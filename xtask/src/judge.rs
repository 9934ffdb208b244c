//! `cargo xtask judge`: whether a model's music is like people's, and whether it has to do with
//! what is played into it.

mod accompany;
pub mod alike;
pub mod figures;
mod measure;
pub mod overlap;
mod picture;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anacrusis::model::Checkpoint;
use anacrusis::music::{Chord, KeyRange, PianoRoll, Tonality, smf};
use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use crate::corpus;
use crate::generate::{Wish, within};
use crate::verbatim::Library;
use crate::{files, model_file};
pub use measure::{Mean, Measures};

/// Fewest steps in which a melody must sound: two bars.
const FEWEST_STEPS: usize = 32;

/// Measure a model's music: beside people's, or as an accompaniment
///
/// With --data the model plays pieces of its own, which are compared with pieces by people that
/// it never saw: figures of both sets, and how far the two overlap.
///
/// With --accompany melodies are played in. Each file's highest voice is played in as a musician would play it, in Accompany, through
/// the code that the plugin runs; the model accompanies, from the prompt that the seed
/// chooses. Each accompaniment is then laid over the melody that it was made for, and over
/// each of the others: if it goes better with its own, the model listens.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  cargo xtask judge --model mine.safetensors --data unseen-midi --pieces 100 --picture mine.png
  cargo xtask judge --model mine.safetensors --data my-midi --heldout
  cargo xtask judge --model mine.safetensors --data unseen-midi --against my-midi --json
  cargo xtask judge --model models/classical.safetensors --accompany tests/midi/chorales/*.mid
  cargo xtask judge --model m.safetensors --accompany a.mid b.mid c.mid --seeds 16 --bars 8
  cargo xtask judge --model m.safetensors --accompany a.mid b.mid --json | jq .consonance

overlap: area that the distances within people's pieces and those from them to the model's have
in common, 1 where the model's cannot be told from people's (Yang and Lerch 2020). The figures are
those of MusPy (Dong et al. 2020); repetition is what a bar has in common with that of one and
of four bars before.
consonance: share of the pairs of a melody's and an accompaniment's note sounding in one step
that are a third, sixth, fourth, fifth or octave apart (Huron 1994).
in key: share of the accompaniment's notes, step by step, that belong to the melody's key, which
is found by the algorithm of Krumhansl and Schmuckler (Krumhansl 1990).
The interval beside each difference is the middle 95 % of 2000 bootstrap samples of melodies.")]
pub struct Args {
    /// The model (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// MIDI files whose highest voices are the melodies; at least two
    #[arg(long, required_unless_present = "data", conflicts_with = "data", num_args = 1..,
        value_name = "FILE.mid")]
    pub accompany: Vec<PathBuf>,
    /// Folders and files of music by people that the model never saw
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub data: Vec<PathBuf>,
    /// Compare with those pieces of --data alone that were held out when the model was trained on
    /// it, and look for stretches of the model's pieces in the others
    #[arg(long, requires = "data", conflicts_with = "against")]
    pub heldout: bool,
    /// Look for stretches of the model's pieces in this music: what it was trained on
    #[arg(long, requires = "data", num_args = 1.., value_name = "PATH")]
    pub against: Vec<PathBuf>,
    /// Pieces to generate, and most excerpts to compare them with
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub pieces: u32,
    /// Temperature of the pieces, as of `generate`
    #[arg(long, value_name = "T", default_value_t = Wish::default().temperature, value_parser = |s: &str| within(s, 0.05, 5.0))]
    pub temperature: f32,
    /// Truncation of the pieces, as of `generate`
    #[arg(long, value_name = "P", default_value_t = Wish::default().truncation, value_parser = |s: &str| within(s, 0.0, 0.49))]
    pub truncation: f32,
    /// Density of the pieces, as of `generate`
    #[arg(long, value_name = "D", default_value_t = Wish::default().density, value_parser = |s: &str| within(s, 0.1, 10.0))]
    pub density: f32,
    /// Performances of each melody
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub seeds: u32,
    /// Bars of sixteen sixteenths of each piece, or of each melody at most
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=4096))]
    pub bars: u32,
    /// Draw the figures of both sets, too
    #[arg(long, requires = "data", value_name = "FILE.png")]
    pub picture: Option<PathBuf>,
    /// Print JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// A melody: at most one key in each step.
#[derive(Clone, Debug)]
pub struct Melody {
    /// Name of its file.
    pub name: String,
    /// One chord per step.
    pub chords: Vec<Chord>,
    /// Its key.
    pub tonality: Tonality,
}

/// What was found of one melody, means over the seeds.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// Name of its file.
    pub name: String,
    /// Steps played.
    pub steps: usize,
    /// Accompaniments made for it.
    pub own: Measures,
    /// The same accompaniments' like, made for the other melodies.
    pub others: Measures,
}

/// One figure over all melodies.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figure {
    /// With their own accompaniments.
    pub own: f64,
    /// With those of the other melodies.
    pub others: f64,
    /// By how much their own is better, and the interval of 95 % around it.
    pub gain: Mean,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Share of the simultaneous pairs that are consonant.
    pub consonance: Figure,
    /// Share of the accompaniment in the melody's key.
    pub in_key: Figure,
    /// Notes of the accompaniment in a step in which the melody sounds.
    pub notes_step: f64,
    /// Performances of each melody.
    pub seeds: u32,
    /// The melodies.
    pub melodies: Vec<Judged>,
    /// Digest of the model.
    pub digest: String,
}

/// `cargo xtask judge`.
///
/// # Errors
/// If the model or a file is unusable, there is no melody in one, or there are fewer than two.
pub fn run(args: &Args) -> Result<()> {
    if !args.data.is_empty() {
        return beside_people(args);
    }
    let distinct: HashSet<&PathBuf> = args.accompany.iter().collect();
    ensure!(
        distinct.len() == args.accompany.len() && distinct.len() >= 2,
        "--accompany takes at least two different files: accompaniments are compared with those \
         of the other melodies"
    );
    let checkpoint = model_file::read(&args.model)?;
    let most_steps = 16 * args.bars as usize;
    let melodies: Vec<Melody> =
        (args.accompany.iter()).map(|path| read(path, most_steps)).collect::<Result<_>>()?;
    let verdict = judge(&checkpoint, &melodies, args.seeds)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&verdict)?);
    } else {
        print(&verdict);
    }
    Ok(())
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

/// The melody of a MIDI file: its highest voice, `most_steps` of it at most.
///
/// # Errors
/// If the file cannot be read or holds no melody.
pub fn read(path: &Path, most_steps: usize) -> Result<Melody> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {name}"))?;
    let all = KeyRange { low: 0, count: 128 };
    let roll = smf::read(&bytes, all).with_context(|| format!("{name} is not usable"))?.roll;
    let mut chords = highest_voice(&roll);
    chords.truncate(most_steps);
    let sounding = chords.iter().filter(|chord| !chord.is_empty()).count();
    ensure!(
        sounding >= FEWEST_STEPS,
        "{name} has notes in {sounding} of its first {most_steps} steps; a melody needs \
         {FEWEST_STEPS} at least"
    );
    let Some(tonality) = Tonality::of(&chords) else {
        bail!("{name} is in no key: all twelve notes sound equally long");
    };
    Ok(Melody { name, chords, tonality })
}

/// The highest key of each step; struck where it is struck, or another than before.
fn highest_voice(roll: &PianoRoll) -> Vec<Chord> {
    let mut before = None;
    let mut voice = Vec::with_capacity(roll.len());
    for chord in &roll.chords {
        let top = chord.keys().last();
        let mut note = Chord::SILENT;
        if let Some(key) = top {
            note.decide(key, true, chord.strikes(key) || top != before);
        }
        before = top;
        voice.push(note);
    }
    voice
}

/// Plays every melody in with every seed from 1 on, and measures what comes of it.
///
/// # Errors
/// If the model does not come into service, or a chord does not come in time.
pub fn judge(checkpoint: &Checkpoint, melodies: &[Melody], seeds: u32) -> Result<Verdict> {
    ensure!(melodies.len() >= 2, "accompaniments are compared: two melodies at least");
    let mut own = vec![Measures::default(); melodies.len()];
    let mut others = own.clone();
    for seed in 1..=u64::from(seeds) {
        let played: Vec<Vec<u128>> = accompany::all(checkpoint, melodies, seed)?;
        for (n, melody) in melodies.iter().enumerate() {
            for (m, accompaniment) in played.iter().enumerate() {
                let into = if n == m { &mut own[n] } else { &mut others[n] };
                into.add(melody, accompaniment);
            }
        }
    }
    let figure = |share: fn(&Measures) -> f64| {
        let gains: Vec<f64> = own.iter().zip(&others).map(|(a, b)| share(a) - share(b)).collect();
        let mean = |all: &[Measures]| all.iter().map(share).sum::<f64>() / all.len() as f64;
        Figure { own: mean(&own), others: mean(&others), gain: Mean::bootstrapped(&gains) }
    };
    let mut all = Measures::default();
    own.iter().for_each(|measures| all.merge(measures));
    Ok(Verdict {
        consonance: figure(Measures::consonance),
        in_key: figure(Measures::in_key),
        notes_step: all.notes_step(),
        seeds,
        melodies: (melodies.iter().zip(own.iter().zip(&others)))
            .map(|(melody, (own, others))| Judged {
                name: melody.name.clone(),
                steps: melody.chords.len(),
                own: *own,
                others: *others,
            })
            .collect(),
        digest: checkpoint.digest().to_owned(),
    })
}

fn print(verdict: &Verdict) {
    println!("{:>12} {:>8} {:>8} {:>8}", "consonance", "others", "in key", "others");
    let percent = |share: f64| 100.0 * share;
    for melody in &verdict.melodies {
        println!(
            "{:11.1}% {:7.1}% {:7.1}% {:7.1}%  {}",
            percent(melody.own.consonance()),
            percent(melody.others.consonance()),
            percent(melody.own.in_key()),
            percent(melody.others.in_key()),
            melody.name
        );
    }
    let line = |name: &str, figure: &Figure| {
        let Mean { mean, low, high } = figure.gain;
        println!(
            "{name:<10}  {:5.1}% with its own melody, {:5.1}% with others: {:+.1} points \
             ({:+.1} to {:+.1})",
            percent(figure.own),
            percent(figure.others),
            percent(mean),
            percent(low),
            percent(high),
        );
    };
    line("consonance", &verdict.consonance);
    line("in key", &verdict.in_key);
    println!(
        "{} melodies, {} seeds, {:.2} notes of accompaniment in a step, model {}",
        verdict.melodies.len(),
        verdict.seeds,
        verdict.notes_step,
        verdict.digest
    );
}

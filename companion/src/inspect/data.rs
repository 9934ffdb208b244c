//! What music holds, and what training would make of it.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Value, json};

use super::Args;
use super::figures::Figures;
use super::reading;
use super::shared;
use crate::corpus::{self, Corpus, Piece, SHOWN};
use crate::settings::Settings;

pub(super) fn run(args: &Args) -> Result<()> {
    let mut settings = match &args.config {
        Some(path) => Settings::read(path)?,
        None => Settings::default(),
    };
    settings.seed = args.seed.unwrap_or(settings.seed);
    settings.any_grid = args.any_grid.unwrap_or(settings.any_grid);
    settings.pedal = args.pedal.unwrap_or(settings.pedal);
    settings.validate()?;
    let options = corpus::Options::to_train(&settings, !args.no_cache);
    let corpus = Corpus::read(&args.data, &options)?;
    let (_, heldout) = corpus::split(&corpus, settings.heldout, settings.seed);
    let figures = Figures::of(&corpus.pieces);
    let shared = shared::find(args, &settings, &corpus)?;
    if args.json {
        let mut told = as_json(args, &settings, &corpus, &heldout, &figures);
        if let (Some(told), Some(shared)) = (told.as_object_mut(), &shared) {
            told.insert("shared".to_owned(), json!(shared));
        }
        println!("{}", serde_json::to_string_pretty(&told)?);
    } else {
        print(args, &settings, &corpus, &heldout, &figures);
        if let Some(shared) = &shared {
            print!("{shared}");
        }
    }
    Ok(())
}

fn works<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> usize {
    pieces.into_iter().map(|piece| piece.work).collect::<BTreeSet<_>>().len()
}

fn steps<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> usize {
    pieces.into_iter().map(|piece| piece.roll.len()).sum()
}

fn of_source(corpus: &Corpus, source: usize) -> impl Iterator<Item = &Piece> {
    corpus.pieces.iter().filter(move |piece| piece.source == source)
}

fn as_json(
    args: &Args,
    settings: &Settings,
    corpus: &Corpus,
    heldout: &[&Piece],
    figures: &Figures,
) -> Value {
    let sources = args.data.iter().enumerate().map(|(index, source)| {
        json!({
            "path": source.path.display().to_string(),
            "pieces": of_source(corpus, index).count(),
            "steps": steps(of_source(corpus, index)),
        })
    });
    let skipped = corpus.skipped.iter().map(|skipped| {
        json!({
            "path": skipped.path.display().to_string(),
            "reason": skipped.reason,
            "steps": skipped.steps,
        })
    });
    let reasons = corpus::reasons(&corpus.skipped);
    let reasons: Vec<Value> = reasons
        .iter()
        .map(|reason| json!({ "reason": reason.text, "files": reason.files.len() }))
        .collect();
    let names = |group: &Vec<usize>| -> Vec<String> {
        group.iter().map(|index| corpus.pieces[*index].shown_path()).collect()
    };
    let mut told = json!({
        "digest": corpus.digest,
        "read": reading::as_json(corpus),
        "sources": sources.collect::<Vec<_>>(),
        "pieces": corpus.pieces.len(),
        "works": works(&corpus.pieces),
        "duplicates": corpus.duplicates.iter().map(names).collect::<Vec<_>>(),
        "skipped": skipped.collect::<Vec<_>>(),
        "skip_reasons": reasons,
        "split": {
            "seed": settings.seed,
            "heldout": settings.heldout,
            "min_steps": settings.steps,
            "heldout_works": works(heldout.iter().copied()),
            "heldout_steps": steps(heldout.iter().copied()),
            "heldout_pieces": heldout.iter().map(|piece| piece.shown_path()).collect::<Vec<_>>(),
        },
    });
    if let (Some(told), Value::Object(figures)) = (told.as_object_mut(), json!(figures)) {
        told.extend(figures);
    }
    told
}

fn print(args: &Args, settings: &Settings, corpus: &Corpus, heldout: &[&Piece], figures: &Figures) {
    let limit = if args.verbose { usize::MAX } else { SHOWN };
    let pieces = corpus.pieces.len();
    println!(
        "pieces      {pieces}, of {} works; {} steps ({} bars)",
        works(&corpus.pieces),
        figures.steps,
        figures.bars
    );
    if args.data.len() > 1 {
        for (index, source) in args.data.iter().enumerate() {
            println!(
                "            {}: {} pieces, {} steps",
                source.path.display(),
                of_source(corpus, index).count(),
                steps(of_source(corpus, index))
            );
        }
    }
    print!("{}", reading::text(corpus, figures, limit));
    let polyphony = &figures.polyphony;
    println!(
        "polyphony   {:.2} keys sound in a step on average; median {}, 95% at most {}, most {}",
        polyphony.mean, polyphony.median, polyphony.percentile_95, polyphony.max
    );
    println!(
        "onsets      {:.2} notes begin at a step on average; at {:.0}% of the steps any, {:.0}% \
         are silent",
        figures.onsets_per_step,
        100.0 * figures.steps_with_onset,
        100.0 * figures.silent_steps
    );
    println!(
        "bars        {} of {} silent; {:.0}% of the chords struck are the one before again",
        figures.silent_bars,
        figures.bars,
        100.0 * figures.repeated_chords
    );
    let range = settings.network.range();
    if let (Some(low), Some(high)) = (figures.lowest_key, figures.highest_key) {
        println!(
            "keys        {low} to {high}; {} notes outside {} to {} dropped",
            figures.dropped_notes,
            range.low,
            range.low + range.count - 1
        );
    }
    println!("skipped     {}; a piece needs {} steps", corpus.skipped.len(), settings.steps);
    print!("{}", corpus::explain(&corpus.skipped, limit));
    println!("copies      {} works in more than one piece", corpus.duplicates.len());
    for group in corpus.duplicates.iter().take(limit) {
        let paths: Vec<String> =
            group.iter().map(|index| corpus.pieces[*index].shown_path()).collect();
        println!("  {}", paths.join(" = "));
    }
    tell_more(corpus.duplicates.len(), limit);
    let heldout_steps = steps(heldout.iter().copied());
    println!(
        "held out    {} pieces, of {} works; {heldout_steps} steps ({:.1}%), with seed {}",
        heldout.len(),
        works(heldout.iter().copied()),
        100.0 * heldout_steps as f64 / figures.steps.max(1) as f64,
        settings.seed
    );
    for piece in heldout.iter().take(limit) {
        println!("  {}", piece.shown_path());
    }
    tell_more(heldout.len(), limit);
    if heldout.is_empty() {
        println!("  too little to train: one part is learnt, another held out; add a second work");
    }
    println!("sha256      {}", corpus.digest);
}

fn tell_more(count: usize, limit: usize) {
    if count > limit {
        println!("  and {} more; --verbose names all", count - limit);
    }
}

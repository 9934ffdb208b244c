//! `judge --accompany`: melodies are played in, and what a model makes of them is measured beside
//! what people play to them.

use anacrusis::model::loss::Nats;
use anacrusis::music::Chord;
use anyhow::Result;

use super::accompanist::Accompanist;
use super::held::{self, INPUTS};
use super::pieces::Piece;
use super::report::{Held, Report, Resting, Row, Turn, WrongHistory};
use super::together::{Fit, Melody, Tally};
use super::turn::{self, After, Rest};
use crate::parallel;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// Two at least.
    pub pieces: &'a [Piece],
    /// Performances of each melody, with the seeds 1 and up.
    pub seeds: u32,
}

/// What was found of one piece with one seed.
struct Performed {
    plain: Vec<Chord>,
    displaced: Vec<Chord>,
    plain_after: After,
    turned: After,
    rest: Rest,
    wrong: Option<Fit>,
}

/// What one job gives.
enum Done {
    Performed(Box<Performed>),
    SilentBars(usize),
    Exchanged(Option<[Nats; 2]>),
}

/// Has accompanists of `make`'s play to every melody with every seed, and measures what comes of
/// it. The same each time, whatever the number of threads.
///
/// # Errors
/// If an accompanist cannot be made or cannot play, or a thread panics.
pub fn judge<A: Accompanist>(plan: &Plan, make: impl Fn() -> Result<A> + Sync) -> Result<Report> {
    let (pieces, seeds) = (plan.pieces.len(), plan.seeds as usize);
    let [performances, held] = [pieces * seeds, INPUTS.len() * seeds];
    let jobs = performances + held + pieces;
    let bar = parallel::bar(jobs, "performances");
    let done = parallel::map(jobs, &bar, A::PER_CORE, make, |accompanist, job| {
        // Seeds count from 1.
        let seed = |job: usize| (job % seeds) as u64 + 1;
        Ok(if job < performances {
            Done::Performed(Box::new(plan.perform(accompanist, job / seeds, seed(job))?))
        } else if job < performances + held {
            let job = job - performances;
            Done::SilentBars(hold(accompanist, INPUTS[job / seeds], seed(job))?)
        } else {
            let index = job - performances - held;
            let other = &plan.other(index).melody.chords;
            Done::Exchanged(accompanist.surprise(&plan.pieces[index], other))
        })
    })?;
    bar.finish_and_clear();
    Ok(plan.report(done))
}

fn hold<A: Accompanist>(accompanist: &mut A, input: held::Input, seed: u64) -> Result<usize> {
    let chords = input.chords();
    let [played] = accompanist.play([&chords], chords.len(), &held::metres(), seed)?;
    Ok(held::silent_bars(&played))
}

impl Plan<'_> {
    /// The piece that is taken for another than `index`.
    fn other(&self, index: usize) -> &Piece {
        &self.pieces[(index + 1) % self.pieces.len()]
    }

    fn perform<A: Accompanist>(
        &self,
        accompanist: &mut A,
        index: usize,
        seed: u64,
    ) -> Result<Performed> {
        let piece = &self.pieces[index];
        let Piece { melody, .. } = piece;
        let metres = &melody.metres;
        let half = turn::half(metres, melody.chords.len());
        let turned_melody = turn::turned(piece, half, accompanist.highest());
        let mut stopped = melody.chords[..half].to_vec();
        stopped.resize(Rest::end(metres, half), Chord::SILENT);

        let melodies = [&melody.chords[..], &turned_melody.chords, &stopped];
        let [plain, after_turn, alone] = accompanist.play(melodies, half, metres, seed)?;
        let (mut plain_after, mut turned) = (After::default(), After::default());
        plain_after.add(melody, &plain, half);
        turned.add(&turned_melody, &after_turn, half);
        let history = self.other(index).accompaniment.as_deref();
        Ok(Performed {
            plain,
            displaced: accompanist.play_to_hands(&melody.chords, metres, seed, index as u64)?,
            plain_after,
            turned,
            rest: Rest::of(&alone, metres, half),
            wrong: history
                .and_then(|history| accompanist.after_wrong_history(piece, history, seed)),
        })
    }

    fn report(&self, done: Vec<Done>) -> Report {
        let seeds = self.seeds as usize;
        let melodies: Vec<&Melody> = self.pieces.iter().map(|piece| &piece.melody).collect();
        let (mut performed, mut silent) = (Vec::new(), Vec::new());
        let mut nats = [Nats::default(); 2];
        for done in done {
            match done {
                Done::Performed(one) => performed.push(*one),
                Done::SilentBars(bars) => silent.push(bars),
                Done::Exchanged(None) => {}
                Done::Exchanged(Some(found)) => {
                    nats.iter_mut().zip(found).for_each(|(sum, one)| sum.add(one));
                }
            }
        }
        let row = |chords: fn(&Performed) -> &[Chord]| {
            let mut tally = Tally::default();
            for seed in 0..seeds {
                let of_seed = performed.iter().skip(seed).step_by(seeds);
                let of_seed: Vec<_> = of_seed.map(|one| Some(chords(one))).collect();
                tally += Tally::of(&melodies, &of_seed);
            }
            Row::of(&tally)
        };
        let (mut plain, mut turned) = (After::default(), After::default());
        let (mut rest, mut wrong) = (Rest::default(), None);
        for one in &performed {
            plain += one.plain_after;
            turned += one.turned;
            rest += one.rest;
            if let Some(one) = one.wrong {
                *wrong.get_or_insert_default() += one;
            }
        }
        let mean = |input: usize| {
            let bars: usize = silent[input * seeds..][..seeds].iter().sum();
            bars as f64 / seeds as f64
        };
        Report {
            pieces: self.pieces.len(),
            seeds: self.seeds,
            model: row(|one| &one.plain),
            people: people(self.pieces),
            turn: Turn {
                in_key: turned.in_key(),
                consonance: turned.consonance(),
                plain_in_key: plain.in_key(),
                bars_to_recover: turned.bars_to_recover(&plain),
            },
            held: Held { chord: mean(0), repeated: mean(1), tune: mean(2) },
            rest: Resting { before: rest.before.value(), after: rest.after.map(|bar| bar.value()) },
            exchanged_nats: (nats[0].steps > 0).then(|| nats[1].nats_step() - nats[0].nats_step()),
            wrong_history: wrong.map(|fit: Fit| WrongHistory {
                consonance: fit.consonance.value(),
                in_key: fit.in_key.value(),
                chord: fit.chord.value(),
            }),
            displaced: row(|one| &one.displaced),
        }
    }
}

/// The figures of people's own accompaniments, if any piece has one.
pub fn people(pieces: &[Piece]) -> Option<Row> {
    let melodies: Vec<&Melody> = pieces.iter().map(|piece| &piece.melody).collect();
    let accompaniments: Vec<_> =
        pieces.iter().map(|piece| piece.accompaniment.as_deref()).collect();
    let any = accompaniments.iter().any(Option::is_some);
    any.then(|| Row::of(&Tally::of(&melodies, &accompaniments)))
}

//! `judge --accompany`: melodies are played in, and what a model makes of them is measured beside
//! what people play to them.

use anacrusis::model::loss::Nats;
use anacrusis::music::Chord;
use anyhow::Result;

use super::hands::displaced;
use super::held::{self, INPUTS};
use super::history;
use super::network::Network;
use super::parallel;
use super::pieces::Piece;
use super::report::{Held, Report, Resting, Row, Turn, WrongHistory};
use super::simulate::{Manner, Performance, Score, perform};
use super::together::{Fit, Melody, Tally};
use super::turn::{self, After, Rest};

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// Two at least.
    pub pieces: &'a [Piece],
    /// Performances of each melody, with the seeds 1 and up.
    pub seeds: u32,
    /// How the network plays.
    pub manner: Manner,
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

/// Plays every melody with every seed on networks of `make`'s, and measures what comes of it. The
/// same each time, whatever the number of threads.
///
/// # Errors
/// If a thread panics.
pub fn judge<N: Network>(plan: &Plan, make: impl Fn() -> N + Sync) -> Result<Report> {
    let (pieces, seeds) = (plan.pieces.len(), plan.seeds as usize);
    let [performances, held] = [pieces * seeds, INPUTS.len() * seeds];
    let jobs = performances + held + pieces;
    let bar = parallel::bar(jobs, "performances");
    let done = parallel::map(jobs, &bar, make, |network, job| {
        // Seeds count from 1.
        let seed = |job: usize| (job % seeds) as u64 + 1;
        if job < performances {
            Done::Performed(Box::new(plan.perform(network, job / seeds, seed(job))))
        } else if job < performances + held {
            let job = job - performances;
            Done::SilentBars(plan.hold(network, INPUTS[job / seeds], seed(job)))
        } else {
            Done::Exchanged(plan.exchange(network, job - performances - held))
        }
    })?;
    bar.finish_and_clear();
    Ok(plan.report(done))
}

impl Plan<'_> {
    /// The piece that is taken for another than `index`.
    fn other(&self, index: usize) -> &Piece {
        &self.pieces[(index + 1) % self.pieces.len()]
    }

    fn perform<N: Network>(&self, network: &mut N, index: usize, seed: u64) -> Performed {
        let piece = &self.pieces[index];
        let Piece { melody, .. } = piece;
        let (reaction, metres) = (self.manner.reaction, &melody.metres);
        let score = |network: &N, chords: &[Chord]| Score::new(network, reaction, chords, metres);
        let steps = melody.chords.len();
        let half = turn::half(metres, steps);

        // The same up to the half: played once.
        let plain_score = score(network, &melody.chords);
        let mut plain = Performance::begin(network, &self.manner, &plain_score, seed);
        plain.play(network, &self.manner, (&plain_score, None), half);
        let mut after_turn = plain.clone();
        let mut alone = plain.clone();
        plain.play(network, &self.manner, (&plain_score, None), steps);

        let range = network.range();
        let turned_melody = turn::turned(piece, half, range.low + (range.count - 1));
        let turned_score = score(network, &turned_melody.chords);
        after_turn.play(network, &self.manner, (&turned_score, None), steps);

        let mut stopped = melody.chords[..half].to_vec();
        stopped.resize(Rest::end(metres, half), Chord::SILENT);
        let stopped = score(network, &stopped);
        alone.play(network, &self.manner, (&stopped, None), usize::MAX);

        let late = displaced(&plain_score, seed, index as u64);
        let (mut plain_after, mut turned) = (After::default(), After::default());
        plain_after.add(melody, &plain.played, half);
        turned.add(&turned_melody, &after_turn.played, half);
        Performed {
            displaced: perform(network, &self.manner, (&late, None), seed),
            plain_after,
            turned,
            rest: Rest::of(&alone.played, metres, half),
            wrong: self
                .other(index)
                .accompaniment
                .as_ref()
                .map(|history| history::wrong(network, &self.manner, (piece, history), seed)),
            plain: plain.played,
        }
    }

    fn hold<N: Network>(&self, network: &mut N, input: held::Input, seed: u64) -> usize {
        let metres = held::metres();
        let score = Score::new(network, self.manner.reaction, &input.chords(), &metres);
        held::silent_bars(&perform(network, &self.manner, (&score, None), seed))
    }

    fn exchange<N: Network>(&self, network: &mut N, index: usize) -> Option<[Nats; 2]> {
        let piece = &self.pieces[index];
        let accompaniment = piece.accompaniment.as_deref()?;
        let other = &self.other(index).melody.chords;
        let reaction = self.manner.reaction;
        Some(history::exchanged(network, reaction, (piece, accompaniment), other))
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

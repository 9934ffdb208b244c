//! A performance: a network accompanies a score, step by step.

use anacrusis::model::Draw;
use anacrusis::model::{Sampling, sampler};
use anacrusis::music::{Chord, Metres};

use super::network::{Frame, Given, Network, choose_guided};
use crate::players::without;

/// When a step is decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Reaction {
    /// When what the musician plays in it is known
    #[default]
    SameStep,
    /// When what the musician played in the step before is known, and no more
    StepBefore,
}

/// How a network plays.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// When a step is decided.
    pub reaction: Reaction,
    /// How far a network is guided by what the musician changes; 0 is not at all.
    pub guidance: f32,
    /// From logits to notes.
    pub sampling: Sampling,
}

impl Default for Manner {
    /// In the same step, with a guidance of 1, sampled as the plugin does.
    fn default() -> Self {
        let (reaction, sampling) = (Reaction::default(), Sampling::default());
        Manner { reaction, guidance: 1.0, sampling }
    }
}

/// What a musician plays, and what is known of it when each step is decided.
#[derive(Clone, Debug)]
pub struct Score {
    /// One chord per step, in the network's range.
    pub heard: Vec<Chord>,
    /// One per step.
    pub given: Vec<Given>,
    /// Where the bar lines are.
    pub metres: Metres,
}

impl Score {
    /// A score in which everything comes in time. What lies outside the network's range is heard
    /// in the nearest octave.
    pub fn new<N: Network>(
        network: &N,
        reaction: Reaction,
        melody: &[Chord],
        metres: &Metres,
    ) -> Score {
        let range = network.range();
        let heard: Vec<Chord> = melody.iter().map(|chord| chord.folded(0, range)).collect();
        let known = reaction == Reaction::SameStep && network.tells_players();
        let given = (0..heard.len()).map(|step| {
            let before = step.checked_sub(1).map_or(Chord::SILENT, |before| heard[before]);
            let chord = if known { heard[step] } else { Chord::from_masks(before.playing(), 0) };
            Given { chord, known }
        });
        Score { given: given.collect(), metres: metres.clone(), heard }
    }
}

/// A performance under way.
#[derive(Clone, Debug)]
pub struct Performance<S> {
    /// What the network played, step by step.
    pub played: Vec<Chord>,
    /// Who hears the musician, and who does not.
    states: [S; 2],
    /// What sounded in the step before, whoever played it, as the network was told.
    before: Chord,
    draw: Draw,
}

impl<S: Clone> Performance<S> {
    /// One that begins with the first step of `score`.
    pub fn begin<N: Network<State = S>>(network: &mut N, score: &Score, seed: u64) -> Self {
        let position = score.metres.position(-1);
        let (heard, before) = network.begin(seed, position, true);
        let unheard = match network.tells_players() {
            true => network.begin(seed, position, false).0,
            false => heard.clone(),
        };
        let (played, draw) = (Vec::new(), Draw { seed, pass: 0 });
        Performance { played, states: [heard, unheard], before, draw }
    }

    /// Goes on up to the step `end`, not included.
    ///
    /// With a `history`, each step is decided after that was played in place of what the network
    /// chose.
    pub fn play<N: Network<State = S>>(
        &mut self,
        network: &mut N,
        manner: &Manner,
        (score, history): (&Score, Option<&[Chord]>),
        end: usize,
    ) {
        for step in self.played.len()..end.min(score.heard.len()) {
            let heard = score.heard[step];
            let own = without(self.choose(network, manner, score, step), heard);
            self.played.push(own);
            let told = history.map_or(own, |history| {
                without(history.get(step).copied().unwrap_or_default(), heard)
            });
            let told = told.within(network.range());
            let position = score.metres.position(step as i64);
            let frame = Frame { own: told, heard, musician: true, position };
            network.feed(&mut self.states[0], &frame);
            if network.tells_players() && manner.guidance != 0.0 {
                let alone = Frame { heard: Chord::SILENT, musician: false, ..frame };
                network.feed(&mut self.states[1], &alone);
            }
            self.before = told.union(heard);
        }
    }

    fn choose<N: Network<State = S>>(
        &self,
        network: &mut N,
        manner: &Manner,
        score: &Score,
        step: usize,
    ) -> Chord {
        let low = network.range().low;
        let (before, draw) = (self.before, self.draw);
        let given = &score.given[step];
        // What sounds on is the likeliest.
        let guess = without(Chord::from_masks(before.playing(), 0), given.chord);
        let [heard, unheard] = &self.states;
        choose_guided(
            network,
            [heard, unheard],
            (given, manner.guidance),
            guess,
            &mut |n, logits| {
                // The range lies within 0..128.
                let key = low + n as u8;
                let uniforms = draw.uniforms(step as i64, key);
                let (plays, struck) = sampler::decide(&manner.sampling, logits, uniforms);
                // What sounds without having sounded before begins.
                (plays, plays && (struck || !before.plays(key)))
            },
        )
    }
}

/// The whole performance of a score.
pub fn perform<N: Network>(
    network: &mut N,
    manner: &Manner,
    (score, history): (&Score, Option<&[Chord]>),
    seed: u64,
) -> Vec<Chord> {
    let mut performance = Performance::begin(network, score, seed);
    performance.play(network, manner, (score, history), usize::MAX);
    performance.played
}

#[cfg(test)]
mod tests;

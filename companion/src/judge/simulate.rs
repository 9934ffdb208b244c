//! A performance: a network accompanies a score, step by step.

use anacrusis::jam::controls::Controls;
use anacrusis::model::{Draw, Follow, Frame, Given, Sampling, sampler};
use anacrusis::music::{Chord, KeyHeard, Metres};

use super::network::Network;

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
pub struct SimulationOptions {
    /// When a step is decided.
    pub reaction: Reaction,
    /// How far the musician is followed, 0 to 1 as the plugin's knob has it.
    pub follow: f32,
    /// Whether that leans towards the key in which they play, too.
    pub lean: bool,
    /// From logits to notes.
    pub sampling: Sampling,
}

impl Default for SimulationOptions {
    /// In the same step, following and sampled as the plugin does.
    fn default() -> Self {
        let (reaction, sampling) = (Reaction::default(), Sampling::default());
        SimulationOptions { reaction, follow: Controls::USUAL_FOLLOW, lean: true, sampling }
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
        let known = reaction == Reaction::SameStep && network.hears();
        let given = (0..heard.len()).map(|step| match known {
            true => Given::known(heard[step]),
            false => Given::held(step.checked_sub(1).map_or(Chord::SILENT, |step| heard[step])),
        });
        Score { given: given.collect(), metres: metres.clone(), heard }
    }
}

/// A performance under way.
#[derive(Clone, Debug)]
pub struct Performance<S> {
    /// What the network played, step by step.
    pub played: Vec<Chord>,
    state: S,
    /// Who does not hear the musician, if that guides.
    unheard: Option<S>,
    /// What the network played in the step before, as it was told.
    before: Chord,
    /// What the musician played in it, if the network tells the two apart.
    taken: Chord,
    /// The key in which the musician played.
    key: KeyHeard,
    draw: Draw,
}

impl<S: Clone> Performance<S> {
    /// One that begins with the first step of `score`.
    pub fn begin<N: Network<State = S>>(
        network: &mut N,
        manner: &SimulationOptions,
        score: &Score,
        seed: u64,
    ) -> Self {
        let position = score.metres.position(-1);
        let (state, before) = network.begin(seed, position, true);
        let guided = network.hears() && manner.follow != 0.0;
        let unheard = guided.then(|| network.begin(seed, position, false).0);
        let draw = Draw { seed, pass: 0 };
        let (taken, key) = (Chord::SILENT, KeyHeard::default());
        Performance { played: vec![], state, unheard, before, taken, key, draw }
    }

    /// Goes on up to the step `end`, not included.
    ///
    /// With a `history`, each step is decided after that was played in place of what the network
    /// chose.
    pub fn play<N: Network<State = S>>(
        &mut self,
        network: &mut N,
        manner: &SimulationOptions,
        (score, history): (&Score, Option<&[Chord]>),
        end: usize,
    ) {
        for step in self.played.len()..end.min(score.heard.len()) {
            let heard = score.heard[step];
            let chosen = self.choose(network, manner, &score.given[step]);
            self.played.push(chosen.without(heard.playing()));
            let told = match history {
                Some(history) => history.get(step).copied().unwrap_or_default(),
                None => chosen,
            };
            let own = told.within(network.range()).without(heard.playing());
            let position = score.metres.position(step as i64);
            let frame = Frame { own, heard, musician: true, position, start: false };
            network.feed(&mut self.state, &frame);
            if let Some(unheard) = &mut self.unheard {
                network.feed(unheard, &frame.unheard());
            }
            self.key.step(heard);
            (self.before, self.taken) = match network.hears() {
                true => (own, heard),
                false => (own.union(heard), Chord::SILENT),
            };
        }
    }

    fn choose<N: Network<State = S>>(
        &self,
        network: &mut N,
        manner: &SimulationOptions,
        given: &Given,
    ) -> Chord {
        let low = network.range().low;
        let step = self.played.len() as i64;
        let mut key_heard = self.key;
        if given.known {
            key_heard.step(given.chord);
        }
        let key = key_heard.estimate().filter(|_| manner.lean);
        let mut guide = Follow::by(manner.follow, key).guide().beside(given.chord.playing());
        network.choose(&self.state, self.unheard.as_ref(), given, &mut |index, rows| {
            // The range lies within 0..128.
            let key = low + index as u8;
            let logits = if self.unheard.is_some() {
                guide.logits(key, self.before.plays(key), rows)
            } else {
                rows[0]
            };
            let uniforms = self.draw.uniforms(step, key);
            let (plays, struck) = sampler::decide(&manner.sampling, logits, uniforms);
            match plays {
                // What the musician had begins only if it is struck.
                true if struck || !self.taken.plays(key) => {
                    (true, struck || !self.before.plays(key))
                }
                _ => (false, false),
            }
        })
    }
}

/// The whole performance of a score.
pub fn perform<N: Network>(
    network: &mut N,
    manner: &SimulationOptions,
    (score, history): (&Score, Option<&[Chord]>),
    seed: u64,
) -> Vec<Chord> {
    let mut performance = Performance::begin(network, manner, score, seed);
    performance.play(network, manner, (score, history), usize::MAX);
    performance.played
}

#[cfg(test)]
mod tests;

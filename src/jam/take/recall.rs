//! What a take says of a chord that is asked for.

use std::iter;

use super::{Played, Take};
use crate::jam::link::{Recallable, Request};
use crate::model::Frame;
use crate::music::{BarPosition, STEPS_PER_BAR};

/// Steps of the take that playback goes on from at most: four bars.
const MOST_PROMPT: usize = 4 * STEPS_PER_BAR as usize;

/// And at least: one bar. Fewer are no music to go on from.
const LEAST_PROMPT: usize = STEPS_PER_BAR as usize;

/// What a take says of a chord that is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recall {
    /// What is played again instead of a new choice.
    pub replayed: Option<Played>,
    /// The number of the draw that a new choice is made by.
    pub draw: u32,
    /// Frames that playback goes on from; none if the take has none, or playback does not begin
    /// here.
    pub prompt: Vec<Frame>,
}

impl Recall {
    /// The seed that a new choice is drawn with.
    pub fn seed(&self, seed: u64) -> u64 {
        // Above what a musician can set.
        seed ^ u64::from(self.draw) << 32
    }
}

impl Take {
    /// What the take says of the chord of a request, when `begun` is the number of the first
    /// entry since playback began. With `anchor`, playback begins with the request.
    pub fn recall(&self, request: &Request, begun: u64, anchor: bool) -> Recall {
        let (rate, step) = (request.rate, request.place.step);
        let replayed = match request.recall {
            _ if self.is_locked(rate, step) => self.at(rate, step),
            Recallable::Locked => None,
            Recallable::Earlier => self.at_before(rate, step, begun),
            Recallable::All => self.at(rate, step),
        };
        let mut prompt = Vec::new();
        if anchor {
            let before = self.before(rate, step, MOST_PROMPT);
            if before.len() >= LEAST_PROMPT {
                // The metre is taken to be that of now, from the bar line of now: bars reach back from it.
                let back = iter::successors(Some(request.position.before()), |p| Some(p.before()));
                let frame = |(played, position): (&Played, BarPosition)| match request.accompanies {
                    true => {
                        let (own, heard) = (played.chord, played.heard);
                        let own = own.without(heard.playing());
                        Frame { own, heard, musician: true, position, start: false }
                    }
                    false => Frame::solo(played.frame(), position),
                };
                prompt = before.iter().rev().zip(back).map(frame).collect();
                prompt.reverse();
            }
        }
        let replayed = replayed.map(|played| played.at_transposition(request.transpose));
        Recall { replayed, draw: self.draw(rate, step), prompt }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jam::link::Place;
    use crate::music::{Chord, Grid, Metre, Rate, Step};

    /// Whatever the metre and the rate; so also in what versions before 5 wrote, which counted steps of
    /// the bar modulo 16.
    #[test]
    fn a_prompt_lies_where_it_was_played() {
        for (rate, signature) in [
            (Rate::Sixteenth, (4, 4)),
            (Rate::Sixteenth, (5, 4)),
            (Rate::Sixteenth, (7, 8)),
            (Rate::ThirtySecond, (3, 4)),
            (Rate::Eighth, (4, 4)),
            (Rate::EighthTriplet, (6, 8)),
        ] {
            let metre = Metre::new(0.5, signature.0, signature.1);
            let at = |step| Grid { rate }.position(step, metre);
            let mut take = Take::default();
            for step in (0..70).map(Step) {
                take.record(Played {
                    pass: 0,
                    step,
                    rate,
                    step_in_bar: at(step).in_bar % 16,
                    tempo_bpm: 120.0,
                    transpose: 0,
                    chord: Chord::struck_keys([60]),
                    heard: Chord::struck_keys([72]),
                    sounded: true,
                    touch: None,
                    heard_velocity: 0,
                    heard_late_us: 0,
                });
            }
            for accompanies in [false, true] {
                let place = Place { step: Step(70), ..Place::default() };
                let position = at(place.step);
                let request = Request { place, rate, position, accompanies, ..Request::default() };
                let prompt = take.recall(&request, 0, true).prompt;
                let found: Vec<BarPosition> = prompt.iter().map(|frame| frame.position).collect();
                let expected: Vec<_> = (70 - 64..70).map(|step| at(Step(step))).collect();
                assert_eq!(found, expected, "{rate:?} {signature:?}");
            }
        }
    }
}

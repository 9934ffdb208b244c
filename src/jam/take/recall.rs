//! What a take says of a chord that is asked for.

use super::{Played, Take};
use crate::jam::link::{Recallable, Request};
use crate::model::Frame;
use crate::music::STEPS_PER_BAR;

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
                // The take knows steps of the bar and not the metre: it is taken to be that of now.
                let frame = |played: &Played| {
                    let in_bar = i64::from(played.step_in_bar);
                    let position = request.position.signature.position(in_bar);
                    match request.accompanies {
                        true => {
                            let (own, heard) = (played.chord, played.heard);
                            let own = own.without(heard.playing());
                            Frame { own, heard, musician: true, position, start: false }
                        }
                        false => Frame::solo(played.frame(), position),
                    }
                };
                prompt = before.iter().map(frame).collect();
            }
        }
        let replayed = replayed.map(|played| played.at_transposition(request.transpose));
        Recall { replayed, draw: self.draw(rate, step), prompt }
    }
}

//! How one chord is decided: the request's wishes, the rules and the network's odds, put together.
//! Knows no history but the frame before.

use std::cell::Cell;

use super::states::Kept;
use super::{Biaxial, History, Model};
use crate::jam::link::Request;
use crate::jam::take::Recall;
use crate::model::rules::Scan;
use crate::model::sampler::decide;
use crate::model::{Draw, Given, Rules, Sampling};
use crate::music::Chord;

impl<B: Biaxial> Model<B> {
    /// The chord of a request, as it sounds, and the frame that history keeps of it: decided from the
    /// state `kept` and after the frame `last`, or out of the take, as `recall` says.
    pub(super) fn decide(
        &mut self,
        kept: &Kept<B::State>,
        request: &Request,
        recall: &Recall,
        last: Option<&History>,
    ) -> (Chord, History) {
        let range = self.network.range();
        let (sounding, replayed) = match &recall.replayed {
            Some(played) => (played.chord, Some(played.heard.folded(0, range))),
            None => (self.choose(kept, request, recall, last), None),
        };
        let chosen = sounding.folded(0, range);
        let before = last.map_or(Chord::SILENT, |last| last.chosen);
        let held =
            self.listened(request).unwrap_or(Chord::from_masks(self.rules(request).forced, 0));
        let heard = held.union(replayed.unwrap_or_default());
        let asked = self.texture.asked(&request.rules, request.shaping.density);
        let frame = History {
            step: request.place.step,
            position: request.position,
            chosen,
            heard,
            musician: request.accompanies,
            start: false,
            replayed,
            begun: chosen.begun(before.playing()).count_ones() as u8,
            asked: if request.accompanies && self.network.hears() {
                kept.control.asked(asked, heard)
            } else {
                asked
            },
        };
        (sounding, frame)
    }

    /// Decides the chord of a request.
    fn choose(
        &mut self,
        kept: &Kept<B::State>,
        request: &Request,
        recall: &Recall,
        last: Option<&History>,
    ) -> Chord {
        let before = last.map_or(Chord::SILENT, |last| last.chosen);
        let (shaping, follow) = (request.shaping, request.follow);
        let plain = Sampling {
            temperature: shaping.temperature.max(0.01),
            truncation: shaping.truncation.clamp(0.0, 0.5),
            ..Sampling::PLAIN
        };
        let draw = Draw { seed: recall.seed(request.seed), pass: request.place.pass };
        let (low, step) = (self.network.range().low, request.place.step.0);
        let mut rules = self.rules(request);
        let heard = self.listened(request);
        let beside = rules.forced != 0 || request.answers;
        let network = &self.network;
        // A number that decides no note and no touch: the second of a key that no keyboard has.
        let [_, u] = draw.uniforms(step, 128);
        let voice = self.texture.voice(rules.allowed & rules.begin, network.scan(), u);
        let bias = kept.control.bias(shaping.density, request.position, beside).moving(voice);
        let bias = bias.in_register(shaping.register);
        rules.must_begin |= bias.urge.must_begin;
        rules.make_room |= bias.urge.nats > 0.0;
        rules.renew |= bias.urge.too_long;
        let tells = network.hears();
        // What was the musician's key in the step before begins only if it is struck.
        let taken = match (tells, last) {
            (true, Some(last)) if last.musician => last.heard.playing(),
            _ => 0,
        };
        rules.renew |= taken & !before.playing();
        // What is held is theirs; what they will strike may not be known yet.
        let given = match heard {
            _ if !request.accompanies => Given::NOTHING,
            Some(heard) => Given::known(heard),
            None => Given::held(Chord::from_masks(rules.forced, 0)),
        };
        let begun = Cell::new(false);
        let decide = &mut |key, logits| {
            let sounded = before.plays(key);
            let bias = if begun.get() { bias.once_begun() } else { bias };
            let sampling = bias.apply(plain, key, sounded);
            let (plays, struck) = decide(&sampling, logits, draw.uniforms(step, key));
            let begins = plays && (struck || !sounded) && rules.begin >> key & 1 == 1;
            begun.set(begun.get() || begins);
            // Networks that tell players apart learnt that what begins is struck.
            (plays, struck || tells && !sounded && taken >> key & 1 == 0)
        };
        let theirs = given.chord.playing();
        // Of a key that may be doubled only one who is not given it can tell.
        let asks_both = follow.weight > 0.0 || theirs & rules.doubled != 0;
        let network = &mut self.network;
        let scan: &mut Scan<'_> = match request.accompanies && tells && asks_both {
            false => &mut |decide| {
                begun.set(false);
                network.choose(&kept.state, &given, decide)
            },
            true => &mut |decide| {
                begun.set(false);
                let mut guide = follow.guide().beside(theirs);
                network.choose_guided(&kept.state, &given, kept.unheard(), &mut |n, rows| {
                    // The range lies within 0..128.
                    let key = low + n as u8;
                    decide(n, guide.logits(key, before.plays(key), rows))
                })
            },
        };
        rules.choose(before, low, scan, decide)
    }

    /// What the musician plays in the step of a request, if that is known, in the network's range.
    fn listened(&self, request: &Request) -> Option<Chord> {
        request.listened().map(|heard| heard.folded(0, self.network.range()))
    }

    /// The rules of a request, with what the musician plays beyond the network's range folded into
    /// it.
    fn rules(&self, request: &Request) -> Rules {
        let forced = Chord::from_masks(request.rules.forced, 0).folded(0, self.network.range());
        Rules { forced: forced.playing(), ..request.rules }
    }
}

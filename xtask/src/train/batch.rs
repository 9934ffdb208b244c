//! What is trained on: segments of pieces, transposed (model.md, section 7).
//!
//! A piece is drawn (all alike, or by the number of its segments), then a start uniformly
//! over the multiples of 16 at which a whole segment fits, the last one included, then a
//! transposition uniformly over the range allowed; notes that leave the keyboard are dropped.
//! The draw depends on the seed, the iteration and the place in the batch alone.

use anacrusis::model::Config;
use anacrusis::music::{PianoRoll, STEPS_PER_BAR};

use super::random::Random;
use crate::sequence::Sequence;
use crate::settings::{Settings, Weighting};

/// The pieces long enough for a segment, and how to draw from them.
pub struct Segments<'a> {
    config: &'a Config,
    rolls: Vec<&'a PianoRoll>,
    /// Running sum of the weights of the pieces.
    weights: Vec<usize>,
    steps: usize,
    transpose: [i8; 2],
    random: Random,
}

impl<'a> Segments<'a> {
    /// Draws from those of `rolls` that are long enough; `None` if none is.
    pub fn new(
        settings: &'a Settings,
        rolls: impl IntoIterator<Item = &'a PianoRoll>,
        random: Random,
    ) -> Option<Segments<'a>> {
        let long = |roll: &&PianoRoll| roll.len() >= settings.steps;
        let rolls: Vec<&PianoRoll> = rolls.into_iter().filter(long).collect();
        let mut sum = 0;
        let weights: Vec<usize> = rolls
            .iter()
            .map(|roll| {
                sum += match settings.weighting {
                    Weighting::Piece => 1,
                    Weighting::Length => starts(roll.len(), settings.steps),
                };
                sum
            })
            .collect();
        let (config, steps, transpose) = (&settings.network, settings.steps, settings.transpose);
        (sum > 0).then_some(Segments { config, rolls, weights, steps, transpose, random })
    }

    /// Pieces that are drawn from.
    pub fn pieces(&self) -> usize {
        self.rolls.len()
    }

    /// The `size` sequences of one iteration.
    pub fn draw(&self, iteration: u64, size: usize) -> Vec<Sequence> {
        let batch = self.random.branch(iteration);
        (0..size).map(|place| self.segment(batch.branch(place as u64))).collect()
    }

    fn segment(&self, mut random: Random) -> Sequence {
        let total = self.weights.last().copied().unwrap_or(1);
        let lot = random.below(total);
        let roll = self.rolls[self.weights.partition_point(|sum| *sum <= lot)];
        let bar = usize::from(STEPS_PER_BAR);
        let start = bar * random.below(starts(roll.len(), self.steps));
        let [low, high] = self.transpose;
        let semitones = low + random.below(usize::from((high - low).unsigned_abs()) + 1) as i8;
        let sequence = Sequence::window(self.config, roll, 0, start, self.steps);
        sequence.transposed(semitones, self.config.range())
    }
}

/// How many multiples of 16 a segment of `steps` can start at in a piece of `length`.
fn starts(length: usize, steps: usize) -> usize {
    length.checked_sub(steps).map_or(0, |last| last / usize::from(STEPS_PER_BAR) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::Frame;
    use anacrusis::music::Chord;

    fn settings(weighting: Weighting) -> Settings {
        let network = Config { time: vec![4], note: vec![4], ..Config::default() };
        Settings { network, steps: 32, weighting, ..Settings::default() }
    }

    /// Step s of the piece plays key `base` and a second one telling the bar.
    fn piece(base: u8, length: usize) -> PianoRoll {
        (0..length).map(|s| Chord::struck_keys([base, 60 + (s / 16) as u8])).collect()
    }

    #[test]
    fn every_start_is_reached_the_last_included_and_short_pieces_are_left_out() {
        let settings = Settings { transpose: [0, 0], ..settings(Weighting::Piece) };
        let pieces = [piece(40, 32), piece(41, 64), piece(42, 31)];
        let segments = Segments::new(&settings, &pieces, Random::new(1, 1)).expect("two pieces");
        assert_eq!(segments.pieces(), 2);
        let mut seen = std::collections::BTreeMap::new();
        for sequence in (0..100).flat_map(|iteration| segments.draw(iteration, 4)) {
            assert_eq!(sequence.len(), 31);
            let Frame::Step { chord, step_in_bar: 0 } = sequence.frames[0] else {
                panic!("starts on a bar line")
            };
            *seen.entry(chord.keys().collect::<Vec<_>>()).or_insert(0) += 1;
        }
        let counts: Vec<_> = seen.into_iter().collect();
        let keys: Vec<_> = counts.iter().map(|(keys, _)| keys.as_slice()).collect();
        assert_eq!(keys, [[40, 60], [41, 60], [41, 61], [41, 62]]);
        assert!((150..250).contains(&counts[0].1), "pieces alike: {counts:?}");

        let by_length = Settings { weighting: Weighting::Length, ..settings };
        let segments = Segments::new(&by_length, &pieces, Random::new(1, 1)).expect("two pieces");
        let short = (0..100).flat_map(|iteration| segments.draw(iteration, 4));
        let short = short.filter(|s| s.targets[0].plays(40)).count();
        assert!((60..140).contains(&short), "segments alike: {short} of 400");
    }

    #[test]
    fn a_draw_depends_on_its_place_and_transposes_within_bounds() {
        let settings = settings(Weighting::Piece);
        let pieces = [piece(101, 48)];
        let segments = Segments::new(&settings, &pieces, Random::new(9, 1)).expect("a piece");
        assert_eq!(segments.draw(5, 4), segments.draw(5, 4));
        assert_eq!(segments.draw(5, 4)[..2], segments.draw(5, 2)[..]);
        let mut shifts = std::collections::BTreeSet::new();
        for sequence in segments.draw(7, 200) {
            let lowest = sequence.targets[0].keys().next().expect("a key");
            shifts.insert(i16::from(lowest) - 60);
            assert!(sequence.targets.iter().all(|c| c.keys().all(|key| key <= 101)));
        }
        assert_eq!((shifts.first(), shifts.last()), (Some(&-5), Some(&7)), "bars 0 and 1");
    }
}

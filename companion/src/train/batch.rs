//! What is trained on: segments of pieces, transposed (model.md, section 7).
//!
//! A source is drawn if they have weights, then a piece of it (all alike, or by the number of
//! its segments), then a start uniformly over the bar lines, or the multiples of
//! [`Settings::align`], at which a whole segment fits, the last one included, then a transposition
//! uniformly over the range allowed; notes that leave the keyboard are dropped. Who of the segment
//! is the musician, and what becomes of it, is up to [`duet`]. The draw depends on the seed, the
//! iteration and the place in the batch alone.

use anacrusis::model::Config;
use anyhow::{Result, bail, ensure};

use super::duet;
use super::random::Random;
use crate::arrangement::Arrangement;
use crate::sequence::Sequence;
use crate::settings::{Duet, Settings, Weighting};

/// Purposes of a segment's random numbers beside where it is taken from.
const PLAYERS: u64 = 1;

/// The pieces long enough for a segment, and how to draw from them.
pub struct Segments<'a> {
    config: &'a Config,
    duet: Duet,
    pieces: Vec<Arrangement<'a>>,
    /// Of each piece, where segments can begin.
    starts: Vec<Vec<usize>>,
    /// Running sum of the weights of the pieces.
    weights: Vec<usize>,
    steps: usize,
    transpose: [i8; 2],
    random: Random,
}

impl<'a> Segments<'a> {
    /// Draws from those of `pieces` that are long enough. With each goes the index of its
    /// source, which tells its place in [`Settings::data_weights`].
    ///
    /// # Errors
    /// If none is long enough, or none of a source that has a weight.
    pub fn new(
        settings: &'a Settings,
        pieces: impl IntoIterator<Item = (usize, Arrangement<'a>)>,
        random: Random,
    ) -> Result<Segments<'a>> {
        let (config, steps, transpose) = (&settings.network, settings.steps, settings.transpose);
        let shortest = settings.min_steps();
        let long = |(_, piece): &(usize, Arrangement<'_>)| piece.roll.len() >= shortest;
        let (sources, pieces): (Vec<usize>, Vec<Arrangement<'_>>) =
            pieces.into_iter().filter(long).unzip();
        ensure!(!pieces.is_empty(), "no training piece is as long as a segment; lower --steps");
        let starts: Vec<Vec<usize>> =
            pieces.iter().map(|piece| starts(piece, steps, settings.align)).collect();
        let mut weights: Vec<usize> = starts
            .iter()
            .map(|starts| match settings.weighting {
                Weighting::Piece => 1,
                Weighting::Length => starts.len(),
            })
            .collect();
        if !settings.data_weights.is_empty() {
            mix(&mut weights, &sources, &settings.data_weights)?;
        }
        let mut sum = 0;
        for weight in &mut weights {
            sum += *weight;
            *weight = sum;
        }
        let duet = settings.duet();
        Ok(Segments { config, duet, pieces, starts, weights, steps, transpose, random })
    }

    /// Pieces that are drawn from.
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// The `size` sequences of one iteration.
    pub fn draw(&self, iteration: u64, size: usize) -> Vec<Sequence> {
        let batch = self.random.branch(iteration);
        (0..size).map(|place| self.segment(batch.branch(place as u64))).collect()
    }

    fn segment(&self, mut random: Random) -> Sequence {
        let (piece, start) = self.place(&mut random);
        let [low, high] = self.transpose;
        let semitones = low + random.below(usize::from((high - low).unsigned_abs()) + 1) as i8;
        let players = random.branch(PLAYERS);
        let (config, duet) = (self.config, &self.duet);
        let another = |random: &mut Random| self.place(random);
        duet::segment(config, duet, (piece, start, self.steps), semitones, players, another)
    }

    /// A piece, and where in it a segment begins.
    fn place(&self, random: &mut Random) -> (&Arrangement<'a>, usize) {
        let total = self.weights.last().copied().unwrap_or(1);
        let lot = random.below(total);
        let index = self.weights.partition_point(|sum| *sum <= lot);
        let starts = &self.starts[index];
        (&self.pieces[index], starts[random.below(starts.len())])
    }
}

/// Where a segment of `steps` can begin in a piece: at multiples of `align` or, if that is 0, at
/// bar lines. A shorter piece is a segment by itself.
fn starts(piece: &Arrangement<'_>, steps: usize, align: usize) -> Vec<usize> {
    let last = piece.roll.len().saturating_sub(steps);
    if align > 0 {
        return (0..=last).step_by(align).collect();
    }
    let bars = piece.metres.bars(last as i64 + 1);
    // None is negative.
    let lines = bars.map(|bar| bar.start as usize);
    // The piece may begin within a bar.
    let mut starts: Vec<usize> =
        lines.filter(|line| piece.metres.position(*line as i64).in_bar == 0).collect();
    if starts.is_empty() {
        starts.push(0);
    }
    starts
}

/// Scales the weights of pieces so that each source gets its share of all, in parts of 2^30.
fn mix(weights: &mut [usize], sources: &[usize], shares: &[f64]) -> Result<()> {
    const PARTS: f64 = (1 << 30) as f64;
    let mut sums = vec![0; shares.len()];
    for (weight, source) in weights.iter().zip(sources) {
        sums[*source] += weight;
    }
    if let Some(empty) = sums.iter().position(|sum| *sum == 0) {
        bail!(
            "--data number {} has a weight but no training piece as long as a segment: leave it \
             out, or lower --steps",
            empty + 1
        );
    }
    let all: f64 = shares.iter().sum();
    for (weight, source) in weights.iter_mut().zip(sources) {
        let share = shares[*source] / all * *weight as f64 / sums[*source] as f64;
        // At most 2^30.
        *weight = (share * PARTS).round().max(1.0) as usize;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anacrusis::music::{Chord, Metres, PianoRoll, Signature};

    fn settings(weighting: Weighting) -> Settings {
        let network = Config { time: vec![4], note: vec![4], ..Config::default() };
        Settings { network, steps: 32, weighting, ..Settings::default() }
    }

    /// Step s of the piece plays key `base` and a second one telling the bar.
    fn piece(base: u8, length: usize) -> PianoRoll {
        (0..length).map(|s| Chord::struck_keys([base, 60 + (s / 16) as u8])).collect()
    }

    fn segments<'a>(
        settings: &'a Settings,
        pieces: &'a [PianoRoll],
        metres: &'a Metres,
        seed: u64,
    ) -> Segments<'a> {
        let pieces = pieces.iter().map(|roll| (0, Arrangement::whole(roll, metres)));
        Segments::new(settings, pieces, Random::new(seed, 1)).expect("a piece")
    }

    #[test]
    fn sources_get_their_shares_however_many_pieces_they_hold() {
        let settings = Settings { transpose: [0, 0], ..settings(Weighting::Length) };
        // Keys 40 to 46 in source 0, 50 in source 1, 51 too, which is three times as long.
        let mut pieces: Vec<_> = (40..47).map(|base| (0, piece(base, 64))).collect();
        pieces.extend([(1, piece(50, 32)), (1, piece(51, 64)), (2, piece(52, 31))]);
        let metres = Metres::default();
        let draw = |data_weights: &[f64]| -> Result<[usize; 3]> {
            let settings = Settings { data_weights: data_weights.to_vec(), ..settings.clone() };
            let whole = |roll| Arrangement::whole(roll, &metres);
            let pieces = pieces.iter().map(|(source, roll)| (*source, whole(roll)));
            let segments = Segments::new(&settings, pieces, Random::new(4, 1))?;
            let mut counts = [0; 3];
            for sequence in (0..1000).flat_map(|iteration| segments.draw(iteration, 4)) {
                let plays = |key| usize::from(sequence.targets[0].chord.plays(key));
                counts[0] += (40..47).map(plays).sum::<usize>();
                counts[1] += plays(50);
                counts[2] += plays(51);
            }
            Ok(counts)
        };
        let [one, short, long] = draw(&[1.0, 3.0]).expect("both have pieces");
        assert_eq!(one + short + long, 4000);
        assert!((900..1100).contains(&one), "a quarter: {one}");
        assert!((650..850).contains(&short), "a quarter of the rest: {short}");
        let [one, ..] = draw(&[1e6, 1e-6]).expect("both have pieces");
        assert_eq!(one, 4000);
        let [one, ..] = draw(&[]).expect("without weights");
        assert!((3300..3500).contains(&one), "21 of 25 segments: {one}");
        let error = draw(&[1.0, 1.0, 1.0]).expect_err("too short").to_string();
        assert!(error.contains("number 3"), "{error}");
    }

    #[test]
    fn every_start_is_reached_the_last_included_and_short_pieces_are_left_out() {
        let settings = Settings { transpose: [0, 0], ..settings(Weighting::Piece) };
        let pieces = [piece(40, 32), piece(41, 64), piece(42, 31)];
        let metres = Metres::default();
        let segments = segments(&settings, &pieces, &metres, 1);
        assert_eq!(segments.pieces(), 2);
        let mut seen = std::collections::BTreeMap::new();
        for sequence in (0..100).flat_map(|iteration| segments.draw(iteration, 4)) {
            assert_eq!(sequence.len(), 31);
            assert_eq!(sequence.frames[0].position.in_bar, 0, "starts on a bar line");
            *seen.entry(sequence.frames[0].own.keys().collect::<Vec<_>>()).or_insert(0) += 1;
        }
        let counts: Vec<_> = seen.into_iter().collect();
        let keys: Vec<_> = counts.iter().map(|(keys, _)| keys.as_slice()).collect();
        assert_eq!(keys, [[40, 60], [41, 60], [41, 61], [41, 62]]);
        assert!((150..250).contains(&counts[0].1), "pieces alike: {counts:?}");

        let by_length = Settings { weighting: Weighting::Length, ..settings };
        let segments = self::segments(&by_length, &pieces, &metres, 1);
        let short = (0..100).flat_map(|iteration| segments.draw(iteration, 4));
        let short = short.filter(|s| s.targets[0].chord.plays(40)).count();
        assert!((60..140).contains(&short), "segments alike: {short} of 400");
    }

    #[test]
    fn segments_begin_on_bar_lines_of_any_metre() {
        let settings = Settings { transpose: [0, 0], ..settings(Weighting::Piece) };
        let waltz = Signature::new(3, 4).expect("a metre");
        // A pickup of a quarter, then 3/4.
        let metres = Metres::new([(4, waltz)]);
        let pieces = [(0..72).map(|s| Chord::struck_keys([30 + s as u8])).collect::<PianoRoll>()];
        let segments = segments(&settings, &pieces, &metres, 3);
        let mut starts = std::collections::BTreeSet::new();
        for sequence in (0..50).flat_map(|iteration| segments.draw(iteration, 4)) {
            assert_eq!(sequence.frames[0].position, waltz.position(0));
            starts.insert(sequence.frames[0].own.keys().next().map(|key| key - 30));
        }
        assert_eq!(starts.into_iter().flatten().collect::<Vec<_>>(), [4, 16, 28, 40]);
    }

    #[test]
    fn a_draw_depends_on_its_place_and_transposes_within_bounds() {
        let settings = settings(Weighting::Piece);
        let pieces = [piece(101, 48)];
        let metres = Metres::default();
        let segments = segments(&settings, &pieces, &metres, 9);
        assert_eq!(segments.draw(5, 4), segments.draw(5, 4));
        assert_eq!(segments.draw(5, 4)[..2], segments.draw(5, 2)[..]);
        let mut shifts = std::collections::BTreeSet::new();
        for sequence in segments.draw(7, 200) {
            let lowest = sequence.targets[0].chord.keys().next().expect("a key");
            shifts.insert(i16::from(lowest) - 60);
            assert!(sequence.targets.iter().all(|t| t.chord.keys().all(|key| key <= 101)));
        }
        assert_eq!((shifts.first(), shifts.last()), (Some(&-5), Some(&7)), "bars 0 and 1");
    }
}

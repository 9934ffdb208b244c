//! Metre: where bar lines lie in a piece, and where a step lies in its bar.
//!
//! A piece carries pairs of a step and a [`Signature`] ([`Metres`]); each pair is a bar line, and
//! bars of its signature follow it until the next pair. A [`BarPosition`] is what the network is told
//! of a step: the step in its beat, the beat in its bar, and how the bar is counted
//! (listener.md, section 2).

use std::fmt;
use std::ops::Range;

/// Sixteenths in a whole note.
const STEPS_PER_WHOLE: i64 = 16;

/// Steps in a beat, unless the metre is compound.
const BEAT_STEPS: i64 = 4;

/// Steps in a beat of a compound metre: a dotted quarter.
const COMPOUND_BEAT_STEPS: i64 = 6;

/// A time signature, `numerator/denominator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature {
    numerator: u16,
    denominator: u16,
}

impl Signature {
    /// 4/4, in which a piece is that says nothing else.
    pub const COMMON: Signature = Signature { numerator: 4, denominator: 4 };

    /// Largest numerator and denominator.
    pub const MAX: u16 = 256;

    /// A signature, unless the numerator is not 1 to 256 or the denominator no power of two from
    /// 1 to 256.
    pub const fn new(numerator: u32, denominator: u32) -> Option<Signature> {
        let max = Signature::MAX as u32;
        let sane = numerator >= 1
            && numerator <= max
            && denominator <= max
            && denominator.is_power_of_two();
        if !sane {
            return None;
        }
        // At most 256.
        Some(Signature { numerator: numerator as u16, denominator: denominator as u16 })
    }

    /// What is counted above the line, 1 to 256.
    pub const fn numerator(self) -> u16 {
        self.numerator
    }

    /// The note that is counted, a power of two from 1 to 256.
    pub const fn denominator(self) -> u16 {
        self.denominator
    }

    /// Whether it is counted in dotted quarters: 3/8, 6/8, 9/8, 12/8 and so on.
    pub const fn is_compound(self) -> bool {
        self.denominator == 8 && self.numerator.is_multiple_of(3)
    }

    /// Steps in a beat: 6 in compound metres, else 4. The last beat of a bar may be shorter.
    const fn beat_steps(self) -> i64 {
        if self.is_compound() { COMPOUND_BEAT_STEPS } else { BEAT_STEPS }
    }

    /// Beats in a bar, a shorter last one counted; 1 to 1024.
    pub fn beats(self) -> u16 {
        let (numerator, denominator) = self.ratio();
        let beats = (STEPS_PER_WHOLE * numerator).div_euclid(denominator * self.beat_steps());
        let rest = (STEPS_PER_WHOLE * numerator).rem_euclid(denominator * self.beat_steps());
        // At most 16 * 256 / 4.
        (beats + i64::from(rest > 0)) as u16
    }

    /// Where the bar of number `bar` begins, in steps from bar 0: `ceil(16 n bar / d)`, since a
    /// bar such as one of 9/32 may not be a whole number of steps.
    fn bar_start(self, bar: i64) -> i64 {
        let (numerator, denominator) = self.ratio();
        -(-STEPS_PER_WHOLE * numerator * bar).div_euclid(denominator)
    }

    /// The bar that holds `step`, both counted from bar 0; negative before it.
    fn bar_at(self, step: i64) -> i64 {
        let (numerator, denominator) = self.ratio();
        (step * denominator).div_euclid(STEPS_PER_WHOLE * numerator)
    }

    /// Whether a whole bar fits into so many steps.
    fn bar_fits(self, steps: i64) -> bool {
        let (numerator, denominator) = self.ratio();
        steps * denominator >= STEPS_PER_WHOLE * numerator
    }

    /// Most steps in a bar, at least 1.
    pub fn bar_steps(self) -> i64 {
        self.bar_start(1)
    }

    /// The place of the step that lies `step` steps after a bar line; bars of this signature
    /// extend from there in both directions.
    pub fn position(self, step: i64) -> BarPosition {
        let in_bar = step - self.bar_start(self.bar_at(step));
        // A bar has at most 4096 steps and 1024 beats.
        BarPosition {
            signature: self,
            in_beat: (in_bar % self.beat_steps()) as u8,
            beat: (in_bar / self.beat_steps()) as u16,
            beats: self.beats(),
            compound: self.is_compound(),
            in_bar: in_bar as u16,
            bar_steps: self.bar_steps() as u16,
        }
    }

    fn ratio(self) -> (i64, i64) {
        (i64::from(self.numerator), i64::from(self.denominator))
    }
}

impl Default for Signature {
    fn default() -> Self {
        Signature::COMMON
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

/// Where a step lies in its bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BarPosition {
    /// The metre of the bar.
    pub signature: Signature,
    /// Step in the beat: 0 to 3, in compound metres 0 to 5.
    pub in_beat: u8,
    /// Beat in the bar, from 0.
    pub beat: u16,
    /// Beats in the bar, a shorter last one counted.
    pub beats: u16,
    /// Whether a beat has six steps.
    pub compound: bool,
    /// Steps since the bar line.
    pub in_bar: u16,
    /// Steps in the bar: of sixteenths those of the metre, of eighths half as many. At least 1.
    pub bar_steps: u16,
}

impl BarPosition {
    /// The position of the step before, if nothing but bars of this metre went before.
    #[must_use]
    pub fn before(self) -> BarPosition {
        let in_bar = self.in_bar.checked_sub(1).unwrap_or(self.bar_steps.saturating_sub(1));
        let before = self.signature.position(in_bar.into());
        BarPosition { in_bar, bar_steps: self.bar_steps, ..before }
    }

    /// The position of the step after, likewise.
    #[must_use]
    pub fn after(self) -> BarPosition {
        let in_bar = (self.in_bar + 1) % self.bar_steps.max(1);
        let after = self.signature.position(in_bar.into());
        BarPosition { in_bar, bar_steps: self.bar_steps, ..after }
    }
}

impl Default for BarPosition {
    /// The bar line of a bar of 4/4.
    fn default() -> Self {
        Signature::COMMON.position(0)
    }
}

/// The metres of a piece: which signature is in force at a step, and where its bar lines are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Metres {
    /// Rising; the first reaches back without end.
    spans: Vec<Span>,
}

/// A stretch in one signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Span {
    /// First step; of the first span it is not looked at.
    from: i64,
    /// A bar line, from which bars are counted in both directions.
    line: i64,
    signature: Signature,
}

impl Default for Metres {
    /// 4/4 from a bar line at step 0.
    fn default() -> Self {
        Metres::of(Signature::COMMON)
    }
}

impl Metres {
    /// The metres of pairs of a step and the signature in force from there, each pair a bar line;
    /// of several on one step the last one holds. Without any, 4/4 from step 0.
    ///
    /// Steps before the second pair are counted back from it: in the metre of the first or, if
    /// there is less than a bar of the second's between the two (a pickup that was written as a
    /// short bar), in that of the second.
    pub fn new(pairs: impl IntoIterator<Item = (i64, Signature)>) -> Metres {
        let mut sorted: Vec<(i64, Signature)> = pairs.into_iter().collect();
        sorted.sort_by_key(|(step, _)| *step);
        let mut spans: Vec<Span> = Vec::with_capacity(sorted.len());
        for (line, signature) in sorted {
            let span = Span { from: line, line, signature };
            match spans.last_mut() {
                Some(last) if last.from == line => *last = span,
                _ => spans.push(span),
            }
        }
        match spans.as_mut_slice() {
            [] => return Metres::default(),
            [_] => {}
            [first, second, ..] => {
                first.line = second.line;
                if !second.signature.bar_fits(second.from - first.from) {
                    first.signature = second.signature;
                }
            }
        }
        Metres { spans }
    }

    /// One signature throughout, from a bar line at step 0.
    pub fn of(signature: Signature) -> Metres {
        Metres { spans: vec![Span { from: 0, line: 0, signature }] }
    }

    /// Which span `step` lies in.
    fn span(&self, step: i64) -> usize {
        self.spans.partition_point(|span| span.from <= step).saturating_sub(1)
    }

    /// The signature in force at `step`.
    pub fn signature(&self, step: i64) -> Signature {
        self.spans[self.span(step)].signature
    }

    /// The signatures in their order, each with the first step that it is in force at; the first
    /// is also in force before.
    pub fn signatures(&self) -> impl Iterator<Item = (i64, Signature)> + '_ {
        self.spans.iter().map(|span| (span.from, span.signature))
    }

    /// Pairs that [`Metres::new`] makes the same bar lines of, from step 0 on.
    ///
    /// Where the first bar could not be counted back from what follows, a pair repeats its
    /// signature at the next bar line. Two things are lost: a first bar that was cut off to less
    /// than a bar of the signature after it reads as a pickup to that, and of bars that are no
    /// whole number of steps (9/32), which were cut off, the fraction.
    pub fn pairs(&self) -> Vec<(i64, Signature)> {
        let first = (0, self.signature(0));
        let later = self.signatures().filter(|(from, _)| *from > 0);
        let pairs: Vec<(i64, Signature)> = std::iter::once(first).chain(later).collect();
        if Metres::new(pairs.iter().copied()).position(0) == self.position(0) {
            return pairs;
        }
        let line = self.next_bar_line(0);
        let later = pairs.into_iter().filter(|(from, _)| *from > line);
        // That bar may have another signature already.
        [first, (line, self.signature(line))].into_iter().chain(later).collect()
    }

    /// Everything that these metres are: for each stretch of one signature its first step (of the
    /// first one it means nothing), a bar line that its bars are counted from, and the signature.
    pub fn spans(&self) -> impl Iterator<Item = (i64, i64, Signature)> + '_ {
        self.spans.iter().map(|span| (span.from, span.line, span.signature))
    }

    /// The metres whose [`spans`](Metres::spans) these are; `None` if there is none, or they do
    /// not rise.
    pub fn from_spans(spans: impl IntoIterator<Item = (i64, i64, Signature)>) -> Option<Metres> {
        let span = |(from, line, signature)| Span { from, line, signature };
        let spans: Vec<Span> = spans.into_iter().map(span).collect();
        let rising = spans.is_sorted_by(|a, b| a.from < b.from);
        (rising && !spans.is_empty()).then_some(Metres { spans })
    }

    /// Where `step` lies in its bar.
    pub fn position(&self, step: i64) -> BarPosition {
        let Span { line, signature, .. } = self.spans[self.span(step)];
        signature.position(step - line)
    }

    /// The bar line at or before `step`.
    pub fn bar_line(&self, step: i64) -> i64 {
        step - i64::from(self.position(step).in_bar)
    }

    /// The first bar line after `step`.
    pub fn next_bar_line(&self, step: i64) -> i64 {
        let index = self.span(step);
        let Span { line, signature, .. } = self.spans[index];
        let next = line + signature.bar_start(signature.bar_at(step - line) + 1);
        // A change of metre cuts the bar before it short.
        self.spans.get(index + 1).map_or(next, |span| next.min(span.from))
    }

    /// The bars that hold the steps `0 .. steps`, cut to that range.
    pub fn bars(&self, steps: i64) -> impl Iterator<Item = Range<i64>> + '_ {
        let mut from = 0;
        std::iter::from_fn(move || {
            (from < steps).then(|| {
                let bar = from..self.next_bar_line(from).min(steps);
                from = bar.end;
                bar
            })
        })
    }

    /// The same metres with `step` as step 0: those of a piece whose first steps were cut off, or
    /// of one that more was put before. Of what lies before, only the step before the new
    /// beginning is certain to keep its position.
    #[must_use]
    pub fn from_step(&self, step: i64) -> Metres {
        let first = self.span(step - 1);
        let shifted =
            |span: &Span| Span { from: span.from - step, line: span.line - step, ..*span };
        Metres { spans: self.spans[first..].iter().map(shifted).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(text: &str) -> Signature {
        let (n, d) = text.split_once('/').expect("n/d");
        Signature::new(n.parse().expect("n"), d.parse().expect("d")).expect("a signature")
    }

    fn metres(pairs: &[(i64, &str)]) -> Metres {
        Metres::new(pairs.iter().map(|(step, text)| (*step, signature(text))))
    }

    #[test]
    fn bars_begin_where_the_signature_says() {
        let lines =
            |m: &Metres, steps: i64| -> Vec<i64> { m.bars(steps).map(|bar| bar.start).collect() };
        assert_eq!(lines(&Metres::default(), 40), [0, 16, 32]);
        assert_eq!(lines(&metres(&[(0, "3/4"), (24, "6/8")]), 50), [0, 12, 24, 36, 48]);
        assert_eq!(lines(&metres(&[(0, "1/4"), (4, "4/4")]), 40), [0, 4, 20, 36], "a pickup");
        assert_eq!(lines(&metres(&[(0, "4/4"), (36, "3/4")]), 50), [0, 4, 20, 36, 48]);
        assert_eq!(lines(&metres(&[(0, "4/4"), (16, "4/4"), (26, "4/4")]), 44), [0, 16, 26, 42]);
        assert_eq!(lines(&metres(&[(0, "9/32")]), 20), [0, 5, 9, 14, 18]);
    }

    #[test]
    fn nonsense_is_no_signature() {
        for (n, d) in [(0, 4), (4, 0), (4, 3), (257, 4), (4, 512)] {
            assert_eq!(Signature::new(n, d), None, "{n}/{d}");
        }
        assert_eq!(signature("6/8").to_string(), "6/8");
    }

    #[test]
    fn cutting_the_beginning_off_moves_no_bar_line() {
        let all = [
            metres(&[]),
            metres(&[(0, "3/4")]),
            metres(&[(0, "1/4"), (4, "4/4")]),
            metres(&[(0, "4/4"), (32, "3/4"), (44, "6/8"), (56, "2/2")]),
            metres(&[(0, "4/4"), (16, "3/4"), (24, "4/4")]),
            metres(&[(0, "4/4"), (16, "4/4"), (26, "4/4"), (90, "7/8")]),
            metres(&[(0, "9/32"), (14, "5/8"), (20, "3/4")]),
        ];
        for metres in all {
            for cut in 0..70 {
                let rest = metres.from_step(cut);
                for step in cut - 1..120 {
                    let (a, b) = (metres.position(step), rest.position(step - cut));
                    assert_eq!(a, b, "{metres:?} cut at {cut}: {rest:?}, step {step}");
                }
            }
        }
    }
}

//! Our own transport: what a host would say, from a musician's wishes.

use anacrusis::jam::conductor::{Conductor, Wishes};
use proptest::prelude::*;

const RATE: f64 = 48_000.0;

fn wishes() -> Wishes {
    Wishes { playing: true, ..Wishes::default() }
}

/// The position after `samples` in blocks of `block`.
fn played(conductor: &mut Conductor, wishes: Wishes, samples: u32, block: u32) -> f64 {
    let mut left = samples;
    while left > 0 {
        conductor.transport(wishes, RATE);
        conductor.advance(left.min(block));
        left -= left.min(block);
    }
    conductor.transport(wishes, RATE).position_beats.expect("a position")
}

#[test]
fn a_minute_has_as_many_beats_as_the_tempo_says() {
    for tempo_bpm in [40.0, 93.7, 120.0, 250.0] {
        let position =
            played(&mut Conductor::default(), Wishes { tempo_bpm, ..wishes() }, 60 * 48_000, 477);
        assert!((position - tempo_bpm).abs() < 1e-9, "{position} beats at {tempo_bpm}");
    }
}

#[test]
fn it_stops_goes_on_and_goes_to_the_top() {
    let mut conductor = Conductor::default();
    assert_eq!(played(&mut conductor, wishes(), 48_000, 64), 2.0);
    let stopped = Wishes { playing: false, ..wishes() };
    assert_eq!(played(&mut conductor, stopped, 48_000, 64), 2.0, "stopped, it stays");
    assert!(!conductor.transport(stopped, RATE).playing);
    assert_eq!(played(&mut conductor, wishes(), 24_000, 64), 3.0, "and goes on from there");
    let top = Wishes { jumps: 1, ..wishes() };
    assert_eq!(conductor.transport(top, RATE).position_beats, Some(0.0));
    assert_eq!(played(&mut conductor, top, 24_000, 64), 1.0, "once");
}

#[test]
fn it_goes_to_a_bar_of_the_metre() {
    let mut conductor = Conductor::default();
    played(&mut conductor, wishes(), 3 * 24_000, 64);
    let there = Wishes { jumps: 1, bar: 5, ..wishes() };
    assert_eq!(conductor.transport(there, RATE).position_beats, Some(16.0));
    // Bars of 3/4 from the bar line at beat 16 on, and backwards from it.
    let waltz = Wishes { signature: (3, 4), ..there };
    played(&mut conductor, waltz, 24_000, 64);
    let next = Wishes { jumps: 2, bar: 7, ..waltz };
    let transport = conductor.transport(next, RATE);
    assert_eq!(transport.position_beats, transport.bar_start_beats);
    assert_eq!(transport.position_beats, Some(16.0));
}

#[test]
fn another_tempo_holds_from_where_the_head_is() {
    let mut conductor = Conductor::default();
    assert_eq!(played(&mut conductor, wishes(), 48_000, 100), 2.0);
    let fast = Wishes { tempo_bpm: 240.0, ..wishes() };
    let transport = conductor.transport(fast, RATE);
    assert_eq!((transport.position_beats, transport.tempo_bpm), (Some(2.0), Some(240.0)));
    assert_eq!(played(&mut conductor, fast, 48_000, 100), 6.0);
}

#[test]
fn bars_follow_the_signature() {
    let mut conductor = Conductor::default();
    let waltz = Wishes { signature: (3, 4), ..wishes() };
    conductor.transport(waltz, RATE);
    assert_eq!(played(&mut conductor, waltz, 7 * 24_000, 64), 7.0);
    assert_eq!(conductor.transport(waltz, RATE).bar_start_beats, Some(6.0));
    // The bar that began at 6 becomes one of 5/8: the next begin at 8.5, 11, ...
    let odd = Wishes { signature: (5, 8), ..wishes() };
    assert_eq!(conductor.transport(odd, RATE).bar_start_beats, Some(6.0));
    assert_eq!(played(&mut conductor, odd, 2 * 24_000, 64), 9.0);
    assert_eq!(conductor.transport(odd, RATE).bar_start_beats, Some(8.5));
}

proptest! {
    #[test]
    fn no_partition_moves_it(block in 1..5_000u32, tempo_bpm in 20.0..400.0f64) {
        let wishes = Wishes { tempo_bpm, ..wishes() };
        let whole = played(&mut Conductor::default(), wishes, 1_000_000, 1_000_000);
        let parts = played(&mut Conductor::default(), wishes, 1_000_000, block);
        prop_assert_eq!(whole.to_bits(), parts.to_bits());
    }
}

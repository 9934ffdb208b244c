//! How loud the shipped network plays beside a musician who swells, in the built plugin.

use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Recording, Script};

use crate::support::{FORMATS, run};

/// Beats of the music: 12 bars that swell, and 12 that fade.
const BEATS: usize = 96;

/// A tune of two bars, a key on each beat.
const TUNE: [u8; 8] = [72, 74, 76, 79, 77, 76, 74, 71];

/// How hard the musician strikes the key of a beat: 30 at both ends, 120 in the middle.
fn struck(beat: usize) -> f64 {
    let half = BEATS / 2;
    let up = if beat < half { beat } else { BEATS - 1 - beat };
    (30 + 90 * up / (half - 1)) as f64
}

/// A musician who plays the tune, in a host that waits for every chord.
fn swelling(dynamics: &str) -> Script {
    let script = Script::new(48_000.0, 256).without_thru().set("Wait for notes", "On");
    let script = script.set("Dynamics", dynamics).live(1.0).samples(4_800);
    let mut script = script.then(Action::Pace(None)).play();
    for (beat, key) in (0..BEATS).zip(TUNE.into_iter().cycle()) {
        script = script.note_on_at(key, struck(beat) / 127.0).beats(0.9).note_off(key).beats(0.1);
    }
    script.stop().samples(9_600)
}

/// The mean velocity of what begins in each bar beside them; bars without an onset are left out.
fn bars(recording: &Recording) -> Vec<(usize, f64)> {
    let bar = |bar: usize| {
        let inside = |beats: f64| (4 * bar..4 * bar + 4).contains(&(beats as usize));
        let of_bar: Vec<f64> = (recording.onsets())
            .filter(|event| event.position_beats >= 0.0 && inside(event.position_beats))
            .map(|event| 127.0 * event.velocity)
            .collect();
        (!of_bar.is_empty()).then(|| (bar, of_bar.iter().sum::<f64>() / of_bar.len() as f64))
    };
    (0..BEATS / 4).filter_map(bar).collect()
}

/// Pearson's correlation of pairs.
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let count = pairs.len() as f64;
    let mean_a = pairs.iter().map(|(a, _)| a).sum::<f64>() / count;
    let mean_b = pairs.iter().map(|(_, b)| b).sum::<f64>() / count;
    let sum = |product: &dyn Fn(f64, f64) -> f64| -> f64 {
        pairs.iter().map(|(a, b)| product(a - mean_a, b - mean_b)).sum()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

#[test]
fn it_swells_and_fades_with_the_musician() {
    let played = |bar: usize| (4 * bar..4 * bar + 4).map(struck).sum::<f64>() / 4.0;
    for format in FORMATS {
        let heard = bars(&run(format, &swelling("100 %")));
        println!("{format:?}: the musician's and the accompaniment's mean velocity, bar by bar");
        for (bar, velocity) in &heard {
            let drawn = "=".repeat((velocity / 2.0) as usize);
            println!("  {:2}  {:5.1}  {velocity:5.1}  {drawn}", bar + 1, played(*bar));
        }
        let pairs: Vec<(f64, f64)> = heard.iter().map(|(bar, own)| (played(*bar), *own)).collect();
        let together = correlation(&pairs);
        println!("  correlation {together:.3}");
        assert!(pairs.len() >= BEATS / 8, "it played in {} bars alone", pairs.len());
        assert!(together > 0.8, "{format:?}: {together}");

        let flat = bars(&run(format, &swelling("0 %")));
        let least = flat.iter().map(|(_, own)| *own).fold(f64::MAX, f64::min);
        let most = flat.iter().map(|(_, own)| *own).fold(0.0, f64::max);
        println!("  without Dynamics {least:.1} to {most:.1}");
        assert!(most - least < 10.0, "{format:?}: {least} to {most}");
    }
}

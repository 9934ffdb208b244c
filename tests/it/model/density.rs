//! The density knob on the shipped model: more is more, and nothing runs away.

use std::thread;

use anacrusis::jam::controls::Shaping;
use anacrusis::jam::link::{Place, Request};
use anacrusis::jam::planner::{Model, Planner};
use anacrusis::jam::take::Recall;
use anacrusis::model::density::Amount;
use anacrusis::model::{Checkpoint, Engine, Rules, Texture};
use anacrusis::music::{Chord, STEPS_PER_BAR, Signature, Step};
use anacrusis_test_host::performer::shipped;

const STEPS: i64 = 16 * STEPS_PER_BAR as i64;
/// Some seeds settle on a few notes that they strike at every step, too certain for any lean
/// to move: with few seeds that is what the mean shows.
const SEEDS: u64 = 8;
const KNOB: [f32; 4] = [0.5, 0.8, 1.25, 2.0];

/// Notes per step that one performance has in all, and in its last half.
fn play(checkpoint: &Checkpoint, temperature: f32, density: f32, seed: u64) -> [Amount; 2] {
    let mut planner = Planner::<Engine>::new(Model::from(checkpoint.clone()));
    let shaping = Shaping { temperature, density, ..Shaping::default() };
    let mut before = Chord::SILENT;
    let mut sums = [Amount::default(); 2];
    for k in 0..STEPS {
        let request = Request {
            place: Place { index: k, pass: 0, step: Step(k) },
            position: Signature::COMMON.position(k),
            anchor: k == 0,
            seed,
            shaping,
            ..Request::default()
        };
        let chord = planner
            .plan(&request, &Recall::default(), &mut || true)
            .expect("nothing stops it")
            .chord;
        let amount = Amount::of(chord, before);
        before = chord;
        for (sum, from, steps) in [(0, 0, STEPS), (1, STEPS / 2, STEPS / 2)] {
            if k >= from {
                sums[sum].sounding += amount.sounding / steps as f64;
                sums[sum].beginning += amount.beginning / steps as f64;
            }
        }
    }
    sums
}

#[test]
fn more_density_is_more_notes_and_none_runs_away() {
    let checkpoint = shipped();
    let texture = Texture::learnt(&checkpoint.meta, checkpoint.config().range());
    let table = thread::scope(|scope| {
        let row = |temperature: f32| {
            let checkpoint = &checkpoint;
            scope.spawn(move || {
                KNOB.map(|density| {
                    (1..=SEEDS)
                        .map(|seed| play(checkpoint, temperature, density, seed))
                        .collect::<Vec<_>>()
                })
            })
        };
        [0.7, 0.9, 1.1].map(|t| (t, row(t))).map(|(t, row)| (t, row.join().expect("it plays")))
    });
    for (temperature, row) in table {
        let mut last = Amount::default();
        for (density, performances) in KNOB.into_iter().zip(row) {
            let asked = texture.asked(&Rules::default(), density);
            let mean = |of: fn(&Amount) -> f64| {
                performances.iter().map(|[all, _]| of(all)).sum::<f64>() / SEEDS as f64
            };
            let now =
                Amount { sounding: mean(|a| a.sounding), beginning: mean(|a| a.beginning), ..last };
            println!(
                "temperature {temperature}, density {density}: {:.2} notes sound ({:.2} asked \
                 for), {:.2} begin ({:.2})",
                now.sounding, asked.sounding, now.beginning, asked.beginning
            );
            assert!(now.sounding > last.sounding, "{now:?} after {last:?}");
            assert!(now.beginning > last.beginning, "{now:?} after {last:?}");
            last = now;
            for [_, late] in performances {
                let most = 2.0 * asked.sounding + 1.0;
                assert!(late.sounding < most, "{} sound at last, {most} at most", late.sounding);
            }
        }
    }
}

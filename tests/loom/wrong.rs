//! A checker that finds nothing where something is wrong would be none.

use crate::live::{ask_anew, nothing_old};
use crate::network::model;
use crate::stage::{Brain, Stage, explore};
use crate::waits::waited_for;
use anacrusis::jam::link::{Planned, WorkerEnd};
use anacrusis::jam::planner::Planner;
use anacrusis::jam::sync::stand_in::careless_rings;
use anacrusis::jam::take::Recall;

/// Looks of the forger at its ring: enough for what is asked of it.
const LOOKS: usize = 4;

/// A worker that stamps each plan with the epoch of the moment at which it sends it, as if it
/// could not be old.
fn forge(mut end: WorkerEnd) {
    let mut planner = Planner::new(model(0));
    // It need not be stopped.
    for _ in 0..LOOKS {
        match end.request() {
            Some(request) => {
                let planned = planner
                    .plan(&request, &Recall::default(), &mut || true)
                    .expect("nothing ends it");
                end.send(Planned { epoch: end.epoch(), ..planned });
            }
            None => loom::thread::yield_now(),
        }
    }
}

#[test]
#[should_panic(expected = "an old plan sounds")]
fn a_plan_that_hides_its_age_is_found() {
    explore("forged", 3, || {
        let mut forger = None;
        let mut stage = Stage::with(|end| {
            let thread = loom::thread::Builder::new().stack_size(1 << 16);
            forger = thread.spawn(move || forge(end)).ok();
            Brain::Other
        });
        stage.explore();
        ask_anew(&mut stage);
        let ended = stage.end();
        forger.map(|forger| forger.join());
        nothing_old(&ended.onsets)
    });
}

/// The worker then finds a request and not the epoch that was announced before it.
#[test]
#[should_panic(expected = "chords never came")]
fn a_ring_that_publishes_nothing_is_found() {
    fn script(stage: &mut Stage) {
        careless_rings(true);
        ask_anew(stage);
        careless_rings(false);
    }
    explore("careless rings", 3, || waited_for(script));
}

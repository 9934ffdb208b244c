//! The host's metre is that in which the network is told of steps, the editor counts, and the take is
//! gone on from.

use super::host::{Host, tell_step};
use super::plan::{Hash, ask, model};
use super::take::played;
use anacrusis::jam::link::Request;
use anacrusis::jam::planner::{Biaxial, Model, Planner, Prompts};
use anacrusis::jam::take::{Played, Recall, Take};
use anacrusis::model::config::Start;
use anacrusis::model::{Frame, Given};
use anacrusis::music::{BarPosition, Chord, Grid, KeyRange, Metre, Signature, Step};
use std::sync::{Arc, Mutex};

/// Metres of the host, and sixteenths in a bar of them.
const METRES: [((i32, i32), i64); 5] =
    [((4, 4), 16), ((3, 4), 12), ((6, 8), 12), ((7, 8), 14), ((5, 4), 20)];

fn signature((above, below): (i32, i32)) -> Signature {
    Signature::new(above.unsigned_abs(), below.unsigned_abs()).expect("a metre")
}

/// What was asked for lies in bars of a metre of which one begins with step `first`.
fn lies_in(requests: &[Request], metre: (i32, i32), bar_steps: i64, first: i64) {
    for Request { place, position, .. } in requests {
        let told = (position.signature, position.in_bar.into(), position.bar_steps.into());
        let in_bar = (place.step.0 - first).rem_euclid(bar_steps);
        assert_eq!(told, (signature(metre), in_bar, bar_steps), "{place:?} in {metre:?}");
    }
}

#[test]
fn the_network_is_told_where_a_step_lies_in_the_hosts_bar_and_the_editor_counts_it() {
    for (metre, bar_steps) in METRES {
        let mut host = Host::parked(tell_step);
        // A bar begins with the third step.
        host.transport.bar_start_beats = Some(0.5);
        host.transport.time_signature = Some(metre);
        host.requests.clear();
        host.run_served(400, 480);
        assert!(host.requests.len() >= 32, "{} requests", host.requests.len());
        lies_in(&host.requests, metre, bar_steps, 2);
        assert_eq!(host.status().metre, Metre::new(0.5, metre.0, metre.1));
    }
}

#[test]
fn a_metre_that_changes_holds_from_the_next_commit_point() {
    let mut host = Host::parked(tell_step);
    host.transport.time_signature = Some((4, 4));
    host.transport.bar_start_beats = Some(0.0);
    host.run_served(200, 480);
    host.requests.clear();
    host.transport.time_signature = Some((3, 4));
    host.transport.bar_start_beats = Some(4.0);
    host.run_served(200, 480);
    assert!(host.requests.len() >= 15, "{} requests", host.requests.len());
    lies_in(&host.requests, (3, 4), 12, 16);
    assert_eq!(host.status().metre, Metre::new(4.0, 3, 4));
}

#[test]
fn playback_goes_on_from_a_take_in_the_metre_of_now() {
    for (metre, bar_steps) in METRES {
        let mut take = Take::default();
        for step in 0..32 {
            let step_in_bar = (step % bar_steps) as u16;
            let chord = Chord::struck_keys([60]);
            take.record(Played { step_in_bar, ..played(0, step, chord) });
        }
        let position = Grid::default().position(Step(32), Metre::new(0.0, metre.0, metre.1));
        let recall = take.recall(&Request { position, ..ask(0, 32) }, take.end(), true);
        let told: Vec<BarPosition> = recall.prompt.iter().map(|frame| frame.position).collect();
        let expected: Vec<BarPosition> = (0..32).map(|s| signature(metre).position(s)).collect();
        assert_eq!(told, expected, "{metre:?}");
    }
}

/// Writes down with which positions it was fed.
#[derive(Clone, Default)]
struct Listening {
    hash: Hash,
    fed: Arc<Mutex<Vec<BarPosition>>>,
}

impl Biaxial for Listening {
    type State = u64;
    type Prepared = u64;

    fn new_state(&self) -> u64 {
        self.hash.new_state()
    }

    fn new_prepared(&self) -> u64 {
        self.hash.new_prepared()
    }

    fn prepare(&mut self, from: &u64, to: &mut u64, keep_going: &mut dyn FnMut() -> bool) -> bool {
        self.hash.prepare(from, to, keep_going)
    }

    fn feed_prepared(
        &mut self,
        from: &u64,
        prepared: &u64,
        to: &mut u64,
        frame: &Frame,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        self.fed.lock().expect("no test panics with it").push(frame.position);
        self.hash.feed_prepared(from, prepared, to, frame, keep_going)
    }

    fn choose(
        &mut self,
        state: &u64,
        given: &Given,
        decide: &mut dyn FnMut(usize, [f32; 2]) -> (bool, bool),
    ) -> Chord {
        self.hash.choose(state, given, decide)
    }

    fn range(&self) -> KeyRange {
        self.hash.range()
    }

    fn start(&self) -> Start {
        self.hash.start()
    }
}

#[test]
fn history_is_in_the_metre_in_which_it_was_decided() {
    for (metre, _) in METRES {
        let network = Listening { hash: model(0).network, ..Listening::default() };
        let fed = network.fed.clone();
        let mut planner = Planner::new(Model {
            network,
            prompts: Arc::new(Prompts::new(Vec::new())),
            texture: model(0).texture,
            digest: String::new(),
        });
        let position = |step| signature(metre).position(step);
        for step in 0..30 {
            let request = Request { position: position(step), ..ask(step, step) };
            assert!(planner.plan(&request, &Recall::default(), &mut || true).is_some());
        }
        let fed = fed.lock().expect("no test panics with it");
        // What was before the first step, and each step but the last, which is not over.
        let expected: Vec<BarPosition> = (-1..29).map(position).collect();
        assert_eq!(*fed, expected, "{metre:?}");
    }
}

//! What a network that can tell a musician apart is told of one: the frames that are fed and what
//! is given, as the planner passes them on.

use std::sync::{Arc, Mutex};

use super::takes::{jam, play, play_with};
use anacrusis::jam::controls::Mode;
use anacrusis::jam::link::{Place, Request};
use anacrusis::jam::planner::{Biaxial, Model, Planner, Prompts};
use anacrusis::jam::take::Recall;
use anacrusis::model::config::Start;
use anacrusis::model::{Frame, Given, Rules, Texture};
use anacrusis::music::{Chord, KeyRange, Signature, Step};

const RANGE: KeyRange = KeyRange { low: 24, count: 78 };

/// Writes down what it is told, and strikes key 48 each time.
#[derive(Clone, Default)]
struct Recorder {
    fed: Arc<Mutex<Vec<Frame>>>,
    given: Arc<Mutex<Vec<Given>>>,
}

impl Biaxial for Recorder {
    type State = ();
    type Prepared = ();

    fn new_state(&self) {}

    fn new_prepared(&self) {}

    fn prepare(&mut self, (): &(), (): &mut (), _: &mut dyn FnMut() -> bool) -> bool {
        true
    }

    fn feed_prepared(
        &mut self,
        (): &(),
        (): &(),
        (): &mut (),
        frame: &Frame,
        _: &mut dyn FnMut() -> bool,
    ) -> bool {
        self.fed.lock().expect("one thread").push(*frame);
        true
    }

    fn choose(
        &mut self,
        (): &(),
        given: &Given,
        _: &mut dyn FnMut(usize, [f32; 2]) -> (bool, bool),
    ) -> Chord {
        self.given.lock().expect("one thread").push(*given);
        Chord::struck_keys([48])
    }

    fn range(&self) -> KeyRange {
        RANGE
    }

    fn start(&self) -> Start {
        Start::None
    }
}

/// Three steps in 6/8 with key 72 held, which in the end was struck in the second; the frames fed
/// before the fourth, and what was given of each.
fn three_steps(accompanies: bool) -> (Vec<Frame>, Vec<Given>) {
    let network = Recorder::default();
    let model = Model {
        network: network.clone(),
        prompts: Arc::new(Prompts::new(Vec::new())),
        texture: Texture::of(&[], RANGE),
        digest: String::new(),
    };
    let mut planner = Planner::new(model);
    let metre = Signature::new(6, 8).expect("a metre");
    for k in 0..4 {
        let mut request = Request {
            place: Place { index: k, pass: 0, step: Step(k) },
            position: metre.position(k),
            accompanies,
            anchor: k == 0,
            rules: Rules { forced: 1 << 72, ..Rules::default() },
            ..Request::default()
        };
        if k == 3 {
            request.heard.push_beside(1, Chord::struck_keys([72]));
            // A key beyond the network's range is heard an octave up.
            request.heard.push_beside(2, Chord::struck_keys([20]));
        }
        planner.plan(&request, &Recall::default(), &mut || true).expect("nothing stops it");
    }
    let fed = network.fed.lock().expect("one thread").clone();
    // The silence before, the first two frames, and from the one corrected on once more.
    assert_eq!(fed.len(), 5);
    let given = network.given.lock().expect("one thread").clone();
    ([&fed[1..2], &fed[3..]].concat(), given)
}

#[test]
fn what_is_heard_is_told_apart_where_there_is_a_musician() {
    let (fed, given) = three_steps(true);
    let metre = Signature::new(6, 8).expect("a metre");
    let held = Chord::from_masks(1 << 72, 0);
    let heard = [held, Chord::struck_keys([72]), Chord::struck_keys([32])];
    for (k, (frame, heard)) in (0..).zip(fed.iter().zip(heard)) {
        let own = Chord::struck_keys([48]);
        let position = metre.position(k);
        assert_eq!(*frame, Frame { own, heard, musician: true, position, start: false });
    }
    assert_eq!(given, [Given { chord: held, known: false }; 4]);
}

#[test]
fn what_is_heard_is_part_of_the_music_where_there_is_none() {
    let (fed, given) = three_steps(false);
    let metre = Signature::new(6, 8).expect("a metre");
    let mut first = Chord::struck_keys([48]);
    first.hold(72);
    let chords = [first, Chord::struck_keys([48, 72]), Chord::struck_keys([32, 48])];
    for (k, (frame, chord)) in (0..).zip(fed.iter().zip(chords)) {
        assert_eq!(*frame, Frame::solo(chord, metre.position(k)));
    }
    assert_eq!(given, [Given::NOTHING; 4]);
}

#[test]
fn it_says_that_it_waits_as_long_as_it_is_silent_for_the_musicians_sake() {
    let mut instance = jam();
    instance.controls.mode = Mode::Accompany;
    instance.controls.start_with_me = true;
    let began = play(&mut instance, 8);
    assert!(instance.monitor.status().waits && began.iter().all(Vec::is_empty));
    play_with(&mut instance, &[60], true);
    let began = play(&mut instance, 16);
    assert!(!instance.monitor.status().waits && began.iter().any(|keys| !keys.is_empty()));
    instance.controls.start_with_me = false;
    play(&mut instance, 1);
    assert!(!instance.monitor.status().waits);
}

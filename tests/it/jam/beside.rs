//! Beside a musician: where the plan begins, who is asked, and what follows from the step itself.

use std::sync::{Arc, Mutex};

use anacrusis::jam::link::{Decision, Heard, Place, Request};
use anacrusis::jam::planner::{Biaxial, Model, Planner, Prompts};
use anacrusis::jam::take::Recall;
use anacrusis::model::config::Start;
use anacrusis::model::{Follow, Frame, Given, Rules, Texture};
use anacrusis::music::{Chord, KeyEstimate, KeyRange, PianoRoll, Signature, Step, Tonality};

const RANGE: KeyRange = KeyRange { low: 32, count: 64 };

/// What a network was asked: the frames that led to the state of who hears and of who does not, and
/// what was given.
#[derive(Clone, Debug, Default)]
struct Asked {
    heard: Vec<Frame>,
    unheard: Option<Vec<Frame>>,
    given: Given,
}

/// Remembers all frames, would like to hold every key, and strikes none.
#[derive(Clone, Default)]
struct Listener {
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Logits that each key is struck with, in place of [`LIKED`].
    strikes: Option<f32>,
    /// Log odds that a key plays which is given, to who hears the musician.
    of_given: Option<f32>,
}

impl Listener {
    /// The logits of a key for who hears what is given.
    fn logits(&self, index: usize, given: &Given) -> [f32; 2] {
        match self.of_given {
            Some(play) if given.chord.plays(RANGE.low + index as u8) => [play, LIKED[index][1]],
            _ => self.strikes.map_or(LIKED[index], |play| [play, 99.0]),
        }
    }

    fn scan(&self, asked: Asked, decide: &mut dyn FnMut(usize) -> (bool, bool)) -> Chord {
        self.asked.lock().expect("one thread").push(asked);
        let mut chord = Chord::SILENT;
        for index in 0..usize::from(RANGE.count) {
            let (plays, struck) = decide(index);
            chord.decide(RANGE.low + index as u8, plays, struck);
        }
        chord
    }
}

impl Biaxial for Listener {
    type State = Vec<Frame>;
    type Prepared = ();

    fn new_state(&self) -> Vec<Frame> {
        vec![]
    }

    fn new_prepared(&self) {}

    fn prepare(&mut self, _: &Vec<Frame>, (): &mut (), _: &mut dyn FnMut() -> bool) -> bool {
        true
    }

    fn feed_prepared(
        &mut self,
        from: &Vec<Frame>,
        (): &(),
        to: &mut Vec<Frame>,
        frame: &Frame,
        _: &mut dyn FnMut() -> bool,
    ) -> bool {
        to.clone_from(from);
        to.push(*frame);
        true
    }

    fn choose(
        &mut self,
        state: &Vec<Frame>,
        given: &Given,
        decide: &mut dyn FnMut(usize, [f32; 2]) -> (bool, bool),
    ) -> Chord {
        let asked = Asked { heard: state.clone(), unheard: None, given: *given };
        self.scan(asked, &mut |index| decide(index, self.logits(index, given)))
    }

    fn choose_guided(
        &mut self,
        state: &Vec<Frame>,
        given: &Given,
        unheard: &Vec<Frame>,
        decide: &mut dyn FnMut(usize, [[f32; 2]; 2]) -> (bool, bool),
    ) -> Chord {
        let asked = Asked { heard: state.clone(), unheard: Some(unheard.clone()), given: *given };
        let rows = |index| [given, &Given::NOTHING].map(|given| self.logits(index, given));
        self.scan(asked, &mut |index| decide(index, rows(index)))
    }

    fn hears(&self) -> bool {
        true
    }

    fn range(&self) -> KeyRange {
        RANGE
    }

    fn start(&self) -> Start {
        Start::Flag
    }
}

/// Key 48 and key 72 surely play, and nothing is ever struck.
const LIKED: [[f32; 2]; 64] = {
    let mut logits = [[-99.0, -99.0]; 64];
    logits[48 - 32][0] = 99.0;
    logits[72 - 32][0] = 99.0;
    logits
};

/// A planner with one prompt, in D major.
fn planner(network: &Listener) -> Planner<Listener> {
    let scale = [62, 66, 69, 67, 66, 64, 62, 61];
    let roll: PianoRoll =
        (0..80).map(|step: usize| Chord::struck_keys([scale[step % scale.len()]])).collect();
    Planner::new(Model {
        network: network.clone(),
        prompts: Arc::new(Prompts::new(vec![roll])),
        texture: Texture::of(&[], RANGE),
        digest: String::new(),
    })
}

fn ask(index: i64, accompanies: bool) -> Request {
    Request {
        place: Place { index, pass: 0, step: Step(index) },
        position: Signature::COMMON.position(index),
        anchor: index == 0,
        accompanies,
        follow: Follow::by(0.5, None),
        ..Request::default()
    }
}

fn plan(planner: &mut Planner<Listener>, request: &Request) -> Chord {
    planner.plan(request, &Recall::default(), &mut || true).expect("nothing stops it").chord
}

fn last(network: &Listener) -> Asked {
    network.asked.lock().expect("one thread").last().cloned().expect("it was asked")
}

#[test]
fn with_a_musician_it_begins_from_silence_and_both_are_asked() {
    let network = Listener::default();
    let mut planner = planner(&network);
    plan(&mut planner, &ask(0, true));
    let first = last(&network);
    let silence = Frame {
        musician: true,
        start: true,
        position: Signature::COMMON.position(-1),
        ..Frame::default()
    };
    assert_eq!(first.heard, [silence]);
    assert_eq!(first.unheard, Some(vec![silence.unheard()]));
    // What is heard is told to the one alone.
    let mut next = ask(1, true);
    next.heard.push_beside(0, Chord::struck_keys([60]));
    plan(&mut planner, &next);
    let Asked { heard, unheard, .. } = last(&network);
    let unheard = unheard.expect("guided");
    assert_eq!((heard[1].heard, heard[1].musician), (Chord::struck_keys([60]), true));
    assert_eq!((unheard[1].heard, unheard[1].musician), (Chord::SILENT, false));
    assert_eq!(heard[1].own, unheard[1].own);
    assert!(!heard[1].own.is_empty());
}

#[test]
fn who_is_not_followed_is_heard_alone() {
    let network = Listener::default();
    let mut planner = planner(&network);
    for index in 0..3 {
        plan(&mut planner, &Request { follow: Follow::NOT_AT_ALL, ..ask(index, true) });
        assert!(last(&network).unheard.is_none());
    }
}

/// What differs between the two is what the musician changes, from the first step of theirs on.
#[test]
fn who_never_heard_the_musician_heard_nothing_of_them_before_they_were_followed_either() {
    let network = Listener::default();
    let mut planner = planner(&network);
    let frames = |asked: Asked| (asked.heard, asked.unheard.expect("guided"));
    for index in 0..6 {
        let mut request = Request { follow: Follow::NOT_AT_ALL, ..ask(index, true) };
        request.heard.push_beside(index - 1, Chord::struck_keys([60]));
        plan(&mut planner, &request);
    }
    plan(&mut planner, &ask(6, true));
    let (heard, unheard) = frames(last(&network));
    assert!(heard[1..6].iter().all(|frame| frame.heard.plays(60)));
    assert_eq!(unheard, heard.iter().map(Frame::unheard).collect::<Vec<_>>());
    // Nor while nobody was told apart in between.
    plan(&mut planner, &ask(7, false));
    plan(&mut planner, &ask(8, true));
    let (heard, unheard) = frames(last(&network));
    assert_eq!(unheard, heard.iter().map(Frame::unheard).collect::<Vec<_>>());
}

#[test]
fn who_never_heard_the_musician_heard_nothing_of_them_in_the_take_either() {
    let network = Listener::default();
    let mut planner = planner(&network);
    let prompt: Vec<Frame> = (0..16)
        .map(|step| Frame {
            own: Chord::struck_keys([48]),
            heard: Chord::struck_keys([60 + step as u8]),
            musician: true,
            position: Signature::COMMON.position(step),
            start: false,
        })
        .collect();
    let unheard: Vec<Frame> = prompt.iter().map(Frame::unheard).collect();
    let recall = Recall { prompt: prompt.clone(), ..Recall::default() };
    // Ended in the middle of either row, it goes on where it was.
    let mut asked = 0;
    let mut keep_going = || {
        asked += 1;
        asked % 10 != 0
    };
    let tries = (0..10).find(|_| planner.plan(&ask(0, true), &recall, &mut keep_going).is_some());
    assert!(tries.is_some(), "it gets there");
    let asked = last(&network);
    assert_eq!((asked.heard, asked.unheard), (prompt, Some(unheard)));
}

#[test]
fn a_key_that_was_heard_before_play_turns_the_prompt() {
    let network = Listener::default();
    for (tonic, minor, first) in [(2, false, 62), (0, false, 60), (9, true, 60), (8, false, 68)] {
        let mut planner = planner(&network);
        let follow = Follow::by(
            0.5,
            Some(KeyEstimate { tonality: Tonality { tonic, minor }, certainty: 1.0 }),
        );
        plan(&mut planner, &Request { follow, ..ask(0, true) });
        let frames = last(&network).heard;
        assert_eq!((frames.len(), frames[0].own), (64, Chord::struck_keys([first])), "{tonic}");
        assert!(!frames[0].musician, "it was nobody's accompaniment");
    }
}

#[test]
fn who_joins_in_within_the_first_bar_begins_with_us_and_later_nothing_is_forgotten() {
    for (joins, expected) in [(5, 1), (15, 1), (16, 64 + 16), (40, 64 + 40)] {
        let network = Listener::default();
        let mut planner = planner(&network);
        for index in 0..joins {
            plan(&mut planner, &ask(index, false));
            assert!(last(&network).unheard.is_none());
        }
        plan(&mut planner, &ask(joins, true));
        let Asked { heard, unheard, .. } = last(&network);
        assert_eq!(heard.len(), expected, "joined in step {joins}");
        // Until then the two heard the same.
        assert_eq!(unheard.expect("guided").len(), expected);
    }
}

/// Their first note comes too late for its own step, and is told with the next chord; once more if
/// that is not answered by the time of another request.
#[test]
fn the_first_note_of_who_joins_in_is_heard_however_often_it_is_told() {
    for again in [false, true] {
        let network = Listener::default();
        let mut planner = planner(&network);
        plan(&mut planner, &ask(0, false));
        let mut next = Request { decision: Decision::Ahead, ..ask(1, true) };
        next.heard.push_beside(0, Chord::struck_keys([60]));
        plan(&mut planner, &next);
        if !again {
            next.heard = Heard::default();
        }
        let second = Decision::Second(Chord::struck_keys([64]));
        plan(&mut planner, &Request { decision: second, ..next });
        plan(&mut planner, &ask(2, true));
        let heard: Vec<Chord> = last(&network).heard.iter().map(|frame| frame.heard).collect();
        let expected = [60, 64].map(|key| Chord::struck_keys([key]));
        assert_eq!(heard, expected, "told again: {again}");
    }
}

#[test]
fn the_second_decision_takes_the_place_of_the_first() {
    let network = Listener::default();
    let mut planner = planner(&network);
    let ahead = Request { decision: Decision::Ahead, ..ask(0, true) };
    assert!(plan(&mut planner, &ahead).plays(72));
    let heard = Chord::struck_keys([72]);
    let second = Request {
        decision: Decision::Second(heard),
        rules: Rules { forced: heard.playing(), ..Rules::default() },
        anchor: false,
        ..ahead
    };
    let planned = planner.plan(&second, &Recall::default(), &mut || true).expect("decided");
    assert!(planned.second && !planned.chord.plays(72) && planned.chord.plays(48));
    assert_eq!(last(&network).given, Given::known(heard));
    assert_eq!(planner.decided(0).map(|decided| decided.chord), Some(planned.chord));
    plan(&mut planner, &ask(1, true));
    let fed = last(&network).heard;
    assert_eq!((fed.len(), fed[1].heard), (2, heard), "heard in the step itself, and fed once");
}

/// After the reaction was switched off, steps are decided ahead of one that is yet to be decided a
/// second time.
#[test]
fn a_second_decision_leaves_what_was_decided_of_later_steps() {
    let network = Listener::default();
    let mut planner = planner(&network);
    let ahead = Request { decision: Decision::Ahead, ..ask(0, true) };
    plan(&mut planner, &ahead);
    let later = [1, 2].map(|index| plan(&mut planner, &ask(index, true)));
    let heard = Chord::struck_keys([72]);
    let second = Request { decision: Decision::Second(heard), anchor: false, ..ahead };
    plan(&mut planner, &second);
    assert_eq!([1, 2].map(|index| planner.frame(index)), later.map(Some));
    plan(&mut planner, &ask(3, true));
    let frames = last(&network).heard;
    assert_eq!((frames.len(), frames[1].heard), (4, heard));
    assert_eq!([frames[2].own, frames[3].own], later);
}

/// The loss leaves the musician's keys out, so a network that hears them says anything about those.
#[test]
fn what_a_network_says_of_keys_that_are_given_counts_for_nothing() {
    for of_given in [-1e6, 1e6] {
        let network = Listener { of_given: Some(of_given), ..Listener::default() };
        for follow in [0.0, 0.5, 1.0].map(|knob| Follow::by(knob, None)) {
            let mut planner = planner(&network);
            // Below key 72, which it likes, and a key that it likes itself.
            let forced = 1 << 71 | 1 << 48;
            let rules = Rules { forced, ..Rules::default() };
            let alone = plan(&mut planner, &Request { rules, follow, ..ask(0, true) });
            assert_eq!(alone.keys().collect::<Vec<_>>(), [72], "{of_given} {follow:?}");
            let rules = Rules { doubled: forced, ..rules };
            let doubling = plan(&mut planner, &Request { rules, follow, ..ask(0, true) });
            assert_eq!(doubling.keys().collect::<Vec<_>>(), [48, 72], "{of_given} {follow:?}");
        }
    }
}

/// Key 72 was the musician's in the step before: what the network would hold on was never ours.
#[test]
fn what_the_musician_lets_go_does_not_sound_on() {
    let network = Listener::default();
    let mut planner = planner(&network);
    let rules = Rules { forced: 1 << 72, ..Rules::default() };
    plan(&mut planner, &Request { rules, ..ask(0, true) });
    let after = plan(&mut planner, &ask(1, true));
    assert!(after.plays(48) && !after.plays(72), "not even begun");
    let later = plan(&mut planner, &ask(2, true));
    assert!(later.strikes(72), "what begins is struck");
}

#[test]
fn an_answer_goes_on_from_the_question_and_nothing_else() {
    let network = Listener::default();
    let mut planner = planner(&network);
    for index in 0..16 {
        plan(
            &mut planner,
            &Request { rules: Rules { allowed: 0, ..Rules::default() }, ..ask(index, false) },
        );
    }
    let mut answer = Request { motif: 12, ..ask(16, false) };
    answer.heard.push_beside(14, Chord::struck_keys([60]));
    plan(&mut planner, &answer);
    let frames = last(&network).heard;
    assert_eq!(frames.len(), 12);
    assert_eq!(frames[10], Frame::solo(Chord::struck_keys([60]), Signature::COMMON.position(14)));
    assert!(frames.iter().all(|frame| !frame.musician && !frame.start));
    plan(&mut planner, &ask(17, false));
    assert_eq!(last(&network).heard.len(), 13);
}

/// A network that hardly ever begins a note is urged to, beside someone who holds a key, until it does:
/// by one note, and not by as many as the urge makes likely.
#[test]
fn against_silence_one_note_is_enough() {
    let network = Listener { strikes: Some(-7.0), ..Listener::default() };
    let mut planner = planner(&network);
    let (mut onsets, mut notes, mut most) = (0, 0, 0);
    for index in 0..640 {
        let mut request = ask(index, true);
        request.shaping.truncation = 0.0;
        // More than once a bar is for who asks for more.
        request.shaping.density = 0.5;
        request.rules.forced = 1 << 72;
        let begun = plan(&mut planner, &request).struck().count_ones();
        onsets += u32::from(begun > 0);
        notes += begun;
        most = most.max(begun);
    }
    println!("{notes} notes in {onsets} steps, at most {most} at once");
    assert!((40..120).contains(&onsets) && 2 * notes < 3 * onsets && most <= 3, "{notes} {onsets}");
}

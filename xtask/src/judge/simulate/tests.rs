use super::super::hands::displaced;
use super::*;
use anacrusis::music::{BarPosition, KeyRange};

use super::super::network::Decide;

/// A network whose logits are noise of all that it may depend on; its state is what it heard.
#[derive(Clone, Copy)]
struct Noise {
    tells_players: bool,
}

const RANGE: KeyRange = KeyRange { low: 40, count: 40 };

/// Scan order, downwards.
fn scan() -> impl Iterator<Item = usize> {
    (0..usize::from(RANGE.count)).rev()
}

/// Noise of -3 to 3 for both bits of a key.
fn logits(state: &[Frame], given: &Given, key: u8, fed_back: (bool, bool)) -> [f32; 2] {
    let (own, heard) =
        state.last().map_or((0, 0), |frame| (frame.own.playing(), frame.heard.playing()));
    let near = |mask: u128| (mask >> (key - 2) & 31) as u64;
    let bits = [given.known, given.chord.plays(key), fed_back.0, fed_back.1];
    let bits = bits.iter().fold(0, |all, bit| all << 1 | u64::from(*bit));
    let draw = Draw { seed: bits << 10 | near(own) << 5 | near(heard), pass: state.len() as u64 };
    draw.uniforms(0, key).map(|u| (6.0 * u - 3.0) as f32)
}

impl Network for Noise {
    type State = Vec<Frame>;

    fn range(&self) -> KeyRange {
        RANGE
    }

    fn tells_players(&self) -> bool {
        self.tells_players
    }

    fn begin(&mut self, _: u64, position: BarPosition, musician: bool) -> (Vec<Frame>, Chord) {
        (vec![Frame { musician, position, ..Frame::default() }], Chord::SILENT)
    }

    fn feed(&mut self, state: &mut Vec<Frame>, frame: &Frame) {
        state.push(*frame);
    }

    fn choose(&mut self, state: &Vec<Frame>, given: &Given, decide: &mut Decide) -> Chord {
        let (mut chord, mut before) = (Chord::SILENT, (false, false));
        for index in scan() {
            let key = RANGE.low + index as u8;
            let decided = decide(index, logits(state, given, key, before));
            before = match given.chord.plays(key) {
                true => (true, given.chord.strikes(key)),
                false => decided,
            };
            if !given.chord.plays(key) {
                chord.decide(key, decided.0, decided.1);
            }
        }
        chord
    }
}

/// A melody with rests, held notes, repeated ones and one out of range.
fn melody(steps: usize) -> Vec<Chord> {
    let keys = [60, 60, 64, 0, 67, 67, 20, 65];
    let mut before = 0;
    let note = |step: usize| {
        let key = keys[step / 3 % keys.len()];
        let struck = key != before || step.is_multiple_of(6);
        before = key;
        let mut chord = Chord::SILENT;
        chord.decide(key, key > 0, struck);
        chord
    };
    (0..steps).map(note).collect()
}

fn manner(reaction: Reaction, guidance: f32) -> Manner {
    Manner { reaction, guidance, ..Manner::default() }
}

/// What guides is what both rows say at the same key after the same decisions, as if they were
/// scanned side by side.
#[test]
fn guidance_is_that_of_two_rows_side_by_side() {
    let mut network = Noise { tells_players: true };
    let (mut changed, mut notes) = (0, 0);
    for case in 0..300_u64 {
        let draw = Draw { seed: case, pass: 0 };
        let heard = Chord::struck_keys([50 + (case % 20) as u8]);
        let given = Given { chord: heard, known: case.is_multiple_of(2) };
        let own = Chord::struck_keys([44, 45 + (case % 7) as u8]);
        let frame = Frame { own, heard, musician: true, ..Frame::default() };
        let states = [vec![frame], vec![Frame { heard: Chord::SILENT, ..frame }]];
        let mut decide = |index: usize, logits: [f32; 2]| {
            let uniforms = draw.uniforms(7, index as u8);
            sampler::decide(&Sampling::default(), logits, uniforms)
        };
        let weight = 1.0 + (case % 3) as f32;
        let mut expected = Chord::SILENT;
        let (mut rows, keys) = ([(false, false); 2], RANGE.low);
        for index in scan() {
            let key = keys + index as u8;
            let a = logits(&states[0], &given, key, rows[0]);
            let b = logits(&states[1], &Given::NOTHING, key, rows[1]);
            let both = [0, 1].map(|bit| a[bit] + weight * (a[bit] - b[bit]));
            let decided = decide(index, both);
            let given_bits = (true, heard.strikes(key));
            rows = match heard.plays(key) {
                true => [given_bits, (false, false)],
                false => [decided, decided],
            };
            if !heard.plays(key) {
                expected.decide(key, decided.0, decided.1);
            }
        }
        let states = [&states[0], &states[1]];
        let found =
            choose_guided(&mut network, states, (&given, weight), Chord::SILENT, &mut decide);
        assert_eq!(found, expected, "case {case}");
        let plain = network.choose(states[0], &given, &mut decide);
        changed += u32::from(plain != expected);
        notes += expected.len();
    }
    assert!(changed > 250 && notes > 1000, "the test tells something: {changed} {notes}");
}

#[test]
fn a_key_has_one_player_and_what_sounds_anew_begins() {
    for (tells_players, reaction, guidance) in [
        (true, Reaction::SameStep, 1.0),
        (true, Reaction::SameStep, 0.0),
        (true, Reaction::StepBefore, 1.0),
        (false, Reaction::SameStep, 1.0),
    ] {
        let mut network = Noise { tells_players };
        let metres = Metres::default();
        let score = Score::new(&network, reaction, &melody(200), &metres);
        let played = perform(&mut network, &manner(reaction, guidance), (&score, None), 5);
        assert_eq!(played.len(), 200);
        assert!(played.iter().any(|chord| chord.len() > 1));
        let mut before = Chord::SILENT;
        for (own, heard) in played.iter().zip(&score.heard) {
            assert_eq!(own.playing() & heard.playing(), 0);
            let anew = own.playing() & !before.playing();
            assert_eq!(anew & !own.struck(), 0);
            before = own.union(*heard);
        }
        assert!(score.heard.iter().all(|chord| chord.playing() & !RANGE.mask() == 0));
        assert!(score.heard[18].plays(44), "heard in the nearest octave");
    }
}

#[test]
fn what_is_given_is_what_is_known() {
    let network = Noise { tells_players: true };
    let given = |tells_players, reaction| {
        let network = Noise { tells_players, ..network };
        Score::new(&network, reaction, &melody(30), &Metres::default()).given
    };
    let heard = melody(30).into_iter().map(|chord| chord.folded(0, RANGE)).collect::<Vec<_>>();
    for (step, given) in given(true, Reaction::SameStep).iter().enumerate() {
        assert_eq!(*given, Given { chord: heard[step], known: true });
    }
    for given in [given(true, Reaction::StepBefore), given(false, Reaction::SameStep)] {
        assert_eq!(given[0], Given::NOTHING);
        for step in 1..30 {
            let chord = Chord::from_masks(heard[step - 1].playing(), 0);
            assert_eq!(given[step], Given { chord, known: false });
        }
    }
}

/// The frames that both rows hear, the first with the musician and the second without.
#[test]
fn rows_hear_what_they_should() {
    let mut network = Noise { tells_players: true };
    let metres = Metres::default();
    let score = Score::new(&network, Reaction::SameStep, &melody(40), &metres);
    let manner = manner(Reaction::SameStep, 1.0);
    let mut performance = Performance::begin(&mut network, &score, 1);
    performance.play(&mut network, &manner, (&score, None), 17);
    let so_far = performance.played.clone();
    performance.play(&mut network, &manner, (&score, None), 40);
    assert_eq!(performance.played[..17], so_far);
    assert_eq!(performance.played, perform(&mut network, &manner, (&score, None), 1));
    let [with, without] = &performance.states;
    assert_eq!(with[0].position, metres.position(-1));
    assert!(with[0].musician && !without[0].musician);
    for step in 0..40 {
        let (own, position) = (performance.played[step], metres.position(step as i64));
        let heard = score.heard[step];
        assert_eq!(with[step + 1], Frame { own, heard, musician: true, position });
        let heard = Chord::SILENT;
        assert_eq!(without[step + 1], Frame { own, heard, musician: false, position });
    }
    let history = vec![Chord::struck_keys([20, 50, 60]); 30];
    let mut performance = Performance::begin(&mut network, &score, 1);
    performance.play(&mut network, &manner, (&score, Some(&history)), 40);
    let told = |step: usize| performance.states[0][step + 1].own;
    assert_eq!(told(0), Chord::struck_keys([50]), "60 is the musician's, 20 out of range");
    assert_eq!(told(6), Chord::struck_keys([50, 60]));
    assert_eq!(told(35), Chord::SILENT, "the history is over");
    assert!(performance.played.iter().any(|chord| chord.len() > 2));
}

/// Hands that are late change what is played, and nothing of what is heard.
#[test]
fn late_hands_change_what_is_given_alone() {
    let mut network = Noise { tells_players: true };
    let score = Score::new(&network, Reaction::SameStep, &melody(100), &Metres::default());
    let late = displaced(&score, 1, 0);
    assert_eq!(late.heard, score.heard);
    let differ = late.given.iter().zip(&score.given).filter(|(a, b)| a != b).count();
    assert!((8..50).contains(&differ), "{differ}");
    let manner = Manner::default();
    let played = perform(&mut network, &manner, (&late, None), 1);
    assert_ne!(played, perform(&mut network, &manner, (&score, None), 1));
    for (own, heard) in played.iter().zip(&score.heard) {
        assert_eq!(own.playing() & heard.playing(), 0);
    }
    let before = Score::new(&network, Reaction::StepBefore, &melody(100), &Metres::default());
    assert_eq!(displaced(&before, 1, 0).given, before.given);
}

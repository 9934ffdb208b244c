use super::super::hands::displaced;
use super::*;
use anacrusis::music::{BarPosition, KeyRange};

use super::super::network::Decide;

/// A network whose logits are noise of all that it may depend on; its state is what it heard.
#[derive(Clone, Copy)]
struct Noise {
    hears: bool,
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

    fn hears(&self) -> bool {
        self.hears
    }

    fn begin(&mut self, _: u64, position: BarPosition, musician: bool) -> (Vec<Frame>, Chord) {
        (vec![Frame { musician, position, ..Frame::default() }], Chord::SILENT)
    }

    fn feed(&mut self, state: &mut Vec<Frame>, frame: &Frame) {
        state.push(*frame);
    }

    fn choose(
        &mut self,
        state: &Vec<Frame>,
        unheard: Option<&Vec<Frame>>,
        given: &Given,
        decide: &mut Decide,
    ) -> Chord {
        let (mut chord, mut rows) = (Chord::SILENT, [(false, false); 2]);
        for index in scan() {
            let key = RANGE.low + index as u8;
            let heard = logits(state, given, key, rows[0]);
            let unheard = unheard.map(|state| logits(state, &Given::NOTHING, key, rows[1]));
            let decided = decide(index, [heard, unheard.unwrap_or(heard)]);
            rows = [decided; 2];
            match given.chord.plays(key) {
                true => rows = [(true, given.chord.strikes(key)), (false, false)],
                false => chord.decide(key, decided.0, decided.1),
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

fn manner(reaction: Reaction, guidance: f32) -> SimulationOptions {
    SimulationOptions {
        reaction,
        follow: guidance / 2.0,
        lean: false,
        ..SimulationOptions::default()
    }
}

/// Two logits that differ are mixed; the network is asked for what it plays with them.
#[test]
fn guidance_moves_away_from_who_does_not_hear() {
    let mut network = Noise { hears: true };
    let score = Score::new(&network, Reaction::SameStep, &melody(60), &Metres::default());
    let mut at = |guidance: f32| {
        let manner = manner(Reaction::SameStep, guidance);
        perform(&mut network, &manner, (&score, None), 1)
    };
    let (plain, guided) = (at(0.0), at(1.0));
    assert_ne!(plain, guided);
    assert_ne!(guided, at(2.0));
    // The first chord by hand.
    let states = [true, false].map(|musician| {
        vec![Frame { musician, position: Metres::default().position(-1), ..Frame::default() }]
    });
    let (mut expected, mut rows) = (Chord::SILENT, [(false, false); 2]);
    let given = score.given[0];
    let mut common = 0.0;
    for index in scan() {
        let key = RANGE.low + index as u8;
        let heard = logits(&states[0], &given, key, rows[0]);
        let unheard = logits(&states[1], &Given::NOTHING, key, rows[1]);
        // Of what the keys of an octave have in common half counts; who is followed half-way leaves
        // 0.815 of the temperature.
        let mut change = [0, 1].map(|bit| heard[bit] - unheard[bit]);
        common += (change[0] - common) / 12.0;
        change[0] -= common / 2.0;
        let mixed = [0, 1].map(|bit| (heard[bit] + change[bit]) / 0.815);
        let uniforms = Draw { seed: 1, pass: 0 }.uniforms(0, key);
        let (plays, _) = sampler::decide(&Sampling::default(), mixed, uniforms);
        rows = [(plays, plays); 2];
        match given.chord.plays(key) {
            true => rows = [(true, given.chord.strikes(key)), (false, false)],
            false => expected.decide(key, plays, plays),
        }
    }
    assert_eq!(guided[0], expected);
}

#[test]
fn a_key_has_one_player_and_what_sounds_anew_begins() {
    for (hears, reaction, guidance) in [
        (true, Reaction::SameStep, 1.0),
        (true, Reaction::SameStep, 0.0),
        (true, Reaction::StepBefore, 1.0),
        (false, Reaction::SameStep, 1.0),
    ] {
        let mut network = Noise { hears };
        let metres = Metres::default();
        let score = Score::new(&network, reaction, &melody(200), &metres);
        let played = perform(&mut network, &manner(reaction, guidance), (&score, None), 5);
        assert_eq!(played.len(), 200);
        assert!(played.iter().any(|chord| chord.len() > 1));
        let mut before = Chord::SILENT;
        for (own, heard) in played.iter().zip(&score.heard) {
            assert_eq!(own.playing() & heard.playing(), 0);
            let anew = own.playing() & !before.playing();
            assert_eq!(anew & !own.struck(), 0, "nor what the musician had");
            before = *own;
        }
        assert!(score.heard.iter().all(|chord| chord.playing() & !RANGE.mask() == 0));
        assert!(score.heard[18].plays(44), "heard in the nearest octave");
    }
}

#[test]
fn what_is_given_is_what_is_known() {
    let given = |hears, reaction| {
        let network = Noise { hears };
        Score::new(&network, reaction, &melody(30), &Metres::default()).given
    };
    let heard = melody(30).into_iter().map(|chord| chord.folded(0, RANGE)).collect::<Vec<_>>();
    for (step, given) in given(true, Reaction::SameStep).iter().enumerate() {
        assert_eq!(*given, Given::known(heard[step]));
    }
    for given in [given(true, Reaction::StepBefore), given(false, Reaction::SameStep)] {
        assert_eq!(given[0], Given::NOTHING);
        for step in 1..30 {
            assert_eq!(given[step], Given::held(heard[step - 1]));
        }
    }
}

/// The frames that both rows hear, the first with the musician and the second without.
#[test]
fn rows_hear_what_they_should() {
    let mut network = Noise { hears: true };
    let metres = Metres::default();
    let score = Score::new(&network, Reaction::SameStep, &melody(40), &metres);
    let manner = manner(Reaction::SameStep, 1.0);
    let mut performance = Performance::begin(&mut network, &manner, &score, 1);
    performance.play(&mut network, &manner, (&score, None), 17);
    let so_far = performance.played.clone();
    performance.play(&mut network, &manner, (&score, None), 40);
    assert_eq!(performance.played[..17], so_far);
    assert_eq!(performance.played, perform(&mut network, &manner, (&score, None), 1));
    let (with, without) = (&performance.state, performance.unheard.as_ref().expect("guided"));
    assert_eq!(with[0].position, metres.position(-1));
    assert!(with[0].musician && !without[0].musician);
    for step in 0..40 {
        let (own, position) = (performance.played[step], metres.position(step as i64));
        let heard = score.heard[step];
        let frame = Frame { own, heard, musician: true, position, start: false };
        assert_eq!(with[step + 1], frame);
        assert_eq!(without[step + 1], Frame { heard: Chord::SILENT, musician: false, ..frame });
    }
    let history = vec![Chord::struck_keys([20, 50, 60]); 30];
    let mut performance = Performance::begin(&mut network, &manner, &score, 1);
    performance.play(&mut network, &manner, (&score, Some(&history)), 40);
    let told = |step: usize| performance.state[step + 1].own;
    assert_eq!(told(0), Chord::struck_keys([50]), "60 is the musician's, 20 out of range");
    assert_eq!(told(6), Chord::struck_keys([50, 60]));
    assert_eq!(told(35), Chord::SILENT, "the history is over");
    assert!(performance.played.iter().any(|chord| chord.len() > 2));
}

/// Hands that are late change what is played, and nothing of what is heard.
#[test]
fn late_hands_change_what_is_given_alone() {
    let mut network = Noise { hears: true };
    let score = Score::new(&network, Reaction::SameStep, &melody(100), &Metres::default());
    let late = displaced(&score, 1, 0);
    assert_eq!(late.heard, score.heard);
    let differ = late.given.iter().zip(&score.given).filter(|(a, b)| a != b).count();
    assert!((8..50).contains(&differ), "{differ}");
    let manner = SimulationOptions::default();
    let played = perform(&mut network, &manner, (&late, None), 1);
    assert_ne!(played, perform(&mut network, &manner, (&score, None), 1));
    for (own, heard) in played.iter().zip(&score.heard) {
        assert_eq!(own.playing() & heard.playing(), 0);
    }
    let before = Score::new(&network, Reaction::StepBefore, &melody(100), &Metres::default());
    assert_eq!(displaced(&before, 1, 0).given, before.given);
}

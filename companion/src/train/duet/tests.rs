use anacrusis::music::{Metres, PianoRoll};

use super::*;
use crate::sequence::Target;

const STEPS: usize = 64;

fn config() -> Config {
    Config { features: 2, time: vec![4], note: vec![4], ..Config::default() }
}

/// Nobody never, the top voice always, known, in time, and nothing else done to it.
const PLAIN: Duet =
    Duet { nobody: 0.0, others: 0.0, known: 1.0, wrong_history: 0.0, turns: 0.0, late_hands: 0.0 };

/// Top voice: another key from 72 on every four steps. Below it C3 and, held for eight steps, E3.
fn piece() -> PianoRoll {
    let step = |s: usize| {
        let mut chord = Chord::SILENT;
        let top = 72 + (s / 4 % 5) as u8;
        chord.decide(top, true, s.is_multiple_of(4));
        chord.decide(48, true, s.is_multiple_of(2));
        chord.decide(52, true, s.is_multiple_of(8));
        chord
    };
    (0..160).map(step).collect()
}

/// Another piece: F sharps alone, below and on top.
fn other() -> PianoRoll {
    (0..160).map(|_| Chord::struck_keys([42, 90])).collect()
}

fn draw(shares: Duet, seed: u64) -> Sequence {
    let (piece, other, metres) = (piece(), other(), Metres::default());
    let mut piece = Arrangement::whole(&piece, &metres);
    // The top voice, and never one side of the keyboard.
    piece.unnamed = false;
    let other = Arrangement::whole(&other, &metres);
    let random = Random::new(seed, 1);
    segment(&config(), &shares, (&piece, 16, STEPS), 0, random, |_| (&other, 0))
}

fn keys(chord: Chord) -> Vec<u8> {
    chord.keys().collect()
}

#[test]
fn the_musician_is_told_apart_and_given() {
    let sequence = draw(PLAIN, 1);
    assert_eq!(sequence.len(), STEPS - 1);
    for (step, (frame, target)) in sequence.frames.iter().zip(&sequence.targets).enumerate() {
        assert_eq!(frame.position.in_bar, (step % 16) as u16);
        assert!(frame.musician);
        assert_eq!((keys(frame.own), frame.heard.len()), (vec![48, 52], 1));
        assert_eq!((keys(target.chord), target.unscored), (vec![48, 52], false));
        assert_eq!(keys(target.given.chord), [72 + ((step + 17) / 4 % 5) as u8]);
        assert!(target.given.known);
        assert_eq!(target.given.chord.struck() != 0, (step + 1).is_multiple_of(4));
    }
    // Not known, it is what they held before, whatever they strike.
    let late = draw(Duet { known: 0.0, ..PLAIN }, 1);
    for (frame, target) in late.frames.iter().zip(&late.targets) {
        assert_eq!(target.given, Given::held(frame.heard));
    }
}

#[test]
fn with_nobody_all_music_is_learnt() {
    let sequence = draw(Duet { nobody: 1.0, ..PLAIN }, 1);
    for (frame, target) in sequence.frames.iter().zip(&sequence.targets) {
        assert!(!frame.musician && frame.heard.is_empty() && frame.own.len() == 3);
        assert_eq!((target.given, target.chord.len()), (Given::NOTHING, 3));
    }
    // A musician whom nobody accompanies is nobody.
    let (metres, lonely) = (Metres::default(), (0..80).map(|_| Chord::struck_keys([72])).collect());
    let lonely = Arrangement::whole(&lonely, &metres);
    let random = Random::new(1, 1);
    let alone = segment(&config(), &PLAIN, (&lonely, 0, 64), 0, random, |_| (&lonely, 0));
    assert!(alone.frames.iter().all(|frame| !frame.musician && frame.own.len() == 1));
}

/// From which target on anything is scored.
fn scored_from(sequence: &Sequence) -> usize {
    let first = sequence.targets.iter().position(|target| !target.unscored).expect("some");
    assert!(sequence.targets[first..].iter().all(|target| !target.unscored));
    first
}

#[test]
fn a_wrong_history_is_not_learnt_from_and_followed_by_what_people_played() {
    let (mut own, mut others, mut none) = (0, 0, 0);
    for seed in 0..300 {
        let sequence = draw(Duet { wrong_history: 1.0, ..PLAIN }, seed);
        // Targets begin with the second step.
        let from = scored_from(&sequence) + 1;
        assert!((8..=40).contains(&from), "{from}");
        for (step, frame) in sequence.frames.iter().enumerate() {
            assert_eq!(frame.heard.len(), 1, "the musician is who they are");
            let keys = keys(frame.own);
            match step < from {
                true if keys.is_empty() => none += 1,
                true if keys == [42] => others += 1,
                true => {
                    own += 1;
                    assert_eq!(keys.len(), 2);
                    assert_eq!(keys[1] - keys[0], 4, "its own in another key");
                    let far = i16::from(keys[0]) - 48;
                    assert!((1..=6).contains(&far.abs()), "{far}");
                }
                false => assert_eq!(keys, [48, 52]),
            }
        }
        // What sounds where the history ends begins, if it did not sound in it.
        let Target { chord, .. } = sequence.targets[from - 1];
        let before = sequence.frames[from - 1].own;
        assert_eq!(chord.struck() & !before.playing(), chord.playing() & !before.playing());
    }
    for count in [own, others, none] {
        let share = f64::from(count) / f64::from(own + others + none);
        assert!((0.25..0.42).contains(&share), "{own} {others} {none}");
    }
}

#[test]
fn a_turn_takes_both_players_to_another_key() {
    let mut far = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let sequence = draw(Duet { turns: 1.0, ..PLAIN }, seed);
        assert_eq!(scored_from(&sequence), 0);
        let turned = |target: &Target| i16::from(keys(target.chord)[0]) - 48;
        let from = sequence.targets.iter().position(|target| turned(target) != 0).expect("one");
        let by = turned(&sequence.targets[from]);
        far.insert(by);
        assert!((8..=40).contains(&(from + 1)));
        for (step, (frame, target)) in sequence.frames.iter().zip(&sequence.targets).enumerate() {
            let by = if step < from { 0 } else { by };
            assert_eq!(turned(target), by);
            let top = i16::from(keys(target.given.chord)[0]);
            assert_eq!(top, 72 + ((step + 17) / 4 % 5) as i16 + by);
            let own = i16::from(keys(frame.own)[0]) - 48;
            assert_eq!(own, if step <= from { 0 } else { by });
        }
        // What sounds then and did not before begins.
        let Target { chord, given, .. } = sequence.targets[from];
        let before = sequence.frames[from].sounding().playing();
        for chord in [chord, given.chord] {
            assert_eq!(chord.playing() & !chord.struck() & !before, 0, "by {by}");
        }
    }
    assert_eq!(far.len(), 12, "{far:?}");
}

#[test]
fn late_hands_are_known_as_they_were_before() {
    let (mut late, mut onsets) = (0, 0);
    for seed in 0..100 {
        let sequence = draw(Duet { late_hands: 0.3, ..PLAIN }, seed);
        for (step, (frame, target)) in sequence.frames.iter().zip(&sequence.targets).enumerate() {
            let new = 72 + ((step + 17) / 4 % 5) as u8;
            if !(step + 1).is_multiple_of(4) {
                assert_eq!(keys(target.given.chord), [new]);
                continue;
            }
            onsets += 1;
            if target.given.chord.struck() == 0 {
                late += 1;
                // The key before is let go with it, which is not known either.
                assert_eq!(target.given.chord, Chord::from_masks(frame.heard.playing(), 0));
            }
            assert!(target.given.known);
            assert!(!target.chord.plays(new), "and the network is not to play theirs");
        }
    }
    let share = f64::from(late) / f64::from(onsets);
    assert!((0.27..0.33).contains(&share), "{share}");
}

#[test]
fn a_draw_is_the_same_each_time() {
    let shares = Duet {
        nobody: 0.25,
        others: 0.25,
        known: 0.5,
        wrong_history: 0.5,
        turns: 0.25,
        late_hands: 0.3,
    };
    let draws: Vec<Sequence> = (0..50).map(|seed| draw(shares, seed)).collect();
    assert_eq!(draws, (0..50).map(|seed| draw(shares, seed)).collect::<Vec<_>>());
    let nobody = draws.iter().filter(|sequence| !sequence.frames[0].musician).count();
    assert!((5..22).contains(&nobody), "{nobody}");
    let bass = draws.iter().filter(|sequence| sequence.frames[0].heard.plays(48)).count();
    assert!(bass > 3, "{bass}");
}

/// C5 is doubled by the accompaniment, which goes on with it when the musician has let it go.
#[test]
fn a_key_that_the_musician_takes_is_lost_until_it_is_struck_anew() {
    let melody = [[true, true, false, false, false, false, true, false]; 8].concat();
    let chord = |plays: bool, struck: bool| {
        let mut chord = Chord::SILENT;
        chord.decide(72, plays, struck);
        chord
    };
    let mut roll = PianoRoll::default();
    let mut part = PianoRoll::default();
    for (step, plays) in melody.iter().enumerate() {
        let struck = matches!(step % 8, 0 | 4 | 6);
        part.chords.push(chord(*plays, struck));
        let mut both = chord(true, struck);
        both.decide(48, true, step % 4 == 0);
        roll.chords.push(both);
    }
    let metres = Metres::default();
    let mut piece = Arrangement::whole(&roll, &metres);
    piece.parts = vec![&part];
    let played = piece.played(Who::Part(0), 0..64, 0, &config());
    let own: Vec<bool> = played[..8].iter().map(|both| both.own.plays(72)).collect();
    let expected = [false, false, false, false, true, true, false, false];
    assert_eq!(own, expected, "not after it was let go, but from where it is struck");
    assert!(played.iter().all(|both| both.own.plays(48)));
}

#[test]
fn a_note_ends_where_the_musician_takes_its_key() {
    // What the accompaniment holds through the musician's notes of the same key.
    let (mut own, mut heard) = (Chord::struck_keys([60]), Chord::SILENT);
    own.hold(64);
    heard.hold(67);
    let mut played = [Both { own, heard }; 3];
    played[1].heard.hold(64);
    played[1].own = played[1].own.without(1 << 64);
    crate::arrangement::lose_keys(&mut played);
    let held: Vec<bool> = played.iter().map(|both| both.own.plays(64)).collect();
    assert_eq!(held, [true, false, false]);
    assert!(played.iter().all(|both| both.own.plays(60)), "struck each time");
}

//! Random scripts: whatever the host does, notes end, begin once, and come in order.

use proptest::prelude::*;

use super::host::Host;
use anacrusis::jam::controls::Lookahead;
use anacrusis::jam::link::Place;
use anacrusis::music::{Chord, Rate};

#[derive(Clone, Debug)]
enum Act {
    Blocks(u32, usize),
    Serve,
    Play(bool),
    Jump(f64),
    Loop(Option<(f64, f64)>),
    Tempo(Option<f64>),
    Lookahead(usize),
    Rate(usize),
    Channel(u8),
    Room(usize),
    Reset,
    Panic,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0_u32..3000, 1_usize..20).prop_map(|(frames, n)| Act::Blocks(frames, n)),
        6 => Just(Act::Serve),
        2 => any::<bool>().prop_map(Act::Play),
        2 => (-8.0..64.0).prop_map(Act::Jump),
        2 => prop::option::of((-2.0..4.0, 0.001..4.0).prop_map(|(a, n)| (a, a + n)))
            .prop_map(Act::Loop),
        1 => prop::option::weighted(0.8, 20.0..999.0).prop_map(Act::Tempo),
        1 => (0_usize..6).prop_map(Act::Lookahead),
        1 => (0_usize..5).prop_map(Act::Rate),
        1 => (0_u8..16).prop_map(Act::Channel),
        1 => prop_oneof![0_usize..6, Just(usize::MAX)].prop_map(Act::Room),
        1 => Just(Act::Reset),
        1 => Just(Act::Panic),
    ]
}

/// Some of sixteen keys, about half of them held over.
fn tangle(place: Place) -> Chord {
    let mut hash = (place.step.0 as u64) ^ place.pass << 32 ^ 0x9E37_79B9_7F4A_7C15;
    hash = (hash ^ hash >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^= hash >> 31;
    Chord::from_masks(u128::from(hash & 0xFFFF) << 50, u128::from(hash >> 20 & 0xFFFF) << 50)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The queue itself asserts order, range, that nothing begins twice, and that each end
    /// is on the channel of its beginning.
    #[test]
    fn nothing_sticks_and_nothing_doubles(acts in prop::collection::vec(act(), 1..80)) {
        let mut host = Host::manual(tangle);
        let mut served = true;
        for act in acts {
            match act {
                Act::Blocks(frames, n) => for _ in 0..n {
                    host.block(frames);
                    if served {
                        host.serve();
                    }
                },
                Act::Serve => {
                    served = !served;
                    host.serve();
                }
                Act::Play(playing) => host.transport.playing = playing,
                Act::Jump(beats) => host.transport.position_beats = Some(beats),
                Act::Loop(beats) => host.transport.loop_beats = beats,
                Act::Tempo(tempo_bpm) => host.transport.tempo_bpm = tempo_bpm,
                Act::Lookahead(n) => host.controls.lookahead = Lookahead::ALL[n],
                Act::Rate(n) => host.controls.rate = Rate::ALL[n],
                Act::Channel(channel) => host.controls.channel = channel,
                Act::Room(room) => host.queue.room = room,
                Act::Reset => host.performer.reset(),
                Act::Panic => host.performer.panic(),
            }
        }
        // Whatever happened, a host that stops has silence after one block with room.
        host.queue.room = usize::MAX;
        host.transport.playing = false;
        host.block(64);
        prop_assert_eq!(host.sounding(), 0);
        // And one that plays again has music.
        host.transport.tempo_bpm = Some(120.0);
        host.transport.loop_beats = None;
        host.controls.rate = Rate::Sixteenth;
        host.run_served(10, 64);
        host.transport.playing = true;
        let before = host.onsets().len();
        host.run_served(300, 480);
        prop_assert!(host.onsets().len() > before + 24);
        let status = host.status();
        prop_assert_eq!(status.past().len(), 24);
        prop_assert!(status.past().iter().all(|shown| shown.known));
    }
}

//! A musician who plays at random while the transport, the parameters and the blocks do what
//! they like.

use std::collections::BTreeMap;

use anacrusis::jam::controls::{Lookahead, Mode};
use anacrusis::jam::input::{InputEvent, NoteInput};
use anacrusis::jam::planner::Planner;
use anacrusis::jam::player::{NoteEvent, NoteKind};
use anacrusis::jam::take::Recall;
use anacrusis::music::{Chord, PianoRoll};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::jam::host::{Answers, Host, tell_step};
use crate::jam::plan::model;

/// Samples in a sixteenth at 120 BPM and 48 kHz.
const STEP: u32 = 6000;

/// Channels of ours and of the musician.
const OURS: u8 = 5;
const THEIRS: u8 = 0;

/// Milliseconds.
const REACTIONS: [f32; 4] = [0.0, 5.0, 12.0, 50.0];

/// A note of the musician's: from, for so many samples, and its key.
#[derive(Clone, Copy, Debug)]
struct Note {
    from: u32,
    length: u32,
    key: u8,
}

/// Notes within so many samples; a key is let go before it is struck again.
fn notes(within: u32) -> impl Strategy<Value = Vec<Note>> {
    let exact = prop_oneof![0..within, (0..within / 3000).prop_map(|half| half * 3000)];
    let length = prop_oneof![0..2000_u32, 0..40_000_u32, Just(3000_u32), Just(6000_u32)];
    vec((exact, length, 30..100_u8), 1..25).prop_map(|mut drawn| {
        drawn.sort();
        let mut free = [0; 128];
        let mut notes = Vec::new();
        for (from, length, key) in drawn {
            let slot = &mut free[usize::from(key)];
            if *slot <= from {
                *slot = from + length + 1;
                notes.push(Note { from, length, key });
            }
        }
        notes
    })
}

/// (sample, event) in order; at one sample ends come first, unless they end what begins there.
fn events(notes: &[Note]) -> Vec<(u32, InputEvent)> {
    let mut events = Vec::new();
    for note in notes {
        events.push((note.from, 1, InputEvent::on(0, THEIRS, note.key, 90)));
        let order = if note.length == 0 { 2 } else { 0 };
        events.push((note.from + note.length, order, InputEvent::off(0, THEIRS, note.key)));
    }
    events.sort_by_key(|(at, order, _)| (*at, *order));
    events.into_iter().map(|(at, _, event)| (at, event)).collect()
}

/// The same with a pedal on their channel that moves at some samples, and all silenced at others.
fn with_pedal(notes: &[Note], moves: &[(u32, u8)]) -> Vec<(u32, InputEvent)> {
    let mut events = events(notes);
    for (at, controller) in moves {
        let (number, value) = match controller {
            0 => (120, 0),
            1 => (123, 0),
            up_or_down => (64, 127 * (up_or_down % 2)),
        };
        let event = InputEvent::control(0, THEIRS, number, value).expect("it is about notes");
        events.push((*at, event));
    }
    // Of those at one sample notes come first, since the sort keeps their order.
    events.sort_by_key(|(at, _)| *at);
    events
}

fn moves(within: u32) -> impl Strategy<Value = Vec<(u32, u8)>> {
    vec((0..within, 0..8_u8), 0..12)
}

/// What changes at an edge that all partitions share.
#[derive(Clone, Debug)]
enum Change {
    Mode(Mode),
    Thru(bool),
    Double(bool),
    Room(bool),
    AnswerNow(bool),
    Reaction(f32),
    Lookahead(Lookahead),
    Loop(Option<(f64, f64)>),
    Jump(f64),
    /// The rest is not the same for all partitions.
    Play(bool),
    Reset,
    Panic,
    Room1,
}

fn steady() -> impl Strategy<Value = Change> {
    prop_oneof![
        prop::sample::select(vec![Mode::Solo, Mode::Accompany, Mode::Accompany, Mode::Answer])
            .prop_map(Change::Mode),
        any::<bool>().prop_map(Change::Thru),
        any::<bool>().prop_map(Change::Double),
        any::<bool>().prop_map(Change::Room),
        any::<bool>().prop_map(Change::AnswerNow),
        prop::sample::select(REACTIONS.to_vec()).prop_map(Change::Reaction),
        prop::sample::select(Lookahead::ALL.to_vec()).prop_map(Change::Lookahead),
        prop::option::of((0..40_u32, 1..30_u32)).prop_map(|range| {
            let sixths = |n: u32| f64::from(n) / 6.0;
            Change::Loop(range.map(|(start, length)| (sixths(start), sixths(start + length))))
        }),
        (0..500_u32).prop_map(|n| Change::Jump(f64::from(n) / 7.0)),
    ]
}

fn wild() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => steady(),
        2 => any::<bool>().prop_map(Change::Play),
        1 => Just(Change::Reset),
        1 => Just(Change::Panic),
        1 => Just(Change::Room1),
    ]
}

fn apply(host: &mut Host, change: &Change) {
    let controls = &mut host.controls;
    match change {
        Change::Mode(mode) => controls.mode = *mode,
        Change::Thru(on) => controls.thru = *on,
        Change::Double(on) => controls.double = *on,
        Change::Room(on) => controls.room = *on,
        Change::AnswerNow(on) => controls.answer_now = *on,
        Change::Reaction(ms) => controls.reaction_ms = *ms,
        Change::Lookahead(lookahead) => controls.lookahead = *lookahead,
        Change::Loop(range) => host.transport.loop_beats = *range,
        Change::Jump(beat) => host.transport.position_beats = Some(*beat),
        Change::Play(on) => host.transport.playing = *on,
        Change::Reset => host.performer.reset(),
        Change::Panic => host.performer.panic(),
        Change::Room1 => host.queue.room = 1,
    }
}

/// Plays so many samples in blocks of `sizes`, over and over, cut at the edges.
fn play(
    host: &mut Host,
    samples: u32,
    sizes: &[u32],
    edges: &BTreeMap<u32, Vec<Change>>,
    input: &[(u32, InputEvent)],
    mut after_block: impl FnMut(&mut Host),
) {
    let (mut now, mut sizes, mut coming) = (0, sizes.iter().cycle(), input.iter().peekable());
    while now < samples {
        host.queue.room = usize::MAX;
        edges.get(&now).into_iter().flatten().for_each(|change| apply(host, change));
        let edge = edges.range(now + 1..).next().map_or(samples, |(at, _)| *at);
        let size = *sizes.next().expect("they go round");
        let end = (now + size).min(edge).min(samples);
        while let Some((at, event)) = coming.next_if(|(at, _)| *at < end) {
            host.input.push(InputEvent { offset_samples: at - now, ..*event });
        }
        host.block(end - now);
        after_block(host);
        now = end;
    }
}

/// A host whose worker is a planner, so that what was heard is in every chord that follows. Whether
/// the network tells players apart is a matter of the version.
fn thinking(hears: bool) -> Host {
    let mut model = model(2);
    model.network.hears = hears;
    let mut planner = Planner::new(model);
    let mut host = Host::waiting_for(move |request| {
        planner.plan(request, &Recall::default(), &mut || true).expect("nothing stops it").chord
    });
    host.controls.channel = OURS;
    host
}

fn answers() -> impl Strategy<Value = Answers> {
    prop::sample::select(vec![Answers::Soon, Answers::BeforeTheNextBlock, Answers::Late])
}

fn edges(changes: Vec<(u32, Change)>) -> BTreeMap<u32, Vec<Change>> {
    let mut edges: BTreeMap<u32, Vec<Change>> = BTreeMap::new();
    changes.into_iter().for_each(|(at, change)| edges.entry(at).or_default().push(change));
    edges
}

fn sizes() -> impl Strategy<Value = Vec<u32>> {
    let size = prop_oneof![1..50_u32, 50..600_u32, 600..9000_u32, Just(0_u32)];
    vec(size, 1..8).prop_map(|mut sizes| {
        sizes.push(512);
        sizes
    })
}

/// How many ends and beginnings there are, and that nothing of ours begins that is held.
fn ours_keep_off(events: &[(u64, NoteEvent)], notes: &[Note]) -> Result<usize, TestCaseError> {
    let mut begun = 0;
    for (at, event) in events.iter().filter(|(_, e)| e.channel == OURS) {
        if event.kind == NoteKind::On {
            begun += 1;
            let held = notes.iter().find(|n| {
                let span = u64::from(n.from)..u64::from(n.from + n.length);
                n.key == event.key && span.contains(at)
            });
            prop_assert!(held.is_none(), "{event:?} at {at} is theirs: {held:?}");
        }
    }
    Ok(begun)
}

const LONG: u32 = 40 * STEP;

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn notes_are_the_same_however_blocks_are_cut_and_whenever_chords_come(
        played in notes(LONG),
        changes in vec((0..LONG, steady()), 0..8),
        pedal in moves(LONG),
        cuts in [sizes(), sizes()],
        answers in [answers(), answers()],
        reaction_ms in prop::sample::select(REACTIONS.to_vec()),
        (thru, hears) in any::<(bool, bool)>(),
    ) {
        let edges = edges(changes);
        let input = with_pedal(&played, &pedal);
        let [one, two] = [0, 1].map(|run| {
            let (sizes, answers) = (&cuts[run], answers[run]);
            let mut host = thinking(hears);
            host.set_answers(answers);
            host.controls.thru = thru;
            host.controls.follow = 0.6;
            host.controls.reaction_ms = reaction_ms;
            play(&mut host, LONG, sizes, &edges, &input, |_| {});
            prop_assert_eq!(host.status().expired_waits, 0);
            let events = host.queue.events.iter();
            Ok(events.map(|(at, e)| (*at, NoteEvent { offset_samples: 0, ..*e })).collect())
        });
        let (one, two): (Vec<_>, Vec<_>) = (one?, two?);
        let differs = one.iter().zip(&two).find(|(a, b)| a != b);
        prop_assert_eq!(differs, None);
        prop_assert_eq!(one.len(), two.len());
    }

    #[test]
    fn no_note_is_lost_and_none_of_ours_begins_where_one_is_held(
        played in notes(LONG),
        changes in vec((0..LONG, steady()), 0..6),
        sizes in sizes(),
    ) {
        let changes = changes.into_iter().filter(|(_, change)| {
            !matches!(change, Change::Thru(_) | Change::Double(_) | Change::Mode(Mode::Solo))
        });
        let mut host = thinking(true);
        host.controls.thru = true;
        let mut ended = played.clone();
        ended.retain(|note| note.from + note.length < LONG);
        let input = events(&ended);
        play(&mut host, LONG, &sizes, &edges(changes.collect()), &input, |_| {});
        let passed: Vec<(u64, u8, bool)> = (host.queue.events.iter())
            .filter(|(_, e)| e.channel == THEIRS)
            .map(|(at, e)| (*at, e.key, e.kind == NoteKind::On))
            .collect();
        let came: Vec<(u64, u8, bool)> = (input.iter())
            .map(|(at, event)| {
                let (key, on) = match event.played {
                    NoteInput::On { key, .. } => (key, true),
                    NoteInput::Off { key, .. } => (key.unwrap_or(0), false),
                    NoteInput::Pedal { .. } | NoteInput::Silence { .. } => panic!("notes alone"),
                };
                (u64::from(*at), key, on)
            })
            .collect();
        prop_assert_eq!(passed, came);
        ours_keep_off(&host.queue.events, &ended)?;
    }

    #[test]
    fn nothing_is_stuck_or_doubled_whatever_happens(
        played in notes(LONG),
        changes in vec((0..LONG, wild()), 0..20),
        pedal in moves(LONG),
        sizes in sizes(),
        late in 0..4_u32,
    ) {
        let mut host = Host::manual(|place| {
            Chord::from_masks(tell_step(place).playing() | 0xFF << 60, 0x55 << 60)
        });
        host.controls.channel = OURS;
        let mut blocks = 0;
        let input = with_pedal(&played, &pedal);
        play(&mut host, LONG, &sizes, &edges(changes), &input, |host| {
            blocks += 1;
            if late == 0 || blocks % late == 0 {
                host.serve();
            }
        });
        // The queue has seen that nothing was doubled.
        host.queue.room = usize::MAX;
        host.transport.playing = false;
        host.input.push(InputEvent { offset_samples: 0, played: NoteInput::Silence { channel: None } });
        host.run_served(3, 64);
        prop_assert_eq!((host.sounding(), host.status().held), (0, 0));
    }

    /// What the planner is told comes to what a MIDI file of the same notes would hold, and
    /// each onset is told with the first request that follows it.
    #[test]
    fn what_is_told_is_what_was_played(
        played in notes(30 * STEP),
        sizes in sizes(),
        lookahead in prop::sample::select(Lookahead::ALL.to_vec()),
    ) {
        let mut host = Host::parked(|_| Chord::SILENT);
        host.controls.lookahead = lookahead;
        host.requests.clear();
        play(&mut host, 60 * STEP, &sizes, &BTreeMap::new(), &events(&played), Host::serve);
        let nearest = |at: u32| ((at + STEP / 2) / STEP) as usize;
        let mut roll = PianoRoll { chords: vec![Chord::SILENT; 80] };
        for note in &played {
            let from = nearest(note.from);
            let end = nearest(note.from + note.length).max(from + 1);
            roll.chords[from].strike(note.key);
            roll.chords[from + 1..end].iter_mut().for_each(|chord| chord.hold(note.key));
        }
        let mut told = vec![Chord::SILENT; 80];
        let samples_ahead = lookahead.steps() * f64::from(STEP);
        for request in &host.requests {
            let index = request.place.index as usize;
            told[index] = Chord::from_masks(request.rules.forced, 0);
            for frame in request.heard.frames() {
                told[frame.index as usize] = frame.notes;
            }
            let commit = index as f64 * f64::from(STEP) - samples_ahead;
            for note in played.iter().filter(|note| f64::from(note.from) <= commit) {
                let from = nearest(note.from);
                prop_assert!(from >= index || told[from].strikes(note.key), "{note:?} in {index}");
            }
        }
        prop_assert_eq!(&told[..50], &roll.chords[..50]);
    }
}

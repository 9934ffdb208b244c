//! Nothing is allocated or freed on the audio thread, nor by an engine once it is built, nor
//! by a planner while it plays.
//!
//! The counting allocator is this binary's; with the framework linked (feature `plugin`) the
//! framework brings its own, and the loaded bundle is checked by the tests of `hosts`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use crate::jam::host::{Host, tell_step};
use crate::jam::plan::ask;
use crate::support::{engines, networks};
use anacrusis::audition::{Audition, Settings, Sounding};
use anacrusis::jam::controls::{Lookahead, Mode};
use anacrusis::jam::link::Request;
use anacrusis::jam::planner::{Model, Planner};
use anacrusis::jam::player::{NoteEvent, NoteKind, NoteSink};
use anacrusis::jam::take::Recall;
use anacrusis::model::config::Start;
use anacrusis::model::sampler::{self, Draw, Sampling};
use anacrusis::model::{Config, Frame, Given};
use anacrusis::music::{BarPosition, Chord, Rate};

thread_local! {
    /// Allocations and deallocations of this thread.
    static TOUCHED: Cell<u64> = const { Cell::new(0) };
    /// Bytes allocated on this thread and not freed on it.
    static HELD: Cell<i64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is handed to the system's allocator unchanged; counting touches only a
// `const` thread-local without a destructor, which itself allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TOUCHED.with(|n| n.set(n.get() + 1));
        HELD.with(|n| n.set(n.get() + layout.size() as i64));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        TOUCHED.with(|n| n.set(n.get() + 1));
        HELD.with(|n| n.set(n.get() - layout.size() as i64));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Takes every event and keeps none.
struct Taker;

impl NoteSink for Taker {
    fn try_send(&mut self, _: NoteEvent) -> bool {
        true
    }
}

/// What `process` and the like do to the heap in all that `script` does with them.
fn touched(host: &mut Host, frames: u32) -> u64 {
    host.queue.events.reserve(4096);
    let before = TOUCHED.with(Cell::get);
    host.process(frames);
    TOUCHED.with(Cell::get) - before
}

#[test]
fn the_counter_counts() {
    let before = TOUCHED.with(Cell::get);
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(TOUCHED.with(Cell::get) - before, 2);
}

#[test]
fn process_leaves_the_heap_alone() {
    let mut host = Host::manual(tell_step);
    let mut blocks = 0_u32;
    let mut total = 0;
    for lookahead in Lookahead::ALL {
        for (position, looped) in
            [(0.0, None), (8.3, None), (1.0, Some((1.0, 3.0))), (0.2, Some((0.2, 0.3)))]
        {
            host.controls.lookahead = lookahead;
            host.controls.rate = Rate::ALL[blocks as usize / 100 % 5];
            host.transport.position_beats = Some(position);
            host.transport.loop_beats = looped;
            for block in 0..100_u32 {
                host.transport.playing = block < 90;
                host.queue.room = if block % 17 == 0 { 1 } else { usize::MAX };
                if block == 50 {
                    host.performer.reset();
                    host.performer.panic();
                }
                let frames = [64, 1, 8192, 0][block as usize % 4];
                host.controls.mode =
                    [Mode::Solo, Mode::Accompany, Mode::Answer][blocks as usize / 50 % 3];
                (host.controls.thru, host.controls.double) = (block % 40 < 30, block % 20 < 10);
                host.controls.answer_now = block % 31 == 0;
                // Now and then more than fits.
                for n in 0..[3, 0, 300][block as usize % 3] {
                    let (at, key) = (n * 40, (block * 7 + n) as u8 % 128);
                    if n % 2 == 0 { host.strike(at, key) } else { host.let_go(at, key) }
                }
                total += touched(&mut host, frames);
                let beats = f64::from(frames) * host.beats_per_sample();
                host.transport.position_beats = Some(host.position() + beats);
                if block % 3 == 0 {
                    host.serve();
                }
                blocks += 1;
            }
        }
    }
    assert!(host.queue.events.len() > 100);
    assert_eq!(total, 0, "allocations and frees in {blocks} blocks");
}

#[test]
fn waiting_for_notes_leaves_the_heap_alone() {
    let mut host = Host::waiting(tell_step);
    for block in 0..50 {
        host.transport.position_beats = Some(f64::from(block) * 0.25);
        assert_eq!(touched(&mut host, 6000), 0);
    }
    assert_eq!(host.onsets().len(), 50);
}

#[test]
fn the_audition_voice_leaves_the_heap_alone() {
    let (mut left, mut right) = ([0.0; 512], [0.0; 512]);
    let mut voice = Audition::default();
    let mut touched = 0;
    for block in 0..200_u32 {
        let before = TOUCHED.with(Cell::get);
        voice.set(Settings { on: block % 50 < 45, level_db: -6.0 }, 48_000.0);
        if block % 33 == 0 {
            voice.silence();
        }
        let mut sounding = Sounding::new(&mut voice, Taker, &mut left, &mut right);
        for n in 0..12 {
            let kind = if n < 10 { NoteKind::On } else { NoteKind::Off };
            let key = ((block * 7 + n * 5) % 128) as u8;
            let offset_samples = n * 40;
            sounding.try_send(NoteEvent { offset_samples, kind, key, channel: 0, velocity: 90 });
        }
        sounding.finish();
        touched += TOUCHED.with(Cell::get) - before;
        assert!(left.iter().any(|sample| *sample != 0.0) || block % 50 >= 45);
    }
    assert_eq!(touched, 0, "allocations and frees");
}

#[test]
fn an_engine_leaves_the_heap_alone_once_built() {
    let config =
        Config { time: vec![33, 20], note: vec![17, 9], start: Start::Flag, ..Config::default() };
    let low = config.low;
    let draw = Draw { seed: 2, pass: 0 };
    let checkpoint = networks::random(config, 2);
    for (set, mut engine) in engines(&checkpoint) {
        let (mut state, mut next) = (engine.new_state(), engine.new_state());
        let mut kept = engine.new_state();
        let mut prepared = engine.new_prepared();
        let all = Chord::struck_keys(0..128);
        let before = TOUCHED.with(Cell::get);
        engine.feed(
            &state,
            &mut next,
            &Frame::before_first(BarPosition::default().before(), false),
            &mut || true,
        );
        std::mem::swap(&mut state, &mut next);
        for step in 0..32u8 {
            let frame = |chord| Frame::common_time(chord, i64::from(step));
            // The most that can sound, nothing, and what the network says.
            let mut chord = [all, Chord::SILENT][usize::from(step % 2)];
            engine.feed(&state, &mut next, &frame(chord), &mut || true);
            kept.clone_from(&next);
            chord = engine.choose(&kept, &Given::NOTHING, &mut |index, logits| {
                let uniforms = draw.uniforms(i64::from(step), low + index as u8);
                sampler::decide(&Sampling::default(), logits, uniforms)
            });
            engine.prepare(&kept, &mut prepared, &mut || true);
            engine.feed_prepared(&kept, &prepared, &mut state, &frame(chord), &mut || true);
        }
        assert_eq!(TOUCHED.with(Cell::get) - before, 0, "{}", set.name());
    }
}

#[test]
fn a_planner_leaves_the_heap_alone_while_it_plays() {
    let config = Config { time: vec![33, 20], note: vec![17, 9], ..Config::default() };
    let mut planner = Planner::new(Model::from(networks::random(config, 2)));
    let mut index = 0;
    for lookahead in Lookahead::ALL {
        let mut touched = 0;
        for n in 0..200_i64 {
            // Frames heard late, void commitments, jumps and lost requests among the rest.
            index += [1, 1, -1, 1, 1, 3, 1][n as usize % 7];
            let mut request = Request { lookahead, ..ask(index, index + n / 16 * 5) };
            request.anchor = n == 0;
            if n % 5 == 0 {
                request.heard.push(index - 1 - n % 3, Chord::struck_keys([60, n as u8 % 100]));
            }
            let before = TOUCHED.with(Cell::get);
            assert!(planner.plan(&request, &Recall::default(), &mut || true).is_some());
            planner.think_ahead(&mut || n % 11 > 0);
            if n > 0 {
                touched += TOUCHED.with(Cell::get) - before;
            }
        }
        assert_eq!(touched, 0, "{lookahead:?}: allocations and frees");
    }
}

/// What a planner says that it holds, and no more.
#[test]
fn memory_follows_the_look_ahead() {
    // Whole vectors on every set of instructions.
    let (keys, units) = (78, 32 + 16);
    let config = Config { time: vec![32, 16], note: vec![17, 9], ..Config::default() };
    let checkpoint = networks::random(config, 2);
    // The engine is built before and is none of the planner's.
    let model = Model::from(checkpoint);
    let before = HELD.with(Cell::get);
    let mut planner = Planner::new(model);
    let mut index = 0;
    for lookahead in [Lookahead::One, Lookahead::Eight, Lookahead::Quarter, Lookahead::Four] {
        for _ in 0..4 {
            let request = Request { lookahead, anchor: index == 0, ..ask(index, index) };
            assert!(planner.plan(&request, &Recall::default(), &mut || true).is_some());
            planner.think_ahead(&mut || true);
            index += 1;
        }
        let steps = lookahead.steps().ceil();
        // The state after the prompt counts, too: here nobody shares it.
        let expected = f64::from(8 * keys * units) * (steps + 3.0 + 1.0 + 2.0 * 2.0);
        let held = (HELD.with(Cell::get) - before) as f64;
        println!("{lookahead:?}: {held} bytes, {expected} expected");
        assert!(held >= expected, "{lookahead:?}: {held} bytes, {expected} expected");
        assert!(held < expected * 1.05 + 16_384.0, "{lookahead:?}: {held}, {expected} expected");
    }
}

//! What hosts do, row by row (`jam.md`, section 6): one function each, which any front must
//! survive. [`host_rows!`](crate::host_rows) makes tests of them; the table is in
//! `tests/hosts/README.md`.

use crate::oracle::{self, ANY_TEMPO_SAMPLES, CONSTANT_TEMPO_SAMPLES};
use crate::perform;
use crate::plugin::{OUTPUT_CAPACITY, Plugin};
use crate::recording::{Kind, Recorded, Recording};
use crate::script::{Action, Script};
use std::collections::BTreeSet;

/// Opens an instance.
pub type Open<'a> = &'a dyn Fn() -> Box<dyn Plugin>;

/// Makes a test of each row, with instances from the function given.
#[macro_export]
macro_rules! host_rows {
    ($open:expr) => {
        $crate::host_rows! { $open;
            stop_ends_every_note_at_the_first_sample,
            a_stop_of_a_block_or_two_keeps_what_is_committed,
            a_jump_rests_under_the_cursor,
            an_announced_wrap_is_no_break,
            an_unannounced_wrap_is_a_jump,
            a_ramp_keeps_every_onset_within_a_sample,
            reset_and_reactivation_end_what_sounds,
            a_state_loaded_while_playing_begins_anew,
            bypass_ends_every_note_and_lets_input_through,
            a_refused_end_comes_first_in_the_next_block,
            an_end_comes_before_the_beginning_of_its_key,
            blocks_of_no_samples_are_no_time,
            skipped_blocks_are_caught_up_with,
            it_never_asks_to_sleep_while_playing,
            notes_that_come_in_hang_none,
            notes_pass_through_at_their_sample,
        }
    };
    ($open:expr; $($row:ident),* $(,)?) => {
        $(#[test]
        fn $row() {
            $crate::rows::$row(&$open);
        })*
    };
}

/// A script whose host waits for every chord, so that what comes out is the music and not the
/// speed of this machine. It rests for a moment first, as hosts do.
pub fn patient(sample_rate: f64, block: u32) -> Script {
    Script::new(sample_rate, block)
        .without_thru()
        .on_the_beat()
        .set("Wait for notes", "On")
        .live(1.0)
        .samples(sample_rate as u64 / 20)
        .then(Action::Pace(None))
}

/// Plays, and holds what came to what is true of all performances.
fn play(open: Open<'_>, script: &Script, tolerance_samples: f64) -> Recording {
    let mut plugin = open();
    let format = plugin.format();
    let recording = perform(plugin.as_mut(), script).unwrap_or_else(|e| panic!("{format:?}: {e}"));
    assert_eq!(recording.disordered, 0, "{format:?}: events out of order");
    assert_eq!(recording.outside, 0, "{format:?}: events outside their block");
    let counts = recording.counts();
    assert_eq!((counts.allocations, counts.frees), (0, 0), "{format:?}: process touched the heap");
    let pairing = recording.notes();
    assert_eq!(pairing.unmatched(), 0, "{format:?}: {pairing:?}");
    assert!(pairing.onsets > 0, "{format:?}: no note");
    if recording.refused == 0 {
        let verdict = oracle::sane(&recording, None, tolerance_samples, oracle::Grace::None);
        let verdict = verdict.unwrap_or_else(|error| panic!("{format:?}: {error}\n{script}"));
        println!(
            "{format:?}: {} steps, {} onsets, worst {:.3} samples off",
            verdict.steps, verdict.onsets, verdict.worst_onset_samples
        );
    }
    recording
}

fn ends_at(recording: &Recording, sample: u64) -> impl Iterator<Item = &Recorded> {
    let at = move |e: &&Recorded| e.time_samples == sample && e.kind == Kind::Off;
    recording.events.iter().filter(at)
}

/// First samples of blocks in which the host did something new, by what came before.
fn turns(
    recording: &Recording,
    is: impl Fn(&crate::recording::Span, &crate::recording::Span) -> bool,
) -> Vec<u64> {
    let pairs = recording.spans.windows(2).filter(|pair| is(&pair[0], &pair[1]));
    pairs.map(|pair| pair[1].time_samples).collect()
}

/// The music from a beat on: which keys begin in which step.
fn onsets_from(recording: &Recording, beats: f64) -> BTreeSet<(i64, u8)> {
    let later = recording.onsets().filter(|e| e.position_beats > beats);
    later.map(|e| (e.step(4), e.key)).collect()
}

/// Stop: individual note-offs at the first sample.
pub fn stop_ends_every_note_at_the_first_sample(open: Open<'_>) {
    let mut script = patient(48_000.0, 64);
    for _ in 0..6 {
        script = script.play().beats(3.9).stop().blocks(4);
    }
    let recording = play(open, &script, CONSTANT_TEMPO_SAMPLES);
    let stops = turns(&recording, |before, now| before.playing && !now.playing);
    assert_eq!(stops.len(), 6);
    let ended: usize = stops.iter().map(|stop| ends_at(&recording, *stop).count()).sum();
    assert!(ended > 0, "nothing sounded at any stop");
}

/// Stop: playing again at the expected position within two blocks keeps what is committed.
pub fn a_stop_of_a_block_or_two_keeps_what_is_committed(open: Open<'_>) {
    let whole = play(open, &patient(48_000.0, 64).play().beats(12.0).stop().blocks(4), 0.501);
    let broken = patient(48_000.0, 64).play().beats(5.1).stop().blocks(2).play();
    let broken = play(open, &broken.beats(6.9).stop().blocks(4), 0.501);
    // What sounded before the stop begins again with the next step, beside what begins anyway.
    let missing: Vec<_> =
        onsets_from(&whole, 5.2).difference(&onsets_from(&broken, 5.2)).copied().collect();
    assert!(missing.is_empty(), "other chords after a short stop: {missing:?}");
}

/// Jump: note-offs at sample 0; the step under the cursor rests, the next boundary plays.
pub fn a_jump_rests_under_the_cursor(open: Open<'_>) {
    let mut script = patient(48_000.0, 128).play().beats(6.1);
    for to in [32.0, 2.7, 64.1, -4.0, 40.05] {
        script = script.jump(to).beats(6.3);
    }
    let recording = play(open, &script.stop().blocks(4), CONSTANT_TEMPO_SAMPLES);
    let jumps = turns(&recording, |before, now| now.playing && before.pass != now.pass);
    assert_eq!(jumps.len(), 5);
    let ended: usize = jumps.iter().map(|jump| ends_at(&recording, *jump).count()).sum();
    assert!(ended > 0, "nothing sounded at any jump");
    assert!(recording.onsets().any(|e| e.position_beats < 0.0), "the count-in is played, too");
}

/// Announced loop: not one step is lost or doubled, wherever its edges lie.
pub fn an_announced_wrap_is_no_break(open: Open<'_>) {
    for straddle in [false, true] {
        for (start, end) in [(4.0, 8.0), (3.9, 6.05), (4.0, 4.5), (4.0, 4.25)] {
            let script = patient(48_000.0, 960)
                .then(Action::Straddle(straddle))
                .loop_beats(start, end)
                .play()
                .beats(24.0)
                .loop_off()
                .beats(4.0)
                .stop()
                .blocks(4);
            let recording = play(open, &script, ANY_TEMPO_SAMPLES);
            let passes = recording.onsets().map(|e| e.pass).max().unwrap_or(0);
            assert!(passes > 3, "loop {start} to {end}: only {passes} passes sounded");
        }
    }
}

/// Unannounced loop: each wrap is a jump.
pub fn an_unannounced_wrap_is_a_jump(open: Open<'_>) {
    let script = patient(48_000.0, 512).silent_loop(4.0, 8.0).play().beats(24.0).stop().blocks(4);
    let recording = play(open, &script, CONSTANT_TEMPO_SAMPLES);
    let wraps = turns(&recording, |before, now| now.playing && before.pass != now.pass);
    assert_eq!(wraps.len(), 4);
    // The loop's first step lies under the cursor after each.
    let first = recording.onsets().filter(|e| e.step(4) == 16 && e.pass > 0);
    assert_eq!(first.count(), 0, "the step under the cursor sounded");
}

/// Tempo: boundaries are worked out anew in each block.
pub fn a_ramp_keeps_every_onset_within_a_sample(open: Open<'_>) {
    let script = patient(44_100.0, 256)
        .tempo(97.0)
        .play()
        .beats(4.0)
        .tempo(163.5)
        .beats(4.0)
        .ramp(40.0, 4.0)
        .ramp(999.0, 8.0)
        .beats(16.0)
        .stop()
        .blocks(4);
    play(open, &script, ANY_TEMPO_SAMPLES);
}

/// Reset, deactivation, activation, another sample rate: owed note-offs come with the next call.
pub fn reset_and_reactivation_end_what_sounds(open: Open<'_>) {
    let mut script = patient(48_000.0, 64).play().beats(5.9);
    for _ in 0..3 {
        script = script.reset().beats(3.9).then(Action::Reactivate).beats(3.9);
        script = script.sample_rate(44_100.0).beats(3.9).sample_rate(48_000.0).beats(3.9);
    }
    let recording = play(open, &script.stop().blocks(4), CONSTANT_TEMPO_SAMPLES);
    let fresh = turns(&recording, |before, now| before.playing && now.fresh);
    assert_eq!(fresh.len(), 12);
    let ended: usize = fresh.iter().map(|at| ends_at(&recording, *at).count()).sum();
    assert!(ended > 0, "nothing sounded at any reset");
}

/// A state that comes while playing: a new epoch, with what the state holds.
pub fn a_state_loaded_while_playing_begins_anew(open: Open<'_>) {
    let script = patient(48_000.0, 64)
        .set("Dynamics", "0")
        .set("Loudness", "33")
        .blocks(1)
        .save_state("soft")
        .set("Loudness", "99")
        .play()
        .beats(5.9)
        .load_state("soft")
        .beats(6.0)
        .stop()
        .blocks(4);
    let recording = play(open, &script, CONSTANT_TEMPO_SAMPLES);
    let loaded = turns(&recording, |before, now| before.playing && now.fresh);
    assert_eq!(loaded.len(), 1);
    for onset in recording.onsets() {
        let expected = if onset.time_samples < loaded[0] { 99 } else { 33 };
        assert_eq!((onset.velocity * 127.0).round() as u8, expected, "{onset:?}");
    }
}

/// Bypass: note-offs, then input to output untouched; and music again after it.
pub fn bypass_ends_every_note_and_lets_input_through(open: Open<'_>) {
    let note = |on| Action::Note {
        offset_samples: 17,
        on,
        key: 3,
        channel: 9,
        velocity: if on { 0.5 } else { 0.0 },
    };
    let mut script = patient(48_000.0, 64);
    for _ in 0..4 {
        // Whole blocks, that end within a step.
        script = script.play().samples(141_568).then(Action::Bypass(true)).blocks(1);
        script = script.then(note(true)).beats(1.0).then(note(false)).beats(1.0);
        script = script.then(Action::Bypass(false)).beats(2.0);
    }
    let mut plugin = open();
    let script = script.stop().blocks(4);
    let recording = perform(plugin.as_mut(), &script).unwrap_or_else(|error| panic!("{error}"));
    let pairing = recording.notes();
    assert_eq!(pairing.unmatched(), 0, "{pairing:?}");
    assert_eq!(recording.counts().allocations, 0, "process allocated");
    let passed: Vec<&Recorded> = recording.events.iter().filter(|e| e.key == 3).collect();
    let kinds: Vec<Kind> = passed.iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [Kind::On, Kind::Off].repeat(4), "what was played in");
    let mut ended = 0;
    for pair in passed.chunks(2) {
        let at_its_sample = |event: &&&Recorded| {
            let mut begins = recording.spans.iter().map(|span| span.time_samples);
            event.channel == 9 && begins.any(|begin| begin + 17 == event.time_samples)
        };
        assert_eq!(pair.iter().filter(at_its_sample).count(), 2, "{pair:?}");
        // The first bypassed block is the one before the note.
        let from = pair[0].time_samples - 17 - 64;
        let to = pair[1].time_samples + 23_900;
        ended += ends_at(&recording, from).filter(|e| e.key != 3).count();
        let within = |e: &&Recorded| (from + 1..to).contains(&e.time_samples) && e.key != 3;
        assert_eq!(recording.events.iter().filter(within).count(), 0, "own notes in bypass");
        assert!(recording.onsets().any(|e| e.time_samples > to && e.key != 3), "music again");
    }
    assert!(ended > 0, "nothing sounded at any bypass");
}

/// A full queue: what begins must end, no later than a block after it should.
pub fn a_refused_end_comes_first_in_the_next_block(open: Open<'_>) {
    let full = Action::Capacity(OUTPUT_CAPACITY);
    let mut whole = patient(48_000.0, 480).play();
    let mut refusing = whole.clone();
    // The last block before each sixth beat ends with a boundary; the next holds it.
    for _ in 0..8 {
        let mut add = |capacity: Action, length: u64| {
            whole = whole.clone().samples(length);
            refusing = refusing.clone().then(capacity).samples(length);
        };
        add(full.clone(), 23_760);
        add(full.clone(), 240);
        add(Action::Capacity(0), 480);
        add(full.clone(), 24_000 - 480);
    }
    let whole = play(open, &whole.stop().blocks(4), CONSTANT_TEMPO_SAMPLES);
    let refusing = play(open, &refusing.then(full).stop().blocks(4), CONSTANT_TEMPO_SAMPLES);
    assert!(refusing.refused > 0, "the queue was never full");
    let play_begins = turns(&whole, |before, now| !before.playing && now.playing);
    let mut moved = 0;
    for beat in (1..16).step_by(2) {
        let refused_at = play_begins[0] + beat * 24_000;
        let next_block = refused_at + 480;
        for end in ends_at(&whole, refused_at) {
            let there = ends_at(&refusing, next_block).any(|e| e.key == end.key);
            // A note whose beginning was refused before has no end.
            let sounded = refusing
                .events
                .iter()
                .rev()
                .find(|e| e.key == end.key && e.time_samples < refused_at);
            if sounded.is_some_and(|e| e.kind == Kind::On) {
                assert!(
                    there,
                    "the end of key {} at {refused_at} is not in the next block",
                    end.key
                );
                moved += 1;
            }
        }
    }
    assert!(moved > 0, "no end was refused");
}

/// The same pitch ends before it begins anew in one sample.
pub fn an_end_comes_before_the_beginning_of_its_key(open: Open<'_>) {
    let script = patient(48_000.0, 256).play().beats(48.0).stop().blocks(4);
    let recording = play(open, &script, CONSTANT_TEMPO_SAMPLES);
    let mut again = 0;
    for (index, on) in recording.events.iter().enumerate().filter(|(_, e)| e.kind == Kind::On) {
        let same = |e: &&Recorded| e.time_samples == on.time_samples && e.key == on.key;
        let ends = recording.events[..index].iter().rev().take(64).filter(same).count();
        let late = recording.events[index + 1..].iter().take(64).filter(same).count();
        assert_eq!(late, 0, "an event of its key follows {on:?}");
        again += ends;
    }
    assert!(again > 0, "no key was struck anew");
}

/// Blocks of no samples change nothing.
pub fn blocks_of_no_samples_are_no_time(open: Open<'_>) {
    let script = |empty: u32| {
        let mut script = patient(48_000.0, 300).play();
        for _ in 0..40 {
            script = script.samples(4_650).then(Action::Empty(empty));
        }
        script.stop().then(Action::Empty(empty)).blocks(4)
    };
    let with = play(open, &script(3), CONSTANT_TEMPO_SAMPLES);
    let without = play(open, &script(0), CONSTANT_TEMPO_SAMPLES);
    oracle::same(&with, &without).unwrap_or_else(|error| panic!("{error}"));
}

/// Time that passes without a call of `process`: a little is caught up with, more is a jump.
pub fn skipped_blocks_are_caught_up_with(open: Open<'_>) {
    let mut script = patient(48_000.0, 480).play().beats(2.0);
    for blocks in [1, 3, 11, 20, 200] {
        script = script.then(Action::Skip(blocks)).beats(3.1);
    }
    let recording = play(open, &script.stop().blocks(4), ANY_TEMPO_SAMPLES);
    let last = recording.spans.iter().rev().find(|span| span.playing).expect("it played");
    assert!(recording.onsets().any(|e| e.position_beats > last.position_beats - 3.0));
}

/// A silent plugin may be put to sleep; this one must not be.
pub fn it_never_asks_to_sleep_while_playing(open: Open<'_>) {
    let script = patient(48_000.0, 512).play().beats(8.0).stop().blocks(4);
    let recording = play(open, &script, CONSTANT_TEMPO_SAMPLES);
    assert_eq!(recording.may_sleep, 0, "so many blocks let the host put it to sleep");
}

/// Whatever is played in, whenever: nothing hangs.
pub fn notes_that_come_in_hang_none(open: Open<'_>) {
    let mut script = patient(48_000.0, 256).play();
    let note = |on, key, offset_samples| Action::Note {
        offset_samples,
        on,
        key,
        channel: 0,
        velocity: if on { 0.8 } else { 0.0 },
    };
    for key in 40..56 {
        script = script.then(note(true, key, 17)).beats(0.4).then(note(false, key, 200));
        script = if key % 5 == 0 { script.stop().blocks(3).play() } else { script.beats(0.1) };
    }
    let mut plugin = open();
    let script = script.stop().blocks(4);
    let recording = perform(plugin.as_mut(), &script).unwrap_or_else(|error| panic!("{error}"));
    let pairing = recording.notes();
    assert!(pairing.onsets > 0);
    assert_eq!(pairing.unmatched(), 0, "{pairing:?}");
    assert_eq!(recording.counts().allocations, 0, "process allocated");
}

/// With *Thru* on, what is played in comes out on its channel at its sample, stopped or not.
pub fn notes_pass_through_at_their_sample(open: Open<'_>) {
    let note = |on, key, offset_samples| Action::Note {
        offset_samples,
        on,
        key,
        channel: 5,
        velocity: if on { 0.8 } else { 0.0 },
    };
    let mut script = patient(48_000.0, 256).set("Thru", "On").blocks(4);
    for key in 60..76 {
        script = script.then(note(true, key, 17)).blocks(3).then(note(false, key, 200)).blocks(2);
        script = if key % 5 == 0 { script.play() } else { script };
    }
    let mut plugin = open();
    let script = script.stop().blocks(4);
    let recording = perform(plugin.as_mut(), &script).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((recording.disordered, recording.outside, recording.notes().unmatched()), (0, 0, 0));
    let theirs: Vec<_> = recording.events.iter().filter(|e| e.channel == 5).collect();
    assert_eq!(theirs.len(), 32);
    for (key, pair) in (60..76).zip(theirs.chunks(2)) {
        assert_eq!([pair[0].key, pair[1].key], [key, key]);
        assert_eq!([pair[0].kind, pair[1].kind], [Kind::On, Kind::Off]);
        assert_eq!(pair[1].time_samples - pair[0].time_samples, 3 * 256 + 200 - 17);
        assert!((pair[0].velocity - 0.8).abs() < 0.01, "{}", pair[0].velocity);
    }
    assert_eq!(recording.counts().allocations, 0, "process allocated");
}

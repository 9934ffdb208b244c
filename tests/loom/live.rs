//! Chords that nobody waits for: what is old does not sound, whenever it comes, and threads end.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::network::model_of;
use crate::stage::{STEP, Stage, ensure, explore};

/// The lowest key of the chord that is asked for last.
const LOWEST: u8 = 60;

/// Asks twice for the chord of one and the same place, and plays. The first would sound lower.
pub fn ask_anew(stage: &mut Stage) {
    stage.controls.bounds.highest = 100;
    stage.block();
    stage.controls.bounds.lowest = LOWEST;
    stage.block();
    stage.play();
    stage.block();
}

/// Whether only what was asked for last sounds; if it came in time.
pub fn nothing_old(onsets: &[(usize, u8)]) -> Result<(), String> {
    let old = onsets.iter().find(|(_, key)| *key < LOWEST);
    ensure(old.is_none(), || format!("an old plan sounds: {onsets:?}"))
}

#[test]
fn a_plan_of_an_old_epoch_never_sounds() {
    static IN_TIME: AtomicU64 = AtomicU64::new(0);
    static LATE: AtomicU64 = AtomicU64::new(0);
    explore("asked for anew", 3, || {
        let mut stage = Stage::parked();
        stage.explore();
        ask_anew(&mut stage);
        let ended = stage.end();
        let count = if ended.onsets.is_empty() { &LATE } else { &IN_TIME };
        count.fetch_add(1, Ordering::Relaxed);
        ensure(ended.meters.panics == 0, || "a panic".into())?;
        nothing_old(&ended.onsets)
    });
    let [in_time, late] = [&IN_TIME, &LATE].map(|count| count.load(Ordering::Relaxed));
    assert!(in_time > 0 && late > 0, "{in_time} in time, {late} late");
}

#[test]
fn no_chord_of_the_old_model_sounds_once_the_new_one_was_seen() {
    static SEEN: AtomicU64 = AtomicU64::new(0);
    static UNSEEN: AtomicU64 = AtomicU64::new(0);
    explore("another model", 2, || {
        let mut stage = Stage::parked();
        stage.play();
        stage.block();
        // So short that chords lie ready for a block or two.
        stage.frames = STEP / 2;
        let epoch = stage.monitor.status().epoch;
        stage.load(1);
        stage.explore();
        let mut seen_from = usize::MAX;
        for block in 1..7 {
            stage.block();
            if stage.monitor.status().epoch > epoch {
                seen_from = seen_from.min(block);
            }
        }
        let onsets = stage.end().onsets;
        let by = |model| move |&(_, key): &(usize, u8)| model_of(key) == Some(model);
        let new = onsets.iter().any(by(1));
        let count = if new && seen_from < usize::MAX { &SEEN } else { &UNSEEN };
        count.fetch_add(1, Ordering::Relaxed);
        let old = onsets.iter().filter(|(block, _)| *block >= seen_from).any(by(0));
        ensure(!old, || format!("seen in block {seen_from}, and the old one plays: {onsets:?}"))
    });
    let [seen, unseen] = [&SEEN, &UNSEEN].map(|count| count.load(Ordering::Relaxed));
    assert!(seen > 0 && unseen > 0, "{seen} heard the new model, {unseen} did not");
}

#[test]
fn the_thread_ends_whatever_it_is_at() {
    static FULL: AtomicU64 = AtomicU64::new(0);
    explore("the end", 4, || {
        let mut stage = Stage::parked();
        stage.explore();
        // Asks for two chords and takes none.
        stage.play();
        stage.block();
        drop(stage.take_worker());
        FULL.fetch_add(stage.end().meters.refused_plans, Ordering::Relaxed);
        Ok(())
    });
    assert!(FULL.load(Ordering::Relaxed) > 0, "the ring was never full");
}

//! What is done with bars of the take.

use anacrusis::editor::{Question, Tab, TakeAction, text};
use egui::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::support::{Desk, harness, playing, tab};

/// Clicks a button; what the editor then asks to be done with the take.
fn asked(harness: &mut Harness<'_, Desk>, button: (&str, &str)) -> Option<TakeAction> {
    harness.state_mut().actions.clear();
    harness.get_by_role_and_label(Role::Button, button.0).click();
    harness.run();
    harness.state().actions.iter().find_map(|actions| actions.take)
}

fn desk(can_undo: bool, bars: Option<(i64, i64)>) -> Harness<'static, Desk> {
    let mut view = playing();
    (view.take.steps, view.take.bar, view.take.can_undo) = (40, 3, can_undo);
    view.take.notice = Some("Kept as /music/take-0001.mid".to_owned());
    let mut desk = Desk { view, ..Desk::default() };
    desk.memory.lens.bars = bars;
    let mut harness = harness(desk);
    tab(&mut harness, Tab::Take);
    harness
}

#[test]
fn bars_of_the_take_are_locked_played_again_and_kept() {
    let mut harness = desk(false, None);
    harness.get_by_label("2.5 bars of 16 steps");
    harness.get_by_label("Kept as /music/take-0001.mid");
    harness.get_by_label("Bar 3");
    // The bar that is played, as long as no other is chosen.
    assert_eq!(asked(&mut harness, text::LOCK), Some(TakeAction::Lock(3, 3)));
    assert_eq!(asked(&mut harness, text::UNLOCK), Some(TakeAction::Unlock(3, 3)));
    assert_eq!(asked(&mut harness, text::AGAIN), Some(TakeAction::Again(3, 3)));
    assert_eq!(asked(&mut harness, text::KEEP_BARS), Some(TakeAction::KeepBars(3, 3)));
    assert_eq!(asked(&mut harness, text::KEEP), Some(TakeAction::Keep(None)));
    assert_eq!(asked(&mut harness, text::KEEP_LAST), Some(TakeAction::Keep(Some(8))));
    assert_eq!(asked(&mut harness, text::UNDO), None, "there is nothing to undo");
    let mut harness = desk(true, Some((7, 5)));
    assert_eq!(asked(&mut harness, text::UNDO), Some(TakeAction::Undo));
    assert_eq!(asked(&mut harness, text::LOCK), Some(TakeAction::Lock(5, 7)), "either way round");
    assert_eq!(asked(&mut harness, text::KEEP_BARS), Some(TakeAction::KeepBars(5, 7)));
}

#[test]
fn the_take_is_kept_where_the_musician_says() {
    let mut harness = desk(false, None);
    harness.get_by_label(text::KEEP_AS.0).click();
    harness.run();
    let asked = harness.state().actions.iter().find_map(|actions| actions.ask);
    assert_eq!(asked, Some(Question::Keep));
}

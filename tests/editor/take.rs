//! What is done with bars of the take.

use anacrusis::editor::{Column, Group, Part, Question, TakeAction, text};
use egui::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::support::{Desk, group, harness, playing};

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
    group(&mut harness, Group::Take);
    harness
}

#[test]
fn bars_of_the_take_are_locked_played_again_and_kept() {
    let mut harness = desk(false, None);
    harness.get_by_label("Take: 2.5 bars");
    harness.get_by_label("Kept as /music/take-0001.mid");
    harness.get_by_label("Bar 3");
    // The bar that is played, as long as no other is chosen.
    assert_eq!(asked(&mut harness, text::LOCK), Some(TakeAction::Lock(3, 3)));
    assert_eq!(asked(&mut harness, text::AGAIN), Some(TakeAction::Again(3, 3)));
    assert_eq!(asked(&mut harness, text::KEEP_BARS), Some(TakeAction::Keep(Part::Bars(3, 3))));
    assert_eq!(asked(&mut harness, text::KEEP), Some(TakeAction::Keep(Part::All)));
    assert_eq!(asked(&mut harness, text::KEEP_LAST), Some(TakeAction::Keep(Part::Last(8))));
    assert_eq!(asked(&mut harness, text::UNDO), None, "there is nothing to undo");
    let mut harness = desk(true, Some((7, 5)));
    assert_eq!(asked(&mut harness, text::UNDO), Some(TakeAction::Undo));
    assert_eq!(asked(&mut harness, text::LOCK), Some(TakeAction::Lock(5, 7)), "either way round");
    assert_eq!(asked(&mut harness, text::KEEP_BARS), Some(TakeAction::Keep(Part::Bars(5, 7))));
}

#[test]
fn bars_that_are_locked_can_be_unlocked() {
    let mut harness = desk(false, None);
    let step = Column { bar: 3, locked: true, ..Column::default() };
    harness.state_mut().view.roll.past = vec![Column { bar: 2, ..Column::default() }, step, step];
    harness.run();
    assert_eq!(asked(&mut harness, text::UNLOCK), Some(TakeAction::Unlock(3, 3)));
    harness.state_mut().view.roll.past[2].locked = false;
    harness.run();
    assert_eq!(asked(&mut harness, text::LOCK), Some(TakeAction::Lock(3, 3)), "not all of it is");
}

#[test]
fn what_a_newer_version_wrote_is_given_up_only_when_asked() {
    let mut harness = desk(false, None);
    assert!(harness.query_by_label(text::ANEW.0).is_none());
    harness.state_mut().view.take.newer = true;
    harness.run();
    assert_eq!(asked(&mut harness, text::ANEW), Some(TakeAction::Anew));
}

#[test]
fn a_part_of_the_take_is_kept_where_the_musician_says() {
    let parts = [
        (text::KEEP_AS_ALL.to_owned(), Part::All),
        (text::KEEP_AS_LAST.to_owned(), Part::Last(8)),
        (text::keep_as_bars(2, 4), Part::Bars(2, 4)),
    ];
    for (name, part) in parts {
        let mut harness = desk(false, Some((4, 2)));
        harness.get_by_label(text::KEEP_AS.0).click();
        harness.run();
        harness.get_by_label(&name).click();
        harness.run();
        let asked = harness.state().actions.iter().find_map(|actions| actions.ask);
        assert_eq!(asked, Some(Question::Keep(part)), "{name}");
    }
}

#[test]
fn what_can_be_kept_can_be_dragged_out() {
    for (button, part) in [
        (text::KEEP_BARS, Part::Bars(5, 7)),
        (text::KEEP, Part::All),
        (text::KEEP_LAST, Part::Last(8)),
    ] {
        let mut harness = desk(false, Some((5, 7)));
        let place = harness.get_by_role_and_label(Role::Button, button.0).rect().center();
        harness.drag_at(place);
        harness.run();
        harness.hover_at(place + egui::vec2(-40.0, 60.0));
        harness.run();
        harness.drop_at(place + egui::vec2(-80.0, 120.0));
        harness.run();
        let actions = &harness.state().actions;
        let dragged: Vec<Part> = actions.iter().filter_map(|actions| actions.drag).collect();
        let expected = if text::DRAG_HINT.is_some() { vec![part] } else { Vec::new() };
        assert_eq!(dragged, expected, "{button:?}");
        assert!(actions.iter().all(|actions| actions.take.is_none()), "a drag is no click");
    }
}

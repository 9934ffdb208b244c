//! The roll: what is told apart, and what is done with the pointer.

use anacrusis::editor::roll::{KEY_LIGHT, TONIC_LIGHT};
use anacrusis::editor::theme::DARK;
use anacrusis::editor::{Column, Line, text};
use anacrusis::music::{Chord, Tonality};
use egui::{Modifiers, MouseWheelUnit, Pos2, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::support::{Desk, column, desk_with_bars, fills, harness, outlines, playing};

/// A step in which `keys` are struck as loud as can be.
fn loud<const N: usize>(keys: [u8; N], line: Line) -> Column {
    Column { velocity: 127, heard_velocity: 127, ..column(keys, line) }
}

#[test]
fn voices_future_and_the_musician_are_told_apart() {
    let mut view = playing();
    view.roll.past = vec![loud([48, 60, 76], Line::Bar), loud([60, 76], Line::Step)];
    view.roll.past[1].heard = Chord::struck_keys([79]);
    view.roll.now = Some(loud([50, 67, 72], Line::Beat));
    view.roll.ahead =
        vec![loud([52], Line::Step), Column { tentative: true, ..loud([52, 90], Line::Step) }];
    view.roll.held = 1 << 81;
    let harness = harness(Desk { view, ..Desk::default() });
    harness.get_by_label("Piano roll: 3 notes sound now, 2 steps are decided ahead");
    // One sample of each in the legend.
    assert_eq!(fills(&harness, DARK.bass), 1 + 1 + 1);
    assert_eq!(fills(&harness, DARK.middle), 2 + 1 + 1);
    assert_eq!(fills(&harness, DARK.top), 2 + 1 + 1);
    // The right half of what sounds, and what comes.
    assert_eq!([DARK.bass, DARK.middle, DARK.top].map(|c| outlines(&harness, c)), [2, 1, 1]);
    // Three keys sound on the keyboard, and one is held.
    assert_eq!(fills(&harness, DARK.now), 3);
    assert_eq!(fills(&harness, DARK.heard), 1 + 1 + 1);
}

#[test]
fn how_it_would_go_on_is_faint_and_follows_what_is_decided() {
    let mut view = playing();
    view.roll.now = Some(loud([60], Line::Bar));
    view.roll.ahead = vec![loud([62], Line::Step)];
    let faint = DARK.middle.gamma_multiply(0.16);
    let shown = |view: &anacrusis::editor::View| {
        let harness = harness(Desk { view: view.clone(), ..Desk::default() });
        (fills(&harness, faint), outlines(&harness, DARK.middle))
    };
    assert_eq!(shown(&view), (0, 2), "what sounds and what is decided");
    view.roll.preview = vec![loud([64, 67], Line::Step), column([], Line::Step)];
    assert_eq!(shown(&view), (2, 2));
}

#[test]
fn soft_notes_are_pale() {
    let mut view = playing();
    view.roll.past = vec![Column { velocity: 20, ..column([48], Line::Bar) }];
    let harness = harness(Desk { view, ..Desk::default() });
    assert_eq!(fills(&harness, DARK.bass), 1, "in the legend alone");
}

#[test]
fn locked_bars_are_framed_and_the_hosts_loop_lies_under_a_band() {
    let bands = |locked: &[usize], looped: &[usize]| {
        let mut desk = desk_with_bars(4);
        locked.iter().for_each(|&step| desk.view.roll.past[step].locked = true);
        looped.iter().for_each(|&step| desk.view.roll.past[step].looped = true);
        let harness = harness(desk);
        (outlines(&harness, DARK.locked), fills(&harness, DARK.accent.gamma_multiply(0.8)))
    };
    assert_eq!(bands(&[], &[]), (0, 0));
    assert_eq!(bands(&[4, 5, 6, 7, 12], &[0, 1, 2]), (2, 1), "one for each stretch");
}

#[test]
fn a_missed_chord_is_drawn_as_one_and_told_for_a_while() {
    let mut view = playing();
    view.roll.past = vec![column([60, 64], Line::Bar)];
    view.roll.past[0].missed = true;
    view.figures.missed = 1;
    let mut harness = harness(Desk { view, ..Desk::default() });
    assert_eq!(outlines(&harness, DARK.warn), 2);
    harness.get_by_label(text::TOO_LATE);
    harness.run_steps(60);
    assert!(harness.query_by_label(text::TOO_LATE).is_none(), "it is over");
}

#[test]
fn notes_outside_the_models_keys_are_left_out() {
    let mut view = playing();
    view.roll.past = vec![loud([0, 23, 24, 101, 102, 127], Line::Step)];
    let mut harness = harness(Desk { view, ..Desk::default() });
    let drawn = |harness: &Harness<'_, Desk>| {
        [DARK.bass, DARK.middle, DARK.top]
            .map(|colour| fills(harness, colour))
            .iter()
            .sum::<usize>()
    };
    assert_eq!(drawn(&harness), 2 + 3);
    harness.state_mut().memory.lens.all_keys = true;
    harness.run();
    assert_eq!(drawn(&harness), 2 + 3);
}

#[test]
fn the_notes_of_the_key_that_is_heard_are_lit() {
    let mut view = playing();
    let tinted = |view: &anacrusis::editor::View| {
        let harness = harness(Desk { view: view.clone(), ..Desk::default() });
        let lit = |row: egui::Color32, by| fills(&harness, row.lerp_to_gamma(DARK.accent, by));
        [KEY_LIGHT, TONIC_LIGHT].map(|by| lit(DARK.row, by) + lit(DARK.row_dark, by))
    };
    assert_eq!(tinted(&view), [0, 0]);
    view.ear.key = Some(Tonality { tonic: 2, minor: false });
    assert_eq!(tinted(&view), [3 * 6, 3], "three octaves");
}

/// The middle of a step of the roll, as the roll draws it at rest: `back` steps before the
/// newest one.
fn at(harness: &Harness<'_, Desk>, back: f32) -> Pos2 {
    let roll = harness.get_by_label_contains("Piano roll").rect();
    let width = harness.state().memory.lens.step_width;
    // A bar and two steps lie ahead of the now-line, and half of the sounding one is over.
    pos2(roll.right() - 18.0 * width - back * width, roll.center().y)
}

#[test]
fn bars_are_chosen_by_dragging_over_them_and_by_a_click() {
    let mut harness = harness(desk_with_bars(6));
    let bars = |harness: &Harness<'_, Desk>| harness.state().memory.lens.bars;
    // Bars of four steps: 6 lies 1 to 4 steps back, 4 lies 9 to 12.
    let (from, to) = (at(&harness, 2.0), at(&harness, 10.0));
    harness.drag_at(from);
    harness.run();
    harness.hover_at(to);
    harness.run();
    assert_eq!(bars(&harness), Some((4, 6)));
    harness.get_by_label("Bars 4 to 6");
    harness.drop_at(to);
    harness.run();
    assert_eq!(bars(&harness), Some((4, 6)), "kept when the button is let go");
    click(&mut harness, to);
    assert_eq!(bars(&harness), None, "a click on what is chosen lets go of it");
    click(&mut harness, to);
    assert_eq!(bars(&harness), Some((4, 4)));
    harness.get_by_label("x").click();
    harness.run();
    assert_eq!(bars(&harness), None);
    harness.get_by_label("Bar 7");
}

fn click(harness: &mut Harness<'_, Desk>, at: Pos2) {
    harness.drag_at(at);
    harness.drop_at(at);
    harness.run();
}

fn wheel(harness: &mut Harness<'_, Desk>, delta: f32, modifiers: Modifiers) {
    let middle = at(harness, 2.0);
    harness.hover_at(middle);
    harness.run();
    harness.event_modifiers(
        egui::Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: egui::vec2(0.0, delta),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers,
        },
        modifiers,
    );
    harness.run();
}

#[test]
fn the_wheel_goes_back_and_follow_returns() {
    let mut harness = harness(desk_with_bars(30));
    wheel(&mut harness, 130.0, Modifiers::NONE);
    let anchor = harness.state().memory.lens.anchor.expect("it no longer follows");
    assert!((90.0..120.0).contains(&anchor), "{anchor}");
    harness.state_mut().view.roll.played += 1;
    harness.run();
    assert_eq!(harness.state().memory.lens.anchor, Some(anchor), "it stands still");
    harness.get_by_label(text::FOLLOW.0).click();
    harness.run();
    assert_eq!(harness.state().memory.lens.anchor, None);
}

#[test]
fn zoom_makes_steps_wider_and_narrower() {
    let mut harness = harness(desk_with_bars(30));
    let width = |harness: &Harness<'_, Desk>| harness.state().memory.lens.step_width;
    let before = width(&harness);
    harness.get_by_label(text::ZOOM_IN.0).click();
    harness.run();
    assert!(width(&harness) > before);
    harness.get_by_label(text::ZOOM_OUT.0).click();
    harness.run();
    assert!((width(&harness) - before).abs() < 1e-3);
    wheel(&mut harness, 60.0, Modifiers::COMMAND);
    assert!(width(&harness) > before, "with Ctrl the wheel zooms");
    assert_eq!(harness.state().memory.lens.anchor, None);
}

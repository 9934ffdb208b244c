//! Draws the editor without a window or a host, and uses it as a user would.

mod console;
mod controls;
mod models;
mod presets;
mod roll;
mod support;
mod take;

use anacrusis::editor::{
    Activity, Advice, Group, Line, MusicalContext, Page, Sound, Transport, text,
};
use anacrusis::music::{Chord, Harmony, Tonality};
use egui::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use nih_plug::prelude::ParamSetter;
use support::{Desk, close, column, group, harness, page, playing};

#[test]
fn a_stopped_editor_names_everything_it_shows() {
    let mut harness = harness(Desk::default());
    harness.get_by_label(text::PANIC);
    harness.get_by_label(text::STOPPED);
    harness.get_by_role_and_label(Role::ComboBox, text::MODEL);
    harness.get_by_role_and_label(Role::ComboBox, text::PRESET);
    harness.get_by_label_contains("Piano roll: 0 notes sound now");
    for name in ["Solo", "Accompany", "Answer"] {
        harness.get_by_role_and_label(Role::RadioButton, name);
    }
    for name in ["Start with me", "Stop with me", "Thru", "Room", "Double"] {
        harness.get_by_role_and_label(Role::CheckBox, name);
    }
    for name in ["Follow", "Busy", "Wild", "Register", "Loudness"] {
        harness.get_by_role_and_label(Role::Slider, name);
    }
    let groups: [(Group, &[(Role, &str)]); 6] = [
        (
            Group::Notes,
            &[
                (Role::ComboBox, "Key"),
                (Role::ComboBox, "Scale"),
                (Role::Slider, "Lowest note"),
                (Role::Slider, "Highest note"),
                (Role::Slider, "Transpose"),
                (Role::Slider, "Most notes"),
                (Role::Slider, "Most onsets"),
                (Role::CheckBox, "Clear bass"),
            ],
        ),
        (
            Group::Touch,
            &[
                (Role::Slider, "Dynamics"),
                (Role::Slider, "Accent"),
                (Role::Slider, "Humanise"),
                (Role::Slider, "Gate"),
            ],
        ),
        (
            Group::Groove,
            &[
                (Role::Slider, "Swing"),
                (Role::ComboBox, "Swing of"),
                (Role::Slider, "Lay back"),
                (Role::Slider, "Timing"),
            ],
        ),
        (
            Group::Sound,
            &[
                (Role::CheckBox, "Audition"),
                (Role::Slider, "Audition level"),
                (Role::Slider, "Channel"),
                (Role::CheckBox, "Split"),
                (Role::CheckBox, "Bypass"),
            ],
        ),
        (Group::Take, &[(Role::Slider, "Seed"), (Role::ComboBox, "Replay")]),
        (
            Group::Advanced,
            &[
                (Role::ComboBox, "Rate"),
                (Role::ComboBox, "Lookahead"),
                (Role::Slider, "Reaction"),
                (Role::Slider, "Truncation"),
                (Role::CheckBox, "Wait for notes"),
                (Role::CheckBox, "Sustain"),
            ],
        ),
    ];
    for (which, controls) in groups {
        close(&mut harness);
        group(&mut harness, which);
        for (role, name) in controls {
            harness.get_by_role_and_label(*role, name);
        }
    }
}

#[test]
fn every_group_fits_into_the_panel() {
    for size in [anacrusis::editor::SIZE, anacrusis::editor::SIZE_MIN] {
        let mut harness = harness(Desk::default());
        harness.set_size(egui::vec2(size[0], size[1]));
        harness.run();
        let roll = |harness: &Harness<'_, Desk>| harness.get_by_label_contains("Piano roll").rect();
        let before = roll(&harness);
        for (which, name) in Group::ALL {
            harness.state_mut().memory.group = Some(which);
            harness.run();
            assert_eq!(roll(&harness), before, "{name}");
            let head = harness.get_by_role_and_label(Role::Button, name).rect();
            assert!(head.left() >= before.right() && head.right() <= size[0], "{name}: {head}");
        }
    }
}

/// A control that belongs to a parameter is in the window, and each parameter has one.
#[test]
fn every_parameter_has_a_control() {
    use nih_plug::prelude::Params;
    let mut harness = harness(Desk::default());
    let mut seen = std::collections::BTreeSet::new();
    let params = anacrusis::params::AnacrusisParams::default();
    // SAFETY: the parameters outlive the closure.
    let names: Vec<String> =
        params.param_map().iter().map(|(_, param, _)| unsafe { param.name() }.to_owned()).collect();
    let mut look = |harness: &egui_kittest::Harness<'_, Desk>| {
        seen.extend(
            names.iter().filter(|name| harness.query_all_by_label(name).count() > 0).cloned(),
        );
    };
    look(&harness);
    harness.get_by_role_and_label(Role::RadioButton, "Answer").click();
    harness.run();
    look(&harness);
    for (which, _) in Group::ALL {
        close(&mut harness);
        group(&mut harness, which);
        look(&harness);
    }
    // The mode is three buttons.
    let missing: Vec<&String> = names.iter().filter(|name| !seen.contains(*name)).collect();
    assert_eq!(missing, ["Mode"]);
}

#[test]
fn every_parameter_explains_itself() {
    use nih_plug::prelude::Params;
    let params = anacrusis::params::AnacrusisParams::default();
    for (id, parameter, _) in params.param_map() {
        // SAFETY: the parameters outlive the loop.
        let name = unsafe { parameter.name() };
        assert!(
            text::hint(name).is_some(),
            "{id} ({name}) has no hint in src/editor/text/hints.rs"
        );
    }
}

#[test]
fn a_problem_is_shown_while_the_model_plays_on() {
    let mut view = playing();
    view.model.problem = Some("\"/tmp/x\" is no usable model: cut off".to_owned());
    let mut harness = harness(Desk { view, ..Desk::default() });
    harness.get_by_label("\"/tmp/x\" is no usable model: cut off");
    harness.state_mut().view.activity = Activity::Silent(text::NO_TEMPO.to_owned());
    harness.run();
    harness.get_by_label(text::NO_TEMPO);
}

#[test]
fn one_line_says_how_things_stand() {
    let mut desk = Desk { view: playing(), ..Desk::default() };
    desk.view.ear.key = Some(Tonality { tonic: 0, minor: false });
    let mut harness = harness(desk);
    let mode = |harness: &mut Harness<'_, Desk>, name: &str| {
        harness.get_by_role_and_label(Role::RadioButton, name).click();
        harness.run();
    };
    mode(&mut harness, "Solo");
    harness.get_by_label("Playing alone");
    mode(&mut harness, "Accompany");
    harness.get_by_label("Playing on, in C major");
    harness.state_mut().view.ear.waits = true;
    harness.run();
    harness.get_by_label(text::WAITS);
    harness.state_mut().view.ear.waits = false;
    harness.run();
    harness.get_by_label("Playing on, in C major");
    harness.state_mut().view.ear.hears = true;
    harness.run();
    harness.get_by_label("With you, in C major");
    harness.get_by_label("C major");
    harness.get_by_label(text::HEARS.0);
    mode(&mut harness, "Answer");
    harness.state_mut().view.ear.answering = true;
    harness.run();
    harness.get_by_label("Its turn, in C major");
    for name in ["Lowest note", "Highest note"] {
        let params = &harness.state().params;
        let param = if name.starts_with('L') { &params.lowest } else { &params.highest };
        ParamSetter::new(&*harness.state().host).set_parameter(param, 3);
    }
    harness.run();
    harness.get_by_label(text::NOTHING_MAY_SOUND);
    let bypass = &harness.state().params.bypass;
    ParamSetter::new(&*harness.state().host).set_parameter(bypass, true);
    harness.run();
    harness.get_by_label(text::BYPASSED);
}

#[test]
fn a_newcomer_is_told_what_to_do_next_until_it_is_done() {
    let mut harness = harness(Desk::default());
    let told = |harness: &Harness<'_, Desk>| {
        let all = [Advice::PressPlay, Advice::Play, Advice::Listen];
        all.into_iter()
            .find(|advice| harness.query_by_label(text::advice(*advice, false)).is_some())
    };
    assert_eq!(told(&harness), Some(Advice::PressPlay));
    harness.get_by_role_and_label(Role::RadioButton, "Accompany").click();
    harness.state_mut().view.activity = Activity::Playing;
    harness.run();
    assert_eq!(told(&harness), Some(Advice::Play));
    harness.state_mut().view.ear.hears = true;
    harness.run();
    assert_eq!(told(&harness), Some(Advice::Listen));
    harness.get_by_label(text::AUDITION_ON.0).click();
    harness.run();
    harness.run();
    assert!(harness.state().params.audition.value());
    assert_eq!(told(&harness), None);
}

#[test]
fn nothing_moves_when_words_change() {
    let rects = |view: anacrusis::editor::View| {
        let harness = harness(Desk { view, ..Desk::default() });
        let names = ["Piano roll", "Follow", text::PANIC, text::NEW_SEED.0, "Try again"];
        names.map(|name| harness.get_all_by_label_contains(name).next().expect(name).rect())
    };
    let mut view = playing();
    let before = rects(view.clone());
    view.ear = MusicalContext {
        key: Some(Tonality { tonic: 6, minor: false }),
        yours: Harmony::of(&[Chord::struck_keys([66, 69, 72, 75])]).map(Sound::Chord),
        own: Harmony::of(&[Chord::struck_keys([66, 69, 72, 76])]).map(Sound::Chord),
        hears: true,
        answering: true,
        waits: false,
    };
    view.transport = Transport { signature: Some((12, 16)), tempo_bpm: Some(239.9) };
    (view.take.bar, view.take.steps) = (1234, 60_000);
    view.take.notice = Some("Kept as /music/take-0001.mid".to_owned());
    view.model.problem = Some("gone".to_owned());
    assert_eq!(rects(view), before);
}

#[test]
fn the_worker_says_what_it_is_at() {
    let mut view = playing();
    view.model.instructions = "AVX2";
    let words = |view: &anacrusis::editor::View| text::worker(view);
    assert_eq!(words(&view), "thinking (AVX2)");
    let mut shown = harness(Desk { view: view.clone(), ..Desk::default() });
    group(&mut shown, Group::Advanced);
    shown.get_by_label("thinking (AVX2)");
    view.activity = Activity::Stopped;
    assert_eq!(words(&view), "at rest (AVX2)");
    view.model.loading = true;
    assert_eq!(words(&view), "opening a model (AVX2)");
    view.figures.faults = 2;
    assert_eq!(words(&view), "2 errors, going on (AVX2)");
}

#[test]
fn panic_asks_for_panic_once() {
    let mut harness = harness(Desk::default());
    assert!(!harness.state().panicked());
    harness.get_by_label(text::PANIC).click();
    harness.run();
    assert!(harness.state().panicked());
    harness.state_mut().actions.clear();
    harness.run();
    assert!(!harness.state().panicked());
}

#[test]
fn the_smallest_window_draws_with_all_its_controls() {
    let mut view = playing();
    view.roll.now = Some(column([60], Line::Bar));
    view.transport = Transport { signature: Some((4, 4)), tempo_bpm: Some(120.0) };
    let mut harness = harness(Desk { view, ..Desk::default() });
    let [width, height] = anacrusis::editor::SIZE_MIN;
    harness.set_size(egui::vec2(width, height));
    harness.run();
    let roll = harness.get_by_label_contains("Piano roll").rect();
    assert!(roll.width() > 400.0 && roll.height() > 250.0, "{roll:?}");
    // From left to right, each beside the next.
    let rows: [&[&str]; 3] = [
        &[text::MODEL, text::PRESET, text::NEW_SEED.0, text::TRIES.0, text::PANIC, text::MORE],
        &["Solo", "Accompany", "Answer", "Start with me", "Stop with me"],
        &[
            text::LOCK.0,
            text::AGAIN.0,
            text::KEEP_BARS.0,
            text::UNDO.0,
            text::FOLLOW.0,
            text::ZOOM_IN.0,
        ],
    ];
    for row in rows {
        let rects: Vec<egui::Rect> =
            row.iter().map(|name| harness.get_by_label(name).rect()).collect();
        for (pair, names) in rects.windows(2).zip(row.windows(2)) {
            assert!(pair[0].right() <= pair[1].left(), "{names:?}: {pair:?}");
        }
        assert!(
            rects.iter().all(|rect| rect.right() <= width && rect.height() >= 25.5),
            "{rects:?}"
        );
    }
    for name in ["Follow", "Busy", "Wild", "Register", "Loudness", "Thru", "Room", "Double"] {
        let rect = harness.get_all_by_label(name).next().expect(name).rect();
        assert!(rect.left() >= roll.right() && rect.right() <= width, "{name}: {rect:?}");
        assert!(rect.bottom() < height - 20.0, "{name}: {rect:?}");
    }
}

#[test]
fn theme_and_size_are_set_on_their_page_with_the_steps_for_every_host() {
    let mut harness = harness(Desk::default());
    page(&mut harness, text::PAGE_SETUP.0);
    assert_eq!(harness.state().memory.page, Page::Setup);
    for host in ["Reaper", "Bitwig Studio", "Ardour", "Live", "Standalone"] {
        harness.get_by_label(host);
    }
    assert!(harness.ctx.style_of(harness.ctx.theme()).visuals.dark_mode);
    harness.get_by_label(text::THEME_LIGHT).click();
    harness.run();
    harness.run();
    assert!(!harness.ctx.style_of(harness.ctx.theme()).visuals.dark_mode);
    harness.get_by_role_and_label(Role::Slider, text::SIZE);
    page(&mut harness, text::PAGE_ROLL.0);
    harness.get_by_label_contains("Piano roll");
}

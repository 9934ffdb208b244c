//! Where there is no host: the line of play, tempo and metre, and the computer's keys as a piano.

use anacrusis::editor::{Command, Console, text};
use egui::{Event, Key, Modifiers, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::support::{Desk, harness};

fn console() -> Harness<'static, Desk> {
    let mut desk = Desk::default();
    desk.view.console = Some(Console { playing: false, tempo_bpm: 120.0, signature: (4, 4) });
    harness(desk)
}

/// What was asked for since the last call.
fn commands(harness: &mut Harness<'_, Desk>) -> Vec<Command> {
    harness.state_mut().actions.drain(..).flat_map(|actions| actions.commands).collect()
}

#[test]
fn without_a_host_the_window_has_play_tempo_and_metre() {
    let mut harness = console();
    harness.get_by_label("Press Play, or the space bar.");
    harness.get_by_label(text::PLAY.0).click();
    harness.run();
    harness.get_by_label("To the start").click();
    harness.run();
    assert_eq!(commands(&mut harness), [Command::Play(true), Command::ToBar(1)]);
    harness.state_mut().memory.lens.bars = Some((7, 5));
    harness.run();
    harness.get_by_label("To bar 5").click();
    harness.run();
    assert_eq!(commands(&mut harness), [Command::ToBar(5)]);
    harness.get_by_role_and_label(Role::ComboBox, text::METRE).click();
    harness.run();
    harness.get_by_label("6/8").click();
    harness.run();
    assert_eq!(commands(&mut harness), [Command::Metre(6, 8)]);
    harness.get_by_role_and_label(Role::SpinButton, text::TEMPO).click();
    harness.run();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.event(Event::Text("9000".to_owned()));
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    let asked = commands(&mut harness);
    assert_eq!(asked.last(), Some(&Command::Tempo(400.0)), "{asked:?}");
    harness.state_mut().view.console.as_mut().expect("there").playing = true;
    harness.run();
    harness.get_by_label(text::STOP.0).click();
    harness.run();
    assert_eq!(commands(&mut harness).last(), Some(&Command::Play(false)));
}

#[test]
fn a_host_is_asked_for_none_of_it() {
    let mut harness = harness(Desk::default());
    assert!(harness.query_by_label("To the start").is_none());
    harness.key_press(Key::A);
    harness.key_press(Key::Space);
    harness.run();
    assert_eq!(commands(&mut harness), []);
}

#[test]
fn the_computers_keys_are_a_piano() {
    let mut harness = console();
    harness.key_down(Key::A);
    harness.key_down(Key::E);
    harness.run();
    assert_eq!(commands(&mut harness), [Command::Key(60, true), Command::Key(63, true)]);
    // A key that is held repeats: let go and pressed again at once, in one frame or in two.
    harness.key_up(Key::A);
    harness.key_down(Key::A);
    harness.step();
    harness.key_up(Key::A);
    harness.step();
    harness.key_down(Key::A);
    harness.run();
    assert_eq!(commands(&mut harness), []);
    // An octave higher; what sounds ends as it began.
    harness.key_press(Key::X);
    harness.key_down(Key::Semicolon);
    harness.run();
    harness.key_up(Key::A);
    harness.key_up(Key::E);
    harness.key_up(Key::Semicolon);
    harness.run();
    let ends = [60, 63, 88].map(|key| Command::Key(key, false));
    assert_eq!(commands(&mut harness), [&[Command::Key(88, true)], &ends[..]].concat());
    // One that is struck and let go within a frame sounds.
    harness.key_press(Key::S);
    harness.run();
    assert_eq!(commands(&mut harness), [Command::Key(74, true), Command::Key(74, false)]);
    harness.key_press(Key::Space);
    harness.run();
    assert_eq!(commands(&mut harness), [Command::Play(true)]);
}

#[test]
fn keys_end_where_the_window_is_left_and_are_letters_where_one_types() {
    let mut harness = console();
    harness.key_down(Key::D);
    harness.run();
    harness.input_mut().focused = false;
    harness.run();
    let both = [Command::Key(64, true), Command::Key(64, false)];
    assert_eq!(commands(&mut harness), both);
    harness.input_mut().focused = true;
    harness.key_up(Key::D);
    harness.get_by_role_and_label(Role::SpinButton, text::TEMPO).click();
    harness.run();
    harness.key_press(Key::D);
    harness.run();
    assert_eq!(commands(&mut harness), []);
}

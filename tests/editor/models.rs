//! The page of models.

use anacrusis::editor::{Actions, Card, Entry, Page, Question, text};
use anacrusis::params::ModelChoice;
use egui::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::support::{Desk, harness};

fn file(name: &str) -> ModelChoice {
    ModelChoice::File(name.to_owned())
}

fn page() -> Harness<'static, Desk> {
    let mut desk = Desk::default();
    desk.memory.page = Page::Models;
    let card = Card { corpus: "Chorales".to_owned(), heldout: Some(2.7), ..Card::default() };
    let entry = |choice, name: &str, about| Entry { choice, name: name.to_owned(), about };
    desk.view.library.near = [
        entry(ModelChoice::Songs, "Songs", Ok(card.clone())),
        entry(ModelChoice::Pop, "Pop", Ok(Card::default())),
        entry(file("/m/bad.safetensors"), "bad", Err("the file is cut off".to_owned())),
        entry(file("/m/mine.safetensors"), "mine", Ok(card)),
    ]
    .into();
    harness(desk)
}

fn asked<T>(harness: &Harness<'_, Desk>, of: impl Fn(&Actions) -> Option<T>) -> Option<T> {
    harness.state().actions.iter().find_map(of)
}

fn chosen(harness: &Harness<'_, Desk>) -> Option<ModelChoice> {
    asked(harness, |actions| actions.choose.clone())
}

#[test]
fn every_model_shows_its_card_and_plays_at_a_click() {
    let mut harness = page();
    assert_eq!(harness.get_all_by_label_contains("Chorales").count(), 2);
    assert_eq!(harness.get_all_by_label_contains("2.70 nats").count(), 2);
    harness.get_by_label("the file is cut off");
    harness.get_by_label(text::CHOSEN);
    assert!(harness.query_by_label("Play bad").is_none(), "it cannot be played");
    assert!(harness.query_by_label("Play Songs").is_none(), "it plays");
    harness.get_by_label("Play mine").click();
    harness.run();
    assert_eq!(chosen(&harness), Some(file("/m/mine.safetensors")));
}

#[test]
fn another_model_is_two_clicks_away_on_every_page() {
    let mut harness = page();
    harness.state_mut().memory.page = Page::Roll;
    harness.run();
    harness.get_by_role_and_label(Role::ComboBox, text::MODEL).click();
    harness.run();
    assert!(harness.query_by_label("bad").is_none(), "it cannot be played");
    harness.get_by_label("mine").click();
    harness.run();
    assert_eq!(chosen(&harness), Some(file("/m/mine.safetensors")));
    harness.get_by_role_and_label(Role::ComboBox, text::MODEL).click();
    harness.run();
    harness.get_by_label(text::MORE_MODELS).click();
    harness.run();
    assert_eq!(harness.state().memory.page, Page::Models);
}

#[test]
fn a_file_that_failed_is_not_said_to_be_chosen() {
    let mut harness = page();
    harness.state_mut().view.library.near =
        [Entry { choice: ModelChoice::Songs, name: "x".to_owned(), about: Err("gone".to_owned()) }]
            .into();
    harness.run();
    assert!(harness.query_by_label(text::CHOSEN).is_none());
    assert_eq!(harness.get_all_by_label_contains("gone").count(), 1, "one reason");
}

#[test]
fn hostile_texts_move_nothing() {
    let huge = "\u{1b}[31m\u{202e}A\n".repeat(100_000);
    let rects = |desk: Desk| {
        let harness = harness(desk);
        let roll = harness.get_by_label_contains("Piano roll").rect();
        (roll, harness.get_by_role_and_label(Role::Slider, "Follow").rect())
    };
    let mut desk = Desk::default();
    desk.view.model.name.clone_from(&huge);
    desk.view.model.licence.clone_from(&huge);
    desk.view.model.problem = Some(huge.clone());
    desk.view.take.notice = Some(huge.clone());
    desk.view.presets.notice = Some(huge.clone());
    assert_eq!(rects(desk), rects(Desk::default()));

    let mut desk = Desk::default();
    desk.memory.page = Page::Models;
    let card = Card { corpus: huge.clone(), licence: huge.clone(), ..Card::default() };
    let entry = |about| Entry { choice: ModelChoice::Pop, name: huge.clone(), about };
    desk.view.library.near = [entry(Ok(card)), entry(Err(huge.clone()))].into();
    desk.view.library.problem = Some(huge.clone());
    let harness = harness(desk);
    let shapes = harness.output().shapes.iter();
    let texts = shapes.filter_map(|clipped| match &clipped.shape {
        egui::Shape::Text(text) => Some(text.galley.text()),
        _ => None,
    });
    for text in texts {
        assert!(text.chars().count() < 400 && !text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
}

#[test]
fn a_path_is_opened_by_the_button_and_by_enter() {
    let mut harness = page();
    harness.get_by_label(text::OPEN).click();
    harness.run();
    assert_eq!(chosen(&harness), None, "there is nothing to open yet");
    harness.get_by_role_and_label(Role::TextInput, text::MODEL_FILE).click();
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, text::MODEL_FILE).type_text(" /m.safetensors ");
    harness.run();
    harness.get_by_label(text::OPEN).click();
    harness.run();
    assert_eq!(chosen(&harness), Some(file("/m.safetensors")));
    harness.state_mut().actions.clear();
    harness.get_by_role_and_label(Role::TextInput, text::MODEL_FILE).click();
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    assert_eq!(chosen(&harness), Some(file("/m.safetensors")));
}

#[test]
fn a_folder_is_typed_or_asked_for() {
    let mut harness = page();
    harness.get_by_label(text::CHOOSE_FOLDER).click();
    harness.run();
    assert_eq!(asked(&harness, |actions| actions.ask), Some(Question::Folder));
    harness.state_mut().actions.clear();
    harness.get_by_label(text::CHOOSE_FILE).click();
    harness.run();
    assert_eq!(asked(&harness, |actions| actions.ask), Some(Question::Model));
    harness.get_by_role_and_label(Role::TextInput, text::MODEL_FOLDER).click();
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, text::MODEL_FOLDER).type_text("/my/models");
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    let look = asked(&harness, |actions| actions.look.clone());
    assert_eq!(look.as_deref(), Some("/my/models"));
}

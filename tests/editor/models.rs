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
fn the_next_and_the_one_before_are_a_click_away_on_every_page() {
    for (button, choice) in
        [(text::MODEL_NEXT, ModelChoice::Pop), (text::MODEL_BEFORE, file("/m/mine.safetensors"))]
    {
        let mut harness = page();
        harness.state_mut().memory.page = Page::Roll;
        harness.run();
        harness.get_by_label(button.0).click();
        harness.run();
        assert_eq!(chosen(&harness), Some(choice));
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

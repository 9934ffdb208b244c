//! The page of models: those that are built in and those of a folder, each with its card.

use egui::{Align, Button, Frame, Layout, RichText, ScrollArea, TextEdit, Ui};

use super::view::{Actions, Card, Entry, Question, View};
use super::{Memory, text, theme};
use crate::params::ModelChoice;

/// Draws the page; `chosen` is what the parameters choose.
pub fn show(
    ui: &mut Ui,
    view: &View,
    chosen: &ModelChoice,
    memory: &mut Memory,
    actions: &mut Actions,
) {
    folder(ui, memory, actions);
    file(ui, &mut memory.path, actions);
    let library = &view.library;
    if library.reading {
        ui.label(text::READING_FOLDER);
    }
    if let Some(problem) = &library.problem {
        ui.label(RichText::new(text::line(problem)).color(theme::palette(ui).warn));
    }
    ui.separator();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for entry in library.entries() {
            if card(ui, entry, entry.choice == *chosen) {
                actions.choose = Some(entry.choice.clone());
            }
        }
    });
}

/// The folder, and the way to another.
fn folder(ui: &mut Ui, memory: &mut Memory, actions: &mut Actions) {
    ui.horizontal(|ui| {
        let label = ui.label(text::MODEL_FOLDER).on_hover_text(text::MODEL_FOLDER_HINT);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button(text::CHOOSE_FOLDER).clicked() {
                actions.ask = Some(Question::Folder);
            }
            let field = TextEdit::singleline(&mut memory.folder)
                .hint_text(text::MODEL_FOLDER_EXAMPLE)
                .desired_width(f32::INFINITY);
            let field = ui.add(field).labelled_by(label.id);
            if field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
                actions.look = Some(memory.folder.trim().to_owned());
            }
        });
    });
}

/// A single file.
fn file(ui: &mut Ui, path: &mut String, actions: &mut Actions) {
    ui.horizontal(|ui| {
        let label = ui.label(text::MODEL_FILE);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button(text::CHOOSE_FILE).clicked() {
                actions.ask = Some(Question::Model);
            }
            let filled = !path.trim().is_empty();
            let clicked = ui.add_enabled(filled, Button::new(text::OPEN)).clicked();
            let field = TextEdit::singleline(path)
                .hint_text(text::MODEL_FILE_HINT)
                .desired_width(f32::INFINITY);
            let field = ui.add(field).labelled_by(label.id);
            let entered =
                field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if (clicked || entered) && filled {
                actions.choose = Some(ModelChoice::File(path.trim().to_owned()));
            }
        });
    });
}

/// One model; whether it was asked for.
fn card(ui: &mut Ui, entry: &Entry, chosen: bool) -> bool {
    let palette = theme::palette(ui);
    let fill = if chosen { palette.selection.gamma_multiply(0.5) } else { palette.panel };
    let mut asked = false;
    Frame::NONE.fill(fill).inner_margin(8).corner_radius(4).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.strong(text::line(&entry.name));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if chosen && entry.about.is_ok() {
                    ui.label(RichText::new(text::CHOSEN).color(palette.text));
                } else if entry.about.is_ok() {
                    asked = ui.button(text::play_model(&text::line(&entry.name))).clicked();
                }
            });
        });
        match &entry.about {
            Ok(card) => details(ui, card),
            Err(why) => {
                ui.label(RichText::new(text::line(why)).color(palette.warn));
            }
        }
    });
    ui.add_space(2.0);
    asked
}

fn details(ui: &mut Ui, card: &Card) {
    let palette = theme::palette(ui);
    let dim = |words: String| RichText::new(words).small().color(palette.text_dim);
    for (name, words) in [(text::CORPUS, &card.corpus), (text::LICENCE, &card.licence)] {
        if !words.is_empty() {
            ui.label(dim(format!("{name}: {}", text::line(words))));
        }
    }
    ui.label(dim(text::card_figures(card)));
}

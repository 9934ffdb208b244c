//! The lines above and below the roll: what plays, how it keeps up, which model.

use egui::{Align, Button, Layout, RichText, TextEdit, Ui};

use super::view::{Actions, Activity, Figures, Model, View};
use super::{text, theme};

/// Title, activity, model and the panic button.
pub fn header(ui: &mut Ui, view: &View, actions: &mut Actions) {
    ui.horizontal(|ui| {
        ui.heading(RichText::new(text::TITLE).strong());
        let (mark, colour) = match view.activity {
            Activity::Playing => ("\u{25b6}", theme::AHEAD),
            Activity::Stopped => ("\u{25a0}", theme::TEXT_DIM),
            Activity::Silent(_) => ("\u{26a0}", theme::WARN),
        };
        ui.label(RichText::new(mark).color(colour));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let button = Button::new(RichText::new(text::PANIC).strong().color(theme::WARN));
            actions.panic |= ui.add(button).on_hover_text(text::PANIC_HINT).clicked();
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let words = RichText::new(text::activity(&view.activity)).color(colour);
                ui.add(egui::Label::new(words).truncate());
            });
        });
    });
    let line = RichText::new(text::model(&view.model)).color(theme::TEXT_DIM);
    ui.add(egui::Label::new(line).truncate());
}

/// The figures and the field for a model file.
pub fn footer(ui: &mut Ui, view: &View, path: &mut String, notice: Option<&str>) -> Actions {
    let mut actions = Actions::default();
    figures(ui, &view.figures);
    ui.horizontal(|ui| {
        let label = ui.label(text::MODEL_FILE);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let filled = !path.trim().is_empty();
            let clicked = ui.add_enabled(filled, Button::new(text::OPEN)).clicked();
            let field = TextEdit::singleline(path)
                .hint_text(text::MODEL_FILE_HINT)
                .desired_width(f32::INFINITY);
            let field = ui.add(field).labelled_by(label.id);
            let entered =
                field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if (clicked || entered) && filled {
                actions.open = Some(path.trim().to_owned());
            }
        });
    });
    for problem in problems(&view.model, notice) {
        ui.label(RichText::new(problem).color(theme::WARN));
    }
    actions
}

fn problems<'a>(model: &'a Model, notice: Option<&'a str>) -> impl Iterator<Item = &'a str> {
    model.problem.as_deref().into_iter().chain(notice)
}

fn figures(ui: &mut Ui, figures: &Figures) {
    ui.horizontal_wrapped(|ui| {
        figure(ui, text::MISSED, &figures.missed.to_string(), figures.missed > 0);
        let slow = figures.step_share.is_some_and(|share| share > 0.8);
        figure(ui, text::STEP_TIME, &text::step_time(figures), slow);
        figure(ui, text::LEAD, &text::lead(figures), figures.lead_too_short);
    });
}

fn figure(ui: &mut Ui, name: &str, value: &str, warn: bool) {
    ui.label(RichText::new(name).color(theme::TEXT_DIM));
    let colour = if warn { theme::WARN } else { theme::TEXT };
    ui.label(RichText::new(value).color(colour));
    ui.add_space(12.0);
}

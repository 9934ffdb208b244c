//! The lines above and below the roll: what plays, how it keeps up, which model.

use egui::{
    Align, Button, Color32, Layout, Rect, RichText, Sense, Shape, Stroke, TextEdit, Ui, vec2,
};

use super::view::{Actions, Activity, Figures, Model, View};
use super::{text, theme};

/// Title, activity, model and the panic button.
pub fn header(ui: &mut Ui, view: &View, actions: &mut Actions) {
    ui.horizontal(|ui| {
        ui.heading(RichText::new(text::TITLE).strong());
        let colour = match view.activity {
            Activity::Playing => theme::AHEAD,
            Activity::Stopped => theme::TEXT_DIM,
            Activity::Silent(_) => theme::WARN,
        };
        mark(ui, &view.activity, colour);
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

/// A triangle while music runs, a square while it rests, a bar and a dot if something is
/// amiss. Drawn: fonts differ in what signs they have.
fn mark(ui: &mut Ui, activity: &Activity, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(12.0, 12.0), Sense::hover());
    let painter = ui.painter();
    match activity {
        Activity::Playing => {
            let corners = vec![rect.left_top(), rect.right_center(), rect.left_bottom()];
            painter.add(Shape::convex_polygon(corners, colour, Stroke::NONE));
        }
        Activity::Stopped => {
            painter.rect_filled(rect.shrink(1.0), 1.0, colour);
        }
        Activity::Silent(_) => {
            let bar = Rect::from_center_size(rect.center() - vec2(0.0, 2.0), vec2(3.0, 8.0));
            painter.rect_filled(bar, 1.0, colour);
            painter.circle_filled(rect.center_bottom() - vec2(0.0, 1.0), 1.8, colour);
        }
    }
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
        let slow = figures.busy_share.is_some_and(|share| share > 0.8);
        figure(ui, text::CHORD_TIME, &text::chord_time(figures), slow);
        figure(ui, text::LEAD, &text::lead(figures), figures.lead_too_short);
    });
}

fn figure(ui: &mut Ui, name: &str, value: &str, warn: bool) {
    ui.label(RichText::new(name).color(theme::TEXT_DIM));
    let colour = if warn { theme::WARN } else { theme::TEXT };
    ui.label(RichText::new(value).color(colour));
    ui.add_space(12.0);
}

//! The lines above and below the middle: what plays, how it keeps up, what is amiss.

use egui::{Align, Button, Color32, Layout, Rect, RichText, Sense, Shape, Stroke, Ui, vec2};

use super::view::{Actions, Activity, Figures, View};
use super::{Page, browser, text, theme};
use crate::params::ModelChoice;

/// Title, activity, model, the pages and the panic button.
pub fn header(
    ui: &mut Ui,
    view: &View,
    chosen: &ModelChoice,
    page: &mut Page,
    actions: &mut Actions,
) {
    let palette = theme::palette(ui);
    ui.horizontal(|ui| {
        ui.heading(RichText::new(text::TITLE).strong());
        let colour = match view.activity {
            Activity::Playing => palette.ahead,
            Activity::Stopped => palette.text_dim,
            Activity::Silent(_) => palette.warn,
        };
        mark(ui, &view.activity, colour);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let button = Button::new(RichText::new(text::PANIC).strong().color(palette.warn));
            actions.panic |= ui.add(button).on_hover_text(text::PANIC_HINT).clicked();
            ui.separator();
            for (which, (name, hint)) in Page::ALL.into_iter().rev() {
                ui.selectable_value(page, which, name).on_hover_text(hint);
            }
            ui.separator();
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let words = RichText::new(text::activity(&view.activity)).color(colour);
                ui.add(egui::Label::new(words).truncate());
            });
        });
    });
    ui.horizontal(|ui| {
        for (forwards, (name, hint)) in [(false, text::MODEL_BEFORE), (true, text::MODEL_NEXT)] {
            let other = browser::neighbour(&view.library, chosen, forwards);
            let button = ui.add_enabled(other.is_some(), Button::new(name).small());
            if button.on_hover_text(hint).clicked() {
                actions.choose = other;
            }
        }
        let line = RichText::new(text::model(&view.model)).color(palette.text_dim);
        ui.add(egui::Label::new(line).truncate()).on_hover_text(&view.model.digest);
    });
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

/// The figures, and what wants attention.
pub fn footer(ui: &mut Ui, view: &View, notice: Option<&str>) {
    figures(ui, view);
    let warn = theme::palette(ui).warn;
    for problem in view.model.problem.as_deref().into_iter().chain(notice) {
        ui.label(RichText::new(problem).color(warn));
    }
}

fn figures(ui: &mut Ui, view: &View) {
    let figures: &Figures = &view.figures;
    ui.horizontal_wrapped(|ui| {
        figure(ui, text::MISSED, &figures.missed.to_string(), figures.missed > 0);
        let slow = figures.busy_share.is_some_and(|share| share > 0.8);
        figure(ui, text::CHORD_TIME, &text::chord_time(figures), slow);
        figure(ui, text::LEAD, &text::lead(figures), figures.lead_too_short);
        figure(ui, text::HEARD, &text::heard(figures), false);
        figure(ui, text::WORKER, &text::worker(view), figures.faults > 0);
    });
}

fn figure(ui: &mut Ui, (name, hint): (&str, &str), value: &str, warn: bool) {
    let palette = theme::palette(ui);
    ui.label(RichText::new(name).color(palette.text_dim)).on_hover_text(hint);
    ui.label(RichText::new(value).color(if warn { palette.warn } else { palette.text }));
    ui.add_space(12.0);
}

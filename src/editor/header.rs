//! The line at the top: who plays, and what is understood.

use egui::{Align, Button, Color32, ComboBox, Layout, RichText, Sense, Ui, WidgetInfo, vec2};
use nih_plug::prelude::ParamSetter;

use super::view::{Actions, MusicalContext, View};
use super::{Memory, Page, presets, text, theme, tries};
use crate::params::AnacrusisParams;

/// Windows narrower than this leave the words beside the lamp out.
const WIDE: f32 = 900.0;

/// Width of what is understood of each thing, so that nothing moves when a word changes.
const FACT_WIDTH: f32 = 66.0;

/// Draws it.
pub fn show(
    ui: &mut Ui,
    view: &View,
    params: &AnacrusisParams,
    setter: &ParamSetter,
    memory: &mut Memory,
    actions: &mut Actions,
) {
    let wide = ui.ctx().content_rect().width() >= WIDE;
    ui.horizontal(|ui| {
        ui.set_height(40.0);
        if wide {
            ui.heading(RichText::new(text::TITLE).strong());
            ui.add_space(4.0);
        }
        models(ui, view, params, &mut memory.page, actions);
        presets::menu(ui, &view.presets, params, setter, &mut memory.preset);
        let tries = (&mut memory.tries, &mut memory.lens);
        tries::show(ui, &view.roll, params, setter, tries, actions);
        ui.add_space(6.0);
        facts(ui, &view.ear);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            more(ui, &mut memory.page);
            let panic = RichText::new(text::PANIC).color(theme::palette(ui).warn);
            actions.panic |= ui.add(Button::new(panic)).on_hover_text(text::PANIC_HINT).clicked();
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| lamp(ui, view, wide));
        });
    });
}

/// The model that plays, and the others.
fn models(
    ui: &mut Ui,
    view: &View,
    params: &AnacrusisParams,
    page: &mut Page,
    actions: &mut Actions,
) {
    let chosen = params.model_choice();
    let library = &view.library;
    let shown = text::model(&view.model);
    let combo = ComboBox::from_id_salt("models").selected_text(shown).width(104.0).truncate();
    let response = combo
        .show_ui(ui, |ui| {
            for entry in library.entries().filter(|entry| entry.about.is_ok()) {
                let name = text::line(&entry.name);
                if ui.selectable_label(entry.choice == chosen, name).clicked()
                    && entry.choice != chosen
                {
                    actions.choose = Some(entry.choice.clone());
                }
            }
            ui.separator();
            if ui.button(text::MORE_MODELS).clicked() {
                *page = Page::Models;
            }
        })
        .response;
    response.widget_info(|| WidgetInfo::labeled(egui::Role::ComboBox, true, text::MODEL));
    response.on_hover_text(text::model_hint(&chosen, &view.model));
}

/// Key, the musician's chord, the plugin's own.
fn facts(ui: &mut Ui, ear: &MusicalContext) {
    let palette = theme::palette(ui);
    let key = ear.key.map(|key| key.to_string());
    let [yours, own] = [ear.yours, ear.own].map(|chord| chord.map(|chord| chord.to_string()));
    fact(ui, text::FACT_KEY, key, palette.text, FACT_WIDTH + 8.0);
    fact(ui, text::FACT_YOURS, yours, palette.heard, FACT_WIDTH - 10.0);
    fact(ui, text::FACT_OWN, own, palette.middle, FACT_WIDTH - 10.0);
}

fn fact(
    ui: &mut Ui,
    (name, hint): (&str, &str),
    value: Option<String>,
    colour: Color32,
    width: f32,
) {
    let dim = theme::palette(ui).text_dim;
    let value = value.unwrap_or_else(|| text::NONE_YET.to_owned());
    let column = Layout::top_down(Align::Min);
    let inner = ui.allocate_ui_with_layout(vec2(width, 36.0), column, |ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.label(RichText::new(name).small().color(dim));
        ui.add(egui::Label::new(RichText::new(value).color(colour)).truncate());
    });
    inner.response.on_hover_text(hint);
}

/// Lit while the musician is heard.
fn lamp(ui: &mut Ui, view: &View, wide: bool) {
    let palette = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
    let words = match &view.console {
        _ if view.ear.hears => text::HEARS,
        Some(_) => text::HEARS_NOT_OWN,
        None => text::HEARS_NOT,
    };
    let colour = if view.ear.hears { palette.heard } else { palette.widget };
    ui.painter().circle_filled(rect.center(), 4.5, colour);
    ui.painter().circle_stroke(rect.center(), 7.0, egui::Stroke::new(1.0, colour));
    if wide {
        let label = egui::Label::new(RichText::new(words.0).color(palette.text_dim)).truncate();
        ui.add(label).on_hover_text(words.1);
    } else {
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, words.0));
    }
    response.on_hover_text(words.1);
}

/// The other pages.
fn more(ui: &mut Ui, page: &mut Page) {
    let menu = ui.menu_button("\u{2026}", |ui| {
        for (which, (name, hint)) in Page::ALL {
            if ui.selectable_label(*page == which, name).on_hover_text(hint).clicked() {
                *page = which;
                ui.close();
            }
        }
    });
    menu.response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, text::MORE));
}

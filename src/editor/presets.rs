//! The line of presets: those of the factory and the user's own, one choice away.

use egui::{ComboBox, RichText, TextEdit, Ui};
use nih_plug::prelude::ParamSetter;

use super::view::{Actions, PresetAction, PresetShelf};
use super::{text, theme};
use crate::params::AnacrusisParams;
use crate::params::presets::Preset;

/// Which preset was chosen last, and the name under which one is to be saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Its name; that of the default at first.
    chosen: Option<String>,
    /// What is typed; nothing while nothing is to be saved.
    saving: Option<String>,
}

/// Draws the line, and under it the one for a name while a preset is being saved.
pub fn show(
    ui: &mut Ui,
    shelf: &PresetShelf,
    params: &AnacrusisParams,
    setter: &ParamSetter,
    choice: &mut Choice,
    actions: &mut Actions,
) {
    let all: Vec<&Preset> =
        Preset::factory().iter().chain(shelf.own.iter().map(|(_, preset)| preset)).collect();
    let name = |preset: &Preset| preset.name().to_owned();
    let chosen = choice.chosen.clone().or_else(|| all.first().map(|first| name(first)));
    let at = all.iter().position(|preset| Some(preset.name()) == chosen.as_deref());
    let mut take = None;
    ui.horizontal(|ui| {
        let before = at.unwrap_or(all.len()).checked_sub(1);
        let after = at.map_or(0, |at| at + 1);
        for (to, (sign, hint)) in [(before, text::PRESET_BEFORE), (Some(after), text::PRESET_NEXT)]
        {
            let preset = to.and_then(|to| all.get(to));
            let button = ui.add_enabled(preset.is_some(), egui::Button::new(sign));
            if button.on_hover_text(hint).clicked() {
                take = preset.copied();
            }
        }
        let altered = at.and_then(|at| all.get(at)).is_none_or(|preset| !preset.matches(params));
        let shown = text::preset(chosen.as_deref(), altered);
        let width = (ui.available_width() - 84.0).max(60.0);
        let combo = ComboBox::from_id_salt("presets").selected_text(shown).width(width);
        let combo = combo.height(360.0).show_ui(ui, |ui| {
            for (index, preset) in all.iter().enumerate() {
                if index == Preset::factory().len() {
                    ui.separator();
                }
                let line = ui.selectable_label(at == Some(index), preset.name());
                if line.on_hover_text(preset.about()).clicked() {
                    take = Some(preset);
                }
            }
        });
        combo
            .response
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, text::PRESET));
        if ui.button(text::SAVE.0).on_hover_text(text::SAVE.1).clicked() {
            choice.saving = match choice.saving.take() {
                None => Some(chosen.clone().unwrap_or_default()),
                Some(_) => None,
            };
        }
    });
    if let Some(preset) = take {
        preset.apply(params, setter);
        choice.chosen = Some(name(preset));
    }
    save(ui, shelf, choice, actions);
    if let Some(notice) = &shelf.notice {
        ui.label(RichText::new(notice).small().color(theme::palette(ui).text_dim));
    }
}

/// The name for a preset that is to be saved, and what goes with it.
fn save(ui: &mut Ui, shelf: &PresetShelf, choice: &mut Choice, actions: &mut Actions) {
    let Some(typed) = &mut choice.saving else { return };
    let mut done = false;
    ui.horizontal(|ui| {
        let label = ui.label(text::SAVE_NAME);
        let field = TextEdit::singleline(typed).desired_width(110.0);
        let field = ui.add(field).labelled_by(label.id);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let own = shelf.own.iter().find(|(_, preset)| preset.name() == typed.trim());
        let button = if own.is_some() { text::REPLACE } else { text::SAVE_NOW };
        let clicked = ui.button(button).clicked();
        if (clicked || entered) && !typed.trim().is_empty() {
            let (name, replace) = (typed.trim().to_owned(), own.is_some());
            choice.chosen = Some(name.clone());
            actions.preset = Some(PresetAction::Save { name, replace });
            done = true;
        }
        if let Some((file, _)) = own
            && ui.button(text::DELETE.0).on_hover_text(text::DELETE.1).clicked()
        {
            actions.preset = Some(PresetAction::Delete(file.clone()));
            choice.chosen = None;
            done = true;
        }
    });
    if done {
        choice.saving = None;
    }
}

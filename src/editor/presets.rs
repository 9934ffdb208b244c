//! Presets: those of the factory and the user's own, one choice away.

use egui::{
    ComboBox, Id, Label, Layout, Modal, PopupCloseBehavior, RichText, Sense, TextEdit, Ui,
    WidgetInfo,
};
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
    /// Whether that has just begun.
    asking: bool,
    /// The tag of those that are listed; none for all.
    tag: Option<String>,
}

/// Width of the list, in points.
const LIST_WIDTH: f32 = 330.0;

/// Draws the choice of presets, and the way to the one before and the next.
pub fn menu(
    ui: &mut Ui,
    shelf: &PresetShelf,
    params: &AnacrusisParams,
    setter: &ParamSetter,
    choice: &mut Choice,
) {
    let all: Vec<&Preset> =
        Preset::factory().iter().chain(shelf.own.iter().map(|(_, preset)| preset)).collect();
    let name = |preset: &Preset| preset.name().to_owned();
    let chosen = choice.chosen.clone().or_else(|| all.first().map(|first| name(first)));
    let at = all.iter().position(|preset| Some(preset.name()) == chosen.as_deref());
    let altered = at.and_then(|at| all.get(at)).is_none_or(|preset| !preset.matches(params));
    let mut take = None;
    ui.spacing_mut().item_spacing.x = 3.0;
    step(ui, text::PRESET_BEFORE, at.unwrap_or(all.len()).checked_sub(1), &all, &mut take);
    let shown = text::preset(chosen.as_deref(), altered);
    let combo = ComboBox::from_id_salt("presets").selected_text(shown).width(150.0).truncate();
    let combo = combo.height(380.0).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let combo = combo.show_ui(ui, |ui| {
        ui.set_min_width(LIST_WIDTH);
        if ui.button(text::SAVE.0).on_hover_text(text::SAVE.1).clicked() {
            choice.saving = Some(chosen.clone().unwrap_or_default());
            choice.asking = true;
            ui.close();
        }
        tags(ui, &all, &mut choice.tag);
        // Their own first.
        let (factory, own) = all.split_at(Preset::factory().len());
        let tagged =
            |preset: &Preset| choice.tag.as_ref().is_none_or(|tag| preset.tags().contains(tag));
        for (group, more) in [(own, !own.is_empty()), (factory, false)] {
            for preset in group.iter().filter(|preset| tagged(preset)) {
                if line(ui, preset, Some(preset.name()) == chosen.as_deref()) {
                    take = Some(*preset);
                    ui.close();
                }
            }
            if more {
                ui.separator();
            }
        }
    });
    let about = at.and_then(|at| all.get(at)).map(|preset| preset.about().to_owned());
    combo.response.widget_info(|| WidgetInfo::labeled(egui::Role::ComboBox, true, text::PRESET));
    combo.response.on_hover_text(about.unwrap_or_default());
    step(ui, text::PRESET_NEXT, Some(at.map_or(0, |at| at + 1)), &all, &mut take);
    if let Some(preset) = take {
        preset.apply(params, setter);
        choice.chosen = Some(name(preset));
    }
}

/// An arrow to the preset before or the next.
fn step<'a>(
    ui: &mut Ui,
    (sign, hint): (&str, &str),
    to: Option<usize>,
    all: &[&'a Preset],
    take: &mut Option<&'a Preset>,
) {
    let preset = to.and_then(|to| all.get(to));
    let button = ui.add_enabled(preset.is_some(), egui::Button::new(sign));
    if button.on_hover_text(hint).clicked() {
        *take = preset.copied();
    }
}

/// The words by which presets are found: of one that is chosen, only those with it are listed.
fn tags(ui: &mut Ui, all: &[&Preset], chosen: &mut Option<String>) {
    let mut tags: Vec<&String> = all.iter().flat_map(|preset| preset.tags()).collect();
    tags.sort();
    tags.dedup();
    ui.horizontal_wrapped(|ui| {
        for tag in tags {
            let on = chosen.as_ref() == Some(tag);
            if ui.selectable_label(on, RichText::new(tag).small()).clicked() {
                *chosen = (!on).then(|| tag.clone());
            }
        }
    });
    ui.separator();
}

/// A preset with its words and its sentence; whether it was chosen.
fn line(ui: &mut Ui, preset: &Preset, chosen: bool) -> bool {
    let dim = theme::palette(ui).text_dim;
    let name = ui.selectable_label(chosen, RichText::new(preset.name()).strong());
    // The list is justified, sentences are not.
    let layout = Layout::top_down(egui::Align::Min);
    let about = RichText::new(preset.about()).small().color(dim);
    let about = Label::new(about).wrap().selectable(false).sense(Sense::click());
    let words = ui.with_layout(layout, |ui| ui.add(about)).inner;
    if !preset.tags().is_empty() {
        name.clone().on_hover_text(preset.tags().join(", "));
    }
    name.clicked() || words.clicked()
}

/// Asks for the name of a preset that is to be saved, over all else.
pub fn save(ui: &Ui, shelf: &PresetShelf, choice: &mut Choice, actions: &mut Actions) {
    let Some(typed) = &mut choice.saving else { return };
    let mut done = false;
    let modal = Modal::new(Id::unique("save a preset")).show(ui.ctx(), |ui| {
        ui.set_width(300.0);
        ui.strong(text::SAVE_TITLE);
        let label = ui.label(text::SAVE_NAME);
        let field = TextEdit::singleline(typed).desired_width(f32::INFINITY);
        let field = ui.add(field).labelled_by(label.id);
        if std::mem::take(&mut choice.asking) {
            field.request_focus();
        }
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let own = shelf.own.iter().find(|(_, preset)| preset.name() == typed.trim());
        ui.horizontal(|ui| {
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
            done |= ui.button(text::CANCEL).clicked();
        });
    });
    if done || modal.should_close() {
        choice.saving = None;
    }
}

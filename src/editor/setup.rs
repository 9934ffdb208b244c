//! The page of what is set once: theme, size, and the way of the notes to an instrument.

use egui::{Slider, Ui};

use super::controls::lines;
use super::prefs::{Look, Prefs};
use super::routing::Routing;
use super::text;

/// Draws the page. What is chosen holds for every window of this user's.
pub fn show(ui: &mut Ui, prefs: &mut Prefs, host: Option<&Routing>) {
    egui::ScrollArea::vertical().show(ui, |ui| {
        ui.heading(text::SETUP_LOOK);
        lines(ui, text::SETUP_LOOK, |ui| {
            ui.label(text::THEME);
            ui.horizontal(|ui| {
                for (look, name) in Look::ALL {
                    ui.selectable_value(&mut prefs.look, look, name);
                }
            });
            ui.end_row();
            let label = ui.label(text::SIZE);
            let percent = |scale: f64, _| format!("{:.0} %", scale * 100.0);
            let parse =
                |typed: &str| Some(typed.trim_end_matches([' ', '%']).parse::<f64>().ok()? / 100.0);
            let mut scale = prefs.scale;
            let range = *Prefs::SCALES.start()..=*Prefs::SCALES.end();
            let slider = Slider::new(&mut scale, range).step_by(0.25);
            let slider = slider.custom_formatter(percent).custom_parser(parse);
            let response = ui.add(slider).labelled_by(label.id);
            // Not while it is dragged: the slider would run away from under the pointer.
            if response.dragged() {
                ui.data_mut(|data| data.insert_temp(response.id.with("to"), scale));
            } else {
                let to = ui.data_mut(|data| data.remove_temp(response.id.with("to")));
                prefs.scale = to.unwrap_or(scale);
            }
            ui.end_row();
            let label = ui.label(text::PREVIEW);
            let preview = ui.checkbox(&mut prefs.preview, text::PREVIEW_SHOWN.0);
            preview.labelled_by(label.id).on_hover_text(text::PREVIEW_SHOWN.1);
            ui.end_row();
        });
        ui.add_space(12.0);
        ui.heading(text::SETUP_ROUTING);
        ui.label(text::ROUTING);
        // Those of all hosts where it is not known which one this is.
        for routing in
            Routing::ALL.iter().filter(|routing| host.is_none_or(|host| host == *routing))
        {
            ui.add_space(4.0);
            ui.strong(routing.host);
            ui.label(routing.steps);
        }
        ui.add_space(12.0);
        ui.heading(text::SETUP_SILENCE);
        for line in text::SILENCE {
            ui.label(line);
        }
    });
}

//! Where there is no host, what it would bring: play, tempo, metre, and the computer's keys as a piano.

use egui::{ComboBox, DragValue, Event, Key, RichText, Ui, vec2};

use super::view::{Actions, Command, Console};
use super::{text, theme};

/// What the lowest of the piano's keys may be: from there on they lie within MIDI's.
const OCTAVES: std::ops::RangeInclusive<u8> = 0..=8;

/// The computer's keys, as those of a piano from a C on.
const PIANO: [Key; 17] = [
    Key::A,
    Key::W,
    Key::S,
    Key::E,
    Key::D,
    Key::F,
    Key::T,
    Key::G,
    Key::Y,
    Key::H,
    Key::U,
    Key::J,
    Key::K,
    Key::O,
    Key::L,
    Key::P,
    Key::Semicolon,
];

/// The keys as they stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Keys {
    /// Octave of the lowest, 5 is the one of middle C.
    octave: u8,
    /// Keys of the computer that are down, and the MIDI keys that they hold.
    down: Vec<(Key, u8)>,
    /// Those of them that were let go in the last frame. A key that is held repeats: it is let go and
    /// pressed again at once, which is no end.
    released: Vec<Key>,
}

impl Default for Keys {
    fn default() -> Self {
        Keys { octave: 5, down: Vec::new(), released: Vec::new() }
    }
}

/// Draws the line; `bars` are those that are chosen.
pub fn show(
    ui: &mut Ui,
    console: &Console,
    bars: Option<(i64, i64)>,
    keys: &mut Keys,
    actions: &mut Actions,
) {
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        let mut command = |command| actions.commands.push(command);
        let (name, hint) = if console.playing { text::STOP } else { text::PLAY };
        let play = egui::Button::new(RichText::new(name).strong()).min_size(vec2(64.0, 28.0));
        if ui.add(play).on_hover_text(hint).clicked() {
            command(Command::Play(!console.playing));
        }
        // To the bars that are chosen, if some are.
        let bar = bars.map_or(1, |(first, last)| first.min(last));
        let to = egui::Button::new(text::to_bar(bar)).min_size(vec2(92.0, 0.0));
        if ui.add(to).on_hover_text(text::TO_BAR).clicked() {
            command(Command::ToBar(bar));
        }
        ui.add_space(8.0);
        let label = ui.label(text::TEMPO);
        let mut tempo_bpm = console.tempo_bpm;
        let tempo = DragValue::new(&mut tempo_bpm).range(Console::TEMPI).speed(0.5);
        let tempo = tempo.max_decimals(1).suffix(text::BPM);
        ui.add(tempo).labelled_by(label.id).on_hover_text(text::TEMPO_HINT);
        if tempo_bpm != console.tempo_bpm {
            command(Command::Tempo(tempo_bpm));
        }
        let label = ui.label(text::METRE);
        let (beats, value) = console.signature;
        let shown = format!("{beats}/{value}");
        let combo = ComboBox::from_id_salt("metre").selected_text(shown).width(56.0).height(320.0);
        let response = combo.show_ui(ui, |ui| {
            for (beats, value) in Console::METRES {
                let chosen = console.signature == (beats, value);
                if ui.selectable_label(chosen, format!("{beats}/{value}")).clicked() && !chosen {
                    command(Command::Metre(beats, value));
                }
            }
        });
        response.response.labelled_by(label.id);
        ui.add_space(8.0);
        ui.label(text::PIANO.0).on_hover_text(text::PIANO.1);
        let octave = |ui: &mut Ui, (name, hint): (&str, &str), there: bool| {
            ui.add_enabled(there, egui::Button::new(name)).on_hover_text(hint).clicked()
        };
        if octave(ui, text::OCTAVE_DOWN, keys.octave > *OCTAVES.start()) {
            keys.octave -= 1;
        }
        let range = RichText::new(text::piano(12 * keys.octave));
        ui.label(range.color(theme::palette(ui).text_dim));
        if octave(ui, text::OCTAVE_UP, keys.octave < *OCTAVES.end()) {
            keys.octave += 1;
        }
    });
    play(ui, console, keys, actions);
}

/// What was played on the keys since the last frame, unless something is being typed.
fn play(ui: &Ui, console: &Console, keys: &mut Keys, actions: &mut Actions) {
    let typing = ui.ctx().egui_wants_keyboard_input();
    let mut ended = std::mem::take(&mut keys.released);
    ui.input(|input| {
        for event in &input.events {
            let Event::Key { key, physical_key, pressed, repeat: false, modifiers } = event else {
                continue;
            };
            // Where a key lies counts, not what it writes.
            let key = physical_key.unwrap_or(*key);
            let down = keys.down.iter().any(|(down, _)| *down == key);
            match pressed {
                false if down => keys.released.push(key),
                true if down => {
                    keys.released.retain(|released| *released != key);
                    ended.retain(|released| *released != key);
                }
                true if !typing && modifiers.is_none() => press(key, console, keys, actions),
                _ => {}
            }
        }
        if !input.focused || typing {
            // Whoever goes elsewhere lets go.
            ended.extend(keys.down.iter().map(|(key, _)| *key));
            keys.released.clear();
        }
    });
    for key in ended {
        if let Some(at) = keys.down.iter().position(|(down, _)| *down == key) {
            let (_, note) = keys.down.swap_remove(at);
            actions.commands.push(Command::Key(note, false));
        }
    }
    if !keys.released.is_empty() {
        ui.ctx().request_repaint();
    }
}

/// A key goes down.
fn press(key: Key, console: &Console, keys: &mut Keys, actions: &mut Actions) {
    match key {
        Key::Space => actions.commands.push(Command::Play(!console.playing)),
        Key::Z => keys.octave = keys.octave.saturating_sub(1).max(*OCTAVES.start()),
        Key::X => keys.octave = (keys.octave + 1).min(*OCTAVES.end()),
        key => {
            if let Some(above) = PIANO.iter().position(|piano| *piano == key) {
                // 17 keys from the eighth octave on: within MIDI's 128.
                let note = 12 * keys.octave + above as u8;
                keys.down.push((key, note));
                actions.commands.push(Command::Key(note, true));
            }
        }
    }
}

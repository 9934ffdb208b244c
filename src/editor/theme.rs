//! Colours and sizes, dark and light.
//!
//! What must be told apart in the roll differs in shape as well, so that no meaning hangs on a
//! hue. The hues themselves are taken from Okabe and Ito, "Color Universal Design" (2008), whose
//! palette colour-blind eyes tell apart.

use super::prefs::Look;
use egui::{Color32, Context, CornerRadius, FontId, Stroke, TextStyle, Theme, Ui, Visuals};

/// The colours of a theme.
#[derive(Debug)]
pub struct Palette {
    /// Behind everything.
    pub background: Color32,
    /// Behind the controls.
    pub panel: Color32,
    /// Behind what is typed.
    pub field: Color32,
    /// Behind buttons and sliders.
    pub widget: Color32,
    /// Rows of the white keys in the roll.
    pub row: Color32,
    /// Rows of the black keys in the roll.
    pub row_dark: Color32,
    /// Text.
    pub text: Color32,
    /// Secondary text; at least 4.5:1 against background and panel.
    pub text_dim: Color32,
    /// Generated notes: the highest of a chord.
    pub top: Color32,
    /// Generated notes between the outer voices.
    pub middle: Color32,
    /// Generated notes: the bass. The three are told apart by lightness.
    pub bass: Color32,
    /// Keys that sound, on the keyboard.
    pub now: Color32,
    /// What is switched on, and what is well.
    pub accent: Color32,
    /// Notes of the musician's.
    pub heard: Color32,
    /// Bars that are locked.
    pub locked: Color32,
    /// The now-line.
    pub now_line: Color32,
    /// Bar lines.
    pub bar: Color32,
    /// Beat lines.
    pub beat: Color32,
    /// Something wants attention.
    pub warn: Color32,
    /// What is chosen.
    pub selection: Color32,
    /// White piano keys.
    pub key_white: Color32,
    /// Black piano keys.
    pub key_black: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    // Each part is below 256, so the casts keep every bit.
    Color32::from_rgb((hex >> 16 & 0xff) as u8, (hex >> 8 & 0xff) as u8, (hex & 0xff) as u8)
}

/// For dark rooms: the default.
pub const DARK: Palette = Palette {
    background: rgb(0x14161b),
    panel: rgb(0x1d2027),
    field: rgb(0x0d0f13),
    widget: rgb(0x303642),
    row: rgb(0x1e222a),
    row_dark: rgb(0x181b22),
    text: rgb(0xe8eaee),
    text_dim: rgb(0x9aa3b2),
    top: rgb(0xb5dcff),
    middle: rgb(0x5fa8e8),
    bass: rgb(0x4a78d2),
    now: rgb(0xffc44d),
    accent: rgb(0x4cc79a),
    heard: rgb(0xe08fbf),
    locked: rgb(0xe8e27a),
    now_line: rgb(0xffffff),
    bar: rgb(0x5a6272),
    beat: rgb(0x2b303b),
    warn: rgb(0xff8a7a),
    selection: rgb(0x1f4d40),
    key_white: rgb(0xd5d8de),
    key_black: rgb(0x2a2d34),
};

/// For bright ones.
pub const LIGHT: Palette = Palette {
    background: rgb(0xf4f5f7),
    panel: rgb(0xe7e9ee),
    field: rgb(0xffffff),
    widget: rgb(0xcfd4dd),
    row: rgb(0xffffff),
    row_dark: rgb(0xeef0f4),
    text: rgb(0x1b1e24),
    text_dim: rgb(0x555d6b),
    top: rgb(0x3f8fd2),
    middle: rgb(0x1d62ad),
    bass: rgb(0x0b3572),
    now: rgb(0xc47200),
    accent: rgb(0x007a5a),
    heard: rgb(0xb0488a),
    locked: rgb(0x7a6a00),
    now_line: rgb(0x1b1e24),
    bar: rgb(0x8b93a3),
    beat: rgb(0xd9dde4),
    warn: rgb(0xb3361f),
    selection: rgb(0x9fd8c6),
    key_white: rgb(0xffffff),
    key_black: rgb(0x3a3e47),
};

/// The colours of the theme in force.
pub fn palette(ui: &Ui) -> &'static Palette {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// Sets colours and sizes of text; once per window. Which theme is in force is chosen by
/// [`Context::set_theme`].
pub fn apply(ctx: &Context) {
    for (theme, palette) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        ctx.style_mut_of(theme, |style| {
            style.visuals = visuals(theme, palette);
            for (text_style, size) in [
                (TextStyle::Heading, 20.0),
                (TextStyle::Body, 14.0),
                (TextStyle::Button, 14.0),
                (TextStyle::Small, 11.5),
            ] {
                style.text_styles.insert(text_style, FontId::proportional(size));
            }
            style.spacing.item_spacing = egui::vec2(8.0, 6.0);
            // Menus that fade in are hard to read on a slow machine.
            style.animation_time = 0.05;
            style.spacing.button_padding = egui::vec2(8.0, 3.0);
            style.spacing.interact_size = egui::vec2(40.0, 26.0);
            style.spacing.slider_width = 74.0;
        });
    }
    ctx.set_theme(Theme::Dark);
}

/// Puts a theme in force.
pub fn choose(ctx: &Context, look: Look) {
    ctx.set_theme(match look {
        Look::Dark => Theme::Dark,
        Look::Light => Theme::Light,
    });
}

fn visuals(theme: Theme, palette: &Palette) -> Visuals {
    let mut visuals = theme.default_visuals();
    visuals.panel_fill = palette.background;
    visuals.window_fill = palette.panel;
    visuals.override_text_color = Some(palette.text);
    visuals.extreme_bg_color = palette.field;
    visuals.selection.bg_fill = palette.selection;
    visuals.selection.stroke = Stroke::new(1.0, palette.accent);
    visuals.slider_trailing_fill = true;
    visuals.widgets.noninteractive.bg_stroke = Stroke::new(1.0, palette.beat);
    for widget in [
        &mut visuals.widgets.inactive,
        &mut visuals.widgets.hovered,
        &mut visuals.widgets.active,
        &mut visuals.widgets.open,
    ] {
        widget.corner_radius = CornerRadius::same(4);
    }
    visuals.widgets.inactive.bg_fill = palette.widget;
    visuals.widgets.inactive.weak_bg_fill = palette.widget;
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast after WCAG 2.1.
    fn contrast(one: Color32, other: Color32) -> f32 {
        let luminance = |colour: Color32| {
            let [r, g, b, _] = egui::Rgba::from(colour).to_array();
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn text_and_notes_stand_out_in_both_themes() {
        for palette in [&DARK, &LIGHT] {
            for behind in [palette.background, palette.panel] {
                assert!(contrast(palette.text, behind) > 10.0);
                assert!(contrast(palette.text_dim, behind) > 4.5);
                assert!(contrast(palette.warn, behind) > 4.5);
            }
            // What is not text needs 3:1 (WCAG 2.1, 1.4.11).
            for behind in [palette.row, palette.row_dark] {
                let notes = [
                    palette.top,
                    palette.middle,
                    palette.bass,
                    palette.now,
                    palette.accent,
                    palette.heard,
                    palette.locked,
                ];
                for note in notes {
                    assert!(contrast(note, behind) > 3.0, "{note:?} on {behind:?}");
                }
            }
        }
    }
}

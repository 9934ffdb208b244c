//! Colours and sizes.

use egui::{Color32, CornerRadius, FontId, Stroke, TextStyle, Theme, Visuals};

/// Behind everything.
pub const BACKGROUND: Color32 = Color32::from_rgb(0x14, 0x16, 0x1b);
/// Behind the controls.
pub const PANEL: Color32 = Color32::from_rgb(0x1d, 0x20, 0x27);
/// Rows of the white keys in the roll.
pub const ROW: Color32 = Color32::from_rgb(0x1e, 0x22, 0x2a);
/// Rows of the black keys in the roll.
pub const ROW_DARK: Color32 = Color32::from_rgb(0x18, 0x1b, 0x22);
/// Text.
pub const TEXT: Color32 = Color32::from_rgb(0xe8, 0xea, 0xee);
/// Secondary text; 6:1 against the background.
pub const TEXT_DIM: Color32 = Color32::from_rgb(0x9a, 0xa3, 0xb2);
/// Notes that were played.
pub const PAST: Color32 = Color32::from_rgb(0x55, 0x7a, 0xa8);
/// Notes that sound.
pub const NOW: Color32 = Color32::from_rgb(0xff, 0xc4, 0x4d);
/// Notes that are decided and come next.
pub const AHEAD: Color32 = Color32::from_rgb(0x6e, 0xdc, 0xb8);
/// The now-line.
pub const NOW_LINE: Color32 = Color32::from_rgb(0xff, 0xff, 0xff);
/// Bar lines.
pub const BAR: Color32 = Color32::from_rgb(0x5a, 0x62, 0x72);
/// Beat lines.
pub const BEAT: Color32 = Color32::from_rgb(0x2b, 0x30, 0x3b);
/// Something wants attention.
pub const WARN: Color32 = Color32::from_rgb(0xff, 0x8a, 0x7a);
/// White piano keys.
pub const KEY_WHITE: Color32 = Color32::from_rgb(0xd5, 0xd8, 0xde);
/// Black piano keys.
pub const KEY_BLACK: Color32 = Color32::from_rgb(0x2a, 0x2d, 0x34);

/// Sets colours and sizes of text; once per window.
pub fn apply(ctx: &egui::Context) {
    ctx.set_theme(Theme::Dark);
    ctx.style_mut_of(Theme::Dark, |style| {
        style.visuals = visuals();
        for (text_style, size) in [
            (TextStyle::Heading, 20.0),
            (TextStyle::Body, 14.0),
            (TextStyle::Button, 14.0),
            (TextStyle::Small, 11.5),
        ] {
            style.text_styles.insert(text_style, FontId::proportional(size));
        }
        style.spacing.item_spacing = egui::vec2(8.0, 6.0);
        style.spacing.button_padding = egui::vec2(8.0, 3.0);
        style.spacing.slider_width = 108.0;
    });
}

fn visuals() -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.panel_fill = BACKGROUND;
    visuals.window_fill = PANEL;
    visuals.override_text_color = Some(TEXT);
    visuals.extreme_bg_color = Color32::from_rgb(0x0d, 0x0f, 0x13);
    visuals.selection.bg_fill = Color32::from_rgb(0x2f, 0x6f, 0x5f);
    visuals.selection.stroke = Stroke::new(1.0, AHEAD);
    visuals.slider_trailing_fill = true;
    visuals.widgets.noninteractive.bg_stroke = Stroke::new(1.0, BEAT);
    for widget in [
        &mut visuals.widgets.inactive,
        &mut visuals.widgets.hovered,
        &mut visuals.widgets.active,
        &mut visuals.widgets.open,
    ] {
        widget.corner_radius = CornerRadius::same(4);
    }
    visuals.widgets.inactive.bg_fill = Color32::from_rgb(0x30, 0x36, 0x42);
    visuals.widgets.inactive.weak_bg_fill = Color32::from_rgb(0x30, 0x36, 0x42);
    visuals
}

//! The presets that come with the plugin, from the folder `presets`.

use std::sync::OnceLock;

use super::Preset;

/// One text for each file, in their order.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../presets/", $name)))),*]
    };
}

/// The files by name, sorted.
pub(super) const FILES: [(&str, &str); 11] = files![
    "00-default.json",
    "01-recital.json",
    "02-chorale.json",
    "03-nocturne.json",
    "04-toccata.json",
    "05-bells.json",
    "06-answer.json",
    "07-pop-piano.json",
    "08-pop-pads.json",
    "09-lo-fi.json",
    "10-bass.json",
];

/// All of them, parsed once. One that could not be read would be missing, and a test would have
/// told.
pub(super) fn all() -> &'static [Preset] {
    static ALL: OnceLock<Vec<Preset>> = OnceLock::new();
    ALL.get_or_init(|| {
        FILES.iter().filter_map(|(_, text)| Preset::parse(text.as_bytes()).ok()).collect()
    })
}

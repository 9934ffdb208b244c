//! What a user sets once for every window: theme, scale, size, the folder of models.
//!
//! Kept as one small file in the user's folder for settings, written when a window closes. A file
//! that cannot be read counts as none; nothing here ever stops the editor.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::text;
use crate::params::file;

/// More than this is no file of ours.
const MAX_BYTES: u64 = 64 << 10;

/// Dark or light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Look {
    /// For dark rooms.
    #[default]
    Dark,
    /// For bright ones.
    Light,
}

impl Look {
    /// All of them, in order, with their names.
    pub const ALL: [(Look, &'static str); 2] =
        [(Look::Dark, text::THEME_DARK), (Look::Light, text::THEME_LIGHT)];
}

/// What a user has set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prefs {
    /// Dark or light.
    pub look: Look,
    /// Factor on everything drawn, beside what system and host ask for.
    pub scale: f64,
    /// Width and height of the window in points.
    pub size: [f32; 2],
    /// The folder with the user's models; empty for none.
    pub models: String,
    /// Whether the roll shows how the music would go on.
    pub preview: bool,
}

impl Default for Prefs {
    fn default() -> Prefs {
        Prefs {
            look: Look::default(),
            scale: 1.0,
            size: super::SIZE,
            models: String::new(),
            preview: true,
        }
    }
}

impl Prefs {
    /// What the scale may be.
    pub const SCALES: std::ops::RangeInclusive<f64> = 0.75..=2.5;

    /// What was set, or the defaults.
    pub fn load() -> Prefs {
        place().and_then(|path| Prefs::read(&path).ok()).unwrap_or_default()
    }

    /// Keeps what is set for the next window.
    ///
    /// # Errors
    /// If the file cannot be written; what was there is then still there.
    pub fn save(&self) -> io::Result<()> {
        let path = place().ok_or(io::ErrorKind::NotFound)?;
        self.write(&path)
    }

    fn read(path: &Path) -> io::Result<Prefs> {
        let mut text = String::new();
        fs::File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
        let prefs: Prefs = serde_json::from_str(&text)?;
        Ok(prefs.sane())
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        file::replace(path, &serde_json::to_vec_pretty(self)?)
    }

    /// Within bounds, whatever the file said.
    fn sane(mut self) -> Prefs {
        let default = Prefs::default();
        self.scale = if self.scale.is_finite() {
            self.scale.clamp(*Prefs::SCALES.start(), *Prefs::SCALES.end())
        } else {
            default.scale
        };
        for (size, (least, usual)) in
            self.size.iter_mut().zip(super::SIZE_MIN.into_iter().zip(default.size))
        {
            *size = if size.is_finite() { size.clamp(least, 8192.0) } else { usual };
        }
        self.models.truncate(self.models.floor_char_boundary(4096));
        self
    }
}

/// Where it is kept; nowhere if the system tells no home.
fn place() -> Option<PathBuf> {
    Some(file::folder()?.join("editor.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_there_the_next_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep").join("editor.json");
        let prefs = Prefs {
            look: Look::Light,
            scale: 1.5,
            size: [900.0, 600.0],
            models: "/models".to_owned(),
            preview: false,
        };
        prefs.write(&path).expect("written");
        assert_eq!(Prefs::read(&path).expect("read"), prefs);
        let files = fs::read_dir(folder.path().join("deep")).expect("a folder").count();
        assert_eq!(files, 1, "nothing is left beside it");
    }

    #[test]
    fn nonsense_does_no_harm() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("editor.json");
        let read = |text: &str| {
            fs::write(&path, text).expect("written");
            Prefs::read(&path)
        };
        assert!(read("{").is_err() && read("[1]").is_err() && read("").is_err());
        assert!(read(&" ".repeat(1 << 20)).is_err());
        let prefs = read(r#"{"scale": 1e9, "size": [-5, 1e30], "other": 1}"#).expect("read");
        assert_eq!(prefs.scale, *Prefs::SCALES.end());
        assert_eq!(prefs.size, [super::super::SIZE_MIN[0], 8192.0]);
        assert_eq!(prefs.look, Look::Dark);
    }
}

//! Values as text, and back.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::ranges::MOST;

/// Shows a value.
pub(super) type Show = Arc<dyn Fn(i32) -> String + Send + Sync>;
/// Reads a value, if the text is one.
pub(super) type Read = Arc<dyn Fn(&str) -> Option<i32> + Send + Sync>;

/// Name and pitch class, as shown and as read besides.
const NAMES: [(&str, &str); 12] = [
    ("C", "B#"),
    ("C#", "Db"),
    ("D", "D"),
    ("D#", "Eb"),
    ("E", "Fb"),
    ("F", "E#"),
    ("F#", "Gb"),
    ("G", "G"),
    ("G#", "Ab"),
    ("A", "A"),
    ("A#", "Bb"),
    ("B", "Cb"),
];

/// A MIDI key by its name, 60 as C4.
pub(super) fn show_key() -> Show {
    Arc::new(|key| {
        // Within 0..12, so the cast keeps every bit.
        let (name, _) = NAMES[key.rem_euclid(12) as usize];
        format!("{name}{}", key.div_euclid(12) - 1)
    })
}

/// A MIDI key from a name with sharp or flat, or from its number.
pub(super) fn read_key() -> Read {
    Arc::new(|text| {
        let text = text.trim();
        if let Ok(number) = text.parse() {
            return within(number, &(0..=127));
        }
        let end = text.find(|c: char| c == '-' || c.is_ascii_digit())?;
        let (name, octave) = text.split_at(end);
        let is = |other: &str| name.trim_end().eq_ignore_ascii_case(other);
        let class = NAMES.iter().position(|(sharp, flat)| is(sharp) || is(flat))?;
        let octave: i32 = octave.trim().parse().ok()?;
        // A B sharp is of the octave below the C that it is, a C flat of that above the B.
        let octave = match () {
            () if is("B#") => octave.checked_add(1)?,
            () if is("Cb") => octave.checked_sub(1)?,
            () => octave,
        };
        // Below 12, so the cast keeps every bit.
        let key = octave.checked_add(1)?.checked_mul(12)?.checked_add(class as i32)?;
        within(key, &(0..=127))
    })
}

/// A limit on notes; the last is none.
pub(super) fn show_most() -> Show {
    Arc::new(|most| if most >= *MOST.end() { "No limit".to_owned() } else { most.to_string() })
}

/// A limit on notes.
pub(super) fn read_most() -> Read {
    Arc::new(|text| {
        let text = text.trim();
        if text.eq_ignore_ascii_case("no limit") {
            return Some(*MOST.end());
        }
        within(text.parse().ok()?, &MOST)
    })
}

fn within(value: i32, range: &RangeInclusive<i32>) -> Option<i32> {
    range.contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_limits_read_what_they_show() {
        for key in 0..=127 {
            assert_eq!(read_key()(&show_key()(key)), Some(key));
        }
        for most in MOST {
            assert_eq!(read_most()(&show_most()(most)), Some(most));
        }
    }

    #[test]
    fn keys_are_read_as_musicians_write_them() {
        let read = read_key();
        assert_eq!(show_key()(60), "C4");
        for (text, key) in [
            ("c4", 60),
            (" Db4 ", 61),
            ("C-1", 0),
            ("g9", 127),
            ("64", 64),
            ("B#3", 60),
            ("Cb4", 59),
            ("F# 2", 42),
        ] {
            assert_eq!(read(text), Some(key), "{text}");
        }
        for text in ["", "H4", "C", "é4", "C99999999999", "G#9", "128", "-1", "C♯4", "4C"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

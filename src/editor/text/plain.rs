//! Words from elsewhere, as one short line.

/// Most characters of a text from elsewhere that are shown in a line.
const MOST_CHARS: usize = 240;

/// A text from a file, a project or the system, so that it can be shown: one line of
/// 240 characters at most, without control characters and marks that turn the direction of writing.
/// However long it is, no more than is shown is looked at.
pub fn line(text: &str) -> String {
    let plain = |c: char| if c.is_whitespace() { ' ' } else { c };
    // What is left out is paid for, too: else megabytes of it would be read.
    let looked_at = text.chars().take(4 * MOST_CHARS).map(plain);
    let mut line: String = looked_at.filter(|c| !c.is_control() && !turns(*c)).collect();
    if let Some((end, _)) = line.char_indices().nth(MOST_CHARS) {
        line.truncate(end);
        line.push('\u{2026}');
    }
    line.trim().to_owned()
}

/// Whether a character turns the direction of writing, or joins what stands apart.
fn turns(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_become_one_short_line() {
        assert_eq!(line("  A model\nof\tmine "), "A model of mine");
        assert_eq!(line("\u{1b}[31mred\u{1b}[0m\u{7}"), "[31mred[0m");
        assert_eq!(line("a\u{202e}b\u{2066}c\u{200b}d"), "abcd");
        assert_eq!(line(&"x".repeat(400)).chars().count(), MOST_CHARS + 1);
        assert_eq!(line(&"\u{0}".repeat(1 << 20)), "");
        assert_eq!(line("\u{e9}t\u{e9} \u{1d11e}"), "\u{e9}t\u{e9} \u{1d11e}");
    }
}

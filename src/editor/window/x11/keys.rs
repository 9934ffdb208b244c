//! Keys that belong to the host.
//!
//! On X11 a key goes to the window under the pointer, and the window library keeps what the editor
//! does not want: the space bar would not start the host while the pointer is over the editor. So
//! what is not typed into a field is sent on to the window that the host put us in, from where it
//! goes on to whoever listens. Elsewhere the window library hands keys back by itself.

use egui::{InputState, Key, Modifiers};
use raw_window_handle::HasWindowHandle;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    ConnectionExt, EventMask, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, KeyButMask, KeyPressEvent,
};
use x11rb::rust_connection::RustConnection;
use x11rb::{CURRENT_TIME, NONE};

/// Sends keys on.
#[derive(Default)]
pub struct HostKeys {
    keyboard: Option<Keyboard>,
    /// Whether there was none to be reached: it is not tried for every key.
    unreachable: bool,
    /// Whether a field had the keyboard when the last frame was drawn.
    typed: bool,
    /// Keys that the host was told of and that are down.
    down: Vec<Key>,
}

/// The keyboard, by a connection of our own.
struct Keyboard {
    x: RustConnection,
    /// What each key makes, the lowest key first.
    symbols: Vec<Vec<u32>>,
}

impl HostKeys {
    /// Sends on what was pressed and released in a frame, unless a field has the keyboard or had
    /// it before: the Enter or Escape that ends typing is the field's. The end of a key goes where
    /// its beginning went. What goes wrong is let be: the host then misses a key.
    pub fn hand_on(&mut self, window: &impl HasWindowHandle, input: &InputState, typing: bool) {
        let field = std::mem::replace(&mut self.typed, typing) || typing;
        for event in &input.events {
            let egui::Event::Key { key, pressed, modifiers, .. } = event else { continue };
            let known = self.down.iter().position(|down| down == key);
            match (pressed, known) {
                (true, _) if field => continue,
                (true, None) => self.down.push(*key),
                (true, Some(_)) => {}
                (false, Some(at)) => drop(self.down.swap_remove(at)),
                (false, None) => continue,
            }
            let _ = self.send(window, *key, *pressed, *modifiers);
        }
    }

    fn send(
        &mut self,
        window: &impl HasWindowHandle,
        key: Key,
        pressed: bool,
        modifiers: Modifiers,
    ) -> Option<()> {
        let window = super::number(window)?;
        if self.keyboard.is_none() && !self.unreachable {
            self.keyboard = Keyboard::connect();
            self.unreachable = self.keyboard.is_none();
        }
        let keyboard = self.keyboard.as_ref()?;
        keyboard.send(window, keyboard.code(symbol(key)?)?, pressed, modifiers)
    }
}

impl Keyboard {
    fn connect() -> Option<Keyboard> {
        let (x, _) = RustConnection::connect(None).ok()?;
        let (first, last) = (x.setup().min_keycode, x.setup().max_keycode);
        let map = x.get_keyboard_mapping(first, last - first + 1).ok()?.reply().ok()?;
        let width = usize::from(map.keysyms_per_keycode).max(1);
        let symbols = map.keysyms.chunks(width).map(<[u32]>::to_vec).collect();
        Some(Keyboard { x, symbols })
    }

    fn code(&self, symbol: u32) -> Option<u8> {
        let at = self.symbols.iter().position(|symbols| symbols.first() == Some(&symbol))?;
        u8::try_from(usize::from(self.x.setup().min_keycode) + at).ok()
    }

    fn send(&self, window: u32, code: u8, pressed: bool, modifiers: Modifiers) -> Option<()> {
        let tree = self.x.query_tree(window).ok()?.reply().ok()?;
        if tree.parent == tree.root {
            // A window of our own: nobody else waits for keys.
            return None;
        }
        let mut state = KeyButMask::default();
        for (held, mask) in [
            (modifiers.shift, KeyButMask::SHIFT),
            (modifiers.ctrl, KeyButMask::CONTROL),
            (modifiers.alt, KeyButMask::MOD1),
        ] {
            if held {
                state |= mask;
            }
        }
        let (kind, mask) = match pressed {
            true => (KEY_PRESS_EVENT, EventMask::KEY_PRESS),
            false => (KEY_RELEASE_EVENT, EventMask::KEY_RELEASE),
        };
        let event = KeyPressEvent {
            response_type: kind,
            detail: code,
            sequence: 0,
            time: CURRENT_TIME,
            root: tree.root,
            event: tree.parent,
            child: NONE,
            root_x: 0,
            root_y: 0,
            event_x: 0,
            event_y: 0,
            state,
            same_screen: true,
        };
        // Upwards, until somebody listens: the host's own window, mostly.
        self.x.send_event(true, tree.parent, mask, event).ok()?;
        self.x.flush().ok()
    }
}

/// What X11 calls the key (`keysymdef.h`); none for those that hosts have no use for.
fn symbol(key: Key) -> Option<u32> {
    Some(match key {
        Key::Space => 0x20,
        Key::Enter => 0xff0d,
        Key::Escape => 0xff1b,
        Key::Backspace => 0xff08,
        Key::Delete => 0xffff,
        Key::Home => 0xff50,
        Key::ArrowLeft => 0xff51,
        Key::ArrowUp => 0xff52,
        Key::ArrowRight => 0xff53,
        Key::ArrowDown => 0xff54,
        Key::PageUp => 0xff55,
        Key::PageDown => 0xff56,
        Key::End => 0xff57,
        Key::Comma => 0x2c,
        Key::Minus => 0x2d,
        Key::Period => 0x2e,
        Key::Slash => 0x2f,
        _ => named(key.name())?,
    })
}

/// Letters, digits and function keys, by name.
fn named(name: &str) -> Option<u32> {
    let mut letters = name.chars();
    match (letters.next()?, letters.as_str()) {
        (letter @ ('A'..='Z' | '0'..='9'), "") => Some(letter.to_ascii_lowercase().into()),
        ('F', number) => {
            let number: u32 = number.parse().ok().filter(|n| (1..=12).contains(n))?;
            Some(0xffbd + number)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_symbols_of_x11() {
        let known = [
            (Key::Space, Some(0x20)),
            (Key::A, Some(0x61)),
            (Key::Z, Some(0x7a)),
            (Key::Num0, Some(0x30)),
            (Key::F1, Some(0xffbe)),
            (Key::F12, Some(0xffc9)),
            (Key::F13, None),
            (Key::Copy, None),
        ];
        for (key, expected) in known {
            assert_eq!(symbol(key), expected, "{key:?}");
        }
    }
}

//! Mouse and keys, as the server's extension XTEST makes them: for programs no other than real
//! ones. The one request of it that is needed is written here by hand, since the bindings'
//! feature for it would have the plugin's whole window layer compiled a second time.

use super::{Parent, failed};
use crate::error::HostError;
use std::io::IoSlice;
use std::time::Duration;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
    MOTION_NOTIFY_EVENT,
};

/// A key without a letter, by its name among X11's symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Their names say it.
pub enum Key {
    Return = 0xff0d,
    Escape = 0xff1b,
    Backspace = 0xff08,
    Tab = 0xff09,
    Left = 0xff51,
    Up = 0xff52,
    Right = 0xff53,
    Down = 0xff54,
}

const SHIFT: u32 = 0xffe1;
const CONTROL: u32 = 0xffe3;

/// Time between events: faster ones would be lost between two frames.
const PAUSE: Duration = Duration::from_millis(40);

const CALL: &str = "mouse or keys";

impl Parent {
    /// Moves the pointer to a place in the window.
    ///
    /// # Errors
    /// If the screen is gone; the same for all below.
    pub fn move_to(&self, x: u32, y: u32) -> Result<(), HostError> {
        let place = |n: u32| i16::try_from(n).unwrap_or(i16::MAX);
        self.fake(MOTION_NOTIFY_EVENT, 0, (place(x), place(y)))
    }

    /// Moves the pointer off the window, to the screen's far corner.
    ///
    /// # Errors
    /// See [`Parent::move_to`].
    pub fn move_away(&self) -> Result<(), HostError> {
        self.move_to(u32::MAX, u32::MAX)
    }

    /// Clicks there with the left button.
    ///
    /// # Errors
    /// See [`Parent::move_to`].
    pub fn click(&self, x: u32, y: u32) -> Result<(), HostError> {
        self.move_to(x, y)?;
        self.fake(BUTTON_PRESS_EVENT, 1, (0, 0))?;
        self.fake(BUTTON_RELEASE_EVENT, 1, (0, 0))
    }

    /// Drags with the left button from one place to another.
    ///
    /// # Errors
    /// See [`Parent::move_to`].
    pub fn drag(&self, from: (u32, u32), to: (u32, u32)) -> Result<(), HostError> {
        const PARTS: u32 = 8;
        self.move_to(from.0, from.1)?;
        self.fake(BUTTON_PRESS_EVENT, 1, (0, 0))?;
        for part in 1..=PARTS {
            let between = |from: u32, to: u32| (from * (PARTS - part) + to * part) / PARTS;
            self.move_to(between(from.0, to.0), between(from.1, to.1))?;
        }
        self.fake(BUTTON_RELEASE_EVENT, 1, (0, 0))
    }

    /// Turns the wheel by so many notches, down if positive.
    ///
    /// # Errors
    /// See [`Parent::move_to`].
    pub fn scroll(&self, notches: i32) -> Result<(), HostError> {
        let button = if notches > 0 { 5 } else { 4 };
        for _ in 0..notches.unsigned_abs() {
            self.fake(BUTTON_PRESS_EVENT, button, (0, 0))?;
            self.fake(BUTTON_RELEASE_EVENT, button, (0, 0))?;
        }
        Ok(())
    }

    /// Presses and releases a key.
    ///
    /// # Errors
    /// If the keyboard has none; see [`Parent::move_to`].
    pub fn press(&self, key: Key) -> Result<(), HostError> {
        self.stroke(key as u32, &[])
    }

    /// Types a text of ASCII into whatever has the keyboard.
    ///
    /// # Errors
    /// As [`Parent::press`].
    pub fn type_text(&self, text: &str) -> Result<(), HostError> {
        text.chars().try_for_each(|letter| self.stroke(letter.into(), &[]))
    }

    /// A letter with the control key, such as `a` to select all.
    ///
    /// # Errors
    /// As [`Parent::press`].
    pub fn control(&self, letter: char) -> Result<(), HostError> {
        self.stroke(letter.into(), &[CONTROL])
    }

    fn stroke(&self, symbol: u32, held: &[u32]) -> Result<(), HostError> {
        let (key, shifted) = self.key_of(symbol)?;
        let mut held: Vec<u8> =
            held.iter().map(|&s| Ok(self.key_of(s)?.0)).collect::<Result<_, HostError>>()?;
        if shifted {
            held.push(self.key_of(SHIFT)?.0);
        }
        for &modifier in &held {
            self.fake(KEY_PRESS_EVENT, modifier, (0, 0))?;
        }
        self.fake(KEY_PRESS_EVENT, key, (0, 0))?;
        self.fake(KEY_RELEASE_EVENT, key, (0, 0))?;
        held.iter().rev().try_for_each(|&key| self.fake(KEY_RELEASE_EVENT, key, (0, 0)))
    }

    /// What a key makes without shift.
    pub(super) fn symbol_of(&self, key: u8) -> Result<u32, HostError> {
        let map = self.0.x.get_keyboard_mapping(key, 1).map_err(failed(CALL))?;
        let map = map.reply().map_err(failed(CALL))?;
        Ok(map.keysyms.first().copied().unwrap_or(0))
    }

    /// The key that makes a symbol, and whether it needs shift for it.
    fn key_of(&self, symbol: u32) -> Result<(u8, bool), HostError> {
        let x = &self.0.x;
        let (first, last) = (x.setup().min_keycode, x.setup().max_keycode);
        let map = x.get_keyboard_mapping(first, last - first + 1).map_err(failed(CALL))?;
        let map = map.reply().map_err(failed(CALL))?;
        let keys = map.keysyms.chunks(usize::from(map.keysyms_per_keycode).max(1));
        for (key, symbols) in (first..=last).zip(keys) {
            if let Some(column) = symbols.iter().take(2).position(|&s| s == symbol) {
                return Ok((key, column == 1));
            }
        }
        Err(HostError::screen(CALL, format!("no key makes the symbol {symbol:#x}")))
    }

    /// XTEST's `FakeInput`; `place` counts on the screen, where the window lies at its corner.
    fn fake(&self, kind: u8, detail: u8, place: (i16, i16)) -> Result<(), HostError> {
        const FAKE_INPUT: u8 = 2;
        let mut request = [0; 36];
        request[..6].copy_from_slice(&[self.0.test, FAKE_INPUT, 9, 0, kind, detail]);
        request[2..4].copy_from_slice(&9u16.to_ne_bytes());
        request[12..16].copy_from_slice(&self.0.root.to_ne_bytes());
        request[24..26].copy_from_slice(&place.0.to_ne_bytes());
        request[26..28].copy_from_slice(&place.1.to_ne_bytes());
        let sent = self.0.x.send_request_without_reply(&[IoSlice::new(&request)], Vec::new());
        sent.map_err(failed(CALL))?.check().map_err(failed(CALL))?;
        self.sync()?;
        std::thread::sleep(PAUSE);
        Ok(())
    }
}

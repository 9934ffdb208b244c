//! A window of the host's own on an X11 screen, in which a plugin puts its editor: what a user
//! of a DAW sees, and does with mouse and keys.

mod files;
mod input;
mod picture;
mod slow;

use crate::error::HostError;
use crate::plugin::Plugin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ConfigureWindowAux, ConnectionExt, CreateWindowAux, EventMask, ImageFormat, InputFocus,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use x11rb::{COPY_DEPTH_FROM_PARENT, CURRENT_TIME};

pub use files::{Hand, Tray};
pub use input::Key;
pub use picture::Picture;
pub use slow::SlowShow;

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// A window at the upper left of the screen that `DISPLAY` names. Clones are the same window;
/// it goes with the last of them.
#[derive(Clone)]
pub struct Parent(Arc<Inner>);

struct Inner {
    x: RustConnection,
    root: u32,
    window: u32,
    size: Mutex<Size>,
    /// The number by which the server knows XTEST.
    test: u8,
}

/// An error's words, whichever of the connection's errors it is.
fn failed<E: std::fmt::Display>(call: &'static str) -> impl Fn(E) -> HostError {
    move |error| HostError::screen(call, error)
}

/// X11 counts pixels in 16 bits.
fn pixels(length: u32) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

impl Parent {
    /// Opens a window and waits until it is there.
    ///
    /// # Errors
    /// If there is no screen, or one without the extension XTEST.
    pub fn open(size: Size) -> Result<Parent, HostError> {
        const CALL: &str = "opening a window";
        let (x, number) = RustConnection::connect(None).map_err(failed(CALL))?;
        let screen = &x.setup().roots[number];
        let root = screen.root;
        let window = x.generate_id().map_err(failed(CALL))?;
        let looks = CreateWindowAux::new()
            .background_pixel(screen.black_pixel)
            .event_mask(EventMask::KEY_PRESS);
        x.create_window(
            COPY_DEPTH_FROM_PARENT,
            window,
            root,
            0,
            0,
            pixels(size.width),
            pixels(size.height),
            0,
            WindowClass::INPUT_OUTPUT,
            0,
            &looks,
        )
        .map_err(failed(CALL))?
        .check()
        .map_err(failed(CALL))?;
        x.map_window(window).map_err(failed(CALL))?.check().map_err(failed(CALL))?;
        let test = x.query_extension(b"XTEST").map_err(failed(CALL))?.reply();
        let test = test.map_err(failed(CALL))?;
        if !test.present {
            return Err(HostError::screen(CALL, "the server has no XTEST"));
        }
        let size = Mutex::new(size);
        Ok(Parent(Arc::new(Inner { x, root, window, size, test: test.major_opcode })))
    }

    /// The window's number on the screen.
    pub fn id(&self) -> u32 {
        self.0.window
    }

    /// Its size.
    pub fn size(&self) -> Size {
        *self.0.size.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another size for the window alone; see [`Plugin::resize_editor`].
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn resize(&self, size: Size) -> Result<(), HostError> {
        const CALL: &str = "resizing a window";
        *self.0.size.lock().unwrap_or_else(PoisonError::into_inner) = size;
        let change = ConfigureWindowAux::new().width(size.width).height(size.height);
        let asked = self.0.x.configure_window(self.0.window, &change).map_err(failed(CALL))?;
        asked.check().map_err(failed(CALL))
    }

    /// The windows in it, with their sizes: the editor's, while there is one.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn children(&self) -> Result<Vec<Size>, HostError> {
        const CALL: &str = "looking for windows";
        let x = &self.0.x;
        let tree = x.query_tree(self.0.window).map_err(failed(CALL))?;
        let tree = tree.reply().map_err(failed(CALL))?;
        let mut sizes = Vec::new();
        for child in tree.children {
            // One may go while it is looked at.
            if let Ok(place) = x.get_geometry(child).map_err(failed(CALL))?.reply() {
                sizes.push(Size { width: place.width.into(), height: place.height.into() });
            }
        }
        Ok(sizes)
    }

    /// What is to be seen in it.
    ///
    /// # Errors
    /// If the screen is gone, is smaller than the window, or is not one of 24 bits a pixel.
    pub fn picture(&self) -> Result<Picture, HostError> {
        const CALL: &str = "taking a picture";
        let Size { width, height } = self.size();
        let (x, window) = (&self.0.x, self.0.window);
        let image = x
            .get_image(ImageFormat::Z_PIXMAP, window, 0, 0, pixels(width), pixels(height), !0)
            .map_err(failed(CALL))?
            .reply()
            .map_err(failed(CALL))?;
        Picture::from_image(&image.data, self.size())
            .ok_or_else(|| HostError::screen(CALL, "not a screen of 24 bits a pixel"))
    }

    /// The keys that reached this window since the last call, by what they make: what the editor
    /// in it left to the host.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn keys(&self) -> Result<Vec<u32>, HostError> {
        const CALL: &str = "listening for keys";
        let mut keys = Vec::new();
        while let Some(event) = self.0.x.poll_for_event().map_err(failed(CALL))? {
            if let Event::KeyPress(key) = event {
                keys.push(self.symbol_of(key.detail)?);
            }
        }
        Ok(keys)
    }

    /// Gives this window the keyboard, as a host's has it: a key goes to what is under the
    /// pointer in it.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn take_keyboard(&self) -> Result<(), HostError> {
        const CALL: &str = "taking the keyboard";
        let (x, window) = (&self.0.x, self.0.window);
        let asked = x.set_input_focus(InputFocus::PARENT, window, CURRENT_TIME);
        asked.map_err(failed(CALL))?.check().map_err(failed(CALL))
    }

    /// Waits until the server has done all that was asked of it.
    fn sync(&self) -> Result<(), HostError> {
        self.0.x.sync().map_err(failed("waiting for the server"))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The server does it too, once the connection is gone.
        self.x.destroy_window(self.window).ok();
        self.x.flush().ok();
    }
}

/// How often the main loop turns.
const TURN: Duration = Duration::from_millis(5);

/// Lets the host's main loop turn until `done`, at most for `limit`; whether it was done.
pub fn turn_until(
    plugin: &mut dyn Plugin,
    limit: Duration,
    mut done: impl FnMut() -> bool,
) -> bool {
    let begun = Instant::now();
    loop {
        plugin.turn();
        if done() {
            return true;
        }
        if begun.elapsed() > limit {
            return false;
        }
        std::thread::sleep(TURN);
    }
}

/// Lets the host's main loop turn for a time.
pub fn turn_for(plugin: &mut dyn Plugin, time: Duration) {
    turn_until(plugin, time, || false);
}

//! What the window library leaves undone on X11: it keeps the keys that the editor does not want,
//! takes no files that are dropped onto the window, lets none be dragged out of it, may wait for its
//! first frame for ever, and does not always wait for its own end.
//!
//! All but the last has a connection of its own to the screen. Dragging follows the XDND protocol,
//! version 5 (freedesktop.org, *Drag-and-Drop Protocol for the X Window System*).

mod drag;
mod drops;
mod end;
mod first;
mod keys;
mod uri;

use raw_window_handle::{HasWindowHandle, RawWindowHandle};
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, PropMode,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

pub use drag::Drag;
pub use drops::Drops;
pub use end::Thread;
pub use first::FirstFrame;
pub use keys::HostKeys;

/// The version of XDND that is spoken.
const VERSION: u32 = 5;

x11rb::atom_manager! {
    /// What is named in XDND's messages.
    Atoms: AtomsCookie {
        XdndAware,
        XdndProxy,
        XdndEnter,
        XdndPosition,
        XdndStatus,
        XdndLeave,
        XdndDrop,
        XdndFinished,
        XdndSelection,
        XdndActionCopy,
        XdndTypeList,
        TARGETS,
        Files: b"text/uri-list",
        // Marks what comes out of a window of ours, which is nothing to drop into one.
        OwnTake: b"application/x-anacrusis-take",
        Answer: b"_ANACRUSIS_FILES",
        Quit: b"_ANACRUSIS_QUIT",
    }
}

/// The number by which the screen knows a window; none if it is no window of X11.
pub fn number(window: &impl HasWindowHandle) -> Option<u32> {
    match window.window_handle().ok()?.as_raw() {
        // Numbers of windows have 32 bits, whatever holds them.
        RawWindowHandle::Xlib(handle) => Some(handle.window as u32),
        RawWindowHandle::Xcb(handle) => Some(handle.window.get()),
        _ => None,
    }
}

/// The screen, by a connection of our own, and a window that is never seen: to it go the messages.
struct Screen {
    x: RustConnection,
    atoms: Atoms,
    root: u32,
    window: u32,
}

impl Screen {
    fn connect() -> Option<Screen> {
        let (x, number) = RustConnection::connect(None).ok()?;
        let root = x.setup().roots.get(number)?.root;
        let atoms = Atoms::new(&x).ok()?.reply().ok()?;
        let window = x.generate_id().ok()?;
        let looks = CreateWindowAux::new();
        let (depth, class) = (COPY_DEPTH_FROM_PARENT, WindowClass::INPUT_OUTPUT);
        x.create_window(depth, window, root, -1, -1, 1, 1, 0, class, 0, &looks).ok()?;
        Some(Screen { x, atoms, root, window })
    }

    /// Sends a message about `window` to `to`, which is that window or who speaks for it.
    fn tell(&self, to: u32, window: u32, kind: Atom, data: [u32; 5]) -> Option<()> {
        let message = ClientMessageEvent::new(32, window, kind, data);
        self.x.send_event(false, to, EventMask::NO_EVENT, message).ok()?;
        self.x.flush().ok()
    }

    /// Names a window, or gives it a number.
    fn set(&self, window: u32, property: Atom, kind: AtomEnum, values: &[u32]) -> Option<()> {
        self.x.change_property32(PropMode::REPLACE, window, property, kind, values).ok()?;
        Some(())
    }

    /// The numbers that a property holds, 64 at most.
    fn get(&self, window: u32, property: Atom, kind: AtomEnum) -> Option<Vec<u32>> {
        let asked = self.x.get_property(false, window, property, kind, 0, 64).ok()?;
        Some(asked.reply().ok()?.value32()?.collect())
    }
}

//! The first frame.
//!
//! The window library paces its frames by the X server's extension Present: it asks when the next
//! one is due, and draws when it is told. It asks for the first as soon as it wants to be shown, and
//! listens once it is shown; a host that shows it later, as every one on GTK does, leaves it waiting
//! for an answer that has been given. So that question is asked again here, as long as nothing has
//! been drawn: the server answers whoever listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use x11rb::connection::Connection;
use x11rb::protocol::present::ConnectionExt as _;
use x11rb::protocol::xproto::{ConnectionExt as _, MapState};

use super::Screen;

/// The number under which the window library asks for its first frame. It takes no notice of an
/// answer that it has had.
const SERIAL: u32 = 0;

/// How often it is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// Looks after the first frame, on a thread of its own, until it is drawn or this is dropped.
pub struct FirstFrame {
    drawn: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl FirstFrame {
    /// That of `window`. None if the screen cannot be reached.
    pub fn of(window: u32) -> Option<FirstFrame> {
        let screen = Screen::connect()?;
        let drawn = Arc::<AtomicBool>::default();
        let seen = drawn.clone();
        let thread = thread::Builder::new().name("first frame".to_owned());
        // It ends with the window, too: nothing more can be asked then.
        let thread = thread.spawn(move || while again(&screen, window, &seen).is_some() {}).ok()?;
        Some(FirstFrame { drawn, thread: Some(thread) })
    }

    /// It is drawn.
    pub fn drawn(&self) {
        self.drawn.store(true, Ordering::Relaxed);
    }
}

impl Drop for FirstFrame {
    fn drop(&mut self) {
        self.drawn();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Asks once more if there may be a need; none if there is none any more.
fn again(screen: &Screen, window: u32, drawn: &AtomicBool) -> Option<()> {
    thread::sleep(PAUSE);
    if drawn.load(Ordering::Relaxed) {
        return None;
    }
    let looks = screen.x.get_window_attributes(window).ok()?.reply().ok()?;
    if looks.map_state != MapState::UNMAPPED {
        screen.x.present_notify_msc(window, SERIAL, 0, 0, 0).ok()?;
        screen.x.flush().ok()?;
    }
    Some(())
}

//! What the window has to do with what is around it, where the window library leaves that to us:
//! on Linux.

use std::path::{Path, PathBuf};

use egui::Context;
use nih_plug_egui::{Frame, RepaintNotifier};

use super::x11::{self, Drag, Drops, FirstFrame, HostKeys, Thread};

/// Keys for the host, the first frame, files in and out.
pub struct Desktop {
    /// Makes the window draw again.
    wake: RepaintNotifier,
    /// What the host is to get of the keyboard.
    keys: HostKeys,
    /// The thread that draws.
    thread: Option<Thread>,
    /// Sees to it that the window begins to draw.
    first: Option<FirstFrame>,
    /// Files that are dropped onto the window, while it is open; none if that cannot be had.
    drops: Option<Drops>,
    /// A part of the take that is dragged out of the window, and its file.
    drag: Option<(Drag, PathBuf)>,
}

impl Desktop {
    pub fn new(wake: RepaintNotifier) -> Desktop {
        let keys = HostKeys::default();
        Desktop { wake, keys, thread: None, first: None, drops: None, drag: None }
    }

    /// The window is there; to be called by the thread that will draw.
    pub fn opened(&mut self, frame: &Frame) {
        self.thread = Thread::current();
        let window = x11::number(frame.baseview_window());
        self.first = window.and_then(FirstFrame::of);
        self.drops = window.and_then(|window| Drops::onto(window, self.waking()));
    }

    /// The window goes: what was being dragged, and whether it had been given to someone.
    pub fn closed(&mut self) -> Option<(PathBuf, bool)> {
        (self.first, self.drops) = (None, None);
        let (drag, file) = self.drag.take()?;
        Some((file, drag.end()))
    }

    /// What waits for the end of the thread that draws, a moment at most.
    pub fn end(&mut self) -> impl FnOnce() + use<> {
        let thread = self.thread.take();
        move || {
            if let Some(thread) = thread {
                thread.wait();
            }
        }
    }

    /// A frame is being drawn.
    pub fn drawn(&mut self) {
        if let Some(first) = &self.first {
            first.drawn();
        }
    }

    /// Sends on to the host what was not typed into a field.
    pub fn hand_on_keys(&mut self, ctx: &Context, frame: &Frame, typing: bool) {
        ctx.input(|input| self.keys.hand_on(frame.baseview_window(), input, typing));
    }

    /// Whether a file is held over the window.
    pub fn is_held_over(&self) -> bool {
        self.drops.as_ref().is_some_and(Drops::over)
    }

    /// What was dropped, once.
    pub fn dropped(&self) -> Option<PathBuf> {
        self.drops.as_ref()?.next()
    }

    /// Lets a file be dragged out of the window; whether that can be.
    pub fn drag(&mut self, file: &Path) -> bool {
        // One at a time: there is one mouse.
        if self.drag.is_some() {
            return false;
        }
        let drag = Drag::begin(file, self.waking());
        self.drag = drag.map(|drag| (drag, file.to_owned()));
        self.drag.is_some()
    }

    /// What was dragged, and whether it was given to someone, once that is known.
    pub fn dragged(&mut self) -> Option<(PathBuf, bool)> {
        let given = self.drag.as_mut()?.0.given()?;
        self.drag.take().map(|(_, file)| (file, given))
    }

    fn waking(&self) -> impl Fn() + Send + 'static {
        let wake = self.wake.clone();
        move || wake.request_repaint()
    }
}

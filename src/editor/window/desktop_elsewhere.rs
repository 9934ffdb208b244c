//! What the window has to do with what is around it, where it is not on Linux: nothing. The window
//! library hands keys back to the host by itself, and neither takes files nor gives them.

use std::path::{Path, PathBuf};

use egui::Context;
use nih_plug_egui::{Frame, RepaintNotifier};

/// Does nothing; see the one for Linux.
pub struct Desktop;

#[allow(missing_docs, reason = "see the one for Linux")]
impl Desktop {
    pub fn new(_: RepaintNotifier) -> Desktop {
        Desktop
    }

    pub fn opened(&mut self, _: &Frame) {}

    pub fn closed(&mut self) -> Option<(PathBuf, bool)> {
        None
    }

    pub fn end(&mut self) -> impl FnOnce() + use<> {
        || {}
    }

    pub fn drawn(&mut self) {}

    pub fn hand_on_keys(&mut self, _: &Context, _: &Frame, _: bool) {}

    pub fn is_held_over(&self) -> bool {
        false
    }

    pub fn dropped(&self) -> Option<PathBuf> {
        None
    }

    pub fn drag(&mut self, _: &Path) -> bool {
        false
    }

    pub fn dragged(&mut self) -> Option<(PathBuf, bool)> {
        None
    }
}

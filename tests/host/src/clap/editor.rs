//! The editor of a CLAP: the extension `gui`.

use super::Clap;
use crate::error::HostError;
use crate::window::{Parent, Size};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, PluginGui, Window};

/// An open editor.
pub struct Editor {
    gui: PluginGui,
    parent: Parent,
}

impl From<GuiSize> for Size {
    fn from(size: GuiSize) -> Size {
        Size { width: size.width, height: size.height }
    }
}

impl From<Size> for GuiSize {
    fn from(size: Size) -> GuiSize {
        GuiSize { width: size.width, height: size.height }
    }
}

impl Clap {
    pub(super) fn open_gui(&mut self, parent: &Parent, scale: f64) -> Result<(), HostError> {
        if self.editor.is_some() {
            return Err(HostError::call("gui.create", "the editor is open already"));
        }
        let handle = self.instance.plugin_handle();
        let gui = handle.get_extension::<PluginGui>();
        let gui = gui.ok_or_else(|| HostError::call("gui", "no extension"))?;
        let embedded = GuiConfiguration { api_type: GuiApiType::X11, is_floating: false };
        if !gui.is_api_supported(&handle, embedded) {
            return Err(HostError::call("gui.is_api_supported", "not in a window of X11"));
        }
        gui.create(&handle, embedded).map_err(|e| HostError::call("gui.create", e))?;
        // From here on it is there, and closed if anything fails.
        self.editor = Some(Editor { gui, parent: parent.clone() });
        self.show_gui(gui, parent, scale).inspect_err(|_| self.close_gui())
    }

    fn show_gui(&mut self, gui: PluginGui, parent: &Parent, scale: f64) -> Result<(), HostError> {
        let handle = self.instance.plugin_handle();
        // A plugin may know better, and refuse.
        gui.set_scale(&handle, scale).ok();
        let size = gui.get_size(&handle);
        let size = size.ok_or_else(|| HostError::call("gui.get_size", "it has no size"))?;
        parent.resize(size.into())?;
        // SAFETY: `Editor` holds on to the parent's window, and ends the editor before that.
        unsafe { gui.set_parent(&handle, Window::from_x11_handle(parent.id().into())) }
            .map_err(|e| HostError::call("gui.set_parent", e))?;
        gui.show(&handle).map_err(|e| HostError::call("gui.show", e))
    }

    pub(super) fn resize_gui(&mut self, size: Size) -> Result<Size, HostError> {
        let Some(Editor { gui, parent }) = &self.editor else {
            return Err(HostError::call("gui.set_size", "no editor is open"));
        };
        let handle = self.instance.plugin_handle();
        if !gui.can_resize(&handle) {
            return Err(HostError::call("gui.can_resize", "it cannot"));
        }
        let size = gui.adjust_size(&handle, size.into()).unwrap_or(size.into());
        parent.resize(size.into())?;
        gui.set_size(&handle, size).map_err(|e| HostError::call("gui.set_size", e))?;
        Ok(size.into())
    }

    pub(super) fn close_gui(&mut self) {
        if let Some(Editor { gui, parent: _parent }) = self.editor.take() {
            let handle = self.instance.plugin_handle();
            gui.hide(&handle).ok();
            gui.destroy(&handle);
        }
    }

    /// Grants what the editor asked for.
    pub(super) fn turn_editor(&mut self) {
        let (wanted, closed) = self
            .instance
            .access_shared_handler(|shared| (shared.take_resize(), shared.take_closed()));
        if closed {
            self.close_gui();
        }
        if let (Some(size), Some(editor)) = (wanted, &self.editor) {
            // A screen that is gone shows in the next picture.
            editor.parent.resize(size.into()).ok();
        }
    }
}

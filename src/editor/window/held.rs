//! The editor as the framework holds it, with fixes for the window library's own.
//!
//! That library's traits have a callback for a window's closing that is never called: here a window
//! counts as closed when the framework drops the editor's handle. The library also tells the host
//! sizes without the user's scale.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard};

use nih_plug::context::gui::GuiContext;
use nih_plug::editor::dpi::{LogicalSize, NativeSize};
use nih_plug::editor::{
    Editor, EditorHandle, HostMethods, Modifiers, ParentWindowHandle, ResizeHint, SizeConstraints,
    SpawnedEditor, VirtualKeyCode,
};
use nih_plug::prelude::TrackInfo;
use nih_plug_egui::baseview::{self, HandlerError, WindowSize};
use nih_plug_egui::{EguiEditor, EguiEditorHandle, EguiEditorState, Frame, NiceEguiApp};

use super::Session;
use super::app::App;
use crate::model::shared::lock;

/// The running editor, held by its window and by what waits for the window's end.
pub struct SharedApp<S>(Arc<Mutex<App<S>>>);

impl<S> Clone for SharedApp<S> {
    fn clone(&self) -> Self {
        SharedApp(self.0.clone())
    }
}

impl<S> SharedApp<S> {
    pub fn new(app: App<S>) -> SharedApp<S> {
        SharedApp(Arc::new(Mutex::new(app)))
    }

    /// Also after a panic in a frame: the next frame begins anew.
    fn lock(&self) -> MutexGuard<'_, App<S>> {
        lock(&self.0)
    }
}

impl<S: Session> NiceEguiApp for SharedApp<S> {
    fn build(
        &mut self,
        ctx: egui::Context,
        host: GuiContext,
        frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        self.lock().opened(&ctx, host, frame);
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        self.lock().ui(ui, frame);
    }

    fn resized(&mut self, size: WindowSize) {
        self.lock().resized(size);
    }
}

/// The editor as nih-plug wants it.
pub struct Window<S: Session> {
    editor: EguiEditor<SharedApp<S>>,
    app: SharedApp<S>,
    scale: Scale,
}

impl<S: Session> Window<S> {
    pub(super) fn new(
        editor: EguiEditor<SharedApp<S>>,
        app: SharedApp<S>,
        state: Arc<EguiEditorState>,
    ) -> Window<S> {
        Window { editor, app, scale: Scale(state) }
    }
}

/// The user's own factor on sizes. The window library counts it in when it makes a window, and not
/// when it tells the host of sizes.
#[derive(Clone)]
struct Scale(Arc<EguiEditorState>);

impl Scale {
    fn factor(&self) -> f64 {
        f64::from(self.0.user_scale_factor())
    }

    /// What a length is on the screen; no window has more than 32 bits of pixels.
    fn native(&self, size: NativeSize<u32>) -> NativeSize<u32> {
        let scaled = |length: u32| (f64::from(length) * self.factor()).round() as u32;
        NativeSize { width: scaled(size.width), height: scaled(size.height) }
    }

    /// How small and large a window may be.
    fn hint(&self, hint: ResizeHint) -> ResizeHint {
        let SizeConstraints::Logical { min_size, max_size } = hint.size_constraints else {
            return hint;
        };
        // Sizes on screens: f32 is plenty.
        let factor = self.factor() as f32;
        let scaled =
            |size: LogicalSize<f32>| LogicalSize::new(size.width * factor, size.height * factor);
        let size_constraints = SizeConstraints::Logical {
            min_size: min_size.map(scaled),
            max_size: max_size.map(scaled),
        };
        ResizeHint { size_constraints, ..hint }
    }
}

impl<S: Session> Editor for Window<S> {
    type Handle = Handle<S>;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Handle<S>>, Box<dyn Error>> {
        let SpawnedEditor { handle, window } =
            self.editor.spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, host)?;
        let (app, scale) = (self.app.clone(), self.scale.clone());
        let handle = Handle { handle, app, scale, hint: self.editor.resize_hint() };
        Ok(SpawnedEditor { handle, window: Open { window: Some(window), app: self.app.clone() } })
    }

    fn size(&self) -> NativeSize<u32> {
        self.scale.native(self.editor.size())
    }

    fn resize_hint(&self) -> ResizeHint {
        self.editor.resize_hint()
    }

    fn track_info_updated(&self, info: TrackInfo) {
        self.editor.track_info_updated(info);
    }
}

/// An open window's handle: the window library's, and the word to the editor when it goes.
pub struct Handle<S: Session> {
    handle: EguiEditorHandle,
    app: SharedApp<S>,
    scale: Scale,
    hint: ResizeHint,
}

impl<S: Session> Drop for Handle<S> {
    fn drop(&mut self) {
        self.app.lock().closed();
    }
}

/// The window library's window, and what becomes of its thread.
pub struct Open<S: Session> {
    /// There until it is closed.
    window: Option<baseview::Window>,
    app: SharedApp<S>,
}

impl<S: Session> Open<S> {
    fn get(&self) -> &baseview::Window {
        self.window.as_ref().expect("it is there until it is closed")
    }
}

impl<S: Session> Drop for Open<S> {
    fn drop(&mut self) {
        // None if it has run to its end.
        let Some(window) = self.window.take() else { return };
        // The editor is not held meanwhile: its last frame may still want it.
        let wait = self.app.lock().end();
        drop(window);
        wait();
    }
}

impl<S: Session> EditorHandle for Handle<S> {
    type Window = Open<S>;
    type Error = <EguiEditorHandle as EditorHandle>::Error;

    fn run_until_closed(mut window: Self::Window) -> Result<(), Self::Error> {
        window.window.take().map_or(Ok(()), EguiEditorHandle::run_until_closed)
    }

    fn set_parent(
        &self,
        parent: ParentWindowHandle,
        window: &Self::Window,
    ) -> Result<(), Self::Error> {
        self.handle.set_parent(parent, window.get())
    }

    fn show(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.handle.show(window.get())
    }

    fn hide(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.handle.hide(window.get())
    }

    fn set_size(
        &self,
        new_size: NativeSize<u32>,
        window: &Self::Window,
    ) -> Result<(), Self::Error> {
        self.handle.set_size(new_size, window.get())
    }

    fn host_main_thread_callback(&self, window: &Self::Window) {
        self.handle.host_main_thread_callback(window.get());
    }

    fn adjust_size(
        &self,
        new_size: NativeSize<u32>,
        window: &Self::Window,
    ) -> Option<NativeSize<u32>> {
        let now = window.get().size();
        let current = NativeSize::from_logical_or_physical(now.logical, now.physical);
        Some(self.scale.hint(self.hint).adjust_size(new_size, current, now.scale_factor))
    }

    fn set_fallback_scale_factor(
        &self,
        scale_factor: f64,
        window: &Self::Window,
    ) -> Result<(), Self::Error> {
        self.handle.set_fallback_scale_factor(scale_factor, window.get())
    }

    fn on_virtual_key_from_host(
        &self,
        key_code: VirtualKeyCode,
        is_down: bool,
        modifiers: Modifiers,
    ) -> bool {
        self.handle.on_virtual_key_from_host(key_code, is_down, modifiers)
    }

    fn state_changed(&self) {
        self.handle.state_changed();
    }

    fn param_value_changed(&self, id: &str, normalized_value: f32) {
        self.handle.param_value_changed(id, normalized_value);
    }

    fn param_modulation_changed(&self, id: &str, modulation_offset: f32) {
        self.handle.param_modulation_changed(id, modulation_offset);
    }
}

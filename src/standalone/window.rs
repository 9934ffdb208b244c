//! The plugin's window, or none; and an end to all notes when it closes.

use std::error::Error;
use std::sync::Arc;

use nih_plug::context::gui::GuiContext;
use nih_plug::editor::dpi::{LogicalSize, NativeSize};
use nih_plug::editor::{Editor, EditorHandle, HostMethods, ParentWindowHandle, SpawnedEditor};

use super::shared_controls::SharedControls;
use crate::editor::SIZE;
use crate::editor::window::Window;
use crate::plugin::Session;

type Plain = Window<Session>;
type PlainHandle = <Plain as Editor>::Handle;

/// Where the plugin is seen, if it is.
pub struct Stage {
    window: Option<Plain>,
    shared: Arc<SharedControls>,
}

impl Stage {
    /// With `window`, or with nothing to see.
    pub fn new(window: Option<Plain>, shared: Arc<SharedControls>) -> Self {
        Stage { window, shared }
    }
}

/// An open stage.
pub struct Open {
    window: Option<<PlainHandle as EditorHandle>::Window>,
    shared: Arc<SharedControls>,
}

impl Editor for Stage {
    type Handle = Handle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Handle>, Box<dyn Error>> {
        let shared = self.shared.clone();
        let opened = self.window.as_ref().map(|window| {
            window.spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, host)
        });
        Ok(match opened {
            Some(Ok(SpawnedEditor { handle, window })) => SpawnedEditor {
                handle: Handle(Some(handle)),
                window: Open { window: Some(window), shared },
            },
            closed => {
                if let Some(Err(error)) = closed {
                    eprintln!("no window ({error}); it plays without one");
                }
                SpawnedEditor { handle: Handle(None), window: Open { window: None, shared } }
            }
        })
    }

    fn size(&self) -> NativeSize<u32> {
        let [width, height] = SIZE;
        let unseen = || NativeSize::from_size(LogicalSize::new(width, height).into(), 1.0);
        self.window.as_ref().map_or_else(unseen, Editor::size)
    }
}

/// The way to an open window.
pub struct Handle(Option<PlainHandle>);

impl EditorHandle for Handle {
    type Window = Open;
    type Error = <PlainHandle as EditorHandle>::Error;

    fn run_until_closed(Open { window, shared }: Open) -> Result<(), Self::Error> {
        let Some(window) = window else {
            // Ctrl-C and `quit` end the program from where they are heard.
            loop {
                std::thread::park();
            }
        };
        let result = PlainHandle::run_until_closed(window);
        shared.finish();
        result
    }

    fn set_parent(&self, parent: ParentWindowHandle, open: &Open) -> Result<(), Self::Error> {
        self.with(open, Ok(()), |handle, window| handle.set_parent(parent, window))
    }

    fn show(&self, open: &Open) -> Result<(), Self::Error> {
        self.with(open, Ok(()), PlainHandle::show)
    }

    fn hide(&self, open: &Open) -> Result<(), Self::Error> {
        self.with(open, Ok(()), PlainHandle::hide)
    }

    fn set_size(&self, size: NativeSize<u32>, open: &Open) -> Result<(), Self::Error> {
        self.with(open, Ok(()), |handle, window| handle.set_size(size, window))
    }

    fn host_main_thread_callback(&self, open: &Open) {
        self.with(open, (), PlainHandle::host_main_thread_callback);
    }

    fn state_changed(&self) {
        self.0.iter().for_each(PlainHandle::state_changed);
    }

    fn param_value_changed(&self, id: &str, normalized_value: f32) {
        self.0.iter().for_each(|handle| handle.param_value_changed(id, normalized_value));
    }

    fn param_modulation_changed(&self, id: &str, modulation_offset: f32) {
        self.0.iter().for_each(|handle| handle.param_modulation_changed(id, modulation_offset));
    }
}

impl Handle {
    fn with<R>(
        &self,
        open: &Open,
        without: R,
        work: impl FnOnce(&PlainHandle, &<PlainHandle as EditorHandle>::Window) -> R,
    ) -> R {
        match (&self.0, &open.window) {
            (Some(handle), Some(window)) => work(handle, window),
            _ => without,
        }
    }
}

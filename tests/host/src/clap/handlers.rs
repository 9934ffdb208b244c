//! What the host offers to a CLAP plugin: the extensions that a plugin may rely on.

use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl};
use clack_extensions::latency::{HostLatency, HostLatencyImpl};
use clack_extensions::log::{HostLog, HostLogImpl, LogSeverity};
use clack_extensions::note_ports::{
    HostNotePorts, HostNotePortsImpl, NoteDialects, NotePortRescanFlags,
};
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamRescanFlags,
};
use clack_extensions::state::{HostState, HostStateImpl};
use clack_extensions::thread_check::{HostThreadCheck, HostThreadCheckImpl};
use clack_host::host::HostError;
use clack_host::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;

/// Names the handler types for clack.
pub struct Handlers;

impl HostHandlers for Handlers {
    type Shared<'a> = Shared;
    type MainThread<'a> = MainThread;
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<Self>, _: &Shared) {
        builder
            // Without `clap.gui` the framework panics when the plugin makes its editor.
            .register::<HostGui>()
            .register::<HostLatency>()
            .register::<HostLog>()
            .register::<HostNotePorts>()
            .register::<HostParams>()
            .register::<HostState>()
            .register::<HostThreadCheck>();
    }
}

/// What both threads share.
pub struct Shared {
    main: ThreadId,
    in_process: AtomicBool,
    callback: AtomicBool,
    restart: AtomicBool,
}

impl Shared {
    pub fn new() -> Shared {
        Shared {
            main: std::thread::current().id(),
            in_process: AtomicBool::new(false),
            callback: AtomicBool::new(false),
            restart: AtomicBool::new(false),
        }
    }

    /// Says that the main thread is the audio thread, for the length of a call.
    pub fn set_in_process(&self, inside: bool) {
        self.in_process.store(inside, Ordering::Release);
    }

    /// Whether the plugin asked for a call on the main thread since the last time.
    pub fn take_callback(&self) -> bool {
        self.callback.swap(false, Ordering::AcqRel)
    }

    /// Whether the plugin asked to be activated anew since the last time.
    pub fn take_restart(&self) -> bool {
        self.restart.swap(false, Ordering::AcqRel)
    }

    fn on_own_thread(&self) -> bool {
        std::thread::current().id() == self.main
    }
}

impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {
        self.restart.store(true, Ordering::Release);
    }

    fn request_process(&self) {}

    fn request_callback(&self) {
        self.callback.store(true, Ordering::Release);
    }
}

impl HostThreadCheckImpl for Shared {
    fn is_main_thread(&self) -> bool {
        self.on_own_thread() && !self.in_process.load(Ordering::Acquire)
    }

    fn is_audio_thread(&self) -> bool {
        self.on_own_thread() && self.in_process.load(Ordering::Acquire)
    }
}

impl HostLogImpl for Shared {
    fn log(&self, severity: LogSeverity, message: &str) {
        if severity >= LogSeverity::Warning {
            eprintln!("plugin: {severity}: {message}");
        }
    }
}

impl HostGuiImpl for Shared {
    fn resize_hints_changed(&self) {}

    fn request_resize(&self, _: GuiSize) -> Result<(), HostError> {
        Ok(())
    }

    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn closed(&self, _: bool) {}
}

impl HostParamsImplShared for Shared {
    fn request_flush(&self) {}
}

/// The main thread's handler: it needs no state.
pub struct MainThread;

impl MainThreadHandler<'_> for MainThread {}

impl HostParamsImplMainThread for MainThread {
    fn rescan(&self, _: ParamRescanFlags) {}

    fn clear(&self, _: ClapId, _: ParamClearFlags) {}
}

impl HostStateImpl for MainThread {
    fn mark_dirty(&self) {}
}

impl HostLatencyImpl for MainThread {
    fn changed(&self) {}
}

impl HostNotePortsImpl for MainThread {
    fn supported_dialects(&self) -> NoteDialects {
        NoteDialects::CLAP | NoteDialects::MIDI
    }

    fn rescan(&self, _: NotePortRescanFlags) {}
}

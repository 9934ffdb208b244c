//! The editor of a VST3: its view, and the frame that the host puts around it.

use super::check;
use crate::error::HostError;
use crate::window::{Parent, Size};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::cell::RefCell;
use std::os::fd::BorrowedFd;
use std::ptr;
use std::time::{Duration, Instant};
use vst3::Steinberg::Linux::{
    FileDescriptor, IEventHandler, IEventHandlerTrait, IRunLoop, IRunLoopTrait, ITimerHandler,
    ITimerHandlerTrait, TimerInterval,
};
use vst3::Steinberg::Vst::{IEditController, IEditControllerTrait, ViewType};
use vst3::Steinberg::{
    IPlugFrame, IPlugFrameTrait, IPlugView, IPlugViewContentScaleSupport,
    IPlugViewContentScaleSupportTrait, IPlugViewTrait, ViewRect, kInvalidArgument,
    kPlatformTypeX11EmbedWindowID, kResultFalse, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};

/// An open editor; closed when it is dropped.
pub struct Editor {
    view: ComPtr<IPlugView>,
    frame: ComWrapper<Frame>,
    parent: Parent,
}

fn rect(size: Size) -> ViewRect {
    let side = |length: u32| i32::try_from(length).unwrap_or(i32::MAX);
    ViewRect { left: 0, top: 0, right: side(size.width), bottom: side(size.height) }
}

/// The size of a rectangle that has one.
fn size_of(rect: &ViewRect) -> Option<Size> {
    let side = |from: i32, to: i32| u32::try_from(to.checked_sub(from)?).ok().filter(|&n| n > 0);
    Some(Size { width: side(rect.left, rect.right)?, height: side(rect.top, rect.bottom)? })
}

impl Editor {
    pub fn open(
        controller: &ComPtr<IEditController>,
        parent: &Parent,
        scale: f64,
    ) -> Result<Editor, HostError> {
        // SAFETY: the controller is a live COM object; what it makes is ours to release.
        let view = unsafe { ComPtr::from_raw(controller.createView(ViewType::kEditor)) };
        let view = view.ok_or_else(|| HostError::call("createView", "it has no editor"))?;
        let frame = ComWrapper::new(Frame::new(parent.clone()));
        let editor = Editor { view, frame, parent: parent.clone() };
        let view = &editor.view;
        let frame = editor.frame.to_com_ptr::<IPlugFrame>();
        let frame = frame.as_ref().map_or(ptr::null_mut(), |f| f.as_ptr());
        // SAFETY: the view is a live COM object; the frame lives as long as the view is attached,
        // and the window longer than both.
        unsafe {
            check("isPlatformTypeSupported", view.isPlatformTypeSupported(X11))?;
            check("setFrame", view.setFrame(frame))?;
            let scaled = editor.set_scale(scale);
            parent.resize(editor.size()?)?;
            let window = ptr::without_provenance_mut(parent.id() as usize);
            check("attached", view.attached(window, X11))?;
            // Some take a scale only now.
            if !scaled && editor.set_scale(scale) {
                parent.resize(editor.size()?)?;
            }
        }
        Ok(editor)
    }

    /// Tells the screen's scale; whether it was taken.
    fn set_scale(&self, scale: f64) -> bool {
        let Some(scaled) = self.view.cast::<IPlugViewContentScaleSupport>() else { return false };
        // SAFETY: a live COM object.
        unsafe { scaled.setContentScaleFactor(scale as f32) == kResultOk }
    }

    fn size(&self) -> Result<Size, HostError> {
        let mut told = ViewRect { left: 0, top: 0, right: 0, bottom: 0 };
        // SAFETY: the view is a live COM object and the rectangle lives through the call.
        unsafe { check("getSize", self.view.getSize(&raw mut told))? };
        size_of(&told).ok_or_else(|| HostError::call("getSize", "it has no size"))
    }

    pub fn resize(&self, size: Size) -> Result<Size, HostError> {
        let mut asked = rect(size);
        // SAFETY: as in `size`.
        unsafe {
            check("canResize", self.view.canResize())?;
            check("checkSizeConstraint", self.view.checkSizeConstraint(&raw mut asked))?;
        }
        let size = size_of(&asked);
        let size = size.ok_or_else(|| HostError::call("checkSizeConstraint", "no size is left"))?;
        self.parent.resize(size)?;
        // SAFETY: as in `size`.
        unsafe { check("onSize", self.view.onSize(&raw mut asked))? };
        Ok(size)
    }

    /// One turn of the run loop.
    pub fn turn(&self) {
        self.frame.turn();
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // SAFETY: the view is a live COM object. If it never was attached, it refuses.
        unsafe {
            self.view.removed();
            self.view.setFrame(ptr::null_mut());
        }
        self.frame.clear();
    }
}

const X11: *const std::ffi::c_char = kPlatformTypeX11EmbedWindowID;

/// What is around the view: it resizes the window, and runs what the plugin registers. All on
/// the thread that opened the plugin.
struct Frame {
    parent: Parent,
    handlers: RefCell<Vec<(ComPtr<IEventHandler>, FileDescriptor)>>,
    timers: RefCell<Vec<Timer>>,
}

#[derive(Clone)]
struct Timer {
    handler: ComPtr<ITimerHandler>,
    every: Duration,
    due: Instant,
}

impl Frame {
    fn new(parent: Parent) -> Frame {
        Frame { parent, handlers: RefCell::default(), timers: RefCell::default() }
    }

    /// Calls whoever has something to read, or is due. They may register others meanwhile.
    fn turn(&self) {
        let handlers = self.handlers.borrow().clone();
        for (handler, file) in handlers {
            if is_readable(file) {
                // SAFETY: a live COM object, registered with this file.
                unsafe { handler.onFDIsSet(file) };
            }
        }
        let now = Instant::now();
        let mut due = Vec::new();
        for timer in self.timers.borrow_mut().iter_mut().filter(|timer| timer.due <= now) {
            timer.due = now + timer.every;
            due.push(timer.handler.clone());
        }
        for handler in due {
            // SAFETY: a live COM object.
            unsafe { handler.onTimer() };
        }
    }

    /// Forgets whoever did not unregister.
    fn clear(&self) {
        self.handlers.take();
        self.timers.take();
    }
}

/// Whether there is something to read. A file that was closed meanwhile has nothing.
fn is_readable(file: FileDescriptor) -> bool {
    const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
    if file < 0 {
        return false;
    }
    // SAFETY: it is not -1, and only looked at; the kernel refuses it if it is none.
    let file = unsafe { BorrowedFd::borrow_raw(file) };
    let mut files = [PollFd::new(&file, PollFlags::IN)];
    poll(&mut files, Some(&AT_ONCE)).is_ok() && files[0].revents().contains(PollFlags::IN)
}

impl Class for Frame {
    type Interfaces = (IPlugFrame, IRunLoop);
}

impl IPlugFrameTrait for Frame {
    unsafe fn resizeView(&self, view: *mut IPlugView, wanted: *mut ViewRect) -> tresult {
        // SAFETY: the plugin's own view and a rectangle of the caller's, or nothing.
        let (view, size) = unsafe { (ComRef::from_raw(view), wanted.as_ref().and_then(size_of)) };
        let (Some(view), Some(size)) = (view, size) else { return kInvalidArgument };
        if self.parent.resize(size).is_err() {
            return kResultFalse;
        }
        // SAFETY: a live view, and the caller's rectangle, see above.
        unsafe { view.onSize(wanted) };
        kResultOk
    }
}

impl IRunLoopTrait for Frame {
    unsafe fn registerEventHandler(
        &self,
        handler: *mut IEventHandler,
        file: FileDescriptor,
    ) -> tresult {
        // SAFETY: a live COM object of the caller's, or nothing.
        let Some(handler) = (unsafe { ComRef::from_raw(handler) }) else { return kInvalidArgument };
        self.handlers.borrow_mut().push((handler.to_com_ptr(), file));
        kResultOk
    }

    unsafe fn unregisterEventHandler(&self, handler: *mut IEventHandler) -> tresult {
        let mut handlers = self.handlers.borrow_mut();
        let Some(at) = handlers.iter().position(|(known, _)| known.as_ptr() == handler) else {
            return kInvalidArgument;
        };
        let gone = handlers.remove(at);
        // Its end may call back.
        drop(handlers);
        drop(gone);
        kResultOk
    }

    unsafe fn registerTimer(
        &self,
        handler: *mut ITimerHandler,
        milliseconds: TimerInterval,
    ) -> tresult {
        // SAFETY: a live COM object of the caller's, or nothing.
        let Some(handler) = (unsafe { ComRef::from_raw(handler) }) else { return kInvalidArgument };
        let every = Duration::from_millis(milliseconds);
        let timer = Timer { handler: handler.to_com_ptr(), every, due: Instant::now() + every };
        self.timers.borrow_mut().push(timer);
        kResultOk
    }

    unsafe fn unregisterTimer(&self, handler: *mut ITimerHandler) -> tresult {
        let mut timers = self.timers.borrow_mut();
        let Some(at) = timers.iter().position(|timer| timer.handler.as_ptr() == handler) else {
            return kInvalidArgument;
        };
        let gone = timers.remove(at);
        drop(timers);
        drop(gone);
        kResultOk
    }
}

//! A file that is dragged out of the window.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt, EventMask, KeyButMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent,
};
use x11rb::wrapper::ConnectionExt as _;
use x11rb::{CURRENT_TIME, NONE};

use super::{Screen, VERSION, uri};

/// How often the pointer is looked at.
const LOOK: Duration = Duration::from_millis(12);

/// How long a window may think about whether it takes the file.
const DECISION: Duration = Duration::from_secs(1);

/// How long it may take to read it, once it has taken it.
const TRANSFER: Duration = Duration::from_secs(10);

/// Windows within windows that are looked through.
const DEPTH: usize = 32;

/// Drags a file as long as the mouse button is held, on a thread of its own; ends when dropped.
pub struct Drag {
    thread: Option<JoinHandle<bool>>,
    stop: Arc<AtomicBool>,
}

impl Drag {
    /// Begins while the left button is held. `wake` is called when it is over. None if the screen
    /// cannot be reached.
    pub fn begin(file: &Path, wake: impl Fn() + Send + 'static) -> Option<Drag> {
        let screen = Screen::connect()?;
        let list = uri::of_file(file);
        let stop = Arc::<AtomicBool>::default();
        let stopped = stop.clone();
        let thread = thread::Builder::new().name("drag".to_owned()).spawn(move || {
            let given = Source { screen, list, over: None, stop: stopped }.run().unwrap_or(false);
            wake();
            given
        });
        Some(Drag { thread: Some(thread.ok()?), stop })
    }

    /// Whether it was given to another window, once that is known.
    pub fn given(&mut self) -> Option<bool> {
        let thread = self.thread.take_if(|thread| thread.is_finished())?;
        // One that fell over gave nothing.
        Some(thread.join().unwrap_or(false))
    }

    /// Ends it now; whether it had been given to another window.
    pub fn end(mut self) -> bool {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().is_some_and(|thread| thread.join().unwrap_or(false))
    }
}

impl Drop for Drag {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A window that takes part, as it is found on the screen.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Target {
    window: u32,
    /// To whom messages go: the window, or who speaks for it.
    to: u32,
    /// The version of the protocol that both know.
    version: u32,
}

/// The window that the pointer is over.
struct Over {
    target: Target,
    /// Whether it was told of a place and has not answered.
    asked: bool,
    /// Whether it would take the file.
    takes: bool,
    /// Where the pointer was when it was told of it.
    place: (i16, i16),
}

struct Source {
    screen: Screen,
    list: String,
    over: Option<Over>,
    /// The window closes.
    stop: Arc<AtomicBool>,
}

impl Source {
    /// Whether the file was given to a window; `None` if the screen was lost.
    fn run(mut self) -> Option<bool> {
        let Screen { root, window, atoms, .. } = self.screen;
        self.screen.x.set_selection_owner(window, atoms.XdndSelection, CURRENT_TIME).ok()?;
        loop {
            let pointer = self.screen.x.query_pointer(root).ok()?.reply().ok()?;
            self.events()?;
            if self.stopped() {
                self.leave()?;
                return Some(false);
            }
            if !pointer.mask.contains(KeyButMask::BUTTON1) {
                return self.release();
            }
            let place = (pointer.root_x, pointer.root_y);
            self.follow(self.target(place)?, place)?;
            thread::sleep(LOOK);
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The outermost window at a place that takes part; none there. `None` outside if the screen
    /// was lost.
    fn target(&self, (x, y): (i16, i16)) -> Option<Option<Target>> {
        let root = self.screen.root;
        let mut at = root;
        for _ in 0..DEPTH {
            // A window may go while it is looked at: the next look finds what is there then.
            let asked = self.screen.x.translate_coordinates(root, at, x, y).ok()?;
            let Ok(found) = asked.reply() else { return Some(None) };
            if found.child == NONE {
                break;
            }
            at = found.child;
            if let Some(target) = self.aware(at) {
                return Some(Some(target));
            }
        }
        Some(None)
    }

    fn aware(&self, window: u32) -> Option<Target> {
        let atoms = self.screen.atoms;
        let proxy = |of| {
            let proxy = self.screen.get(of, atoms.XdndProxy, AtomEnum::WINDOW)?;
            proxy.first().copied()
        };
        // One that does not name itself is left from a window that is gone.
        let to = proxy(window).filter(|&to| proxy(to) == Some(to)).unwrap_or(window);
        let known = self.screen.get(to, atoms.XdndAware, AtomEnum::ATOM)?;
        Some(Target { window, to, version: VERSION.min(*known.first()?) })
    }

    /// Tells the windows concerned where the pointer is.
    fn follow(&mut self, target: Option<Target>, place: (i16, i16)) -> Option<()> {
        if self.over.as_ref().map(|over| over.target) != target {
            self.leave()?;
            if let Some(target) = target {
                let atoms = self.screen.atoms;
                let entered = [target.version << 24, atoms.Files, atoms.OwnTake, NONE];
                self.tell(target, atoms.XdndEnter, entered)?;
                self.over = Some(Over { target, asked: false, takes: false, place: (-1, -1) });
            }
        }
        let Some(over) = &mut self.over else { return Some(()) };
        if over.asked || over.place == place {
            return Some(());
        }
        (over.asked, over.place) = (true, place);
        let (target, action) = (over.target, self.screen.atoms.XdndActionCopy);
        // Both halves of a place have 16 bits.
        let place = u32::from(place.0 as u16) << 16 | u32::from(place.1 as u16);
        self.tell(target, self.screen.atoms.XdndPosition, [0, place, CURRENT_TIME, action])
    }

    fn leave(&mut self) -> Option<()> {
        match self.over.take() {
            Some(over) => self.tell(over.target, self.screen.atoms.XdndLeave, [0; 4]),
            None => Some(()),
        }
    }

    /// The button was let go of.
    fn release(mut self) -> Option<bool> {
        let begun = Instant::now();
        while self.over.as_ref().is_some_and(|over| over.asked)
            && begun.elapsed() < DECISION
            && !self.stopped()
        {
            self.events()?;
            thread::sleep(LOOK);
        }
        let Some(target) = self.over.as_ref().filter(|over| over.takes).map(|over| over.target)
        else {
            self.leave()?;
            return Some(false);
        };
        self.tell(target, self.screen.atoms.XdndDrop, [0, CURRENT_TIME, 0, 0])?;
        let begun = Instant::now();
        while begun.elapsed() < TRANSFER && !self.stopped() {
            if let Some(taken) = self.events()? {
                return Some(taken);
            }
            thread::sleep(LOOK);
        }
        // It has not said that it failed: the file stays.
        Some(true)
    }

    fn tell(&self, target: Target, kind: Atom, data: [u32; 4]) -> Option<()> {
        let [a, b, c, d] = data;
        self.screen.tell(target.to, target.window, kind, [self.screen.window, a, b, c, d])
    }

    /// Does what others ask for; whether the file was taken, if that was said. `None` outside if
    /// the screen was lost.
    fn events(&mut self) -> Option<Option<bool>> {
        let mut taken = None;
        while let Some(event) = self.screen.x.poll_for_event().ok()? {
            match event {
                Event::ClientMessage(message) => taken = taken.or(self.told(&message)),
                Event::SelectionRequest(request) => self.hand_over(&request)?,
                _ => {}
            }
        }
        Some(taken)
    }

    fn told(&mut self, message: &ClientMessageEvent) -> Option<bool> {
        let data = message.data.as_data32();
        let over = self.over.as_mut().filter(|over| over.target.window == data[0])?;
        let atoms = self.screen.atoms;
        if message.type_ == atoms.XdndStatus {
            (over.asked, over.takes) = (false, data[1] & 1 == 1);
        }
        // Only version 5 says whether it went well.
        let finished = message.type_ == atoms.XdndFinished;
        finished.then_some(over.target.version < 5 || data[1] & 1 == 1)
    }

    /// Answers who asks for what is dragged.
    fn hand_over(&self, request: &SelectionRequestEvent) -> Option<()> {
        let (x, atoms) = (&self.screen.x, self.screen.atoms);
        let &SelectionRequestEvent { requestor, target, time, selection, .. } = request;
        let property = if request.property == NONE { target } else { request.property };
        let known = selection == atoms.XdndSelection;
        let answered = if known && target == atoms.Files {
            let (list, kind) = (self.list.as_bytes(), atoms.Files);
            x.change_property8(PropMode::REPLACE, requestor, property, kind, list).ok()?;
            true
        } else if known && target == atoms.TARGETS {
            let kinds = [atoms.TARGETS, atoms.Files];
            self.screen.set(requestor, property, AtomEnum::ATOM, &kinds)?;
            true
        } else {
            false
        };
        let answer = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time,
            requestor,
            selection,
            target,
            property: if answered { property } else { NONE },
        };
        x.send_event(false, requestor, EventMask::NO_EVENT, answer).ok()?;
        x.flush().ok()
    }
}

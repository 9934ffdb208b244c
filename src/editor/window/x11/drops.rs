//! Files that are dropped onto the window.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{AtomEnum, ClientMessageEvent, ConnectionExt, SelectionNotifyEvent};

use super::{Screen, VERSION, uri};

/// The longest list of files that is read, in units of 4 bytes.
const MOST: u32 = 64 << 8;

/// Receives what is dropped onto a window, on a thread of its own, until it is dropped itself.
pub struct Drops {
    screen: Arc<Screen>,
    thread: Option<JoinHandle<()>>,
    files: Receiver<PathBuf>,
    over: Arc<AtomicBool>,
}

impl Drops {
    /// Lets files be dropped onto `window`: what drags them is told to speak to a window of ours in
    /// its place. `wake` is called when there is something new. None if the screen cannot be
    /// reached.
    pub fn onto(window: u32, wake: impl Fn() + Send + 'static) -> Option<Drops> {
        let screen = Arc::new(Screen::connect()?);
        let (own, atoms) = (screen.window, screen.atoms);
        screen.set(own, atoms.XdndAware, AtomEnum::ATOM, &[VERSION])?;
        for speaks_for in [own, window] {
            screen.set(speaks_for, atoms.XdndProxy, AtomEnum::WINDOW, &[own])?;
        }
        screen.x.flush().ok()?;
        let (to, files) = channel();
        let over = Arc::<AtomicBool>::default();
        let listener = Listener {
            screen: screen.clone(),
            wake,
            files: to,
            over: over.clone(),
            source: None,
            dropped: false,
        };
        let thread = thread::Builder::new().name("drops".to_owned());
        let thread = thread.spawn(move || listener.listen()).ok()?;
        Some(Drops { screen, thread: Some(thread), files, over })
    }

    /// Whether files are held over the window.
    pub fn over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// A file or folder that was dropped, once.
    pub fn next(&self) -> Option<PathBuf> {
        self.files.try_recv().ok()
    }
}

impl Drop for Drops {
    fn drop(&mut self) {
        let Screen { window, atoms, .. } = *self.screen;
        // If this fails, so does the listener's waiting.
        let _ = self.screen.tell(window, window, atoms.Quit, [0; 5]);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Who drags something over the window.
#[derive(Clone, Copy)]
struct Source {
    /// The window that it sends from.
    from: u32,
    /// The window that it means: the editor's.
    to: u32,
    /// Whether what it drags is taken.
    welcome: bool,
}

struct Listener<W> {
    screen: Arc<Screen>,
    wake: W,
    files: Sender<PathBuf>,
    over: Arc<AtomicBool>,
    /// Who drags something over the window.
    source: Option<Source>,
    /// Whether they were let go of.
    dropped: bool,
}

impl<W: Fn()> Listener<W> {
    fn listen(mut self) {
        let atoms = self.screen.atoms;
        while let Ok(event) = self.screen.x.wait_for_event() {
            match event {
                Event::ClientMessage(message) if message.type_ == atoms.Quit => return,
                // Whoever breaks the protocol, or is gone, has its drag ignored.
                Event::ClientMessage(message) => drop(self.told(&message)),
                Event::SelectionNotify(answer) if self.dropped => {
                    self.answered(&answer);
                }
                _ => {}
            }
        }
    }

    fn told(&mut self, message: &ClientMessageEvent) -> Option<()> {
        let (atoms, data) = (self.screen.atoms, message.data.as_data32());
        let kind = message.type_;
        if kind == atoms.XdndEnter {
            let welcome = self.welcome(&data);
            self.source = Some(Source { from: data[0], to: message.window, welcome });
            self.dropped = false;
            self.hover(welcome);
            return Some(());
        }
        let source = self.source.filter(|source| source.from == data[0])?;
        if kind == atoms.XdndPosition {
            // It is taken wherever it is dropped, or nowhere; tell of every move all the same.
            let taken = u32::from(source.welcome);
            let status = [source.to, 2 | taken, 0, 0, taken * atoms.XdndActionCopy];
            self.screen.tell(source.from, source.from, atoms.XdndStatus, status)?;
        } else if kind == atoms.XdndLeave {
            self.over_with();
        } else if kind == atoms.XdndDrop && !source.welcome {
            self.finish(&[]);
        } else if kind == atoms.XdndDrop {
            self.dropped = true;
            self.hover(false);
            let x = &self.screen.x;
            let (own, selection) = (self.screen.window, atoms.XdndSelection);
            x.convert_selection(own, selection, atoms.Files, atoms.Answer, data[2]).ok()?;
            x.flush().ok()?;
        }
        Some(())
    }

    /// Whether what is dragged are files, and none of ours.
    fn welcome(&self, data: &[u32; 5]) -> bool {
        let atoms = self.screen.atoms;
        let kinds = match data[1] & 1 {
            0 => Some(data[2..].to_vec()),
            // More than three, in a property.
            _ => self.screen.get(data[0], atoms.XdndTypeList, AtomEnum::ATOM),
        };
        kinds.is_some_and(|kinds| kinds.contains(&atoms.Files) && !kinds.contains(&atoms.OwnTake))
    }

    fn answered(&mut self, answer: &SelectionNotifyEvent) {
        let atoms = self.screen.atoms;
        let list = (answer.property == atoms.Answer).then(|| self.list()).flatten();
        self.finish(&list.map(|list| uri::files(&list)).unwrap_or_default());
    }

    /// Takes these files, and says so.
    fn finish(&mut self, files: &[PathBuf]) {
        if let Some(Source { from, to, .. }) = self.source {
            let taken = u32::from(!files.is_empty());
            let finished = [to, taken, taken * self.screen.atoms.XdndActionCopy, 0, 0];
            // The source waits in vain if that fails, and it is gone itself then.
            let _ = self.screen.tell(from, from, self.screen.atoms.XdndFinished, finished);
        }
        for file in files {
            // The editor is gone if that fails.
            let _ = self.files.send(file.clone());
        }
        self.over_with();
    }

    fn list(&self) -> Option<String> {
        let (own, answer) = (self.screen.window, self.screen.atoms.Answer);
        let x = &self.screen.x;
        let list = x.get_property(true, own, answer, AtomEnum::ANY, 0, MOST).ok()?.reply().ok()?;
        (list.format == 8).then(|| String::from_utf8_lossy(&list.value).into_owned())
    }

    fn over_with(&mut self) {
        self.source = None;
        self.dropped = false;
        self.hover(false);
    }

    fn hover(&self, over: bool) {
        self.over.store(over, Ordering::Relaxed);
        (self.wake)();
    }
}

//! Files that are dragged over the screen, as a file manager and a DAW's track do it: the XDND
//! protocol, version 5, from its other side.

use super::{Parent, failed};
use crate::error::HostError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use x11rb::{COPY_DEPTH_FROM_PARENT, CURRENT_TIME};

const CALL: &str = "dragging files";

const VERSION: u32 = 5;

/// How often it is looked for an answer.
const LOOK: Duration = Duration::from_millis(4);

x11rb::atom_manager! {
    Atoms: AtomsCookie {
        XdndAware,
        XdndProxy,
        XdndEnter,
        XdndPosition,
        XdndStatus,
        XdndLeave,
        XdndDrop,
        XdndFinished,
        XdndSelection,
        XdndActionCopy,
        Files: b"text/uri-list",
        Answer: b"ANSWER",
    }
}

/// A window with a connection of its own.
struct Party {
    x: RustConnection,
    atoms: Atoms,
    window: u32,
}

impl Party {
    fn new(place: (i16, i16), size: u16) -> Result<Party, HostError> {
        let (x, number) = RustConnection::connect(None).map_err(failed(CALL))?;
        let root = x.setup().roots[number].root;
        let atoms = Atoms::new(&x).map_err(failed(CALL))?.reply().map_err(failed(CALL))?;
        let window = x.generate_id().map_err(failed(CALL))?;
        let looks = CreateWindowAux::new();
        let (depth, class) = (COPY_DEPTH_FROM_PARENT, WindowClass::INPUT_OUTPUT);
        x.create_window(depth, window, root, place.0, place.1, size, size, 0, class, 0, &looks)
            .map_err(failed(CALL))?
            .check()
            .map_err(failed(CALL))?;
        Ok(Party { x, atoms, window })
    }

    fn tell(&self, to: u32, about: u32, kind: u32, data: [u32; 5]) -> Result<(), HostError> {
        let message = ClientMessageEvent::new(32, about, kind, data);
        let sent = self.x.send_event(false, to, EventMask::NO_EVENT, message);
        sent.map_err(failed(CALL))?.check().map_err(failed(CALL))
    }

    fn number(&self, window: u32, property: u32, kind: AtomEnum) -> Result<u32, HostError> {
        let asked = self.x.get_property(false, window, property, kind, 0, 1);
        let reply = asked.map_err(failed(CALL))?.reply().map_err(failed(CALL))?;
        let number = reply.value32().and_then(|mut values| values.next());
        number.ok_or_else(|| HostError::screen(CALL, "the window takes no files"))
    }
}

/// A hand with files in it, over an editor.
pub struct Hand {
    party: Party,
    editor: u32,
    /// Who speaks for the editor's window.
    to: u32,
}

impl Hand {
    /// Holds something over a place in the window, files or not, and waits at most `limit` for the
    /// editor to say whether it would take it.
    ///
    /// # Errors
    /// If there is no editor, or one that takes no files at all; if the screen is gone.
    pub fn over(
        parent: &Parent,
        place: (u32, u32),
        files: bool,
        limit: Duration,
    ) -> Result<(Hand, bool), HostError> {
        let party = Party::new((-1, -1), 1)?;
        let tree = party.x.query_tree(parent.id()).map_err(failed(CALL))?;
        let tree = tree.reply().map_err(failed(CALL))?;
        let editor = tree.children.first().copied();
        let editor = editor.ok_or_else(|| HostError::screen(CALL, "no editor"))?;
        let atoms = party.atoms;
        let to = party.number(editor, atoms.XdndProxy, AtomEnum::WINDOW)?;
        let known = party.number(to, atoms.XdndAware, AtomEnum::ATOM)?;
        if party.number(to, atoms.XdndProxy, AtomEnum::WINDOW)? != to || known < VERSION {
            return Err(HostError::screen(CALL, "nobody speaks for the window"));
        }
        let selection =
            party.x.set_selection_owner(party.window, atoms.XdndSelection, CURRENT_TIME);
        selection.map_err(failed(CALL))?.check().map_err(failed(CALL))?;
        let kind = if files { atoms.Files } else { u32::from(AtomEnum::STRING) };
        let hand = Hand { party, editor, to };
        hand.tell(atoms.XdndEnter, [VERSION << 24, kind, 0, 0])?;
        let place = place.0 << 16 | place.1;
        hand.tell(atoms.XdndPosition, [0, place, CURRENT_TIME, atoms.XdndActionCopy])?;
        let takes = hand.wait(atoms.XdndStatus, "", limit)?.is_some_and(|data| data[1] & 1 == 1);
        Ok((hand, takes))
    }

    /// Lets go of them, `list` being a `text/uri-list`; whether they were taken within `limit`.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn let_go(self, list: &str, limit: Duration) -> Result<bool, HostError> {
        self.tell(self.party.atoms.XdndDrop, [0, CURRENT_TIME, 0, 0])?;
        let finished = self.wait(self.party.atoms.XdndFinished, list, limit)?;
        Ok(finished.is_some_and(|data| data[1] & 1 == 1))
    }

    /// Takes them away again.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn leave(self) -> Result<(), HostError> {
        self.tell(self.party.atoms.XdndLeave, [0; 4])
    }

    fn tell(&self, kind: u32, data: [u32; 4]) -> Result<(), HostError> {
        let [a, b, c, d] = data;
        self.party.tell(self.to, self.editor, kind, [self.party.window, a, b, c, d])
    }

    /// Waits for a message, and meanwhile hands the list over to whoever asks for it.
    fn wait(&self, kind: u32, list: &str, limit: Duration) -> Result<Option<[u32; 5]>, HostError> {
        let Party { x, atoms, .. } = &self.party;
        let begun = Instant::now();
        while begun.elapsed() < limit {
            match x.poll_for_event().map_err(failed(CALL))? {
                Some(Event::ClientMessage(message)) if message.type_ == kind => {
                    return Ok(Some(message.data.as_data32()));
                }
                Some(Event::SelectionRequest(request)) => {
                    let (to, property) = (request.requestor, request.property);
                    let bytes = list.as_bytes();
                    x.change_property8(PropMode::REPLACE, to, property, atoms.Files, bytes)
                        .map_err(failed(CALL))?;
                    let answer = SelectionNotifyEvent {
                        response_type: SELECTION_NOTIFY_EVENT,
                        sequence: 0,
                        time: request.time,
                        requestor: to,
                        selection: request.selection,
                        target: request.target,
                        property,
                    };
                    let sent = x.send_event(false, to, EventMask::NO_EVENT, answer);
                    sent.map_err(failed(CALL))?.check().map_err(failed(CALL))?;
                }
                Some(_) => {}
                None => std::thread::sleep(LOOK),
            }
        }
        Ok(None)
    }
}

/// A window that takes files, or refuses them, like a track in a DAW; there until dropped.
pub struct Tray {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    lists: Receiver<String>,
}

impl Tray {
    /// Opens it at a place on the screen.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn open(place: (i16, i16), takes: bool) -> Result<Tray, HostError> {
        const SIZE: u16 = 100;
        let party = Party::new(place, SIZE)?;
        let (x, window) = (&party.x, party.window);
        let aware = [VERSION];
        let kind = AtomEnum::ATOM;
        x.change_property32(PropMode::REPLACE, window, party.atoms.XdndAware, kind, &aware)
            .map_err(failed(CALL))?
            .check()
            .map_err(failed(CALL))?;
        x.map_window(window).map_err(failed(CALL))?.check().map_err(failed(CALL))?;
        let stop = Arc::<AtomicBool>::default();
        let (to, lists) = channel();
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) && party.serve(takes, &to).is_ok() {
                std::thread::sleep(LOOK);
            }
        });
        Ok(Tray { stop, thread: Some(thread), lists })
    }

    /// A list of files that was dropped on it, once.
    pub fn next(&self) -> Option<String> {
        self.lists.try_recv().ok()
    }
}

impl Drop for Tray {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Party {
    /// Answers what has come.
    fn serve(&self, takes: bool, lists: &Sender<String>) -> Result<(), HostError> {
        let (x, atoms, own) = (&self.x, self.atoms, self.window);
        while let Some(event) = x.poll_for_event().map_err(failed(CALL))? {
            match event {
                Event::ClientMessage(message) => {
                    let data = message.data.as_data32();
                    if message.type_ == atoms.XdndPosition {
                        let status = [own, u32::from(takes), 0, 0, atoms.XdndActionCopy];
                        self.tell(data[0], data[0], atoms.XdndStatus, status)?;
                    } else if message.type_ == atoms.XdndDrop {
                        let (selection, kind) = (atoms.XdndSelection, atoms.Files);
                        x.convert_selection(own, selection, kind, atoms.Answer, data[2])
                            .map_err(failed(CALL))?;
                    }
                }
                Event::SelectionNotify(answer) => {
                    let asked = x.get_property(true, own, answer.property, AtomEnum::ANY, 0, 1024);
                    let list = asked.map_err(failed(CALL))?.reply().map_err(failed(CALL))?;
                    // Nobody waits any more if that fails.
                    let _ = lists.send(String::from_utf8_lossy(&list.value).into_owned());
                    let owner = x.get_selection_owner(atoms.XdndSelection).map_err(failed(CALL))?;
                    let owner = owner.reply().map_err(failed(CALL))?.owner;
                    let finished = [own, 1, atoms.XdndActionCopy, 0, 0];
                    self.tell(owner, owner, atoms.XdndFinished, finished)?;
                }
                _ => {}
            }
        }
        x.flush().map_err(failed(CALL))
    }
}

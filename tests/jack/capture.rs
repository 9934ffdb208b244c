//! A JACK client that keeps every note it is sent, with its sample.

use crate::Program;
use jack::contrib::ClosureProcessHandler;
use jack::{
    AsyncClient, Client, ClientOptions, Control, Frames, MidiIn, NotificationHandler, Port,
    ProcessScope,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After which what does not happen never will.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a server may take to start.
const STARTING: Duration = Duration::from_secs(30);

/// A note's beginning or end.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// Samples of JACK's since the client began, none left out.
    pub time_samples: u64,
    pub on: bool,
    pub key: u8,
    pub channel: u8,
    /// In MIDI's units.
    pub velocity: u8,
}

/// What the realtime side writes and the test reads.
#[derive(Default)]
struct Shared {
    samples: AtomicU64,
    xruns: AtomicU64,
    heard: Mutex<Vec<Heard>>,
}

type Process = Box<dyn FnMut(&Client, &ProcessScope) -> Control + Send>;

/// The client.
pub struct Capture {
    client: AsyncClient<Notices, ClosureProcessHandler<(), Process>>,
    name: String,
    notes_port: Port<jack::Unowned>,
    shared: Arc<Shared>,
}

/// Counts what the server calls an xrun.
struct Notices(Arc<Shared>);

impl NotificationHandler for Notices {
    fn xrun(&mut self, _: &Client) -> Control {
        self.0.xruns.fetch_add(1, Ordering::Relaxed);
        Control::Continue
    }
}

impl Capture {
    /// Connects to the server that runs; there must be one.
    pub fn open() -> Capture {
        let name = format!("anacrusis-ear-{}", std::process::id());
        let begun = Instant::now();
        let client = loop {
            match Client::new(&name, ClientOptions::NO_START_SERVER) {
                Ok((client, _)) => break client,
                // A server that was started just now.
                Err(_) if begun.elapsed() < STARTING => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(e) => panic!("no JACK server runs ({e}); `cargo xtask test jack` starts one"),
            }
        };
        let port = client.register_port("notes", MidiIn::default()).expect("a port");
        let notes_port = port.clone_unowned();
        let shared = Arc::new(Shared::default());
        let process: Process = {
            let shared = shared.clone();
            Box::new(move |_, scope| {
                shared.hear(&port, scope);
                Control::Continue
            })
        };
        let client = client
            .activate_async(Notices(shared.clone()), ClosureProcessHandler::new(process))
            .expect("JACK calls us");
        Capture { client, name, notes_port, shared }
    }

    pub fn client_name(&self) -> &str {
        &self.name
    }

    pub fn sample_rate_hz(&self) -> u32 {
        self.client.as_client().sample_rate()
    }

    pub fn block_samples(&self) -> Frames {
        self.client.as_client().buffer_size()
    }

    /// Whether a cable leads to us.
    pub fn connected(&self) -> bool {
        self.notes_port.connected_count().is_ok_and(|count| count > 0)
    }

    /// Samples that went by since the client began.
    pub fn samples(&self) -> u64 {
        self.shared.samples.load(Ordering::Acquire)
    }

    pub fn xruns(&self) -> u64 {
        self.shared.xruns.load(Ordering::Relaxed)
    }

    /// All so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for something; panics if it will not come, with what `program` told.
    pub fn wait_until(&self, what: &str, come: impl Fn(&Capture) -> bool, program: &mut Program) {
        let begun = Instant::now();
        while !come(self) {
            if begun.elapsed() > PATIENCE {
                panic!("waited in vain until {what}:\n{}", program.stop());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// All that was heard, for good. The client is left to the end of this program: to let it
    /// go, a server that waits for its clients would first wait long for the standalone, which
    /// has ended.
    pub fn close(self) -> Vec<Heard> {
        let heard = self.heard();
        std::mem::forget(self.client);
        heard
    }
}

impl Shared {
    /// Takes in a block. It may lock and allocate: a server without hardware waits for us.
    fn hear(&self, port: &Port<MidiIn>, scope: &ProcessScope) {
        let begin = self.samples.load(Ordering::Relaxed);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        for event in port.iter(scope) {
            let &[status, key, velocity] = event.bytes else { continue };
            let on = match status & 0xf0 {
                0x90 => velocity > 0,
                0x80 => false,
                _ => continue,
            };
            let time_samples = begin + u64::from(event.time);
            heard.push(Heard { time_samples, on, key, channel: status & 0x0f, velocity });
        }
        self.samples.store(begin + u64::from(scope.n_frames()), Ordering::Release);
    }
}

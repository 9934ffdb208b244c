//! What the musician set, shared by terminal, window and sound.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use atomic_float::AtomicF64;

use super::arguments::{Arguments, Signature};
use crate::jam::conductor::Wishes;

/// How long the end of what sounds is waited for, at most and at least: the ends of notes take
/// a block or two, and the audition voice rings off.
const LAST_BLOCKS: Duration = Duration::from_millis(800);
const RING_OFF: Duration = Duration::from_millis(200);

/// Blocks after which a stop has reached the synthesisers.
const BLOCKS_TO_STOP: u64 = 3;

/// Every switch there is, in atomics.
#[derive(Debug, Default)]
pub struct SharedControls {
    playing: AtomicBool,
    tempo_bpm: AtomicF64,
    /// Beats in a bar in the upper half, the note value in the lower.
    signature: AtomicU32,
    jumps: AtomicU64,
    /// The bar to which the last of them goes.
    bar: AtomicI64,
    /// Blocks that were played since the start.
    blocks: AtomicU64,
    /// Whether no window is wanted, or possible.
    pub windowless: bool,
    /// Whether the audition voice begins switched off.
    pub muted: bool,
}

impl SharedControls {
    /// As the command line says.
    pub fn new(arguments: &Arguments) -> SharedControls {
        let shared = SharedControls {
            windowless: arguments.no_window || !has_screen(),
            muted: arguments.mute,
            ..SharedControls::default()
        };
        shared.set_playing(!arguments.stopped);
        shared.set_tempo(arguments.tempo);
        shared.set_signature(arguments.metre);
        shared
    }

    /// What holds now.
    ///
    /// # Realtime
    /// Reads atomics.
    pub fn wishes(&self) -> Wishes {
        let signature = self.signature.load(Ordering::Relaxed);
        Wishes {
            playing: self.playing(),
            tempo_bpm: self.tempo_bpm.load(Ordering::Relaxed),
            // Both halves came from 16 bits.
            signature: ((signature >> 16) as i32, (signature & 0xffff) as i32),
            jumps: self.jumps.load(Ordering::Acquire),
            bar: self.bar.load(Ordering::Relaxed),
        }
    }

    /// Whether the play head moves.
    pub fn playing(&self) -> bool {
        self.playing.load(Ordering::Relaxed)
    }

    /// Starts or stops.
    pub fn set_playing(&self, playing: bool) {
        self.playing.store(playing, Ordering::Relaxed);
    }

    /// Another tempo, from the next block on.
    pub fn set_tempo(&self, tempo_bpm: f64) {
        self.tempo_bpm.store(tempo_bpm, Ordering::Relaxed);
    }

    /// Another time signature.
    pub fn set_signature(&self, Signature { beats, value }: Signature) {
        self.signature.store(u32::from(beats) << 16 | u32::from(value), Ordering::Relaxed);
    }

    /// To a bar, counted from 1.
    pub fn jump(&self, bar: i64) {
        self.bar.store(bar, Ordering::Relaxed);
        self.jumps.fetch_add(1, Ordering::Release);
    }

    /// Counts a block.
    ///
    /// # Realtime
    /// Touches an atomic.
    pub fn played_a_block(&self) {
        self.blocks.fetch_add(1, Ordering::Relaxed);
    }

    /// How many blocks were played.
    pub fn blocks(&self) -> u64 {
        self.blocks.load(Ordering::Relaxed)
    }

    /// Stops, and waits until every note has been ended: call before the sound goes away.
    pub fn finish(&self) {
        self.set_playing(false);
        let (begun, blocks) = (Instant::now(), self.blocks());
        let ended = || self.blocks() >= blocks + BLOCKS_TO_STOP && begun.elapsed() >= RING_OFF;
        while blocks > 0 && begun.elapsed() < LAST_BLOCKS && !ended() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Whether a window could open. Where X11 is what windows are made of, it must be there.
fn has_screen() -> bool {
    !cfg!(target_os = "linux") || std::env::var_os("DISPLAY").is_some_and(|name| !name.is_empty())
}

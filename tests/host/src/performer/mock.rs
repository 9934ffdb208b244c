//! Answers without a network: a function of the place.

use anacrusis::jam::link::{Place, Request, WorkerEnd};
use anacrusis::music::Chord;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The chord of a place.
pub type Answer = fn(Place) -> Chord;

/// A chord from which its step can be read: one struck key.
pub fn tell_step(place: Place) -> Chord {
    Chord::struck_keys([20 + place.step.0.rem_euclid(100) as u8])
}

/// Some of sixteen keys, about half of them held over; another chord in each pass.
pub fn tangle(place: Place) -> Chord {
    let mut hash = (place.step.0 as u64) ^ place.pass << 32 ^ 0x9E37_79B9_7F4A_7C15;
    hash = (hash ^ hash >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^= hash >> 31;
    Chord::from_masks(u128::from(hash & 0xFFFF) << 50, u128::from(hash >> 20 & 0xFFFF) << 50)
}

/// The worker's part, played by the host between blocks and, where the performer waits inside
/// of one, by a thread.
pub struct Mock {
    end: Arc<Mutex<WorkerEnd>>,
    answer: Answer,
    delay_blocks: u64,
    /// Blocks so far, and what is to be answered when.
    blocks: u64,
    waiting: VecDeque<(u64, Request)>,
    helper: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

fn serve_all(end: &mut WorkerEnd, answer: Answer) {
    while let Some(request) = end.request() {
        end.send(request.answered(answer(request.place)));
    }
}

impl Mock {
    /// Answers at once.
    pub fn prompt(end: WorkerEnd, answer: Answer) -> Mock {
        let end = Arc::new(Mutex::new(end));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopped) = (end.clone(), stop.clone());
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                serve_all(&mut shared.lock().unwrap_or_else(PoisonError::into_inner), answer);
                thread::sleep(Duration::from_micros(20));
            }
        });
        let helper = Some((stop, thread));
        Mock { end, answer, delay_blocks: 0, blocks: 0, waiting: VecDeque::new(), helper }
    }

    /// Answers so many blocks later.
    pub fn slow(end: WorkerEnd, answer: Answer, delay_blocks: u32) -> Mock {
        let (end, delay_blocks) = (Arc::new(Mutex::new(end)), delay_blocks.into());
        Mock { end, answer, delay_blocks, blocks: 0, waiting: VecDeque::new(), helper: None }
    }

    /// A block is over.
    pub fn serve(&mut self) {
        self.blocks += 1;
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if self.helper.is_some() {
            serve_all(&mut end, self.answer);
            return;
        }
        while let Some(request) = end.request() {
            self.waiting.push_back((self.blocks + self.delay_blocks, request));
        }
        while self.waiting.front().is_some_and(|(due, _)| *due <= self.blocks) {
            let Some((_, request)) = self.waiting.pop_front() else { break };
            end.send(request.answered((self.answer)(request.place)));
        }
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.helper.take() {
            stop.store(true, Ordering::Relaxed);
            let _ = thread.join();
        }
    }
}

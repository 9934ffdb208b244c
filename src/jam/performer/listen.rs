//! Incoming notes: heard, passed on, and given precedence. (`Performer::listen`, which asks for the
//! second decision, is in `react`.)

use super::Performer;
use crate::jam::controls::{Controls, Mode};
use crate::jam::input::{Input, InputEvent, NoteInput};
use crate::jam::player::NoteSink;
use crate::jam::transport::Transport;

impl Performer {
    /// Bypass, in place of [`Performer::process`]: everything of our own ends and nothing new
    /// begins. The caller sends what comes in on to the host, and tells us by
    /// [`Performer::passed_by`].
    ///
    /// # Realtime
    /// As [`Performer::process`].
    pub fn bypass(
        &mut self,
        transport: &Transport,
        controls: &Controls,
        frames: u32,
        out: &mut impl NoteSink,
    ) {
        if frames == 0 {
            return;
        }
        self.thru.send_pending(out);
        self.player.send_pending(out);
        self.fall_silent(out);
        self.close();
        self.clock.reset();
        self.void_all();
        let stopped = Transport { playing: false, ..*transport };
        self.publish(&stopped, controls, true);
    }

    /// An event went by us to the host, which took it or did not: when its end comes later, or
    /// could not be sent, we know.
    ///
    /// # Realtime
    /// Constant time.
    pub fn passed_by(&mut self, event: InputEvent, taken: bool) {
        match event.played {
            NoteInput::On { channel, key, .. } => {
                self.hearing.on(channel, key, None);
                if taken {
                    self.thru.began(channel, key);
                }
            }
            NoteInput::Off { channel, key } => {
                self.hearing.off(event.played, None);
                if taken {
                    self.thru.ended(channel, key);
                } else {
                    self.thru.end_later(channel, key);
                }
            }
            NoteInput::Pedal { .. } => self.hearing.off(event.played, None),
            NoteInput::Silence { channel } => {
                self.hearing.off(event.played, None);
                self.thru.end_later(channel, None);
            }
        }
    }

    /// Keeps what comes in with a block of no samples for the next.
    pub(super) fn stash(&mut self, input: &Input) {
        for event in (0..).map_while(|number| input.get(number)) {
            self.stashed.push(InputEvent { offset_samples: 0, ..event });
        }
        for event in input.ends() {
            self.stashed.push(InputEvent { offset_samples: 0, ..event });
        }
    }

    /// What was stashed happens at the first sample.
    pub(super) fn hear_stashed(&mut self, controls: &Controls, out: &mut impl NoteSink) {
        if self.stashed.is_empty() {
            return;
        }
        let mut number = 0;
        while let Some(event) = self.stashed.get(number) {
            self.play_along(event.played, 0, controls, out);
            number += 1;
        }
        let ends = self.stashed.ends();
        self.stashed.clear();
        for event in ends {
            self.play_along(event.played, 0, controls, out);
        }
    }

    /// Hears what comes in up to and with a sample.
    pub(super) fn hear(
        &mut self,
        coming: &mut Coming<'_>,
        until_samples: u32,
        controls: &Controls,
        out: &mut impl NoteSink,
    ) {
        while let Some(event) = coming.input.get(coming.next) {
            if event.offset_samples.min(coming.last_sample) > until_samples {
                break;
            }
            out.heard(coming.next);
            coming.next += 1;
            let offset = event.offset_samples.min(coming.last_sample).max(coming.now_samples);
            coming.now_samples = offset;
            self.play_along(event.played, offset, controls, out);
        }
        // What is due at that sample comes after.
        coming.now_samples = coming.now_samples.max(until_samples);
    }

    /// Hears the rest of the block, and the ends for which there was no room.
    pub(super) fn hear_rest(
        &mut self,
        coming: &mut Coming<'_>,
        controls: &Controls,
        out: &mut impl NoteSink,
    ) {
        self.hear(coming, coming.last_sample, controls, out);
        // Mostly there is none, and sixteen channels need not be looked through.
        if coming.input.lost() > 0 {
            for event in coming.input.ends() {
                self.play_along(event.played, coming.last_sample, controls, out);
            }
        }
    }

    /// Keys that are the musician's: what we play neither begins nor ends them.
    pub(super) fn taken(&self, controls: &Controls) -> u128 {
        let held = match controls.mode {
            Mode::Solo => 0,
            _ if controls.double => 0,
            _ => self.hearing.held(),
        };
        held | self.thru.taken()
    }

    fn play_along(
        &mut self,
        played: NoteInput,
        offset_samples: u32,
        controls: &Controls,
        out: &mut impl NoteSink,
    ) {
        let at = self.clock.nearest(offset_samples);
        match played {
            NoteInput::On { channel, key, velocity } => {
                if controls.mode != Mode::Solo || controls.thru {
                    self.player.yield_key(key, offset_samples, out);
                }
                self.hearing.on(channel, key, at);
                let late = self.clock.lateness(offset_samples);
                // A step at most, or what saturates.
                let late_us = late.map_or(0, |(_, late_us)| late_us as i32);
                self.loudness.struck(at.map(|index| (index, late_us)), velocity);
                if let Some((place, late_us)) = late {
                    let position = self.clock.position(place.step);
                    let swing = controls.groove.swing.late_steps(position, controls.rate);
                    let beside_us = late_us - 1e6 * swing * self.clock.step_s();
                    self.feel.struck(position, controls.rate, beside_us);
                }
                if controls.mode == Mode::Answer {
                    self.interrupt(at.is_some(), offset_samples, out);
                }
                if controls.thru {
                    let barred = self.player.has_pending_off(key);
                    self.thru.on(channel, key, velocity, barred, offset_samples, out);
                }
            }
            NoteInput::Off { channel, key } => {
                self.hearing.off(played, at);
                self.thru.off(channel, key, offset_samples, out);
            }
            NoteInput::Pedal { .. } => self.hearing.off(played, at),
            NoteInput::Silence { channel } => {
                self.hearing.off(played, at);
                self.thru.off(channel, None, offset_samples, out);
            }
        }
        self.player.block(self.taken(controls));
    }

    /// A live onset in answer mode: what we play ends, and what is committed is muted. While
    /// nothing is played, what is parked is asked for again anyway.
    fn interrupt(&mut self, playing: bool, offset_samples: u32, out: &mut impl NoteSink) {
        if playing {
            self.player.rest(offset_samples, out);
            self.gate_open = false;
            self.commitments.mute();
        }
    }
}

/// The input of a block, and how much of it was heard.
pub(super) struct Coming<'a> {
    input: &'a Input,
    next: usize,
    /// No event goes out before this sample any more.
    now_samples: u32,
    last_sample: u32,
}

impl<'a> Coming<'a> {
    /// Nothing heard yet of a block of so many samples, which must not be zero.
    pub fn new(input: &'a Input, frames: u32) -> Coming<'a> {
        Coming { input, next: 0, now_samples: 0, last_sample: frames.saturating_sub(1) }
    }
}

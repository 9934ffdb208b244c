//! Runs a [`Script`] on a plugin: the host's clock, play head and loop.

mod record;
mod time;

use crate::error::HostError;
use crate::plugin::{
    Block, HostTransport, MAX_FRAMES, Message, Note, OUTPUT_CAPACITY, Outbox, Plugin,
};
use crate::recording::Recording;
use crate::script::{Action, Script};
use std::collections::HashMap;
use time::{Loop, Noise, Pace, Ramp, steps_per_beat};

/// Plays `script` from start to end and returns everything that came out. The plugin is
/// activated at the beginning and left active, so that a second script may follow.
///
/// # Errors
/// The first call that the plugin fails, or a script that names what is not there.
pub fn perform(plugin: &mut dyn Plugin, script: &Script) -> Result<Recording, HostError> {
    let mut recordings = play(vec![Host::new(plugin, script)], script)?;
    Ok(recordings.remove(0))
}

/// Plays `script` on all plugins at once, block by block on one thread, as a host plays its
/// tracks; otherwise as [`perform`].
///
/// # Errors
/// As [`perform`].
pub fn perform_together(
    plugins: &mut [Box<dyn Plugin>],
    script: &Script,
) -> Result<Vec<Recording>, HostError> {
    play(plugins.iter_mut().map(|plugin| Host::new(plugin.as_mut(), script)).collect(), script)
}

fn play(mut hosts: Vec<Host<'_>>, script: &Script) -> Result<Vec<Recording>, HostError> {
    for host in &mut hosts {
        // A host that renders from the beginning says so before.
        host.offline = script.actions.first() == Some(&Action::Offline(true));
        host.plugin.activate(host.sample_rate, host.offline)?;
    }
    for action in &script.actions {
        if let Action::Pace(speed) = action {
            // The first waits for all.
            hosts.iter_mut().take(1).for_each(|host| host.set_pace(*speed));
            continue;
        }
        for host in &mut hosts {
            host.act(action)?;
        }
        while hosts.first().is_some_and(Host::is_running) {
            for host in &mut hosts {
                host.run_block()?;
            }
        }
    }
    Ok(hosts.into_iter().map(Host::finish).collect())
}

struct Host<'a> {
    plugin: &'a mut dyn Plugin,
    sample_rate: f64,
    offline: bool,
    playing: bool,
    tempo_bpm: Option<f64>,
    time_signature: (u16, u16),
    bar_origin_beats: f64,
    loop_range: Option<Loop>,
    straddle: bool,
    blocks: Vec<u32>,
    next_block: usize,
    capacity: usize,
    pace: Option<Pace>,
    ramp: Option<Ramp>,
    jitter_beats: f64,
    jitter: Noise,
    /// Samples and blocks still to be run.
    samples_left: u64,
    blocks_left: u32,
    /// Of the plugin's rate, and of one that it will be told.
    steps_per_beat: u32,
    next_steps_per_beat: u32,
    /// Whether the plugin was reset or activated since the last block.
    fresh: bool,
    /// Whether the play head rolls on from the last block.
    rolling: bool,
    // The play head is `anchor_beats` plus the samples since then: nothing accumulates.
    anchor_beats: f64,
    samples_since_anchor: u64,
    pass: u32,
    time_samples: u64,
    notes: Vec<Note>,
    messages: Vec<Message>,
    parameters: Vec<(u32, f64)>,
    states: HashMap<String, (Vec<u8>, u32)>,
    outbox: Outbox,
    recording: Recording,
}

impl<'a> Host<'a> {
    fn new(plugin: &'a mut dyn Plugin, script: &Script) -> Host<'a> {
        Host {
            plugin,
            sample_rate: script.sample_rate,
            offline: false,
            playing: false,
            tempo_bpm: Some(120.0),
            time_signature: (4, 4),
            bar_origin_beats: 0.0,
            loop_range: None,
            straddle: false,
            blocks: vec![script.block],
            next_block: 0,
            capacity: OUTPUT_CAPACITY,
            pace: None,
            ramp: None,
            jitter_beats: 0.0,
            jitter: Noise::default(),
            samples_left: 0,
            blocks_left: 0,
            steps_per_beat: 4,
            next_steps_per_beat: 4,
            fresh: true,
            rolling: false,
            anchor_beats: 0.0,
            samples_since_anchor: 0,
            pass: 0,
            time_samples: 0,
            notes: Vec::new(),
            messages: Vec::new(),
            parameters: Vec::new(),
            states: HashMap::new(),
            outbox: Outbox::default(),
            recording: Recording::default(),
        }
    }

    fn act(&mut self, action: &Action) -> Result<(), HostError> {
        match action {
            Action::Play => self.playing = true,
            Action::Stop => {
                self.anchor(self.position());
                self.playing = false;
            }
            Action::Jump(beats) => {
                self.anchor(*beats);
                self.pass += 1;
                self.rolling = false;
            }
            Action::Tempo(bpm) => {
                self.anchor(self.position());
                self.tempo_bpm = *bpm;
            }
            Action::TimeSignature(numerator, denominator) => {
                self.bar_origin_beats = self.bar_start();
                self.time_signature = (*numerator, *denominator);
            }
            Action::Loop { start_beats, end_beats, announced } => {
                self.loop_range = Some(Loop {
                    start_beats: *start_beats,
                    end_beats: *end_beats,
                    announced: *announced,
                });
            }
            Action::LoopOff => self.loop_range = None,
            Action::Straddle(straddle) => self.straddle = *straddle,
            Action::Ramp { to_bpm, beats } => {
                let from_bpm = self.tempo_bpm.unwrap_or(120.0);
                let (to_bpm, beats) = (*to_bpm, *beats);
                self.ramp = Some(Ramp { from_bpm, to_bpm, beats, done_beats: 0.0 });
            }
            Action::Jitter(beats) => self.jitter_beats = *beats,
            Action::Empty(blocks) => {
                for _ in 0..*blocks {
                    self.process(0)?;
                }
            }
            Action::Skip(blocks) => {
                for _ in 0..*blocks {
                    let frames = self.take_block();
                    let frames = self.split_at_loop(frames);
                    self.pass_time(frames);
                }
            }
            Action::Bypass(on) => {
                let bypass = self.plugin.parameters().iter().find(|p| p.bypass);
                let id = bypass.ok_or_else(|| HostError::call("bypass", "no such parameter"))?.id;
                self.parameters.push((id, f64::from(u8::from(*on))));
            }
            Action::Blocks(sizes) => {
                self.blocks.clone_from(sizes);
                self.next_block = 0;
            }
            Action::SampleRate(hz) => {
                self.anchor(self.position());
                self.sample_rate = *hz;
                self.plugin.activate(*hz, self.offline)?;
                self.fresh = true;
            }
            Action::Offline(offline) => {
                self.offline = *offline;
                self.fresh |= self.plugin.set_offline(*offline)?;
            }
            Action::Note { offset_samples, on, key, channel, velocity } => self.notes.push(Note {
                offset_samples: *offset_samples,
                on: *on,
                key: *key,
                channel: *channel,
                velocity: *velocity,
            }),
            Action::Midi { offset_samples, data } => {
                let (offset_samples, data) = (*offset_samples, *data);
                self.messages.push(Message { offset_samples, data });
            }
            Action::Set(name, text) => {
                let id = self.plugin.parameter(name)?.id;
                let value = self.plugin.parse(id, text).ok_or_else(|| {
                    HostError::call("text_to_value", format!("{name} does not read \"{text}\""))
                })?;
                self.parameters.push((id, value));
                if name == "Rate" {
                    self.next_steps_per_beat = steps_per_beat(text);
                }
            }
            Action::SaveState(slot) => {
                let state = self.plugin.save_state()?;
                self.states.insert(slot.clone(), (state, self.steps_per_beat));
            }
            Action::LoadState(slot) => {
                let state = self.states.get(slot);
                let (state, rate) = state.ok_or_else(|| HostError::NoSuchState(slot.clone()))?;
                self.plugin.load_state(state)?;
                (self.steps_per_beat, self.next_steps_per_beat) = (*rate, *rate);
                // What was to be changed in the project before is no more.
                self.parameters.clear();
                self.fresh = true;
            }
            Action::Reset => {
                self.plugin.reset();
                self.fresh = true;
            }
            Action::Reactivate => {
                self.plugin.activate(self.sample_rate, self.offline)?;
                self.fresh = true;
            }
            Action::Capacity(events) => self.capacity = *events,
            Action::RunSamples(samples) => self.samples_left = *samples,
            Action::RunBeats(beats) => {
                self.samples_left = (beats / self.beats_per_sample()).round() as u64;
            }
            Action::RunBlocks(count) => self.blocks_left = *count,
            Action::Pace(speed) => self.set_pace(*speed),
        }
        Ok(())
    }

    fn set_pace(&mut self, speed: Option<f64>) {
        self.pace = speed.map(Pace::new);
    }

    fn finish(mut self) -> Recording {
        self.recording.refused = self.outbox.refused();
        let states = self.states.into_iter();
        self.recording.states = states.map(|(name, (state, _))| (name, state)).collect();
        self.recording
    }

    /// Beats per sample; a host without a tempo rolls at 120 BPM and does not say so.
    fn beats_per_sample(&self) -> f64 {
        self.tempo_bpm.unwrap_or(120.0) / (60.0 * self.sample_rate)
    }

    fn position(&self) -> f64 {
        self.anchor_beats + self.samples_since_anchor as f64 * self.beats_per_sample()
    }

    fn anchor(&mut self, beats: f64) {
        self.anchor_beats = beats;
        self.samples_since_anchor = 0;
    }

    fn bar_start(&self) -> f64 {
        let (numerator, denominator) = self.time_signature;
        let bar_beats = f64::from(numerator) * 4.0 / f64::from(denominator);
        let since = self.position() - self.bar_origin_beats;
        self.bar_origin_beats + (since / bar_beats).floor() * bar_beats
    }

    fn take_block(&mut self) -> u32 {
        let size = self.blocks[self.next_block % self.blocks.len()];
        self.next_block += 1;
        size.clamp(1, MAX_FRAMES)
    }

    fn is_running(&self) -> bool {
        self.samples_left > 0 || self.blocks_left > 0 || self.ramp.is_some()
    }

    /// Runs one block of what is left to be run.
    fn run_block(&mut self) -> Result<(), HostError> {
        let mut size = self.take_block();
        if let Some(ramp) = self.ramp {
            let (bpm, left_beats) = (ramp.tempo_bpm(), ramp.beats - ramp.done_beats);
            self.anchor(self.position());
            self.tempo_bpm = Some(bpm);
            let samples = (left_beats / self.beats_per_sample()).ceil().max(1.0) as u64;
            self.samples_left = samples.min(size.into());
        } else if self.samples_left == 0 {
            self.blocks_left = self.blocks_left.saturating_sub(1);
            self.samples_left = u64::from(size);
        }
        size = size.min(u32::try_from(self.samples_left).unwrap_or(u32::MAX));
        let frames = self.split_at_loop(size);
        self.samples_left -= u64::from(frames);
        self.block(frames)?;
        if let Some(mut ramp) = self.ramp.take() {
            self.samples_left = 0;
            ramp.done_beats += f64::from(frames) * self.beats_per_sample();
            if ramp.done_beats >= ramp.beats {
                return self.act(&Action::Tempo(Some(ramp.to_bpm)));
            }
            self.ramp = Some(ramp);
        }
        Ok(())
    }

    /// Cuts a block at the loop's end, unless it may wrap inside.
    fn split_at_loop(&self, frames: u32) -> u32 {
        match self.loop_range {
            Some(range) if self.playing && !(self.straddle && range.announced) => {
                let to_end = (range.end_beats - self.position()) / self.beats_per_sample();
                if to_end <= 0.0 { frames } else { frames.min((to_end - 1e-6).ceil() as u32) }
            }
            _ => frames,
        }
    }

    fn block(&mut self, frames: u32) -> Result<(), HostError> {
        self.wait_until_due(frames);
        self.process(frames)?;
        self.pass_time(frames);
        Ok(())
    }

    /// Where the plugin is told that the play head is.
    fn told_position(&mut self) -> f64 {
        let jitter = self.jitter.next() * self.jitter_beats;
        self.position() + if self.rolling && self.playing { jitter } else { 0.0 }
    }

    fn process(&mut self, frames: u32) -> Result<(), HostError> {
        self.steps_per_beat = self.next_steps_per_beat;
        let announced = self.loop_range.filter(|range| range.announced);
        let transport = HostTransport {
            playing: self.playing,
            tempo_bpm: self.tempo_bpm,
            position_beats: Some(self.told_position()),
            bar_start_beats: self.bar_start(),
            time_signature: self.time_signature,
            loop_beats: announced.map(|range| (range.start_beats, range.end_beats)),
            time_samples: self.time_samples,
            sample_rate: self.sample_rate,
        };
        // No host plays in no time; the CLAP wrapper would drop what it is given then.
        let mut notes = if frames > 0 { std::mem::take(&mut self.notes) } else { Vec::new() };
        notes.iter_mut().for_each(|n| n.offset_samples = n.offset_samples.min(frames - 1));
        // A host hands over events in their order.
        notes.sort_by_key(|note| note.offset_samples);
        let mut messages = if frames > 0 { std::mem::take(&mut self.messages) } else { Vec::new() };
        messages.iter_mut().for_each(|m| m.offset_samples = m.offset_samples.min(frames - 1));
        messages.sort_by_key(|message| message.offset_samples);
        let block = Block {
            frames,
            transport,
            notes: &notes,
            messages: &messages,
            parameters: &self.parameters,
            offline: self.offline,
        };
        self.outbox.clear(self.capacity);
        let cost = self.plugin.process(&block, &mut self.outbox)?;
        self.record(frames, &transport, cost);
        self.parameters.clear();
        if frames > 0 {
            self.fresh = false;
            self.rolling = self.playing;
        }
        Ok(())
    }

    fn pass_time(&mut self, frames: u32) {
        self.time_samples += u64::from(frames);
        if self.playing {
            let begun = self.position();
            self.samples_since_anchor += u64::from(frames);
            self.wrap(begun);
        }
    }

    /// Sends the play head, which was at `before`, back if it passed the loop's end.
    fn wrap(&mut self, before: f64) {
        let Some(range) = self.loop_range else { return };
        let length = range.end_beats - range.start_beats;
        let mut position = self.position();
        // Only a play head that came from inside wraps; one beyond the loop rolls on.
        if before < range.end_beats && position >= range.end_beats - 1e-9 {
            while position >= range.end_beats - 1e-9 {
                position -= length;
                self.pass += 1;
            }
            // What rounding leaves just before the loop's start is its start.
            self.anchor(position.max(range.start_beats));
        }
    }

    fn wait_until_due(&mut self, frames: u32) {
        if let Some(pace) = &mut self.pace {
            pace.wait(f64::from(frames) / self.sample_rate);
        }
    }
}

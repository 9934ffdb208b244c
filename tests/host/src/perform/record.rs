//! What came out of a block.

use super::Host;
use crate::plugin::{Cost, HostTransport};
use crate::recording::{Call, Kind, Recorded, Span};

impl Host<'_> {
    pub(super) fn record(&mut self, frames: u32, transport: &HostTransport, cost: Cost) {
        let span = Span {
            time_samples: self.time_samples,
            frames,
            playing: self.playing && self.tempo_bpm.is_some(),
            position_beats: self.position(),
            told_beats: transport.position_beats.unwrap_or_default(),
            beats_per_sample: self.beats_per_sample(),
            loop_beats: transport.loop_beats,
            pass: self.pass,
            steps_per_beat: self.steps_per_beat,
            fresh: self.fresh,
        };
        self.recording.may_sleep += u64::from(cost.may_sleep && self.playing && frames > 0);
        let mut last_offset = 0;
        for note in self.outbox.notes() {
            // Order within a block is part of the contract with the host.
            self.recording.disordered += u64::from(note.offset_samples < last_offset);
            self.recording.outside += u64::from(note.offset_samples >= frames);
            last_offset = note.offset_samples;
            let (position_beats, pass) = span.beats_at(note.offset_samples);
            self.recording.events.push(Recorded {
                time_samples: self.time_samples + u64::from(note.offset_samples),
                position_beats,
                pass,
                beats_per_sample: span.beats_per_sample,
                playing: self.playing,
                kind: if note.on { Kind::On } else { Kind::Off },
                key: note.key,
                channel: note.channel,
                velocity: note.velocity,
            });
        }
        for message in self.outbox.messages() {
            let at = self.time_samples + u64::from(message.offset_samples);
            self.recording.messages.push((at, message.data));
        }
        self.recording.calls.push(Call { frames, time: cost.time, counts: cost.counts });
        self.recording.spans.push(span);
    }
}

//! Host types to jam types and back, and the last line of defence around them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nih_plug::midi::{Channel, Key, VoiceID};
use nih_plug::prelude::{NoteEvent as HostEvent, Transport as HostTransport};

use crate::jam::controls::Controls;
use crate::jam::input::{Input, InputEvent, NoteInput};
use crate::jam::performer::Performer;
use crate::jam::player::{NoteEvent, NoteKind, NoteSink};
use crate::jam::transport::Transport;

/// What the host says about time, and only that: the framework would derive a position
/// from seconds and the tempo of the moment, which is wrong after any tempo change.
///
/// # Realtime
///
/// Copies numbers.
pub fn transport(host: &HostTransport, offline: bool) -> Transport {
    Transport {
        playing: host.playing,
        sample_rate: f64::from(host.sample_rate),
        tempo_bpm: host.tempo,
        position_beats: host.pos_beats,
        bar_start_beats: host.bar_start_pos_beats,
        time_signature: host.time_sig_numerator.zip(host.time_sig_denominator),
        loop_beats: host.loop_range_beats,
        offline,
    }
}

/// What the musician plays, as far as an event is about that.
///
/// # Realtime
///
/// Copies numbers.
pub fn played<S>(event: &HostEvent<S>) -> Option<InputEvent> {
    let (offset_samples, played) = match *event {
        HostEvent::NoteOn { timing, channel, key, velocity, .. } if velocity > 0.0 => {
            // A beginning on no key is none; on any channel, it is on the first.
            let key = key_of(key)?;
            let channel = channel_of(channel).unwrap_or(0);
            // Within 1..=127.
            let velocity = (velocity * 127.0).round().clamp(1.0, 127.0) as u8;
            (timing, NoteInput::On { channel, key, velocity })
        }
        HostEvent::NoteOn { timing, channel, key, .. }
        | HostEvent::NoteOff { timing, channel, key, .. }
        | HostEvent::Choke { timing, channel, key, .. } => {
            (timing, NoteInput::Off { channel: channel_of(channel), key: key_of(key) })
        }
        HostEvent::MidiCC { timing, channel, cc, value } => {
            // Within 0..=127.
            let value = (value * 127.0).round().clamp(0.0, 127.0) as u8;
            return InputEvent::control(timing, channel, cc, value);
        }
        _ => return None,
    };
    Some(InputEvent { offset_samples, played })
}

fn key_of(key: Key) -> Option<u8> {
    match key {
        Key::Number(key) => Some(key.min(127)),
        Key::Wildcard => None,
    }
}

fn channel_of(channel: Channel) -> Option<u8> {
    match channel {
        Channel::Number(channel) => Some(channel.min(15)),
        Channel::Wildcard => None,
    }
}

/// A note of ours as the framework has it.
///
/// # Realtime
///
/// Copies numbers.
pub fn host_event(event: NoteEvent) -> HostEvent<()> {
    let NoteEvent { offset_samples: timing, kind, key, channel, velocity } = event;
    let voice_id = VoiceID::Wildcard;
    let (key, channel) = (Key::Number(key), Channel::Number(channel));
    let velocity = host_velocity(velocity);
    match kind {
        NoteKind::On => HostEvent::NoteOn { timing, voice_id, channel, key, velocity },
        NoteKind::Off => HostEvent::NoteOff { timing, voice_id, channel, key, velocity },
    }
}

/// A MIDI velocity, at most 127, as hosts have it: 0 to 1.
///
/// Never below the fraction that it stands for, so that a host which makes MIDI of it by cutting
/// off what is behind the point gets the same velocity as one that rounds.
fn host_velocity(velocity: u8) -> f32 {
    let nearest = f32::from(velocity) / 127.0;
    // Exact: 24 bits times 7.
    let below = f64::from(nearest) * 127.0 < f64::from(velocity);
    if below { nearest.next_up() } else { nearest }
}

/// How often a panic in `process` is survived before the performer is left alone.
const FAULTS_MAX: u32 = 8;

/// Calls the performer, and keeps a panic in it from reaching the host.
#[derive(Debug, Default)]
pub struct Guard {
    faults: u32,
}

/// How a block went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockOutcome {
    /// Nothing happened that should not have.
    Fine,
    /// A panic was caught; notes will be ended.
    Caught,
}

impl Guard {
    /// Plays one block. After a panic the performer owes an end to every key and goes on;
    /// if panics repeat, it is no longer called.
    ///
    /// # Realtime
    ///
    /// As [`Performer::process`]; allocates only in the event of a panic.
    pub fn process(
        &mut self,
        performer: &mut Performer,
        transport: &Transport,
        controls: &Controls,
        input: &Input,
        frames: u32,
        out: &mut impl NoteSink,
    ) -> BlockOutcome {
        self.guarded(performer, |performer| {
            performer.process(transport, controls, input, frames, out);
        })
    }

    /// Calls the performer with the same care.
    ///
    /// # Realtime
    ///
    /// As `call`; allocates only in the event of a panic.
    pub fn guarded(
        &mut self,
        performer: &mut Performer,
        call: impl FnOnce(&mut Performer),
    ) -> BlockOutcome {
        if self.faults >= FAULTS_MAX {
            return BlockOutcome::Fine;
        }
        if catch_unwind(AssertUnwindSafe(|| call(performer))).is_ok() {
            return BlockOutcome::Fine;
        }
        self.faults += 1;
        // The interrupted block may have left anything half done. Both calls put the
        // performer into a known state; the ends of notes go out with the next block.
        let recovery = AssertUnwindSafe(|| {
            performer.panic();
            performer.reset();
        });
        if catch_unwind(recovery).is_err() {
            self.faults = FAULTS_MAX;
        }
        BlockOutcome::Caught
    }
}

/// What of a transport a sleeping editor is woken for: while it plays, its place changes with every block,
/// and the editor draws by its own pace.
///
/// # Realtime
///
/// Copies numbers.
pub fn still(transport: Transport) -> Transport {
    match transport.playing {
        true => Transport { position_beats: None, bar_start_beats: None, ..transport },
        false => transport,
    }
}

/// The event at the block's last sample if it lies beyond: where the framework splits a block, what came
/// at the split lies at the end of the first part. What is handed on and what is heard move alike, so
/// that their order stays.
///
/// # Realtime
/// Constant time.
pub fn within(mut event: HostEvent<()>, frames: u32) -> HostEvent<()> {
    let beyond = event.timing().saturating_sub(frames.saturating_sub(1));
    event.subtract_timing(beyond);
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jam::link::link;

    /// Collects events, or panics at the first, as broken code in `process` would.
    struct Fragile {
        broken: bool,
        taken: Vec<NoteEvent>,
    }

    impl NoteSink for Fragile {
        fn try_send(&mut self, event: NoteEvent) -> bool {
            assert!(!self.broken, "a test breaks the block");
            self.taken.push(event);
            true
        }
    }

    #[test]
    fn an_editor_is_woken_by_a_jump_at_rest_and_not_by_playback() {
        let at = |playing, beats| {
            still(Transport { playing, position_beats: Some(beats), ..Transport::default() })
        };
        assert_eq!(at(true, 1.0), at(true, 2.0));
        assert_ne!(at(false, 1.0), at(false, 2.0));
        assert_ne!(at(true, 1.0), at(false, 1.0));
    }

    #[test]
    fn an_event_at_the_end_of_a_part_of_a_block_is_within_it() {
        let bend = |timing| HostEvent::MidiPitchBend { timing, channel: 0, value: 0.5 };
        for (at, frames, expected) in
            [(0, 64, 0), (63, 64, 63), (64, 64, 63), (99, 64, 63), (5, 0, 0)]
        {
            assert_eq!(within(bend(at), frames).timing(), expected, "{at} of {frames}");
        }
    }

    #[test]
    fn a_panic_is_caught_and_every_note_ended() {
        let (audio, _worker, _monitor) = link();
        let mut performer = Performer::new(audio);
        performer.panic();
        let mut guard = Guard::default();
        let mut out = Fragile { broken: true, taken: Vec::new() };
        let mut block = |performer: &mut Performer, out: &mut Fragile| {
            let (transport, controls) = (Transport::default(), Controls::default());
            guard.process(performer, &transport, &controls, &Input::NONE, 64, out)
        };
        assert_eq!(block(&mut performer, &mut out), BlockOutcome::Caught);
        out.broken = false;
        assert_eq!(block(&mut performer, &mut out), BlockOutcome::Fine);
        let ended: u128 = out.taken.iter().map(|event| 1u128 << event.key).sum();
        assert_eq!(ended, u128::MAX, "an end for every key there is");
        assert!(out.taken.iter().all(|event| event.kind == NoteKind::Off));
    }

    #[test]
    fn code_that_panics_again_and_again_is_left_alone() {
        let (audio, _worker, _monitor) = link();
        let mut performer = Performer::new(audio);
        let mut guard = Guard::default();
        let mut out = Fragile { broken: true, taken: Vec::new() };
        performer.panic();
        let caught = (0..100)
            .filter(|_| {
                let (transport, controls) = (Transport::default(), Controls::default());
                guard.process(&mut performer, &transport, &controls, &Input::NONE, 64, &mut out)
                    == BlockOutcome::Caught
            })
            .count();
        assert_eq!(caught, FAULTS_MAX as usize);
    }

    #[test]
    fn notes_and_what_holds_them_are_heard_and_all_else_is_not() {
        let voice_id = VoiceID::Wildcard;
        let (channel, key) = (Channel::Number(3), Key::Number(60));
        let on = |velocity| HostEvent::<()>::NoteOn { timing: 7, voice_id, channel, key, velocity };
        assert_eq!(played(&on(0.5)), Some(InputEvent::on(7, 3, 60, 64)));
        assert_eq!(played(&on(0.001)), Some(InputEvent::on(7, 3, 60, 1)));
        assert_eq!(played(&on(0.0)), Some(InputEvent::off(7, 3, 60)));
        let (timing, velocity) = (9, 0.3);
        let off = HostEvent::<()>::NoteOff { timing, voice_id, channel, key, velocity };
        assert_eq!(played(&off), Some(InputEvent::off(9, 3, 60)));
        let key = Key::Wildcard;
        let choke = HostEvent::<()>::Choke { timing, voice_id, channel, key };
        assert_eq!(played(&choke), Some(InputEvent::all_off(9, Some(3))));
        let control = |cc, value| HostEvent::<()>::MidiCC { timing, channel: 3, cc, value };
        let pedal = InputEvent::control(9, 3, 64, 127);
        assert!(pedal.is_some() && played(&control(64, 0.504)) == pedal, "64 of 127 is down");
        assert_eq!(played(&control(64, 0.496)), InputEvent::control(9, 3, 64, 0));
        assert_eq!(played(&control(123, 0.0)), Some(InputEvent::all_off(9, Some(3))));
        assert_eq!(played(&control(1, 1.0)), None, "the modulation wheel");
        let (key, pressure) = (Key::Number(60), 0.5);
        let other = HostEvent::<()>::PolyPressure { timing, voice_id, channel, key, pressure };
        assert_eq!(played(&other), None);
    }

    #[test]
    fn a_velocity_survives_hosts_that_round_and_hosts_that_do_not() {
        for velocity in 0..=127_u8 {
            let told = host_velocity(velocity);
            assert!((0.0..=1.0).contains(&told));
            assert_eq!((told * 127.0).round() as u8, velocity);
            assert_eq!((told * 127.0) as u8, velocity, "cut off");
            assert_eq!((f64::from(told) * 127.0) as u8, velocity, "cut off, in more digits");
        }
    }

    #[test]
    fn what_the_host_does_not_know_stays_unknown() {
        let mut host = HostTransport::new(48_000.0);
        host.playing = true;
        host.pos_seconds = Some(2.0);
        host.tempo = Some(120.0);
        host.time_sig_numerator = Some(3);
        let told = transport(&host, true);
        assert_eq!(told.position_beats, None, "seconds are no position in beats");
        assert_eq!(told.time_signature, None, "half a signature is none");
        assert!(told.playing && told.offline);
        host.pos_beats = Some(-1.5);
        host.time_sig_denominator = Some(8);
        host.loop_range_beats = Some((4.0, 8.0));
        let told = transport(&host, false);
        assert_eq!(told.position_beats, Some(-1.5));
        assert_eq!(told.time_signature, Some((3, 8)));
        assert_eq!(told.loop_beats, Some((4.0, 8.0)));
    }
}

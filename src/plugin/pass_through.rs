//! Pass-through events: sent on unchanged, in order with the plugin's own notes.
//!
//! Notes are not among them: the performer passes those on, since it must know what sounds
//! ([`crate::jam::thru`]).

use nih_plug::midi::{PluginNoteEvent, VoiceID, control_change};
use nih_plug::prelude::{NoteEvent as HostEvent, Plugin, ProcessContext};

use super::process::host_event;
use crate::jam::player::{NoteEvent, NoteSink};

/// Most events of a block that the framework is asked to take in: a keyboard sends a thousand a
/// second, and a host may hand over some seconds of automation at once.
pub const CAPACITY: usize = 6_144;

/// An event of the framework's; the plugin knows no system-exclusive messages.
type Event = HostEvent<()>;

/// What an instrument keeps after the event: if it is handed on no more, it would stay as it is.
const LASTING: usize = 3;

/// Events on their way through a block.
#[derive(Debug)]
pub struct PassThrough {
    /// In order of time, each with the number of events before it that are heard; those that the host
    /// refused before come first, at the first sample.
    events: Vec<(Event, usize)>,
    /// Events of the block that are heard, so far.
    heard: usize,
    sent: usize,
    /// Channels on which sustain pedal, sostenuto pedal and pitch bend are away from where they rest,
    /// as far as was handed on.
    away: [u16; LASTING],
}

impl Default for PassThrough {
    /// Nothing on its way. The only place that allocates.
    fn default() -> Self {
        let room = CAPACITY + 16 * LASTING;
        PassThrough { events: Vec::with_capacity(room), heard: 0, sent: 0, away: [0; LASTING] }
    }
}

impl PassThrough {
    /// A block begins, in which events are handed on or not. If not, what an instrument keeps of those
    /// before is taken back.
    ///
    /// # Realtime
    /// At most [`LASTING`] events for each channel.
    pub fn begin(&mut self, hands_on: bool) {
        self.heard = 0;
        if hands_on || self.away == [0; LASTING] {
            return;
        }
        self.rest();
    }

    /// Takes in an event of the block's, which must not be before the last one. False if there is no
    /// room for it. An event that `hands_on` leaves out is not taken.
    ///
    /// # Realtime
    /// Constant time.
    pub fn take(&mut self, event: Event, hands_on: bool) -> bool {
        !hands_on || !is_passed(&event) || self.push(unvoiced(event))
    }

    fn push(&mut self, event: Event) -> bool {
        let room = self.events.len() < self.events.capacity();
        if room {
            self.events.push((event, self.heard));
        }
        room
    }

    /// An event of the block is heard, too, or alone.
    ///
    /// # Realtime
    /// Constant time.
    pub fn count_heard(&mut self) {
        self.heard += 1;
    }

    /// Everything goes back to where it rests, as far as it was handed on.
    ///
    /// # Realtime
    /// At most [`LASTING`] events for each channel.
    pub fn rest(&mut self) {
        for channel in 0..16 {
            for which in 0..LASTING {
                let bit = 1 << channel;
                // Once on its way it is sent sooner or later.
                if self.away[which] & bit != 0 && self.push(rest(which, channel)) {
                    self.away[which] &= !bit;
                }
            }
        }
    }

    /// Sends what is `due`, by its moment and the number of heard events before it, as far as the host
    /// takes it.
    ///
    /// # Realtime
    /// At most as many events as were taken in.
    fn send(&mut self, due: impl Fn(u32, usize) -> bool, send: &mut impl FnMut(Event) -> bool) {
        while let Some((event, before)) = self.events.get(self.sent).copied() {
            if !due(event.timing(), before) || !send(event) {
                return;
            }
            self.saw(&event);
            self.sent += 1;
        }
    }

    /// The host took an event that was handed on.
    ///
    /// # Realtime
    /// Constant time.
    pub fn saw(&mut self, event: &Event) {
        if let Some((which, channel, at_rest)) = lasting(event) {
            let bit = 1 << channel.min(15);
            self.away[which] = self.away[which] & !bit | if at_rest { 0 } else { bit };
        }
    }

    /// The block is over: sends the rest. What the host does not take is kept for the first sample of
    /// the next block.
    ///
    /// # Realtime
    /// As long as there are events.
    pub fn end(&mut self, mut send: impl FnMut(Event) -> bool) {
        self.send(|_, _| true, &mut send);
        self.events.drain(..self.sent);
        self.sent = 0;
        for (event, before) in &mut self.events {
            event.subtract_timing(event.timing());
            *before = 0;
        }
    }
}

/// Whether an event goes by, if events are handed on: all that are no notes.
fn is_passed(event: &Event) -> bool {
    !matches!(
        event,
        HostEvent::NoteOn { .. }
            | HostEvent::NoteOff { .. }
            | HostEvent::Choke { .. }
            | HostEvent::VoiceTerminated { .. }
            | HostEvent::PolyModulation { .. }
            | HostEvent::MonoAutomation { .. }
    )
}

/// The same without the number of a voice: notes are handed on without one, so that an instrument could
/// not tell which is meant.
fn unvoiced(mut event: Event) -> Event {
    match &mut event {
        HostEvent::PolyPressure { voice_id, .. }
        | HostEvent::PolyVolume { voice_id, .. }
        | HostEvent::PolyPan { voice_id, .. }
        | HostEvent::PolyTuning { voice_id, .. }
        | HostEvent::PolyVibrato { voice_id, .. }
        | HostEvent::PolyExpression { voice_id, .. }
        | HostEvent::PolyBrightness { voice_id, .. } => *voice_id = VoiceID::Wildcard,
        _ => {}
    }
    event
}

/// Which lasting thing an event is about, on which channel, and whether it leaves it at rest.
fn lasting(event: &Event) -> Option<(usize, u8, bool)> {
    match *event {
        HostEvent::MidiCC { channel, cc: control_change::DAMPER_PEDAL, value, .. } => {
            Some((0, channel, value == 0.0))
        }
        HostEvent::MidiCC { channel, cc: SOSTENUTO, value, .. } => Some((1, channel, value == 0.0)),
        HostEvent::MidiPitchBend { channel, value, .. } => {
            Some((2, channel, (value - CENTRE).abs() < 1e-4))
        }
        _ => None,
    }
}

/// The sustain pedal goes down or up, at the first sample.
pub fn pedal(channel: u8, down: bool) -> Event {
    let value = f32::from(u8::from(down));
    HostEvent::MidiCC { timing: 0, channel, cc: control_change::DAMPER_PEDAL, value }
}

/// The controller of the sostenuto pedal.
const SOSTENUTO: u8 = 66;

/// A pitch wheel at rest: 8192 of 16383.
const CENTRE: f32 = 8192.0 / 16383.0;

fn rest(which: usize, channel: u8) -> Event {
    let timing = 0;
    match which {
        0 => pedal(channel, false),
        1 => HostEvent::MidiCC { timing, channel, cc: SOSTENUTO, value: 0.0 },
        _ => HostEvent::MidiPitchBend { timing, channel, value: CENTRE },
    }
}

/// The host's queue of outgoing events, for a plugin of type `P`: notes, and between them what goes by, in
/// the order in which it came.
pub struct HostQueue<'a, P, C> {
    context: &'a mut C,
    pass_through: &'a mut PassThrough,
    plugin: std::marker::PhantomData<fn() -> P>,
}

impl<'a, P, C> HostQueue<'a, P, C>
where
    P: Plugin<SysExMessage = ()>,
    C: ProcessContext<P>,
{
    /// A queue that sends through `context`.
    pub fn new(context: &'a mut C, pass_through: &'a mut PassThrough) -> Self {
        Self { context, pass_through, plugin: std::marker::PhantomData }
    }
}

impl<P, C> NoteSink for HostQueue<'_, P, C>
where
    P: Plugin<SysExMessage = ()>,
    C: ProcessContext<P>,
{
    fn heard(&mut self, number: usize) {
        let mut send = |event: PluginNoteEvent<P>| self.context.try_send_event(event).is_ok();
        self.pass_through.send(|_, before| before <= number, &mut send);
    }

    fn try_send(&mut self, event: NoteEvent) -> bool {
        let mut send = |event: PluginNoteEvent<P>| self.context.try_send_event(event).is_ok();
        self.pass_through.send(|at, _| at < event.offset_samples, &mut send);
        send(host_event(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nih_plug::midi::{Channel, Key};

    fn cc(timing: u32, cc: u8, value: u8) -> Event {
        HostEvent::MidiCC { timing, channel: 2, cc, value: f32::from(value) / 127.0 }
    }

    /// What is sent in a block in which a host takes so many events.
    fn sent(pass_through: &mut PassThrough, before: Option<u32>, mut room: usize) -> Vec<Event> {
        let mut sent = vec![];
        let mut send = |event| {
            let taken = room > 0;
            room -= usize::from(taken);
            if taken {
                sent.push(event);
            }
            taken
        };
        match before {
            Some(before) => pass_through.send(|at, _| at < before, &mut send),
            None => pass_through.end(send),
        }
        sent
    }

    #[test]
    fn what_goes_by_goes_in_order_and_nothing_that_is_refused_is_lost() {
        let mut pass_through = PassThrough::default();
        let events = [cc(0, 1, 9), cc(7, 64, 127), cc(7, 11, 3), cc(90, 64, 0)];
        events.iter().for_each(|event| assert!(pass_through.take(*event, true)));
        assert_eq!(sent(&mut pass_through, Some(8), 2), events[..2]);
        assert_eq!(sent(&mut pass_through, Some(90), 9), events[2..3]);
        assert_eq!(sent(&mut pass_through, None, 0), []);
        let next = cc(4, 10, 64);
        pass_through.take(next, true);
        assert_eq!(
            sent(&mut pass_through, None, 9),
            [cc(0, 64, 0), next],
            "at the next first sample"
        );
        assert_eq!(sent(&mut pass_through, None, 9), []);
    }

    #[test]
    fn notes_are_the_performers_and_voices_are_not_numbered() {
        let mut pass_through = PassThrough::default();
        let (timing, channel, key) = (3, Channel::Number(1), Key::Number(60));
        let voice_id = VoiceID::ID(77);
        let velocity = 0.5;
        pass_through.take(HostEvent::NoteOn { timing, voice_id, channel, key, velocity }, true);
        pass_through.take(HostEvent::NoteOff { timing, voice_id, channel, key, velocity }, true);
        pass_through.take(HostEvent::Choke { timing, voice_id, channel, key }, true);
        let pressure = 0.25;
        pass_through
            .take(HostEvent::PolyPressure { timing, voice_id, channel, key, pressure }, true);
        let voice_id = VoiceID::Wildcard;
        let expected = HostEvent::PolyPressure { timing, voice_id, channel, key, pressure };
        assert_eq!(sent(&mut pass_through, None, 9), [expected]);
    }

    #[test]
    fn what_was_left_away_from_rest_goes_back_when_events_are_handed_on_no_more() {
        let mut pass_through = PassThrough::default();
        let bend = |timing, value| HostEvent::MidiPitchBend { timing, channel: 2, value };
        for event in [cc(0, 64, 80), cc(0, 66, 127), cc(0, 66, 0), bend(1, 0.9), cc(2, 1, 100)] {
            pass_through.take(event, true);
        }
        assert_eq!(sent(&mut pass_through, None, 9).len(), 5);
        pass_through.begin(true);
        assert_eq!(sent(&mut pass_through, None, 9), []);
        pass_through.begin(false);
        assert!(pass_through.take(cc(5, 64, 90), false), "left out, and not for want of room");
        assert_eq!(sent(&mut pass_through, None, 9), [cc(0, 64, 0), bend(0, CENTRE)]);
        pass_through.begin(false);
        assert_eq!(sent(&mut pass_through, None, 9), [], "once");
        pass_through.take(cc(0, 64, 80), true);
        sent(&mut pass_through, None, 9);
        for _ in 0..3 {
            pass_through.begin(false);
            assert_eq!(sent(&mut pass_through, None, 0), [], "the host takes nothing");
        }
        assert_eq!(sent(&mut pass_through, None, 9), [cc(0, 64, 0)], "still once");
    }

    #[test]
    fn what_comes_at_one_sample_keeps_its_order() {
        let mut pass_through = PassThrough::default();
        let [one, two, three] = [cc(0, 64, 0), cc(0, 64, 127), cc(0, 1, 1)];
        pass_through.take(one, true);
        pass_through.count_heard();
        pass_through.take(two, true);
        pass_through.count_heard();
        pass_through.take(three, true);
        let mut order = vec![];
        for number in 0..2 {
            pass_through.send(|_, before| before <= number, &mut |event| {
                order.push(event);
                true
            });
            order.push(cc(0, 100 + number as u8, 0));
        }
        order.extend(sent(&mut pass_through, None, 9));
        assert_eq!(order, [one, cc(0, 100, 0), two, cc(0, 101, 0), three]);
    }

    #[test]
    fn there_is_room_for_a_flood_and_no_more_is_taken_than_there_is_room_for() {
        let mut pass_through = PassThrough::default();
        let taken = (0..2 * CAPACITY).filter(|_| pass_through.take(cc(0, 1, 5), true)).count();
        assert!((CAPACITY..2 * CAPACITY).contains(&taken));
        assert_eq!(sent(&mut pass_through, None, usize::MAX).len(), taken);
    }
}

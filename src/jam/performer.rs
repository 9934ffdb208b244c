//! The one entry of the audio thread.

mod exchange;
mod listen;
mod outcome;
mod publish;
mod react;
mod wait;

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::jam::clock::{Clock, Due, Motion};
use crate::jam::commitments::{Commitment, Commitments, RequestId};
use crate::jam::controls::{Controls, Mode, Replay, Timing};
use crate::jam::groove::Feel;
use crate::jam::hearing::Hearing;
use crate::jam::input::{Input, NoteInput};
use crate::jam::link::{AudioEnd, Decision, Outcome, Place, Recallable, Request};
use crate::jam::loudness::Loudness;
use crate::jam::player::{NoteSink, Player};
use crate::jam::status::Status;
use crate::jam::thru::Thru;
use crate::jam::transport::Transport;
use crate::jam::turns::Turn;
use crate::music::{Grid, KeyHeard};
use listen::Coming;
use publish::shown;
pub use wait::OfflineFlag;
use wait::Waits;

/// The longest that `process` may wait for a chord, and then only in a render.
pub const MAX_WAIT: Duration = Duration::from_secs(2);

/// How long a waiting `process` sleeps between two looks at the ring.
const WAIT_POLL: Duration = Duration::from_micros(100);

/// Clock, link and player: everything that the audio thread may call.
pub struct Performer {
    end: AudioEnd,
    clock: Clock,
    player: Player,
    hearing: Hearing,
    loudness: Loudness,
    feel: Feel,
    /// When the step that has begun sounds.
    timing: Timing,
    thru: Thru,
    /// What came in with blocks of no samples.
    stashed: Input,
    commitments: Commitments,
    /// What becomes of the step that has begun.
    begun: Option<Outcome>,
    /// What became of the one before, if the worker could not be told.
    untold: Option<Outcome>,
    /// Whether the gate of the step that sounds has passed and the next chord, which says what
    /// ends, has not come.
    gate_open: bool,
    /// Keys that the gate ended since a chord sounded, as they sound.
    gated: u128,
    /// Those that it ended before the chord that sounds.
    released: u128,
    waits: Waits,
    status: Status,
    /// What the key in the status was found from.
    named: KeyHeard,
    /// Seconds since the status went out.
    unpublished_s: f64,
    epoch: u64,
    /// Counts blocks.
    block: u64,
    /// How long the block is, seconds.
    block_s: f64,
    /// That of the commitments; see `SharedState`.
    generation: u64,
    /// Whether the worker has answered since the anchor.
    anchored: bool,
    /// Whether the next request must carry the anchor, since the one that did is void.
    anchor_next: bool,
    channel: u8,
    /// How the pedal of all channels stands.
    sustain: bool,
}

impl Performer {
    /// A performer at rest.
    pub fn new(end: AudioEnd) -> Performer {
        Performer {
            end,
            clock: Clock::default(),
            player: Player::default(),
            hearing: Hearing::default(),
            loudness: Loudness::default(),
            feel: Feel::default(),
            timing: Timing::default(),
            thru: Thru::default(),
            stashed: Input::NONE,
            commitments: Commitments::default(),
            begun: None,
            untold: None,
            gate_open: false,
            gated: 0,
            released: 0,
            waits: Waits::default(),
            status: Status::default(),
            named: KeyHeard::default(),
            unpublished_s: 0.0,
            epoch: 0,
            block: 0,
            block_s: 0.0,
            generation: 0,
            anchored: false,
            anchor_next: false,
            channel: 0,
            sustain: false,
        }
    }

    /// Plays one block of `frames` samples into `out`, along with what comes in. A block of no
    /// samples is no time: what comes in with it happens in the next.
    ///
    /// # Realtime
    /// Never allocates, locks, logs or makes a system call; the work is bounded by the
    /// boundaries in the block and by what comes in. The exception is a render, in which it may wait for a chord, up
    /// to [`MAX_WAIT`]: with `wait_for_notes`, or when the host says so, or seems to render where
    /// it cannot say so ([`OfflineFlag`]), and its pace bears it out.
    pub fn process(
        &mut self,
        transport: &Transport,
        controls: &Controls,
        input: &Input,
        frames: u32,
        out: &mut impl NoteSink,
    ) {
        self.status.lost_input += u64::from(input.lost());
        if frames == 0 {
            self.stash(input);
            return;
        }
        self.channel = controls.channel;
        self.block += 1;
        self.block_s = f64::from(frames) / transport.sample_rate;
        self.waits.begin(transport);
        self.thru.send_pending(out);
        self.player.send_pending(out);
        self.hearing.listen(controls.mode);
        let ahead = controls.commits_ahead();
        let motion = self.clock.begin(transport, controls.rate, ahead, frames, &self.commitments);
        let mut eventful = motion != Motion::Continued(None) || !input.is_empty();
        self.clock.set_timing(controls.timing());
        self.clock.set_swing(controls.groove.swing, transport.metre());
        self.check_generation();
        match motion {
            Motion::Held(_) => {
                self.wait_for_all(transport, controls);
                self.fall_silent(out);
            }
            Motion::Parked(_, first) => {
                self.fall_silent(out);
                self.close();
                self.park(first, transport, controls);
            }
            Motion::Started => self.start(),
            Motion::Continued(None) => {}
            Motion::Continued(Some(index)) => {
                self.wait_for_all(transport, controls);
                self.void_from(index);
            }
            Motion::Jumped => {
                self.wait_for_all(transport, controls);
                self.fall_silent(out);
                self.close();
                self.hearing.jump(self.clock.last().index);
                self.void_from(i64::MIN);
            }
        }
        self.receive(transport);
        self.play_late(transport, controls, out);
        if self.gate_open {
            self.release(0, out);
        }
        let mut coming = Coming::new(input, frames);
        if controls.sustain != self.sustain {
            self.sustain = controls.sustain;
            let pedal = NoteInput::Pedal { channel: None, down: controls.sustain };
            self.hearing.off(pedal, self.clock.nearest(0));
        }
        self.player.block(self.taken(controls));
        self.hear_stashed(controls, out);
        while let Some(moment) = self.clock.next_moment(&self.commitments) {
            eventful = true;
            self.hear(&mut coming, moment.offset_samples, controls, out);
            self.clock.take(moment);
            match moment.due {
                Due::Commit => {
                    self.commit(moment.place, Some(moment.offset_samples), transport, controls);
                }
                Due::Listen => self.listen(moment.place, moment.offset_samples, controls),
                Due::Boundary => {
                    // On short laps the step before has not sounded yet.
                    self.wait_for_begun(transport, controls);
                    // What is replayed tells when it sounds.
                    self.wait_for(moment.place, transport, controls);
                    self.begin(moment.place, moment.offset_samples, transport, controls, out);
                }
                Due::Sound => {
                    self.wait_for(moment.place, transport, controls);
                    self.sound(moment.offset_samples, transport, controls, out);
                }
                Due::Late => self.miss(moment.offset_samples, out),
                Due::Gate => {
                    if let Some(next) = self.next_to_sound().map(Commitment::place) {
                        self.wait_for(next, transport, controls);
                    }
                    self.release(moment.offset_samples, out);
                }
            }
        }
        self.hear_rest(&mut coming, controls, out);
        self.send();
        self.waits.end(frames, transport);
        self.publish(transport, controls, eventful);
    }

    /// The host activated us; its offline flag is worth so much from now on.
    ///
    /// # Realtime
    /// As [`Performer::process`].
    pub fn activate(&mut self, flag: OfflineFlag) {
        self.waits.activate(flag);
    }

    /// The host was reset, reactivated, changed its sample rate or loaded a state: a new epoch.
    /// What sounds, passed on or our own, is ended by the next block; a first chord that is
    /// ready stays so. What was held counts as let go.
    ///
    /// # Realtime
    /// As [`Performer::process`].
    pub fn reset(&mut self) {
        self.player.end_all_later();
        self.thru.end_all_later();
        self.close();
        self.hearing.let_go();
        self.clock.reset();
        self.gate_open = false;
        self.gated = 0;
        self.commitments.rewind();
        self.new_epoch();
    }

    /// Ends every note on every key, with the next block. What is held by the chord that
    /// sounds stays silent until it is struck again; what the musician held counts as let go.
    ///
    /// # Realtime
    /// As [`Performer::process`].
    pub fn panic(&mut self) {
        self.thru.end_all_later();
        self.hearing.let_go();
        self.player.owe_every_key(self.channel);
    }

    /// Playback began: only the chord that was parked is worth keeping.
    fn start(&mut self) {
        self.close();
        self.rewind();
        self.hearing.begin();
        self.loudness.begin();
        self.feel = Feel::default();
        // Parked and answered, it is what history began with.
        self.anchored = self.commitments.coming().any(Commitment::is_answered);
        self.anchor_next = false;
        self.end.shared.sounding.store(self.clock.last().index, Ordering::Relaxed);
        self.status.clear_past();
        self.status.now = None;
        self.status.shortest_lead_ms = None;
        self.status.lookahead_too_short = false;
    }

    /// While stopped: has the chord ready with which playback would begin.
    fn park(&mut self, first: Option<Place>, transport: &Transport, controls: &Controls) {
        self.end.shared.sounding.store(i64::MIN, Ordering::Relaxed);
        match first {
            Some(place) => {
                self.rewind();
                self.commit(place, None, transport, controls);
            }
            None => self.void_all(),
        }
    }

    /// Decides that the chord of `place` follows from what is known now: at a sample of the
    /// block, or while stopped.
    fn commit(
        &mut self,
        place: Place,
        offset_samples: Option<u32>,
        transport: &Transport,
        controls: &Controls,
    ) {
        let grid = Grid { rate: controls.rate };
        let first = place.index == 0;
        let position = grid.position(place.step, transport.metre());
        let playing = offset_samples.is_some();
        let begun = playing.then(|| self.clock.last().index);
        self.hearing.take_turns(&Turn { index: place.index, position, begun }, controls);
        let key = self.hearing.key(playing, place.index, None);
        let rules = self.hearing.rules(controls, self.hearing.held(), key.tonality());
        let nearest = offset_samples.and_then(|offset| self.clock.nearest(offset));
        let request = Request {
            // These two are those of the sending.
            epoch: 0,
            generation: 0,
            place,
            rate: controls.rate,
            position,
            accompanies: controls.mode == Mode::Accompany && self.hearing.met(),
            follow: react::follow(controls, controls.transpose, &key),
            decision: match controls.reaction_s() > 0.0 {
                true => Decision::Ahead,
                false => Decision::Only,
            },
            answers: controls.mode == Mode::Answer && self.hearing.answering(),
            motif: self.hearing.motif(place.index),
            anchor: first || self.anchor_next,
            lookahead: controls.commits_ahead(),
            seed: controls.seed,
            shaping: controls.shaping,
            rules,
            transpose: controls.transpose,
            recall: match controls.replay {
                Replay::Always => Recallable::All,
                Replay::Bounces if self.waits.bounces(transport) => Recallable::Earlier,
                _ => Recallable::Locked,
            },
            heard: self.tell(RequestId { index: place.index, second: false }, nearest),
        };
        if first {
            // Parked with the same parameters, it is what was asked for already.
            if self.commitments.confirm(&request) {
                return;
            }
            self.anchored = false;
            self.void_from(i64::MIN);
        }
        self.anchor_next = false;
        self.commitments.commit(request);
        self.send();
    }

    /// The step of `place` begins, with its chord if that is there.
    fn begin(
        &mut self,
        place: Place,
        offset_samples: u32,
        transport: &Transport,
        controls: &Controls,
        out: &mut impl NoteSink,
    ) {
        // On short laps a step can begin before the one before it sounded or was given up.
        self.play(offset_samples, transport, controls, out);
        self.miss(offset_samples, out);
        self.close();
        self.end.shared.sounding.store(place.index, Ordering::Relaxed);
        self.status.now = Some(place.step);
        self.commitments.begin();
        if let Some(begun) = self.commitments.unsounded() {
            self.begun = Some(outcome::begun(begun, transport));
            self.status.push_past(shown(begun));
        }
        self.time_step(controls);
        if !self.clock.is_sound_due() {
            self.sound(offset_samples, transport, controls, out);
        }
    }

    /// A chord that came no more than a quarter of a step late plays at once.
    fn play_late(&mut self, transport: &Transport, controls: &Controls, out: &mut impl NoteSink) {
        if self.clock.is_sound_due() || !self.clock.in_time_for_last() {
            return;
        }
        let second = self.commitments.unsounded().and_then(Commitment::second_asked_in);
        if self.play(0, transport, controls, out) {
            // What was asked for in the block before could not be there in it.
            let waited = second.is_some_and(|block| block + 1 == self.block);
            self.status.late_chords += u64::from(!waited);
        }
    }

    /// The gate of the step that sounds: what the next chord does not hold on ends, as soon as
    /// that chord is there.
    fn release(&mut self, offset_samples: u32, out: &mut impl NoteSink) {
        let next = self.next_to_sound();
        let before = next.and_then(Commitment::touch).and_then(|touch| touch.released);
        let next = next.and_then(Commitment::sounding_chord);
        self.gate_open = next.is_none();
        self.gated |= match (before, next) {
            // As when it was heard.
            (Some(keys), Some(_)) => self.player.release_keys(keys, offset_samples, out),
            (None, Some(next)) => self.player.release(next, offset_samples, out),
            (_, None) => 0,
        };
    }

    /// The commitment that sounds next.
    fn next_to_sound(&self) -> Option<&Commitment> {
        let begun = self.commitments.unsounded().filter(|_| self.clock.is_sound_due());
        begun.or(self.commitments.coming().next())
    }

    /// A chord that has not come by now does not sound: a rest.
    fn miss(&mut self, offset_samples: u32, out: &mut impl NoteSink) {
        if self.commitments.finish() {
            self.player.rest(offset_samples, out);
            self.status.missed_deadlines += 1;
            self.status.lookahead_too_short = true;
        }
    }

    fn fall_silent(&mut self, out: &mut impl NoteSink) {
        self.player.rest(0, out);
        self.commitments.finish();
        self.gate_open = false;
        self.gated = 0;
    }
}

//! Whether the audio thread may wait for a chord: only in a render.

use std::time::{Duration, Instant};

use crate::jam::controls::Controls;
use crate::jam::transport::Transport;

use super::MAX_WAIT;

/// What the host's offline flag is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OfflineFlag {
    /// It is that of the block.
    #[default]
    Current,
    /// It is that of an earlier activation: the framework's VST3 wrapper hands over the mode
    /// of the set-up before.
    Late,
}

/// Decides about waiting.
///
/// With `Wait for notes` on, every chord may be waited for. By the host's offline flag alone,
/// one block may, and those of the next tenth of a second of sound, which tell nothing yet: steps
/// can be shorter. After that a block may wait only if, since then, clearly more sound was made
/// than time went by outside our own waits: then it is a render. A live host cannot get ahead
/// of the clock by more than its buffers, so a wrong flag costs one wait (or one for each step of
/// that tenth); and a render that
/// does not get ahead of the clock is one in which chords have as much time as live. A wait
/// that expired ends all waiting until the worker answers again.
///
/// Flags may be late or wrong, and so [`RenderDetector`] stand in for them once a host activated us.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waits {
    /// When a block first asked by the flag.
    begun: Option<Instant>,
    /// Seconds of sound made since then, this block excluded.
    made_s: f64,
    /// Seconds waited since then.
    waited_s: f64,
    /// Time waited in this block.
    waited: Duration,
    /// Whether the flag allows this block to wait.
    flag_allows: Option<bool>,
    expired: bool,
    /// Whether the host seems to render, whatever its flag tells.
    detector: Option<RenderDetector>,
}

impl Waits {
    /// How much faster than the clock a render is at least.
    const RENDER_PACE: f64 = 4.0 / 3.0;

    /// How far a live host may get ahead of the clock: what it buffers.
    const BUFFERED_S: f64 = 0.05;

    /// Sound that tells nothing of the host's pace.
    const TOO_EARLY_S: f64 = 2.0 * Waits::BUFFERED_S;

    /// The host activated us.
    pub fn activate(&mut self, flag: OfflineFlag) {
        let detector = Some(RenderDetector { flag, ..RenderDetector::default() });
        *self = Waits { detector, ..Waits::default() };
    }

    /// A block begins.
    ///
    /// # Realtime
    /// Reads the clock.
    pub fn begin(&mut self, transport: &Transport) {
        self.begin_at(Instant::now(), transport);
    }

    fn begin_at(&mut self, now: Instant, transport: &Transport) {
        if let Some(detector) = &mut self.detector {
            detector.look(now, self.waited, transport.playing);
        }
        self.waited = Duration::ZERO;
        self.flag_allows = None;
    }

    /// The block was `frames` long.
    pub fn end(&mut self, frames: u32, transport: &Transport) {
        if !self.is_told(transport) {
            self.begun = None;
        }
        let seconds = f64::from(frames) / transport.sample_rate;
        let seconds = if seconds.is_finite() { seconds } else { 0.0 };
        self.made_s += seconds;
        if let Some(detector) = &mut self.detector {
            detector.made(seconds);
        }
    }

    /// Whether this block has waited.
    pub fn has_waited(&self) -> bool {
        !self.waited.is_zero()
    }

    /// The worker lives.
    pub fn answered(&mut self) {
        self.expired = false;
    }

    /// How long the block may wait for a chord now; zero if not at all.
    ///
    /// # Realtime
    /// Reads the clock, only if the host says that it renders.
    pub fn allowance(&mut self, transport: &Transport, controls: &Controls) -> Duration {
        self.allowance_at(Instant::now, transport, controls)
    }

    fn allowance_at(
        &mut self,
        now: impl FnOnce() -> Instant,
        transport: &Transport,
        controls: &Controls,
    ) -> Duration {
        if self.expired {
            Duration::ZERO
        } else if controls.wait_for_notes {
            MAX_WAIT
        } else if self.detector.is_some_and(|detector| detector.is_far_ahead())
            || self.is_told(transport) && self.flag_allows(now)
        {
            MAX_WAIT.saturating_sub(self.waited)
        } else {
            Duration::ZERO
        }
    }

    /// Whether the host bounces: as its flag tells or, where that is worth less, as it tells and
    /// the pace does not deny; or as its pace alone tells.
    ///
    /// # Realtime
    /// As [`Waits::allowance`].
    pub fn bounces(&mut self, transport: &Transport) -> bool {
        self.bounces_at(Instant::now, transport)
    }

    fn bounces_at(&mut self, now: impl FnOnce() -> Instant, transport: &Transport) -> bool {
        let told = match self.detector {
            Some(RenderDetector { flag: OfflineFlag::Late, .. }) => {
                transport.playing && self.is_told(transport) && self.flag_allows(now)
            }
            _ => transport.offline,
        };
        told || self.detector.is_some_and(|detector| detector.is_far_ahead())
    }

    /// A wait is over.
    pub fn waited(&mut self, time: Duration, got_it: bool) {
        self.waited += time;
        self.waited_s += time.as_secs_f64();
        self.expired = !got_it;
    }

    fn is_told(&self, transport: &Transport) -> bool {
        transport.offline || self.detector.is_some_and(|detector| detector.began_at_once)
    }

    fn flag_allows(&mut self, now: impl FnOnce() -> Instant) -> bool {
        if let Some(allows) = self.flag_allows {
            return allows;
        }
        let now = now();
        let allows = match self.begun {
            Some(begun) => {
                let passed_s = now.duration_since(begun).as_secs_f64() - self.waited_s;
                self.made_s < Waits::TOO_EARLY_S
                    || self.made_s - Waits::BUFFERED_S > passed_s * Waits::RENDER_PACE
            }
            None => {
                (self.begun, self.made_s, self.waited_s) = (Some(now), 0.0, 0.0);
                true
            }
        };
        self.flag_allows = Some(allows);
        allows
    }
}

/// Whether a host renders that does not say so.
///
/// One that is further ahead of the clock than any live host (jam.md, section 2) renders. And one
/// whose flag is late and that plays at once when it has activated us does so to render, or is
/// live and activated us while it played; that counts as its flag would, so it costs a live one a
/// wait at most.
#[derive(Clone, Copy, Debug, Default)]
struct RenderDetector {
    flag: OfflineFlag,
    first: Option<Instant>,
    last: Option<Instant>,
    playing: bool,
    /// Whether playback began at once, and goes on since.
    began_at_once: bool,
    /// How far the sound made is ahead of the clock, seconds.
    ahead_s: f64,
}

impl RenderDetector {
    /// Playback that begins so soon after the first block began at once.
    const AT_ONCE: Duration = Duration::from_millis(100);

    /// Further ahead than this is no live host.
    const FAR_AHEAD_S: f64 = 0.5;

    /// So far is kept count: when a render is over, it is known within the difference.
    const MOST_AHEAD_S: f64 = 1.0;

    /// By how much a live host may be faster than the clock, hour after hour, and never get ahead:
    /// sound cards are off by a few hundred millionths. A render is faster by far more.
    const DRIFT: f64 = 0.01;

    /// A block begins; in the one before so much time was waited by ourselves.
    fn look(&mut self, now: Instant, waited: Duration, playing: bool) {
        let first = *self.first.get_or_insert(now);
        if let Some(last) = self.last.replace(now) {
            let passed = now.duration_since(last).saturating_sub(waited);
            let most_made_s = passed.as_secs_f64() * (1.0 + RenderDetector::DRIFT);
            self.ahead_s = (self.ahead_s - most_made_s).max(0.0);
        }
        if playing && !self.playing {
            self.began_at_once = self.flag == OfflineFlag::Late
                && now.duration_since(first) < RenderDetector::AT_ONCE;
        }
        self.began_at_once &= playing;
        self.playing = playing;
    }

    fn made(&mut self, seconds: f64) {
        self.ahead_s = (self.ahead_s + seconds).min(RenderDetector::MOST_AHEAD_S);
    }

    fn is_far_ahead(self) -> bool {
        self.ahead_s > RenderDetector::FAR_AHEAD_S
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFLINE: Transport = Transport {
        playing: true,
        sample_rate: 48_000.0,
        tempo_bpm: Some(120.0),
        position_beats: Some(0.0),
        bar_start_beats: None,
        time_signature: None,
        loop_beats: None,
        offline: true,
    };

    const PLAYING: Transport = Transport { offline: false, ..OFFLINE };
    const STOPPED: Transport = Transport { playing: false, ..PLAYING };

    /// A host whose time passes when a test says so.
    struct Host {
        waits: Waits,
        now: Instant,
    }

    impl Host {
        fn new(waits: Waits) -> Host {
            Host { waits, now: Instant::now() }
        }

        fn activated(flag: OfflineFlag) -> Host {
            let mut waits = Waits::default();
            waits.activate(flag);
            Host::new(waits)
        }

        /// A block that makes so many seconds of sound, in no time: whether it may wait.
        fn asks(&mut self, told: &Transport, controls: &Controls, seconds: f64) -> bool {
            let now = self.now;
            self.waits.begin_at(now, told);
            let allowed = !self.waits.allowance_at(|| now, told, controls).is_zero();
            self.waits.end((seconds * told.sample_rate) as u32, told);
            allowed
        }

        fn pass(&mut self, seconds: f64) {
            self.now += Duration::from_secs_f64(seconds);
        }
    }

    #[test]
    fn a_render_that_is_not_told_waits_from_its_first_block() {
        let controls = Controls::default();
        for blocks_at_rest in [0, 3] {
            let mut host = Host::activated(OfflineFlag::Late);
            for _ in 0..blocks_at_rest {
                assert!(!host.asks(&STOPPED, &controls, 0.01));
            }
            for _ in 0..100 {
                assert!(host.asks(&PLAYING, &controls, 5.0), "much sound in no time");
            }
        }
    }

    #[test]
    fn a_live_host_that_is_not_told_waits_once_if_it_was_activated_while_playing() {
        let controls = Controls::default();
        let [mut inserted, mut parked] = [(); 2].map(|()| Host::activated(OfflineFlag::Late));
        parked.asks(&STOPPED, &controls, 0.11);
        parked.pass(0.11);
        for block in 0..4 {
            assert_eq!(inserted.asks(&PLAYING, &controls, 0.1), block == 0);
            assert!(!parked.asks(&PLAYING, &controls, 0.1));
            inserted.pass(0.1);
            parked.pass(0.1);
        }
    }

    #[test]
    fn a_live_session_that_bounces_unsaid_is_known_by_its_pace_and_when_it_is_live_again() {
        let controls = Controls::default();
        let mut host = Host::activated(OfflineFlag::Late);
        host.asks(&STOPPED, &controls, 0.01);
        host.pass(9.0);
        // As far ahead as a host may be that runs ahead of the sound.
        assert!(!host.asks(&PLAYING, &controls, 0.2));
        assert!(!host.asks(&PLAYING, &controls, 5.0));
        for _ in 0..100 {
            assert!(host.asks(&PLAYING, &controls, 5.0));
        }
        host.pass(0.6);
        assert!(!host.asks(&PLAYING, &controls, 0.1), "live again");
    }

    #[test]
    fn a_host_that_could_have_said_so_renders_only_by_its_pace() {
        let controls = Controls::default();
        let mut host = Host::activated(OfflineFlag::Current);
        assert!(!host.asks(&PLAYING, &controls, 0.01), "at once, but not said");
        for block in 0..100 {
            assert_eq!(host.asks(&PLAYING, &controls, 5.0), block > 0);
        }
    }

    /// A day of live use on a card whose clock is not the computer's, with blocks that come early and
    /// late.
    #[test]
    fn a_live_host_never_waits_however_its_card_drifts() {
        let controls = Controls::default();
        let block_s = 512.0 / 48_000.0;
        for flag in [OfflineFlag::Current, OfflineFlag::Late] {
            for drift in [-200e-6, 0.0, 200e-6] {
                let mut host = Host::activated(flag);
                let begun = host.now;
                let mut blocks = 0_u32;
                while f64::from(blocks) * block_s < 24.0 * 3600.0 {
                    let told = if blocks < 100 { &STOPPED } else { &PLAYING };
                    let jitter_s = 0.005 * f64::from(blocks % 7) / 7.0;
                    let at_s = f64::from(blocks) * block_s * (1.0 - drift) + jitter_s;
                    host.now = begun + Duration::from_secs_f64(at_s);
                    let now = host.now;
                    let waited = host.asks(told, &controls, block_s);
                    assert!(!waited, "{flag:?}, {drift}: in block {blocks}");
                    let bounces = host.waits.bounces_at(|| now, told);
                    assert!(!bounces, "{flag:?}, {drift}: in block {blocks}");
                    blocks += 1;
                }
            }
        }
    }

    #[test]
    fn a_wrong_flag_costs_one_wait_and_a_render_may_always_wait() {
        let controls = Controls::default();
        let [mut live, mut render] = [(); 2].map(|()| Host::new(Waits::default()));
        assert!(live.asks(&OFFLINE, &controls, 0.1));
        for _ in 0..3 {
            assert!(render.asks(&OFFLINE, &controls, 5.0), "much sound in no time");
            // A live host needs the time that it plays for.
            live.pass(0.1);
            assert!(!live.asks(&OFFLINE, &controls, 0.1));
        }
    }

    /// At 480 BPM a sixteenth lasts 31 ms: the second chord is due before any pace is known.
    #[test]
    fn a_render_waits_for_chords_that_follow_fast() {
        let controls = Controls::default();
        let mut render = Host::new(Waits::default());
        for _ in 0..100 {
            assert!(render.asks(&OFFLINE, &controls, 0.031));
        }
    }

    /// On a slow machine the waits themselves take longer than the sound between them.
    #[test]
    fn a_render_is_not_held_slow_for_its_own_waits() {
        let controls = Controls::default();
        let mut render = Host::new(Waits::default());
        for _ in 0..3 {
            assert!(render.asks(&OFFLINE, &controls, 1.0));
            render.pass(MAX_WAIT.as_secs_f64());
            render.waits.waited(MAX_WAIT, true);
        }
    }

    #[test]
    fn an_expired_wait_is_the_last_until_the_worker_answers() {
        let controls = Controls { wait_for_notes: true, ..Controls::default() };
        let mut host = Host::new(Waits::default());
        assert!(host.asks(&OFFLINE, &controls, 0.1));
        host.waits.waited(MAX_WAIT, false);
        assert!(!host.asks(&OFFLINE, &controls, 0.1));
        host.waits.answered();
        assert!(host.asks(&OFFLINE, &controls, 0.1));
    }
}

//! The audition voice: in tune, in time, without a click, the same for every partition.

use std::f64::consts::TAU;

use anacrusis::audition::{Audition, POLYPHONY, Settings, Sounding};
use anacrusis::jam::player::{NoteEvent, NoteKind, NoteSink};
use proptest::prelude::*;

const LOUDEST: Settings = Settings { on: true, level_db: 0.0 };
const OFF: Settings = Settings { on: false, level_db: 0.0 };

/// Takes everything, or nothing.
struct Host {
    open: bool,
    taken: usize,
}

impl NoteSink for Host {
    fn try_send(&mut self, _: NoteEvent) -> bool {
        self.taken += usize::from(self.open);
        self.open
    }
}

fn event(kind: NoteKind, offset_samples: u32, key: u8) -> NoteEvent {
    NoteEvent { offset_samples, kind, key, channel: 0, velocity: 100 }
}

fn on(offset_samples: u32, key: u8) -> NoteEvent {
    event(NoteKind::On, offset_samples, key)
}

fn off(offset_samples: u32, key: u8) -> NoteEvent {
    event(NoteKind::Off, offset_samples, key)
}

fn voice(sample_rate: f64) -> Audition {
    let mut voice = Audition::default();
    voice.set(LOUDEST, sample_rate);
    voice
}

/// One block with events at their offsets: left and right.
fn block(voice: &mut Audition, samples: usize, events: &[NoteEvent]) -> [Vec<f32>; 2] {
    // What was there before must not be heard.
    let mut sides = [vec![9.0; samples], vec![9.0; samples]];
    let [left, right] = &mut sides;
    let host = Host { open: true, taken: 0 };
    let mut sounding = Sounding::new(voice, host, left, right);
    for event in events {
        assert!(sounding.try_send(*event));
    }
    sounding.finish();
    sides
}

fn hertz(key: u8) -> f64 {
    440.0 * ((f64::from(key) - 69.0) / 12.0).exp2()
}

/// What `samples` hold at a frequency, under a Hann window: amplitude and phase, the latter
/// against a sine that began with the signal's sample 0.
fn heterodyne(samples: &[f32], from: usize, length: usize, radians: f64) -> (f64, f64) {
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (index, sample) in samples[from..from + length].iter().enumerate() {
        let window = 1.0 - (TAU * index as f64 / length as f64).cos();
        let angle = radians * (from + index) as f64;
        real += f64::from(*sample) * window * angle.cos();
        imaginary -= f64::from(*sample) * window * angle.sin();
    }
    (real.hypot(imaginary) * 2.0 / length as f64, imaginary.atan2(real))
}

#[test]
fn every_key_is_in_tune_at_every_sample_rate() {
    let mut worst: f64 = 0.0;
    for sample_rate in [22_050.0, 44_100.0, 48_000.0, 96_000.0, 192_000.0] {
        for key in [21, 33, 48, 60, 69, 81, 96, 108] {
            let mut voice = voice(sample_rate);
            let [left, _] = block(&mut voice, sample_rate as usize, &[on(0, key)]);
            let radians = TAU * hertz(key) / sample_rate;
            // How far the phase runs away within a tenth of a second tells the frequency.
            let length = (0.4 * sample_rate) as usize;
            let (first, second) = ((0.05 * sample_rate) as usize, (0.15 * sample_rate) as usize);
            let (level, before) = heterodyne(&left, first, length, radians);
            let (_, after) = heterodyne(&left, second, length, radians);
            let turned = (after - before + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
            let seconds = (second - first) as f64 / sample_rate;
            let found = hertz(key) + turned / TAU / seconds;
            let cents = 1200.0 * (found / hertz(key)).log2();
            worst = worst.max(cents.abs());
            // And it is that frequency that is heard, not some other.
            let power = |samples: &[f32]| samples.iter().map(|x| f64::from(x * x)).sum::<f64>();
            let (beside, _) = heterodyne(&left, first, length, radians * 1.41);
            assert!(beside < level / 20.0, "key {key} at {sample_rate}: {beside} beside {level}");
            assert!(power(&left[first..first + length]) > 0.0);
            assert!(level > 1e-4, "key {key} at {sample_rate} Hz is silent");
        }
    }
    assert!(worst < 0.5, "{worst} cents off");
}

#[test]
fn a_note_begins_at_its_sample_and_ends_in_silence() {
    for offset in [0, 1, 63, 500] {
        let mut voice = voice(48_000.0);
        let sides = block(&mut voice, 512, &[on(offset, 60)]);
        for side in sides {
            let first = side.iter().position(|sample| *sample != 0.0);
            assert_eq!(first, Some(offset as usize));
        }
        assert!(!voice.is_idle());
        let [left, _] = block(&mut voice, 48_000, &[off(100, 60)]);
        assert!(voice.is_idle(), "it rings off");
        assert!(left[24_000..].iter().all(|sample| *sample == 0.0), "into silence");
        assert!(left[200..2_000].iter().any(|sample| sample.abs() > 0.01), "not at once");
    }
}

/// The largest step from one sample to the next.
fn largest_step(samples: &[f32]) -> f32 {
    samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

/// Low notes move slowly from sample to sample, so a jump stands out: the bound is what the
/// same notes do when nothing disturbs them, and a cut without a fade exceeds it far.
#[test]
fn nothing_clicks() {
    let sample_rate = 48_000.0;
    let low: Vec<NoteEvent> = (0..POLYPHONY as u8).map(|n| on(0, 21 + n / 4)).collect();
    let apart = |n: usize, note: &NoteEvent| NoteEvent { channel: n as u8 % 16, ..*note };
    let low: Vec<NoteEvent> = low.iter().enumerate().map(|(n, note)| apart(n, note)).collect();
    let mut undisturbed = voice(sample_rate);
    let [calm, _] = block(&mut undisturbed, 24_000, &low);
    let bound = 1.5 * largest_step(&calm);
    // The bound can be broken: a hard end at a loud moment would.
    let loud = calm[12_000..].iter().fold(0.0f32, |most, sample| most.max(sample.abs()));
    assert!(loud > 4.0 * bound, "{loud} against {bound}");

    let check = |name: &str, samples: &[f32]| {
        let step = largest_step(samples);
        assert!(step <= bound, "{name}: a step of {step}, {bound} allowed");
    };
    let mut stolen = voice(sample_rate);
    let mut events = low.clone();
    // The same keys again, on channels where they are new notes.
    for (n, note) in low.iter().enumerate() {
        let channel = (note.channel + 4) % 16;
        events.push(NoteEvent { offset_samples: 12_000 + n as u32 * 400, channel, ..*note });
    }
    check("steal", &block(&mut stolen, 30_000, &events)[0]);

    for (name, interrupt) in [
        ("switched off", (|voice: &mut Audition| voice.set(OFF, 48_000.0)) as fn(&mut Audition)),
        ("silenced", Audition::silence),
        ("turned down", |voice| voice.set(Settings { on: true, level_db: -60.0 }, 48_000.0)),
        ("muted", |voice| voice.set(Settings { on: true, level_db: f32::NAN }, 48_000.0)),
    ] {
        for moment in [11_000, 12_345, 13_333] {
            let mut voice = voice(sample_rate);
            let [mut left, _] = block(&mut voice, moment, &low);
            interrupt(&mut voice);
            left.extend_from_slice(&block(&mut voice, 6_000, &[])[0]);
            check(name, &left);
            let end = left.len() - 100;
            let rest = left[end..].iter().fold(0.0f32, |most, sample| most.max(sample.abs()));
            assert!(rest < 0.01, "{name}: {rest} left");
        }
    }
    let mut ended = voice(sample_rate);
    let mut events = low.clone();
    events.extend(low.iter().map(|note| NoteEvent {
        kind: NoteKind::Off,
        offset_samples: 12_345,
        ..*note
    }));
    check("ended", &block(&mut ended, 24_000, &events)[0]);
}

#[test]
fn off_it_costs_and_touches_nothing() {
    let mut voice = Audition::default();
    for rate in [48_000.0, f64::NAN, 0.0, -1.0, f64::INFINITY] {
        voice.set(OFF, rate);
        let [left, right] = block(&mut voice, 64, &[on(3, 60)]);
        assert!(voice.is_off());
        assert!(left.iter().chain(&right).all(|sample| *sample == 9.0), "not even filled");
    }
    // Sample rates that make no sense are silence.
    for rate in [f64::NAN, 0.0, -1.0, 10.0, f64::INFINITY] {
        voice.set(LOUDEST, rate);
        let [left, _] = block(&mut voice, 64, &[on(3, 60)]);
        assert!(left.iter().all(|sample| *sample == 0.0), "{rate} Hz");
    }
    // Switched off, it falls silent soon, and only then leaves the buffer alone.
    voice.set(LOUDEST, 48_000.0);
    block(&mut voice, 4_800, &[on(0, 60)]);
    voice.set(OFF, 48_000.0);
    assert!(!voice.is_off(), "it fades first");
    let [left, _] = block(&mut voice, 480, &[]);
    assert!(left[0] != 0.0 && left[479] == 0.0);
    assert!(voice.is_off());
}

#[test]
fn a_refused_event_is_not_heard() {
    let mut voice = voice(48_000.0);
    let (mut left, mut right) = ([9.0; 64], [9.0; 64]);
    let mut sounding =
        Sounding::new(&mut voice, Host { open: false, taken: 0 }, &mut left, &mut right);
    assert!(!sounding.try_send(on(0, 60)), "the refusal is passed on");
    sounding.finish();
    assert!(left.iter().chain(&right).all(|sample| *sample == 0.0));
}

#[test]
fn a_held_note_fades_and_frees_its_place() {
    let mut voice = voice(8_000.0);
    let [left, _] = block(&mut voice, 8_000 * 16, &[on(0, 21)]);
    assert!(voice.is_idle());
    assert!(left[8_000 * 5].abs() < left[..8_000].iter().fold(0.0f32, |m, x| m.max(x.abs())));
    assert!(left.iter().all(|sample| *sample == 0.0 || sample.is_normal()), "none is subnormal");
}

/// The end of a fade is a rounding error above zero at some rates, and its square next to
/// nothing.
#[test]
fn no_end_is_subnormal_at_any_sample_rate() {
    for hz in (8_000..100_000).step_by(500) {
        let mut voice = voice(f64::from(hz));
        voice.set(Settings { level_db: -48.0, ..LOUDEST }, f64::from(hz));
        // High, so that it has faded almost to its end after a second.
        let quiet = NoteEvent { velocity: 1, ..on(0, 108) };
        let sides = block(&mut voice, 2 * hz as usize, &[quiet, off(hz, 108)]);
        assert!(voice.is_idle(), "{hz} Hz");
        for sample in sides.into_iter().flatten() {
            assert!(sample == 0.0 || sample.is_normal(), "{hz} Hz: {sample:e}");
        }
    }
}

#[test]
fn the_loudest_there_is_stays_within_bounds() {
    let mut voice = voice(44_100.0);
    for round in 0..20 {
        let events: Vec<NoteEvent> = (0..=255u8)
            .map(|n| NoteEvent {
                velocity: 255,
                channel: n,
                ..on(u32::from(n), n.wrapping_add(round))
            })
            .collect();
        for side in block(&mut voice, 2_000, &events) {
            assert!(side.iter().all(|sample| sample.abs() < 1.0), "also NaN fails");
            assert!(side.iter().any(|sample| sample.abs() > 0.7), "it is loud");
        }
    }
}

fn notes() -> impl Strategy<Value = Vec<NoteEvent>> {
    let note = (0..9_000u32, any::<bool>(), 20..110u8, 0..2u8, 0..=127u8);
    prop::collection::vec(note, 0..120).prop_map(|mut notes| {
        notes.sort_by_key(|note| note.0);
        let event = |(offset_samples, on, key, channel, velocity)| {
            let kind = if on { NoteKind::On } else { NoteKind::Off };
            NoteEvent { offset_samples, kind, key, channel, velocity }
        };
        notes.into_iter().map(event).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn partitions_sound_alike(events in notes(), sizes in prop::collection::vec(0..700usize, 1..40)) {
        const LENGTH: usize = 9_000;
        let whole = block(&mut voice(48_000.0), LENGTH, &events);
        let mut voice = voice(48_000.0);
        let mut parts = [Vec::new(), Vec::new()];
        let mut sizes = sizes.into_iter().chain(std::iter::repeat(64));
        let mut begun = 0;
        while begun < LENGTH {
            let size = sizes.next().unwrap_or(64).min(LENGTH - begun);
            let inside = |event: &&NoteEvent| {
                (begun..begun + size).contains(&(event.offset_samples as usize))
            };
            let events: Vec<NoteEvent> = events
                .iter()
                .filter(inside)
                .map(|event| NoteEvent { offset_samples: event.offset_samples - begun as u32, ..*event })
                .collect();
            // The settings are set anew in every block, as by the plugin.
            voice.set(LOUDEST, 48_000.0);
            let sides = block(&mut voice, size, &events);
            parts.iter_mut().zip(sides).for_each(|(part, side)| part.extend(side));
            begun += size;
        }
        let bits = |sides: &[Vec<f32>; 2]| -> Vec<u32> {
            sides.iter().flatten().map(|sample| sample.to_bits()).collect()
        };
        prop_assert_eq!(bits(&whole), bits(&parts));
    }
}

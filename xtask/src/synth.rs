//! A small electric piano, so that a demo can be heard without a host: FunDSP does the sound.

use fundsp::prelude64::*;

/// Sample rate of what [`render`] makes, in Hz.
pub const SAMPLE_RATE: u32 = 44_100;

/// A note to be heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// Beginning in seconds.
    pub start_seconds: f64,
    /// End in seconds; it rings a little longer.
    pub end_seconds: f64,
    /// MIDI key number.
    pub key: u8,
    /// 0..=1.
    pub velocity: f64,
}

/// How long a note rings after its end, in seconds.
const RELEASE_SECONDS: f64 = 0.18;

/// What the room adds after the last note, in seconds.
const TAIL_SECONDS: f64 = 1.5;

/// Loudest sample.
const PEAK: f32 = 0.7;

/// Stereo samples of `notes`, left and right, at [`SAMPLE_RATE`]. Silence for no notes.
pub fn render(notes: &[Note]) -> [Vec<f32>; 2] {
    let end = notes.iter().map(|note| note.end_seconds).fold(0.0, f64::max);
    let mut players = Sequencer::new(0, 2, ReplayMode::None);
    for note in notes {
        let held = (note.end_seconds - note.start_seconds).max(0.02);
        players.push_duration(
            note.start_seconds,
            held + RELEASE_SECONDS,
            Fade::Smooth,
            0.004,
            RELEASE_SECONDS,
            voice(note),
        );
    }
    let dry = Wave::render(f64::from(SAMPLE_RATE), end + TAIL_SECONDS, &mut players);
    let mut room = multipass::<U2>() & (0.18 * reverb_stereo(14.0, 1.8, 0.6));
    let mut wet = dry.filter(dry.duration(), &mut room);
    // A silent wave has no peak to scale by.
    if wet.amplitude() > 0.0 {
        wet.normalize();
    }
    let scaled = |channel: usize| wet.channel(channel).iter().map(|x| x * PEAK).collect();
    [scaled(0), scaled(1)]
}

/// One string with its bell: partials that fade the faster the higher they are.
fn voice(note: &Note) -> Box<dyn AudioUnit> {
    let frequency = 440.0 * ((f64::from(note.key) - 69.0) / 12.0).exp2();
    // Low strings ring longer.
    let decay = 0.8 + frequency / 500.0;
    let partial = move |ratio: f64, level: f64, faster: f64| {
        let fade = lfo(move |t: f64| level * (-t * decay * faster).exp());
        sine_hz((frequency * ratio) as f32) * fade
    };
    let strings = partial(1.0, 1.0, 1.0)
        + partial(2.0, 0.45, 1.6)
        + partial(3.0, 0.18, 2.4)
        + partial(4.0, 0.08, 3.2)
        + partial(7.0, 0.05, 9.0);
    let place = ((f64::from(note.key) - 64.0) / 48.0).clamp(-0.7, 0.7);
    let level = (0.2 * note.velocity) as f32;
    Box::new((strings * level) >> pan(place as f32))
}

/// The samples as a 16-bit WAV file.
///
/// # Errors
/// If it would be longer than a WAV file can be.
pub fn wav(samples: &[Vec<f32>; 2]) -> anyhow::Result<Vec<u8>> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec)?;
    for (left, right) in samples[0].iter().zip(&samples[1]) {
        for sample in [left, right] {
            let scaled = (sample * f32::from(i16::MAX)).round();
            writer.write_sample(scaled.clamp(-32_768.0, 32_767.0) as i16)?;
        }
    }
    writer.finalize()?;
    Ok(bytes.into_inner())
}

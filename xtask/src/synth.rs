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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_sounds_when_it_should_and_at_its_pitch() {
        let note = Note { start_seconds: 0.5, end_seconds: 1.5, key: 69, velocity: 0.8 };
        let [left, right] = render(&[note]);
        assert_eq!(left.len(), right.len());
        let rate = SAMPLE_RATE as usize;
        let loudest = |samples: &[f32]| samples.iter().fold(0.0f32, |m, x| m.max(x.abs()));
        assert!(loudest(&left[..rate / 2 - 10]) < 1e-4, "silent before");
        assert!(loudest(&left[rate / 2..rate]) > 0.3, "sounds from its onset");
        let crossings =
            left[rate..rate + rate / 4].windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0);
        let hertz = crossings.count() as f64 * 4.0;
        assert!((hertz - 440.0).abs() <= 8.0, "{hertz} Hz");
        assert!(loudest(&left) <= PEAK + 1e-3 && loudest(&right) <= PEAK + 1e-3);
    }

    #[test]
    fn no_notes_are_silence_and_a_valid_file() {
        let samples = render(&[]);
        assert!(samples[0].iter().all(|x| *x == 0.0));
        let bytes = wav(&samples).expect("a file");
        let reader = hound::WavReader::new(bytes.as_slice()).expect("readable");
        assert_eq!(reader.duration() as usize, samples[0].len());
    }
}

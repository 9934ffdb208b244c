//! The demo's sound: the plugin's own audition voice, as a `.wav`.

use anacrusis::audition::{Audition, Settings};
use anacrusis::jam::player::{NoteEvent, NoteKind};
use anacrusis_test_host::{Kind, Recording};

/// Sample rate of what [`render`] makes, in Hz; recordings must have been made at it.
pub const SAMPLE_RATE: u32 = 48_000;

/// What follows the last event, so that it can ring off, in samples.
const TAIL_SAMPLES: usize = SAMPLE_RATE as usize / 2;

/// The voice at its loudest, which its limiter keeps below full scale.
const LEVEL: Settings = Settings { on: true, level_db: 0.0 };

/// What `recording` sounds like from its first play: left and right, equally long.
pub fn render(recording: &Recording) -> [Vec<f32>; 2] {
    let origin = recording.spans.iter().find(|span| span.playing);
    let origin = origin.map_or(0, |span| span.time_samples);
    let mut voice = Audition::default();
    voice.set(LEVEL, f64::from(SAMPLE_RATE));
    let mut sides = [Vec::new(), Vec::new()];
    for event in recording.events.iter().filter(|event| event.time_samples >= origin) {
        let at = usize::try_from(event.time_samples - origin).unwrap_or(usize::MAX);
        extend(&mut voice, &mut sides, at);
        voice.play(NoteEvent {
            offset_samples: 0,
            kind: match event.kind {
                Kind::On => NoteKind::On,
                Kind::Off => NoteKind::Off,
            },
            key: event.key,
            channel: event.channel,
            velocity: (event.velocity * 127.0).round().clamp(0.0, 127.0) as u8,
        });
    }
    let end = sides[0].len() + TAIL_SAMPLES;
    extend(&mut voice, &mut sides, end);
    sides
}

/// Renders on, up to a length of `end` samples.
fn extend(voice: &mut Audition, [left, right]: &mut [Vec<f32>; 2], end: usize) {
    let begin = left.len();
    if end > begin {
        left.resize(end, 0.0);
        right.resize(end, 0.0);
        voice.render(&mut left[begin..], &mut right[begin..]);
    }
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
    use anacrusis_test_host::Recorded;

    fn event(time_samples: u64, kind: Kind) -> Recorded {
        Recorded {
            time_samples,
            position_beats: 0.0,
            beats_per_sample: 0.0,
            playing: true,
            pass: 0,
            kind,
            key: 69,
            channel: 0,
            velocity: 0.8,
        }
    }

    #[test]
    fn a_note_sounds_from_its_sample_to_its_end() {
        let events = vec![event(12_000, Kind::On), event(36_000, Kind::Off)];
        let [left, right] = render(&Recording { events, ..Recording::default() });
        assert_eq!(left.len(), right.len());
        assert_eq!(left.len(), 36_000 + TAIL_SAMPLES);
        assert_eq!(left.iter().position(|x| *x != 0.0), Some(12_000));
        assert!(left[30_000..36_000].iter().any(|x| x.abs() > 0.02), "held");
        assert_eq!(left.last(), Some(&0.0), "rung off");
    }

    #[test]
    fn no_notes_are_silence_and_a_valid_file() {
        let samples = render(&Recording::default());
        assert!(samples[0].iter().all(|x| *x == 0.0));
        let bytes = wav(&samples).expect("a file");
        let reader = hound::WavReader::new(bytes.as_slice()).expect("readable");
        assert_eq!(reader.duration() as usize, samples[0].len());
    }
}

//! The command line.

use std::str::FromStr;

use clap::{Parser, ValueEnum};

use crate::editor::Console;

/// Where sound and MIDI come from and go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// JACK if it runs, else the system's.
    Auto,
    /// JACK, or PipeWire in its stead: notes leave at their very sample.
    Jack,
    /// The system's own: ALSA, CoreAudio or WASAPI. Notes leave a period at a time.
    #[value(aliases = ["alsa", "coreaudio", "wasapi"])]
    System,
    /// No sound and no MIDI.
    None,
}

/// Jam with Anacrusis without a DAW.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "anacrusis-standalone",
    version,
    after_help = "\
Examples:
  anacrusis-standalone                             play at 120 BPM, heard at once
  anacrusis-standalone --tempo 92 --metre 3/4
  anacrusis-standalone --list                      devices and ports
  anacrusis-standalone --midi-in keystation        your keyboard, by a part of its name
  anacrusis-standalone --midi-out fluid --mute     into a synth, our own piano off
  anacrusis-standalone --backend system --period 128

While it runs, in its terminal: Enter stops and goes on, a number is a new tempo, 3/4 a new
metre, `top` goes to the first bar, `quit` ends. Without a screen it plays without a window."
)]
pub struct Arguments {
    /// Quarter notes per minute, 20 to 400.
    #[arg(short, long, default_value = "120", value_parser = tempo)]
    pub tempo: f64,
    /// Time signature, such as 3/4 or 7/8.
    #[arg(short, long, default_value = "4/4")]
    pub metre: Signature,
    /// Wait for Enter before playing.
    #[arg(long)]
    pub stopped: bool,
    /// Begin with the audition voice off: for when a synth plays the notes.
    #[arg(long)]
    pub mute: bool,
    /// Where sound and MIDI come from and go to.
    #[arg(short, long, default_value = "auto")]
    pub backend: Backend,
    /// MIDI keyboard, by a part of its name; without it the first, under JACK all that are
    /// plugged in.
    #[arg(long, value_name = "NAME")]
    pub midi_in: Option<String>,
    /// Where notes go besides, by a part of its name.
    #[arg(long, value_name = "NAME")]
    pub midi_out: Option<String>,
    /// Sound output, by a part of its name; without it the first.
    #[arg(long, value_name = "NAME")]
    pub output: Option<String>,
    /// Samples per second; under JACK its server decides.
    #[arg(long, value_name = "HZ", default_value_t = 48_000,
        value_parser = clap::value_parser!(u32).range(8_000..=384_000))]
    pub sample_rate: u32,
    /// Samples in a block; under JACK its server decides.
    #[arg(long, value_name = "SAMPLES", default_value_t = 256,
        value_parser = clap::value_parser!(u32).range(16..=8_192))]
    pub period: u32,
    /// Play without a window.
    #[arg(long)]
    pub no_window: bool,
    /// List the devices and ports there are, and end.
    #[arg(long)]
    pub list: bool,
}

/// A time signature within reason: 1 to 64 beats, of a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Beats in a bar.
    pub beats: u16,
    /// The note value of a beat: 4 is a quarter.
    pub value: u16,
}

impl FromStr for Signature {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no time signature such as 3/4");
        let (beats, value) = text.split_once('/').ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse::<u16>().map_err(|_| wrong());
        let signature = Signature { beats: number(beats)?, value: number(value)? };
        let sane = (1..=64).contains(&signature.beats)
            && signature.value <= 64
            && signature.value.is_power_of_two();
        if sane { Ok(signature) } else { Err(wrong()) }
    }
}

/// A tempo within reason.
///
/// # Errors
/// If `text` is no number, or too slow or too fast.
pub fn tempo(text: &str) -> Result<f64, String> {
    let bpm: f64 = text.trim().parse().map_err(|_| format!("{text:?} is no number"))?;
    let tempi = Console::TEMPI;
    let sane = tempi.contains(&bpm);
    if sane {
        Ok(bpm)
    } else {
        Err(format!("{bpm} is not within {} to {}", tempi.start(), tempi.end()))
    }
}

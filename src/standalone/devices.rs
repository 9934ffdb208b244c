//! What there is to play through, looked at before anything starts.

use std::fmt::Write as _;

use cpal::traits::{DeviceTrait, HostTrait};
use midir::{MidiInput, MidiOutput};

use super::arguments::{Arguments, Backend};
use super::cables::{self, Cables, named};

/// How the framework is to be started.
pub struct Plan {
    /// Its command line.
    pub framework: Vec<String>,
    /// The cables to lay under JACK.
    pub cables: Option<Cables>,
    /// In words.
    pub told: String,
}

/// The name of the system's sound, as the framework knows it and as people do.
const SYSTEM: (&str, &str) = if cfg!(target_os = "windows") {
    ("wasapi", "WASAPI")
} else if cfg!(target_os = "macos") {
    ("core-audio", "CoreAudio")
} else {
    ("alsa", "ALSA")
};

/// Finds out what will work.
///
/// # Errors
/// If nothing that was asked for does; says what to install, start or choose instead.
pub fn plan(arguments: &Arguments) -> Result<Plan, String> {
    match arguments.backend {
        Backend::None => silent(arguments),
        Backend::System => system(arguments),
        Backend::Jack => jack(arguments)
            .map_err(|problem| format!("{problem}\nor use --backend system for {}", SYSTEM.1)),
        Backend::Auto => match cables::open() {
            Ok(_) => jack(arguments),
            Err(without_jack) => system(arguments).map_err(|without_system| {
                format!(
                    "nothing to play through\n  JACK: {without_jack}\n  {}: {without_system}\n\
                     --backend none plays without sound",
                    SYSTEM.1
                )
            }),
        },
    }
}

fn jack(arguments: &Arguments) -> Result<Plan, String> {
    let cables = Cables::plan(cables::open()?, arguments)?;
    let sample_rate = cables.sample_rate();
    let framework = command("jack", arguments, sample_rate);
    let told = format!("playing through JACK at {sample_rate} Hz");
    Ok(Plan { framework, cables: Some(cables), told })
}

fn silent(arguments: &Arguments) -> Result<Plan, String> {
    let named = [&arguments.output, &arguments.midi_in, &arguments.midi_out];
    if let Some(name) = named.into_iter().flatten().next() {
        return Err(format!("{name:?} cannot be reached with --backend none"));
    }
    let framework = command("dummy", arguments, arguments.sample_rate);
    Ok(Plan { framework, cables: None, told: "playing without sound".to_owned() })
}

fn system(arguments: &Arguments) -> Result<Plan, String> {
    let outputs = sound_outputs();
    let (short, name) = SYSTEM;
    let mut framework = command(short, arguments, arguments.sample_rate);
    let mut option = |name: &str, value: String| framework.extend([name.to_owned(), value]);
    let output = match &arguments.output {
        Some(wanted) => named("sound output", wanted, outputs)?.into_iter().next(),
        None => None,
    };
    try_output(output.as_deref()).map_err(|problem| format!("no sound output: {problem}"))?;
    if let Some(output) = output {
        option("--output-device", output);
    }
    let keyboards = midi_inputs();
    let keyboard = match &arguments.midi_in {
        Some(wanted) => named("MIDI input", wanted, keyboards?)?.into_iter().next(),
        None => keyboards.ok().and_then(|there| {
            there.into_iter().find(|keyboard| !keyboard.contains("Midi Through"))
        }),
    };
    let mut told = format!("playing through {name} at {} Hz", arguments.sample_rate);
    if let Some(keyboard) = keyboard {
        let _ = write!(told, ", listening to {keyboard}");
        option("--midi-input", keyboard);
    }
    if let Some(wanted) = &arguments.midi_out {
        let synth = named("MIDI output", wanted, midi_outputs()?)?.into_iter().next();
        option("--midi-output", synth.unwrap_or_default());
    }
    Ok(Plan { framework, cables: None, told })
}

/// What the framework is told of `arguments`. Tempo and metre are the conductor's.
fn command(backend: &str, arguments: &Arguments, sample_rate: u32) -> Vec<String> {
    let pairs = [
        ("--backend", backend.to_owned()),
        ("--sample-rate", sample_rate.to_string()),
        ("--period-size", arguments.period.to_string()),
    ];
    let mut command = vec!["anacrusis-standalone".to_owned()];
    command.extend(pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
    command
}

/// All that can be named on the command line.
pub fn list() -> String {
    let mut text = String::new();
    let mut section = |title: &str, there: Result<Vec<String>, String>| {
        let _ = writeln!(text, "{title}");
        match there {
            Ok(there) if there.is_empty() => _ = writeln!(text, "  none"),
            Ok(there) => there.iter().for_each(|name| _ = writeln!(text, "  {name}")),
            Err(problem) => _ = writeln!(text, "  {problem}"),
        }
    };
    match cables::open() {
        Ok(client) => {
            section("JACK: sound outputs", Ok(cables::sound_targets(&client)));
            section("JACK: MIDI inputs", Ok(cables::note_sources(&client)));
            section("JACK: MIDI outputs", Ok(cables::note_targets(&client)));
        }
        Err(problem) => section("JACK", Err(problem)),
    }
    section(&format!("{}: sound outputs", SYSTEM.1), Ok(sound_outputs()));
    section(&format!("{}: MIDI inputs", SYSTEM.1), midi_inputs());
    section(&format!("{}: MIDI outputs", SYSTEM.1), midi_outputs());
    text
}

fn sound_outputs() -> Vec<String> {
    let host = cpal::default_host();
    let Ok(devices) = host.output_devices() else { return Vec::new() };
    devices.filter_map(|device| Some(device.description().ok()?.name().to_owned())).collect()
}

/// Asks the output of that name, or the system's first, whether it is there.
fn try_output(name: Option<&str>) -> Result<(), String> {
    let host = cpal::default_host();
    let mut devices = host.output_devices().map_err(|error| error.to_string())?;
    let is = |device: &cpal::Device| {
        device.description().is_ok_and(|description| name == Some(description.name()))
    };
    let device = match name {
        Some(_) => devices.find(is),
        None => host.default_output_device(),
    };
    let device = device.ok_or("there is none")?;
    device.supported_output_configs().map(|_| ()).map_err(|error| error.to_string())
}

fn midi_inputs() -> Result<Vec<String>, String> {
    let midi = MidiInput::new("anacrusis-standalone").map_err(no_sequencer)?;
    Ok(midi.ports().iter().filter_map(|port| midi.port_name(port).ok()).collect())
}

fn midi_outputs() -> Result<Vec<String>, String> {
    let midi = MidiOutput::new("anacrusis-standalone").map_err(no_sequencer)?;
    Ok(midi.ports().iter().filter_map(|port| midi.port_name(port).ok()).collect())
}

fn no_sequencer(error: midir::InitError) -> String {
    if cfg!(target_os = "linux") {
        format!("{error} (is there a sequencer? sudo modprobe snd-seq)")
    } else {
        error.to_string()
    }
}

//! Cables between JACK's ports, laid by a client of our own.
//!
//! The framework's client takes no cables before it runs and is gone when it ends; this one
//! looks beforehand, so that what cannot work is told at once.

use std::sync::Arc;
use std::time::Duration;

use jack::{Client, ClientOptions, Error, PortFlags};

use super::arguments::Arguments;
use super::shared_controls::SharedControls;

/// The name under which the framework's client runs: the plugin's, in small letters.
const US: &str = "anacrusis";

const AUDIO: &str = "audio";
const MIDI: &str = "midi";

/// What to connect, and the client that does.
pub struct Cables {
    client: Client,
    /// From, to.
    wanted: Vec<(String, String)>,
}

/// A connection to a JACK server that runs.
///
/// # Errors
/// If there is none, or no library to ask with; says what to do.
pub fn open() -> Result<Client, String> {
    match Client::new("anacrusis-cables", ClientOptions::NO_START_SERVER) {
        Ok((client, _)) => Ok(client),
        Err(Error::LibraryError(_)) => Err("JACK is not installed \
            (Debian, Ubuntu: sudo apt-get install -y jackd2; Fedora: sudo dnf install -y \
            pipewire-jack-audio-connection-kit; Arch: sudo pacman -S pipewire-jack)"
            .to_owned()),
        Err(_) => Err("no JACK server runs (start one: jackd -d alsa; under PipeWire run \
            pw-jack anacrusis-standalone)"
            .to_owned()),
    }
}

/// All ports of a kind and direction, in JACK's order.
pub fn ports(client: &Client, kind: &str, flags: PortFlags) -> Vec<String> {
    client.ports(None, Some(kind), flags)
}

/// Ports that notes come out of; the others' names begin with the client that has them.
pub fn note_sources(client: &Client) -> Vec<String> {
    ports(client, MIDI, PortFlags::IS_OUTPUT)
}

/// Ports that notes go into.
pub fn note_targets(client: &Client) -> Vec<String> {
    ports(client, MIDI, PortFlags::IS_INPUT)
}

/// Ports that sound goes into.
pub fn sound_targets(client: &Client) -> Vec<String> {
    ports(client, AUDIO, PortFlags::IS_INPUT)
}

impl Cables {
    /// Looks for what `arguments` name; without a name sound goes to the first two physical
    /// outputs, and notes come from every physical input.
    ///
    /// # Errors
    /// If a name fits no port, or we run already; says what there is.
    pub fn plan(client: Client, arguments: &Arguments) -> Result<Cables, String> {
        let ours = format!("{US}:");
        if note_targets(&client).iter().any(|port| port.starts_with(&ours)) {
            return Err("Anacrusis is connected to JACK already; end that one first".to_owned());
        }
        let physical = |kind, flags| ports(&client, kind, flags | PortFlags::IS_PHYSICAL);
        let outputs = match &arguments.output {
            Some(name) => named("sound output", name, sound_targets(&client))?,
            None => physical(AUDIO, PortFlags::IS_INPUT),
        };
        let sources = match &arguments.midi_in {
            Some(name) => named("MIDI input", name, note_sources(&client))?,
            None => physical(MIDI, PortFlags::IS_OUTPUT)
                .into_iter()
                .filter(|port| !port.contains("Midi-Through") && !port.contains("Midi Through"))
                .collect(),
        };
        let targets = match &arguments.midi_out {
            Some(name) => named("MIDI output", name, note_targets(&client))?,
            None => Vec::new(),
        };
        let sides = outputs.into_iter().take(2).zip(1..);
        let sound = sides.map(|(port, side)| (format!("{US}:output_{side}"), port));
        let notes_in = sources.into_iter().map(|port| (port, format!("{US}:midi_input")));
        let notes_out = targets.into_iter().map(|port| (format!("{US}:midi_output"), port));
        let wanted = sound.chain(notes_in).chain(notes_out).collect();
        Ok(Cables { client, wanted })
    }

    /// The server's samples per second.
    pub fn sample_rate(&self) -> u32 {
        self.client.sample_rate()
    }

    /// Lays the cables as soon as we play: before, JACK takes none.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn connect_when(self, shared: Arc<SharedControls>) -> Result<(), String> {
        let connect = move || {
            while shared.blocks() == 0 {
                std::thread::sleep(Duration::from_millis(20));
            }
            for (from, to) in &self.wanted {
                match self.client.connect_ports_by_name(from, to) {
                    Ok(()) | Err(Error::PortAlreadyConnected(..)) => eprintln!("{from} -> {to}"),
                    Err(error) => eprintln!("{from} does not go to {to}: {error}"),
                }
            }
        };
        let thread = std::thread::Builder::new().name("cables".to_owned()).spawn(connect);
        thread.map(|_| ()).map_err(|error| format!("no thread for the cables: {error}"))
    }
}

/// Those of `there` that hold `name`, in large or small letters.
///
/// # Errors
/// If none does; lists them.
pub fn named(what: &str, name: &str, there: Vec<String>) -> Result<Vec<String>, String> {
    let wanted = name.to_lowercase();
    let fits = |port: &&String| port.to_lowercase().contains(&wanted);
    let found: Vec<String> = there.iter().filter(fits).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let there = if there.is_empty() { "none".to_owned() } else { there.join("\n  ") };
    Err(format!("no {what} holds {name:?} in its name; there are:\n  {there}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_name_is_enough_and_a_wrong_one_is_answered() {
        let there = || vec!["a2j:Keystation 61".to_owned(), "fluidsynth:midi".to_owned()];
        assert_eq!(named("MIDI input", "KEY", there()), Ok(vec![there()[0].clone()]));
        let error = named("MIDI input", "moog", there()).expect_err("there is none");
        assert!(error.contains("moog") && error.contains("fluidsynth"), "{error}");
    }
}

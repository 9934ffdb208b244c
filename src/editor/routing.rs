//! How the notes get to an instrument, host by host.

/// The steps in one host.
#[derive(Debug, PartialEq, Eq)]
pub struct Routing {
    /// What the host is called.
    pub host: &'static str,
    /// What to do there.
    pub steps: &'static str,
    /// What the names of its programs begin with, in lower case.
    programs: &'static [&'static str],
}

impl Routing {
    /// The hosts that we know of.
    pub const ALL: [Routing; 5] = [
        Routing {
            host: "Reaper",
            steps: "Put an instrument after Anacrusis in the same FX chain. To feed another track, \
                    add a send with Audio: None and MIDI: All.",
            programs: &["reaper"],
        },
        Routing {
            host: "Bitwig Studio",
            steps: "Put Anacrusis before an instrument in the same device chain. Or give it a \
                    track of its own and choose that in a Note Receiver before the instrument.",
            programs: &["bitwig"],
        },
        Routing {
            host: "Ardour",
            steps: "On a MIDI track, put an instrument below Anacrusis in the processor box; its \
                    Pin Connections must lead MIDI from one to the other.",
            programs: &["ardour"],
        },
        Routing {
            host: "Live",
            steps: "On a second MIDI track with the instrument, set MIDI From to this track and, \
                    below it, to Anacrusis; set Monitor to In.",
            programs: &["ableton", "live"],
        },
        Routing {
            host: "Standalone",
            steps: "Audition is on by itself. For another sound connect the MIDI output, in JACK \
                    or by --midi-out.",
            programs: &["anacrusis-standalone"],
        },
    ];

    /// That of the host which runs us, if we know it, by the name of its program.
    pub fn of_this_program() -> Option<&'static Routing> {
        let program = std::env::current_exe().ok()?;
        Self::of_program(&program.file_name()?.to_string_lossy())
    }

    fn of_program(name: &str) -> Option<&'static Routing> {
        const ALL: &[Routing] = &Routing::ALL;
        let name = name.to_lowercase();
        ALL.iter().find(|host| host.programs.iter().any(|begin| name.starts_with(begin)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_known_by_their_programs() {
        for (program, host) in [
            ("reaper", Some("Reaper")),
            ("REAPER.exe", Some("Reaper")),
            ("BitwigPluginHost-X64-AVX2", Some("Bitwig Studio")),
            ("ardour-7.3.0", Some("Ardour")),
            ("Ableton Live 12 Suite.exe", Some("Live")),
            ("anacrusis-standalone", Some("Standalone")),
            ("carla", None),
        ] {
            assert_eq!(Routing::of_program(program).map(|r| r.host), host, "{program}");
        }
    }
}

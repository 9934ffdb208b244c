//! Scripts as text: one action a line, `#` begins a comment.
//!
//! ```text
//! host 48000 64            sample rate in Hz, block size in samples; always first
//! play | stop
//! jump BEATS
//! tempo BPM | tempo none
//! ramp BPM BEATS           runs so long, the tempo moving
//! signature 3 4
//! loop BEATS BEATS [silent] | loop off
//! straddle on | off
//! jitter BEATS
//! blocks SAMPLES...        sizes, taken in turn
//! sample-rate HZ
//! offline on | off
//! bypass on | off
//! on KEY [OFFSET [CHANNEL [VELOCITY]]]
//! off KEY [OFFSET [CHANNEL [VELOCITY]]]
//! set NAME = TEXT
//! save NAME | load NAME
//! reset | reactivate
//! capacity EVENTS | capacity full
//! samples N | beats X | run BLOCKS | empty BLOCKS | skip BLOCKS
//! pace SPEED | pace off
//! ```

use super::{Action, Script};
use crate::plugin::{MAX_FRAMES, OUTPUT_CAPACITY};
use std::fmt;
use std::str::FromStr;

/// Why a text is no script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Play => f.write_str("play"),
            Action::Stop => f.write_str("stop"),
            Action::Jump(beats) => write!(f, "jump {beats}"),
            Action::Tempo(Some(bpm)) => write!(f, "tempo {bpm}"),
            Action::Tempo(None) => f.write_str("tempo none"),
            Action::Ramp { to_bpm, beats } => write!(f, "ramp {to_bpm} {beats}"),
            Action::TimeSignature(above, below) => write!(f, "signature {above} {below}"),
            Action::Loop { start_beats, end_beats, announced } => {
                write!(f, "loop {start_beats} {end_beats}")?;
                f.write_str(if *announced { "" } else { " silent" })
            }
            Action::LoopOff => f.write_str("loop off"),
            Action::Straddle(on) => write!(f, "straddle {}", on_off(*on)),
            Action::Jitter(beats) => write!(f, "jitter {beats}"),
            Action::Blocks(sizes) => {
                f.write_str("blocks")?;
                sizes.iter().try_for_each(|size| write!(f, " {size}"))
            }
            Action::SampleRate(hz) => write!(f, "sample-rate {hz}"),
            Action::Offline(on) => write!(f, "offline {}", on_off(*on)),
            Action::Bypass(on) => write!(f, "bypass {}", on_off(*on)),
            Action::Note { offset_samples, on, key, channel, velocity } => {
                write!(f, "{} {key} {offset_samples} {channel} {velocity}", on_off(*on))
            }
            Action::Midi { offset_samples, data: [status, a, b] } => {
                write!(f, "midi {status} {a} {b} {offset_samples}")
            }
            Action::Set(name, text) => write!(f, "set {name} = {text}"),
            Action::SaveState(name) => write!(f, "save {name}"),
            Action::LoadState(name) => write!(f, "load {name}"),
            Action::Reset => f.write_str("reset"),
            Action::Reactivate => f.write_str("reactivate"),
            Action::Capacity(events) if *events >= OUTPUT_CAPACITY => f.write_str("capacity full"),
            Action::Capacity(events) => write!(f, "capacity {events}"),
            Action::RunSamples(samples) => write!(f, "samples {samples}"),
            Action::RunBeats(beats) => write!(f, "beats {beats}"),
            Action::RunBlocks(blocks) => write!(f, "run {blocks}"),
            Action::Empty(blocks) => write!(f, "empty {blocks}"),
            Action::Skip(blocks) => write!(f, "skip {blocks}"),
            Action::Pace(Some(speed)) => write!(f, "pace {speed}"),
            Action::Pace(None) => f.write_str("pace off"),
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "host {} {}", self.sample_rate, self.block)?;
        self.actions.iter().try_for_each(|action| writeln!(f, "{action}"))
    }
}

/// The words of a line, taken one by one.
struct Words<'a>(std::str::SplitWhitespace<'a>);

impl Words<'_> {
    fn next<T: FromStr>(&mut self, what: &str) -> Result<T, String> {
        let word = self.0.next().ok_or_else(|| format!("{what} is missing"))?;
        word.parse().map_err(|_| format!("\"{word}\" is no {what}"))
    }

    /// A finite number.
    fn number(&mut self, what: &str) -> Result<f64, String> {
        let number: f64 = self.next(what)?;
        if number.is_finite() { Ok(number) } else { Err(format!("{number} is no {what}")) }
    }

    fn next_or<T: FromStr>(&mut self, what: &str, default: T) -> Result<T, String> {
        if self.0.clone().next().is_some() { self.next(what) } else { Ok(default) }
    }

    fn word(&self) -> &str {
        self.0.clone().next().unwrap_or_default()
    }

    /// Takes `word` if it is the next.
    fn take(&mut self, word: &str) -> bool {
        let is = self.word() == word;
        if is {
            self.0.next();
        }
        is
    }

    fn switch(&mut self) -> Result<bool, String> {
        match self.next::<String>("on or off")?.as_str() {
            "on" => Ok(true),
            "off" => Ok(false),
            other => Err(format!("\"{other}\" is neither on nor off")),
        }
    }
}

fn action(line: &str) -> Result<Action, String> {
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    if name == "set" {
        let (name, text) = rest.split_once('=').ok_or("\"set NAME = TEXT\" has no =")?;
        return Ok(Action::Set(name.trim().to_owned(), text.trim().to_owned()));
    }
    let mut words = Words(rest.split_whitespace());
    let action = match name {
        "play" => Action::Play,
        "stop" => Action::Stop,
        "jump" => Action::Jump(words.number("position in beats")?),
        "tempo" if words.take("none") => Action::Tempo(None),
        "tempo" => Action::Tempo(Some(words.number("tempo in BPM")?)),
        "ramp" => Action::Ramp {
            to_bpm: words.number("tempo in BPM")?,
            beats: words.number("length in beats")?,
        },
        "signature" => Action::TimeSignature(words.next("numerator")?, words.next("denominator")?),
        "loop" if words.take("off") => Action::LoopOff,
        "loop" => Action::Loop {
            start_beats: words.number("position in beats")?,
            end_beats: words.number("position in beats")?,
            announced: !words.take("silent"),
        },
        "straddle" => Action::Straddle(words.switch()?),
        "jitter" => Action::Jitter(words.number("length in beats")?),
        "blocks" => {
            let mut sizes = vec![words.next("block size")?];
            while !words.word().is_empty() {
                sizes.push(words.next("block size")?);
            }
            if sizes.iter().any(|size| !(1..=MAX_FRAMES).contains(size)) {
                return Err(format!("a block has 1 to {MAX_FRAMES} samples"));
            }
            Action::Blocks(sizes)
        }
        "sample-rate" => Action::SampleRate(words.number("sample rate in Hz")?),
        "offline" => Action::Offline(words.switch()?),
        "bypass" => Action::Bypass(words.switch()?),
        "on" | "off" => Action::Note {
            on: name == "on",
            key: words.next("key")?,
            offset_samples: words.next_or("offset in samples", 0)?,
            channel: words.next_or("channel", 0)?,
            velocity: words.next_or("velocity", if name == "on" { 0.75 } else { 0.0 })?,
        },
        "midi" => Action::Midi {
            data: [words.next("status byte")?, words.next("data byte")?, words.next("data byte")?],
            offset_samples: words.next_or("offset in samples", 0)?,
        },
        "save" => Action::SaveState(words.next("name")?),
        "load" => Action::LoadState(words.next("name")?),
        "reset" => Action::Reset,
        "reactivate" => Action::Reactivate,
        "capacity" if words.take("full") => Action::Capacity(OUTPUT_CAPACITY),
        "capacity" => Action::Capacity(words.next("number of events")?),
        "samples" => Action::RunSamples(words.next("number of samples")?),
        "beats" => Action::RunBeats(words.number("number of beats")?),
        "run" => Action::RunBlocks(words.next("number of blocks")?),
        "empty" => Action::Empty(words.next("number of blocks")?),
        "skip" => Action::Skip(words.next("number of blocks")?),
        "pace" if words.take("off") => Action::Pace(None),
        "pace" => Action::Pace(Some(words.number("speed")?)),
        _ => return Err(format!("there is no action \"{name}\"")),
    };
    match words.word() {
        "" => Ok(action),
        more => Err(format!("\"{more}\" is too much")),
    }
}

impl FromStr for Script {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Script, ParseError> {
        let mut script: Option<Script> = None;
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            let wrong = |problem: String| ParseError { line: index + 1, problem };
            match (&mut script, line.strip_prefix("host ")) {
                _ if line.is_empty() => {}
                (None, Some(rest)) => {
                    let mut words = Words(rest.split_whitespace());
                    let sample_rate = words.number("sample rate in Hz").map_err(wrong)?;
                    let block = words.next("block size").map_err(wrong)?;
                    script = Some(Script::new(sample_rate, block));
                }
                (None, None) => return Err(wrong("a script begins with \"host HZ BLOCK\"".into())),
                (Some(script), _) => script.actions.push(action(line).map_err(wrong)?),
            }
        }
        let nothing = || ParseError { line: 1, problem: "the script is empty".into() };
        script.ok_or_else(nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_action() -> Script {
        let note = |on| Action::Note {
            offset_samples: 17,
            on,
            key: 60,
            channel: 3,
            velocity: if on { 0.1 } else { 0.0 },
        };
        let mut script = Script::new(44_100.0, 64)
            .set("Wait for notes", "On")
            .play()
            .tempo(97.3)
            .then(Action::Tempo(None))
            .ramp(180.0, 4.0)
            .jump(-1.25)
            .loop_beats(0.1, 1.0 / 3.0)
            .silent_loop(4.0, 8.0)
            .loop_off()
            .block_sizes(&[1, 333, 4096])
            .sample_rate(96_000.0)
            .offline(true)
            .save_state("a")
            .load_state("a")
            .reset()
            .samples(48_000)
            .beats(2.5)
            .blocks(3)
            .live(4.0)
            .stop();
        script.actions.extend([
            note(true),
            note(false),
            Action::Midi { offset_samples: 5, data: [0xb3, 64, 127] },
            Action::TimeSignature(7, 8),
            Action::Straddle(true),
            Action::Jitter(1e-3),
            Action::Bypass(true),
            Action::Reactivate,
            Action::Capacity(1),
            Action::Capacity(OUTPUT_CAPACITY),
            Action::Empty(2),
            Action::Skip(3),
            Action::Pace(None),
        ]);
        script
    }

    #[test]
    fn what_is_written_is_read_again() {
        let script = every_action();
        let text = script.to_string();
        assert_eq!(text.parse::<Script>().as_ref(), Ok(&script), "{text}");
        let spaced = text.replace('\n', "   # a comment\n\n");
        assert_eq!(spaced.parse::<Script>().as_ref(), Ok(&script));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, part) in [
            ("", 1, "empty"),
            ("play", 1, "host HZ BLOCK"),
            ("host 48000", 1, "block size is missing"),
            ("host 48000 64\n\nplya", 3, "no action \"plya\""),
            ("host 48000 64\njump here", 2, "\"here\" is no position"),
            ("host 48000 64\njump NaN", 2, "is no position"),
            ("host 48000 64\nplay twice", 2, "\"twice\" is too much"),
            ("host 48000 64\nblocks 64 0", 2, "1 to 8192"),
            ("host 48000 64\noffline yes", 2, "neither on nor off"),
            ("host 48000 64\nset Seed 4", 2, "has no ="),
        ] {
            let error = text.parse::<Script>().expect_err(text);
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(error.problem.contains(part), "{text}: {error}");
        }
    }
}

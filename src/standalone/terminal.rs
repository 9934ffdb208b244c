//! Commands typed into the terminal, one per line.

use std::io::BufRead;
use std::sync::Arc;

use super::arguments::{Signature, tempo};
use super::shared_controls::SharedControls;

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wish {
    Toggle,
    Play,
    Stop,
    Top,
    Tempo(f64),
    Metre(Signature),
    Quit,
}

const HELP: &str =
    "Enter, `play` or `stop`; a tempo such as 96; a metre such as 3/4; `top`; `quit`";

/// Listens to the terminal, and to Ctrl-C, until the program ends.
///
/// # Errors
/// If the system gives no thread, or no signal.
pub fn start(shared: Arc<SharedControls>) -> Result<(), String> {
    let ending = shared.clone();
    ctrlc::set_handler(move || quit(&ending)).map_err(|error| format!("no Ctrl-C: {error}"))?;
    let listen = move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match parse(&line) {
                Ok(wish) => grant(wish, &shared),
                Err(problem) => eprintln!("{problem}\n{HELP}"),
            }
        }
        // The terminal is gone; the music is not.
    };
    let thread = std::thread::Builder::new().name("terminal".to_owned()).spawn(listen);
    thread.map(|_| ()).map_err(|error| format!("no thread for the terminal: {error}"))
}

/// Ends every note, then the program.
fn quit(shared: &SharedControls) {
    shared.finish();
    std::process::exit(0);
}

fn grant(wish: Wish, shared: &SharedControls) {
    match wish {
        Wish::Toggle => shared.set_playing(!shared.playing()),
        Wish::Play => shared.set_playing(true),
        Wish::Stop => shared.set_playing(false),
        Wish::Top => shared.jump(1),
        Wish::Tempo(tempo_bpm) => shared.set_tempo(tempo_bpm),
        Wish::Metre(signature) => shared.set_signature(signature),
        Wish::Quit => quit(shared),
    }
    let wishes = shared.wishes();
    let (beats, value) = wishes.signature;
    let state = if wishes.playing { "playing" } else { "stopped" };
    eprintln!("{state}, {} BPM, {beats}/{value}", wishes.tempo_bpm);
}

fn parse(line: &str) -> Result<Wish, String> {
    let line = line.trim();
    match line {
        "" => return Ok(Wish::Toggle),
        "play" => return Ok(Wish::Play),
        "stop" => return Ok(Wish::Stop),
        "top" => return Ok(Wish::Top),
        "q" | "quit" | "exit" => return Ok(Wish::Quit),
        _ => {}
    }
    if line.contains('/') {
        let text = line.strip_prefix("metre").unwrap_or(line).trim();
        return text.parse().map(Wish::Metre);
    }
    let text = line.strip_prefix("tempo").unwrap_or(line);
    if text.trim().starts_with(|c: char| c.is_ascii_digit()) {
        return tempo(text).map(Wish::Tempo);
    }
    Err(format!("{line:?} is not understood"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood_or_explained() {
        assert_eq!(parse(" "), Ok(Wish::Toggle));
        assert_eq!(parse("96.5"), Ok(Wish::Tempo(96.5)));
        assert_eq!(parse("tempo 96"), Ok(Wish::Tempo(96.0)));
        assert_eq!(parse("7/8"), Ok(Wish::Metre(Signature { beats: 7, value: 8 })));
        assert_eq!(parse("metre 3/4"), Ok(Wish::Metre(Signature { beats: 3, value: 4 })));
        assert_eq!(parse("quit"), Ok(Wish::Quit));
        for nonsense in ["4/0", "0/4", "3/5", "99999/4", "5", "1e9", "faster", "tempo"] {
            assert!(parse(nonsense).is_err(), "{nonsense}");
        }
    }
}

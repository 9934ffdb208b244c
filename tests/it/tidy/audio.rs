//! What the audio thread may come to call names nothing that allocates, locks, writes or panics. Which
//! functions those are is found by following `process` ([`reach`](super::reach)), so that a new file is
//! looked at unasked.

use std::collections::BTreeSet;

use super::reach::{Function, Source};
use super::{report, sources};

/// What hosts call on the audio thread, by type and method.
const ROOTS: [(&str, &str); 7] = [
    ("Performer", "process"),
    ("Performer", "bypass"),
    ("Performer", "passed_by"),
    ("Performer", "activate"),
    ("Performer", "reset"),
    ("Performer", "panic"),
    // In the plugin, all that is around them.
    ("Anacrusis", "play"),
];

/// What allocates, locks, sleeps, writes or panics: tokens that follow each other. A lock that nobody
/// else holds is seen by nothing that watches a running plugin, so here it may not even be named.
const FORBIDDEN: [&str; 42] = [
    "Vec",
    "vec !",
    "Box",
    "String",
    "format !",
    "Arc",
    "Rc",
    "Mutex",
    "RwLock",
    "Condvar",
    "Barrier",
    "OnceLock",
    "LazyLock",
    "mpsc",
    ". lock (",
    ". try_lock (",
    ". unwrap (",
    ". expect (",
    "panic !",
    "unreachable !",
    "todo !",
    "unimplemented !",
    "assert !",
    "assert_eq !",
    "print !",
    "println !",
    "eprint !",
    "eprintln !",
    "dbg !",
    "write !",
    "writeln !",
    "sleep",
    "thread : : park",
    "park_timeout",
    "yield_now",
    "spawn",
    "fs",
    "File",
    ". to_vec (",
    ". to_owned (",
    ". to_string (",
    ". collect (",
];

/// What names seem to reach and the audio thread does not.
const NEVER: [&str; 14] = [
    // Before anything plays, or between: called `new`, `begin` and the like, as much is.
    "Anacrusis::new",
    "Anacrusis::begin",
    "Anacrusis::params",
    "AnacrusisParams::default",
    "AnacrusisParams::model_choice",
    "PassThrough::default",
    // On the threads of host, worker and editor: `load` is an atomic's, `end` a list's, `within` an
    // event's, and so on.
    "SharedTake::load",
    "SharedTake::end",
    "Take::eq",
    "TakeField::set",
    "Part::within",
    "PianoRoll::transposed",
    "show_most",
    "read_most",
];

/// What is named all the same: function, tokens, and why.
const EXCEPTIONS: [(&str, &str, &str); 1] =
    [("Performer::wait_while", "sleep", "in a render it waits for chords")];

/// Every forbidden name in `function`, with its line.
fn forbidden(function: &Function) -> impl Iterator<Item = (usize, &'static str)> {
    let words = &function.words;
    (0..words.len()).flat_map(move |at| {
        let stands = move |tokens: &&str| {
            let tokens: Vec<&str> = tokens.split(' ').collect();
            let here = words[at..].iter().take(tokens.len()).map(|word| word.text.as_str());
            here.eq(tokens)
        };
        FORBIDDEN.into_iter().filter(move |t| stands(t)).map(move |t| (words[at].line, t))
    })
}

fn source() -> Source {
    Source::read(&sources("src"))
}

#[test]
fn the_audio_thread_names_nothing_that_blocks() {
    let source = source();
    let reached = source.reached(&ROOTS, &NEVER);
    let (mut broken, mut excused) = (Vec::new(), BTreeSet::new());
    for function in &reached {
        let called = function.called();
        for (line, name) in forbidden(function) {
            let exception =
                EXCEPTIONS.iter().position(|(of, what, _)| (*of, *what) == (&*called, name));
            match exception {
                Some(at) => {
                    excused.insert(at);
                }
                None => broken.push(format!("{}:{line}: {name}, in {called}", function.path)),
            }
        }
    }
    report(&broken, "the audio thread neither allocates, locks, sleeps, writes nor panics");
    assert_eq!(excused.len(), EXCEPTIONS.len(), "an exception that is none any more");
}

/// The walk finds what it is there for: the layers below, however they are called.
#[test]
fn the_walk_follows_calls_into_every_layer_below() {
    let source = source();
    let reached = source.reached(&ROOTS, &NEVER);
    let files: BTreeSet<&str> = reached.iter().map(|function| function.path.as_str()).collect();
    for path in [
        "src/audition/voice.rs",
        "src/jam/clock/path.rs",
        "src/jam/groove.rs",
        "src/jam/performer/exchange.rs",
        "src/jam/status.rs",
        "src/jam/take.rs",
        "src/model/sampler.rs",
        "src/music/key_heard.rs",
        "src/params.rs",
        "src/plugin/pass_through.rs",
        "src/plugin/process.rs",
    ] {
        assert!(files.contains(path), "{path} is not reached");
    }
    for path in ["src/jam/worker.rs", "src/jam/planner.rs", "src/model/engine.rs", "src/editor.rs"]
    {
        assert!(!files.contains(path), "{path} is no audio thread's");
    }
}

#[test]
fn what_a_file_nobody_listed_does_is_seen() {
    let files = [
        (
            "src/jam/a.rs",
            "use crate::jam::b; use crate::jam::b::handed_on;
             struct Root { helper: Helper, unused: Unused }
             impl Root {
                 fn process(&mut self) { self.own(); self.helper.help(); b::free(); }
                 fn own(&self) { [1].iter().for_each(handed_on) }
                 fn idle(&self) { Box::new(1); }
             }",
        ),
        (
            "src/jam/b.rs",
            "pub struct Helper; pub struct Unused;
             impl Helper { pub fn help(&self) { self.count.lock().ok(); } }
             impl Drop for Helper { fn drop(&mut self) { std::thread::sleep(LONG) } }
             impl Unused { pub fn help(&self) { panic!() } }
             pub fn free() { let text = \"Mutex\"; /* Mutex */ text.to_owned(); }
             pub fn handed_on(_: &u8) { vec![0]; }
             #[cfg(test)] mod tests { fn free() { println!() } }",
        ),
        ("src/editor/c.rs", "pub fn free() { format!() } pub struct Helper;"),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()));
    let source = Source::read(&files);
    let reached = source.reached(&[("Root", "process")], &[]);
    let mut found: Vec<(String, &str)> = Vec::new();
    for function in reached {
        found.extend(forbidden(function).map(|(_, name)| (function.called(), name)));
    }
    let expected = [
        ("Helper::help", ". lock ("),
        ("Helper::drop", "sleep"),
        ("free", ". to_owned ("),
        ("handed_on", "vec !"),
    ];
    assert_eq!(found, expected.map(|(of, name)| (of.to_owned(), name)));
}

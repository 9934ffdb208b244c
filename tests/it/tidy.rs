//! House rules that neither rustc nor clippy knows: layers, file lengths, where `unsafe` may
//! stand, and what the audio thread's files may not even name.

mod audio;
mod reach;

use std::fs;
use std::path::{Path, PathBuf};

/// Lowest first: a module may use those before it.
const LAYERS: [&str; 8] =
    ["music", "model", "jam", "audition", "params", "editor", "plugin", "standalone"];

/// Layers that know no host and open no file.
const PORTABLE: [&str; 4] = ["music", "model", "jam", "audition"];

/// Longest file, in lines.
const LONGEST: usize = 450;

/// The only files with `unsafe` code: the processor's instructions, the export macros, and what asks the
/// graphics driver.
const UNSAFE: [&str; 4] = [
    "src/editor/window/renderer.rs",
    "src/model/kernel/x86.rs",
    "src/plugin/entry.rs",
    "companion/src/train/layer/cuda.rs",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below `folder` that end in one of `endings`, with their path from the root and text.
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let local = ["target", ".git", "shared", "proptest-regressions"];
            if path.is_dir() {
                if !local.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending))
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(root()).expect("below the root");
                found.push((path.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no file in {folder}: the test looks in the wrong place");
    found
}

fn sources(folder: &str) -> Vec<(String, String)> {
    files(folder, &[".rs"])
}

/// Lines of code with their numbers, without comments, and without the unit tests that end a
/// file unless `tests`.
fn code(text: &str, tests: bool) -> impl Iterator<Item = (usize, &str)> {
    let end =
        if tests { None } else { text.lines().position(|line| line.trim() == "#[cfg(test)]") };
    let lines = text.lines().take(end.unwrap_or(usize::MAX)).enumerate();
    lines.map(|(index, line)| (index + 1, line.split("//").next().unwrap_or_default()))
}

/// Whether `line` holds `word`, not as a part of a longer one.
fn names(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let open_start = !word.starts_with(part) || !before.is_some_and(part);
        let open_end = !word.ends_with(part) || !after.is_some_and(part);
        open_start && open_end
    })
}

fn report(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

/// The layer of a file of `src`; `None` for the crate's root.
fn layer_of(path: &str) -> Option<usize> {
    let inside = path.strip_prefix("src/")?;
    let module = inside.split('/').next()?.trim_end_matches(".rs");
    LAYERS.iter().position(|layer| *layer == module)
}

#[test]
fn imports_point_down() {
    let mut broken = Vec::new();
    for (path, text) in sources("src") {
        let Some(own) = layer_of(&path) else { continue };
        for (number, line) in code(&text, true) {
            for name in &LAYERS[own + 1..] {
                if names(line, &format!("crate::{name}")) {
                    broken.push(format!("{path}:{number}: {} uses {name}", LAYERS[own]));
                }
            }
        }
    }
    report(
        &broken,
        "a layer uses one above it (standalone > plugin > editor > params > audition > jam > model > music)",
    );
}

/// What a comment cites of a specification is there.
#[test]
fn cited_sections_exist() {
    let (mut broken, mut cited) = (Vec::new(), 0);
    for (path, text) in ["src", "tests", "companion", "xtask"].into_iter().flat_map(sources) {
        // A citation may go on in the next line of a comment.
        let words: Vec<&str> = text.split_whitespace().filter(|w| !w.starts_with("//")).collect();
        for at in words.windows(3) {
            let Some(name) = at[0].trim_start_matches(['(', '"']).strip_suffix(".md,") else {
                continue;
            };
            let number: String = at[2].chars().take_while(char::is_ascii_digit).collect();
            if !["section", "sections"].contains(&at[1]) || number.is_empty() {
                continue;
            }
            cited += 1;
            let specification = fs::read_to_string(root().join(format!("docs/design/{name}.md")));
            let heading = format!("\n## {number}. ");
            if !specification.is_ok_and(|text| text.contains(&heading)) {
                broken.push(format!("{path}: {name}.md, section {number}"));
            }
        }
    }
    report(&broken, "a citation of what is not in docs/design");
    assert!(cited > 40, "{cited} citations: the test looks in the wrong way");
}

#[test]
fn every_file_of_src_has_a_layer() {
    let astray: Vec<String> = sources("src")
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| layer_of(path).is_none() && path != "src/lib.rs")
        .filter(|path| !path.starts_with("src/bin/"))
        .collect();
    report(&astray, "a module outside the layers");
}

#[test]
fn the_core_knows_no_host_and_opens_no_file() {
    let hosts = ["nih_plug", "nice_plug", "nih_plug_egui", "egui", "clack_host", "vst3"];
    let files = ["std::fs", "File::open", "File::create", "std::net", "std::process"];
    let mut broken = Vec::new();
    for (path, text) in sources("src") {
        if !layer_of(&path).is_some_and(|layer| PORTABLE.contains(&LAYERS[layer])) {
            continue;
        }
        for (number, line) in code(&text, true) {
            for word in hosts.iter().chain(&files).filter(|word| names(line, word)) {
                broken.push(format!("{path}:{number}: {word}"));
            }
        }
    }
    report(&broken, "music, model and jam know no host type and open no file");
}

#[test]
fn the_trainer_uses_music_and_model_alone() {
    let mut broken = Vec::new();
    for (path, text) in sources("companion/src") {
        if !path.starts_with("companion/src/train") {
            continue;
        }
        for (number, line) in code(&text, true) {
            if names(line, "anacrusis::jam") || names(line, "anacrusis_test_host") {
                broken.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    report(&broken, "the trainer uses music and model alone");
}

#[test]
fn candle_is_named_by_the_trainer_and_its_benchmarks_alone() {
    const THEIRS: [&str; 2] = ["companion/Cargo.toml", "benches/Cargo.toml"];
    let manifests = files(".", &["Cargo.toml"]);
    let broken: Vec<String> = manifests
        .iter()
        .filter(|(path, text)| !THEIRS.contains(&path.as_str()) && text.contains("candle"))
        .map(|(path, _)| path.clone())
        .collect();
    report(&broken, "the plugin must not be able to link candle");
}

#[test]
fn files_are_short_and_modules_have_names() {
    let mut broken = Vec::new();
    for folder in ["src", "tests", "companion", "xtask", "benches"] {
        if !root().join(folder).is_dir() {
            continue;
        }
        for (path, text) in sources(folder) {
            let lines = text.lines().count();
            if lines > LONGEST {
                broken.push(format!("{path}: {lines} lines"));
            }
            if path.ends_with("/mod.rs") {
                broken.push(format!("{path}: use foo.rs and foo/"));
            }
        }
    }
    report(&broken, "files are at most 450 lines, and none is mod.rs");
}

#[test]
fn unsafe_stands_where_it_is_argued() {
    let mut broken = Vec::new();
    for folder in ["src", "companion/src", "xtask/src", "benches/src"] {
        for (path, text) in sources(folder) {
            if UNSAFE.contains(&path.as_str()) {
                continue;
            }
            for (number, line) in code(&text, true) {
                if names(line, "unsafe") || names(line, "allow(unsafe_code)") {
                    broken.push(format!("{path}:{number}: {}", line.trim()));
                }
            }
        }
    }
    report(&broken, &format!("unsafe outside {UNSAFE:?}"));
}

/// The table of what hosts do names no test that is not there, and leaves out no row.
#[test]
fn the_table_of_hosts_names_tests_that_exist() {
    let table = fs::read_to_string(root().join("tests/hosts/README.md")).expect("the table");
    let code: String =
        ["src", "tests"].iter().flat_map(|folder| sources(folder)).map(|(_, text)| text).collect();
    let named: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|name| name.contains('_'))
        .collect();
    let missing: Vec<String> = named
        .iter()
        .filter(|name| !code.contains(&format!("fn {name}(")))
        .map(|name| (*name).to_owned())
        .collect();
    report(&missing, "tests/hosts/README.md names tests that do not exist");
    let rows = fs::read_to_string(root().join("tests/host/src/rows.rs")).expect("the rows");
    let rows = rows.lines().filter_map(|line| line.strip_prefix("pub fn ")?.split_once("(open"));
    let left_out: Vec<String> =
        rows.filter(|(name, _)| !named.contains(name)).map(|(name, _)| name.to_owned()).collect();
    report(&left_out, "tests/hosts/README.md leaves out rows");
    assert!(named.len() > 20);
}

#[test]
fn nothing_names_the_machine_it_was_made_on() {
    const EXAMPLE: &str = "/home/me";
    // Put together here, so that this file does not find itself.
    let places = ["home", "root", "work", "Users"].map(|folder| format!("/{folder}/"));
    let endings = [".rs", ".toml", ".md", ".json", ".yml", "run", ".lock"];
    let mut broken = Vec::new();
    for (path, text) in files(".", &endings) {
        for (index, line) in text.lines().enumerate() {
            // Nobody's home: what examples use.
            let line = &line.replace(EXAMPLE, "~");
            for place in places.iter().filter(|place| line.contains(place.as_str())) {
                // A relative path or an address may hold such a folder.
                let at = line.find(place.as_str()).unwrap_or_default();
                let before = line[..at].chars().next_back();
                if before.is_none_or(|c| c.is_whitespace() || "\"'`(=".contains(c)) {
                    broken.push(format!("{path}:{}: {}", index + 1, line.trim()));
                }
            }
        }
    }
    report(&broken, "absolute paths of one machine");
}

#[test]
fn the_rules_above_can_fail() {
    assert!(names("use crate::jam::Status;", "crate::jam"));
    assert!(!names("use crate::jammed;", "crate::jam"));
    assert!(names("let x: Vec<u8> = Vec::new();", "Vec"));
    assert!(!names("let x = VecLike;", "Vec"));
    assert!(names("a.unwrap()", ".unwrap()"));
    assert!(!names("#[expect(dead_code)]", ".expect("));
    let text = "let a = 1; // Vec\n#[cfg(test)]\nmod tests {}\n";
    assert_eq!(code(text, false).collect::<Vec<_>>(), [(1, "let a = 1; ")]);
    assert_eq!(layer_of("src/jam/clock.rs"), Some(2));
    assert_eq!(layer_of("src/lib.rs"), None);
}

//! No module imports, by way of others, itself. A child may use what its ancestors define, as the
//! parts of a type that is spread over files do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The crates that are held to it, by the folders of their sources.
const CRATES: [&str; 4] = ["src", "companion/src", "xtask/src", "benches/src"];

/// A module by its path from the crate's root.
type Module = Vec<String>;

/// What each module imports from others, its ancestors left out.
type Imports = BTreeMap<Module, BTreeSet<Module>>;

/// The files below `folder` as modules with their text, but for the crate's roots.
fn modules(folder: &Path, prefix: &[String], found: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("readable").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let module = [prefix, &[name]].concat();
        if path.is_dir() {
            modules(&path, &module, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let root = prefix.is_empty() && ["lib", "main"].contains(&module[0].as_str());
            if !root && prefix.first().is_none_or(|first| first != "bin") {
                found.insert(module, fs::read_to_string(&path).expect("text"));
            }
        }
    }
}

/// The paths that a file's code names: from `crate`, `super` or `self`, and those of `use`.
fn paths(text: &str) -> Vec<Vec<String>> {
    let code: Vec<&str> = text
        .lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    let code = code.join(" ");
    let mut found = Vec::new();
    for root in ["crate::", "super::", "self::", "use "] {
        for (at, _) in code.match_indices(root) {
            let inside = code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric());
            let start = if root == "use " { at + root.len() } else { at };
            if !inside {
                branches(&mut code[start..].chars().peekable(), &[], &mut found);
            }
        }
    }
    found
}

/// Reads a path, each of its branches if it ends in braces.
fn branches(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    before: &[String],
    found: &mut Vec<Vec<String>>,
) {
    let mut path = before.to_vec();
    let mut name = String::new();
    while let Some(&c) = rest.peek() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => name.push(c),
            ':' if !name.is_empty() => path.push(std::mem::take(&mut name)),
            ':' => {}
            '{' => {
                rest.next();
                while rest.peek().is_some_and(|&c| c != '}') {
                    match rest.peek() {
                        Some(c) if c.is_whitespace() || *c == ',' => drop(rest.next()),
                        _ => {
                            let left = rest.clone().count();
                            branches(rest, &path, found);
                            if rest.clone().count() == left {
                                // Nothing that could be a path.
                                rest.next();
                            }
                        }
                    }
                }
                rest.next();
                return;
            }
            _ => break,
        }
        rest.next();
    }
    path.extend((!name.is_empty()).then_some(name));
    found.push(path);
}

fn imports(folder: &Path) -> Imports {
    let mut all = BTreeMap::new();
    modules(folder, &[], &mut all);
    let mut imports = Imports::new();
    for (module, text) in &all {
        let mut used = BTreeSet::new();
        for path in paths(text) {
            let up = path.iter().take_while(|part| *part == "super").count();
            let mut full = match path.first().map(String::as_str) {
                Some("crate") => vec![],
                _ => module[..module.len().saturating_sub(up)].to_vec(),
            };
            let own =
                path.iter().skip_while(|part| ["crate", "self", "super"].contains(&part.as_str()));
            full.extend(own.cloned());
            while !full.is_empty() && !all.contains_key(&full) {
                full.pop();
            }
            if !full.is_empty() && !module.starts_with(&full) {
                used.insert(full);
            }
        }
        imports.insert(module.clone(), used);
    }
    imports
}

/// A way from a module back to itself, if there is one.
fn circle(imports: &Imports) -> Option<Vec<String>> {
    fn visit<'a>(
        at: &'a Module,
        imports: &'a Imports,
        done: &mut BTreeSet<&'a Module>,
        way: &mut Vec<&'a Module>,
    ) -> bool {
        if way.contains(&at) {
            way.push(at);
            return true;
        }
        if !done.insert(at) {
            return false;
        }
        way.push(at);
        let back = imports[at].iter().any(|next| visit(next, imports, done, way));
        if !back {
            way.pop();
        }
        back
    }
    let (mut done, mut way) = (BTreeSet::new(), Vec::new());
    let found = imports.keys().any(|module| visit(module, imports, &mut done, &mut way));
    let end = way.last().copied();
    let circle = way.iter().skip_while(|module| Some(**module) != end);
    found.then(|| circle.map(|module| module.join("/")).collect())
}

#[test]
fn no_module_imports_itself_by_way_of_others() {
    for folder in CRATES {
        let imports = imports(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        let edges: usize = imports.values().map(BTreeSet::len).sum();
        println!("{folder}: {} modules, {edges} imports", imports.len());
        assert!(edges > imports.len() / 2, "{folder}: the test does not see its imports");
        assert_eq!(circle(&imports), None, "a circle in {folder}");
    }
}

#[test]
fn a_circle_is_found_and_a_child_may_use_its_parent() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    };
    write("a.rs", "use crate::{b::Thing, c};\nmod part;\nuse part::P;");
    write("a/part.rs", "use super::{A, B};\nuse super::super::c;");
    write("b.rs", "// crate::a in a comment\nuse crate::c::{self, deep::{One, Two}};");
    write("c.rs", "pub mod deep;");
    write("c/deep.rs", "");
    assert_eq!(circle(&imports(folder.path())), None);
    write("c/deep.rs", "fn f() -> crate::a::A { todo!() }");
    assert_eq!(circle(&imports(folder.path())).map(|circle| circle.len()), Some(4));
}

use super::*;
use crate::params::AnacrusisParams;

fn preset(name: &str) -> Preset {
    Preset::of(&AnacrusisParams::default(), name).expect("a name")
}

#[test]
fn what_is_saved_is_what_is_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    // Neither the folder nor the one around it is there yet.
    let store = Store::new(folder.path().join("a").join("b"));
    let none = store.list().expect("no folder is an empty one");
    assert!(none.presets.is_empty() && none.unreadable.is_empty() && none.left_out == 0);
    let mine = preset("Quiet evening").with_about("Soft.").expect("short");
    let name = store.save(&mine, false).expect("saved");
    assert_eq!(name, "Quiet evening.json");
    let bells = Preset::factory().last().expect("some");
    store.save(bells, false).expect("saved");
    let listing = store.list().expect("listed");
    assert_eq!(listing.presets.len(), 2);
    assert!(listing.presets.contains(&(name.clone(), mine.clone())));
    assert!(listing.presets.iter().any(|(_, preset)| preset == bells));
    assert_eq!(store.load(&name).expect("loaded"), mine);
    // Nothing but the presets is left.
    assert_eq!(fs::read_dir(store.folder()).expect("the folder").count(), 2);
}

#[test]
fn nothing_is_replaced_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(folder.path().to_owned());
    let name = store.save(&preset("Mine"), false).expect("saved");
    let other = preset("Mine").with_about("Another.").expect("short");
    let error = store.save(&other, false).expect_err("it is there");
    assert!(matches!(&error, StoreError::Exists(file) if *file == name), "{error}");
    assert_eq!(store.load(&name).expect("the first").about(), "");
    assert_eq!(store.save(&other, true).expect("asked"), name);
    assert_eq!(store.load(&name).expect("the second").about(), "Another.");
    // Another name that would be the same file counts as it.
    assert!(store.save(&preset("A/B"), false).is_ok());
    assert!(matches!(store.save(&preset("A:B"), false), Err(StoreError::Exists(_))));
    assert_eq!(fs::read_dir(store.folder()).expect("the folder").count(), 2);
}

#[test]
fn a_preset_is_deleted_by_its_file_and_nothing_else_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(folder.path().join("presets"));
    let name = store.save(&preset("Mine"), false).expect("saved");
    fs::write(folder.path().join("outside.json"), "{}").expect("written");
    for file in ["../outside.json", "/etc/x.json", "a\\b.json", "..", "", "Mine", ".x.json"] {
        assert!(matches!(store.delete(file), Err(StoreError::NotAPresetFile(_))), "{file}");
    }
    store.delete(&name).expect("deleted");
    assert!(store.list().expect("listed").presets.is_empty());
    assert!(matches!(store.delete(&name), Err(StoreError::System(_))), "it is gone");
    assert!(folder.path().join("outside.json").exists());
}

#[test]
fn what_cannot_be_read_is_told_and_the_others_are_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(folder.path().to_owned());
    store.save(&preset("Mine"), false).expect("saved");
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).expect("written");
    };
    write("empty.json", b"");
    write("huge.JSON", &vec![b' '; 10 * MAX_FILE_BYTES]);
    write("no text.json", &[0xff; 8]);
    write("odd.json", br#"{"name": "X", "values": {"tempo": "120"}}"#);
    // These are not even tried.
    write("notes.txt", b"");
    write(".Mine.json.1.part", b"");
    write(".hidden.json", b"");
    fs::create_dir(folder.path().join("folder.json")).expect("made");
    let listing = store.list().expect("listed");
    assert_eq!(listing.presets.len(), 1);
    let told: Vec<(&str, String)> =
        listing.unreadable.iter().map(|(name, e)| (name.as_str(), e.to_string())).collect();
    let names: Vec<&str> = told.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["empty.json", "folder.json", "huge.JSON", "no text.json", "odd.json"]);
    for ((_, told), expected) in
        told.iter().zip(["empty", "not a file", "64 KiB", "UTF-8", "tempo"])
    {
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn a_folder_of_thousands_is_listed_in_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(folder.path().to_owned());
    for n in 0..FILES_MAX + 5 {
        fs::write(folder.path().join(format!("{n:05}.json")), "{}").expect("written");
    }
    let listing = store.list().expect("listed");
    assert_eq!((listing.unreadable.len(), listing.left_out), (FILES_MAX, 5));
    assert_eq!(listing.unreadable[0].0, "00000.json");
}

#[test]
fn files_are_named_as_every_system_takes_it() {
    for (name, file) in [
        ("Sparse nocturne", "Sparse nocturne"),
        ("Übung № 3", "Übung - 3"),
        ("夜想曲", "夜想曲"),
        ("../../etc/passwd", "------etc-passwd"),
        ("a/b\\c:d*e?f\"g<h>i|j", "a-b-c-d-e-f-g-h-i-j"),
        (".hidden", "-hidden"),
        ("Ends in a dot.", "Ends in a dot-"),
        ("con", "con-"),
        ("LPT1", "LPT1-"),
        ("Console", "Console"),
    ] {
        assert_eq!(stem(name), file);
        assert!(is_preset_file(&format!("{}.json", stem(name))));
    }
    // 64 characters of four bytes each.
    let long = stem(&"𝄞".repeat(64));
    assert!(long.len() <= STEM_BYTES_MAX && !long.is_empty());
    let letters = stem(&"𠀀".repeat(64));
    assert_eq!(letters.len(), STEM_BYTES_MAX);
}

#[test]
fn the_users_folder_is_one_of_our_own() {
    // Where the environment names no home there is none.
    if let Some(folder) = user_folder() {
        assert!(folder.ends_with("anacrusis/presets") && folder.is_absolute());
    }
}

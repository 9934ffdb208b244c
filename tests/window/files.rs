//! Files that are dropped onto the window and dragged out of it.

use super::{FORMATS, LIMIT, drawn, load, melody, open_editor, parent, picture, settings};
use anacrusis_test_host::window::{Hand, Tray, turn_for, turn_until};
use anacrusis_test_host::{Plugin, perform_aside};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where *Keep* stands above the roll.
const KEEP: (u32, u32) = (181, 523);

/// Files come by the protocol that file managers speak, and are refused if they are none.
#[test]
fn a_model_is_dropped_onto_the_window() {
    let model = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models").join("pop.safetensors");
    for format in FORMATS {
        let mut plugin = load(format);
        let parent = parent();
        open_editor(plugin.as_mut(), &parent);
        let before = drawn(plugin.as_mut(), &parent, &format!("{format:?}"));
        let hold = |files| {
            let held = Hand::over(&parent, (300, 300), files, LIMIT);
            held.unwrap_or_else(|error| panic!("{format:?}: {error}"))
        };
        let (words, takes) = hold(false);
        assert!(!takes, "{format:?}: words are no model");
        words.leave().expect("a screen");
        let (hand, takes) = hold(true);
        assert!(takes, "{format:?}");
        turn_for(plugin.as_mut(), Duration::from_millis(500));
        let over = picture(&parent);
        assert!(over.changed_since(&before) > 0, "{format:?}: it says what it would do");
        hand.leave().expect("a screen");
        turn_for(plugin.as_mut(), Duration::from_millis(500));
        assert!(picture(&parent).changed_since(&over) > 0, "{format:?}: and no longer");

        let (hand, _) = hold(true);
        let list = format!("file://{}\r\n", model.display());
        assert!(hand.let_go(&list, LIMIT).expect("a screen"), "{format:?}: taken");
        let begun = Instant::now();
        while !saves(plugin.as_mut(), &model) {
            assert!(begun.elapsed() < LIMIT, "{format:?}: it is the model now");
            turn_for(plugin.as_mut(), Duration::from_millis(100));
        }
    }
}

/// Whether a project would keep this path.
fn saves(plugin: &mut dyn Plugin, path: &Path) -> bool {
    let state = plugin.save_state().unwrap_or_else(|error| panic!("{error}"));
    let path = path.to_string_lossy();
    state.windows(path.len()).any(|bytes| bytes == path.as_bytes())
}

#[test]
fn bars_are_dragged_out_of_the_window_as_a_file() {
    // A folder that is no user's, named as it may be elsewhere.
    let folder = tempfile::tempdir().expect("a folder");
    let music = folder.path().join("Meine Musik \u{fc}");
    std::fs::create_dir(&music).expect("made");
    let names = settings().ancestors().nth(2).expect("a folder").join("user-dirs.dirs");
    std::fs::write(names, format!("XDG_MUSIC_DIR=\"{}\"\n", music.display())).expect("written");
    let files = || -> Vec<PathBuf> {
        let folder = std::fs::read_dir(music.join("Anacrusis"));
        folder.into_iter().flatten().map(|entry| entry.expect("a file").path()).collect()
    };
    let wait = |plugin: &mut dyn Plugin, number: usize| {
        turn_until(plugin, LIMIT, || files().len() == number)
    };
    for (format, kept) in FORMATS.into_iter().zip(1..) {
        let mut plugin = load(format);
        let parent = parent();
        let playing = perform_aside(plugin.as_mut(), &melody(2)).unwrap_or_else(|e| panic!("{e}"));
        open_editor(plugin.as_mut(), &parent);
        turn_until(plugin.as_mut(), LIMIT, || playing.is_over());
        playing.finish().unwrap_or_else(|error| panic!("{format:?}: {error}"));
        drawn(plugin.as_mut(), &parent, &format!("{format:?}"));
        turn_for(plugin.as_mut(), Duration::from_millis(500));

        // Both bars, in the roll.
        parent.drag((250, 300), (500, 300)).expect("a screen");
        turn_for(plugin.as_mut(), Duration::from_millis(500));

        // Where nobody takes it nothing is left of it: the screen, and one who wants no files.
        for takes in [None, Some(false)] {
            let tray = takes.map(|takes| Tray::open((1300, 300), takes).expect("a screen"));
            parent.drag(KEEP, (1350, 350)).expect("a screen");
            assert!(wait(plugin.as_mut(), kept - 1), "{format:?}: {takes:?}: {:?}", files());
            turn_for(plugin.as_mut(), Duration::from_millis(300));
            assert!(tray.is_none_or(|tray| tray.next().is_none()), "{format:?}");
        }
        // The plugin's own window is no place for it.
        parent.drag(KEEP, (300, 300)).expect("a screen");
        assert!(wait(plugin.as_mut(), kept - 1), "{format:?}: {:?}", files());

        let tray = Tray::open((1300, 300), true).expect("a screen");
        parent.drag(KEEP, (1350, 350)).expect("a screen");
        let mut list = None;
        turn_until(plugin.as_mut(), LIMIT, || {
            list = tray.next();
            list.is_some()
        });
        let list = list.unwrap_or_else(|| panic!("{format:?}: nothing came"));
        assert!(list.starts_with("file:///") && list.contains("Meine%20Musik%20%C3%BC"), "{list}");
        turn_for(plugin.as_mut(), Duration::from_millis(500));
        assert_eq!(files().len(), kept, "{format:?}: the file stays");
        let midi = files().into_iter().max().expect("a file");
        assert!(list.trim_end().ends_with(&*midi.file_name().expect("a name").to_string_lossy()));
        assert!(std::fs::read(midi).expect("there").starts_with(b"MThd"), "{format:?}");
    }
}

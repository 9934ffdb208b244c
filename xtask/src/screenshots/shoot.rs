//! Taking them: the screen, the host, the music, the pictures.

use super::Args;
use super::scenes::{Act, SCENES, Saved, Scene};
use crate::test::screen::Screen;
use crate::{bundle, setup, workspace};
use anacrusis_companion::{files, picture};
use anacrusis_test_host::window::{Parent, Picture, Size, turn_for, turn_until};
use anacrusis_test_host::{Format, Plugin, Script, open, perform_aside};
use anyhow::{Context, Result, bail, ensure};
use std::process::Command;
use std::time::Duration;

const SAMPLE_RATE: f64 = 48_000.0;
const TEMPO_BPM: f64 = 120.0;

/// A picture with fewer colours shows no text.
const COLOURS: usize = 24;

/// How long the editor may take to draw itself, on a slow machine.
const LIMIT: Duration = Duration::from_secs(30);

/// Takes the scenes that are asked for.
pub fn run(args: &Args) -> Result<()> {
    if args.list {
        SCENES.iter().for_each(|scene| println!("{:<14} {}", scene.name, scene.what));
        return Ok(());
    }
    let names = SCENES.map(|scene| scene.name);
    if let Some(unknown) = args.scenes.iter().find(|name| !names.contains(&name.as_str())) {
        bail!("there is no scene \"{unknown}\"; there are: {}", names.join(", "));
    }
    // The folder is tried first: a build is long.
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    if !args.here {
        return on_a_screen_of_its_own(args);
    }
    for scene in SCENES.iter().filter(|scene| args.wants(scene)) {
        let shot = scene.take().with_context(|| format!("scene {}", scene.name))?;
        let Size { width, height } = shot.size;
        let png = picture::encode(width as usize, height as usize, &shot.rgb)?;
        let path = args.out.join(scene.name).with_extension("png");
        files::write(&path, &png)?;
        println!("{} ({width} x {height}, {} colours)", path.display(), shot.colours());
    }
    Ok(())
}

/// Builds, and calls this program again with a screen: which one is used is said in the
/// environment, which a program should not change for itself.
fn on_a_screen_of_its_own(args: &Args) -> Result<()> {
    setup::ensure()?;
    bundle::bundle()?;
    let program = std::env::current_exe().context("where is this program?")?;
    for scene in SCENES.iter().filter(|scene| args.wants(scene)) {
        // A screen for each: theme and size are remembered beside it. Room for an editor at twice the
        // size.
        let screen = Screen::start_for_windows(2560, 1600)?;
        let mut command = Command::new(&program);
        command.args(["screenshots", "--here", "--out"]).arg(&args.out).arg(scene.name);
        screen.lend(&mut command);
        let status = command.status().context("cannot start this program again")?;
        ensure!(status.success(), "the picture of {} was not taken", scene.name);
    }
    Ok(())
}

impl Args {
    fn wants(&self, scene: &Scene) -> bool {
        self.scenes.is_empty() || self.scenes.iter().any(|name| name == scene.name)
    }
}

impl Scene {
    fn take(&self) -> Result<Picture> {
        let name = if self.format == Format::Vst3 { "Anacrusis.vst3" } else { "Anacrusis.clap" };
        let mut plugin = open(&workspace::bundled()?.join(name))?;
        let plugin = plugin.as_mut();
        if !self.project.is_empty() {
            let state = plugin.save_state()?;
            plugin.load_state(&edited(&state, self.project)?)?;
        }
        let parent = Parent::open(Size { width: 320, height: 200 })?;
        // What is under the pointer looks otherwise.
        parent.move_away()?;
        let playing = perform_aside(plugin, &self.script())?;
        plugin.open_editor(&parent, self.scale)?;
        if let Some(size) = self.size {
            plugin.resize_editor(size)?;
        }
        let beats = f64::from(self.bars) * 4.0;
        turn_for(plugin, Duration::from_secs_f64(1.0 + beats * 60.0 / TEMPO_BPM));
        for act in self.acts {
            act.apply(plugin, &parent)?;
        }
        let mut shot = parent.picture()?;
        let shown = turn_until(plugin, LIMIT, || {
            parent.picture().is_ok_and(|now| {
                shot = now;
                shot.colours() >= COLOURS
            })
        });
        ensure!(shown, "nothing is to be seen");
        ensure!(!playing.is_over(), "the music was over");
        plugin.close_editor();
        // Ends the music with an error that is none.
        plugin.deactivate();
        playing.finish().ok();
        Ok(shot)
    }

    /// A host at rest for a second, in which the first chord is thought of, and then a melody over
    /// the bars, and a few more than are needed.
    fn script(&self) -> Script {
        let mut script = Script::new(SAMPLE_RATE, 256).live(1.0).tempo(TEMPO_BPM);
        for (name, text) in self.parameters {
            script = script.set(name, text);
        }
        script = script.samples(SAMPLE_RATE as u64).play().beats(4.0);
        // "Ode to Joy", whose composer will not mind.
        let phrase = [64, 64, 65, 67, 67, 65, 64, 62, 60, 60, 62, 64, 64, 62, 62, 62];
        for key in phrase.into_iter().cycle().take(4 * (self.bars as usize + 60)) {
            script = script.note_on(key).beats(0.75).note_off(key).beats(0.25);
        }
        script
    }
}

impl Act {
    fn apply(self, plugin: &mut dyn Plugin, parent: &Parent) -> Result<()> {
        match self {
            Act::Click(x, y) => parent.click(x, y)?,
            Act::Drag(from, to) => parent.drag(from, to)?,
            Act::Wait(time) => turn_for(plugin, time),
        }
        // What it did is drawn.
        turn_for(plugin, Duration::from_millis(150));
        Ok(())
    }
}

/// A state of the framework's, which is JSON, with other values in it. A CLAP's has its length in
/// front.
fn edited(state: &[u8], changes: &[(&str, Saved)]) -> Result<Vec<u8>> {
    let begin = state.iter().position(|&byte| byte == b'{').context("a state without JSON")?;
    let mut json: serde_json::Value = serde_json::from_slice(&state[begin..])?;
    for (name, value) in changes {
        match value {
            Saved::Parameter(value) => {
                let old = json["params"].get_mut(name).context("a parameter that is not saved")?;
                let value: serde_json::Value = serde_json::from_str(value)?;
                // The framework names the kind of each value.
                match old.as_object_mut().and_then(|kinds| kinds.values_mut().next()) {
                    Some(inside) => *inside = value,
                    None => *old = value,
                }
            }
            Saved::Text(text) => json["fields"][name] = serde_json::to_string(text)?.into(),
        }
    }
    let text = serde_json::to_vec(&json)?;
    let mut edited = if begin == 8 { (text.len() as u64).to_le_bytes().to_vec() } else { vec![] };
    edited.extend(text);
    Ok(edited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_has_a_name_of_its_own() {
        let mut names = SCENES.map(|scene| scene.name).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SCENES.len());
    }

    #[test]
    fn a_state_is_edited_with_its_length_in_front_or_without() {
        let text = br#"{"params":{"model":{"string":"pop"}},"fields":{"model-path":"\"\""}}"#;
        let changes =
            [("model", Saved::Parameter("\"file\"")), ("model-path", Saved::Text("a.safetensors"))];
        let plain = edited(text, &changes).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&plain).unwrap();
        assert_eq!(json["params"]["model"]["string"], "file");
        assert_eq!(json["fields"]["model-path"], "\"a.safetensors\"");
        let mut framed = (text.len() as u64).to_le_bytes().to_vec();
        framed.extend_from_slice(text);
        let framed = edited(&framed, &changes).unwrap();
        assert_eq!(framed[..8], (plain.len() as u64).to_le_bytes());
        assert_eq!(framed[8..], plain);
        assert!(edited(b"nothing", &changes).is_err());
    }
}

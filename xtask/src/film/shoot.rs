//! Making it: the screen, the host, the music, the pictures, the sound.

use super::Args;
use crate::test::screen::Screen;
use crate::{bundle, setup, synth, workspace};
use anacrusis_companion::files;
use anacrusis_test_host::window::{Parent, Size, turn_until};
use anacrusis_test_host::{Script, open, perform_aside};
use anyhow::{Context, Result, ensure};
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SAMPLE_RATE: f64 = synth::SAMPLE_RATE as f64;
const TEMPO_BPM: f64 = 100.0;

/// How long the host rests before it plays, in seconds.
const REST_S: f64 = 2.0;

/// Pictures in a second: more costs a machine without a graphics card the music.
const PICTURES_PER_S: u32 = 15;

/// The film's length: twelve bars, 28.8 s.
const BEATS: usize = 48;

/// The size of the editor, as it opens.
const SIZE: Size = Size { width: 960, height: 580 };

/// How long the editor may take to draw itself, on a slow machine.
const LIMIT: Duration = Duration::from_secs(30);

/// Makes the film.
pub fn run(args: &Args) -> Result<()> {
    let ffmpeg = Command::new("ffmpeg").arg("-version").stdout(Stdio::null()).status();
    ensure!(
        ffmpeg.is_ok_and(|status| status.success()),
        "ffmpeg is missing (Debian, Ubuntu: apt-get install ffmpeg)"
    );
    if args.here {
        return film(args);
    }
    setup::ensure()?;
    bundle::bundle()?;
    let screen = Screen::start_for_windows(1280, 800)?;
    let program = std::env::current_exe().context("where is this program?")?;
    let mut command = Command::new(program);
    command.args(["film", "--here", "--out"]).arg(&args.out);
    screen.lend(&mut command);
    ensure!(command.status().context("cannot start this program again")?.success(), "no film");
    Ok(())
}

fn film(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("no folder for what is temporary")?;
    let (pictures, sound) = (folder.path().join("film.mkv"), folder.path().join("film.wav"));
    let mut plugin = open(&workspace::bundled()?.join("Anacrusis.clap"))?;
    let plugin = plugin.as_mut();
    let parent = Parent::open(Size { width: 320, height: 200 })?;
    // What is under the pointer looks otherwise.
    parent.move_away()?;
    // The editor is open before the music begins: a first frame takes its time.
    plugin.open_editor(&parent, 1.0)?;
    let drawn = turn_until(plugin, LIMIT, || parent.picture().is_ok_and(|p| p.colours() > 24));
    ensure!(drawn, "nothing is to be seen");
    let playing = perform_aside(plugin, &script())?;
    let begun = Instant::now() + Duration::from_secs_f64(REST_S);
    let mut encoder = encoder(&pictures)?;
    let mut frames = encoder.stdin.take().context("ffmpeg takes no pictures")?;
    let seconds = BEATS as f64 * 60.0 / TEMPO_BPM;
    // Some hundreds.
    let count = (seconds * f64::from(PICTURES_PER_S)) as u32;
    let mut late = 0;
    for number in 0..count {
        let due = begun + Duration::from_secs(1) * number / PICTURES_PER_S;
        turn_until(plugin, LIMIT, || Instant::now() >= due);
        late += u32::from(due.elapsed() > Duration::from_secs(1) / PICTURES_PER_S);
        let shot = parent.picture()?;
        ensure!(shot.size == SIZE, "the window is {:?}, not {SIZE:?}", shot.size);
        frames.write_all(&shot.rgb).context("ffmpeg takes no more pictures")?;
    }
    drop(frames);
    ensure!(encoder.wait()?.success(), "ffmpeg could not keep the pictures");
    turn_until(plugin, LIMIT, || playing.is_over());
    plugin.close_editor();
    let recording = playing.finish()?;
    let bytes = synth::wav(&synth::render(&recording))?;
    std::fs::write(&sound, bytes).context("cannot write the sound")?;
    let film = mixed(&pictures, &sound, &folder.path().join("film.mp4"))?;
    files::write(&args.out, &film)?;
    let onsets = recording.onsets().count();
    println!(
        "{} ({:.1} s, {} kB; {onsets} notes, {late} of {count} pictures late)",
        args.out.display(),
        seconds,
        film.len() / 1000
    );
    Ok(())
}

/// A host at rest, in which the first chord is thought of, and then a melody that swells.
fn script() -> Script {
    let rest = (SAMPLE_RATE * REST_S) as u64;
    let mut script = Script::new(SAMPLE_RATE, 256).live(1.0).tempo(TEMPO_BPM).samples(rest).play();
    // "Ode to Joy", whose composer will not mind.
    let phrase = [76, 76, 77, 79, 79, 77, 76, 74, 72, 72, 74, 76, 76, 74, 74, 74];
    let middle = [74, 74, 76, 72, 74, 77, 76, 72, 74, 77, 76, 74, 72, 74, 67, 67];
    let end = [76, 76, 77, 79, 79, 77, 76, 74, 72, 72, 74, 76, 74, 72, 72, 72];
    let tune = phrase.into_iter().chain(middle).chain(end);
    for (beat, key) in tune.take(BEATS).enumerate() {
        let velocity = 0.5 + 0.35 * (beat as f64 / BEATS as f64 * std::f64::consts::PI).sin();
        script = script.note_on_at(key, velocity).beats(0.9).note_off(key).beats(0.1);
    }
    script.stop().samples(SAMPLE_RATE as u64 / 4)
}

/// Keeps pictures as they are, with little work: the plugin plays beside it.
fn encoder(to: &std::path::Path) -> Result<Child> {
    let Size { width, height } = SIZE;
    Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"])
        .args(["-s", &format!("{width}x{height}"), "-r", &PICTURES_PER_S.to_string(), "-i", "-"])
        .args(["-c:v", "libx264rgb", "-preset", "ultrafast", "-qp", "0", "-threads", "1"])
        .arg(to)
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot start ffmpeg")
}

/// Pictures and sound as one small file that browsers play.
fn mixed(
    pictures: &std::path::Path,
    sound: &std::path::Path,
    to: &std::path::Path,
) -> Result<Vec<u8>> {
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(pictures)
        .arg("-i")
        .arg(sound)
        .args(["-c:v", "libx264", "-preset", "slow", "-crf", "26", "-pix_fmt", "yuv420p"])
        .args(["-c:a", "aac", "-b:a", "128k", "-shortest", "-movflags", "+faststart"])
        .args(["-map_metadata", "-1"])
        .arg(to)
        .status()
        .context("cannot start ffmpeg")?;
    ensure!(status.success(), "ffmpeg could not make the film");
    std::fs::read(to).context("ffmpeg made no film")
}

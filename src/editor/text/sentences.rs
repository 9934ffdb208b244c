//! Sentences that the editor makes.

use super::{
    ANEW, CHORD_TIME, GROUP_TAKE, LEAD, LOADING_OTHER, MISSED, NO_MODEL_NAME, NONE_YET, WORKER,
    line,
};
use crate::editor::next::Advice;
use crate::editor::view::{Activity, Card, Figures, Model, MusicalContext, Roll, Take, View};
use crate::jam::take::PackError;
use crate::music::{Chord, STEPS_PER_BAR};
use crate::params::{ModeChoice, ModelChoice};

/// The name of the model that plays.
pub fn model(model: &Model) -> String {
    match (model.name.is_empty(), model.loading) {
        (true, _) => NO_MODEL_NAME.to_owned(),
        (false, true) => LOADING_OTHER.to_owned(),
        (false, false) => line(&model.name),
    }
}

/// What is to be known of the model that plays, for whom the pointer rests on its name.
pub fn model_hint(chosen: &ModelChoice, model: &Model) -> String {
    let corpus = match model.corpus.is_empty() {
        true => "What plays. The page of models tells more.".to_owned(),
        false => format!("Trained on {}", line(&model.corpus)),
    };
    match (chosen, &model.problem) {
        (ModelChoice::File(path), Some(_)) => {
            format!("{} plays in place of {}. {corpus}", line(&model.name), line(path))
        }
        _ => corpus,
    }
}

/// Where the host is: bar, metre, tempo; nothing of what it does not tell.
pub fn place(bar: i64, signature: Option<(u16, u16)>, tempo_bpm: Option<f32>) -> String {
    let bar = signature.map(|_| format!("Bar {bar}"));
    let metre = signature.map(|(beats, unit)| format!("{beats}/{unit}"));
    let tempo = tempo_bpm.map(|tempo| format!("{tempo:.0} BPM"));
    [bar, metre, tempo].into_iter().flatten().collect::<Vec<_>>().join(" \u{b7} ")
}

/// What goes on while all is well.
pub fn playing(mode: ModeChoice, ear: &MusicalContext) -> String {
    let key = ear.key.map(|key| format!(", in {key}")).unwrap_or_default();
    match mode {
        ModeChoice::Solo => "Playing alone".to_owned(),
        ModeChoice::Accompany if ear.hears => format!("With you{key}"),
        ModeChoice::Accompany => format!("Playing on{key}"),
        ModeChoice::Answer if ear.answering => format!("Its turn{key}"),
        ModeChoice::Answer => "Your turn: it answers when you rest for half a bar".to_owned(),
    }
}

/// The keys of a piano on the computer's keyboard, from the C `low` on: an octave and a third.
pub fn piano(low: u8) -> String {
    let octave = i32::from(low) / 12 - 1;
    format!("C{octave} to E{}", octave + 1)
}

/// The button that goes to a bar.
pub fn to_bar(bar: i64) -> String {
    if bar == 1 { "To the start".to_owned() } else { format!("To bar {bar}") }
}

/// What a newcomer does next; without a host, `own` says.
pub fn advice(advice: Advice, own: bool) -> &'static str {
    match advice {
        Advice::PressPlay if own => "Press Play, or the space bar.",
        Advice::Play if own => {
            "Play something, on a MIDI keyboard or with the keys A to L: it goes with you."
        }
        Advice::Listen if own => "Hear nothing? Let --midi-out lead to an instrument, or",
        Advice::PressPlay => "Press play in the host: it plays while the transport runs.",
        Advice::Play => "Play something: it goes with you.",
        Advice::Listen => "Hear nothing? Put an instrument after it, or",
    }
}

/// A button of one of the performances before, counted from the newest.
pub fn try_name(button: &str, index: usize) -> String {
    format!("{button} performance {}", index + 1)
}

/// Chords that came too late.
pub fn missed(count: u64) -> String {
    format!("{count} missed")
}

/// What is measured of the threads: names with explanations, and values.
pub fn figures(view: &View) -> [((&'static str, &'static str), String); 4] {
    let figures = &view.figures;
    let lead = figures.shortest_lead_ms.map(|ms| format!("{ms:.0} ms"));
    [
        (MISSED, figures.missed.to_string()),
        (CHORD_TIME, chord_time(figures)),
        (LEAD, lead.unwrap_or_else(|| NONE_YET.to_owned())),
        (WORKER, worker(view)),
    ]
}

/// The preset that was chosen, and whether something was changed since.
pub fn preset(name: Option<&str>, altered: bool) -> String {
    format!("{}{}", name.unwrap_or_default(), if altered { " (changed)" } else { "" })
}

/// A preset was saved.
pub fn saved_preset(name: &str, folder: &std::path::Path) -> String {
    format!("Saved \"{name}\" in {}", folder.display())
}

/// A file of the user's is no preset, and so many more are none.
pub fn no_preset(name: &str, why: &dyn std::fmt::Display, more: usize) -> String {
    let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    format!("{name} is no preset: {why}{more}")
}

/// The button that lets a model play.
pub fn play_model(name: &str) -> String {
    format!("Play {name}")
}

/// What a model tells of itself in figures.
pub fn card_figures(card: &Card) -> String {
    let layers =
        |units: &[usize]| units.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let [time, note] = &card.layers;
    let mut parts = vec![format!("layers {} / {}", layers(time), layers(note))];
    if let Some(keys) = card.keys {
        parts.push(format!(
            "keys {} to {}",
            keys.low,
            u16::from(keys.low) + u16::from(keys.count) - 1
        ));
    }
    if let Some(heldout) = card.heldout {
        parts
            .push(format!("{heldout:.2} nats a step on pieces that it never saw (less is better)"));
    }
    parts.join("  \u{b7}  ")
}

/// Which bars are chosen.
pub fn chosen_bars(first: i64, last: i64) -> String {
    if first == last { format!("Bar {first}") } else { format!("Bars {first} to {last}") }
}

/// Bars that are kept where the user says.
pub fn keep_as_bars(first: i64, last: i64) -> String {
    format!("{} ...", chosen_bars(first, last))
}

/// The default plays because the user's own model cannot.
pub fn stand_in(name: &str, why: &dyn std::fmt::Display) -> String {
    format!("{name} cannot be used: {why}. The built-in model plays instead.")
}

/// How long the take is, in bars of `bar_steps` steps as they are now; of 4/4 where that is not known.
pub fn take_length(take: &Take, bar_steps: u16) -> String {
    let bar_steps = if bar_steps == 0 { STEPS_PER_BAR.into() } else { bar_steps };
    let bars = |steps: f64| steps / f64::from(bar_steps);
    // A take has some 65,000 steps at most, and a float many more.
    let length = format!("Take: {:.1} bars", bars(take.steps as f64));
    match take.dropped {
        0 => length,
        dropped => format!("{length}; the {:.0} oldest are gone", bars(dropped as f64).ceil()),
    }
}

/// The project's take cannot be read.
pub fn take_problem(why: PackError) -> String {
    let until = match why {
        PackError::NotATake | PackError::Damaged => "until you play".to_owned(),
        PackError::Newer(_) => {
            format!("and nothing is added: update, or press {} under {GROUP_TAKE}", ANEW.0)
        }
    };
    format!("What was played before cannot be read: {why}. It stays in the project {until}.")
}

/// A folder holds more models than are shown.
pub fn many_models(shown: usize) -> String {
    format!("There are more models in this folder than the {shown} that are shown.")
}

/// A folder cannot be read.
pub fn no_folder(why: &dyn std::fmt::Display) -> String {
    format!("The folder cannot be read: {why}.")
}

/// The take was written to a file.
pub fn kept(path: &std::path::Path) -> String {
    format!("Kept as {}", path.display())
}

/// A performance is replayed in the bars from the first to the last.
pub fn brought_back((first, last): (i64, i64)) -> String {
    format!("{} locked as then: play from bar {first}", chosen_bars(first, last))
}

/// Bars will be played anew.
pub fn again((first, last): (i64, i64)) -> String {
    format!("{} will be played anew: play from bar {first}", chosen_bars(first, last))
}

/// The seed of a performance.
pub fn seed(seed: i32) -> String {
    format!("Seed {seed}")
}

/// It could not be written.
pub fn not_kept(why: &dyn std::fmt::Display) -> String {
    format!("Not kept: {why}")
}

/// The roll in words, for those who do not see it.
pub fn roll(roll: &Roll) -> String {
    let sounding = roll.now.map_or(Chord::SILENT, |column| column.chord).len();
    let notes = if sounding == 1 { "note sounds" } else { "notes sound" };
    let steps = if roll.ahead.len() == 1 { "step is" } else { "steps are" };
    format!("Piano roll: {sounding} {notes} now, {} {steps} decided ahead", roll.ahead.len())
}

/// Time that a chord takes, and how busy it and the thinking before keep the worker.
pub fn chord_time(figures: &Figures) -> String {
    match (figures.chord_ms, figures.busy_share) {
        (Some(ms), Some(share)) if share < 0.01 => format!("{ms:.1} ms (busy under 1 % of a step)"),
        (Some(ms), Some(share)) => format!("{ms:.1} ms (busy {:.0} % of a step)", share * 100.0),
        (Some(ms), None) => format!("{ms:.1} ms"),
        _ => NONE_YET.to_owned(),
    }
}

/// What the worker is at, and on which instructions it runs.
pub fn worker(view: &View) -> String {
    let state = match (&view.activity, view.model.loading) {
        _ if view.figures.faults > 0 => format!("{} errors, going on", view.figures.faults),
        (_, true) => "opening a model".to_owned(),
        (Activity::Playing, false) if view.figures.raised => "thinking, raised".to_owned(),
        (Activity::Playing, false) => "thinking".to_owned(),
        _ => "at rest".to_owned(),
    };
    match view.model.instructions {
        "" => state,
        instructions => format!("{state} ({instructions})"),
    }
}

//! From the performer's status to what is drawn.

use super::view::{Activity, Column, Figures, Line, Model, Roll, View};
use crate::jam::link::Meters;
use crate::jam::status::{Shown, Status};
use crate::jam::transport::Reason;
use crate::music::{KeyRange, Metre};

use super::text;

impl View {
    /// The view of a moment: what the audio thread published, the worker's meters, and the
    /// model with the keys that it plays.
    pub fn gather(status: &Status, meters: &Meters, model: Model, keys: KeyRange) -> View {
        View {
            activity: activity(status.reason, &model),
            roll: roll(status, keys),
            figures: figures(status, meters),
            model,
        }
    }
}

fn activity(reason: Reason, model: &Model) -> Activity {
    match reason {
        _ if model.name.is_empty() && model.loading => Activity::Silent(text::LOADING.to_owned()),
        _ if model.name.is_empty() => Activity::Silent(text::NO_MODEL.to_owned()),
        Reason::Playing => Activity::Playing,
        Reason::Stopped => Activity::Stopped,
        Reason::NoTempo => Activity::Silent(text::NO_TEMPO.to_owned()),
        Reason::NoPosition => Activity::Silent(text::NO_POSITION.to_owned()),
        Reason::NoSampleRate => Activity::Silent(text::NO_SAMPLE_RATE.to_owned()),
    }
}

fn roll(status: &Status, keys: KeyRange) -> Roll {
    let column = |shown: &Shown, past: bool| Column {
        chord: shown.chord,
        line: line(status, shown),
        missed: past && !shown.known,
    };
    let mut past: Vec<Column> = status.past().iter().map(|shown| column(shown, true)).collect();
    let playing = status.reason == Reason::Playing && status.now.is_some();
    // The newest step of the past is the one that sounds.
    let now = if playing { past.pop() } else { None };
    let ahead = status.coming().iter().take_while(|shown| shown.known);
    Roll {
        keys,
        past,
        now,
        ahead: ahead.map(|shown| column(shown, false)).collect(),
        phase: if playing { phase(status) } else { 0.0 },
    }
}

/// Share of the sounding step that has passed.
fn phase(status: &Status) -> f32 {
    match (status.position_beats, status.now) {
        (Some(beats), Some(now)) if status.step_beats > 0.0 => {
            // A share of one step: f32 is plenty.
            ((beats / status.step_beats - now.0 as f64) as f32).clamp(0.0, 1.0)
        }
        _ => 0.0,
    }
}

fn line(status: &Status, shown: &Shown) -> Line {
    let Metre { bar_start_beats, bar_beats } = status.metre;
    let since_bar = shown.step.0 as f64 * status.step_beats - bar_start_beats;
    let begins = |length: f64| {
        let within = since_bar.rem_euclid(length);
        within < 1e-6 || length - within < 1e-6
    };
    match () {
        () if !(status.step_beats > 0.0 && bar_beats > 0.0) => Line::Step,
        () if begins(bar_beats) => Line::Bar,
        // Beats are counted from the bar line, where an odd bar begins them anew.
        () if begins(1.0) => Line::Beat,
        () => Line::Step,
    }
}

fn figures(status: &Status, meters: &Meters) -> Figures {
    let measured = meters.chord_ms > 0.0;
    let share = measured && status.step_ms > 0.0;
    Figures {
        missed: status.missed_deadlines,
        step_time_ms: measured.then_some(meters.chord_ms),
        step_share: share.then(|| meters.chord_ms / status.step_ms),
        shortest_lead_ms: status.shortest_lead_ms,
        lead_too_short: status.lookahead_too_short,
    }
}

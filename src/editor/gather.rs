//! From the performer's status to what is drawn.

use super::view::{Activity, Column, Figures, Line, Model, Roll, Take, View};
use crate::jam::link::Meters;
use crate::jam::status::{Shown, Status};
use crate::jam::take::TakeView;
use crate::jam::transport::Reason;
use crate::music::{Grid, KeyRange, Metre};

use super::text;

impl View {
    /// The view of a moment: what the audio thread published, the worker's meters, and the
    /// model with the keys that it plays, and the take.
    pub fn gather(
        status: &Status,
        meters: &Meters,
        (model, keys): (Model, KeyRange),
        take: &TakeView,
    ) -> View {
        View {
            activity: activity(status.reason, &model),
            roll: roll(status, keys),
            figures: figures(status, meters),
            take: self::take(status, take),
            model,
        }
    }
}

fn take(status: &Status, take: &TakeView) -> Take {
    // Where bars lie does not depend on the rate.
    let bar = |beats| Grid::default().bar_at(beats, status.metre);
    Take {
        steps: take.steps,
        dropped: take.dropped,
        can_undo: take.can_undo,
        bar: status.position_beats.map_or(1, bar),
        notice: take.problem.as_ref().map(|problem| text::take_problem(problem)),
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
    let Metre { bar_start_beats, bar_beats, .. } = status.metre;
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
        chord_ms: measured.then_some(meters.chord_ms),
        busy_share: share.then(|| meters.busy_ms / status.step_ms),
        shortest_lead_ms: status.shortest_lead_ms,
        lead_too_short: status.lookahead_too_short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::{Chord, Step};

    fn shown(step: i64, known: bool) -> Shown {
        Shown { step: Step(step), pass: 0, chord: Chord::struck_keys([60]), known }
    }

    fn status(reason: Reason) -> Status {
        let mut status = Status::default();
        status.reason = reason;
        status
    }

    fn playing_at(beats: f64) -> Status {
        let mut status = status(Reason::Playing);
        status.position_beats = Some(beats);
        status.step_beats = 0.25;
        status.step_ms = 125.0;
        status.metre = Metre::new(3.0, 3, 4);
        status.now = Some(Step(13));
        for step in 10..=13 {
            status.push_past(shown(step, step != 11));
        }
        status.set_coming([shown(14, true), shown(15, false), shown(16, true)].into_iter());
        status
    }

    fn gather(status: &Status, name: &str, loading: bool) -> View {
        let model = Model { name: name.to_owned(), loading, ..Model::default() };
        let meters = Meters { chord_ms: 0.5, busy_ms: 2.5, ..Meters::default() };
        let keys = KeyRange { low: 24, count: 78 };
        View::gather(status, &meters, (model, keys), &TakeView::default())
    }

    #[test]
    fn the_newest_step_is_the_one_that_sounds() {
        let view = gather(&playing_at(3.375), "Tiny", false);
        assert_eq!(view.activity, Activity::Playing);
        let roll = view.roll;
        assert_eq!((roll.past.len(), roll.now.is_some(), roll.ahead.len()), (3, true, 1));
        assert!((roll.phase - 0.5).abs() < 1e-6, "half of step 13 has passed: {}", roll.phase);
        let missed: Vec<bool> = roll.past.iter().map(|column| column.missed).collect();
        assert_eq!(missed, [false, true, false]);
    }

    #[test]
    fn bar_lines_lie_where_the_host_says() {
        let roll = gather(&playing_at(3.25), "Tiny", false).roll;
        let lines: Vec<Line> = roll.past.iter().chain(&roll.now).map(|c| c.line).collect();
        // Bars of 3/4 begin at beats 0, 3, 6: at steps 0, 12, 24.
        assert_eq!(lines, [Line::Step, Line::Step, Line::Bar, Line::Step]);
    }

    #[test]
    fn stopped_nothing_sounds_but_the_past_remains() {
        let mut status = playing_at(3.375);
        status.reason = Reason::Stopped;
        let view = gather(&status, "Tiny", false);
        assert_eq!(view.activity, Activity::Stopped);
        assert_eq!((view.roll.past.len(), view.roll.now), (4, None));
    }

    #[test]
    fn silence_is_explained() {
        let words = |status: &Status, name, loading| match gather(status, name, loading).activity {
            Activity::Silent(words) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(words(&status(Reason::NoTempo), "Tiny", false), text::NO_TEMPO);
        assert_eq!(words(&playing_at(0.0), "", true), text::LOADING);
        assert_eq!(words(&playing_at(0.0), "", false), text::NO_MODEL);
    }

    #[test]
    fn the_chord_time_comes_with_the_share_of_a_step_that_is_busy() {
        let figures = gather(&playing_at(3.25), "Tiny", false).figures;
        assert_eq!(figures.busy_share, Some(0.02));
        assert_eq!(text::chord_time(&figures), "0.5 ms (busy 2 % of a step)");
    }
}

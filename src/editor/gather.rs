//! From the performer's status to what is drawn.

mod roll;

use self::roll::roll;
use super::view::{
    Activity, Column, Figures, Library, Model, MusicalContext, PresetShelf, Roll, Sound, Take,
    Transport, View,
};
use crate::jam::link::Meters;
use crate::jam::status::{Preview, Status};
use crate::jam::take::{PackError, TakeView};
use crate::jam::transport::Reason;
use crate::music::{Chord, Grid, Harmony, KeyRange, Rate};

use super::text;

impl View {
    /// The view of a moment: what the audio thread published and how it would go on, the worker's
    /// meters, the model with the keys that it plays, and the take; `rate` is that of the steps.
    pub fn gather(
        (status, preview): (&Status, &Preview),
        meters: &Meters,
        (model, keys): (Model, KeyRange),
        (rate, take): (Rate, &TakeView),
    ) -> View {
        let roll = roll((status, preview), keys, rate, take);
        View {
            activity: activity(status.reason, &model),
            ear: ear(status, rate, &roll),
            transport: transport(status),
            roll,
            figures: figures(status, meters),
            take: self::take(status, take),
            library: Library::default(),
            presets: PresetShelf::default(),
            console: None,
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
        newer: matches!(take.problem, Some(PackError::Newer(_))),
        bar: status.position_beats.map_or(1, bar),
        problem: take.problem.map(text::take_problem),
        notice: None,
    }
}

/// Steps within which a chord is looked for, a bar of 4/4 each.
const NAMED_WITHIN_STEPS: usize = 32;

fn ear(status: &Status, rate: Rate, roll: &Roll) -> MusicalContext {
    let recent: Vec<&Column> =
        roll.now.iter().chain(roll.past.iter().rev().take(NAMED_WITHIN_STEPS)).collect();
    let beat = usize::from(rate.steps_per_beat()).max(1);
    // From now back, beat by beat, so that what was named holds in rests.
    let named = |chord: fn(&Column) -> Chord| {
        recent.chunks(beat).find_map(|steps| {
            let chords: Vec<Chord> = steps.iter().map(|column| chord(column)).collect();
            let note = || chords.iter().find_map(|chord| chord.keys().last()).map(Sound::Note);
            Harmony::sounding(&chords).map(Sound::Chord).or_else(note)
        })
    };
    MusicalContext {
        key: status.key_heard,
        yours: named(|column| column.heard),
        own: named(|column| column.chord),
        hears: status.held != 0 || recent.iter().any(|column| !column.heard.is_empty()),
        answering: status.answering,
        waits: status.waits,
    }
}

fn transport(status: &Status) -> Transport {
    let signature = status.metre.signature;
    let there = status.position_beats.is_some();
    let minute_ms = 60_000.0 * status.step_beats;
    Transport {
        signature: there.then_some((signature.numerator(), signature.denominator())),
        // A tempo has few digits: f32 is plenty.
        tempo_bpm: (status.step_ms > 0.0).then(|| minute_ms as f32 / status.step_ms),
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

fn figures(status: &Status, meters: &Meters) -> Figures {
    let measured = meters.chord_ms > 0.0;
    let share = measured && status.step_ms > 0.0;
    Figures {
        missed: status.missed_deadlines,
        chord_ms: measured.then_some(meters.chord_ms),
        busy_share: share.then(|| meters.busy_ms / status.step_ms),
        shortest_lead_ms: status.shortest_lead_ms,
        lead_too_short: status.lookahead_too_short,
        faults: meters.panics,
        raised: meters.raised,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::view::Line;
    use crate::jam::status::Shown;
    use crate::jam::take::{Locks, Played, ShownStep, Span};
    use crate::music::{Metre, Step};

    fn shown(step: i64, known: bool) -> Shown {
        let chord = Chord::struck_keys([60]);
        Shown { step: Step(step), pass: 0, chord, known, tentative: step == 16 }
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
        View::gather(
            (status, &Preview::default()),
            &meters,
            (model, keys),
            (Rate::Sixteenth, &TakeView::default()),
        )
    }

    /// A roll with what a take tells of the steps `steps`, in which the musician played `step`.
    fn roll_with(status: &Status, steps: &[i64], locked: &[i64]) -> Roll {
        let played = |step: &i64| Played {
            pass: 0,
            step: Step(*step),
            rate: Rate::Sixteenth,
            step_in_bar: 0,
            tempo_bpm: 120.0,
            transpose: 12,
            chord: Chord::struck_keys([48]),
            heard: Chord::struck_keys([*step as u8]),
            sounded: true,
            touch: None,
            heard_velocity: 0,
            heard_late_us: 0,
        };
        let span =
            |step: &i64| Span { rate: Rate::Sixteenth, first: Step(*step), end: Step(*step + 1) };
        let take = TakeView {
            tail: steps
                .iter()
                .map(|step| ShownStep { played: played(step), metre: None })
                .collect(),
            end: 100,
            locks: Locks::of(locked.iter().map(span)),
            ..TakeView::default()
        };
        let keys = KeyRange { low: 24, count: 78 };
        roll((status, &Preview::default()), keys, Rate::Sixteenth, &take)
    }

    fn keys(chord: Chord) -> Vec<u8> {
        chord.keys().collect()
    }

    #[test]
    fn what_the_take_remembers_lies_before_and_tells_what_was_heard() {
        let mut status = playing_at(3.375);
        status.held = 1 << 72;
        let roll = roll_with(&status, &[7, 8, 9, 10, 11], &[8, 12, 14]);
        assert_eq!(roll.past.len(), 6, "7 to 12, each once");
        let heard: Vec<Vec<u8>> = roll.past.iter().map(|column| keys(column.heard)).collect();
        assert_eq!(heard, [vec![19], vec![20], vec![21], vec![22], vec![23], vec![]]);
        assert_eq!(keys(roll.past[0].chord), [60], "as it sounded");
        let locked: Vec<bool> = roll.past.iter().map(|column| column.locked).collect();
        assert_eq!(locked, [false, true, false, false, false, true]);
        assert!(roll.ahead[0].locked);
        assert_eq!(roll.now.map(|now| keys(now.heard)), Some(vec![72]));
        assert_eq!(roll.played, 100 - 2 + 3);
    }

    #[test]
    fn what_is_heard_is_named_and_holds_in_rests() {
        let step = |chord, heard| Column { chord, heard, ..Column::default() };
        let (c_major, a) = (Chord::struck_keys([48, 52, 55]), Chord::struck_keys([69]));
        let mut roll = Roll::default();
        roll.past.extend([step(c_major, a); 4]);
        let ear = |roll: &Roll| ear(&Status::default(), Rate::Sixteenth, roll);
        let named = |ear: MusicalContext| [ear.yours, ear.own].map(|s| s.map(|s| s.to_string()));
        assert_eq!(named(ear(&roll)), [Some("A".to_owned()), Some("C".to_owned())]);
        roll.past.extend([step(Chord::SILENT, Chord::SILENT); 20]);
        assert_eq!(named(ear(&roll)), [Some("A".to_owned()), Some("C".to_owned())]);
        assert!(ear(&roll).hears);
        roll.past.extend([step(Chord::SILENT, Chord::SILENT); 20]);
        assert_eq!(named(ear(&roll)), [None, None], "two bars ago");
        assert!(!ear(&roll).hears);
        let mut held = Status::default();
        held.held = 1;
        assert!(super::ear(&held, Rate::Sixteenth, &roll).hears);
    }

    #[test]
    fn an_earlier_playback_of_the_same_steps_is_another() {
        let roll = roll_with(&playing_at(3.375), &[8, 9, 10, 11, 12, 13, 14, 15], &[]);
        assert_eq!(roll.past.len(), 8 + 3);
        assert!(roll.past[8..].iter().all(|column| column.heard.is_empty()));
        let roll = roll_with(&status(Reason::Stopped), &[1, 2], &[]);
        assert_eq!((roll.past.len(), roll.now), (2, None), "a project just opened");
    }

    #[test]
    fn past_bars_keep_the_metre_and_the_rate_in_which_they_were_played() {
        let status = playing_at(3.375);
        let take = |metre, rate| {
            let played = |step| Played {
                pass: 0,
                step: Step(step),
                rate,
                step_in_bar: 0,
                tempo_bpm: 120.0,
                transpose: 0,
                chord: Chord::SILENT,
                heard: Chord::SILENT,
                sounded: true,
                touch: None,
                heard_velocity: 0,
                heard_late_us: 0,
            };
            // The last are those that the audio thread tells of, too.
            let steps = (7..13).map(|step| ShownStep { played: played(step), metre });
            TakeView { tail: steps.collect(), ..TakeView::default() }
        };
        let bars = |metre, rate| -> Vec<i64> {
            let keys = KeyRange { low: 24, count: 78 };
            let take = take(metre, rate);
            let roll = roll((&status, &Preview::default()), keys, Rate::Sixteenth, &take);
            roll.past.iter().map(|column| column.bar).collect()
        };
        // The host is in 3/4 now: bars of twelve sixteenths.
        assert_eq!(bars(None, Rate::Sixteenth), [1, 1, 1, 1, 1, 2]);
        assert_eq!(bars(Some(Metre::new(0.0, 2, 4)), Rate::Sixteenth), [1, 2, 2, 2, 2, 2]);
        assert_eq!(bars(None, Rate::Eighth), [2, 2, 2, 2, 2, 3]);
    }

    #[test]
    fn bars_are_numbered_and_the_hosts_loop_is_known() {
        let mut status = playing_at(3.375);
        status.loop_beats = Some((3.0, 3.25));
        let roll = roll_with(&status, &[9, 10], &[]);
        let bars: Vec<i64> = roll.past.iter().map(|column| column.bar).collect();
        // Bars of 3/4: the second begins with step 12.
        assert_eq!(bars, [1, 1, 1, 2]);
        let looped: Vec<bool> = roll.past.iter().map(|column| column.looped).collect();
        assert_eq!(looped, [false, false, false, true]);
        assert_eq!(roll.now.map(|now| now.looped), Some(false));
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
    fn how_it_would_go_on_follows_what_is_decided_as_far_as_the_loop_goes() {
        let mut status = playing_at(3.375);
        status.epoch = 7;
        let chord = |step: i64| Chord::struck_keys([step as u8]);
        let foreseen =
            |epoch| Preview::new(epoch, (14..38).map(|step| (0, Step(step), chord(step))));
        let keys = KeyRange { low: 0, count: 128 };
        let roll = |status: &Status, preview: &Preview| {
            let roll = roll((status, preview), keys, Rate::Sixteenth, &TakeView::default());
            let first = roll.preview.first().map(|column| self::keys(column.chord));
            (roll.preview.len(), first)
        };
        // 14 is decided, and a bar of 3/4 is shown.
        assert_eq!(roll(&status, &foreseen(7)), (12, Some(vec![15])));
        assert_eq!(roll(&status, &foreseen(6)), (0, None), "from before a jump");
        status.loop_beats = Some((3.0, 4.5));
        assert_eq!(roll(&status, &foreseen(7)), (3, Some(vec![15])));
        status.set_coming(std::iter::empty());
        assert_eq!(roll(&status, &foreseen(7)), (4, Some(vec![14])));
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

//! From the performer's status to what is drawn.

use super::view::{
    Activity, Column, Ear, Figures, Library, Line, Model, PresetShelf, Roll, Sound, Take,
    Transport, View,
};
use crate::jam::link::Meters;
use crate::jam::status::{Preview, Shown, Status};
use crate::jam::take::{Locks, PackError, Played, TakeView};
use crate::jam::transport::Reason;
use crate::music::{Chord, Grid, Harmony, KeyRange, Metre, Rate, Step, Stress};

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
        notice: take.problem.map(text::take_problem),
    }
}

/// Steps within which a chord is looked for, a bar of 4/4 each.
const NAMED_WITHIN_STEPS: usize = 32;

fn ear(status: &Status, rate: Rate, roll: &Roll) -> Ear {
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
    Ear {
        key: status.key_heard,
        yours: named(|column| column.heard),
        own: named(|column| column.chord),
        hears: status.held != 0 || recent.iter().any(|column| !column.heard.is_empty()),
        answering: status.answering,
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

/// The roll: what the take remembers of before, what the audio thread tells of now, what is decided,
/// and how it would go on.
fn roll(
    (status, preview): (&Status, &Preview),
    keys: KeyRange,
    rate: Rate,
    take: &TakeView,
) -> Roll {
    let columns = Columns { status, rate, locks: &take.locks };
    let (older, told) = aligned(&take.tail, status.past());
    let mut past: Vec<Column> = older.iter().map(|played| columns.remembered(played)).collect();
    past.extend(status.past().iter().enumerate().map(|(index, shown)| {
        let told = told.get(index);
        Column {
            // It has sounded, whichever of its decisions that was.
            tentative: false,
            heard: told.map_or(Chord::SILENT, heard),
            velocity: told.map_or(0, velocity),
            heard_velocity: told.map_or(0, |played| played.heard_velocity),
            missed: !shown.known,
            ..columns.shown(shown)
        }
    }));
    let playing = status.reason == Reason::Playing && status.now.is_some();
    // The newest step of the past is the one that sounds; what is held in it is not told yet.
    let mut now = if playing { past.pop() } else { None };
    if let Some(now) = &mut now {
        now.heard = Chord::from_masks(status.held, 0);
    }
    let ahead: Vec<&Shown> = status.coming().iter().take_while(|shown| shown.known).collect();
    let last = ahead.last().copied().or(status.past().last().filter(|_| playing));
    let bar_steps = Grid { rate }.bar_steps(status.metre);
    Roll {
        keys,
        played: take.end.saturating_sub(told.len() as u64) + (past.len() - older.len()) as u64,
        past,
        now,
        preview: last.map_or(vec![], |last| columns.foreseen(last, preview, bar_steps)),
        ahead: ahead.into_iter().map(|shown| columns.shown(shown)).collect(),
        held: status.held,
        beats: beats(status.metre),
        bar_steps: bar_steps.try_into().unwrap_or(u16::MAX),
        phase: if playing { phase(status) } else { 0.0 },
    }
}

/// Beats in a bar.
fn beats(metre: Metre) -> u16 {
    let beats = (metre.bar_beats / metre.count_beats).round();
    // At most 256, and what is no number becomes 0.
    beats as u16
}

/// The part of the take that lies before what the audio thread tells of, and the part that is the
/// same: the take learns of a step when it is over, by way of the worker.
fn aligned<'a>(tail: &'a [Played], past: &[Shown]) -> (&'a [Played], &'a [Played]) {
    let Some(first) = past.first() else { return (tail, &[]) };
    let is_first = |played: &Played| (played.pass, played.step) == (first.pass, first.step);
    match tail.iter().rposition(is_first) {
        // More steps than were played since are of a playback before.
        Some(at) if tail.len() - at <= past.len() => tail.split_at(at),
        _ => (tail, &[]),
    }
}

/// What the musician played in a step, as it sounded.
fn heard(played: &Played) -> Chord {
    played.heard.transposed(played.transpose)
}

/// How loud what was generated began, as far as that is known.
fn velocity(played: &Played) -> u8 {
    played.touch.map_or(0, |touch| touch.velocity)
}

/// Steps of the song as columns.
struct Columns<'a> {
    status: &'a Status,
    rate: Rate,
    locks: &'a Locks,
}

impl Columns<'_> {
    fn shown(&self, shown: &Shown) -> Column {
        Column { chord: shown.chord, tentative: shown.tentative, ..self.at(self.rate, shown.step) }
    }

    fn remembered(&self, played: &Played) -> Column {
        Column {
            chord: if played.sounded {
                played.chord.transposed(played.transpose)
            } else {
                Chord::SILENT
            },
            heard: heard(played),
            velocity: velocity(played),
            heard_velocity: played.heard_velocity,
            missed: !played.sounded,
            ..self.at(played.rate, played.step)
        }
    }

    /// What would follow the step `last`, up to a bar, and no further than the host's loop goes.
    fn foreseen(&self, last: &Shown, preview: &Preview, bar_steps: i64) -> Vec<Column> {
        if preview.epoch != self.status.epoch {
            return vec![];
        }
        let looped = self.at(self.rate, last.step).looped;
        let following = preview.after(last.pass, last.step);
        let columns = following.map(|(step, chord)| Column { chord, ..self.at(self.rate, step) });
        let most = usize::try_from(bar_steps).unwrap_or(0);
        columns.take_while(|column| column.looped || !looped).take(most).collect()
    }

    /// An empty column.
    fn at(&self, rate: Rate, step: Step) -> Column {
        let (grid, metre) = (Grid { rate }, self.status.metre);
        let beats = grid.start_beats(step);
        let within = |(begins, ends): (f64, f64)| (begins..ends).contains(&(beats + 1e-6));
        Column {
            bar: grid.bar_at(beats, metre),
            line: match grid.stress(step, metre) {
                Stress::Bar => Line::Bar,
                // Beats are counted from the bar line, where an odd bar begins them anew.
                Stress::Count => Line::Beat,
                Stress::None => Line::Step,
            },
            locked: self.locks.is_locked(rate, step),
            looped: self.status.loop_beats.is_some_and(within),
            ..Column::default()
        }
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
    use crate::jam::take::Span;

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
            tail: steps.iter().map(played).collect(),
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
        let named = |ear: Ear| [ear.yours, ear.own].map(|s| s.map(|s| s.to_string()));
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

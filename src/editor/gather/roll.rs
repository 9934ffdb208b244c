//! The columns of the roll, from status, take and preview.

use crate::editor::view::{Column, Line, Roll};
use crate::jam::status::{Preview, Shown, Status};
use crate::jam::take::{Locks, Played, ShownStep, TakeView};
use crate::jam::transport::Reason;
use crate::music::{Chord, Grid, KeyRange, Metre, Rate, Step, Stress};

/// The roll: what the take remembers of before, what the audio thread tells of now, what is decided,
/// and how it would go on.
pub(super) fn roll(
    (status, preview): (&Status, &Preview),
    keys: KeyRange,
    rate: Rate,
    take: &TakeView,
) -> Roll {
    let columns = Columns { status, rate, locks: &take.locks };
    let (older, told) = aligned(&take.tail, status.past());
    let mut past: Vec<Column> = older.iter().map(|seen| columns.remembered(seen)).collect();
    past.extend(status.past().iter().enumerate().map(|(index, shown)| {
        // As long as it is not told, rate and metre are taken to be those of now.
        let Some(told) = told.get(index) else {
            return Column { tentative: false, missed: !shown.known, ..columns.shown(shown) };
        };
        // It has sounded, whichever of its decisions that was.
        let remembered = columns.remembered(told);
        Column { chord: shown.chord, missed: !shown.known, ..remembered }
    }));
    let playing = status.reason == Reason::Playing && status.now.is_some();
    // What the audio thread tells of before the worker has written it down.
    let told = told.len();
    // The newest step of the past is the one that sounds; what is held in it is not told yet.
    let mut now = if playing { past.pop() } else { None };
    if let Some(now) = &mut now {
        now.heard = Chord::from_masks(status.held, 0);
    }
    let ahead: Vec<&Shown> = status.coming().iter().take_while(|shown| shown.known).collect();
    let last = ahead.last().copied().or(status.past().last().filter(|_| playing));
    let bar_steps = Grid { rate }.bar_steps(status.metre);
    let newer = (past.len() - older.len()) as u64;
    let count = |told_of: u64| (told_of + newer).saturating_sub(told as u64);
    Roll {
        keys,
        played: count(take.end),
        entries: count(take.entries),
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
fn aligned<'a>(tail: &'a [ShownStep], past: &[Shown]) -> (&'a [ShownStep], &'a [ShownStep]) {
    let Some(first) = past.first() else { return (tail, &[]) };
    let is_first = |ShownStep { played, .. }: &ShownStep| {
        (played.pass, played.step) == (first.pass, first.step)
    };
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

    fn remembered(&self, ShownStep { played, metre }: &ShownStep) -> Column {
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
            ..self.in_metre(played.rate, played.step, metre.unwrap_or(self.status.metre))
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

    /// An empty column, in the metre of now.
    fn at(&self, rate: Rate, step: Step) -> Column {
        self.in_metre(rate, step, self.status.metre)
    }

    /// An empty column.
    fn in_metre(&self, rate: Rate, step: Step, metre: Metre) -> Column {
        let grid = Grid { rate };
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

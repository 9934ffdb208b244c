//! What a newcomer does next; each piece of advice goes away when it is followed.

use nih_plug::prelude::Param;

use super::view::{Activity, View};
use crate::params::{AnacrusisParams, ModeChoice};

/// After so many steps somebody has heard it, or gone to see why not: eight bars.
const HEARD_STEPS: usize = 128;

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Let the host play.
    PressPlay,
    /// Switch *Audition* on, or route the notes.
    Listen,
    /// Play something.
    Play,
}

impl Advice {
    /// What a musician does next, if there is anything left.
    pub fn of(view: &View, params: &AnacrusisParams) -> Option<Advice> {
        let playing = match view.activity {
            Activity::Playing => true,
            Activity::Stopped => false,
            Activity::Silent(_) => return None,
        };
        let heard = view.ear.hears || view.roll.past.iter().any(|column| !column.heard.is_empty());
        let mode = params.mode.unmodulated_plain_value();
        let audition = params.audition.unmodulated_plain_value();
        match playing {
            false if view.take.steps == 0 => Some(Advice::PressPlay),
            false => None,
            true if mode != ModeChoice::Solo && !heard => Some(Advice::Play),
            true if !audition && view.take.steps < HEARD_STEPS => Some(Advice::Listen),
            true => None,
        }
    }
}

//! The controls, in a few plain groups of which one is seen.

use egui::{ScrollArea, Ui};
use nih_plug::prelude::{Param, ParamSetter};

use super::controls::{choice, lines, real, set_once, switch, whole};
use super::view::{Actions, View};
use super::{Memory, presets, take, text};
use crate::params::{self, AnacrusisParams};

/// A group of controls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// How it plays with the musician and the host.
    #[default]
    Play,
    /// Which notes it chooses.
    Shape,
    /// How they are played.
    Touch,
    /// When within a step they sound.
    Groove,
    /// Which of the possible pieces, and what was played.
    Take,
}

impl Tab {
    /// All of them, in order, with their names.
    pub const ALL: [(Tab, &'static str); 5] = [
        (Tab::Play, text::TAB_PLAY),
        (Tab::Shape, text::TAB_SHAPE),
        (Tab::Touch, text::TAB_TOUCH),
        (Tab::Groove, text::TAB_GROOVE),
        (Tab::Take, text::TAB_TAKE),
    ];
}

/// Draws the tabs and the group that is open.
pub fn show(
    ui: &mut Ui,
    view: &View,
    params: &AnacrusisParams,
    setter: &ParamSetter,
    memory: &mut Memory,
    actions: &mut Actions,
) {
    presets::show(ui, &view.presets, params, setter, &mut memory.preset, actions);
    ui.horizontal(|ui| {
        for (tab, name) in Tab::ALL {
            ui.selectable_value(&mut memory.tab, tab, name);
        }
    });
    ui.separator();
    ScrollArea::vertical().auto_shrink(false).id_salt(memory.tab as u8).show(ui, |ui| match memory
        .tab
    {
        Tab::Play => play(ui, params, setter),
        Tab::Shape => shape(ui, params, setter),
        Tab::Touch => touch(ui, params, setter),
        Tab::Groove => groove(ui, params, setter),
        Tab::Take => {
            lines(ui, text::TAB_TAKE, |ui| {
                whole(ui, setter, &params.seed, &params::SEED);
                choice(ui, setter, &params.replay);
                switch(ui, setter, &params.wait_for_notes);
            });
            let button = ui.button(text::NEW_SEED.0).on_hover_text(text::NEW_SEED.1);
            if button.clicked() {
                set_once(setter, &params.seed, other_seed(params.seed.unmodulated_plain_value()));
            }
            ui.separator();
            take::show(ui, &view.take, &mut memory.lens.bars, actions);
        }
    });
}

fn play(ui: &mut Ui, params: &AnacrusisParams, setter: &ParamSetter) {
    lines(ui, text::TAB_PLAY, |ui| {
        choice(ui, setter, &params.mode);
        choice(ui, setter, &params.rate);
        choice(ui, setter, &params.lookahead);
        switch(ui, setter, &params.start_with_me);
        switch(ui, setter, &params.stop_with_me);
        switch(ui, setter, &params.answer_now);
        switch(ui, setter, &params.room);
        switch(ui, setter, &params.double);
        switch(ui, setter, &params.sustain);
        real(ui, setter, &params.reaction, &params::REACTION);
        real(ui, setter, &params.follow, &params::FOLLOW);
    });
}

fn shape(ui: &mut Ui, params: &AnacrusisParams, setter: &ParamSetter) {
    lines(ui, text::TAB_SHAPE, |ui| {
        real(ui, setter, &params.temperature, &params::TEMPERATURE);
        real(ui, setter, &params.density, &params::DENSITY);
        real(ui, setter, &params.truncation, &params::TRUNCATION);
        choice(ui, setter, &params.key);
        choice(ui, setter, &params.scale);
        whole(ui, setter, &params.lowest, &params::MIDI_KEY);
        whole(ui, setter, &params.highest, &params::MIDI_KEY);
        whole(ui, setter, &params.transpose, &params::TRANSPOSE);
        whole(ui, setter, &params.most_notes, &params::MOST);
        whole(ui, setter, &params.most_onsets, &params::MOST);
        switch(ui, setter, &params.clear_bass);
    });
}

fn touch(ui: &mut Ui, params: &AnacrusisParams, setter: &ParamSetter) {
    lines(ui, text::TAB_TOUCH, |ui| {
        whole(ui, setter, &params.velocity, &params::VELOCITY);
        real(ui, setter, &params.dynamics, &params::DYNAMICS);
        whole(ui, setter, &params.accent, &params::VELOCITY_CHANGE);
        whole(ui, setter, &params.humanise, &params::VELOCITY_CHANGE);
        real(ui, setter, &params.gate, &params::GATE);
        whole(ui, setter, &params.channel, &params::CHANNEL);
        switch(ui, setter, &params.split);
        switch(ui, setter, &params.thru);
        switch(ui, setter, &params.bypass);
        switch(ui, setter, &params.audition);
        real(ui, setter, &params.audition_level, &params::AUDITION_LEVEL);
    });
}

fn groove(ui: &mut Ui, params: &AnacrusisParams, setter: &ParamSetter) {
    lines(ui, text::TAB_GROOVE, |ui| {
        real(ui, setter, &params.swing, &params::SWING);
        choice(ui, setter, &params.swing_of);
        real(ui, setter, &params.lay_back, &params::LAY_BACK);
        real(ui, setter, &params.timing, &params::TIMING);
        real(ui, setter, &params.groove, &params::GROOVE);
    });
}

/// Another seed than `seed`, far from it: a step through all of them in an order that looks
/// random (the multiplier of a full-period congruential generator modulo 2^16).
fn other_seed(seed: i32) -> i32 {
    (i64::from(seed) * 25_173 + 13_849).rem_euclid(65_536) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_is_reached_before_one_comes_again() {
        let mut seen = vec![false; 65_536];
        let mut seed = 1;
        for _ in 0..65_536 {
            seed = other_seed(seed);
            let slot = usize::try_from(seed).expect("not negative");
            assert!(params::SEED.contains(&seed) && !std::mem::replace(&mut seen[slot], true));
        }
    }
}

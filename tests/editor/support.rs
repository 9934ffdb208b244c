//! A desk without a host: parameters that change at once, and a note of every gesture.

use std::sync::{Arc, Mutex};

use anacrusis::editor::{self, Actions, Activity, Column, Group, Line, Memory, View, text, theme};
use anacrusis::music::Chord;
use anacrusis::params::AnacrusisParams;
use egui::{Color32, Role, Shape, epaint::ClippedShape};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use nih_plug::context::PluginApi;
use nih_plug::context::gui::GuiContextInner;
use nih_plug::plugin::PluginState;
use nih_plug::prelude::{ParamPtr, ParamSetter, Params};

/// What the editor told the host.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Begin(String),
    Set(String, f32),
    End(String),
}

/// The state behind a harness.
pub struct Desk {
    pub view: View,
    pub params: Arc<AnacrusisParams>,
    pub memory: Memory,
    /// What the user asked for in every frame since the beginning.
    pub actions: Vec<Actions>,
    pub host: Arc<FakeHost>,
}

impl Default for Desk {
    fn default() -> Self {
        let params = Arc::new(AnacrusisParams::default());
        let host = Arc::new(FakeHost { params: params.clone(), changes: Mutex::default() });
        let mut view = View::default();
        view.model.name = "Tiny".to_owned();
        view.model.digest = "0123456789abcdef".to_owned();
        Desk { view, params, memory: Memory::default(), actions: Vec::new(), host }
    }
}

impl Desk {
    pub fn panicked(&self) -> bool {
        self.actions.iter().any(|actions| actions.panic)
    }

    pub fn changes(&self) -> Vec<Change> {
        self.host.changes.lock().expect("no test panics with it").clone()
    }
}

/// A harness that has drawn `desk`.
pub fn harness(desk: Desk) -> Harness<'static, Desk> {
    let [width, height] = editor::SIZE;
    let mut harness = Harness::builder()
        .with_size(egui::vec2(width, height))
        .with_accessibility_check(true)
        .with_context_setup(theme::apply)
        .build_ui_state(
            |ui, desk: &mut Desk| {
                theme::choose(ui.ctx(), desk.memory.prefs.look);
                let setter = ParamSetter::new(&*desk.host);
                let actions = editor::ui(ui, &desk.view, &desk.params, &setter, &mut desk.memory);
                desk.actions.push(actions);
            },
            desk,
        );
    harness.run();
    harness
}

/// Opens a group of controls.
pub fn group(harness: &mut Harness<'_, Desk>, which: Group) {
    let (_, name) = Group::ALL.into_iter().find(|(group, _)| *group == which).expect("a group");
    harness.get_by_role_and_label(Role::Button, name).click();
    harness.run();
}

/// Closes a group that is open.
pub fn close(harness: &mut Harness<'_, Desk>) {
    harness.state_mut().memory.group = None;
    harness.run();
}

/// Opens one of the pages of the menu.
pub fn page(harness: &mut Harness<'_, Desk>, name: &str) {
    harness.get_by_label(text::MORE).click();
    harness.run();
    harness.get_by_label(name).click();
    harness.run();
}

/// A view of music that runs.
pub fn playing() -> View {
    let mut view = Desk::default().view;
    view.activity = Activity::Playing;
    view.roll.phase = 0.5;
    view
}

/// A step in which every one of `keys` is struck.
pub fn column<const N: usize>(keys: [u8; N], line: Line) -> Column {
    Column { chord: Chord::struck_keys(keys), line, ..Column::default() }
}

/// A desk whose roll shows `bars` bars of four steps, one note each, and the sounding step of
/// the bar after them.
pub fn desk_with_bars(bars: i64) -> Desk {
    let mut view = playing();
    let column = |bar, step| Column {
        bar,
        line: if step == 0 { Line::Bar } else { Line::Step },
        ..column([60], Line::Step)
    };
    let steps = (1..=bars).flat_map(|bar| (0..4).map(move |step| (bar, step)));
    view.roll.past = steps.map(|(bar, step)| column(bar, step)).collect();
    view.roll.now = Some(column(bars + 1, 0));
    view.roll.ahead = vec![column(bars + 1, 1)];
    view.roll.played = view.roll.past.len() as u64;
    view.roll.entries = view.roll.played;
    view.take.bar = bars + 1;
    view.take.steps = view.roll.past.len();
    Desk { view, ..Desk::default() }
}

/// Rectangles filled with exactly `colour`, those without smooth edges included.
pub fn fills(harness: &Harness<'_, Desk>, colour: Color32) -> usize {
    let plain =
        harness.output().shapes.iter().filter_map(|ClippedShape { shape, .. }| match shape {
            Shape::Mesh(mesh) => Some(mesh.vertices.chunks_exact(4)),
            _ => None,
        });
    let plain = plain.flatten().filter(|corners| corners.iter().all(|at| at.color == colour));
    rects(harness).filter(|rect| rect.fill == colour).count() + plain.count()
}

/// Rectangles outlined in exactly `colour`.
pub fn outlines(harness: &Harness<'_, Desk>, colour: Color32) -> usize {
    rects(harness).filter(|rect| rect.stroke.width > 0.0 && rect.stroke.color == colour).count()
}

fn rects<'a>(harness: &'a Harness<'_, Desk>) -> impl Iterator<Item = &'a egui::epaint::RectShape> {
    harness.output().shapes.iter().filter_map(|ClippedShape { shape, .. }| match shape {
        Shape::Rect(rect) => Some(rect),
        _ => None,
    })
}

/// Takes every change at once, as a host that is not processing would.
pub struct FakeHost {
    params: Arc<AnacrusisParams>,
    changes: Mutex<Vec<Change>>,
}

impl FakeHost {
    fn id(&self, pointer: ParamPtr) -> String {
        let map = self.params.param_map();
        let (id, ..) = map.into_iter().find(|(_, known, _)| *known == pointer).expect("ours");
        id
    }

    fn note(&self, change: Change) {
        self.changes.lock().expect("no test panics with it").push(change);
    }
}

impl GuiContextInner for FakeHost {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }

    unsafe fn raw_begin_set_parameter(&self, param: ParamPtr) {
        self.note(Change::Begin(self.id(param)));
    }

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        self.note(Change::Set(self.id(param), normalized));
        // SAFETY: the pointer is to a field of `self.params`, which `id` has just checked.
        unsafe { param._internal_set_normalized_value(normalized) };
    }

    unsafe fn raw_end_set_parameter(&self, param: ParamPtr) {
        self.note(Change::End(self.id(param)));
    }

    fn get_state(&self) -> PluginState {
        unreachable!("the editor leaves the state to the host")
    }

    fn set_state(&self, _state: PluginState) {
        unreachable!("the editor leaves the state to the host")
    }

    fn request_restart(&self) {
        unreachable!("the editor never asks for a restart")
    }
}

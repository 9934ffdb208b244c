//! The performer's controls under the names, and in the words, of the plugin's parameters.

use crate::plugin::Parameter;
use anacrusis::jam::controls::{Bounds, Controls, Lookahead, Mode, Replay, Shaping};
use anacrusis::music::Rate;

enum Kind {
    /// From, to, and how many decimals are shown.
    Number(f64, f64, usize),
    Choice(&'static [&'static str]),
}

struct Knob {
    name: &'static str,
    kind: Kind,
    default: f64,
}

const LOOKAHEADS: &[&str] = &["1/4 step", "1/2 step", "1 step", "2 steps", "4 steps", "8 steps"];
const RATES: &[&str] = &["1/8", "1/8 triplet", "1/16", "1/16 triplet", "1/32"];
const MODES: &[&str] = &["Solo", "Accompany", "Answer"];
const REPLAYS: &[&str] = &["Never", "In bounces", "Always"];
const SWITCH: &[&str] = &["Off", "On"];

const fn number(name: &'static str, from: f64, to: f64, decimals: usize, default: f64) -> Knob {
    Knob { name, kind: Kind::Number(from, to, decimals), default }
}

const fn choice(name: &'static str, choices: &'static [&'static str], default: f64) -> Knob {
    Knob { name, kind: Kind::Choice(choices), default }
}

/// In the order of [`Knobs::controls`].
const KNOBS: [Knob; 22] = [
    number("Wild", 0.1, 2.0, 2, 0.9),
    number("Busy", 0.5, 2.0, 2, 1.0),
    number("Truncation", 0.0, 20.0, 1, 2.0),
    number("Seed", 0.0, 65_535.0, 0, 1.0),
    number("Channel", 1.0, 16.0, 0, 1.0),
    number("Loudness", 1.0, 127.0, 0, 80.0),
    number("Dynamics", 0.0, 100.0, 0, 100.0),
    number("Transpose", -24.0, 24.0, 0, 0.0),
    number("Gate", 5.0, 100.0, 0, 100.0),
    choice("Lookahead", LOOKAHEADS, 2.0),
    choice("Rate", RATES, 2.0),
    number("Reaction", 0.0, 50.0, 1, Controls::USUAL_REACTION_MS as f64),
    number("Follow", 0.0, 100.0, 0, 100.0 * Controls::USUAL_FOLLOW as f64),
    choice("Clear bass", SWITCH, 1.0),
    choice("Wait for notes", SWITCH, 0.0),
    choice("Replay", REPLAYS, 1.0),
    choice("Mode", MODES, 1.0),
    choice("Room", SWITCH, 1.0),
    choice("Double", SWITCH, 0.0),
    choice("Thru", SWITCH, 1.0),
    choice("Answer now", SWITCH, 0.0),
    choice(BYPASS, SWITCH, 0.0),
];

const BYPASS: &str = "Bypass";

impl Knob {
    fn range(&self) -> (f64, f64) {
        match self.kind {
            Kind::Number(from, to, _) => (from, to),
            Kind::Choice(choices) => (0.0, choices.len() as f64 - 1.0),
        }
    }

    fn plain(&self, normalised: f64) -> f64 {
        let (from, to) = self.range();
        let scale = match self.kind {
            Kind::Number(.., decimals) => 10f64.powi(decimals as i32),
            Kind::Choice(_) => 1.0,
        };
        ((from + normalised.clamp(0.0, 1.0) * (to - from)) * scale).round() / scale
    }

    fn normalised(&self, plain: f64) -> f64 {
        let (from, to) = self.range();
        (plain - from) / (to - from)
    }
}

/// The values, plain.
pub struct Knobs {
    values: [f64; KNOBS.len()],
    parameters: Vec<Parameter>,
}

impl Default for Knobs {
    fn default() -> Knobs {
        let parameter = |(id, knob): (u32, &Knob)| Parameter {
            id,
            name: knob.name.to_owned(),
            default: knob.normalised(knob.default),
            steps: match knob.kind {
                Kind::Number(from, to, 0) => (to - from) as u32,
                Kind::Number(..) => 0,
                Kind::Choice(choices) => choices.len() as u32 - 1,
            },
            automatable: !matches!(knob.kind, Kind::Choice(_)),
            bypass: knob.name == BYPASS,
            hidden: false,
        };
        Knobs {
            values: KNOBS.map(|knob| knob.default),
            parameters: (0..).zip(&KNOBS).map(parameter).collect(),
        }
    }
}

impl Knobs {
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    pub fn value(&self, id: u32) -> Option<f64> {
        Some(KNOBS.get(id as usize)?.normalised(*self.values.get(id as usize)?))
    }

    pub fn set(&mut self, id: u32, normalised: f64) {
        if let (Some(knob), Some(value)) =
            (KNOBS.get(id as usize), self.values.get_mut(id as usize))
        {
            *value = knob.plain(normalised);
        }
    }

    pub fn parse(&self, id: u32, text: &str) -> Option<f64> {
        let knob = KNOBS.get(id as usize)?;
        let plain = match knob.kind {
            Kind::Number(..) => text.trim_end_matches([' ', 'x', '%', 'm', 's']).parse().ok()?,
            Kind::Choice(choices) => {
                choices.iter().position(|c| c.eq_ignore_ascii_case(text))? as f64
            }
        };
        Some(knob.normalised(plain))
    }

    pub fn display(&self, id: u32, normalised: f64) -> Option<String> {
        let knob = KNOBS.get(id as usize)?;
        let plain = knob.plain(normalised);
        Some(match knob.kind {
            Kind::Number(.., decimals) => format!("{plain:.decimals$}"),
            Kind::Choice(choices) => (*choices.get(plain as usize)?).to_owned(),
        })
    }

    /// What the performer reads.
    pub fn controls(&self) -> Controls {
        let [temperature, density, truncation, seed, channel, velocity, dynamics, ..] = self.values;
        let [.., transpose, gate, lookahead, rate, reaction, follow, _, _, _, _, _, _, _, _, _] =
            self.values;
        let [.., clear_bass, _, _, _, _, _, _, _, _] = self.values;
        let [.., wait, replay, mode, room, double, thru, answer_now, _] = self.values;
        Controls {
            shaping: Shaping {
                temperature: temperature as f32,
                density: density as f32,
                truncation: (truncation / 100.0) as f32,
                ..Shaping::default()
            },
            seed: seed as u64,
            lookahead: Lookahead::ALL[lookahead as usize],
            rate: Rate::ALL[rate as usize],
            channel: channel as u8 - 1,
            velocity: velocity as u8,
            dynamics: (dynamics / 100.0) as f32,
            transpose: transpose as i8,
            gate: (gate / 100.0) as f32,
            reaction_ms: reaction as f32,
            follow: (follow / 100.0) as f32,
            bounds: Bounds { clear_bass: clear_bass > 0.5, ..Bounds::default() },
            wait_for_notes: wait > 0.5,
            replay: [Replay::Never, Replay::Bounces, Replay::Always][replay as usize],
            mode: [Mode::Solo, Mode::Accompany, Mode::Answer][mode as usize],
            room: room > 0.5,
            double: double > 0.5,
            thru: thru > 0.5,
            answer_now: answer_now > 0.5,
            ..Controls::default()
        }
    }

    /// Whether the performer is bypassed.
    pub fn bypass(&self) -> bool {
        self.values.last().is_some_and(|value| *value > 0.5)
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    /// Reads the values; what follows them is left.
    pub fn read_bytes<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let (values, rest) = bytes.split_at_checked(8 * KNOBS.len())?;
        let (values, _) = values.as_chunks::<8>();
        for ((slot, bytes), knob) in self.values.iter_mut().zip(values).zip(&KNOBS) {
            *slot = knob.plain(knob.normalised(f64::from_le_bytes(*bytes)));
        }
        Some(rest)
    }
}

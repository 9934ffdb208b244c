//! The figures of both sets as pictures: how a model's pieces and people's are distributed.

use anyhow::Result;

use super::alike::{Compared, Likeness};
use super::overlap::Density;
use crate::picture::{Canvas, Colour, INK, LETTER};

/// Panels in a row.
const ROW: usize = 3;
const PANEL: (usize, usize) = (330, 210);
const TOP: usize = 34;
/// Room of a panel around its curves.
const MARGIN: usize = 14;
const TITLE: usize = 34;
const FOOT: usize = 42;

const FRAME: Colour = [222, 220, 214];
// Blue and vermilion, which no kind of colour blindness confuses (Okabe and Ito 2008); and one is
// a surface, the other a line.
const PEOPLE: Colour = [150, 190, 220];
const PEOPLE_TICK: Colour = [0, 114, 178];
const MODEL: Colour = [213, 94, 0];

/// Draws each figure: how dense people's pieces lie as a surface, the model's as a line, each
/// piece as a tick below. The bytes are a PNG file.
///
/// # Errors
/// If the encoder fails.
pub fn distributions(likeness: &Likeness) -> Result<Vec<u8>> {
    let rows = likeness.figures.len().div_ceil(ROW);
    let mut canvas = Canvas::new(ROW * PANEL.0, TOP + rows * PANEL.1);
    let digest = likeness.digest.get(..12).unwrap_or(&likeness.digest);
    let people = format!("{} excerpts by people", likeness.excerpts);
    let model =
        format!("{} pieces by the model {digest}, {} bars each", likeness.pieces, likeness.bars);
    canvas.fill(MARGIN, 14, 18, 10, PEOPLE);
    canvas.write(MARGIN + 24, 12, &people, INK);
    let right = MARGIN + 24 + (people.len() + 3) * LETTER;
    canvas.fill(right, 18, 18, 3, MODEL);
    canvas.write(right + 24, 12, &model, INK);
    for (index, figure) in likeness.figures.iter().enumerate() {
        let corner = (index % ROW * PANEL.0, TOP + index / ROW * PANEL.1);
        panel(&mut canvas, corner, figure);
    }
    canvas.to_png()
}

fn panel(canvas: &mut Canvas, (left, top): (usize, usize), figure: &Compared) {
    let (left, width) = (left + MARGIN, PANEL.0 - 2 * MARGIN);
    let overlap = figure.overlap.map_or("-".to_owned(), |area| format!("{area:.2}"));
    canvas.write(left, top + 4, &figure.name.replace('_', " "), INK);
    let told = format!("overlap {overlap}");
    canvas.write(left + width - told.len() * LETTER, top + 4, &told, INK);
    let base = top + PANEL.1 - FOOT;
    let height = PANEL.1 - FOOT - TITLE;
    canvas.fill(left, base, width, 1, FRAME);
    let sets = [&figure.human_pieces, &figure.model_pieces];
    if sets.iter().any(|values| values.is_empty()) {
        return;
    }
    let densities = sets.map(|values| Density::of(values.clone()));
    let (low, high) = span(sets);
    let x_of = |value: f64| {
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        left + (share * (width - 1) as f64) as usize
    };
    let curves = densities.map(|density| -> Vec<f64> {
        let value = |x: usize| low + (high - low) * x as f64 / (width - 1) as f64;
        (0..width).map(|x| density.at(value(x))).collect()
    });
    // The higher of both peaks fills the panel; a set of one value would hide the other.
    let peak = curves.iter().flatten().fold(0.0, |most: f64, y| most.max(*y));
    let y_of = |y: f64| (y / peak * height as f64) as usize;
    for (x, y) in curves[0].iter().enumerate() {
        canvas.fill(left + x, base - y_of(*y), 1, y_of(*y), PEOPLE);
    }
    let line: Vec<_> =
        curves[1].iter().enumerate().map(|(x, y)| (left + x, base - y_of(*y))).collect();
    canvas.line(&line, 2, MODEL);
    for (values, colour, down) in [(sets[0], PEOPLE_TICK, 3), (sets[1], MODEL, 12)] {
        values.iter().for_each(|value| canvas.fill(x_of(*value), base + down, 1, 7, colour));
    }
    let [low_text, high_text] = [low, high].map(short);
    canvas.write(left, base + 22, &low_text, INK);
    canvas.write(left + width - high_text.len() * LETTER, base + 22, &high_text, INK);
}

/// From the lowest to the highest of all values, with a little room.
fn span(sets: [&Vec<f64>; 2]) -> (f64, f64) {
    let all = || sets.into_iter().flatten().copied();
    let (low, high) =
        (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let room = (0.08 * (high - low)).max(1e-3 * high.abs()).max(1e-6);
    (low - room, high + room)
}

/// A number in a few letters.
fn short(value: f64) -> String {
    if value.abs() >= 10.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(human: Vec<f64>, model: Vec<f64>) -> Likeness {
        let figure = Compared {
            name: "pitch_range",
            model: [0.0; 2],
            human: [0.0; 2],
            overlap: Some(0.5),
            model_pieces: model,
            human_pieces: human,
        };
        Likeness {
            figures: vec![figure],
            pieces: 3,
            excerpts: 3,
            bars: 8,
            recited: None,
            digest: "0123456789abcdef".to_owned(),
        }
    }

    fn pixels(likeness: &Likeness) -> Vec<[u8; 3]> {
        let bytes = distributions(likeness).expect("a picture");
        let mut reader =
            png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a picture");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        reader.next_frame(&mut pixels).expect("a frame");
        pixels.as_chunks::<3>().0.to_vec()
    }

    /// Columns of the panel's ticks, left to right, for each set.
    #[test]
    fn people_stand_where_they_are_and_the_model_where_it_is() {
        let all = pixels(&likeness(vec![1.0, 2.0, 1.5], vec![9.0, 8.0, 8.5]));
        let width = ROW * PANEL.0;
        let base = TOP + PANEL.1 - FOOT;
        let columns = |row: usize, colour: Colour| -> Vec<usize> {
            (0..width).filter(|x| all[row * width + x] == colour).collect()
        };
        let (people, model) = (columns(base + 3, PEOPLE_TICK), columns(base + 12, MODEL));
        assert_eq!((people.len(), model.len()), (3, 3));
        assert!(people[2] < PANEL.0 / 3 && model[0] > PANEL.0 * 2 / 3, "{people:?} {model:?}");
        let surface = columns(base - 5, PEOPLE);
        assert!(surface.iter().all(|x| *x < PANEL.0 / 2), "people's density lies left");
    }

    #[test]
    fn values_all_alike_and_none_at_all_can_be_drawn() {
        for (human, model) in [
            (vec![0.0; 4], vec![0.0; 4]),
            (vec![2.0; 4], vec![2.0, 3.0]),
            (vec![], vec![1.0, 2.0]),
            (vec![1.0], vec![]),
        ] {
            assert!(!pixels(&likeness(human, model)).is_empty());
        }
    }
}

//! Pictures, as PNG files: a canvas that `embedded-graphics` writes and draws on.

mod roll;

use anyhow::{Context, Result};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::ascii::FONT_7X13;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{Polyline, PrimitiveStyle};
use embedded_graphics::text::{Baseline, Text};

pub use roll::{duet, piano_roll};

/// Red, green, blue.
pub type Colour = [u8; 3];

/// What is drawn on.
pub const PAPER: Colour = [250, 249, 246];
/// What is written with.
pub const INK: Colour = [70, 68, 64];

/// Width of a letter, in pixels.
pub const LETTER: usize = 7;

/// A canvas of RGB pixels.
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// Empty paper.
    pub fn new(width: usize, height: usize) -> Canvas {
        Canvas { width, height, pixels: PAPER.repeat(width * height) }
    }

    /// Fills a rectangle, as far as it lies on the canvas.
    pub fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, colour: Colour) {
        for row in y..(y + height).min(self.height) {
            for column in x..(x + width).min(self.width) {
                let at = (row * self.width + column) * 3;
                self.pixels[at..at + 3].copy_from_slice(&colour);
            }
        }
    }

    /// Writes ASCII, 13 pixels high, its upper left corner at the place given.
    pub fn write(&mut self, x: usize, y: usize, text: &str, colour: Colour) {
        let style = MonoTextStyle::new(&FONT_7X13, rgb(colour));
        // Nothing on a canvas can fail.
        Text::with_baseline(text, point(x, y), style, Baseline::Top).draw(self).ok();
    }

    /// Draws a line through places, `thick` pixels wide.
    pub fn line(&mut self, places: &[(usize, usize)], thick: u32, colour: Colour) {
        let places: Vec<Point> = places.iter().map(|(x, y)| point(*x, *y)).collect();
        let style = PrimitiveStyle::with_stroke(rgb(colour), thick);
        Polyline::new(&places).into_styled(style).draw(self).ok();
    }

    /// The canvas as a PNG file.
    ///
    /// # Errors
    /// If the encoder fails.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        encode(self.width, self.height, &self.pixels)
    }
}

/// Rows of RGB pixels as a PNG file.
///
/// # Errors
/// If the encoder fails, or there are not as many pixels.
pub fn encode(width: usize, height: usize, pixels: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(
        &mut bytes,
        u32::try_from(width).context("the picture is too wide")?,
        u32::try_from(height).context("the picture is too high")?,
    );
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        let pixels = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        Size::new(pixels(self.width), pixels(self.height))
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = std::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Self::Error> {
        for Pixel(Point { x, y }, colour) in pixels {
            if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) {
                self.fill(x, y, 1, 1, [colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

fn rgb([r, g, b]: Colour) -> Rgb888 {
    Rgb888::new(r, g, b)
}

fn point(x: usize, y: usize) -> Point {
    let pixels = |place: usize| i32::try_from(place).unwrap_or(i32::MAX);
    Point::new(pixels(x), pixels(y))
}

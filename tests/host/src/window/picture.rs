//! What a window shows.

use super::Size;
use std::collections::HashSet;

/// Pixels as they were on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Width and height.
    pub size: Size,
    /// Red, green, blue; row by row from the upper left.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// Out of a server's image: four bytes a pixel, blue first, as all servers on this side of the
    /// 24-bit screen send it. `None` if it has other lengths.
    pub(super) fn from_image(data: &[u8], size: Size) -> Option<Picture> {
        let pixels = size.width as usize * size.height as usize;
        if data.len() != pixels * 4 {
            return None;
        }
        let rgb = data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        Some(Picture { size, rgb })
    }

    /// How many colours there are.
    pub fn colours(&self) -> usize {
        self.rgb.chunks_exact(3).collect::<HashSet<_>>().len()
    }

    /// The colour at a place; `None` outside.
    pub fn at(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        let inside = x < self.size.width && y < self.size.height;
        let at = (y as usize * self.size.width as usize + x as usize) * 3;
        let pixel = inside.then(|| self.rgb.get(at..at + 3)).flatten()?;
        pixel.try_into().ok()
    }

    /// How many pixels differ; all, if the sizes do.
    pub fn changed_since(&self, before: &Picture) -> usize {
        if self.size != before.size {
            return self.rgb.len() / 3;
        }
        let pairs = self.rgb.chunks_exact(3).zip(before.rgb.chunks_exact(3));
        pairs.filter(|(now, then)| now != then).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_becomes_rows_of_red_green_and_blue() {
        let size = Size { width: 2, height: 1 };
        let picture = Picture::from_image(&[3, 2, 1, 0, 6, 5, 4, 0], size).unwrap();
        assert_eq!(picture.rgb, [1, 2, 3, 4, 5, 6]);
        assert_eq!(picture.at(1, 0), Some([4, 5, 6]));
        assert_eq!(picture.at(0, 1), None);
        assert_eq!(picture.colours(), 2);
        let other = Picture::from_image(&[3, 2, 1, 0, 0, 0, 0, 0], size).unwrap();
        assert_eq!(picture.changed_since(&other), 1);
        assert_eq!(Picture::from_image(&[0; 6], size), None);
    }
}

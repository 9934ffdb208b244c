//! The features of a frame, without the zeros.

use anacrusis::model::features::{VICINITY, frame_columns, step_columns, width, write};
use anacrusis::model::{Config, Frame};

use super::sparse::Lists;

/// The features of one frame that are not zero, but for those that depend on the key alone.
#[derive(Clone, Debug, Default)]
pub struct Features {
    /// Those that depend on what sounds: a list for each key.
    pub keys: Lists,
    /// Those that are the same for all keys: one list.
    pub step: Lists,
}

impl Features {
    /// About the bytes that those of a key take, in music of four voices.
    pub const BYTES_OF_KEY: usize = 96;

    /// Takes those of `frame`; `rows` is room to work in.
    pub fn take(&mut self, config: &Config, frame: &Frame, rows: &mut Vec<f32>) {
        let width = width(config);
        rows.resize(config.keys() * width, 0.0);
        write(config, frame, rows);
        self.keys.clear();
        let columns = frame_columns(config);
        for row in rows.chunks_exact(width) {
            self.keys.push_nonzero(columns.start, &row[columns.clone()]);
            self.keys.end();
        }
        self.step.clear();
        let columns = step_columns(config);
        self.step.push_nonzero(columns.start, &rows[columns]);
        self.step.end();
    }

    /// Those that depend on the key alone: a list for each key.
    pub fn of_keys(config: &Config) -> Lists {
        let width = width(config);
        let mut rows = vec![0.0; config.keys() * width];
        write(config, &Frame::default(), &mut rows);
        let mut lists = Lists::default();
        for row in rows.chunks_exact(width) {
            lists.push_nonzero(0, &row[..VICINITY]);
            lists.end();
        }
        lists
    }
}

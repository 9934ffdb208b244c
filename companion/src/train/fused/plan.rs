//! How a batch lies in rows and steps, and who works on which.

use anacrusis::model::config::{Config, Scan};

use super::panels::TILE_ROWS;
use super::workers::shares;

/// About how many rows make a share: enough to make good use of weights once fetched, few
/// enough that there is work for many threads and that a step's numbers stay in the cache.
const SHARE_ROWS: usize = 48;

/// Sizes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Sequences, B.
    pub lines: usize,
    /// Predictions of each, T.
    pub steps: usize,
    /// Keys, K.
    pub keys: usize,
    low: u8,
    scan: Scan,
}

impl Plan {
    /// The plan of `lines` sequences of `steps` predictions.
    pub fn new(config: &Config, lines: usize, steps: usize) -> Plan {
        Plan { lines, steps, keys: config.keys(), low: config.low, scan: config.scan }
    }

    /// Rows of the time stack: `b K + k`.
    pub fn time_rows(&self) -> usize {
        self.lines * self.keys
    }

    /// Rows of the note stack: `b T + t`.
    pub fn note_rows(&self) -> usize {
        self.lines * self.steps
    }

    /// Which key, counted from the lowest, the note stack visits; and which visit is a key's.
    pub fn visit(&self, index: usize) -> usize {
        self.scan.key(index, self.keys)
    }

    /// The MIDI number of a visit's key.
    pub fn midi(&self, visit: usize) -> u8 {
        // At most 127, so the cast keeps every bit.
        self.low + self.visit(visit) as u8
    }
}

/// Where rows are: in which share, and the how-manieth there. Some may be in none.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// First row and number of rows of each share.
    pub shares: Vec<(usize, usize)>,
    rows: Vec<Option<(usize, usize)>>,
}

impl Places {
    /// Cuts `rows` into shares. How many depends on nothing else, least of all on the number
    /// of threads: sums over shares come out the same on every machine with the same lanes.
    pub fn new(rows: usize) -> Places {
        Places::of_rows(rows, &(0..rows).collect::<Vec<_>>())
    }

    /// Cuts some of `all` rows into shares, whose first rows are then places in `rows`.
    pub fn of_rows(all: usize, rows: &[usize]) -> Places {
        let mut shares = shares(rows.len(), SHARE_ROWS, TILE_ROWS);
        shares.retain(|(_, rows)| *rows > 0);
        let mut places = vec![None; all];
        for (share, &(first, count)) in shares.iter().enumerate() {
            for (place, row) in rows[first..][..count].iter().enumerate() {
                places[*row] = Some((share, place));
            }
        }
        Places { shares, rows: places }
    }

    /// Share and place of a row, if it is in one.
    pub fn of(&self, row: usize) -> Option<(usize, usize)> {
        self.rows[row]
    }
}

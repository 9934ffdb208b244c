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

/// Where rows are: in which share, and the how-manieth there.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// First row and number of rows of each share.
    pub shares: Vec<(usize, usize)>,
    rows: Vec<(usize, usize)>,
}

impl Places {
    /// Cuts `rows` into shares. How many depends on nothing else, least of all on the number
    /// of threads: sums over shares come out the same on every machine with the same lanes.
    pub fn new(rows: usize) -> Places {
        let shares = shares(rows, SHARE_ROWS, TILE_ROWS);
        let places = |(share, &(_, rows)): (usize, &(usize, usize))| {
            (0..rows).map(move |place| (share, place))
        };
        let rows = shares.iter().enumerate().flat_map(places).collect();
        Places { shares, rows }
    }

    /// Share and place of a row.
    pub fn of(&self, row: usize) -> (usize, usize) {
        self.rows[row]
    }
}

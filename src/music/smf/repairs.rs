//! What had to be mended for a file to be read.

/// How often what was mended in a file. Players of MIDI files take all of this without a word, so
/// files with it are common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// The file stands in a RIFF container (RMID): 0 or 1.
    pub containers: u64,
    /// Velocities and controller values above 127, read as 127.
    pub clamped_values: u64,
    /// Events without a status byte after a meta event or SysEx, which ends running status: the
    /// status before it goes on.
    pub kept_status: u64,
    /// Tracks that are cut off or damaged, and left out with all that they hold.
    pub lost_tracks: u64,
    /// Notes with no end of their own.
    pub unended_notes: u64,
    /// Time signatures that are none, such as 0/4, and were passed over.
    pub ignored_signatures: u64,
    /// Time signatures of 1/4 or 1/8 that stand for none.
    pub placeholder_signatures: u64,
}

impl Repairs {
    /// Each count, with what is counted.
    pub const fn counts(&self) -> [(&'static str, u64); 7] {
        [
            ("RIFF containers opened", self.containers),
            ("values above 127 read as 127", self.clamped_values),
            ("running statuses kept across a meta event", self.kept_status),
            ("damaged tracks left out", self.lost_tracks),
            ("notes without an end", self.unended_notes),
            ("impossible time signatures passed over", self.ignored_signatures),
            ("time signatures of 1/4 or 1/8 taken for none", self.placeholder_signatures),
        ]
    }

    /// What has these [`counts`](Repairs::counts), in their order.
    pub const fn from_counts(counts: [u64; 7]) -> Repairs {
        let [
            containers,
            clamped_values,
            kept_status,
            lost_tracks,
            unended_notes,
            ignored_signatures,
            placeholder_signatures,
        ] = counts;
        Repairs {
            containers,
            clamped_values,
            kept_status,
            lost_tracks,
            unended_notes,
            ignored_signatures,
            placeholder_signatures,
        }
    }

    /// Whether nothing was mended.
    pub fn is_empty(&self) -> bool {
        *self == Repairs::default()
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Repairs) -> Repairs {
        let mut counts = self.counts().map(|(_, count)| count);
        for (count, (_, more)) in counts.iter_mut().zip(other.counts()) {
            *count = count.saturating_add(more);
        }
        Repairs::from_counts(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_keep_their_order() {
        let repairs = Repairs::from_counts([1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(repairs.counts().map(|(_, count)| count), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(repairs.and(repairs).counts().map(|(_, n)| n), [2, 4, 6, 8, 10, 12, 14]);
        assert!(Repairs::default().is_empty() && !repairs.is_empty());
    }
}

//! From the time signatures of a file to the metres of a piece.

use super::Repairs;
use crate::music::grid::nearest_step;
use crate::music::{Metres, Signature};

/// A time signature as a file has it.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub tick: u64,
    pub numerator: u8,
    /// The denominator's power of two.
    pub power: u8,
}

impl Written {
    fn signature(self) -> Option<Signature> {
        let denominator = 1u32.checked_shl(self.power.into())?;
        Signature::new(self.numerator.into(), denominator)
    }
}

/// Whether a signature may stand for none: what programs write that know of no metre.
fn may_be_placeholder(signature: Signature) -> bool {
    signature.numerator() == 1 && matches!(signature.denominator(), 4 | 8)
}

/// The metres that signatures in any order tell, those of one tick in the order of the file; 4/4
/// if they tell none, which is the second answer. Those after step `end` do not count.
pub(super) fn metres(
    mut written: Vec<Written>,
    ticks_per_beat: u16,
    end: u64,
    repairs: &mut Repairs,
) -> (Metres, bool) {
    written.sort_by_key(|one| one.tick);
    let mut pairs: Vec<(u64, Signature)> = Vec::new();
    for one in written {
        match one.signature() {
            Some(signature) => pairs.push((one.tick, signature)),
            None => repairs.ignored_signatures += 1,
        }
    }
    let said_otherwise = |among: &[(u64, Signature)]| {
        among.iter().any(|(_, signature)| !may_be_placeholder(*signature))
    };
    let at_once = pairs.partition_point(|(tick, _)| *tick == 0);
    let (throughout, beside) = (!said_otherwise(&pairs), said_otherwise(&pairs[..at_once]));
    pairs.retain(|(tick, signature)| {
        let stands_for_none = throughout || (beside && *tick == 0);
        let dropped = stands_for_none && may_be_placeholder(*signature);
        repairs.placeholder_signatures += u64::from(dropped);
        !dropped
    });
    let told = !pairs.is_empty();
    let on_steps = pairs
        .into_iter()
        .map(|(tick, signature)| (nearest_step(tick, ticks_per_beat), signature))
        .filter(|(step, _)| *step <= end)
        // At most the longest roll.
        .map(|(step, signature)| (step as i64, signature));
    (Metres::new(on_steps), told)
}

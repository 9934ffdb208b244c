//! Random numbers of training, by place instead of by order: the generator of an iteration
//! and a purpose is made from the seed and their numbers, so that a resumed run draws what
//! the uninterrupted one would have drawn, and nothing needs to be saved.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// ChaCha with 8 rounds, keyed by numbers.
#[derive(Clone, Debug)]
pub struct Random {
    key: [u64; 4],
    depth: usize,
    stream: ChaCha8Rng,
}

impl Random {
    /// The generator of `seed` for one `purpose`.
    pub fn new(seed: u64, purpose: u64) -> Random {
        Random::of([seed, purpose, 0, 0], 2)
    }

    /// The generator of part `index` of this one's purpose; up to two levels deep, deeper
    /// ones mix into the last.
    pub fn branch(&self, index: u64) -> Random {
        let mut key = self.key;
        let level = self.depth.min(3);
        key[level] = key[level].rotate_left(24) ^ index.wrapping_add(1);
        Random::of(key, self.depth + 1)
    }

    fn of(key: [u64; 4], depth: usize) -> Random {
        let mut bytes = [0; 32];
        for (to, from) in bytes.chunks_exact_mut(8).zip(key) {
            to.copy_from_slice(&from.to_le_bytes());
        }
        Random { key, depth, stream: ChaCha8Rng::from_seed(bytes) }
    }

    /// Uniform in `0 <= u < 1`, 24 bits.
    pub fn uniform(&mut self) -> f64 {
        f64::from(self.stream.next_u32() >> 8) / f64::from(1u32 << 24)
    }

    /// A whole number below `limit` (at least 1); the bias is below 2^-32 for any limit used.
    pub fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.stream.next_u64()) * limit as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generator_depends_on_its_place_alone() {
        let draw = |mut r: Random| (0..4).map(|_| r.below(1 << 30)).collect::<Vec<_>>();
        let root = Random::new(7, 1);
        assert_eq!(draw(root.branch(3)), draw(Random::new(7, 1).branch(3)));
        let mut seen = std::collections::BTreeSet::new();
        for a in 0..20 {
            for b in 0..20 {
                for c in 0..20 {
                    assert!(seen.insert(draw(root.branch(a).branch(b).branch(c))), "{a} {b} {c}");
                }
            }
        }
        assert_ne!(draw(Random::new(7, 1)), draw(Random::new(7, 2)));
        assert_ne!(draw(Random::new(7, 1)), draw(Random::new(8, 1)));
    }

    #[test]
    fn numbers_fill_their_range() {
        let mut random = Random::new(1, 1);
        let mut counts = [0; 7];
        (0..7000).for_each(|_| counts[random.below(7)] += 1);
        assert!(counts.iter().all(|c| (850..1150).contains(c)), "{counts:?}");
        assert!((0..1000).map(|_| random.uniform()).all(|u| (0.0..1.0).contains(&u)));
    }
}

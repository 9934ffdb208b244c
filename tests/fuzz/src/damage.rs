//! Damaging bytes: small faults as disks, programs and people make them.

use fastrand::Rng;

/// Numbers at which programs go wrong.
const NUMBERS: [u64; 14] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
];

/// The same, as text has them.
const WORDS: [&str; 16] = [
    "0",
    "-1",
    "1",
    "127",
    "128",
    "65536",
    "4294967296",
    "9223372036854775807",
    "1e308",
    "-1e-320",
    "NaN",
    "null",
    "true",
    "\"\"",
    "[]",
    "{}",
];

/// A damaged copy of `bytes`, with a part of `other` in it now and then.
pub fn damage(rng: &mut Rng, bytes: &[u8], other: &[u8], most: usize) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    // One fault mostly, sometimes many.
    let faults = 1 << rng.u32(0..5).min(rng.u32(0..5));
    for _ in 0..faults {
        one(rng, &mut damaged, other);
        damaged.truncate(most);
    }
    damaged
}

/// A range of `0..length`, short mostly.
fn part(rng: &mut Rng, length: usize) -> std::ops::Range<usize> {
    let start = rng.usize(..=length);
    let longest = if rng.u8(..4) == 0 { length - start } else { (length - start).min(16) };
    start..start + rng.usize(..=longest)
}

fn one(rng: &mut Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    if bytes.is_empty() {
        bytes.push(rng.u8(..));
    }
    let at = rng.usize(..bytes.len());
    match rng.u8(..11) {
        0 => bytes[at] ^= 1 << rng.u8(..8),
        1 => bytes[at] = rng.u8(..),
        2 => bytes[at] = bytes[at].wrapping_add(rng.u8(..)),
        3 => {
            let number = rng.choice(NUMBERS).unwrap_or(0);
            let width = rng.choice([1, 2, 4, 8]).unwrap_or(1).min(bytes.len() - at);
            let number = if rng.bool() {
                number.to_le_bytes()
            } else {
                number.rotate_right(8).to_be_bytes()
            };
            bytes[at..at + width].copy_from_slice(&number[..width]);
        }
        4 => drop(bytes.drain(part(rng, bytes.len()))),
        5 => {
            let copy = bytes[part(rng, bytes.len())].to_vec();
            bytes.splice(at..at, copy);
        }
        6 => {
            let count = rng.usize(..16);
            let new: Vec<u8> = (0..count).map(|_| rng.u8(..)).collect();
            bytes.splice(at..at, new);
        }
        7 => {
            let from = other[part(rng, other.len())].to_vec();
            let end = if rng.bool() { (at + from.len()).min(bytes.len()) } else { at };
            bytes.splice(at..end, from);
        }
        8 => bytes.truncate(at),
        9 => number_in_text(rng, bytes, at),
        _ => {
            let (from, to) = (part(rng, bytes.len()), rng.usize(..bytes.len()));
            let moved: Vec<u8> = bytes.drain(from).collect();
            let to = to.min(bytes.len());
            bytes.splice(to..to, moved);
        }
    }
}

/// Another number or word in place of the digits at or after `at`.
fn number_in_text(rng: &mut Rng, bytes: &mut Vec<u8>, at: usize) {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let start = bytes[at..].iter().position(is_digit).map_or(at, |first| at + first);
    let length = bytes[start..].iter().take_while(|byte| is_digit(byte)).count();
    let word = rng.choice(WORDS).unwrap_or("0");
    bytes.splice(start..start + length, word.bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_damages_in_its_way_and_within_bounds() {
        let good: Vec<u8> = (0..=255).collect();
        let of = |seed| {
            let mut rng = Rng::with_seed(seed);
            (0..2000).map(|_| damage(&mut rng, &good, b"another", 300)).collect::<Vec<_>>()
        };
        let all = of(1);
        assert_eq!(all, of(1));
        assert_ne!(all, of(2));
        assert!(all.iter().all(|bytes| bytes.len() <= 300));
        let same = all.iter().filter(|bytes| **bytes == good).count();
        assert!(same < all.len() / 10, "{same} are as they were");
        let mut rng = Rng::with_seed(3);
        (0..1000).for_each(|_| drop(damage(&mut rng, b"", b"", 10)));
    }
}

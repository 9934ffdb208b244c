//! Where steps lie in their bars, against the cases of `tests/golden/v2.vectors.safetensors`.

use std::collections::BTreeSet;
use std::path::Path;

use anacrusis::music::{Metres, Signature};
use safetensors::SafeTensors;

/// The rows of a tensor of 32-bit integers.
fn rows(file: &SafeTensors, name: &str, columns: usize) -> Vec<Vec<i64>> {
    let view = file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
    let words = view.data().as_chunks().0.iter();
    let numbers: Vec<i64> = words.map(|bytes| i64::from(i32::from_le_bytes(*bytes))).collect();
    numbers.chunks_exact(columns).map(<[i64]>::to_vec).collect()
}

fn signature(row: &[i64]) -> (i64, Signature) {
    let [step, numerator, denominator] = *row else { panic!("a step and a signature: {row:?}") };
    let number = |n: i64| u32::try_from(n).expect("positive");
    (step, Signature::new(number(numerator), number(denominator)).expect("a signature"))
}

#[test]
fn places_in_the_bar_are_those_of_the_reference() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v2.vectors.safetensors");
    let bytes = std::fs::read(path).expect("the vectors");
    let file = SafeTensors::deserialize(&bytes).expect("readable vectors");
    let names = file.names();
    let case = |name: &&str| -> Option<String> {
        Some(name.strip_prefix("metre.")?.strip_suffix(".rows")?.to_owned())
    };
    let cases: BTreeSet<String> = names.iter().filter_map(case).collect();
    assert_eq!(cases.len(), 33);
    for case in cases {
        let pairs = rows(&file, &format!("metre.{case}.pairs"), 3);
        let metres = Metres::new(pairs.iter().map(|row| signature(row)));
        let [first] = rows(&file, &format!("metre.{case}.first"), 1)[0][..] else { unreachable!() };
        let expected = rows(&file, &format!("metre.{case}.rows"), 4);
        assert!(!expected.is_empty());
        for (step, expected) in (first..).zip(expected) {
            let place = metres.position(step);
            let found = [
                i64::from(place.in_beat),
                i64::from(place.beat),
                i64::from(place.beats),
                i64::from(place.compound),
            ];
            assert_eq!(found[..], expected, "{case}, step {step}");
        }
    }
}

#[test]
fn metres_are_the_same_after_their_pairs_were_written_down() {
    let metres = |pairs: &[(i64, u32, u32)]| {
        let signature = |(n, d)| Signature::new(n, d).expect("a signature");
        Metres::new(pairs.iter().map(|(step, n, d)| (*step, signature((*n, *d)))))
    };
    let all = [
        metres(&[]),
        metres(&[(0, 3, 4)]),
        metres(&[(5, 3, 4)]),
        metres(&[(0, 1, 4), (4, 4, 4)]),
        metres(&[(0, 4, 4), (16, 4, 4), (40, 3, 4), (64, 6, 8)]),
        metres(&[(0, 9, 16), (18, 5, 8), (28, 3, 4)]),
    ];
    for whole in all {
        for cut in 0..60 {
            let metres = whole.from_step(cut);
            let again = Metres::new(metres.pairs());
            let whole_bar = if cut == 0 { 0 } else { metres.next_bar_line(0) };
            for step in whole_bar..120 {
                assert_eq!(again.position(step), metres.position(step), "{whole:?} from {cut}");
            }
            let kept: Vec<_> = metres.spans().collect();
            assert_eq!(Metres::from_spans(kept).as_ref(), Some(&metres));
        }
    }
    let signature = Signature::COMMON;
    assert_eq!(Metres::from_spans([]), None);
    assert_eq!(Metres::from_spans([(4, 4, signature), (4, 4, signature)]), None, "rising");
}

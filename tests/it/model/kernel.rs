//! The kernel's lanes and functions on every set of instructions, against double precision.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anacrusis::model::kernel::{self, InstructionSet, Job, Lanes};

use crate::support::reference;

/// Largest argument that `exp` takes as it is.
const EXP_BOUND: f32 = 87.0;

#[derive(Clone, Copy)]
enum Function {
    Exp,
    Sigmoid,
    Tanh,
}

/// A function of every number of a slice.
struct Map<'a> {
    function: Function,
    x: &'a [f32],
    y: &'a mut Vec<f32>,
}

impl Job for Map<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let mut x = self.x.to_vec();
        x.resize(self.x.len().next_multiple_of(L::COUNT), 0.0);
        self.y.resize(x.len(), 0.0);
        for (x, y) in x.chunks_exact(L::COUNT).zip(self.y.chunks_exact_mut(L::COUNT)) {
            let x = l.load(x);
            let value = match self.function {
                Function::Exp => kernel::exp(l, x),
                Function::Sigmoid => kernel::sigmoid(l, x),
                Function::Tanh => kernel::tanh(l, x),
            };
            l.store(value, y);
        }
        self.y.truncate(self.x.len());
    }
}

fn map(set: InstructionSet, function: Function, x: &[f32]) -> Vec<f32> {
    let mut y = Vec::new();
    set.run(Map { function, x, y: &mut y });
    y
}

/// The cell for every row of `z` and its `c`.
struct Cells<'a> {
    z: &'a [[f32; 4]],
    c: &'a [f32],
}

impl Job for Cells<'_> {
    /// `(c', h')`.
    type Output = Vec<(f32, f32)>;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> Self::Output {
        let mut out = Vec::new();
        for (z, c) in self.z.iter().zip(self.c) {
            let z = [l.splat(z[0]), l.splat(z[1]), l.splat(z[2]), l.splat(z[3])];
            let (c, h) = kernel::cell(l, z, l.splat(*c));
            let mut lanes = [[0.0f32; 64]; 2];
            l.store(c, &mut lanes[0]);
            l.store(h, &mut lanes[1]);
            out.push((lanes[0][0], lanes[1][0]));
        }
        out
    }
}

/// Numbers of both signs: a fine grid over `±bound`, and every power of two.
fn numbers(bound: f32) -> Vec<f32> {
    const STEPS: i32 = 200_000;
    let grid = (-STEPS..=STEPS).map(|n| bound * n as f32 / STEPS as f32);
    let powers = (-126..=127).flat_map(|n| [2f32.powi(n), -(2f32.powi(n))]);
    grid.chain(powers)
        .chain([0.0, -0.0, f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY])
        .collect()
}

#[test]
fn exp_is_within_two_units_in_the_last_place() {
    for set in InstructionSet::available() {
        let numbers = numbers(EXP_BOUND + 3.0);
        let mut worst = 0.0f64;
        for (x, y) in numbers.iter().zip(map(set, Function::Exp, &numbers)) {
            let exact = f64::from(x.clamp(-EXP_BOUND, EXP_BOUND)).exp();
            let unit = f64::from((exact as f32).next_up()) - f64::from(exact as f32);
            worst = worst.max((f64::from(y) - exact).abs() / unit);
        }
        println!("{:8} exp: {worst:.2} units in the last place", set.name());
        assert!(worst <= 2.0, "{}: {worst}", set.name());
    }
}

#[test]
fn sigmoid_and_tanh_are_within_rounding() {
    type Exact = fn(f64) -> f64;
    let functions: [(Function, &str, Exact, f64); 2] = [
        (Function::Sigmoid, "sigmoid", reference::sigmoid, 1.0e-7),
        (Function::Tanh, "tanh", f64::tanh, 2.0e-7),
    ];
    for set in InstructionSet::available() {
        for (function, name, exact, allowed) in functions {
            let numbers = numbers(30.0);
            let mut worst = 0.0f64;
            for (x, y) in numbers.iter().zip(map(set, function, &numbers)) {
                worst = worst.max((f64::from(y) - exact(f64::from(*x))).abs());
            }
            println!("{:8} {name}: {worst:.2e}", set.name());
            assert!(worst <= allowed, "{} {name}: {worst}", set.name());
        }
    }
}

#[test]
fn what_is_no_number_stays_so() {
    for set in InstructionSet::available() {
        for function in [Function::Exp, Function::Sigmoid, Function::Tanh] {
            let y = map(set, function, &[1.0, f32::NAN, -1.0]);
            assert!(y[1].is_nan() && y[0].is_finite() && y[2].is_finite(), "{}", set.name());
        }
        // A broken model must be noticed, so neither gate nor cell may hide it; the output
        // gate alone does not reach the cell.
        for place in 0..5 {
            let mut z = [0.5f32, -0.5, 0.25, 1.0, 0.75];
            z[place] = f32::NAN;
            let [(c, h)] = set.run(Cells { z: &[[z[0], z[1], z[2], z[3]]], c: &[z[4]] })[..] else {
                panic!("one cell")
            };
            assert!(h.is_nan() && c.is_nan() == (place != 3), "{} at {place}: {c} {h}", set.name());
        }
    }
}

#[test]
fn the_cell_agrees_with_the_textbook() {
    let values =
        [0.0f32, -0.0, 1e-30, 1e-3, -0.01, 0.3, -0.7, 1.5, -3.0, 8.0, -17.0, 40.0, -1e3, 1e30];
    let cells = [0.0f32, 1e-20, -0.01, 0.5, -1.0, 3.0, -20.0, 300.0];
    let mut rows = Vec::new();
    for i in values {
        for f in values {
            for g in values {
                for o in values {
                    rows.push([i, f, g, o]);
                }
            }
        }
    }
    rows.extend([[f32::INFINITY; 4], [f32::NEG_INFINITY; 4]]);
    for set in InstructionSet::available() {
        let (mut worst_c, mut worst_h) = (0.0f64, 0.0f64);
        for cell in cells {
            let old = vec![cell; rows.len()];
            for (row, (c, h)) in rows.iter().zip(set.run(Cells { z: &rows, c: &old })) {
                let [i, f, g, o] = row.map(f64::from);
                let kept = reference::sigmoid(f) * f64::from(cell);
                let exact = kept + reference::sigmoid(i) * g.tanh();
                let scale = kept.abs().max(1.0);
                worst_c = worst_c.max((f64::from(c) - exact).abs() / scale);
                // Of the cell that there is, so that a large one's rounding counts once.
                let output = reference::sigmoid(o) * f64::from(c).tanh();
                worst_h = worst_h.max((f64::from(h) - output).abs());
            }
        }
        println!("{:8} cell: c {worst_c:.2e}, h {worst_h:.2e}", set.name());
        assert!(worst_c <= 5e-7 && worst_h <= 2.5e-7, "{}: {worst_c} {worst_h}", set.name());
    }
}

/// What each operation makes of `a`, `b` and `c`.
struct Arithmetic {
    a: f32,
    b: f32,
    c: f32,
}

impl Job for Arithmetic {
    type Output = Vec<(&'static str, f32)>;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> Self::Output {
        let (a, b, c) = (l.splat(self.a), l.splat(self.b), l.splat(self.c));
        let values = [
            ("add", l.add(a, b)),
            ("sub", l.sub(a, b)),
            ("mul", l.mul(a, b)),
            ("div", l.div(a, b)),
            ("sqrt", l.sqrt(c)),
            ("multiply_add", l.multiply_add(a, b, c)),
            ("max", l.max(a, b)),
            ("min", l.min(a, b)),
        ];
        let mut out = Vec::new();
        for (name, vector) in values {
            let mut lanes = vec![0.0; L::COUNT];
            l.store(vector, &mut lanes);
            for lane in &lanes {
                assert_eq!(lane.to_bits(), lanes[0].to_bits(), "{name}: every lane the same");
            }
            out.push((name, lanes[0]));
        }
        out
    }
}

#[test]
fn lanes_calculate_as_single_numbers_do() {
    let numbers = [0.0f32, 1.0, -1.5, 3.25e-9, -7.5e8, 0.1, 1e20, f32::INFINITY];
    for set in InstructionSet::available() {
        for a in numbers {
            for b in numbers {
                for c in numbers {
                    let sum = f64::from(a) * f64::from(b) + f64::from(c);
                    let exact = |name: &str| match name {
                        "add" => a + b,
                        "sub" => a - b,
                        "mul" => a * b,
                        "div" => a / b,
                        "sqrt" => c.sqrt(),
                        "max" => a.max(b),
                        "min" => a.min(b),
                        _ => sum as f32,
                    };
                    for (name, found) in set.run(Arithmetic { a, b, c }) {
                        let exact = exact(name);
                        // Rounded once or twice, as the instructions have it.
                        let room = if name == "multiply_add" && sum.is_finite() {
                            1.2e-7 * (a * b).abs().max(c.abs())
                        } else {
                            0.0
                        };
                        let same = found == exact || (found - exact).abs() <= room;
                        let neither = found.is_nan() && exact.is_nan();
                        assert!(same || neither, "{} {name} {a} {b} {c}: {found}", set.name());
                    }
                }
            }
        }
    }
}

/// The second operand of `max` and `min` is kept if it is no number; powers of two are exact.
struct Corners;

impl Job for Corners {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let mut lanes = vec![0.0; L::COUNT];
        let (one, nan) = (l.splat(1.0), l.splat(black_box(f32::NAN)));
        l.store(l.max(one, nan), &mut lanes);
        assert!(lanes[0].is_nan());
        l.store(l.min(one, nan), &mut lanes);
        assert!(lanes[0].is_nan());
        for n in -126..=127 {
            l.store(l.scale(l.splat(1.0), l.splat(n as f32)), &mut lanes);
            assert_eq!(lanes[0], 2f32.powi(n), "2^{n}");
        }
        let many: Vec<f32> = (0..64).map(|n| n as f32).collect();
        l.store(l.load(&many[3..]), &mut lanes);
        assert_eq!(lanes, many[3..3 + L::COUNT]);
        assert_eq!(l.sum(l.load(&many[3..])), many[3..3 + L::COUNT].iter().sum::<f32>());
        l.prefetch(&[]);
    }
}

#[test]
fn corners_hold_on_every_set() {
    for set in InstructionSet::available() {
        set.run(Corners);
    }
}

struct LoadShort;

impl Job for LoadShort {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let short = vec![0.0; L::COUNT - 1];
        black_box(l.load(&short));
    }
}

struct StoreShort;

impl Job for StoreShort {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let mut short = vec![0.0; L::COUNT - 1];
        l.store(l.splat(1.0), &mut short);
        black_box(&short);
    }
}

#[test]
fn lanes_stay_within_their_slices() {
    for set in InstructionSet::available() {
        assert_eq!(set.lanes().count_ones(), 1, "{}", set.name());
        assert!(catch_unwind(|| set.run(LoadShort)).is_err(), "{} read past the end", set.name());
        assert!(catch_unwind(|| set.run(StoreShort)).is_err(), "{} wrote past it", set.name());
    }
}

/// Half of the smallest normal number: denormal, where such numbers are kept.
fn denormal() -> f32 {
    black_box(f32::MIN_POSITIVE) * black_box(0.5)
}

/// Counts denormals as zero in lanes, in plain numbers, and after a job within the job.
struct Flushes {
    set: InstructionSet,
    depth: u32,
}

impl Job for Flushes {
    type Output = bool;

    fn run<L: Lanes>(self, l: L) -> bool {
        if self.depth > 0 && !self.set.run(Flushes { depth: self.depth - 1, ..self }) {
            return false;
        }
        let mut lanes = vec![1.0; L::COUNT];
        l.store(l.mul(l.splat(black_box(f32::MIN_POSITIVE)), l.splat(black_box(0.5))), &mut lanes);
        lanes.iter().all(|lane| *lane == 0.0) && denormal() == 0.0
    }
}

struct Panics;

impl Job for Panics {
    type Output = ();

    fn run<L: Lanes>(self, _: L) {
        panic!("on purpose");
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn denormals_count_as_zero_within_a_job_and_not_after_it() {
    assert!(denormal() > 0.0, "kept before");
    for set in InstructionSet::available() {
        assert!(set.run(Flushes { set, depth: 1 }), "{} keeps denormals", set.name());
        assert!(denormal() > 0.0, "{} left them flushed", set.name());
        assert!(catch_unwind(AssertUnwindSafe(|| set.run(Panics))).is_err());
        assert!(denormal() > 0.0, "{} left them flushed after a panic", set.name());
    }
}

#[test]
fn the_best_set_is_the_last_one_available() {
    let all: Vec<_> = InstructionSet::available().collect();
    assert_eq!(all[0], InstructionSet::PORTABLE);
    assert_eq!(all.last(), Some(&InstructionSet::best()));
    assert!(all.windows(2).all(|pair| pair[0].lanes() <= pair[1].lanes()));
}

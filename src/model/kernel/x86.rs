//! AVX2 with fused multiply-add, and AVX-512: the `unsafe` code, and all of it.
//!
//! Three arguments carry every block. **A**: a value of `Avx2` or `Avx512` exists only within
//! `run_avx2` and `run_avx512`, which run only after the processor was asked, so the
//! instructions are there. **B**: a slice of `COUNT` numbers, checked just before, is valid
//! for an access of as many. **C**: the control word of the floating-point unit belongs to
//! the thread, and is put back before anybody else's code runs on it again. The compiler
//! takes it to be as it found it, and may so only fold constants of denormal size
//! differently, which no job has.

#![allow(unsafe_code)]

use std::arch::asm;
use std::arch::x86_64::*;

use super::{Job, Lanes};

/// Whether the processor, and the system on it, has AVX2 and FMA.
pub fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Whether the processor, and the system on it, has AVX-512.
pub fn has_avx512() -> bool {
    has_avx2() && is_x86_feature_detected!("avx512f")
}

/// Runs a job in AVX2.
///
/// # Panics
/// If the processor lacks it.
pub fn run_avx2<J: Job>(job: J) -> J::Output {
    #[target_feature(enable = "avx2,fma")]
    fn run<J: Job>(job: J) -> J::Output {
        job.run(Avx2(()))
    }
    assert!(has_avx2(), "an instruction set is made only where it is found");
    // SAFETY: just asked.
    unsafe { run(job) }
}

/// Runs a job in AVX-512.
///
/// # Panics
/// If the processor lacks it.
pub fn run_avx512<J: Job>(job: J) -> J::Output {
    #[target_feature(enable = "avx2,fma,avx512f")]
    fn run<J: Job>(job: J) -> J::Output {
        job.run(Avx512(()))
    }
    assert!(has_avx512(), "an instruction set is made only where it is found");
    // SAFETY: just asked.
    unsafe { run(job) }
}

/// Eight lanes.
#[derive(Clone, Copy)]
pub struct Avx2(());

/// Sixteen lanes.
#[derive(Clone, Copy)]
pub struct Avx512(());

/// [`Lanes`] where `$prefix` and `$suffix` make up the names of the instructions.
macro_rules! lanes {
    ($lanes:ident, $vector:ident, $count:literal, $rows:literal, $accumulators:literal,
     $scale:item,
     $splat:ident $load:ident $store:ident $add:ident $sub:ident $mul:ident $div:ident
     $sqrt:ident $fma:ident $max:ident $min:ident) => {
        impl Lanes for $lanes {
            type Vector = $vector;

            const COUNT: usize = $count;
            const ROWS: usize = $rows;
            const ACCUMULATORS: usize = $accumulators;

            #[inline(always)]
            fn splat(self, x: f32) -> $vector {
                // SAFETY: A.
                unsafe { $splat(x) }
            }

            #[inline(always)]
            fn load(self, from: &[f32]) -> $vector {
                let from = &from[..$count];
                // SAFETY: A and B.
                unsafe { $load(from.as_ptr()) }
            }

            #[inline(always)]
            fn store(self, v: $vector, to: &mut [f32]) {
                let to = &mut to[..$count];
                // SAFETY: A and B.
                unsafe { $store(to.as_mut_ptr(), v) }
            }

            #[inline(always)]
            fn add(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: A.
                unsafe { $add(a, b) }
            }

            #[inline(always)]
            fn sub(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: A.
                unsafe { $sub(a, b) }
            }

            #[inline(always)]
            fn mul(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: A.
                unsafe { $mul(a, b) }
            }

            #[inline(always)]
            fn div(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: A.
                unsafe { $div(a, b) }
            }

            #[inline(always)]
            fn sqrt(self, a: $vector) -> $vector {
                // SAFETY: A.
                unsafe { $sqrt(a) }
            }

            #[inline(always)]
            fn multiply_add(self, a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: A.
                unsafe { $fma(a, b, c) }
            }

            #[inline(always)]
            fn max(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: A.
                unsafe { $max(a, b) }
            }

            #[inline(always)]
            fn min(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: A.
                unsafe { $min(a, b) }
            }

            #[inline(always)]
            $scale

            #[inline(always)]
            fn sum(self, v: $vector) -> f32 {
                let mut lanes = [0.0f32; $count];
                self.store(v, &mut lanes);
                let mut half = $count / 2;
                while half > 0 {
                    for lane in 0..half {
                        lanes[lane] += lanes[lane + half];
                    }
                    half /= 2;
                }
                lanes[0]
            }

            #[inline(always)]
            fn prefetch(self, at: &[f32]) {
                // SAFETY: a hint; it reads nothing, whatever the address.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(at.as_ptr().cast()) }
            }
        }
    };
}

// Sixteen registers: twelve accumulators, three factors, one weight.
lanes! {
    Avx2, __m256, 8, 3, 12,
    fn scale(self, v: __m256, n: __m256) -> __m256 {
        // SAFETY: A.
        unsafe {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_mul_ps(v, _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent)))
        }
    },
    _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_add_ps _mm256_sub_ps _mm256_mul_ps
    _mm256_div_ps _mm256_sqrt_ps _mm256_fmadd_ps _mm256_max_ps _mm256_min_ps
}

// Thirty-two registers: twenty-four accumulators, four weights, a factor.
lanes! {
    Avx512, __m512, 16, 6, 14,
    fn scale(self, v: __m512, n: __m512) -> __m512 {
        // SAFETY: A.
        unsafe { _mm512_scalef_ps(v, n) }
    },
    _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_sub_ps _mm512_mul_ps
    _mm512_div_ps _mm512_sqrt_ps _mm512_fmadd_ps _mm512_max_ps _mm512_min_ps
}

/// While it lives, denormal numbers read and written on this thread count as zero.
pub struct DenormalsFlushed {
    before: u32,
}

impl DenormalsFlushed {
    /// Flush-to-zero and denormals-are-zero, bits of the control word (Intel, "Software
    /// Developer's Manual", volume 1, section 10.2.3).
    const FLUSHED: u32 = 1 << 15 | 1 << 6;

    pub fn new() -> DenormalsFlushed {
        let before = control_word();
        set_control_word(before | DenormalsFlushed::FLUSHED);
        DenormalsFlushed { before }
    }
}

impl Drop for DenormalsFlushed {
    fn drop(&mut self) {
        set_control_word(self.before);
    }
}

fn control_word() -> u32 {
    let mut word = 0u32;
    // SAFETY: SSE is part of x86-64; writes four bytes to `word`.
    unsafe { asm!("stmxcsr [{}]", in(reg) &mut word, options(nostack, preserves_flags)) };
    word
}

fn set_control_word(word: u32) {
    // SAFETY: C; only bits that every x86-64 has are changed, and no exception is unmasked.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &word, options(nostack, preserves_flags)) };
}

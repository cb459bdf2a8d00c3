//! AVX2: two rows with four others keep eight sums in registers, of which there are sixteen.

/// The loops of one precision: `$fold` adds up each of four vectors and stores the four sums.
macro_rules! loops {
    ($t:ident, $lanes:expr, $load:ident, $store:ident, $spread:ident, $fma:ident, $zero:ident, $fold:ident) => {
        pub(crate) mod $t {
            use crate::residual::kernel::KernelKind;
            use crate::residual::real::Fused;
            use crate::residual::tiles::{COLUMNS, Dots, Gate, PREFETCHED, Panel, ROWS, STEP, Score, score};
            use std::arch::x86_64::*;

            /// # Safety
            /// The machine has the instruction set; every row has `len` values, `out` room for all products.
            #[target_feature(enable = "avx2,fma")]
            pub(crate) unsafe fn dots(call: &Dots<'_, $t>, out: &mut [$t], width: usize) {
                for (rows, out) in call.rows.chunks(2).zip(out.chunks_mut(2 * width)) {
                    // SAFETY: as the caller guarantees, for some of the rows.
                    unsafe {
                        match rows {
                            [a, b] => tile([*a, *b], call, out, width),
                            [a] => tile([*a], call, out, width),
                            _ => {}
                        }
                    }
                }
            }

            /// `R` rows with four of the matrix at a time: each vector that is loaded is used by several products.
            #[target_feature(enable = "avx2,fma")]
            #[inline]
            unsafe fn tile<const R: usize>(rows: [&[$t]; R], call: &Dots<'_, $t>, out: &mut [$t], width: usize) {
                const { assert!(R <= ROWS) };
                for (place, list) in (0..).step_by(STEP).zip(call.list.chunks_exact(STEP)) {
                    let others: [*const $t; STEP] = std::array::from_fn(|at| {
                        // SAFETY: the listed rows have `len` values, as the caller guarantees.
                        unsafe { call.base.as_ptr().add(list[at] as usize * call.stride) }
                    });
                    // Rows lie apart: the next ones are fetched while these are multiplied.
                    for &next in call.list.get(place + STEP..place + 2 * STEP).unwrap_or(&[]) {
                        // SAFETY: listed rows lie inside the matrix.
                        let next = unsafe { call.base.as_ptr().add(next as usize * call.stride) }.cast::<i8>();
                        for line in 0..PREFETCHED {
                            _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(line * 64));
                        }
                    }
                    let mut sums = [[$zero(); STEP]; R];
                    let mut at = 0;
                    while at < call.len {
                        let b: [_; STEP] = std::array::from_fn(|i| {
                            // SAFETY: `at + lanes <= len`, a multiple of 16.
                            unsafe { $load(others[i].add(at)) }
                        });
                        for (row, sums) in rows.iter().zip(&mut sums) {
                            // SAFETY: as above.
                            let a = unsafe { $load(row.as_ptr().add(at)) };
                            for (sum, b) in sums.iter_mut().zip(b) {
                                *sum = $fma(a, b, *sum);
                            }
                        }
                        at += $lanes;
                    }
                    for (row, sums) in sums.iter().enumerate() {
                        // SAFETY: `out` has `width` places a row, at least as many as the list is long.
                        unsafe { super::$fold(*sums, out.as_mut_ptr().add(row * width + place)) };
                    }
                }
            }

            /// # Safety
            /// The machine has the instruction set; every row and column has `len` values, `out` room for all products.
            #[target_feature(enable = "avx2,fma")]
            pub(crate) unsafe fn panel(call: &Panel<'_, $t>, out: &mut [$t]) {
                let mut row = 0;
                while row < call.count {
                    // SAFETY: as the caller guarantees, for some of the rows.
                    unsafe {
                        let (rows, out) =
                            (call.rows.as_ptr().add(row * call.stride), out.as_mut_ptr().add(row * COLUMNS));
                        row += match call.count - row {
                            2.. => strip::<2>(rows, call, out),
                            _ => strip::<1>(rows, call, out),
                        };
                    }
                }
            }

            /// `R` rows with all columns, sums in registers; gives `R`.
            #[target_feature(enable = "avx2,fma")]
            #[inline]
            unsafe fn strip<const R: usize>(rows: *const $t, call: &Panel<'_, $t>, out: *mut $t) -> usize {
                const VECTORS: usize = COLUMNS / $lanes;
                let mut sums = [[$zero(); VECTORS]; R];
                for at in 0..call.len {
                    let columns: [_; VECTORS] = std::array::from_fn(|i| {
                        // SAFETY: there are `len` times as many values as columns.
                        unsafe { $load(call.columns.as_ptr().add(at * COLUMNS + i * $lanes)) }
                    });
                    for (row, sums) in sums.iter_mut().enumerate() {
                        // SAFETY: each of the rows has `len` values.
                        let value = $spread(unsafe { *rows.add(row * call.stride + at) });
                        for (sum, column) in sums.iter_mut().zip(columns) {
                            *sum = $fma(value, column, *sum);
                        }
                    }
                }
                for (row, sums) in sums.into_iter().enumerate() {
                    for (i, sum) in sums.into_iter().enumerate() {
                        // SAFETY: `out` has a place for every row and column.
                        unsafe { $store(out.add(row * COLUMNS + i * $lanes), sum) };
                    }
                }
                R
            }

            /// # Safety
            /// The machine has the instruction set; the lists are of one length.
            #[target_feature(enable = "avx2,fma")]
            pub(crate) unsafe fn score(call: &Score<'_, $t>, dots: &mut [$t], hits: &mut [u32]) -> usize {
                score::score::<$t, Fused>(call, dots, hits)
            }

            /// # Safety
            /// The machine has the instruction set; the lengths fit each other.
            #[target_feature(enable = "avx2,fma")]
            pub(crate) unsafe fn gate(call: &Gate<'_>, squares: &mut [$t], width: usize, masks: &mut [u32]) {
                score::gate::<$t, Fused>(call, squares, width, masks);
            }

            /// # Safety
            /// The machine has the instruction set.
            #[target_feature(enable = "avx2,fma")]
            pub(crate) unsafe fn kernel(kind: KernelKind, variance: $t, squares: &mut [$t]) {
                score::kernel::<$t, Fused>(kind, variance, squares);
            }

            /// # Safety
            /// The machine has the instruction set.
            #[target_feature(enable = "avx2,fma")]
            pub(crate) unsafe fn widen(values: &[$t], rests: &[f32], out: &mut [f64]) {
                score::widen(values, rests, out);
            }
        }
    };
}

loops!(f32, 8, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_setzero_ps, fold_f32);
loops!(f64, 4, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_set1_pd, _mm256_fmadd_pd, _mm256_setzero_pd, fold_f64);

use std::arch::x86_64::*;

/// # Safety
/// The machine has the instruction set; `out` has room for four.
#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn fold_f32([a, b, c, d]: [__m256; 4], out: *mut f32) {
    let lanes = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    let sums = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps::<1>(lanes));
    // SAFETY: `out` has room for four.
    unsafe { _mm_storeu_ps(out, sums) };
}

/// # Safety
/// The machine has the instruction set; `out` has room for four.
#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn fold_f64([a, b, c, d]: [__m256d; 4], out: *mut f64) {
    let (ab, cd) = (_mm256_hadd_pd(a, b), _mm256_hadd_pd(c, d));
    let sums = _mm256_add_pd(_mm256_permute2f128_pd::<0x20>(ab, cd), _mm256_permute2f128_pd::<0x31>(ab, cd));
    // SAFETY: `out` has room for four.
    unsafe { _mm256_storeu_pd(out, sums) };
}

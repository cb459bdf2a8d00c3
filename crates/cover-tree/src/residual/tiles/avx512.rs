//! AVX-512: four rows with four others keep sixteen sums in registers.

/// The loops of one precision: `$fold` adds up each of four vectors and stores the four sums.
macro_rules! loops {
    ($t:ident, $lanes:expr, $load:ident, $store:ident, $spread:ident, $fma:ident, $zero:ident, $fold:ident, $narrow:ident) => {
        pub(crate) mod $t {
            use crate::residual::kernel::KernelKind;
            use crate::residual::real::Fused;
            use crate::residual::tiles::{COLUMNS, Dots, Gate, LEAF, Panel, ROWS, STEP, Score, score};
            use std::arch::x86_64::*;

            /// # Safety
            /// The machine has the instruction set; every row has `len` values, `out` room for all products.
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
            pub(crate) unsafe fn dots(call: &Dots<'_, $t>, out: &mut [$t], width: usize) {
                for (rows, out) in call.rows.chunks(ROWS).zip(out.chunks_mut(ROWS * width)) {
                    // SAFETY: as the caller guarantees, for some of the rows.
                    unsafe {
                        match rows {
                            [a, b, c, d] => tile([*a, *b, *c, *d], call, out, width),
                            [a, b, c] => tile([*a, *b, *c], call, out, width),
                            [a, b] => tile([*a, *b], call, out, width),
                            [a] => tile([*a], call, out, width),
                            _ => {}
                        }
                    }
                }
            }

            /// `R` rows with four of the matrix at a time: each vector that is loaded is used by several products.
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
            #[inline]
            unsafe fn tile<const R: usize>(rows: [&[$t]; R], call: &Dots<'_, $t>, out: &mut [$t], width: usize) {
                const { assert!(R <= ROWS) };
                for (place, list) in (0..).step_by(STEP).zip(call.list.chunks_exact(STEP)) {
                    let others: [*const $t; STEP] = std::array::from_fn(|at| {
                        // SAFETY: the listed rows have `len` values, as the caller guarantees.
                        unsafe { call.base.as_ptr().add(list[at] as usize * call.stride) }
                    });
                    // Rows lie apart: the next ones are fetched while these are multiplied, a line for a line.
                    let next: [*const i8; STEP] = std::array::from_fn(|at| {
                        let row = call.list.get(place + STEP + at).unwrap_or(&list[at]);
                        call.base.as_ptr().wrapping_add(*row as usize * call.stride).cast()
                    });
                    let mut sums = [[$zero(); STEP]; R];
                    let mut at = 0;
                    while at < call.len {
                        let b: [_; STEP] = std::array::from_fn(|i| {
                            // SAFETY: `at + lanes <= len`, a multiple of 16.
                            unsafe { $load(others[i].add(at)) }
                        });
                        for next in next {
                            _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(at * size_of::<$t>()));
                        }
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
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
            pub(crate) unsafe fn panel(call: &Panel<'_, $t>, out: &mut [$t]) {
                let mut row = 0;
                while row < call.count {
                    // SAFETY: as the caller guarantees, for some of the rows.
                    unsafe {
                        let (rows, out) =
                            (call.rows.as_ptr().add(row * call.stride), out.as_mut_ptr().add(row * COLUMNS));
                        row += match call.count - row {
                            8.. => strip::<8>(rows, call, out),
                            4.. => strip::<4>(rows, call, out),
                            _ => strip::<1>(rows, call, out),
                        };
                    }
                }
            }

            /// `R` rows with all columns, sums in registers; gives `R`.
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
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
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
            pub(crate) unsafe fn score(call: &Score<'_, $t>, dots: &mut [$t], hits: &mut [u32]) -> usize {
                score::score::<$t, Fused>(call, dots, hits)
            }

            /// # Safety
            /// The machine has the instruction set; the lengths fit each other.
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
            pub(crate) unsafe fn gate(call: &Gate<'_>, squares: &mut [$t], width: usize, masks: &mut [u32]) {
                const PARTS: usize = LEAF / 8;
                let classes: [_; PARTS] = std::array::from_fn(|i| {
                    // SAFETY: a leaf has `LEAF` classes.
                    _mm512_cvtepu8_epi64(unsafe { _mm_loadl_epi64(call.classes.as_ptr().add(i * 8).cast()) })
                });
                let dim = call.scales.len();
                for (row, (query, near)) in call.queries.chunks_exact(dim).zip(call.near).enumerate() {
                    let mut sums = [_mm512_setzero_pd(); PARTS];
                    for (axis, (&x, &scale)) in query.iter().zip(call.scales).enumerate() {
                        let (x, scale) = (_mm512_set1_pd(x), _mm512_set1_pd(scale));
                        for (i, sum) in sums.iter_mut().enumerate() {
                            // SAFETY: every axis has `LEAF` lanes.
                            let lanes = unsafe { _mm512_loadu_pd(call.lanes.as_ptr().add(axis * LEAF + i * 8)) };
                            let gap = _mm512_mul_pd(_mm512_sub_pd(lanes, x), scale);
                            *sum = _mm512_fmadd_pd(gap, gap, *sum);
                        }
                    }
                    // SAFETY: there are `NEAR` limits, twice eight.
                    let low = unsafe { _mm512_loadu_pd(near.as_ptr()) };
                    // SAFETY: as above.
                    let high = unsafe { _mm512_loadu_pd(near.as_ptr().add(8)) };
                    let mut mask = 0;
                    for (i, (sum, class)) in sums.into_iter().zip(classes).enumerate() {
                        let limits = _mm512_permutex2var_pd(low, class, high);
                        mask |= u32::from(_mm512_cmp_pd_mask::<_CMP_LE_OQ>(sum, limits)) << (i * 8);
                        // SAFETY: each query has room for the lanes of a leaf, `width` apart.
                        unsafe { super::$narrow(sum, squares.as_mut_ptr().add(row * width + i * 8)) };
                    }
                    masks[row] = mask;
                }
            }

            /// # Safety
            /// The machine has the instruction set.
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
            pub(crate) unsafe fn kernel(kind: KernelKind, variance: $t, squares: &mut [$t]) {
                score::kernel::<$t, Fused>(kind, variance, squares);
            }

            /// # Safety
            /// The machine has the instruction set.
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
            pub(crate) unsafe fn widen(values: &[$t], rests: &[f32], out: &mut [f64]) {
                score::widen(values, rests, out);
            }
        }
    };
}

loops!(
    f32,
    16,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_setzero_ps,
    fold_f32,
    narrow_f32
);
loops!(
    f64,
    8,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_set1_pd,
    _mm512_fmadd_pd,
    _mm512_setzero_pd,
    fold_f64,
    narrow_f64
);

use std::arch::x86_64::*;

/// # Safety
/// The machine has the instruction set; `out` has room for eight.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
#[inline]
unsafe fn narrow_f32(values: __m512d, out: *mut f32) {
    // SAFETY: `out` has room for eight.
    unsafe { _mm256_storeu_ps(out, _mm512_cvtpd_ps(values)) };
}

/// # Safety
/// The machine has the instruction set; `out` has room for eight.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
#[inline]
unsafe fn narrow_f64(values: __m512d, out: *mut f64) {
    // SAFETY: `out` has room for eight.
    unsafe { _mm512_storeu_pd(out, values) };
}

/// # Safety
/// The machine has the instruction set; `out` has room for four.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
#[inline]
unsafe fn fold_f32([a, b, c, d]: [__m512; 4], out: *mut f32) {
    let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    let (ab, cd) = (_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    let low = _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd));
    let high = _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd));
    // Four lanes of [a, b, c, d].
    let lanes = _mm512_add_ps(low, high);
    let halves = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps::<1>(lanes));
    let sums = _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps::<1>(halves));
    // SAFETY: `out` has room for four.
    unsafe { _mm_storeu_ps(out, sums) };
}

/// # Safety
/// The machine has the instruction set; `out` has room for four.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
#[inline]
unsafe fn fold_f64([a, b, c, d]: [__m512d; 4], out: *mut f64) {
    let ab = _mm512_add_pd(_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b));
    let cd = _mm512_add_pd(_mm512_unpacklo_pd(c, d), _mm512_unpackhi_pd(c, d));
    let ab = _mm256_add_pd(_mm512_castpd512_pd256(ab), _mm512_extractf64x4_pd::<1>(ab));
    let cd = _mm256_add_pd(_mm512_castpd512_pd256(cd), _mm512_extractf64x4_pd::<1>(cd));
    let sums = _mm256_add_pd(_mm256_permute2f128_pd::<0x20>(ab, cd), _mm256_permute2f128_pd::<0x31>(ab, cd));
    // SAFETY: `out` has room for four.
    unsafe { _mm256_storeu_pd(out, sums) };
}

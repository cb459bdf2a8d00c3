//! f32 and f16 kernels for AVX2 with FMA and F16C.
//!
//! As with AVX-512, a pair kernel is the one-row case of the row kernel, so both give the same bits.

use core::arch::x86_64::*;
use half::f16;

/// Numbers in a register.
const WIDTH: usize = 8;
/// Independent sums a row, to hide the latency of the FMA.
const SUMS: usize = 4;
/// Rows that share one load of the query: 2 rows x 4 sums leave half of the 16 registers for loads.
const ROWS: usize = 2;

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn add_dot(sum: __m256, a: __m256, b: __m256) -> __m256 {
    _mm256_fmadd_ps(a, b, sum)
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn add_l2(sum: __m256, a: __m256, b: __m256) -> __m256 {
    let difference = _mm256_sub_ps(a, b);
    _mm256_fmadd_ps(difference, difference, sum)
}

/// # Safety
/// 8 values are readable at `from`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn load_f32(from: *const f32) -> __m256 {
    // SAFETY: the caller's promise.
    unsafe { _mm256_loadu_ps(from) }
}

/// # Safety
/// 8 values are readable at `from`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn load_f16(from: *const f16) -> __m256 {
    // SAFETY: the caller's promise; `f16` is two bytes, so 8 of them are the 16 that are loaded.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(from.cast()) })
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn tail_f32(from: &[f32]) -> __m256 {
    let mut padded = [0.0_f32; WIDTH];
    padded[..from.len()].copy_from_slice(from);
    // SAFETY: the array holds 8 values.
    unsafe { load_f32(padded.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn tail_f16(from: &[f16]) -> __m256 {
    let mut padded = [f16::ZERO; WIDTH];
    padded[..from.len()].copy_from_slice(from);
    // SAFETY: the array holds 8 values.
    unsafe { load_f16(padded.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn total(sums: [__m256; SUMS]) -> f32 {
    let [a, b, c, d] = sums;
    let sum = _mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d));
    let sum = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps::<1>(sum));
    let sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)))
}

macro_rules! kernels {
    ($pair:ident, $rows:ident, $tile:ident, $a:ty, $b:ty, $add:ident, $load_a:ident, $tail_a:ident, $load_b:ident, $tail_b:ident) => {
        /// The values of `R` rows: `rows.len() == R * query.len()`.
        #[inline]
        #[target_feature(enable = "avx2,fma,f16c")]
        fn $tile<const R: usize>(query: &[$a], rows: &[$b]) -> [f32; R] {
            let dim = query.len();
            debug_assert_eq!(rows.len(), R * dim);
            let mut sums = [[_mm256_setzero_ps(); SUMS]; R];
            let mut at = 0;
            while at + SUMS * WIDTH <= dim {
                for s in 0..SUMS {
                    let from = at + s * WIDTH;
                    // SAFETY: `from + WIDTH <= dim`, the length of the query and of each of the R rows.
                    let a = unsafe { $load_a(query.as_ptr().add(from)) };
                    for r in 0..R {
                        // SAFETY: as above.
                        let b = unsafe { $load_b(rows.as_ptr().add(r * dim + from)) };
                        sums[r][s] = $add(sums[r][s], a, b);
                    }
                }
                at += SUMS * WIDTH;
            }
            while at + WIDTH <= dim {
                // SAFETY: `at + WIDTH <= dim`.
                let a = unsafe { $load_a(query.as_ptr().add(at)) };
                for r in 0..R {
                    // SAFETY: as above.
                    let b = unsafe { $load_b(rows.as_ptr().add(r * dim + at)) };
                    sums[r][0] = $add(sums[r][0], a, b);
                }
                at += WIDTH;
            }
            if at < dim {
                let a = $tail_a(&query[at..]);
                for r in 0..R {
                    sums[r][1] = $add(sums[r][1], a, $tail_b(&rows[r * dim + at..(r + 1) * dim]));
                }
            }
            let mut values = [0.0; R];
            for r in 0..R {
                values[r] = total(sums[r]);
            }
            values
        }

        #[target_feature(enable = "avx2,fma,f16c")]
        pub(super) fn $pair(a: &[$a], b: &[$b]) -> f32 {
            $tile::<1>(a, b)[0]
        }

        #[target_feature(enable = "avx2,fma,f16c")]
        pub(super) fn $rows(query: &[$a], rows: &[$b], out: &mut [f32]) {
            let dim = query.len();
            let whole = out.len() / ROWS * ROWS;
            let (tiles, rest) = out.split_at_mut(whole);
            for (t, values) in tiles.chunks_exact_mut(ROWS).enumerate() {
                values.copy_from_slice(&$tile::<ROWS>(query, &rows[t * ROWS * dim..(t + 1) * ROWS * dim]));
            }
            for (r, value) in rest.iter_mut().enumerate() {
                *value = $pair(query, &rows[(whole + r) * dim..(whole + r + 1) * dim]);
            }
        }
    };
}

kernels!(dot_f32, dot_rows_f32, dot_tile_f32, f32, f32, add_dot, load_f32, tail_f32, load_f32, tail_f32);
kernels!(l2sq_f32, l2sq_rows_f32, l2_tile_f32, f32, f32, add_l2, load_f32, tail_f32, load_f32, tail_f32);
kernels!(dot_f16, dot_rows_f16, dot_tile_f16, f16, f16, add_dot, load_f16, tail_f16, load_f16, tail_f16);
kernels!(l2sq_f16, l2sq_rows_f16, l2_tile_f16, f16, f16, add_l2, load_f16, tail_f16, load_f16, tail_f16);
kernels!(dot_f32_f16, dot_rows_f32_f16, dot_tile_mixed, f32, f16, add_dot, load_f32, tail_f32, load_f16, tail_f16);
kernels!(l2sq_f32_f16, l2sq_rows_f32_f16, l2_tile_mixed, f32, f16, add_l2, load_f32, tail_f32, load_f16, tail_f16);

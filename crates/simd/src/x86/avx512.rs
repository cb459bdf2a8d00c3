//! f32 and f16 kernels for AVX-512 (F, BW, VL) with FMA and F16C.
//!
//! A pair kernel is the one-row case of the row kernel: both add in the same order, so a row scores the same bits
//! whether it is met in a scan or alone. Exact reranking rests on that.

use core::arch::x86_64::*;
use half::f16;

/// Numbers in a register.
const WIDTH: usize = 16;
/// Independent sums a row: an FMA takes 4 cycles and one 512-bit FMA starts each cycle.
const SUMS: usize = 4;
/// Rows that share one load of the query: 4 rows x 4 sums are 16 of the 32 registers.
const ROWS: usize = 4;

/// The mask of the first `count < 16` lanes.
fn first(count: usize) -> __mmask16 {
    (1 << count) - 1
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
fn add_dot(sum: __m512, a: __m512, b: __m512) -> __m512 {
    _mm512_fmadd_ps(a, b, sum)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
fn add_l2(sum: __m512, a: __m512, b: __m512) -> __m512 {
    let difference = _mm512_sub_ps(a, b);
    _mm512_fmadd_ps(difference, difference, sum)
}

/// # Safety
/// 16 values are readable at `from`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
unsafe fn load_f32(from: *const f32) -> __m512 {
    // SAFETY: the caller's promise.
    unsafe { _mm512_loadu_ps(from) }
}

/// # Safety
/// `count < 16` values are readable at `from`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
unsafe fn tail_f32(from: *const f32, count: usize) -> __m512 {
    // SAFETY: the caller's promise; masked lanes are not read.
    unsafe { _mm512_maskz_loadu_ps(first(count), from) }
}

/// # Safety
/// 16 values are readable at `from`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
unsafe fn load_f16(from: *const f16) -> __m512 {
    // SAFETY: the caller's promise; `f16` is two bytes, so 16 of them are the 32 that are loaded.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(from.cast()) })
}

/// # Safety
/// `count < 16` values are readable at `from`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
unsafe fn tail_f16(from: *const f16, count: usize) -> __m512 {
    // SAFETY: the caller's promise; masked lanes are not read.
    _mm512_cvtph_ps(unsafe { _mm256_maskz_loadu_epi16(first(count), from.cast()) })
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
fn total(sums: [__m512; SUMS]) -> f32 {
    let [a, b, c, d] = sums;
    _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)))
}

macro_rules! kernels {
    ($pair:ident, $rows:ident, $tile:ident, $a:ty, $b:ty, $add:ident, $load_a:ident, $tail_a:ident, $load_b:ident, $tail_b:ident) => {
        /// The values of `R` rows: `rows.len() == R * query.len()`.
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
        fn $tile<const R: usize>(query: &[$a], rows: &[$b]) -> [f32; R] {
            let dim = query.len();
            debug_assert_eq!(rows.len(), R * dim);
            let mut sums = [[_mm512_setzero_ps(); SUMS]; R];
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
                // SAFETY: `dim - at < WIDTH` values are left in the query and in each row.
                let a = unsafe { $tail_a(query.as_ptr().add(at), dim - at) };
                for r in 0..R {
                    // SAFETY: as above.
                    let b = unsafe { $tail_b(rows.as_ptr().add(r * dim + at), dim - at) };
                    sums[r][1] = $add(sums[r][1], a, b);
                }
            }
            let mut values = [0.0; R];
            for r in 0..R {
                values[r] = total(sums[r]);
            }
            values
        }

        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
        pub(super) fn $pair(a: &[$a], b: &[$b]) -> f32 {
            $tile::<1>(a, b)[0]
        }

        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
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

//! f32, f16 and u8 kernels for AVX2 with FMA and F16C.
//!
//! A row kernel runs the pair kernel row after row, so a row scores the same bits whether it is met in a scan or alone.
//! Exact reranking rests on that.

use core::arch::x86_64::*;
use half::f16;

/// Numbers in a register.
const WIDTH: usize = 8;
/// Independent sums a row, to hide the latency of the FMA.
const SUMS: usize = 4;

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

/// # Safety
/// 8 bytes are readable at `from`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn load_u8(from: *const u8) -> __m256 {
    // SAFETY: the caller's promise.
    _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(unsafe { _mm_loadl_epi64(from.cast()) }))
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn tail_u8(from: &[u8]) -> __m256 {
    let mut padded = [0_u8; WIDTH];
    padded[..from.len()].copy_from_slice(from);
    // SAFETY: the array holds 8 bytes.
    unsafe { load_u8(padded.as_ptr()) }
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
    ($pair:ident, $rows:ident, $a:ty, $b:ty, $add:ident, $load_a:ident, $tail_a:ident, $load_b:ident, $tail_b:ident) => {
        #[inline]
        #[target_feature(enable = "avx2,fma,f16c")]
        pub(super) fn $pair(a: &[$a], b: &[$b]) -> f32 {
            debug_assert_eq!(a.len(), b.len());
            let dim = a.len();
            let mut sums = [_mm256_setzero_ps(); SUMS];
            let mut at = 0;
            while at + SUMS * WIDTH <= dim {
                for s in 0..SUMS {
                    let from = at + s * WIDTH;
                    // SAFETY: `from + WIDTH <= dim`, the length of both.
                    let (x, y) = unsafe { ($load_a(a.as_ptr().add(from)), $load_b(b.as_ptr().add(from))) };
                    sums[s] = $add(sums[s], x, y);
                }
                at += SUMS * WIDTH;
            }
            while at + WIDTH <= dim {
                // SAFETY: `at + WIDTH <= dim`.
                let (x, y) = unsafe { ($load_a(a.as_ptr().add(at)), $load_b(b.as_ptr().add(at))) };
                sums[0] = $add(sums[0], x, y);
                at += WIDTH;
            }
            if at < dim {
                sums[1] = $add(sums[1], $tail_a(&a[at..]), $tail_b(&b[at..]));
            }
            total(sums)
        }

        #[target_feature(enable = "avx2,fma,f16c")]
        pub(super) fn $rows(query: &[$a], rows: &[$b], out: &mut [f32]) {
            let dim = query.len();
            // Row after row, as they lie in memory: four rows side by side halve what the memory delivers.
            for (r, value) in out.iter_mut().enumerate() {
                *value = $pair(query, &rows[r * dim..(r + 1) * dim]);
            }
        }
    };
}

kernels!(dot_f32, dot_rows_f32, f32, f32, add_dot, load_f32, tail_f32, load_f32, tail_f32);
kernels!(l2sq_f32, l2sq_rows_f32, f32, f32, add_l2, load_f32, tail_f32, load_f32, tail_f32);
kernels!(dot_f16, dot_rows_f16, f16, f16, add_dot, load_f16, tail_f16, load_f16, tail_f16);
kernels!(l2sq_f16, l2sq_rows_f16, f16, f16, add_l2, load_f16, tail_f16, load_f16, tail_f16);
kernels!(dot_f32_f16, dot_rows_f32_f16, f32, f16, add_dot, load_f32, tail_f32, load_f16, tail_f16);
kernels!(l2sq_f32_f16, l2sq_rows_f32_f16, f32, f16, add_l2, load_f32, tail_f32, load_f16, tail_f16);
kernels!(dot_f32_u8, dot_rows_f32_u8, f32, u8, add_dot, load_f32, tail_f32, load_u8, tail_u8);
kernels!(l2sq_f32_u8, l2sq_rows_f32_u8, f32, u8, add_l2, load_f32, tail_f32, load_u8, tail_u8);

//! f32, f16 and u8 kernels for AVX-512 (F, BW, VL) with FMA and F16C.
//!
//! A row kernel runs the pair kernel row after row, so a row scores the same bits whether it is met in a scan or alone.
//! Exact reranking rests on that.

use core::arch::x86_64::*;
use half::f16;

/// Numbers in a register.
const WIDTH: usize = 16;
/// Independent sums a row: an FMA takes 4 cycles and one 512-bit FMA starts each cycle.
const SUMS: usize = 4;

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
/// 16 bytes are readable at `from`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
unsafe fn load_u8(from: *const u8) -> __m512 {
    // SAFETY: the caller's promise.
    _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(unsafe { _mm_loadu_si128(from.cast()) }))
}

/// # Safety
/// `count < 16` bytes are readable at `from`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
unsafe fn tail_u8(from: *const u8, count: usize) -> __m512 {
    // SAFETY: the caller's promise; masked lanes are not read.
    _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(unsafe { _mm_maskz_loadu_epi8(first(count), from.cast()) }))
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
    ($pair:ident, $rows:ident, $a:ty, $b:ty, $add:ident, $load_a:ident, $tail_a:ident, $load_b:ident, $tail_b:ident) => {
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
        pub(super) fn $pair(a: &[$a], b: &[$b]) -> f32 {
            debug_assert_eq!(a.len(), b.len());
            let dim = a.len();
            let mut sums = [_mm512_setzero_ps(); SUMS];
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
                // SAFETY: `dim - at < WIDTH` values are left in both.
                let (x, y) = unsafe { ($tail_a(a.as_ptr().add(at), dim - at), $tail_b(b.as_ptr().add(at), dim - at)) };
                sums[1] = $add(sums[1], x, y);
            }
            total(sums)
        }

        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
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

//! Scores of scattered rows of codes for x86-64; see `CodeQuery`.

use core::arch::x86_64::*;

/// Bytes in a register of AVX-512; rows are whole registers.
const WIDTH: usize = 64;
/// Rows whose sums are folded together.
const ROWS: usize = 4;

/// The four rows from `at` on; past the end the last one is repeated.
#[inline]
fn four(ids: &[u32], at: usize) -> [usize; ROWS] {
    std::array::from_fn(|r| ids[(at + r).min(ids.len() - 1)] as usize)
}

/// Steps and biases of four rows.
///
/// # Safety
/// 8 bytes are readable before each row's end.
#[inline]
#[target_feature(enable = "sse4.1")]
unsafe fn tails(rows: &[u8], ids: [usize; ROWS], stride: usize) -> (__m128, __m128) {
    let tail = |r: usize| {
        // SAFETY: the caller's promise.
        unsafe { _mm_castsi128_ps(_mm_loadl_epi64(rows.as_ptr().add((ids[r] + 1) * stride - 8).cast())) }
    };
    let (ab, cd) = (_mm_unpacklo_ps(tail(0), tail(1)), _mm_unpacklo_ps(tail(2), tail(3)));
    (_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab))
}

/// Writes the first scores of a group of four.
#[inline]
#[target_feature(enable = "sse4.1")]
fn store(scores: __m128, out: &mut [f32]) {
    let mut all = [0.0_f32; ROWS];
    // SAFETY: the array holds four numbers.
    unsafe { _mm_storeu_ps(all.as_mut_ptr(), scores) };
    let count = out.len().min(ROWS);
    out[..count].copy_from_slice(&all[..count]);
}

/// # Safety
/// Every id names a row of `query.len()` bytes inside `rows`; the length is a multiple of 64; `out` is as long as `ids`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma")]
pub(super) unsafe fn score_vnni(query: &[i8], shift: i32, weight: f32, rows: &[u8], ids: &[u32], out: &mut [f32]) {
    // SAFETY: the caller's promises.
    unsafe {
        match query.len() / WIDTH {
            1 => vnni::<1>(query, shift, weight, rows, ids, out),
            2 => vnni::<2>(query, shift, weight, rows, ids, out),
            3 => vnni::<3>(query, shift, weight, rows, ids, out),
            4 => vnni::<4>(query, shift, weight, rows, ids, out),
            _ => vnni::<0>(query, shift, weight, rows, ids, out),
        }
    }
}

/// `LINES` of 0 means any number; a known one keeps the query in registers.
///
/// # Safety
/// As [`score_vnni`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma")]
unsafe fn vnni<const LINES: usize>(query: &[i8], shift: i32, weight: f32, rows: &[u8], ids: &[u32], out: &mut [f32]) {
    let stride = query.len();
    let lines = if LINES > 0 { LINES } else { stride / WIDTH };
    for at in (0..ids.len()).step_by(ROWS) {
        let four = four(ids, at);
        let mut sums = [_mm512_setzero_si512(); ROWS];
        for line in 0..lines {
            // SAFETY: `(line + 1) * WIDTH <= stride`, the length of the query and of each row.
            let q = unsafe { _mm512_loadu_si512(query.as_ptr().add(line * WIDTH).cast()) };
            for r in 0..ROWS {
                // SAFETY: as above, and the row lies inside `rows`.
                let c = unsafe { _mm512_loadu_si512(rows.as_ptr().add(four[r] * stride + line * WIDTH).cast()) };
                sums[r] = _mm512_dpbusd_epi32(sums[r], c, q);
            }
        }
        let half = |sum: __m512i| _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64::<1>(sum));
        let [a, b, c, d] = sums;
        let (ab, cd) = (_mm256_hadd_epi32(half(a), half(b)), _mm256_hadd_epi32(half(c), half(d)));
        let all = _mm256_hadd_epi32(ab, cd);
        let sums = _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256::<1>(all));
        let products = _mm_cvtepi32_ps(_mm_sub_epi32(sums, _mm_set1_epi32(shift)));
        // SAFETY: the rows lie inside `rows`.
        let (steps, biases) = unsafe { tails(rows, four, stride) };
        store(_mm_fmadd_ps(_mm_mul_ps(_mm_set1_ps(weight), steps), products, biases), &mut out[at..]);
    }
}

/// # Safety
/// As [`score_vnni`].
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn score_avx2(query: &[i8], shift: i32, weight: f32, rows: &[u8], ids: &[u32], out: &mut [f32]) {
    const STEP: usize = 16;
    let stride = query.len();
    for at in (0..ids.len()).step_by(ROWS) {
        let four = four(ids, at);
        let mut sums = [_mm256_setzero_si256(); ROWS];
        for from in (0..stride).step_by(STEP) {
            // SAFETY: `from + STEP <= stride`, the length of the query.
            let q = _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(query.as_ptr().add(from).cast()) });
            for r in 0..ROWS {
                // SAFETY: `from + STEP <= stride`, and the row lies inside `rows`.
                let c = unsafe { _mm_loadu_si128(rows.as_ptr().add(four[r] * stride + from).cast()) };
                // `vpmaddubsw` would skip the widening, but it saturates.
                sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(_mm256_cvtepu8_epi16(c), q));
            }
        }
        let [a, b, c, d] = sums;
        let all = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
        let sums = _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256::<1>(all));
        let products = _mm_cvtepi32_ps(_mm_sub_epi32(sums, _mm_set1_epi32(shift)));
        // SAFETY: the rows lie inside `rows`.
        let (steps, biases) = unsafe { tails(rows, four, stride) };
        store(_mm_fmadd_ps(_mm_mul_ps(_mm_set1_ps(weight), steps), products, biases), &mut out[at..]);
    }
}

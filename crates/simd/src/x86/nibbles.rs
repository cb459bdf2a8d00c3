//! Look-ups by 4-bit codes for x86-64; see `sum_nibbles`. `pshufb` looks 16 codes up at once in each lane of 16 bytes.

use core::arch::x86_64::*;

/// Vectors a block.
const BLOCK: usize = 32;

/// Two parts a register: lane `i` looks up in the table of part `i`.
///
/// # Safety
/// `tables` holds a multiple of 64 bytes, `codes` whole blocks of as many, `out` 32 numbers a block.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn sum_avx2(tables: &[u8], codes: &[u8], out: &mut [u16]) {
    const WIDTH: usize = 32;
    let (low, byte) = (_mm256_set1_epi8(15), _mm256_set1_epi16(255));
    for (codes, out) in codes.chunks_exact(tables.len()).zip(out.chunks_exact_mut(BLOCK)) {
        // Sums of even and odd vectors, of the first and the last sixteen.
        let mut sums = [_mm256_setzero_si256(); 4];
        for at in (0..tables.len()).step_by(WIDTH) {
            // SAFETY: `at + WIDTH <= tables.len()`, the length of both.
            let (table, code) = unsafe {
                (_mm256_loadu_si256(tables.as_ptr().add(at).cast()), _mm256_loadu_si256(codes.as_ptr().add(at).cast()))
            };
            let first = _mm256_shuffle_epi8(table, _mm256_and_si256(code, low));
            let last = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16::<4>(code), low));
            for (half, found) in [first, last].into_iter().enumerate() {
                sums[2 * half] = _mm256_add_epi16(sums[2 * half], _mm256_and_si256(found, byte));
                sums[2 * half + 1] = _mm256_add_epi16(sums[2 * half + 1], _mm256_srli_epi16::<8>(found));
            }
        }
        let fold = |sum: __m256i| _mm_add_epi16(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
        for half in 0..2 {
            let out = &mut out[16 * half..16 * (half + 1)];
            store(fold(sums[2 * half]), fold(sums[2 * half + 1]), out);
        }
    }
}

/// Four parts a register.
///
/// # Safety
/// As [`sum_avx2`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2")]
pub(super) unsafe fn sum_avx512(tables: &[u8], codes: &[u8], out: &mut [u16]) {
    const WIDTH: usize = 64;
    let (low, byte) = (_mm512_set1_epi8(15), _mm512_set1_epi16(255));
    for (codes, out) in codes.chunks_exact(tables.len()).zip(out.chunks_exact_mut(BLOCK)) {
        let mut sums = [_mm512_setzero_si512(); 4];
        for at in (0..tables.len()).step_by(WIDTH) {
            // SAFETY: `at + WIDTH <= tables.len()`, the length of both.
            let (table, code) = unsafe {
                (_mm512_loadu_si512(tables.as_ptr().add(at).cast()), _mm512_loadu_si512(codes.as_ptr().add(at).cast()))
            };
            let first = _mm512_shuffle_epi8(table, _mm512_and_si512(code, low));
            let last = _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16::<4>(code), low));
            for (half, found) in [first, last].into_iter().enumerate() {
                sums[2 * half] = _mm512_add_epi16(sums[2 * half], _mm512_and_si512(found, byte));
                sums[2 * half + 1] = _mm512_add_epi16(sums[2 * half + 1], _mm512_srli_epi16::<8>(found));
            }
        }
        let fold = |sum: __m512i| {
            let sum = _mm256_add_epi16(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64::<1>(sum));
            _mm_add_epi16(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum))
        };
        for half in 0..2 {
            let out = &mut out[16 * half..16 * (half + 1)];
            store(fold(sums[2 * half]), fold(sums[2 * half + 1]), out);
        }
    }
}

/// Writes the sums of 16 vectors: eight even ones and eight odd ones, in turns.
#[inline]
#[target_feature(enable = "avx2")]
fn store(even: __m128i, odd: __m128i, out: &mut [u16]) {
    debug_assert_eq!(out.len(), 16);
    // SAFETY: the slice holds 16 numbers, two registers of eight.
    unsafe {
        _mm_storeu_si128(out.as_mut_ptr().cast(), _mm_unpacklo_epi16(even, odd));
        _mm_storeu_si128(out.as_mut_ptr().add(8).cast(), _mm_unpackhi_epi16(even, odd));
    }
}

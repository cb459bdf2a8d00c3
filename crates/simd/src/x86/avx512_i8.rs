//! int8 kernels for AVX-512: dot products by VNNI, distances by 16-bit multiply-add.

use core::arch::x86_64::*;

/// Bytes in a register.
const WIDTH: usize = 64;
/// Rows that share the loads of the queries.
const ROWS: usize = 4;

/// # Safety
/// The first `count <= 64` bytes at `from` are readable.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn load(from: *const i8, count: usize) -> __m512i {
    let mask = if count >= WIDTH { u64::MAX } else { (1 << count) - 1 };
    // SAFETY: the caller's promise; masked bytes are not read.
    unsafe { _mm512_maskz_loadu_epi8(mask, from) }
}

/// The sums of four registers of sixteen 32-bit numbers.
///
/// Four at once cost about 13 instructions; one at a time they would cost 28, more than the products of 384 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn totals(sums: [__m512i; ROWS]) -> __m128i {
    let half = |sum: __m512i| _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64::<1>(sum));
    let [a, b, c, d] = sums;
    let (ab, cd) = (_mm256_hadd_epi32(half(a), half(b)), _mm256_hadd_epi32(half(c), half(d)));
    let all = _mm256_hadd_epi32(ab, cd);
    _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256::<1>(all))
}

/// The products of `Q` queries with four rows of `dim` bytes, of `64 * STEPS` when `STEPS` isn't 0: then the queries stay in
/// registers, which frees the loads for the rows.
///
/// Rows come one after the other, as they lie in memory: four streams side by side halve what the memory delivers.
/// `vpdpbusd` wants one side unsigned, so rows are shifted by 128.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn tile<const Q: usize, const STEPS: usize>(queries: [&[i8]; Q], rows: &[i8], dim: usize) -> [[__m512i; ROWS]; Q] {
    debug_assert!(STEPS == 0 || STEPS * WIDTH == dim);
    debug_assert!(rows.len() == ROWS * dim && queries.iter().all(|query| query.len() == dim));
    let shift = _mm512_set1_epi8(i8::MIN);
    let mut sums = [[_mm512_setzero_si512(); ROWS]; Q];
    for r in 0..ROWS {
        let row = &rows[r * dim..(r + 1) * dim];
        let steps = if STEPS > 0 { STEPS } else { dim / WIDTH };
        for at in (0..steps).map(|step| step * WIDTH) {
            // SAFETY: `at + WIDTH <= dim`, the length of the row and of each query.
            let bytes = _mm512_xor_si512(unsafe { _mm512_loadu_si512(row.as_ptr().add(at).cast()) }, shift);
            for q in 0..Q {
                // SAFETY: as above.
                let query = unsafe { _mm512_loadu_si512(queries[q].as_ptr().add(at).cast()) };
                sums[q][r] = _mm512_dpbusd_epi32(sums[q][r], bytes, query);
            }
        }
        let at = dim / WIDTH * WIDTH;
        if STEPS == 0 && at < dim {
            // SAFETY: `dim - at` bytes are left in the row and in each query. Masked query bytes are 0, so the row's don't count.
            let bytes = _mm512_xor_si512(unsafe { load(row.as_ptr().add(at), dim - at) }, shift);
            for q in 0..Q {
                // SAFETY: as above.
                let query = unsafe { load(queries[q].as_ptr().add(at), dim - at) };
                sums[q][r] = _mm512_dpbusd_epi32(sums[q][r], bytes, query);
            }
        }
    }
    sums
}

/// As [`tile`], four rows side by side: the loads of the queries are shared, which pays from four queries on, when
/// multiplying takes longer than reading.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn wide_tile<const Q: usize>(queries: [&[i8]; Q], rows: &[i8], dim: usize) -> [[__m512i; ROWS]; Q] {
    debug_assert!(rows.len() == ROWS * dim && queries.iter().all(|query| query.len() == dim));
    let shift = _mm512_set1_epi8(i8::MIN);
    let mut sums = [[_mm512_setzero_si512(); ROWS]; Q];
    for at in (0..dim).step_by(WIDTH) {
        let mut bytes = [_mm512_setzero_si512(); ROWS];
        for (r, bytes) in bytes.iter_mut().enumerate() {
            // SAFETY: `dim - at` bytes are left in each row.
            *bytes = _mm512_xor_si512(unsafe { load(rows.as_ptr().add(r * dim + at), dim - at) }, shift);
        }
        for q in 0..Q {
            // SAFETY: `dim - at` bytes are left in each query. Masked query bytes are 0, so the row's don't count.
            let query = unsafe { load(queries[q].as_ptr().add(at), dim - at) };
            for (sum, bytes) in sums[q].iter_mut().zip(bytes) {
                *sum = _mm512_dpbusd_epi32(*sum, bytes, query);
            }
        }
    }
    sums
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn dot(a: &[i8], b: &[i8]) -> i32 {
    debug_assert_eq!(a.len(), b.len());
    let shift = _mm512_set1_epi8(i8::MIN);
    // Two sums: the products with the shifted side, and what the shift added, taken away at the end.
    let (mut sum, mut extra) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    for at in (0..a.len()).step_by(WIDTH) {
        let count = a.len() - at;
        // SAFETY: `count` bytes are left in both.
        let (x, y) = unsafe { (load(a.as_ptr().add(at), count), load(b.as_ptr().add(at), count)) };
        sum = _mm512_dpbusd_epi32(sum, _mm512_xor_si512(x, shift), y);
        extra = _mm512_dpbusd_epi32(extra, shift, y);
    }
    _mm512_reduce_add_epi32(_mm512_sub_epi32(sum, extra))
}

/// 128 times the sum of the query: what shifting the rows adds to every product.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn shift_of(query: &[i8]) -> i32 {
    let mut sum = _mm512_setzero_si512();
    for at in (0..query.len()).step_by(WIDTH) {
        // SAFETY: `query.len() - at` bytes are left.
        let bytes = unsafe { load(query.as_ptr().add(at), query.len() - at) };
        sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(i8::MIN), bytes);
    }
    _mm512_reduce_add_epi32(sum)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn dot_block(queries: &[i8], rows: &[i8], dim: usize, out: &mut [i32]) {
    let count = rows.len() / dim;
    let (mut queries, mut out) = (queries, out);
    // Four queries a tile keep 16 sums in the 32 registers; two are the two halves of one 16-bit query.
    loop {
        let width = match queries.len() / dim {
            0 => break,
            1 => 1,
            2..4 => 2,
            _ => 4,
        };
        let (these, later) = queries.split_at(width * dim);
        let (values, rest) = out.split_at_mut(width * count);
        match (width, dim) {
            (1, _) => group::<1, 0>(these, rows, dim, values),
            (2, 256) => group::<2, 4>(these, rows, dim, values),
            (2, 384) => group::<2, 6>(these, rows, dim, values),
            (2, 512) => group::<2, 8>(these, rows, dim, values),
            (2, _) => group::<2, 0>(these, rows, dim, values),
            _ => group::<4, 0>(these, rows, dim, values),
        }
        (queries, out) = (later, rest);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn group<const Q: usize, const STEPS: usize>(queries: &[i8], rows: &[i8], dim: usize, out: &mut [i32]) {
    let count = rows.len() / dim;
    let mut query = [&queries[..0]; Q];
    let mut shift = [0_i32; Q];
    for q in 0..Q {
        query[q] = &queries[q * dim..(q + 1) * dim];
        shift[q] = shift_of(query[q]);
    }
    let whole = count / ROWS * ROWS;
    for r in (0..whole).step_by(ROWS) {
        let rows = &rows[r * dim..(r + ROWS) * dim];
        let sums = if Q < 4 { tile::<Q, STEPS>(query, rows, dim) } else { wide_tile(query, rows, dim) };
        for q in 0..Q {
            let totals = _mm_sub_epi32(totals(sums[q]), _mm_set1_epi32(shift[q]));
            let out = &mut out[q * count + r..q * count + r + ROWS];
            // SAFETY: the slice holds ROWS = 4 numbers.
            unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), totals) };
        }
    }
    for r in whole..count {
        for q in 0..Q {
            out[q * count + r] = dot(&rows[r * dim..(r + 1) * dim], query[q]);
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2")]
pub(super) fn l2sq(a: &[i8], b: &[i8]) -> i32 {
    debug_assert_eq!(a.len(), b.len());
    const HALF: usize = WIDTH / 2;
    let mut sum = _mm512_setzero_si512();
    for at in (0..a.len()).step_by(HALF) {
        let count = a.len() - at;
        let mask = if count >= HALF { u32::MAX } else { (1 << count) - 1 };
        // SAFETY: `count` bytes are left in both; masked bytes are not read.
        let (x, y) = unsafe {
            (_mm256_maskz_loadu_epi8(mask, a.as_ptr().add(at)), _mm256_maskz_loadu_epi8(mask, b.as_ptr().add(at)))
        };
        let difference = _mm512_sub_epi16(_mm512_cvtepi8_epi16(x), _mm512_cvtepi8_epi16(y));
        sum = _mm512_add_epi32(sum, _mm512_madd_epi16(difference, difference));
    }
    _mm512_reduce_add_epi32(sum)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2")]
pub(super) fn l2sq_rows(query: &[i8], rows: &[i8], out: &mut [i32]) {
    let dim = query.len();
    for (r, value) in out.iter_mut().enumerate() {
        *value = l2sq(query, &rows[r * dim..(r + 1) * dim]);
    }
}

//! int8 kernels for AVX2: bytes are widened to 16 bits, multiplied and added in pairs.
//!
//! `vpmaddubsw` would skip the widening, but it saturates at -128 x -128 and would give wrong sums without a word.

use core::arch::x86_64::*;

/// Bytes widened into one register.
const WIDTH: usize = 16;
/// Rows that share the widened queries.
const ROWS: usize = 4;

/// # Safety
/// 16 bytes are readable at `from`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load(from: *const i8) -> __m256i {
    // SAFETY: the caller's promise.
    _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(from.cast()) })
}

#[inline]
#[target_feature(enable = "avx2")]
fn tail(from: &[i8]) -> __m256i {
    let mut padded = [0_i8; WIDTH];
    padded[..from.len()].copy_from_slice(from);
    // SAFETY: the array holds 16 bytes.
    unsafe { load(padded.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_dot(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_l2(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
    let difference = _mm256_sub_epi16(a, b);
    _mm256_add_epi32(sum, _mm256_madd_epi16(difference, difference))
}

#[inline]
#[target_feature(enable = "avx2")]
fn total(sum: __m256i) -> i32 {
    let sum = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
    let sum = _mm_add_epi32(sum, _mm_shuffle_epi32::<0b01_00_11_10>(sum));
    _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32::<0b10_11_00_01>(sum)))
}

macro_rules! tile {
    ($tile:ident, $add:ident) => {
        /// The values of `R` rows: `rows.len() == R * query.len()`.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn $tile<const R: usize>(query: &[i8], rows: &[i8]) -> [i32; R] {
            let dim = query.len();
            debug_assert_eq!(rows.len(), R * dim);
            let mut sums = [[_mm256_setzero_si256(); 2]; R];
            let mut at = 0;
            while at + 2 * WIDTH <= dim {
                for s in 0..2 {
                    let from = at + s * WIDTH;
                    // SAFETY: `from + WIDTH <= dim`, the length of the query and of each row.
                    let a = unsafe { load(query.as_ptr().add(from)) };
                    for r in 0..R {
                        // SAFETY: as above.
                        let b = unsafe { load(rows.as_ptr().add(r * dim + from)) };
                        sums[r][s] = $add(sums[r][s], a, b);
                    }
                }
                at += 2 * WIDTH;
            }
            while at < dim {
                let end = dim.min(at + WIDTH);
                let a = tail(&query[at..end]);
                for r in 0..R {
                    sums[r][0] = $add(sums[r][0], a, tail(&rows[r * dim + at..r * dim + end]));
                }
                at = end;
            }
            let mut values = [0; R];
            for r in 0..R {
                values[r] = total(_mm256_add_epi32(sums[r][0], sums[r][1]));
            }
            values
        }
    };
}

tile!(dot_tile, add_dot);
tile!(l2_tile, add_l2);

#[target_feature(enable = "avx2")]
pub(super) fn dot(a: &[i8], b: &[i8]) -> i32 {
    dot_tile::<1>(a, b)[0]
}

#[target_feature(enable = "avx2")]
pub(super) fn l2sq(a: &[i8], b: &[i8]) -> i32 {
    l2_tile::<1>(a, b)[0]
}

#[target_feature(enable = "avx2")]
pub(super) fn l2sq_rows(query: &[i8], rows: &[i8], out: &mut [i32]) {
    let dim = query.len();
    for (r, value) in out.iter_mut().enumerate() {
        *value = l2sq(query, &rows[r * dim..(r + 1) * dim]);
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn dot_block(queries: &[i8], rows: &[i8], dim: usize, out: &mut [i32]) {
    let count = rows.len() / dim;
    let whole = count / ROWS * ROWS;
    // Rows outside, queries inside: four rows stay in the nearest cache while every query passes over them.
    for r in (0..count).step_by(ROWS) {
        for (q, query) in queries.chunks_exact(dim).enumerate() {
            if r < whole {
                let values = dot_tile::<ROWS>(query, &rows[r * dim..(r + ROWS) * dim]);
                out[q * count + r..q * count + r + ROWS].copy_from_slice(&values);
            } else {
                (r..count).for_each(|r| out[q * count + r] = dot(query, &rows[r * dim..(r + 1) * dim]));
            }
        }
    }
}

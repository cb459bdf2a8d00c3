//! int8 dot products for ARM processors with `sdot` (ARMv8.2 and later: Graviton 2, Apple M1, Cortex-A76).

use super::int8::{WIDTH, load, tail};
use core::arch::aarch64::*;
use core::arch::asm;

/// Rows that share the loads of the query.
const ROWS: usize = 4;

#[inline]
#[target_feature(enable = "neon,dotprod")]
fn add(sum: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    let mut sum = sum;
    // The intrinsic isn't stable in every compiler we support; the instruction is.
    // SAFETY: reads and writes the named registers only; the feature is enabled on this function.
    unsafe {
        asm!("sdot {sum:v}.4s, {a:v}.16b, {b:v}.16b", sum = inout(vreg) sum, a = in(vreg) a, b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags));
    }
    sum
}

/// The products of `R` rows: `rows.len() == R * query.len()`.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn tile<const R: usize>(query: &[i8], rows: &[i8]) -> [i32; R] {
    let dim = query.len();
    debug_assert_eq!(rows.len(), R * dim);
    let mut sums = [vdupq_n_s32(0); R];
    let mut at = 0;
    while at + WIDTH <= dim {
        // SAFETY: `at + WIDTH <= dim`, the length of the query and of each row.
        let a = unsafe { load(query.as_ptr().add(at)) };
        for r in 0..R {
            // SAFETY: as above.
            let b = unsafe { load(rows.as_ptr().add(r * dim + at)) };
            sums[r] = add(sums[r], a, b);
        }
        at += WIDTH;
    }
    if at < dim {
        let a = tail(&query[at..]);
        for r in 0..R {
            sums[r] = add(sums[r], a, tail(&rows[r * dim + at..(r + 1) * dim]));
        }
    }
    let mut values = [0; R];
    for r in 0..R {
        values[r] = vaddvq_s32(sums[r]);
    }
    values
}

#[target_feature(enable = "neon,dotprod")]
pub(super) fn dot(a: &[i8], b: &[i8]) -> i32 {
    tile::<1>(a, b)[0]
}

#[target_feature(enable = "neon,dotprod")]
pub(super) fn dot_block(queries: &[i8], rows: &[i8], dim: usize, out: &mut [i32]) {
    let count = rows.len() / dim;
    let whole = count / ROWS * ROWS;
    for r in (0..count).step_by(ROWS) {
        for (q, query) in queries.chunks_exact(dim).enumerate() {
            if r < whole {
                let values = tile::<ROWS>(query, &rows[r * dim..(r + ROWS) * dim]);
                out[q * count + r..q * count + r + ROWS].copy_from_slice(&values);
            } else {
                (r..count).for_each(|r| out[q * count + r] = dot(query, &rows[r * dim..(r + 1) * dim]));
            }
        }
    }
}

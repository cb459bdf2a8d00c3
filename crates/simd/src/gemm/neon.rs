//! The product with NEON: widening 8-bit multiplies, two of which fit a 16-bit lane, then pairwise sums into 32 bits.

use super::kernel::{Place, Tile};
use super::{GROUP, PANEL, scalar};
use std::arch::aarch64::{
    int32x4_t, vaddq_s32, vcombine_s8, vdup_n_s8, vdup_n_s32, vdupq_n_s32, veor_s8, vget_high_s8, vget_low_s8,
    vld1q_s8, vmull_s8, vpaddlq_s16, vpaddq_s32, vreinterpret_s8_s32, vst1q_s32,
};

/// Channels that one 16-byte load covers.
const QUAD: usize = 4;
/// Rows a tile.
const ROWS: usize = 2;

/// All rows × one panel.
#[target_feature(enable = "neon")]
pub(crate) fn panel(tile: &Tile<'_>, place: &mut Place<'_>) {
    let rows = tile.scales.len();
    let mut row = 0;
    while row + ROWS <= rows {
        block::<ROWS>(tile, row, place);
        row += ROWS;
    }
    if row < rows {
        block::<1>(tile, row, place);
    }
}

/// `R` rows from `first` on.
#[target_feature(enable = "neon")]
fn block<const R: usize>(tile: &Tile<'_>, first: usize, place: &mut Place<'_>) {
    let mut sums = [[0_i32; PANEL]; R];
    for quad in 0..PANEL / QUAD {
        let acc = quad_sums::<R>(tile, first, quad);
        for (sums, acc) in sums.iter_mut().zip(acc) {
            // SAFETY: `quad` is below 16, so 4 sums from there on are within the 64.
            unsafe { vst1q_s32(sums.as_mut_ptr().add(quad * QUAD), acc) };
        }
    }
    for (r, sums) in sums.iter_mut().enumerate() {
        // The kernel multiplied by `a − 128`; the scalar end expects products with `a`.
        for (sum, weights) in sums.iter_mut().zip(tile.sums) {
            *sum += 128 * weights;
        }
        scalar::finish(tile, first + r, sums, place.row(first + r));
    }
}

/// The sums of 4 channels.
#[target_feature(enable = "neon")]
#[inline]
fn quad_sums<const R: usize>(tile: &Tile<'_>, first: usize, quad: usize) -> [int32x4_t; R] {
    assert!(tile.groups * GROUP <= tile.stride && (first + R) * tile.stride <= tile.rows.len());
    assert!(tile.panel.len() == tile.groups * PANEL * GROUP);
    let mut acc = [[vdupq_n_s32(0); 2]; R];
    for group in 0..tile.groups {
        let at = (group * PANEL + quad * QUAD) * GROUP;
        // SAFETY: `quad` ends within the 256 bytes of a group, and the panel holds `groups` of them (asserted).
        let w = unsafe { vld1q_s8(tile.panel.as_ptr().add(at)) };
        for (r, acc) in acc.iter_mut().enumerate() {
            let from = (first + r) * tile.stride + group * GROUP;
            // SAFETY: row `first + r` has `groups` × 4 bytes (asserted).
            let bytes = unsafe { tile.rows.as_ptr().add(from).cast::<i32>().read_unaligned() };
            // Flipping the top bit turns u8 into `value − 128` as i8.
            let a = veor_s8(vreinterpret_s8_s32(vdup_n_s32(bytes)), vdup_n_s8(-128));
            let a = vcombine_s8(a, a);
            // Channels 0 and 1, then 2 and 3: a product is at most 128 × 128, so 16 bits hold it.
            acc[0] = vaddq_s32(acc[0], vpaddlq_s16(vmull_s8(vget_low_s8(w), vget_low_s8(a))));
            acc[1] = vaddq_s32(acc[1], vpaddlq_s16(vmull_s8(vget_high_s8(w), vget_high_s8(a))));
        }
    }
    acc.map(|[low, high]| vpaddq_s32(low, high))
}

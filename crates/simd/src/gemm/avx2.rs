//! The product with AVX2: bytes widened to 16 bits, so that no sum of products can saturate.

use super::kernel::{Place, Tile};
use super::{GROUP, PANEL, scalar};
use std::arch::x86_64::{
    __m256i, _mm_cvtepu8_epi16, _mm_cvtsi32_si128, _mm_loadu_si128, _mm256_add_epi32, _mm256_broadcastq_epi64,
    _mm256_cvtepi8_epi16, _mm256_hadd_epi32, _mm256_madd_epi16, _mm256_permute4x64_epi64, _mm256_setzero_si256,
    _mm256_storeu_si256,
};

/// Channels that one widened load covers.
const QUAD: usize = 4;
/// Such loads in flight: 4 × 2 rows are 8 sums, 4 weights and 2 activations in 16 registers.
const LOADS: usize = 4;
/// Rows a tile.
const ROWS: usize = 2;
/// Channels a tile.
const STRIP: usize = QUAD * LOADS;

/// All rows × one panel.
#[target_feature(enable = "avx2,fma")]
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
#[target_feature(enable = "avx2,fma")]
fn block<const R: usize>(tile: &Tile<'_>, first: usize, place: &mut Place<'_>) {
    let mut sums = [[0_i32; PANEL]; R];
    for strip in 0..PANEL / STRIP {
        let acc = strip_sums::<R>(tile, first, strip);
        for (sums, acc) in sums.iter_mut().zip(&acc) {
            store(acc, &mut sums[strip * STRIP..(strip + 1) * STRIP]);
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        scalar::finish(tile, first + r, sums, place.row(first + r));
    }
}

/// The sums of 16 channels; each channel's are in two neighbouring lanes, to be added at the end.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn strip_sums<const R: usize>(tile: &Tile<'_>, first: usize, strip: usize) -> [[__m256i; LOADS]; R] {
    assert!(tile.groups * GROUP <= tile.stride && (first + R) * tile.stride <= tile.rows.len());
    assert!(tile.panel.len() == tile.groups * PANEL * GROUP);
    let mut acc = [[_mm256_setzero_si256(); LOADS]; R];
    for group in 0..tile.groups {
        let at = (group * PANEL + strip * STRIP) * GROUP;
        let mut w = [_mm256_setzero_si256(); LOADS];
        for (l, w) in w.iter_mut().enumerate() {
            // SAFETY: `strip` ends within the 256 bytes of a group, and the panel holds `groups` of them (asserted).
            *w = unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(tile.panel.as_ptr().add(at + l * 16).cast())) };
        }
        for (r, acc) in acc.iter_mut().enumerate() {
            let from = (first + r) * tile.stride + group * GROUP;
            // SAFETY: row `first + r` has `groups` × 4 bytes (asserted).
            let bytes = unsafe { tile.rows.as_ptr().add(from).cast::<i32>().read_unaligned() };
            let a = _mm256_broadcastq_epi64(_mm_cvtepu8_epi16(_mm_cvtsi32_si128(bytes)));
            for l in 0..LOADS {
                acc[l] = _mm256_add_epi32(acc[l], _mm256_madd_epi16(a, w[l]));
            }
        }
    }
    acc
}

/// Adds neighbouring lanes and stores 16 sums in the channels' order.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn store(acc: &[__m256i; LOADS], out: &mut [i32]) {
    assert!(out.len() == STRIP);
    for pair in 0..LOADS / 2 {
        // Within 128-bit halves `hadd` gives channels 0 1 | 4 5 | 2 3 | 6 7; swapping the middle quarters sorts them.
        let both = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(acc[2 * pair], acc[2 * pair + 1]));
        // SAFETY: 8 sums each, 16 in all (asserted).
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().add(pair * 8).cast(), both) };
    }
}

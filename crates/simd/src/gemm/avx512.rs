//! The product with AVX-512 VNNI.

use super::kernel::{Place, Tile};
use super::{GROUP, PANEL};
use std::arch::x86_64::{
    _mm512_add_ps, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mask_storeu_ps, _mm512_mul_ps, _mm512_mullo_epi32, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512,
    _mm512_storeu_ps, _mm512_sub_epi32,
};

/// Vectors of 16 sums a panel.
const VECTORS: usize = PANEL / 16;

/// Rows a tile: 6 × 4 sums, 4 weights and 1 activation are 29 of 32 registers, and 10 loads feed 24 multiply-adds.
const ROWS: usize = 6;

/// All rows × one panel.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(crate) fn panel(tile: &Tile<'_>, place: &mut Place<'_>) {
    let rows = tile.scales.len();
    let mut row = 0;
    while row + ROWS <= rows {
        block::<ROWS>(tile, row, place);
        row += ROWS;
    }
    match rows - row {
        5 => block::<5>(tile, row, place),
        4 => block::<4>(tile, row, place),
        3 => block::<3>(tile, row, place),
        2 => block::<2>(tile, row, place),
        1 => block::<1>(tile, row, place),
        _ => {}
    }
}

/// `R` rows from `first` on.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn block<const R: usize>(tile: &Tile<'_>, first: usize, place: &mut Place<'_>) {
    assert!(tile.groups * GROUP <= tile.stride && (first + R) * tile.stride <= tile.rows.len());
    assert!(tile.panel.len() == tile.groups * PANEL * GROUP);
    let mut acc = [[_mm512_setzero_si512(); VECTORS]; R];
    let mut weights = tile.panel.as_ptr();
    let mut inputs = tile.rows[first * tile.stride..].as_ptr();
    for _ in 0..tile.groups {
        // Loops, not `array::from_fn`: that isn't compiled for these instructions, so that its closure would become a call.
        let mut w = [_mm512_setzero_si512(); VECTORS];
        for (v, w) in w.iter_mut().enumerate() {
            // SAFETY: a panel holds `groups` × 256 bytes, and each step reads and then passes 256 of them.
            *w = unsafe { _mm512_loadu_si512(weights.add(v * 64).cast()) };
        }
        for (r, acc) in acc.iter_mut().enumerate() {
            // SAFETY: row `first + r` has `groups` × 4 bytes (asserted above), and `inputs` has passed fewer than that.
            let a = unsafe { _mm512_set1_epi32(inputs.add(r * tile.stride).cast::<i32>().read_unaligned()) };
            for v in 0..VECTORS {
                acc[v] = _mm512_dpbusd_epi32(acc[v], a, w[v]);
            }
        }
        // SAFETY: at most one past the end, after the last step.
        unsafe {
            weights = weights.add(PANEL * GROUP);
            inputs = inputs.add(GROUP);
        }
    }
    // The ends stay in this function and index by constants once unrolled: anything else would put all sums on the stack.
    assert!(tile.sums.len() == PANEL && tile.channel_scale.len() == PANEL && tile.channel_bias.len() == PANEL);
    assert!(first + R <= tile.zeros.len() && first + R <= tile.scales.len());
    let out = place.rows_mut(first, R).as_mut_ptr();
    macro_rules! ends {
        ($($v:literal),*) => { $({
            const V: usize = $v;
            let mask = u16::try_from((1_u32 << place.width.saturating_sub(V * 16).min(16)) - 1).unwrap_or(u16::MAX);
            // SAFETY: each slice holds 64 values (asserted).
            let (sums, scales, bias) = unsafe {
                (
                    _mm512_loadu_si512(tile.sums.as_ptr().add(V * 16).cast()),
                    _mm512_loadu_ps(tile.channel_scale.as_ptr().add(V * 16)),
                    _mm512_loadu_ps(tile.channel_bias.as_ptr().add(V * 16)),
                )
            };
            for (r, acc) in acc.iter().enumerate() {
                // SAFETY: there are `first + R` rows (asserted).
                let (zero, scale) = unsafe { (*tile.zeros.as_ptr().add(first + r), *tile.scales.as_ptr().add(first + r)) };
                let exact = _mm512_sub_epi32(acc[V], _mm512_mullo_epi32(_mm512_set1_epi32(zero), sums));
                let scale = _mm512_mul_ps(_mm512_set1_ps(scale), scales);
                let result = _mm512_fmadd_ps(_mm512_cvtepi32_ps(exact), scale, bias);
                // SAFETY: `out` begins `R` rows, `pitch` apart, each good for `width` values; the mask keeps the store within them.
                unsafe { _mm512_mask_storeu_ps(out.wrapping_add(r * place.pitch + V * 16), mask, result) };
            }
        })* };
    }
    ends!(0, 1, 2, 3);
}

/// As many multiply-adds as the registers allow, without a single load: what the machine can do at best. Gives the operations done.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(crate) fn spin(steps: u64) -> (u64, i32) {
    const CHAINS: usize = 24;
    let mut acc = [_mm512_setzero_si512(); CHAINS];
    let (a, w) = (_mm512_set1_epi32(0x0101_0101), _mm512_set1_epi32(std::hint::black_box(0x0102_0304)));
    for _ in 0..steps {
        for acc in &mut acc {
            *acc = _mm512_dpbusd_epi32(*acc, a, w);
        }
    }
    let sum = acc.iter().fold(_mm512_setzero_si512(), |sum, &acc| _mm512_sub_epi32(sum, acc));
    let witness = _mm512_add_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(0.0));
    let mut values = [0.0_f32; 16];
    // SAFETY: 16 floats are 64 bytes.
    unsafe { _mm512_storeu_ps(values.as_mut_ptr(), witness) };
    #[expect(clippy::cast_possible_truncation, reason = "only there so that the loop can't be removed")]
    (steps * CHAINS as u64 * 64 * 2, values[0] as i32)
}

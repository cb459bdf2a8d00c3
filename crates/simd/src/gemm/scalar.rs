//! The product in plain loops: the fallback and the oracle.

use super::kernel::{Place, Tile};
use super::{GROUP, PANEL};

/// All rows × one panel.
pub(crate) fn panel(tile: &Tile<'_>, place: &mut Place<'_>) {
    for (row, bytes) in tile.rows.chunks_exact(tile.stride).enumerate() {
        let mut acc = [0_i32; PANEL];
        for (group, weights) in bytes.chunks_exact(GROUP).zip(tile.panel.chunks_exact(PANEL * GROUP)) {
            for (sum, weights) in acc.iter_mut().zip(weights.chunks_exact(GROUP)) {
                *sum += weights.iter().zip(group).map(|(&w, &a)| i32::from(w) * i32::from(a)).sum::<i32>();
            }
        }
        finish(tile, row, &acc, place.row(row));
    }
}

/// Turns a row's sums into results.
#[expect(clippy::cast_precision_loss, reason = "sums stay below 2^26, results carry 24 bits anyway")]
pub(crate) fn finish(tile: &Tile<'_>, row: usize, acc: &[i32; PANEL], out: &mut [f32]) {
    let (scale, zero) = (tile.scales[row], tile.zeros[row]);
    for (channel, out) in out.iter_mut().enumerate() {
        let exact = acc[channel] - zero * tile.sums[channel];
        *out = exact as f32 * (scale * tile.channel_scale[channel]) + tile.channel_bias[channel];
    }
}

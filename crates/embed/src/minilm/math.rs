//! The float work between the matrix products.

use super::EPSILON;

/// `x = norm(x + y) × gain + bias`, row by row.
pub(super) fn add_and_norm(x: &mut [f32], y: &[f32], gain: &[f32], bias: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
    norm(x, gain, bias);
}

/// Layer normalisation of each row.
pub(super) fn norm(x: &mut [f32], gain: &[f32], bias: &[f32]) {
    let width = gain.len();
    for row in x.chunks_exact_mut(width) {
        let mean = row.iter().sum::<f32>() / width as f32;
        let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / width as f32;
        let factor = 1.0 / (variance + EPSILON).sqrt();
        row.iter_mut().zip(gain.iter().zip(bias)).for_each(|(v, (g, b))| *v = (*v - mean) * factor * g + b);
    }
}

/// `x Φ(x)` of each value.
pub(super) fn gelu(x: &mut [f32]) {
    x.iter_mut().for_each(|v| *v = super::reference::gelu(*v));
}

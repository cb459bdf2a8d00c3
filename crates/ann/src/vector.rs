//! Checks and normalises what callers send.

use crate::Error;
use canopy_core::MetricKind;

/// Largest norm for dot and l2: products and squared distances of such vectors stay below 4e36, within `f32`.
pub(crate) const MAX_NORM: f64 = 1e18;
/// Sums kept apart, so that the compiler may use vectors.
const LANES: usize = 8;

/// The Euclidean norm in `f64`, which no finite `f32` vector can overflow; NaN or infinite when a value is.
pub(crate) fn norm(x: &[f32]) -> f64 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut squares = [0.0_f64; LANES];
    for chunk in chunks {
        (0..LANES).for_each(|lane| squares[lane] += f64::from(chunk[lane]) * f64::from(chunk[lane]));
    }
    rest.iter().zip(&mut squares).for_each(|(&value, square)| *square += f64::from(value) * f64::from(value));
    squares.iter().sum::<f64>().sqrt()
}

/// Checks the vector that stands in place `row` of the call; returns its norm.
pub(crate) fn check(x: &[f32], row: usize, dim: usize, metric: MetricKind) -> Result<f64, Error> {
    if x.len() != dim {
        return Err(Error::Dimension { expected: dim, received: x.len() });
    }
    let norm = norm(x);
    if !norm.is_finite() {
        let column = x.iter().position(|value| !value.is_finite()).unwrap_or(0);
        return Err(Error::NotFinite { row, column });
    }
    match metric {
        MetricKind::Cosine if norm == 0.0 => Err(Error::Zero { row }),
        MetricKind::Dot | MetricKind::L2 if norm > MAX_NORM => Err(Error::Norm { row, norm, max: MAX_NORM }),
        _ => Ok(norm),
    }
}

/// Writes the vector as the index compares it: of norm 1 for cosine, unchanged otherwise.
pub(crate) fn store(x: &[f32], norm: f64, metric: MetricKind, out: &mut [f32]) {
    match metric {
        MetricKind::Cosine => {
            let inverse = norm.recip();
            out.iter_mut().zip(x).for_each(|(out, &value)| *out = (f64::from(value) * inverse) as f32);
        }
        MetricKind::Dot | MetricKind::L2 => out.copy_from_slice(x),
    }
}

//! The interval in which a score must lie, from the codes alone. `DESIGN.md` has the proof.
//!
//! Scores are compared as "halves": the inner product itself, or `q.x - |x|^2 / 2` for l2, from which the score follows
//! as `2 * half - |q|^2`. Both rise with the score.

use super::chunk::Chunk;
use super::filter::BLOCK;
use super::query::Query;
use canopy_core::MetricKind;

/// The half is within `residual * loss + (norm * (linear + norm * square)) + constant` of its estimate.
pub(super) struct Bound {
    step: f32,
    /// Times the vector's residual.
    loss: f32,
    /// Times the vector's norm.
    linear: f32,
    /// Times the square of the vector's norm.
    square: f32,
    constant: f32,
    /// Turns a half into a score: `slope * half - offset`.
    slope: f64,
    offset: f64,
}

/// Intervals of a block's scores.
pub(super) struct Interval {
    pub(super) lower: [f32; BLOCK],
    pub(super) upper: [f32; BLOCK],
}

impl Interval {
    pub(super) const EMPTY: Self = Self { lower: [0.0; BLOCK], upper: [0.0; BLOCK] };
}

impl Bound {
    pub(super) fn new(query: &Query, metric: MetricKind) -> Self {
        let dim = query.values.len() as f64;
        // Twice the rounding of a sum of `dim + 64` products: once for the score in f32, and room for the few roundings here.
        let slack = (dim + 64.0) * 2.0_f64.powi(-23);
        // What products lose below the smallest normal number, also where a processor flushes them to zero.
        let tiny = (dim + 64.0) * f64::from(f32::MIN_POSITIVE);
        let (norm, residual) = (query.norm, query.residual);
        let l2 = metric == MetricKind::L2;
        let squares = if l2 { slack } else { 0.0 };
        Self {
            step: query.step,
            loss: up((norm + residual) * (1.0 + 1e-5)),
            linear: up(residual * (1.0 + 1e-5) + slack * norm + 2.0 * squares * norm),
            square: up(squares),
            constant: up(squares * norm * norm + tiny),
            slope: if l2 { 2.0 } else { 1.0 },
            offset: if l2 { norm * norm } else { 0.0 },
        }
    }

    /// The intervals of the vectors from `start` on, whose products with the planes of the query are given.
    pub(super) fn intervals(&self, chunk: &Chunk, start: usize, high: &[i32], low: &[i32], out: &mut Interval) {
        let count = high.len();
        let (scale, residual) = (&chunk.scale[start..start + count], &chunk.residual[start..start + count]);
        let (norm, bias) = (&chunk.norm[start..start + count], &chunk.bias[start..start + count]);
        let (lower, upper) = (&mut out.lower[..count], &mut out.upper[..count]);
        let low = &low[..count];
        for i in 0..count {
            let product = 256.0 * high[i] as f32 + low[i] as f32;
            let half = product * scale[i] * self.step + bias[i];
            let error = residual[i] * self.loss + norm[i] * (self.linear + norm[i] * self.square) + self.constant;
            lower[i] = half - error;
            upper[i] = half + error;
        }
    }

    /// The score that belongs to a half.
    pub(super) fn score(&self, half: f32) -> f64 {
        self.slope * f64::from(half) - self.offset
    }
}

/// An `f32` not below `value`.
fn up(value: f64) -> f32 {
    (value as f32).next_up()
}

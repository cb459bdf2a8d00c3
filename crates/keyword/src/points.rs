//! Scores as whole numbers while they are added up.
//!
//! A sum of floats depends on the order of its addends, and pruning adds terms in another order in every window: equal
//! documents would end up an ulp apart and swap places. Whole points don't care about order. At most 2^24 of them are
//! given to a document, so each sum is exact as an `f32` too.

use crate::bm25::Saturation;

const LIMIT: f64 = (1 << 24) as f64;

/// Converts weights and sums for one query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Points {
    saturation: Saturation,
    /// Points in one unit of score; a power of two, so that the way back is exact.
    scale: f32,
}

impl Points {
    /// For a query of `terms` terms whose score is `max_score` at most.
    pub(crate) fn new(saturation: Saturation, max_score: f32, terms: usize) -> Self {
        // Each term may be rounded up by a point, and bounds are raised by one more.
        let room = LIMIT * 0.999 - 2.0 * terms as f64;
        let exponent = (room / f64::from(max_score).max(1e-6)).log2().floor();
        Self { saturation, scale: exponent.exp2() as f32 }
    }

    /// A weight in points.
    pub(crate) fn scaled(&self, weight: f32) -> f32 {
        weight * self.scale
    }

    /// What a posting gives: at least one point, so that a sum of 0 means "not found".
    #[inline(always)]
    pub(crate) fn of(&self, scaled_weight: f32, tf: u8, length: u32) -> u32 {
        let points = (scaled_weight * self.saturation.of(tf, length) + 0.5) as i32;
        points.max(1) as u32
    }

    /// No posting whose worth is `bound` or less gives more points than this.
    #[inline]
    pub(crate) fn at_most(&self, bound: f32) -> u32 {
        // One part in a million covers the rounding of the factors, one point that of the sum.
        (bound * self.scale * 1.000_001) as u32 + 1
    }

    /// The score that these points are.
    pub(crate) fn score(&self, points: u32) -> f32 {
        points as f32 / self.scale
    }
}

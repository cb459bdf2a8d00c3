//! Where the vectors of a build come from.

use crate::vector;
use canopy_core::{MetricKind, Rows};

/// Vectors as an index compares them, of norm 1 under cosine; read by many threads at once.
///
/// A build reads each vector once, and a few thousand of them twice.
pub trait Vectors: Sync {
    /// Number of vectors.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Values a vector.
    fn dim(&self) -> usize;
    /// Writes vector `i` to `out`, which has as many values.
    fn read(&self, i: usize, out: &mut [f32]);
}

/// Checked rows with their norms.
pub(super) struct Checked<'a> {
    pub(super) rows: Rows<'a, f32>,
    pub(super) norms: &'a [f64],
    pub(super) metric: MetricKind,
}

impl Vectors for Checked<'_> {
    fn len(&self) -> usize {
        self.rows.len()
    }
    fn dim(&self) -> usize {
        self.rows.dim()
    }
    fn read(&self, i: usize, out: &mut [f32]) {
        vector::store(self.rows.row(i), self.norms[i], self.metric, out);
    }
}

//! What training will take, before it starts. Operations a second are of one core of an AMD EPYC (family 25, AVX-512), 2026-11-21.

use super::TrainOptions;
use crate::error::Error;
use canopy_core::Estimate;

/// Multiplications and additions of a coordinate of a pair, both ways and the step.
const A_COORDINATE: u64 = 40;
/// Of the square roots, logarithms and draws of a pair, whatever its width.
const A_PAIR: u64 = 300;
/// Of them a second, on one thread.
const DESCENT: f64 = 1e9;
/// Distances of all pairs measured and sorted, a second and core.
const RANKED: f64 = 10e6;

impl TrainOptions {
    /// What [`crate::train`] with this many nodes and pairs will take, and [`crate::evaluate`] too where `measure` says so.
    ///
    /// # Errors
    /// [`Error::Training`], [`Error::Curvature`], [`Error::Empty`] without pairs.
    pub fn estimate(&self, nodes: u32, pairs: u64, measure: bool) -> Result<Estimate, Error> {
        self.check()?;
        if pairs == 0 {
            return Err(Error::Empty);
        }
        let (n, dim) = (u64::from(nodes), self.dim as u64);
        let passes = u64::from(self.burn_in) + u64::from(self.epochs);
        let drawn = passes.saturating_mul(pairs).saturating_mul(self.negatives as u64 + 1);
        let work = drawn.saturating_mul(A_COORDINATE * dim + A_PAIR);
        // Points; the pairs, their order and the relations both ways, while these are sorted.
        let mut estimate =
            Estimate::new((n * 8 * (dim + 1)).saturating_add(pairs.saturating_mul(8 + 4 + 16 + 8)), work, DESCENT, 1);
        if measure {
            let threads = rayon::current_num_threads();
            estimate.bytes = estimate.bytes.saturating_add(threads as u64 * n * 12);
            estimate.operations = estimate.operations.saturating_add(n.saturating_mul(n));
            estimate.seconds += n as f64 * n as f64 / RANKED / threads as f64;
        }
        Ok(estimate)
    }
}

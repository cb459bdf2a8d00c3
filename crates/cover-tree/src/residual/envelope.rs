//! The audited envelope: how far from a point correlations of a given strength have been seen.

use super::kernel::Kernel;
use serde::{Deserialize, Serialize};

/// Steps in which correlations from 0 to 1 are told apart.
pub(crate) const BINS: usize = 128;
/// Classes of queries by residual variance: where inducing points are dense, correlations end sooner.
const CLASSES: usize = 16;

/// For each class of queries and each strength of correlation, the largest distance at which such a one was seen.
///
/// A search stops where the envelope says that nothing farther reaches its k-th correlation. It is built from samples, so it
/// is evidence and no proof: searches audit it, and widen it where a miss is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Version of this layout.
    pub version: u32,
    /// The kernel under which it holds.
    pub kernel: Kernel,
    /// Digest of the kernel, the coordinates and the residual variances for which it holds.
    pub digest: String,
    /// What drew the samples.
    pub seed: u64,
    /// Upper ends of the classes, ascending, by residual variance; the last class has none.
    edges: Vec<f64>,
    /// For each class, squared distances (in units of the lengthscale) by strength.
    reach: Vec<Vec<f64>>,
    /// Pairs it was built from.
    pub pairs: u64,
    /// How often an audit widened it.
    pub widened: u32,
}

/// Version of the layout.
const VERSION: u32 = 1;
/// Distances are widened by this share when the envelope is built: samples never hold the farthest pair.
const MARGIN: f64 = 1.03;

impl Envelope {
    /// An envelope that has seen nothing yet; classes are quantiles of the residual variances of a sample.
    pub(crate) fn new(mut sample: Vec<f64>, kernel: &Kernel, digest: String, seed: u64) -> Self {
        sample.sort_unstable_by(f64::total_cmp);
        let edge = |class: usize| sample[class * sample.len() / CLASSES];
        let mut edges: Vec<f64> = if sample.is_empty() { Vec::new() } else { (1..CLASSES).map(edge).collect() };
        edges.dedup();
        let reach = vec![vec![0.0; BINS + 1]; edges.len() + 1];
        Self { version: VERSION, kernel: kernel.clone(), digest, seed, edges, reach, pairs: 0, widened: 0 }
    }

    /// Whether it was made for these data and this kernel, in a layout that can be read, and is whole.
    pub(crate) fn fits(&self, digest: &str) -> bool {
        let whole = self.reach.len() == self.edges.len() + 1 && self.reach.iter().all(|reach| reach.len() == BINS + 1);
        let same = (self.version, &self.digest[..]) == (VERSION, digest);
        whole && same
    }

    /// Edges and reaches one after the other, for [`Envelope::restored`].
    pub(crate) fn numbers(&self) -> Vec<f64> {
        self.edges.iter().chain(self.reach.iter().flatten()).copied().collect()
    }

    /// An envelope with the numbers that were saved; `None` where they aren't those of any.
    pub(crate) fn restored(self, numbers: &[f64]) -> Option<Self> {
        // One edge fewer than classes.
        let classes = (numbers.len() + 1) / (BINS + 2);
        let (edges, reach) = numbers.split_at_checked(classes.checked_sub(1)?)?;
        let whole = reach.len() == classes * (BINS + 1) && !numbers.iter().any(|number| number.is_nan());
        let reach = reach.chunks_exact(BINS + 1).map(<[f64]>::to_vec).collect();
        whole.then_some(Self { edges: edges.to_vec(), reach, ..self })
    }

    /// The envelope without its numbers.
    pub(crate) fn bare(&self) -> Self {
        Self { edges: Vec::new(), reach: Vec::new(), kernel: self.kernel.clone(), digest: self.digest.clone(), ..*self }
    }

    /// The class of a query of this residual variance.
    pub(crate) fn class(&self, p: f64) -> usize {
        self.edges.partition_point(|edge| *edge <= p)
    }

    /// Notes pairs: `seen` holds by strength the largest squared distance, for a class.
    pub(crate) fn note(&mut self, class: usize, seen: &Seen) {
        self.pairs += seen.pairs;
        for (reach, &square) in self.reach[class].iter_mut().zip(&seen.squares) {
            *reach = reach.max(square * MARGIN * MARGIN);
        }
    }

    /// Makes reaches shrink with strength, after everything was noted: a distance at which stronger ones were seen is one
    /// where weaker ones may be.
    pub(crate) fn settle(&mut self) {
        for reach in &mut self.reach {
            for bin in (0..BINS).rev() {
                reach[bin] = reach[bin].max(reach[bin + 1]);
            }
        }
    }

    /// The squared distance beyond which no correlation of at least this strength is expected.
    #[inline]
    pub(crate) fn limit(&self, class: usize, strength: f64) -> f64 {
        self.reach[class][bin(strength)]
    }

    /// The squared distance beyond which queries of a class have shown no correlation of at least this strength.
    pub fn probe(&self, class: usize, strength: f64) -> f64 {
        self.limit(class.min(self.reach.len() - 1), strength)
    }

    /// Makes room for a pair that was missed, in every class: what one class lacked the others may lack too.
    pub(crate) fn widen(&mut self, class: usize, strength: f64, square: f64) {
        let old = self.reach[class][bin(strength)];
        let factor = if old > 0.0 { (square / old).max(1.0) * MARGIN * MARGIN } else { MARGIN };
        for reach in &mut self.reach {
            reach.iter_mut().for_each(|reach| *reach *= factor);
        }
        for reach in &mut self.reach[class][..=bin(strength)] {
            *reach = reach.max(square * MARGIN * MARGIN);
        }
        self.widened += 1;
    }
}

#[inline]
fn bin(strength: f64) -> usize {
    ((strength * BINS as f64) as usize).min(BINS)
}

/// What was seen of one query.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    squares: Vec<f64>,
    pairs: u64,
}

impl Seen {
    pub(crate) fn new() -> Self {
        Self { squares: vec![0.0; BINS + 1], pairs: 0 }
    }

    /// Notes one pair; a NaN is no pair.
    #[inline]
    pub(crate) fn note(&mut self, strength: f64, square: f64) {
        let seen = &mut self.squares[bin(strength)];
        *seen = if square > *seen { square } else { *seen };
        self.pairs += 1;
    }
}

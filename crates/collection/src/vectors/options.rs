//! When a collection gets a graph.

use crate::error::Error;
use canopy_ann::plan;
use serde::Deserialize;

/// Below this a scan takes at most some 0.2 ms, hardly more than the rest of a search, and misses nothing.
const FEW: usize = 16_384;
/// Results that the choice is made for.
const USUAL_K: usize = 10;
/// A graph of fewer vectors can't choose its directions.
const FEWEST: usize = 64;

/// How collections search their vectors.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct IndexOptions {
    /// Fewer vectors than this, of the collection or of those that a filter leaves, are scanned exactly; more are searched by a graph. By default the planner decides.
    pub exact_below: Option<usize>,
    /// The share of the true results that searches by the graph should find; 1 scans always. Above 0, at most 1.
    pub recall: f64,
}

impl Default for IndexOptions {
    fn default() -> Self {
        Self { exact_below: None, recall: 0.99 }
    }
}

impl IndexOptions {
    /// # Errors
    /// `INDEX_OPTION`.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.recall > 0.0 && self.recall <= 1.0 {
            return Ok(());
        }
        let error = canopy_ann::Error::Option { name: "recall", received: self.recall, range: "0..=1, without 0" };
        Err(error.into())
    }

    /// The number of vectors from which on a collection has a graph.
    pub(crate) fn least(&self, dim: usize) -> usize {
        let Some(least) = plan::threshold(dim, USUAL_K, self.recall) else { return usize::MAX };
        self.exact_below.map_or(least.max(FEW), |chosen| chosen.max(FEWEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainty_needs_no_graph() {
        let least = |exact_below, recall| IndexOptions { exact_below, recall }.least(384);
        assert_eq!(least(Some(100), 1.0), usize::MAX);
        assert_eq!(least(Some(100), 0.9), 100);
        assert_eq!(least(Some(0), 0.9), FEWEST);
        assert!(least(None, 0.99) >= FEW && least(None, 0.99) < 100_000);
        assert!(IndexOptions { exact_below: None, recall: f64::NAN }.check().is_err());
        assert!(IndexOptions { exact_below: None, recall: 0.0 }.check().is_err());
    }
}

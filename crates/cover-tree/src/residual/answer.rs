//! What a search gives back besides neighbours.

use super::walk::GateCounts;
use crate::neighbours::Neighbours;
use serde::{Deserialize, Serialize};

/// Neighbours, and how sure they are.
#[derive(Debug, Clone, PartialEq)]
pub struct ResidualAnswer {
    /// Ids and distances `sqrt(1 - |ρ|)`.
    pub neighbours: Neighbours,
    /// How they were found.
    pub report: SearchReport,
}

/// How a search went.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchReport {
    /// Whether all pairs were looked at.
    pub exact: bool,
    /// What the gate did in the last round.
    pub gate: GateCounts,
    /// How often the envelope was widened and the search repeated.
    pub widened: u32,
    /// The audit, if there was one.
    pub audit: Option<Audit>,
}

/// Answers to a sample of the queries, held against all pairs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Audit {
    /// Queries in the sample.
    pub queries: u64,
    /// Their true neighbours.
    pub pairs: u64,
    /// How many of them weren't found.
    pub missed: u64,
    /// The share that was found.
    pub recall: f64,
    /// The recall is above this with a confidence of 95 % (Wilson's score interval, one side).
    pub recall_bound: f64,
}

impl Audit {
    pub(crate) fn new(queries: u64, pairs: u64, missed: u64) -> Self {
        let n = pairs.max(1) as f64;
        let recall = 1.0 - missed as f64 / n;
        // The 95 % quantile of the normal distribution.
        let z = 1.644_853_6_f64;
        let spread = z * (recall * (1.0 - recall) / n + z * z / (4.0 * n * n)).sqrt();
        let recall_bound = ((recall + z * z / (2.0 * n) - spread) / (1.0 + z * z / n)).max(0.0);
        Self { queries, pairs, missed, recall, recall_bound }
    }
}

//! What an index will cost, and which one to take.

use crate::graph::BuildOptions;
use canopy_core::MetricKind;
use serde::{Deserialize, Serialize};

/// Values of codes that most data need; see `graph::GraphIndex::walk_dim`.
const USUAL_WALK_DIM: usize = 184;
/// Bytes a line of codes or a record in memory.
const LINE: usize = 64;
/// Microseconds of one core for the links of one vector, and what each line of its codes and each vector's value adds. Measured on an EPYC with AVX-512 VNNI for 60,000 to
/// 1,000,000 vectors; other machines take up to four times as long.
const MICROS: f64 = 30.0;
const MICROS_LINE: f64 = 12.0;
const MICROS_VALUE: f64 = 0.02;
/// Nanoseconds in which the exact scan reads one byte of codes on one core.
const SCAN_BYTE_NS: f64 = 0.06;
/// Microseconds of a walk, and what each visited node costs.
const WALK_US: f64 = 6.0;
const VISIT_US: f64 = 0.7;
/// An approximate answer must be so many times faster to be taken instead of an exact one.
const WORTH: f64 = 2.0;

/// What building an index will take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// Bytes of the index when it is built, exact vectors included.
    pub bytes: u64,
    /// Of these, bytes beside the exact vectors.
    pub graph_bytes: u64,
    /// Most bytes in use during the build, beside the caller's own vectors.
    pub build_bytes: u64,
    /// Seconds on `threads` cores of the machine the figures were measured on.
    pub build_seconds: f64,
    /// Cores the estimate is for.
    pub threads: usize,
}

/// Estimates a [`crate::graph::GraphIndex`] of `count` vectors before it is built, from its options alone: bytes within about a tenth, seconds within a factor of
/// two on the measured machine. `half` says whether vectors will be kept in two bytes a value.
pub fn estimate(count: usize, dim: usize, metric: MetricKind, options: &BuildOptions, half: bool) -> Estimate {
    let full = dim + usize::from(metric == MetricKind::Dot);
    let walk_dim = if options.walk_dim > 0 { options.walk_dim.min(full) } else { full.min(USUAL_WALK_DIM) };
    let lines = (walk_dim + 8).div_ceil(LINE);
    let (n, d) = (count as u64, dim as u64);
    let link = 4 * options.degree as u64;
    // Codes, links, the slot with its way back, and a sixteenth of codes and links again for the samples.
    let graph_bytes = n * ((lines * LINE) as u64 + link) * 17 / 16 + n * 8 + (walk_dim * full * 5) as u64;
    let vectors = n * d * if half { 2 } else { 4 };
    let threads = rayon::current_num_threads();
    let a_vector = MICROS + MICROS_LINE * lines as f64 + MICROS_VALUE * dim as f64;
    let build_seconds = count as f64 * a_vector * (options.ef as f64 / 96.0).max(0.3) / 1e6 / threads as f64;
    let build_bytes = vectors + graph_bytes + n * link * 3 / 2;
    Estimate { bytes: vectors + graph_bytes, graph_bytes, build_bytes, build_seconds, threads }
}

/// How to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// [`crate::flat::FlatIndex`]: exact, and here less than twice as slow.
    Exact,
    /// [`crate::graph::GraphIndex`], which by itself scans codes where a filter leaves few.
    Graph,
}

/// Which index answers faster: `count` vectors of `dim` values, `k` wanted, `allowed` of them left by a filter, at a recall of `recall`.
///
/// A recall of 1 is only promised by the exact scan.
pub fn choose(count: usize, dim: usize, k: usize, allowed: Option<usize>, recall: f64) -> Choice {
    let allowed = allowed.unwrap_or(count).min(count);
    if recall >= 1.0 || k >= allowed {
        return Choice::Exact;
    }
    let exact_us = allowed as f64 * dim as f64 * SCAN_BYTE_NS / 1e3;
    // To halve what is missed takes about half as many visits again.
    let breadth = (24 + k) as f64 * 1.5_f64.powf((0.05 / (1.0 - recall)).log2().max(0.0));
    let share = allowed as f64 / count.max(1) as f64;
    // A filtered walk visits more nodes, a scan of codes fewer bytes; the graph takes whichever is cheaper.
    let walk_us = WALK_US + VISIT_US * breadth / share;
    let scan_us = WALK_US + allowed as f64 * LINE as f64 * 3.0 * SCAN_BYTE_NS / 1e3;
    if exact_us <= WORTH * walk_us.min(scan_us) { Choice::Exact } else { Choice::Graph }
}

/// The least number of vectors from which on [`choose`] takes the graph; `None` when it never does.
pub fn threshold(dim: usize, k: usize, recall: f64) -> Option<usize> {
    let graph = |count: usize| choose(count, dim, k, None, recall) == Choice::Graph;
    let (mut low, mut high) = (0, crate::graph::MAX_VECTORS);
    if !graph(high) {
        return None;
    }
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if graph(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scan_is_for_few_and_for_certainty() {
        assert_eq!(choose(1000, 384, 10, None, 0.95), Choice::Exact);
        assert_eq!(choose(1_000_000, 384, 10, None, 0.95), Choice::Graph);
        assert_eq!(choose(1_000_000, 384, 10, None, 1.0), Choice::Exact);
        assert_eq!(choose(1_000_000, 384, 10, Some(8), 0.9), Choice::Exact);
        assert_eq!(choose(0, 384, 10, None, 0.9), Choice::Exact);
        let least = threshold(384, 10, 0.95).unwrap();
        assert_eq!(choose(least, 384, 10, None, 0.95), Choice::Graph);
        assert_eq!(choose(least - 1, 384, 10, None, 0.95), Choice::Exact);
        assert_eq!(threshold(384, 10, 1.0), None);
        // More certainty makes the scan worth while for more vectors.
        let first = |recall: f64| {
            (1..2000).map(|i| i * 100).find(|&n| choose(n, 384, 10, None, recall) == Choice::Graph).unwrap()
        };
        assert!(
            first(0.9) <= first(0.99) && first(0.99) < first(0.999),
            "{} {} {}",
            first(0.9),
            first(0.99),
            first(0.999)
        );
    }
}

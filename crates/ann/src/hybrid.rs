//! The pipeline graph → codes of the lists → exact vectors, each stage switchable.
//!
//! As a whole it is slower than the graph with its own exact look and finds no more: sorting a walk's candidates by 4-bit codes throws away what the walk's 8-bit codes
//! knew. It is here because it is asked for by name, with the recall it really has; see `DESIGN.md`.

use crate::Error;
use crate::graph::{GraphIndex, SearchOptions};
use crate::ivf::{Exact, IvfPq};
use canopy_core::{Cancel, Hit, SlotSet};
use serde::{Deserialize, Serialize};

/// The stages of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct HybridOptions {
    /// Candidates the first stage hands on.
    pub candidates: usize,
    /// Whether the graph finds candidates; otherwise the lists do.
    pub graph: bool,
    /// Lists that are read when the graph doesn't find the candidates.
    pub probes: usize,
    /// Whether the candidates are ordered by their 4-bit codes before the exact look.
    pub codes: bool,
    /// Candidates that are left after that.
    pub keep: usize,
    /// Whether what is left is ordered by its exact scores; otherwise the order of the stage before stays.
    pub exact: bool,
}

impl Default for HybridOptions {
    /// The preset `hybrid`.
    fn default() -> Self {
        Self { candidates: 200, graph: true, probes: 32, codes: true, keep: 150, exact: true }
    }
}

/// Searches by stages. Scores are exact in any case; without the exact stage only their order isn't.
///
/// # Errors
/// Those of a search of either index.
pub fn search(
    graph: &GraphIndex,
    lists: &IvfPq,
    query: &[f32],
    k: usize,
    options: HybridOptions,
    allow: Option<&SlotSet>,
    cancel: &Cancel,
) -> Result<Vec<Hit>, Error> {
    let first = options.candidates.max(k);
    let found = if options.graph {
        let walk = SearchOptions { ef: first, rerank: first };
        graph.search(query, first, walk, allow, cancel)?
    } else {
        lists.candidates(query, first, options.probes, allow, cancel)?
    };
    let mut slots: Vec<u32> = found.iter().map(|hit| hit.slot).collect();
    if options.codes {
        slots = lists.order(query, &slots, options.keep.max(k))?;
    }
    if !options.exact {
        slots.truncate(k);
    }
    let scores = graph.exact_scores(query, &slots)?;
    let mut hits: Vec<Hit> =
        slots.into_iter().zip(scores).filter(|hit| !hit.1.is_nan()).map(|(slot, score)| Hit { slot, score }).collect();
    if options.exact {
        hits.sort_unstable_by(Hit::best_first);
        hits.truncate(k);
    }
    Ok(hits)
}

//! Link suggestions: Adamic and Adar's index (2003), on graphs and on hypergraphs.

use crate::error::Error;
use crate::graph::Graph;
use crate::hyper::Hypergraph;
use canopy_core::{Cancel, Progress};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is worth suggesting.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SuggestOptions {
    /// Most suggestions a node.
    pub top: usize,
    /// Suggestions with this score or less are dropped.
    pub min_score: f64,
    /// Hyperedges with more members are passed over: they say little and cost the square of their size. 0 for none.
    pub largest: usize,
}

impl Default for SuggestOptions {
    fn default() -> Self {
        Self { top: 50, min_score: 0.3, largest: 0 }
    }
}

impl SuggestOptions {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if !self.min_score.is_finite() || self.min_score < 0.0 {
            let expected = "choose a finite number, 0 or more";
            return Err(Error::Option { name: "minScore", received: self.min_score, expected });
        }
        Ok(())
    }
}

/// A pair worth joining.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Suggestion {
    /// The lower node.
    pub source: u32,
    /// The higher node.
    pub target: u32,
    /// Its score.
    pub score: f64,
}

/// Suggestions for every node, best first; equal scores by ascending node.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestions {
    offsets: Vec<usize>,
    targets: Vec<u32>,
    scores: Vec<f64>,
}

impl Suggestions {
    /// Nodes suggested to a node, and their scores.
    ///
    /// # Panics
    /// When the node doesn't exist.
    pub fn of(&self, node: u32) -> (&[u32], &[f64]) {
        let row = self.offsets[node as usize]..self.offsets[node as usize + 1];
        (&self.targets[row.clone()], &self.scores[row])
    }

    /// Every pair that one of its ends was suggested to the other, once, sorted: what is written to a store.
    pub fn pairs(&self) -> Vec<Suggestion> {
        let mut pairs = Vec::with_capacity(self.targets.len());
        for node in 0..self.offsets.len() as u32 - 1 {
            let (targets, scores) = self.of(node);
            pairs.extend(targets.iter().zip(scores).map(|(&target, &score)| Suggestion {
                source: node.min(target),
                target: node.max(target),
                score,
            }));
        }
        pairs.sort_unstable_by_key(|pair| (pair.source, pair.target));
        pairs.dedup_by_key(|pair| (pair.source, pair.target));
        pairs
    }

    /// Number of suggestions, counted at both ends.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }
}

/// Nodes a thread takes at a time; between two such it looks at the cancel flag.
const RUN: usize = 32;

/// Scores of one node's candidates.
struct Tally {
    scores: Vec<f64>,
    touched: Vec<u32>,
}

impl Tally {
    fn add(&mut self, node: u32, score: f64) {
        let sum = &mut self.scores[node as usize];
        if *sum == 0.0 {
            self.touched.push(node);
        }
        *sum += score;
    }

    /// The best of what `keep` lets through, and an empty tally.
    fn best(&mut self, options: &SuggestOptions, keep: impl Fn(u32) -> bool) -> Vec<(u32, f64)> {
        let mut found = Vec::new();
        for node in self.touched.drain(..) {
            let score = std::mem::take(&mut self.scores[node as usize]);
            if score > options.min_score && keep(node) {
                found.push((node, score));
            }
        }
        let order = |x: &(u32, f64), y: &(u32, f64)| y.1.total_cmp(&x.1).then(x.0.cmp(&y.0));
        if found.len() > options.top {
            found.select_nth_unstable_by(options.top, order);
            found.truncate(options.top);
        }
        found.sort_unstable_by(order);
        found
    }
}

fn collect(
    nodes: u32,
    options: &SuggestOptions,
    cancel: &Cancel,
    progress: &Progress,
    suggest: impl Fn(u32, &mut Tally) -> Vec<(u32, f64)> + Sync,
) -> Result<Suggestions, Error> {
    options.check()?;
    let done = AtomicU64::new(0);
    let all: Vec<u32> = (0..nodes).collect();
    let rows: Vec<Vec<(u32, f64)>> = all
        .par_chunks(RUN)
        .map_init(
            || Tally { scores: vec![0.0; nodes as usize], touched: Vec::new() },
            |tally, run| {
                cancel.check()?;
                let rows: Vec<_> = run.iter().map(|&node| suggest(node, tally)).collect();
                progress.report(done.fetch_add(run.len() as u64, Ordering::Relaxed), u64::from(nodes));
                Ok(rows)
            },
        )
        .collect::<Result<Vec<_>, Error>>()?
        .into_iter()
        .flatten()
        .collect();
    progress.finish(u64::from(nodes), u64::from(nodes));
    let mut found = Suggestions { offsets: vec![0], targets: Vec::new(), scores: Vec::new() };
    for row in rows {
        found.targets.extend(row.iter().map(|&(node, _)| node));
        found.scores.extend(row.iter().map(|&(_, score)| score));
        found.offsets.push(found.targets.len());
    }
    Ok(found)
}

/// `score(u, v) = Σ over common neighbours w of 1 / ln(degree(w))` for all pairs that aren't joined. A directed graph counts as
/// undirected. Time grows with the sum of squared degrees; all cores take part.
///
/// # Errors
/// [`Error::Option`], [`Error::Cancelled`].
pub fn adamic_adar(
    graph: &Graph,
    options: &SuggestOptions,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Suggestions, Error> {
    let graph = &graph.undirected();
    // A common neighbour has two neighbours at least, so its logarithm is above 0.
    let worth: Vec<f64> = (0..graph.nodes()).map(|node| 1.0 / (graph.neighbours(node).len() as f64).ln()).collect();
    collect(graph.nodes(), options, cancel, progress, |node, tally| {
        for &middle in graph.neighbours(node) {
            for &far in graph.neighbours(middle).iter().filter(|&&far| far != node) {
                tally.add(far, worth[middle as usize]);
            }
        }
        tally.best(options, |far| graph.neighbours(node).binary_search(&far).is_err())
    })
}

/// `score(u, v) = Σ over hyperedges H that hold both of 1 / ln(|H| - 1)`; a hyperedge of two holds nothing but the pair and adds 0.
///
/// # Errors
/// [`Error::Option`], [`Error::Cancelled`].
pub fn hyper_adamic_adar(
    hypergraph: &Hypergraph,
    options: &SuggestOptions,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Suggestions, Error> {
    let (offsets, memberships) = hypergraph.memberships();
    let worth: Vec<f64> = (0..hypergraph.len())
        .map(|hyperedge| match hypergraph.members(hyperedge).len() {
            0..=2 => 0.0,
            size if options.largest > 0 && size > options.largest => 0.0,
            size => 1.0 / ((size - 1) as f64).ln(),
        })
        .collect();
    collect(hypergraph.nodes(), options, cancel, progress, |node, tally| {
        for &hyperedge in &memberships[offsets[node as usize]..offsets[node as usize + 1]] {
            let score = worth[hyperedge as usize];
            if score > 0.0 {
                let others = hypergraph.members(hyperedge as usize).iter().filter(|&&other| other != node);
                others.for_each(|&other| tally.add(other, score));
            }
        }
        tally.best(options, |_| true)
    })
}

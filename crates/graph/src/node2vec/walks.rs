//! Biased walks of the second order, without a table for every edge.

use super::alias;
use super::stop::{Halt, Stop};
use crate::error::Error;
use crate::graph::Graph;
use canopy_core::{Cancel, Progress};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// How to walk.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WalkOptions {
    /// The higher, the rarer a walk turns back; above 0.
    pub p: f64,
    /// The higher, the nearer a walk stays to where it came from; above 0.
    pub q: f64,
    /// Walks from each node, 1 to 100,000.
    pub walks: u32,
    /// Nodes of a walk, 2 to 100,000.
    pub length: usize,
    /// Seed: a walk depends on it, on its number and on nothing else.
    pub seed: u64,
}

impl Default for WalkOptions {
    fn default() -> Self {
        Self { p: 1.0, q: 1.0, walks: 10, length: 40, seed: 42 }
    }
}

impl WalkOptions {
    pub(crate) fn check(&self) -> Result<(), Error> {
        for (name, received) in [("p", self.p), ("q", self.q)] {
            if !(1e-6..=1e6).contains(&received) {
                return Err(Error::Option { name, received, expected: "choose a number above 0 (1e-6 to 1e6)" });
            }
        }
        if !(1..=100_000).contains(&self.walks) {
            let received = f64::from(self.walks);
            return Err(Error::Option { name: "walks", received, expected: "choose 1 to 100000 a node" });
        }
        if !(2..=100_000).contains(&self.length) {
            let received = self.length as f64;
            return Err(Error::Option { name: "length", received, expected: "choose 2 to 100000 nodes" });
        }
        Ok(())
    }
}

/// Walks, one a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walks {
    /// Row-major; a walk that got stuck is filled up with `u32::MAX`.
    pub nodes: Vec<u32>,
    /// Nodes a row.
    pub length: usize,
}

/// What a walk stands on.
pub(super) struct Walker<'a> {
    graph: &'a Graph,
    options: WalkOptions,
    /// Alias tables of the edges around each node; `None` when all weights are alike.
    tables: Option<(Vec<f32>, Vec<u32>)>,
    /// Sum of the weights around each node; empty when all are alike.
    totals: Vec<f64>,
    back: f64,
    away: f64,
    /// The larger of 1 and `away`: what a proposal is held against.
    bound: f64,
}

/// Scatters seeds so that the streams of neighbouring walks have nothing in common (SplitMix64's finaliser).
fn scatter(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl<'a> Walker<'a> {
    pub(super) fn new(graph: &'a Graph, options: &WalkOptions) -> Self {
        let nodes = 0..graph.nodes();
        let even = nodes.clone().all(|node| graph.weights(node).windows(2).all(|pair| pair[0] == pair[1]));
        let (mut tables, mut totals) = (None, Vec::new());
        if !even {
            let edges = graph.row(graph.nodes() - 1).end;
            let (mut keep, mut alias) = (vec![0.0; edges], vec![0; edges]);
            nodes.clone().for_each(|node| {
                let row = graph.row(node);
                alias::fill(graph.weights(node), &mut keep[row.clone()], &mut alias[row]);
            });
            totals = nodes.map(|node| graph.weights(node).iter().sum()).collect();
            tables = Some((keep, alias));
        }
        let (back, away) = (1.0 / options.p, 1.0 / options.q);
        Self { graph, options: *options, tables, totals, back, away, bound: away.max(1.0) }
    }

    /// Number of walks in all.
    pub(super) fn count(&self) -> u64 {
        u64::from(self.graph.nodes()) * u64::from(self.options.walks)
    }

    /// Fills `out` with a walk and returns how many nodes it has. Walk `number` starts at node `number % nodes`; `pass` makes another
    /// one of the same number.
    pub(super) fn walk(&self, number: u64, pass: u64, out: &mut [u32]) -> usize {
        let mut random = fastrand::Rng::with_seed(scatter(scatter(self.options.seed, pass), number));
        out[0] = (number % u64::from(self.graph.nodes())) as u32;
        for at in 1..out.len() {
            let here = out[at - 1];
            if self.graph.neighbours(here).is_empty() {
                return at;
            }
            let plain = at == 1 || (self.back == 1.0 && self.away == 1.0);
            out[at] = if plain { self.propose(here, &mut random) } else { self.turn(out[at - 2], here, &mut random) };
        }
        out.len()
    }

    /// A neighbour by weight.
    fn propose(&self, here: u32, random: &mut fastrand::Rng) -> u32 {
        let around = self.graph.neighbours(here);
        match &self.tables {
            None => around[random.usize(0..around.len())],
            Some((keep, alias)) => {
                let row = self.graph.row(here);
                around[alias::draw(&keep[row.clone()], &alias[row], random)]
            }
        }
    }

    /// A neighbour by weight and by where the walk came from, by rejection (Yang et al., "KnightKing", 2019). Turning back may be far likelier than
    /// anything else; what it has beyond the bound is an area of its own, so that the other proposals need not be held against it.
    fn turn(&self, from: u32, here: u32, random: &mut fastrand::Rng) -> u32 {
        let beyond = if self.back > self.bound { self.beyond(from, here) } else { 0.0 };
        loop {
            if beyond > 0.0 && random.f64() < beyond {
                return from;
            }
            let next = self.propose(here, random);
            let height = random.f64() * self.bound;
            let kept = if next == from {
                height < self.back
            } else if height < self.away.min(1.0) {
                true
            } else if self.away < 1.0 {
                self.adjacent(from, next)
            } else {
                !self.adjacent(from, next)
            };
            if kept {
                return next;
            }
        }
    }

    /// The share of the area that belongs to turning back beyond the bound.
    fn beyond(&self, from: u32, here: u32) -> f64 {
        let (weight, total) = if self.totals.is_empty() {
            let there = !self.graph.options().directed || self.graph.neighbours(here).binary_search(&from).is_ok();
            (f64::from(u8::from(there)), self.graph.neighbours(here).len() as f64)
        } else {
            (self.graph.weight(here, from).unwrap_or(0.0), self.totals[here as usize])
        };
        let area = weight * (self.back - self.bound);
        area / (area + total * self.bound)
    }

    /// Whether an edge leads from `next` back to `from`.
    fn adjacent(&self, from: u32, next: u32) -> bool {
        let (a, b) = (self.graph.neighbours(next), self.graph.neighbours(from));
        if self.graph.options().directed || a.len() <= b.len() {
            a.binary_search(&from).is_ok()
        } else {
            b.binary_search(&next).is_ok()
        }
    }
}

/// Walks a thread makes between two looks at the cancel flag.
const RUN: usize = 256;

/// Nodes of all walks of one call: 4 GiB.
const MOST_VALUES: u64 = 1 << 30;

/// Walks from every node, on all cores; the same for the same seed at any number of threads. On a directed graph a walk that finds no
/// way on ends early.
///
/// # Errors
/// [`Error::Empty`] without edges, [`Error::Option`] (code `NODE2VEC_PQ` for p or q), [`Error::TooLarge`] for more than 2³⁰ nodes of walks,
/// [`Error::Cancelled`].
pub fn walks(graph: &Graph, options: &WalkOptions, cancel: &Cancel, progress: &Progress) -> Result<Walks, Error> {
    options.check()?;
    if graph.edge_count() == 0 {
        return Err(Error::Empty { what: "edges" });
    }
    let walker = Walker::new(graph, options);
    let (length, total) = (options.length, walker.count());
    let received = total.saturating_mul(length as u64);
    if received > MOST_VALUES {
        let advice = "make fewer or shorter walks, in several calls with other seeds";
        return Err(Error::TooLarge { what: "nodes of walks", received, limit: MOST_VALUES, advice });
    }
    let stop = Stop::new(cancel, None);
    let mut nodes = vec![u32::MAX; total as usize * length];
    let done = AtomicU64::new(0);
    let result = nodes.par_chunks_mut(length * RUN).enumerate().try_for_each(|(run, rows)| {
        stop.check()?;
        let count = rows.len() / length;
        for (at, row) in rows.chunks_exact_mut(length).enumerate() {
            walker.walk((run * RUN + at) as u64, 0, row);
        }
        progress.report(done.fetch_add(count as u64, Ordering::Relaxed), total);
        Ok(())
    });
    match result {
        Ok(()) => {
            progress.finish(total, total);
            Ok(Walks { nodes, length })
        }
        Err(Halt::Failed(error)) => Err(error),
        Err(Halt::TimeUp) => unreachable!("there is no time limit"),
    }
}

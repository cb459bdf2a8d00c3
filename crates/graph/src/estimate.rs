//! What a computation will take, before it starts. Operations a second are of one core of an AMD EPYC (family 25, AVX-512), 2026-11-21.

use crate::adamic::SuggestOptions;
use crate::error::Error;
use crate::graph::Graph;
use crate::graphwave::{GraphWaveOptions, MAX_EXACT};
use crate::hyper::Hypergraph;
use crate::node2vec::{Node2VecOptions, WalkOptions};
use crate::tune::TuneOptions;
use canopy_core::Estimate;

/// Values of a block and bytes of one, at most.
const BLOCK_BYTES: u64 = 128;
/// Multiplications and additions of a dense decomposition.
const DENSE: f64 = 2e9;
/// Of polynomials of a sparse matrix and of characteristic functions.
const SPARSE: f64 = 4e9;
/// Steps of walks.
const STEPS: f64 = 12e6;
/// Multiplications and additions of the skip-gram.
const SKIPGRAM: f64 = 8e9;
/// Scores added to a tally.
const TALLIES: f64 = 200e6;

fn cores() -> usize {
    rayon::current_num_threads()
}

impl GraphWaveOptions {
    /// What [`crate::graphwave`] will take on this graph with as many threads as there are cores. Scales that are to be found are taken to
    /// need a polynomial of order 8.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn estimate(&self, graph: &Graph) -> Result<Estimate, Error> {
        self.check()?;
        let n = u64::from(graph.nodes());
        let scales = self.scales.as_ref().map_or(2, |scales| scales.len() as u64);
        let result = n * scales * self.points as u64 * 16;
        if self.exact {
            let n = n.min(u64::from(MAX_EXACT));
            let work = 12 * n.pow(3) + 2 * scales * n.pow(2) * (n + 40 * self.points as u64);
            return Ok(Estimate::new(result + 40 * n.pow(2), work, DENSE, 1));
        }
        let order = self.scales.as_ref().map_or(8, |_| self.order(graph) as u64);
        let entries = 2 * graph.edge_count() as u64 + n;
        let operator = entries * 16;
        let bytes = result + operator + cores() as u64 * n * BLOCK_BYTES * (2 + scales);
        Ok(Estimate::new(bytes, 2 * n * (order * entries + scales * n * (order + 10)), SPARSE, cores()))
    }
}

impl WalkOptions {
    /// What [`crate::walks`] will take on this graph.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn estimate(&self, graph: &Graph) -> Result<Estimate, Error> {
        self.check()?;
        let steps = u64::from(graph.nodes()) * u64::from(self.walks) * self.length as u64;
        Ok(Estimate::new(4 * steps + walker_bytes(graph), steps, STEPS, cores()))
    }
}

fn walker_bytes(graph: &Graph) -> u64 {
    u64::from(graph.nodes()) * 8 + 16 * graph.edge_count() as u64
}

impl Node2VecOptions {
    /// What [`crate::node2vec`] will take on this graph.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn estimate(&self, graph: &Graph) -> Result<Estimate, Error> {
        self.check()?;
        let (n, dim) = (u64::from(graph.nodes()), self.dim as u64);
        let places = n * u64::from(self.walk.walks) * self.walk.length as u64 * u64::from(self.epochs);
        // Windows shrink to half of their reach on average.
        let pairs = places * (self.window as u64 + 1) * (self.negatives as u64 + 1);
        let bytes = n * dim.next_multiple_of(16) * 8 + n * dim * 4 + n * 16 + walker_bytes(graph);
        let threads = if self.deterministic { 1 } else { cores() };
        let learning = Estimate::new(bytes, pairs * dim * 6, SKIPGRAM, threads);
        Ok(Estimate { seconds: learning.seconds + places as f64 / STEPS / threads as f64, ..learning })
    }
}

impl TuneOptions {
    /// What [`crate::tune_pq`] will take on this graph at most: all its evaluations, or the time limit where that comes first.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn estimate(&self, graph: &Graph) -> Result<Estimate, Error> {
        self.check()?;
        let one = self.node2vec.estimate(graph)?;
        let times = self.evaluations as u64;
        // The graph without the links that are held back, and the rows brought to length 1.
        let bytes =
            one.bytes + 24 * graph.edge_count() as u64 + u64::from(graph.nodes()) * self.node2vec.dim as u64 * 4;
        let seconds = (one.seconds * times as f64).min(60.0 * self.max_minutes);
        Ok(Estimate { bytes, operations: one.operations.saturating_mul(times), seconds, ..one })
    }
}

impl SuggestOptions {
    /// What [`crate::adamic_adar`] will take on this graph: it looks at the neighbours of each neighbour.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn estimate(&self, graph: &Graph) -> Result<Estimate, Error> {
        let graph = &graph.undirected();
        let squares = (0..graph.nodes()).map(|node| (graph.neighbours(node).len() as u64).pow(2)).sum();
        self.tallied(graph.nodes(), squares, 24 * graph.edge_count() as u64)
    }

    /// What [`crate::hyper_adamic_adar`] will take on this hypergraph: it looks at each pair of a hyperedge's members twice.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn estimate_hyper(&self, hypergraph: &Hypergraph) -> Result<Estimate, Error> {
        let sizes = (0..hypergraph.len()).map(|hyperedge| hypergraph.members(hyperedge).len() as u64);
        let counted = sizes.clone().filter(|&size| size > 2 && (self.largest == 0 || size <= self.largest as u64));
        self.tallied(hypergraph.nodes(), counted.map(|size| size * size).sum(), 4 * sizes.sum::<u64>())
    }

    /// No node gets more suggestions than there are looks at a candidate.
    fn tallied(&self, nodes: u32, looks: u64, input: u64) -> Result<Estimate, Error> {
        self.check()?;
        let n = u64::from(nodes);
        let found = looks.min(n * (self.top as u64).min(n));
        Ok(Estimate::new(input + cores() as u64 * n * 12 + found * 48, looks, TALLIES, cores()))
    }
}

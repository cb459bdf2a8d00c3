//! Links held back, and how many of them an embedding finds.

use crate::error::Error;
use crate::graph::{Edge, Graph};
use crate::node2vec::{Halt, Node2Vec, Stop};
use rayon::prelude::*;

/// A graph without some of its links.
pub(super) struct Split {
    graph: Graph,
    held: Vec<(u32, u32)>,
}

/// Links that are asked for at most: the standard error of a recall over 2,000 is 1 %.
const ASKED: usize = 2000;
/// A link counts when its end is among so many nearest.
const NEAREST: usize = 10;

impl Split {
    /// Holds back a share of the links, none that is the last of either end.
    pub(super) fn new(graph: &Graph, share: f64, seed: u64) -> Result<Self, Error> {
        let mut edges: Vec<Edge> = graph.edges().collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut edges);
        let wanted = (edges.len() as f64 * share).ceil() as usize;
        let mut degrees = vec![0_usize; graph.nodes() as usize];
        for edge in &edges {
            degrees[edge.source as usize] += 1;
            degrees[edge.target as usize] += 1;
        }
        let (mut kept, mut held) = (Vec::with_capacity(edges.len()), Vec::new());
        for edge in edges {
            let (a, b) = (edge.source as usize, edge.target as usize);
            if held.len() < wanted && degrees[a] > 1 && degrees[b] > 1 {
                degrees[a] -= 1;
                degrees[b] -= 1;
                held.push((edge.source, edge.target));
            } else {
                kept.push(edge);
            }
        }
        if held.is_empty() || kept.is_empty() {
            return Err(Error::Empty { what: "links that could be held back" });
        }
        held.truncate(ASKED);
        Ok(Self { graph: Graph::from_edges(graph.nodes(), &kept, graph.options())?, held })
    }

    /// What is left of the graph.
    pub(super) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The share of held-back links whose target is among the ten nodes nearest to their source by cosine, known neighbours left out.
    pub(super) fn recall(&self, found: &Node2Vec, stop: &Stop<'_>) -> Result<f64, Halt> {
        let dim = found.dim;
        let mut unit = found.vectors.clone();
        unit.par_chunks_exact_mut(dim).for_each(|row| {
            let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
            row.iter_mut().for_each(|x| *x /= norm);
        });
        let row = |node: u32| &unit[node as usize * dim..][..dim];
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let hits = self
            .held
            .par_iter()
            .map(|&(source, target)| {
                stop.check()?;
                let known = self.graph.neighbours(source);
                let (from, score) = (row(source), dot(row(source), row(target)));
                let nearer = (0..self.graph.nodes())
                    .filter(|&node| node != source && node != target && dot(from, row(node)) > score)
                    .filter(|node| known.binary_search(node).is_err());
                Ok(usize::from(nearer.take(NEAREST).count() < NEAREST))
            })
            .sum::<Result<usize, Halt>>()?;
        Ok(hits as f64 / self.held.len() as f64)
    }
}

//! Diagrams of every node's neighbourhood, kept right while the graph changes.

mod balls;
mod update;

pub use update::{Change, Update};

use crate::diagram::Diagram;
use crate::edges::{Adjacency, WeightedGraph};
use crate::error::Error;
use crate::persistence::{PersistenceOptions, persistence};
pub(crate) use balls::Scout;
use canopy_core::{Cancel, Progress};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// How neighbourhoods are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct LayerOptions {
    /// Hops that belong to a neighbourhood, 1 to 16. At 1 it is a cone: every loop is filled by its centre sooner or later.
    pub radius: u32,
}

impl Default for LayerOptions {
    fn default() -> Self {
        Self { radius: 2 }
    }
}

impl LayerOptions {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if (1..=16).contains(&self.radius) { Ok(()) } else { Err(Error::Radius { received: self.radius }) }
    }
}

/// The diagrams (components and loops) of every node's neighbourhood: the subgraph spanned by the nodes within `radius` hops. Corners
/// of bars are numbered as in the graph.
#[derive(Debug)]
pub struct Layer {
    graph: WeightedGraph,
    adjacency: Adjacency,
    options: LayerOptions,
    diagrams: Vec<Diagram>,
}

/// Neighbourhoods a thread takes at a time.
const RUN: usize = 8;

/// Diagrams of some centres' neighbourhoods, in their order.
fn compute(
    graph: &WeightedGraph,
    adjacency: &Adjacency,
    centres: &[u32],
    options: &LayerOptions,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Vec<Diagram>, Error> {
    let (done, total) = (AtomicU64::new(0), centres.len() as u64);
    let diagrams = centres
        .par_chunks(RUN)
        .map_init(
            || Scout::new(graph.nodes() as usize),
            |scout, centres| {
                cancel.check()?;
                let found = centres
                    .iter()
                    .map(|&centre| scout.diagram(graph, adjacency, centre, options.radius, cancel))
                    .collect::<Result<Vec<_>, Error>>()?;
                progress.report(done.fetch_add(centres.len() as u64, Ordering::Relaxed), total);
                Ok::<_, Error>(found)
            },
        )
        .collect::<Result<Vec<_>, Error>>()?;
    progress.finish(total, total);
    Ok(diagrams.into_iter().flatten().collect())
}

pub(crate) fn adjacency(graph: &WeightedGraph) -> Adjacency {
    let mut adjacency = Adjacency::default();
    adjacency.fill(graph.nodes() as usize, graph.edges().iter().map(|edge| (edge.a, edge.b)));
    adjacency
}

impl Layer {
    /// Computes the diagram of every neighbourhood, on all cores.
    ///
    /// # Errors
    /// [`Error::Radius`], [`Error::Cancelled`].
    pub fn build(
        graph: WeightedGraph,
        options: &LayerOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Self, Error> {
        options.check()?;
        let centres: Vec<u32> = (0..graph.nodes()).collect();
        let adjacency = adjacency(&graph);
        let diagrams = compute(&graph, &adjacency, &centres, options, cancel, progress)?;
        Ok(Self { graph, adjacency, options: *options, diagrams })
    }

    /// The graph as it stands.
    pub fn graph(&self) -> &WeightedGraph {
        &self.graph
    }

    /// The diagram of each node's neighbourhood.
    pub fn diagrams(&self) -> &[Diagram] {
        &self.diagrams
    }

    /// The diagram of the whole graph, computed anew.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn whole(&self, cancel: &Cancel) -> Result<Diagram, Error> {
        persistence(&self.graph, &PersistenceOptions::default(), cancel)
    }
}

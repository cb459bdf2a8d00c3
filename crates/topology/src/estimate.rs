//! What diagrams will take, before they are computed. Operations a second are of one core of an AMD EPYC (family 25, AVX-512), 2026-11-21.
//!
//! Counted are looks at neighbours: every edge meets the neighbours of both its ends. That is nearly all of the work where most edges close a triangle, as in
//! graphs of neighbours; reductions of long loops may take longer, and no count of edges tells how much.

use crate::edges::{Adjacency, WeightedGraph};
use crate::error::Error;
use crate::layer::{LayerOptions, Scout, adjacency};
use crate::persistence::PersistenceOptions;
use canopy_core::Estimate;

/// Looks at neighbours a second.
const LOOKS: f64 = 150e6;
/// Looks that sorting an edge and joining its ends is worth.
const AN_EDGE: u64 = 20;
/// Bytes of a bar.
const BAR: u64 = size_of::<crate::diagram::Bar>() as u64;
/// Bytes of an edge while its graph is reduced: ends, weight, neighbours both ways and twice, apparent pairs.
const REDUCED: u64 = 8 + 8 + 32 + 4 + 16;
/// Neighbourhoods that are looked at, evenly spread, to tell what all will take.
const SAMPLED: u32 = 64;

fn looks(adjacency: &Adjacency, edges: impl Iterator<Item = (u32, u32)>) -> u64 {
    edges.map(|(a, b)| (adjacency.of(a).len() + adjacency.of(b).len()) as u64 + AN_EDGE).sum()
}

impl PersistenceOptions {
    /// What [`crate::persistence`] will take on this graph, as far as its degrees tell.
    ///
    /// # Errors
    /// [`Error::Dimension`].
    pub fn estimate(&self, graph: &WeightedGraph) -> Result<Estimate, Error> {
        self.check()?;
        let (nodes, edges) = (u64::from(graph.nodes()), graph.edges().len() as u64);
        if self.max_dimension == 0 {
            return Ok(Estimate::new(nodes * (8 + BAR) + edges * 16, edges * AN_EDGE, LOOKS, 1));
        }
        let work = looks(&adjacency(graph), graph.edges().iter().map(|edge| (edge.a, edge.b)));
        Ok(Estimate::new(nodes * (16 + BAR) + edges * (REDUCED + BAR / 4), work, LOOKS, 1))
    }
}

impl LayerOptions {
    /// What [`crate::Layer::build`] will take on this graph, by what some of its neighbourhoods take.
    ///
    /// # Errors
    /// [`Error::Radius`].
    pub fn estimate(&self, graph: &WeightedGraph) -> Result<Estimate, Error> {
        self.check()?;
        let (nodes, adjacency) = (graph.nodes(), adjacency(graph));
        let mut scout = Scout::new(nodes as usize);
        let step = nodes.div_ceil(SAMPLED).max(1) as usize;
        let (mut sampled, mut work, mut bars, mut largest) = (0_u64, 0_u64, 0_u64, 0_u64);
        for centre in (0..nodes).step_by(step) {
            let ball = scout.ball(&adjacency, centre, self.radius).to_vec();
            let inside = |node: u32| adjacency.of(node).iter().filter(|&&(next, _)| scout.holds(next)).count() as u64;
            let degrees: u64 = ball.iter().map(|&node| inside(node)).sum();
            // Every edge inside looks at the neighbours of both ends: each end's degree, once for each of its edges.
            work += ball.iter().map(|&node| inside(node).pow(2)).sum::<u64>() + AN_EDGE * degrees / 2;
            bars += ball.len() as u64;
            largest = largest.max(degrees / 2 * REDUCED);
            sampled += 1;
        }
        let all = |sum: u64| sum.saturating_mul(u64::from(nodes)).checked_div(sampled).unwrap_or(0);
        let threads = rayon::current_num_threads();
        let own = graph.edges().len() as u64 * (size_of::<crate::Edge>() as u64 + 32);
        let bytes = own + all(bars) * BAR + threads as u64 * (largest + u64::from(nodes) * 8);
        Ok(Estimate::new(bytes, all(work), LOOKS, threads))
    }
}

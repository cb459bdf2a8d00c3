//! Why nodes belong together: the neighbourhood of a node, with attention over its edges.

mod attention;
mod diffusion;
mod subgraph;
mod svg;

pub use attention::{Attention, Fidelity};

use crate::error::Error;
use crate::graph::Graph;
use crate::overlay::Adjacency;
use canopy_core::{Cancel, Rows};
use subgraph::Subgraph;

/// What to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExplainOptions {
    /// Hops around the node, 1 to 5.
    pub hops: u32,
    /// Most nodes, 1 to 500.
    pub limit: usize,
}

impl Default for ExplainOptions {
    fn default() -> Self {
        Self { hops: 2, limit: 50 }
    }
}

/// A node of an explanation.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ExplainedNode {
    /// The node.
    pub node: u32,
    /// Its id; the number when there are no ids.
    pub id: String,
    /// Hops from the explained node, within what is shown.
    pub hop: u32,
    /// Share of a walk's time that starts at the explained node and now and then returns to it.
    pub diffusion: f64,
}

/// An edge of an explanation.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ExplainedEdge {
    /// Where it starts; the lower node when it has no direction.
    pub source: u32,
    /// Where it ends.
    pub target: u32,
    /// Its weight.
    pub weight: f64,
    /// How alike its ends are, 0 to 1: of their vectors when there are some, else of their neighbourhoods.
    pub similarity: f64,
}

/// A node's neighbourhood, explained.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Explanation {
    /// The nodes, the explained one first, then by falling diffusion.
    pub nodes: Vec<ExplainedNode>,
    /// The edges between them, sorted.
    pub edges: Vec<ExplainedEdge>,
    /// For each node in the order of `nodes`, how its attention is spread over its edges; sums to 1 unless it has none.
    pub attn: Vec<Attention>,
    /// How much the answer changes when the edges that attention names go.
    pub fidelity: Fidelity,
    /// A drawing, as SVG text; ids in it are escaped.
    pub svg: String,
}

/// Explains a node. Deterministic; bounded work whatever the degrees: some milliseconds on 100,000 nodes.
///
/// A walk from the node spreads over `hops` steps; the nodes it stays at longest, each joined to one already shown, are shown. A node's
/// attention to a neighbour is in proportion to edge weight × similarity × diffusion of the neighbour. A directed graph is walked along its
/// edges. `vectors` (one row a node) replace neighbourhoods as the measure of similarity; `ids` name the nodes.
///
/// # Errors
/// [`Error::UnknownNode`], [`Error::Option`], [`Error::Columns`] when there are not as many vectors or ids as nodes, [`Error::Cancelled`].
pub fn explain(
    graph: &Graph,
    node: u32,
    vectors: Option<Rows<'_, f32>>,
    ids: Option<&[String]>,
    options: &ExplainOptions,
    cancel: &Cancel,
) -> Result<Explanation, Error> {
    let nodes = graph.nodes() as usize;
    if let Some(ids) = ids.filter(|ids| ids.len() != nodes) {
        return Err(Error::Columns { sources: nodes, targets: ids.len(), weights: nodes });
    }
    let name = |node: u32| ids.map_or_else(|| node.to_string(), |ids| ids[node as usize].clone());
    explain_named(graph, node, vectors, name, options, cancel)
}

/// The same of any rows of neighbours; `name` says what a node is called.
///
/// # Errors
/// As for [`explain`].
pub fn explain_named(
    graph: &impl Adjacency,
    node: u32,
    vectors: Option<Rows<'_, f32>>,
    name: impl Fn(u32) -> String,
    options: &ExplainOptions,
    cancel: &Cancel,
) -> Result<Explanation, Error> {
    let nodes = graph.nodes() as usize;
    if node >= graph.nodes() {
        return Err(Error::UnknownNode { received: node, nodes: graph.nodes() });
    }
    let refuse = |name, received, expected| Err(Error::Option { name, received, expected });
    if !(1..=5).contains(&options.hops) {
        return refuse("hops", f64::from(options.hops), "choose 1 to 5");
    }
    if !(1..=500).contains(&options.limit) {
        return refuse("limit", options.limit as f64, "choose 1 to 500 nodes");
    }
    if let Some(rows) = vectors.filter(|rows| rows.len() != nodes) {
        return Err(Error::Columns { sources: nodes, targets: rows.len(), weights: nodes });
    }
    let reached = diffusion::spread(graph, node, options.hops, cancel)?;
    let shown = Subgraph::new(graph, node, &reached, options, vectors);
    cancel.check()?;
    let (attn, fidelity) = attention::attend(&shown, options.hops);
    let explained: Vec<ExplainedNode> = shown
        .nodes
        .iter()
        .map(|at| ExplainedNode { node: at.node, id: name(at.node), hop: at.hop, diffusion: at.diffusion })
        .collect();
    let svg = svg::draw(&shown, &explained, &attn);
    Ok(Explanation { nodes: explained, edges: shown.edges, attn, fidelity, svg })
}

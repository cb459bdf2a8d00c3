//! Persistence of the flag complex up to loops.
//!
//! Components come from Kruskal's algorithm. Loops come from cohomology (Bauer, "Ripser", 2021): the column of an edge is the
//! set of triangles around it, columns are reduced from the last edge to the first, and a column's pivot is its earliest
//! triangle. Edges of the spanning forest are cleared. An edge that closes a triangle together with earlier edges forms an
//! apparent pair with the first such triangle: a loop that is filled as it appears. On a neighbour graph these are nearly all edges,
//! and no column of theirs is ever built unless another reduction runs into it.

mod columns;
mod forest;
mod representative;

use crate::diagram::{Bar, Diagram, MISSING};
use crate::edges::{Adjacency, WeightedGraph};
use crate::error::Error;
use canopy_core::Cancel;
use columns::Columns;
use forest::Forest;

/// Buffers for one graph at a time, reused by the next.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) adjacency: Adjacency,
    /// Ends of the edges by rank.
    pub(crate) ends: Vec<(u32, u32)>,
    /// Weights of the edges by rank.
    pub(crate) weights: Vec<f64>,
    /// For each edge the third corner of its apparent triangle, or [`MISSING`].
    apparent: Vec<u32>,
    /// Edges that no apparent pair or tree explains, with the triangles that end their loops, bars of no length among them.
    pairs: Vec<(u32, Option<Triangle>)>,
    forest: Forest,
    columns: Columns,
}

/// A triangle: its last edge, and the corner opposite to it. Ordered as triangles enter.
pub(crate) type Triangle = u64;

/// The triangle of an edge and a corner.
pub(crate) fn triangle(rank: u32, corner: u32) -> Triangle {
    u64::from(rank) << 32 | u64::from(corner)
}

/// The last edge and the opposite corner of a triangle.
pub(crate) fn parts(triangle: Triangle) -> (u32, u32) {
    ((triangle >> 32) as u32, triangle as u32)
}

/// Columns reduced between two looks at the cancel flag.
const POLL: usize = 256;

impl Workspace {
    /// Takes a whole graph.
    pub(crate) fn load(&mut self, graph: &WeightedGraph) {
        self.ends.clear();
        self.ends.extend(graph.edges().iter().map(|edge| (edge.a, edge.b)));
        self.weights.clear();
        self.weights.extend(graph.edges().iter().map(|edge| edge.weight));
        self.pairs.clear();
    }

    /// The rank of the edge between two nodes.
    fn rank(&self, a: u32, b: u32) -> u32 {
        self.adjacency.rank(a, b).expect("simplices name edges of their graph")
    }

    /// The bars of the graph in `ends` and `weights`, corners numbered as there.
    pub(crate) fn run(&mut self, nodes: u32, loops: bool, cancel: &Cancel, bars: &mut Vec<Bar>) -> Result<(), Error> {
        cancel.check()?;
        self.forest.grow(nodes, &self.ends, |rank, node| {
            let (a, b) = self.ends[rank];
            if self.weights[rank] > 0.0 {
                bars.push(Bar {
                    dimension: 0,
                    birth: 0.0,
                    death: self.weights[rank],
                    creator: [node, MISSING, MISSING],
                    destroyer: [a, b, MISSING],
                });
            }
        });
        bars.extend(self.forest.roots().map(|node| Bar {
            dimension: 0,
            birth: 0.0,
            death: f64::INFINITY,
            creator: [node, MISSING, MISSING],
            destroyer: [MISSING; 3],
        }));
        if loops && self.ends.len() > nodes as usize - self.forest.count() {
            self.loops(nodes, cancel, bars)?;
        }
        Ok(())
    }

    fn loops(&mut self, nodes: u32, cancel: &Cancel, bars: &mut Vec<Bar>) -> Result<(), Error> {
        self.adjacency.fill(nodes as usize, self.ends.iter().copied());
        let (forest, adjacency) = (&self.forest, &self.adjacency);
        self.apparent.clear();
        self.apparent.extend((0_u32..).zip(&self.ends).map(|(rank, &(a, b))| {
            // An edge of the forest joins what nothing earlier joined, so it closes no triangle.
            if forest.holds(rank) {
                return MISSING;
            }
            let mut closing = adjacency.common(a, b).filter(|&(_, left, right)| left < rank && right < rank);
            closing.next().map_or(MISSING, |(corner, ..)| corner)
        }));
        self.columns.clear();
        self.pairs.clear();
        let mut since = 0;
        for rank in (0..self.ends.len() as u32).rev() {
            if self.apparent[rank as usize] != MISSING || self.forest.holds(rank) {
                continue;
            }
            since += 1;
            if since % POLL == 0 {
                cancel.check()?;
            }
            let death = self.columns.reduce(rank, &self.adjacency, &self.ends, &self.apparent);
            self.pairs.push((rank, death));
            let (birth, (a, b)) = (self.weights[rank as usize], self.ends[rank as usize]);
            let (death, destroyer) = match death {
                None => (f64::INFINITY, [MISSING; 3]),
                Some(triangle) => {
                    let (last, corner) = parts(triangle);
                    let (c, d) = self.ends[last as usize];
                    (self.weights[last as usize], [c, d, corner])
                }
            };
            if death > birth {
                bars.push(Bar { dimension: 1, birth, death, creator: [a, b, MISSING], destroyer });
            }
        }
        Ok(())
    }
}

/// What to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct PersistenceOptions {
    /// Highest dimension: 0 (components) or 1 (components and loops).
    pub max_dimension: u8,
}

impl Default for PersistenceOptions {
    fn default() -> Self {
        Self { max_dimension: 1 }
    }
}

impl PersistenceOptions {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.max_dimension > 1 { Err(Error::Dimension { received: self.max_dimension }) } else { Ok(()) }
    }
}

/// The persistence diagram of a graph's flag complex, coefficients modulo 2. Births and deaths are edge weights, bit for bit;
/// bars of no length are left out.
///
/// # Errors
/// [`Error::Dimension`], [`Error::Cancelled`].
pub fn persistence(graph: &WeightedGraph, options: &PersistenceOptions, cancel: &Cancel) -> Result<Diagram, Error> {
    let mut workspace = Workspace::default();
    diagram(&mut workspace, graph, options, cancel)
}

fn diagram(
    workspace: &mut Workspace,
    graph: &WeightedGraph,
    options: &PersistenceOptions,
    cancel: &Cancel,
) -> Result<Diagram, Error> {
    options.check()?;
    workspace.load(graph);
    let mut diagram = Diagram::default();
    workspace.run(graph.nodes(), options.max_dimension > 0, cancel, &mut diagram.bars)?;
    diagram.sort();
    Ok(diagram)
}

/// A loop and the edges of a cycle that runs around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// The bar.
    pub bar: Bar,
    /// Edges of a cycle that appears at the bar's birth, with its creator, and is filled exactly at its death.
    pub cycle: Vec<(u32, u32)>,
}

/// The loops of a graph with a representative cycle each, in the order of [`persistence`].
///
/// Cycles come from reducing the boundaries of the destroying triangles only (Čufar and Virk, 2021, "involuted homology").
///
/// # Errors
/// [`Error::Cancelled`].
pub fn representatives(graph: &WeightedGraph, cancel: &Cancel) -> Result<Vec<Loop>, Error> {
    let mut workspace = Workspace::default();
    let diagram = diagram(&mut workspace, graph, &PersistenceOptions::default(), cancel)?;
    let cycles = representative::cycles(&workspace, cancel)?;
    let around = |bar: &Bar| {
        let rank = workspace.rank(bar.creator[0], bar.creator[1]);
        cycles.get(&rank).map(|cycle| cycle.iter().map(|&rank| workspace.ends[rank as usize]).collect())
    };
    Ok(diagram.of(1).filter_map(|bar| around(bar).map(|cycle| Loop { bar: *bar, cycle })).collect())
}

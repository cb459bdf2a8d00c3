//! What is shown: a connected part of the neighbourhood.

use super::diffusion::Reached;
use super::{ExplainOptions, ExplainedEdge};
use crate::overlay::Adjacency;
use canopy_core::Rows;
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap, VecDeque};

/// A node that is shown.
pub(super) struct Shown {
    pub(super) node: u32,
    pub(super) hop: u32,
    pub(super) diffusion: f64,
}

/// The nodes that are shown and the edges between them.
pub(super) struct Subgraph {
    pub(super) nodes: Vec<Shown>,
    pub(super) edges: Vec<ExplainedEdge>,
    /// For each node its ways: place of the target, number of the edge.
    pub(super) ways: Vec<Vec<(usize, usize)>>,
}

/// A node that could be shown next: the one with most mass first, then the lowest.
#[derive(PartialEq)]
struct Candidate {
    mass: f64,
    node: u32,
    hop: u32,
}

impl Eq for Candidate {}
impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.mass.total_cmp(&other.mass).then(other.node.cmp(&self.node)).then(other.hop.cmp(&self.hop))
    }
}

/// A row this many times longer than what is looked for in it is searched instead of read.
const SEARCH: usize = 16;

impl Subgraph {
    pub(super) fn new(
        graph: &impl Adjacency,
        start: u32,
        reached: &Reached,
        options: &ExplainOptions,
        vectors: Option<Rows<'_, f32>>,
    ) -> Self {
        let kept = choose(graph, start, reached, options);
        let mut sorted = kept.clone();
        sorted.sort_unstable();
        let places: HashMap<u32, usize> = kept.iter().enumerate().map(|(place, &node)| (node, place)).collect();
        let directed = graph.directed();
        let (mut edges, mut ways) = (Vec::new(), vec![Vec::new(); kept.len()]);
        for &source in &sorted {
            for (target, weight) in inside(graph, source, &sorted) {
                if directed || source < target {
                    let similarity = similarity(graph, source, target, vectors);
                    ways[places[&source]].push((places[&target], edges.len()));
                    if !directed {
                        ways[places[&target]].push((places[&source], edges.len()));
                    }
                    edges.push(ExplainedEdge { source, target, weight, similarity });
                }
            }
        }
        let total: f64 = kept.iter().map(|&node| reached.mass[node as usize]).sum();
        let hops = hops(&ways);
        let nodes = kept.iter().zip(hops).map(|(&node, hop)| Shown {
            node,
            hop,
            diffusion: reached.mass[node as usize] / total,
        });
        Self { nodes: nodes.collect(), edges, ways }
    }
}

/// The start and the nodes with most mass, each reached over those before it.
fn choose(graph: &impl Adjacency, start: u32, reached: &Reached, options: &ExplainOptions) -> Vec<u32> {
    let mut kept = Vec::with_capacity(options.limit);
    let mut met: HashMap<u32, u32> = HashMap::from([(start, 0)]);
    let mut open = BinaryHeap::from([Candidate { mass: f64::INFINITY, node: start, hop: 0 }]);
    while let Some(Candidate { node, hop, .. }) = open.pop() {
        // A nearer way to it was found since.
        if met[&node] < hop || kept.contains(&node) {
            continue;
        }
        kept.push(node);
        if kept.len() == options.limit {
            break;
        }
        if hop == options.hops {
            continue;
        }
        for &next in graph.neighbours(node) {
            let mass = reached.mass[next as usize];
            if mass > 0.0 && met.get(&next).is_none_or(|&known| hop + 1 < known) {
                met.insert(next, hop + 1);
                open.push(Candidate { mass, node: next, hop: hop + 1 });
            }
        }
    }
    kept
}

/// Edges of a node to nodes of a sorted list.
fn inside<'a>(graph: &'a impl Adjacency, node: u32, kept: &'a [u32]) -> Box<dyn Iterator<Item = (u32, f64)> + 'a> {
    let around = graph.neighbours(node);
    if around.len() > SEARCH * kept.len() {
        return Box::new(kept.iter().filter_map(move |&to| Some((to, graph.weight(node, to)?))));
    }
    let row = around.iter().copied().zip(graph.weights(node).iter().copied());
    Box::new(row.filter(|(to, _)| kept.binary_search(to).is_ok()))
}

/// Half of 1 plus the cosine of the vectors, or the cosine of the neighbourhoods with the nodes themselves in them.
fn similarity(graph: &impl Adjacency, a: u32, b: u32, vectors: Option<Rows<'_, f32>>) -> f64 {
    if let Some(rows) = vectors {
        let (a, b) = (rows.row(a as usize), rows.row(b as usize));
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let norm = (dot(a, a) * dot(b, b)).sqrt();
        // A vector without direction is like any other, half.
        let cosine = if norm > 0.0 && norm.is_finite() { dot(a, b) / norm } else { 0.0 };
        return (0.5 + 0.5 * cosine).clamp(0.0, 1.0);
    }
    let (x, y) = (graph.neighbours(a), graph.neighbours(b));
    let (few, many) = if x.len() <= y.len() { (x, y) } else { (y, x) };
    let common = if many.len() > SEARCH * few.len() {
        few.iter().filter(|node| many.binary_search(node).is_ok()).count()
    } else {
        let mut many = many.iter().peekable();
        few.iter()
            .filter(|&node| {
                while many.next_if(|next| *next < node).is_some() {}
                many.peek() == Some(&node)
            })
            .count()
    };
    let joined = usize::from(x.binary_search(&b).is_ok()) + usize::from(y.binary_search(&a).is_ok());
    (common + joined) as f64 / (((x.len() + 1) * (y.len() + 1)) as f64).sqrt()
}

/// Hops from the first node along the ways.
fn hops(ways: &[Vec<(usize, usize)>]) -> Vec<u32> {
    let mut hops = vec![u32::MAX; ways.len()];
    let mut queue = VecDeque::from([0]);
    hops[0] = 0;
    while let Some(at) = queue.pop_front() {
        for &(to, _) in &ways[at] {
            if hops[to] == u32::MAX {
                hops[to] = hops[at] + 1;
                queue.push_back(to);
            }
        }
    }
    hops
}

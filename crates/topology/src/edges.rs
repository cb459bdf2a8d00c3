//! A weighted graph in the order of its filtration.

use crate::error::Error;

/// An undirected edge with the value at which it appears.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// The lower end.
    pub a: u32,
    /// The higher end.
    pub b: u32,
    /// Its weight: finite, 0 or more.
    pub weight: f64,
}

impl Edge {
    /// By weight, then by ends: the order in which edges enter the complex.
    fn before(&self, other: &Self) -> std::cmp::Ordering {
        self.weight.total_cmp(&other.weight).then((self.a, self.b).cmp(&(other.a, other.b)))
    }
}

/// An undirected graph whose flag complex is filtered by edge weight: nodes enter at 0, edges at their weight, a triangle with
/// its last edge.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedGraph {
    nodes: u32,
    /// In the order of the filtration, ends in order, none twice.
    edges: Vec<Edge>,
    loops: usize,
    parallel: usize,
}

impl WeightedGraph {
    /// Builds a graph from three columns. A self-loop has no place in a flag complex and is dropped; of parallel edges the
    /// lightest stays, as that is when their ends are joined; both are counted. An edge may be named in either direction.
    ///
    /// # Errors
    /// [`Error::Columns`], [`Error::Node`], [`Error::Weight`], [`Error::TooMany`].
    pub fn new(nodes: u32, sources: &[u32], targets: &[u32], weights: &[f64]) -> Result<Self, Error> {
        if sources.len() != targets.len() || sources.len() != weights.len() {
            return Err(Error::Columns { sources: sources.len(), targets: targets.len(), weights: weights.len() });
        }
        let edges = sources.iter().zip(targets).zip(weights).map(|((&a, &b), &weight)| Edge { a, b, weight });
        Self::from_edges(nodes, edges.collect())
    }

    /// The same, from edges in any order and direction.
    ///
    /// # Errors
    /// As for [`WeightedGraph::new`].
    pub fn from_edges(nodes: u32, mut edges: Vec<Edge>) -> Result<Self, Error> {
        if edges.len() >= u32::MAX as usize {
            return Err(Error::TooMany { received: edges.len() });
        }
        for (row, edge) in edges.iter_mut().enumerate() {
            let Edge { a, b, weight } = *edge;
            if a >= nodes || b >= nodes {
                return Err(Error::Node { row, a, b, nodes });
            }
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(Error::Weight { row, received: weight });
            }
            // Adding 0 turns -0 into 0, so that equal weights have equal bits.
            *edge = Edge { a: a.min(b), b: a.max(b), weight: weight + 0.0 };
        }
        let received = edges.len();
        edges.retain(|edge| edge.a != edge.b);
        let loops = received - edges.len();
        edges.sort_unstable_by(|x, y| (x.a, x.b).cmp(&(y.a, y.b)).then(x.weight.total_cmp(&y.weight)));
        edges.dedup_by_key(|edge| (edge.a, edge.b));
        let parallel = received - loops - edges.len();
        edges.sort_unstable_by(Edge::before);
        Ok(Self { nodes, edges, loops, parallel })
    }

    /// The graph without the edges whose ranks are `gone` and with `fresh` ones, which are valid and none of those that stay. What stays
    /// is in order already, so this is a merge. Also answers what rank each edge has now, [`GONE`] where it has none.
    pub(crate) fn replaced(&self, gone: &[bool], fresh: &mut [Edge]) -> (Self, Vec<u32>) {
        fresh.sort_unstable_by(Edge::before);
        let mut edges = Vec::with_capacity(self.edges.len() + fresh.len());
        let mut ranks = Vec::with_capacity(self.edges.len());
        let mut fresh = fresh.iter().peekable();
        for (edge, &gone) in self.edges.iter().zip(gone) {
            if gone {
                ranks.push(GONE);
                continue;
            }
            while let Some(next) = fresh.next_if(|next| next.before(edge).is_lt()) {
                edges.push(*next);
            }
            ranks.push(edges.len() as u32);
            edges.push(*edge);
        }
        edges.extend(fresh);
        (Self { edges, ..*self }, ranks)
    }

    /// The rank of an edge that is there.
    pub(crate) fn rank_of(&self, edge: &Edge) -> u32 {
        self.edges.partition_point(|other| other.before(edge).is_lt()) as u32
    }

    /// Number of nodes.
    pub fn nodes(&self) -> u32 {
        self.nodes
    }

    /// The edges in the order of the filtration: by weight, then by ends.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Self-loops that were dropped.
    pub fn loops(&self) -> usize {
        self.loops
    }

    /// Parallel edges that were merged.
    pub fn parallel(&self) -> usize {
        self.parallel
    }
}

/// The rank of an edge that is no more.
pub(crate) const GONE: u32 = u32::MAX;

/// Neighbours with the ranks of the edges that lead to them, sorted by neighbour. Buffers are reused from graph to graph.
#[derive(Debug, Clone, Default)]
pub(crate) struct Adjacency {
    offsets: Vec<u32>,
    cursor: Vec<u32>,
    /// (neighbour, rank).
    targets: Vec<(u32, u32)>,
    /// The same in order of rank.
    unsorted: Vec<(u32, u32)>,
}

impl Adjacency {
    /// Fills the lists from the ends of the edges in order of rank.
    pub(crate) fn fill(&mut self, nodes: usize, ends: impl Iterator<Item = (u32, u32)> + Clone) {
        self.offsets.clear();
        self.offsets.resize(nodes + 1, 0);
        let mut count = 0;
        for (a, b) in ends.clone() {
            self.offsets[a as usize + 1] += 1;
            self.offsets[b as usize + 1] += 1;
            count += 2;
        }
        (0..nodes).for_each(|i| self.offsets[i + 1] += self.offsets[i]);
        self.restart(nodes);
        self.unsorted.clear();
        self.unsorted.resize(count, (0, 0));
        for (rank, (a, b)) in (0_u32..).zip(ends) {
            for (from, to) in [(a, b), (b, a)] {
                let place = &mut self.cursor[from as usize];
                self.unsorted[*place as usize] = (to, rank);
                *place += 1;
            }
        }
        // Every node in turn writes itself into the lists of its neighbours, which are sorted then: no comparisons.
        self.restart(nodes);
        self.targets.clear();
        self.targets.resize(count, (0, 0));
        for node in 0..nodes {
            for &(next, rank) in &self.unsorted[self.offsets[node] as usize..self.offsets[node + 1] as usize] {
                let place = &mut self.cursor[next as usize];
                self.targets[*place as usize] = (node as u32, rank);
                *place += 1;
            }
        }
    }

    /// The lists after edges got other ranks, went ([`GONE`]) or came: `came` holds both directions of each, sorted. Most lists are copied.
    pub(crate) fn patched(&self, ranks: &[u32], came: &[(u32, u32, u32)]) -> Self {
        let nodes = self.offsets.len().saturating_sub(1);
        let mut targets = Vec::with_capacity(self.targets.len() + came.len());
        let mut offsets = Vec::with_capacity(nodes + 1);
        offsets.push(0);
        let mut came = came.iter().peekable();
        for node in 0..nodes as u32 {
            for &(next, rank) in self.of(node) {
                while let Some(&(_, new, rank)) = came.next_if(|&&(from, to, _)| from == node && to < next) {
                    targets.push((new, rank));
                }
                let rank = ranks[rank as usize];
                if rank != GONE {
                    targets.push((next, rank));
                }
            }
            while let Some(&(_, new, rank)) = came.next_if(|&&(from, ..)| from == node) {
                targets.push((new, rank));
            }
            offsets.push(targets.len() as u32);
        }
        Self { offsets, targets, cursor: Vec::new(), unsorted: Vec::new() }
    }

    fn restart(&mut self, nodes: usize) {
        self.cursor.clear();
        self.cursor.extend_from_slice(&self.offsets[..nodes]);
    }

    /// The rank of the edge between two nodes.
    pub(crate) fn rank(&self, a: u32, b: u32) -> Option<u32> {
        let around = self.of(a);
        around.binary_search_by_key(&b, |&(node, _)| node).ok().map(|at| around[at].1)
    }

    /// Neighbours of a node in ascending order, each with the rank of its edge.
    pub(crate) fn of(&self, node: u32) -> &[(u32, u32)] {
        &self.targets[self.offsets[node as usize] as usize..self.offsets[node as usize + 1] as usize]
    }

    /// Common neighbours of two nodes in ascending order: (node, rank to `a`, rank to `b`).
    pub(crate) fn common(&self, a: u32, b: u32) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
        let (mut left, mut right) = (self.of(a), self.of(b));
        std::iter::from_fn(move || {
            while let (Some((&(x, rank_x), rest_x)), Some((&(y, rank_y), rest_y))) =
                (left.split_first(), right.split_first())
            {
                if x <= y {
                    left = rest_x;
                }
                if y <= x {
                    right = rest_y;
                }
                if x == y {
                    return Some((x, rank_x, rank_y));
                }
            }
            None
        })
    }
}

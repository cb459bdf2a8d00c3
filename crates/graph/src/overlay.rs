//! Rows of neighbours, and a graph with changes laid over it.

use crate::graph::Graph;
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of neighbours: those of a [`Graph`] or of an [`Overlay`].
pub trait Adjacency {
    /// Number of nodes.
    fn nodes(&self) -> u32;

    /// Whether an edge leads one way only.
    fn directed(&self) -> bool;

    /// Targets of a node's edges, ascending.
    ///
    /// # Panics
    /// When the node doesn't exist.
    fn neighbours(&self, node: u32) -> &[u32];

    /// Weights of a node's edges, in the order of [`Adjacency::neighbours`].
    ///
    /// # Panics
    /// When the node doesn't exist.
    fn weights(&self, node: u32) -> &[f64];

    /// The weight of an edge, if it is there.
    fn weight(&self, source: u32, target: u32) -> Option<f64> {
        let at = self.neighbours(source).binary_search(&target).ok()?;
        Some(self.weights(source)[at])
    }
}

impl Adjacency for Graph {
    fn nodes(&self) -> u32 {
        Self::nodes(self)
    }

    fn directed(&self) -> bool {
        self.options().directed
    }

    fn neighbours(&self, node: u32) -> &[u32] {
        Self::neighbours(self, node)
    }

    fn weights(&self, node: u32) -> &[f64] {
        Self::weights(self, node)
    }
}

/// A graph with changes laid over it: rows that changed are held beside it, all others are its own. A change costs the rows of its ends, where
/// [`Graph::updated`] costs the graph.
#[derive(Debug, Clone)]
pub struct Overlay {
    graph: Arc<Graph>,
    nodes: u32,
    rows: HashMap<u32, Row>,
}

/// Targets, ascending, and their weights.
#[derive(Debug, Clone, Default)]
struct Row {
    targets: Vec<u32>,
    weights: Vec<f64>,
}

impl Row {
    fn set(&mut self, target: u32, weight: Option<f64>) {
        match (self.targets.binary_search(&target), weight) {
            (Ok(at), Some(weight)) => self.weights[at] = weight,
            (Ok(at), None) => {
                self.targets.remove(at);
                self.weights.remove(at);
            }
            (Err(at), Some(weight)) => {
                self.targets.insert(at, target);
                self.weights.insert(at, weight);
            }
            (Err(_), None) => {}
        }
    }
}

impl Overlay {
    /// A graph without changes.
    pub fn new(graph: Arc<Graph>) -> Self {
        let nodes = graph.nodes();
        Self { graph, nodes, rows: HashMap::new() }
    }

    /// Adds a node without edges, and answers its number.
    pub fn grow(&mut self) -> u32 {
        self.nodes += 1;
        self.nodes - 1
    }

    /// Gives an edge a weight, or takes it away. The weight is finite and above 0 and the ends differ: a store has seen to that.
    ///
    /// # Panics
    /// When an end doesn't exist.
    pub fn set(&mut self, source: u32, target: u32, weight: Option<f64>) {
        assert!(source < self.nodes && target < self.nodes, "an edge joins nodes that exist");
        self.row(source).set(target, weight);
        if !self.directed() {
            self.row(target).set(source, weight);
        }
    }

    fn row(&mut self, node: u32) -> &mut Row {
        let graph = &self.graph;
        self.rows.entry(node).or_insert_with(|| {
            if node < graph.nodes() {
                Row { targets: graph.neighbours(node).to_vec(), weights: graph.weights(node).to_vec() }
            } else {
                Row::default()
            }
        })
    }

    /// How much is held beside the graph: rows and edges in them.
    pub fn beside(&self) -> usize {
        self.rows.values().map(|row| row.targets.len() + 1).sum()
    }

    /// The graph that this is, of the nodes that `keep` wants, without gaps, and the new number of each node (`u32::MAX` for
    /// those left out, which have no edges any more).
    pub fn fold(&self, keep: impl Fn(u32) -> bool) -> (Graph, Vec<u32>) {
        let mut places = vec![u32::MAX; self.nodes as usize];
        let mut count = 0;
        for node in (0..self.nodes).filter(|&node| keep(node)) {
            places[node as usize] = count;
            count += 1;
        }
        let mut offsets = Vec::with_capacity(count as usize + 1);
        offsets.push(0);
        let (mut targets, mut weights) = (Vec::new(), Vec::new());
        for node in (0..self.nodes).filter(|&node| places[node as usize] != u32::MAX) {
            targets.extend(self.neighbours(node).iter().map(|&target| places[target as usize]));
            weights.extend_from_slice(self.weights(node));
            offsets.push(targets.len());
        }
        (Graph::of_rows(self.graph.options(), offsets, targets, weights), places)
    }
}

impl Adjacency for Overlay {
    fn nodes(&self) -> u32 {
        self.nodes
    }

    fn directed(&self) -> bool {
        self.graph.options().directed
    }

    fn neighbours(&self, node: u32) -> &[u32] {
        match self.rows.get(&node) {
            Some(row) => &row.targets,
            None if node < self.graph.nodes() => self.graph.neighbours(node),
            None => {
                assert!(node < self.nodes, "node {node} of {}", self.nodes);
                &[]
            }
        }
    }

    fn weights(&self, node: u32) -> &[f64] {
        match self.rows.get(&node) {
            Some(row) => &row.weights,
            None if node < self.graph.nodes() => self.graph.weights(node),
            None => {
                assert!(node < self.nodes, "node {node} of {}", self.nodes);
                &[]
            }
        }
    }
}

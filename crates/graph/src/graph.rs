//! The graph: compressed sparse rows.

use crate::error::Error;

/// What becomes of edges named more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Parallel {
    /// Their weights are added.
    #[default]
    Sum,
    /// The heaviest stays.
    Max,
    /// The last one named stays.
    Last,
}

/// How edges become a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GraphOptions {
    /// Whether an edge leads one way only.
    pub directed: bool,
    /// What becomes of parallel edges.
    pub parallel: Parallel,
}

/// A graph with weighted edges. Neighbours are sorted, no edge stands twice, none is a self-loop, all weights are above 0. An undirected
/// edge stands in the rows of both its ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    options: GraphOptions,
    offsets: Vec<usize>,
    targets: Vec<u32>,
    weights: Vec<f64>,
    dropped: Dropped,
}

/// What had no place in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dropped {
    /// Self-loops.
    pub loops: usize,
    /// Edges merged into one that was there already.
    pub parallel: usize,
    /// Edges of weight 0.
    pub weightless: usize,
}

/// An edge as it is named.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Edge {
    /// Where it starts.
    pub source: u32,
    /// Where it ends.
    pub target: u32,
    /// Its weight.
    pub weight: f64,
}

/// A change of one edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// Adds an edge, or gives it a new weight; weight 0 takes it away if it is there.
    Set(Edge),
    /// Takes an edge away.
    Remove {
        /// Where it starts.
        source: u32,
        /// Where it ends.
        target: u32,
    },
}

impl Graph {
    /// Builds a graph of `nodes` nodes from columns; without weights every edge weighs 1. Self-loops and edges of weight 0 are
    /// dropped, parallel edges merged; [`Graph::dropped`] counts them.
    ///
    /// # Errors
    /// [`Error::Columns`], [`Error::Node`], [`Error::Weight`].
    pub fn new(
        nodes: u32,
        sources: &[u32],
        targets: &[u32],
        weights: Option<&[f64]>,
        options: GraphOptions,
    ) -> Result<Self, Error> {
        let received = weights.map_or(sources.len(), <[f64]>::len);
        if sources.len() != targets.len() || sources.len() != received {
            return Err(Error::Columns { sources: sources.len(), targets: targets.len(), weights: received });
        }
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let edges = sources.iter().zip(targets).enumerate();
        let edges = edges.map(|(row, (&source, &target))| Edge { source, target, weight: weight(row) });
        Self::from_edges(nodes, &edges.collect::<Vec<_>>(), options)
    }

    /// The same from edges.
    ///
    /// # Errors
    /// [`Error::Node`], [`Error::Weight`].
    pub fn from_edges(nodes: u32, edges: &[Edge], options: GraphOptions) -> Result<Self, Error> {
        let mut dropped = Dropped::default();
        let mut kept = Vec::with_capacity(edges.len());
        for (row, &edge) in edges.iter().enumerate() {
            check(row, &edge, nodes)?;
            if edge.source == edge.target {
                dropped.loops += 1;
            } else if edge.weight == 0.0 {
                dropped.weightless += 1;
            } else {
                kept.push(normal(edge, options.directed));
            }
        }
        // Stable, so that the last one named is the last of its run.
        kept.sort_by_key(|edge| (edge.source, edge.target));
        let named = kept.len();
        let mut merged: Vec<Edge> = Vec::with_capacity(named);
        for run in kept.chunk_by(|x, y| (x.source, x.target) == (y.source, y.target)) {
            let weights = run.iter().map(|edge| edge.weight);
            let weight = match options.parallel {
                Parallel::Sum => weights.sum(),
                Parallel::Max => weights.fold(0.0, f64::max),
                Parallel::Last => run[run.len() - 1].weight,
            };
            merged.push(Edge { weight, ..run[0] });
        }
        dropped.parallel = named - merged.len();
        Ok(Self { dropped, ..Self::rows(nodes, &merged, options) })
    }

    /// Rows of edges that are sorted and unique.
    fn rows(nodes: u32, edges: &[Edge], options: GraphOptions) -> Self {
        let n = nodes as usize;
        let mut offsets = vec![0; n + 1];
        for edge in edges {
            offsets[edge.source as usize + 1] += 1;
            if !options.directed {
                offsets[edge.target as usize + 1] += 1;
            }
        }
        (0..n).for_each(|i| offsets[i + 1] += offsets[i]);
        let mut cursor = offsets[..n].to_vec();
        let mut targets = vec![0; offsets[n]];
        let mut weights = vec![0.0; offsets[n]];
        let mut place = |from: u32, to: u32, weight: f64| {
            let at = &mut cursor[from as usize];
            (targets[*at], weights[*at]) = (to, weight);
            *at += 1;
        };
        // Lower neighbours arrive before higher ones, each in order: rows come out sorted.
        if !options.directed {
            edges.iter().for_each(|edge| place(edge.target, edge.source, edge.weight));
        }
        edges.iter().for_each(|edge| place(edge.source, edge.target, edge.weight));
        Self { options, offsets, targets, weights, dropped: Dropped::default() }
    }

    /// A graph of rows that are as they have to be.
    pub(crate) fn of_rows(options: GraphOptions, offsets: Vec<usize>, targets: Vec<u32>, weights: Vec<f64>) -> Self {
        Self { options, offsets, targets, weights, dropped: Dropped::default() }
    }

    /// The graph after a batch of changes; later changes of the same edge win. `nodes` may be more than now. This graph stays as it is,
    /// so that readers can go on with it.
    ///
    /// # Errors
    /// [`Error::Node`], [`Error::Weight`], [`Error::MissingEdge`], [`Error::Option`] when nodes would be lost.
    pub fn updated(&self, nodes: u32, changes: &[Change]) -> Result<Self, Error> {
        if nodes < self.nodes() {
            let expected = "a graph keeps its nodes: send at least as many as it has";
            return Err(Error::Option { name: "nodes", received: f64::from(nodes), expected });
        }
        let mut asked = Vec::with_capacity(changes.len());
        for (row, change) in changes.iter().enumerate() {
            let (edge, removes) = match *change {
                Change::Set(edge) => (edge, false),
                Change::Remove { source, target } => (Edge { source, target, weight: 0.0 }, true),
            };
            check(row, &edge, nodes)?;
            asked.push((normal(edge, self.options.directed), row, removes));
        }
        asked.sort_unstable_by_key(|(edge, row, _)| (edge.source, edge.target, *row));
        let mut fresh = Vec::with_capacity(asked.len());
        for run in asked.chunk_by(|x, y| (x.0.source, x.0.target) == (y.0.source, y.0.target)) {
            let first = run[0].0;
            let mut present = first.source < self.nodes() && self.weight(first.source, first.target).is_some();
            for &(edge, row, removes) in run {
                if removes && !present {
                    let (source_node, target_node) = (edge.source, edge.target);
                    return Err(Error::MissingEdge { row, source_node, target_node });
                }
                present = edge.weight > 0.0;
            }
            fresh.push(run[run.len() - 1].0);
        }
        let mut merged = Vec::with_capacity(self.edge_count() + fresh.len());
        let mut fresh = fresh.into_iter().peekable();
        let key = |edge: &Edge| (edge.source, edge.target);
        for edge in self.edges() {
            while let Some(next) = fresh.next_if(|next| key(next) < key(&edge)) {
                merged.push(next);
            }
            merged.push(fresh.next_if(|next| key(next) == key(&edge)).unwrap_or(edge));
        }
        merged.extend(fresh);
        merged.retain(|edge| edge.weight > 0.0 && edge.source != edge.target);
        Ok(Self { dropped: self.dropped, ..Self::rows(nodes, &merged, self.options) })
    }

    /// Number of nodes.
    pub fn nodes(&self) -> u32 {
        self.offsets.len() as u32 - 1
    }

    /// Number of edges, an undirected one counted once.
    pub fn edge_count(&self) -> usize {
        self.targets.len() / if self.options.directed { 1 } else { 2 }
    }

    /// How it was built.
    pub fn options(&self) -> GraphOptions {
        self.options
    }

    /// What had no place in it.
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Targets of a node's edges, ascending. Empty for a node that has none.
    ///
    /// # Panics
    /// When the node doesn't exist.
    pub fn neighbours(&self, node: u32) -> &[u32] {
        &self.targets[self.row(node)]
    }

    /// Weights of a node's edges, in the order of [`Graph::neighbours`].
    ///
    /// # Panics
    /// When the node doesn't exist.
    pub fn weights(&self, node: u32) -> &[f64] {
        &self.weights[self.row(node)]
    }

    /// Positions of a node's edges among all.
    pub(crate) fn row(&self, node: u32) -> std::ops::Range<usize> {
        self.offsets[node as usize]..self.offsets[node as usize + 1]
    }

    /// The weight of an edge, if it is there.
    pub fn weight(&self, source: u32, target: u32) -> Option<f64> {
        let at = self.neighbours(source).binary_search(&target).ok()?;
        Some(self.weights(source)[at])
    }

    /// All edges in order, an undirected one once with its lower end as source.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        (0..self.nodes()).flat_map(move |source| {
            let row = self.neighbours(source).iter().zip(self.weights(source));
            row.filter(move |&(&target, _)| self.options.directed || source < target)
                .map(move |(&target, &weight)| Edge { source, target, weight })
        })
    }

    /// The same graph with every edge leading both ways; the weights of two opposite edges are added.
    pub fn undirected(&self) -> Self {
        if !self.options.directed {
            return self.clone();
        }
        let options = GraphOptions { directed: false, parallel: Parallel::Sum };
        let edges: Vec<Edge> = self.edges().collect();
        let graph = Self::from_edges(self.nodes(), &edges, options).expect("edges of a graph are valid");
        Self { dropped: self.dropped, ..graph }
    }
}

fn check(row: usize, edge: &Edge, nodes: u32) -> Result<(), Error> {
    let (source_node, target_node) = (edge.source, edge.target);
    if source_node >= nodes || target_node >= nodes {
        return Err(Error::Node { row, source_node, target_node, nodes });
    }
    if edge.weight.is_finite() && edge.weight >= 0.0 {
        Ok(())
    } else {
        Err(Error::Weight { row, received: edge.weight })
    }
}

fn normal(edge: Edge, directed: bool) -> Edge {
    if directed {
        edge
    } else {
        Edge { source: edge.source.min(edge.target), target: edge.source.max(edge.target), ..edge }
    }
}

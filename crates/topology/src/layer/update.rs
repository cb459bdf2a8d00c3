//! Changes of the graph, and which neighbourhoods they reach.

use super::{Layer, Scout, compute};
use crate::edges::{Adjacency, Edge, WeightedGraph};
use crate::error::Error;
use canopy_core::{Cancel, Progress};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// A change of one edge. Either end may be named first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// Adds an edge, or gives it a new weight.
    Set {
        /// One end.
        a: u32,
        /// Other end.
        b: u32,
        /// Weight: finite, 0 or more.
        weight: f64,
    },
    /// Takes an edge away.
    Remove {
        /// One end.
        a: u32,
        /// Other end.
        b: u32,
    },
}

/// What an update did.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// Centres whose diagrams were recomputed, in ascending order.
    pub recomputed: Vec<u32>,
    /// Whether everything was recomputed because that was cheaper than finding out what had to be.
    pub full: bool,
}

/// From this share of the nodes as ends of changed edges on, nearly every neighbourhood is reached and looking for them costs more
/// than it spares.
const FULL_SHARE: f64 = 0.5;

/// An edge that changes.
struct Changed {
    a: u32,
    b: u32,
    /// Its rank before.
    old: Option<u32>,
    /// Its weight afterwards.
    new: Option<f64>,
}

impl Layer {
    /// Changes edges and recomputes the diagrams that this can affect; the result equals building anew, bit for bit.
    ///
    /// A neighbourhood is affected when it holds both ends of a changed edge, before or after. (A node that enters or leaves
    /// a neighbourhood does so by a path over a changed edge whose ends the neighbourhood holds.) Later changes of
    /// the same edge win. Where so many nodes are touched that nearly all would be affected, all are recomputed at once.
    ///
    /// # Errors
    /// [`Error::Node`] (also for a self-loop), [`Error::Weight`], [`Error::Missing`], [`Error::Cancelled`]; nothing is changed then.
    pub fn update(&mut self, changes: &[Change], cancel: &Cancel, progress: &Progress) -> Result<Update, Error> {
        let changed = self.changed(changes)?;
        if changed.is_empty() {
            return Ok(Update { recomputed: Vec::new(), full: false });
        }
        let (next, new_adjacency) = self.changed_graph(&changed);
        let mut ends: Vec<u32> = changed.iter().flat_map(|edge| [edge.a, edge.b]).collect();
        ends.sort_unstable();
        ends.dedup();
        let full = ends.len() as f64 > FULL_SHARE * f64::from(next.nodes());
        let recomputed: Vec<u32> = if full {
            (0..next.nodes()).collect()
        } else {
            let mut reached = Reached::new(next.nodes() as usize, self.options.radius);
            let was: Vec<_> = changed.iter().filter(|edge| edge.old.is_some()).map(|edge| (edge.a, edge.b)).collect();
            let is: Vec<_> = changed.iter().filter(|edge| edge.new.is_some()).map(|edge| (edge.a, edge.b)).collect();
            reached.mark(&new_adjacency, &is, cancel)?;
            // New weights alone leave hops as they were.
            if was != is {
                reached.mark(&self.adjacency, &was, cancel)?;
            }
            reached.nodes()
        };
        let fresh = compute(&next, &new_adjacency, &recomputed, &self.options, cancel, progress)?;
        // From here on nothing can fail.
        for (&centre, diagram) in recomputed.iter().zip(fresh) {
            self.diagrams[centre as usize] = diagram;
        }
        (self.graph, self.adjacency) = (next, new_adjacency);
        Ok(Update { recomputed, full })
    }

    /// What really changes, sorted by ends.
    fn changed(&self, changes: &[Change]) -> Result<Vec<Changed>, Error> {
        let nodes = self.graph.nodes();
        let mut asked = Vec::with_capacity(changes.len());
        for (row, change) in changes.iter().enumerate() {
            let (a, b) = change.key();
            if b >= nodes || a == b {
                return Err(Error::Node { row, a, b, nodes });
            }
            match *change {
                Change::Set { weight, .. } if !(weight.is_finite() && weight >= 0.0) => {
                    return Err(Error::Weight { row, received: weight });
                }
                Change::Set { weight, .. } => asked.push((a, b, row, Some(weight + 0.0))),
                Change::Remove { .. } => asked.push((a, b, row, None)),
            }
        }
        asked.sort_unstable_by_key(|&(a, b, row, _)| (a, b, row));
        let mut changed = Vec::with_capacity(asked.len());
        for run in asked.chunk_by(|x, y| (x.0, x.1) == (y.0, y.1)) {
            let (a, b, ..) = run[0];
            let old = self.adjacency.rank(a, b);
            let mut present = old.is_some();
            for &(.., row, new) in run {
                if !present && new.is_none() {
                    return Err(Error::Missing { row, a, b });
                }
                present = new.is_some();
            }
            let new = run[run.len() - 1].3;
            if old.map(|rank| self.graph.edges()[rank as usize].weight) != new {
                changed.push(Changed { a, b, old, new });
            }
        }
        Ok(changed)
    }

    fn changed_graph(&self, changed: &[Changed]) -> (WeightedGraph, Adjacency) {
        let mut gone = vec![false; self.graph.edges().len()];
        changed.iter().filter_map(|edge| edge.old).for_each(|rank| gone[rank as usize] = true);
        let is = |edge: &Changed| edge.new.map(|weight| Edge { a: edge.a, b: edge.b, weight });
        let mut fresh: Vec<Edge> = changed.iter().filter_map(is).collect();
        let (next, mut ranks) = self.graph.replaced(&gone, &mut fresh);
        // An edge that only weighs otherwise stays in its place among the neighbours.
        let mut came = Vec::new();
        for (edge, now) in changed.iter().filter_map(|edge| is(edge).map(|now| (edge, now))) {
            let rank = next.rank_of(&now);
            match edge.old {
                Some(old) => ranks[old as usize] = rank,
                None => came.extend([(edge.a, edge.b, rank), (edge.b, edge.a, rank)]),
            }
        }
        came.sort_unstable();
        (next, self.adjacency.patched(&ranks, &came))
    }
}

impl Change {
    fn key(&self) -> (u32, u32) {
        let (Self::Set { a, b, .. } | Self::Remove { a, b }) = *self;
        (a.min(b), a.max(b))
    }
}

/// Centres whose neighbourhood holds both ends of a changed edge.
struct Reached {
    radius: u32,
    marked: Vec<AtomicBool>,
}

/// Edges with one first end that a thread takes at a time; between two such it looks at the cancel flag.
const RUNS: usize = 16;

impl Reached {
    fn new(nodes: usize, radius: u32) -> Self {
        Self { radius, marked: (0..nodes).map(|_| AtomicBool::new(false)).collect() }
    }

    /// Hops are the same either way, so the centres are the nodes in both ends' balls. Edges come sorted by their first end.
    fn mark(&mut self, adjacency: &Adjacency, edges: &[(u32, u32)], cancel: &Cancel) -> Result<(), Error> {
        let nodes = self.marked.len();
        let mut seconds: Vec<u32> = edges.iter().map(|&(_, b)| b).collect();
        seconds.sort_unstable();
        seconds.dedup();
        let balls: Vec<Vec<u32>> = seconds
            .par_iter()
            .with_min_len(RUNS)
            .map_init(|| Scout::new(nodes), |scout, &b| scout.ball(adjacency, b, self.radius).to_vec())
            .collect();
        let ball_of = |b: u32| &balls[seconds.binary_search(&b).expect("every second end has a ball")];
        let runs: Vec<&[(u32, u32)]> = edges.chunk_by(|x, y| x.0 == y.0).collect();
        runs.par_chunks(RUNS).try_for_each_init(
            || Scout::new(nodes),
            |scout, runs| {
                cancel.check()?;
                for run in runs {
                    scout.ball(adjacency, run[0].0, self.radius);
                    for &(_, b) in *run {
                        let both = ball_of(b).iter().filter(|&&node| scout.holds(node));
                        both.for_each(|&node| self.marked[node as usize].store(true, Ordering::Relaxed));
                    }
                }
                Ok(())
            },
        )
    }

    fn nodes(&self) -> Vec<u32> {
        let marked = (0_u32..).zip(&self.marked).filter(|(_, marked)| marked.load(Ordering::Relaxed));
        marked.map(|(node, _)| node).collect()
    }
}

//! A graph as it stands, without being read anew after each change.

use crate::snapshot::{Slots, Snapshot};
use crate::steps::Step;
use canopy_graph::{Adjacency, Hypergraph, Names, Overlay};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A snapshot with what changed since laid over it. Nodes made since have the highest numbers; those that are gone keep theirs, without edges
/// and without a name.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) version: u64,
    pub(crate) graph: Overlay,
    names: Arc<Names>,
    slots: Arc<Slots>,
    /// Slots and ids of nodes made since, by slot: later ones have higher slots.
    added: Vec<(i64, String)>,
    /// Of those, and only of those that are still there.
    by_id: HashMap<String, u32>,
    gone: HashSet<u32>,
}

impl View {
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        Self {
            version: snapshot.version,
            graph: Overlay::new(snapshot.graph.clone()),
            names: snapshot.names.clone(),
            slots: snapshot.slots.clone(),
            added: Vec::new(),
            by_id: HashMap::new(),
            gone: HashSet::new(),
        }
    }

    /// Nodes of the snapshot.
    fn first(&self) -> u32 {
        self.names.ids().len() as u32
    }

    fn place(&self, slot: i64) -> Option<u32> {
        let added = || Some(self.first() + self.added.binary_search_by_key(&slot, |(slot, _)| *slot).ok()? as u32);
        self.slots.place(slot).or_else(added).filter(|node| !self.gone.contains(node))
    }

    /// Follows what a transaction changed; `None` when that doesn't fit, which it always does unless bytes changed on disk.
    pub(crate) fn follow(&mut self, steps: &[Step], version: u64) -> Option<()> {
        for step in steps {
            match step {
                Step::Node(slot, id) => {
                    if self.added.last().is_some_and(|(last, _)| last >= slot) {
                        return None;
                    }
                    self.by_id.insert(id.clone(), self.graph.grow());
                    self.added.push((*slot, id.clone()));
                }
                Step::Edge(source, target, weight) => {
                    self.graph.set(self.place(*source)?, self.place(*target)?, *weight);
                }
                Step::Gone(slot) => {
                    let node = self.place(*slot)?;
                    self.by_id.remove(&self.name(node));
                    self.gone.insert(node);
                }
            }
        }
        self.version = version;
        Some(())
    }

    /// The node of an id.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        let known = || self.names.find(id).filter(|node| !self.gone.contains(node));
        self.by_id.get(id).copied().or_else(known)
    }

    /// What a node is called.
    pub(crate) fn name(&self, node: u32) -> String {
        match self.names.ids().get(node as usize) {
            Some(id) => id.clone(),
            None => self.added[(node - self.first()) as usize].1.clone(),
        }
    }

    /// How much is held beside the snapshot.
    pub(crate) fn beside(&self) -> usize {
        self.graph.beside() + self.added.len() + self.gone.len()
    }

    /// A snapshot that holds the changes, with the hyperedges of `old`, which this began with.
    pub(crate) fn fold(&self, old: &Snapshot) -> Option<Snapshot> {
        let (graph, places) = self.graph.fold(|node| !self.gone.contains(&node));
        let kept = || (0..self.graph.nodes()).filter(|node| !self.gone.contains(node));
        let added = self.added.iter().map(|(slot, _)| *slot);
        let slots: Vec<i64> = self.slots.iter().chain(added).collect();
        let lists: Vec<Vec<u32>> = (0..old.hypergraph.len())
            .map(|at| old.hypergraph.members(at).iter().map(|&node| places[node as usize]))
            .map(|members| members.filter(|&node| node != u32::MAX).collect())
            .collect();
        Some(Snapshot {
            names: Arc::new(Names::new(kept().map(|node| self.name(node)).collect())),
            slots: Arc::new(Slots::new(kept().map(|node| slots[node as usize]).collect())),
            hypergraph: Arc::new(Hypergraph::new(graph.nodes(), &lists).ok()?),
            hyperedges: old.hyperedges.clone(),
            graph: Arc::new(graph),
            version: self.version,
        })
    }
}

//! Hypergraphs: sets of nodes, such as the documents that share a term.

use crate::error::Error;

/// Hyperedges as lists of distinct nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hypergraph {
    nodes: u32,
    offsets: Vec<usize>,
    members: Vec<u32>,
}

impl Hypergraph {
    /// Builds a hypergraph from lists; a node named twice in one counts once.
    ///
    /// # Errors
    /// [`Error::Node`] naming the list and the node.
    pub fn new<L: AsRef<[u32]>>(nodes: u32, lists: &[L]) -> Result<Self, Error> {
        let mut offsets = Vec::with_capacity(lists.len() + 1);
        let mut members = Vec::new();
        offsets.push(0);
        for (row, list) in lists.iter().enumerate() {
            let mut list = list.as_ref().to_vec();
            if let Some(&node) = list.iter().find(|&&node| node >= nodes) {
                return Err(Error::Node { row, source_node: node, target_node: node, nodes });
            }
            list.sort_unstable();
            list.dedup();
            members.extend(list);
            offsets.push(members.len());
        }
        Ok(Self { nodes, offsets, members })
    }

    /// Number of nodes.
    pub fn nodes(&self) -> u32 {
        self.nodes
    }

    /// Number of hyperedges.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no hyperedge.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nodes of a hyperedge, ascending.
    ///
    /// # Panics
    /// When the hyperedge doesn't exist.
    pub fn members(&self, hyperedge: usize) -> &[u32] {
        &self.members[self.offsets[hyperedge]..self.offsets[hyperedge + 1]]
    }

    /// For each node the hyperedges it belongs to: offsets and hyperedges.
    pub(crate) fn memberships(&self) -> (Vec<usize>, Vec<u32>) {
        let n = self.nodes as usize;
        let mut offsets = vec![0; n + 1];
        self.members.iter().for_each(|&node| offsets[node as usize + 1] += 1);
        (0..n).for_each(|i| offsets[i + 1] += offsets[i]);
        let mut cursor = offsets[..n].to_vec();
        let mut of = vec![0; self.members.len()];
        for hyperedge in 0..self.len() {
            for &node in self.members(hyperedge) {
                of[cursor[node as usize]] = hyperedge as u32;
                cursor[node as usize] += 1;
            }
        }
        (offsets, of)
    }
}

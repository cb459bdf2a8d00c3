//! Components: the spanning forest of the earliest edges.

/// A union-find with the edges that joined something.
#[derive(Debug, Default)]
pub(crate) struct Forest {
    parent: Vec<u32>,
    held: Vec<bool>,
}

impl Forest {
    /// Adds the edges by rank; `joined(rank, node)` hears of every edge that joins two components, with the root that goes: of two
    /// components the one with the lower first node stays.
    pub(crate) fn grow(&mut self, nodes: u32, ends: &[(u32, u32)], mut joined: impl FnMut(usize, u32)) {
        self.parent.clear();
        self.parent.extend(0..nodes);
        self.held.clear();
        self.held.resize(ends.len(), false);
        for (rank, &(a, b)) in ends.iter().enumerate() {
            let (a, b) = (self.root(a), self.root(b));
            if a != b {
                self.parent[a.max(b) as usize] = a.min(b);
                self.held[rank] = true;
                joined(rank, a.max(b));
            }
        }
    }

    /// The first node of a component, halving the path to it.
    fn root(&mut self, mut node: u32) -> u32 {
        while self.parent[node as usize] != node {
            let up = self.parent[self.parent[node as usize] as usize];
            self.parent[node as usize] = up;
            node = up;
        }
        node
    }

    /// Whether the edge belongs to the forest.
    pub(crate) fn holds(&self, rank: u32) -> bool {
        self.held[rank as usize]
    }

    /// First nodes of the components.
    pub(crate) fn roots(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.parent).filter(|&(node, &parent)| node == parent).map(|(node, _)| node)
    }

    /// Number of components.
    pub(crate) fn count(&self) -> usize {
        self.roots().count()
    }
}

//! What nodes are called.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// The ids of a graph's nodes, and the way back from an id to its node.
#[derive(Debug, Clone, Default)]
pub struct Names {
    ids: Vec<String>,
    nodes: HashTable<u32>,
}

impl Names {
    /// Names node `i` as `ids[i]`; of nodes with one name the first is found by it.
    pub fn new(ids: Vec<String>) -> Self {
        let mut nodes = HashTable::with_capacity(ids.len());
        for (node, id) in ids.iter().enumerate() {
            let hash = |&node: &u32| xxh3_64(ids[node as usize].as_bytes());
            let known = nodes.find(xxh3_64(id.as_bytes()), |&other: &u32| ids[other as usize] == *id).is_some();
            if !known {
                nodes.insert_unique(xxh3_64(id.as_bytes()), node as u32, hash);
            }
        }
        Self { ids, nodes }
    }

    /// The ids, in the order of nodes.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The ids where nodes have some.
    pub fn given(&self) -> Option<&[String]> {
        Some(self.ids()).filter(|ids| !ids.is_empty())
    }

    /// The node of this id.
    pub fn find(&self, id: &str) -> Option<u32> {
        self.nodes.find(xxh3_64(id.as_bytes()), |&node| self.ids[node as usize] == id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn ids_lead_to_their_nodes() {
        let names = Names::new((0..1000).map(|node| format!("n{}", node % 900)).collect());
        for node in 0..900 {
            assert_eq!(names.find(&format!("n{node}")), Some(node));
        }
        assert_eq!((names.find("n900"), names.find("")), (None, None));
        assert_eq!((Names::default().find("a"), Names::default().given()), (None, None));
    }
}

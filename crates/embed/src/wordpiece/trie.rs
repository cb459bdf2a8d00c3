//! Longest-match lookup of vocabulary entries.

/// No entry ends at a node.
const NONE: u32 = u32::MAX;

/// A byte trie; a node's children lie side by side, so that a step is a search through a few neighbouring bytes.
#[derive(Debug)]
pub(super) struct Trie {
    /// The byte that leads to each node.
    labels: Vec<u8>,
    nodes: Vec<Node>,
    /// The root has up to 256 children and is left by every word: a direct table.
    root: Box<[u32; 256]>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    first: u32,
    count: u32,
    token: u32,
}

impl Trie {
    /// Builds a trie of non-empty, distinct entries.
    pub(super) fn new(mut entries: Vec<(&[u8], u32)>) -> Self {
        entries.sort_unstable();
        let mut trie = Self { labels: Vec::new(), nodes: Vec::new(), root: Box::new([NONE; 256]) };
        // Breadth first: a node's children are appended together. `(node, entries below it, length of their common prefix)`.
        let mut queue = std::collections::VecDeque::from([(None, 0..entries.len(), 0)]);
        while let Some((parent, range, depth)) = queue.pop_front() {
            let first = number(trie.nodes.len());
            let mut from = range.start;
            while from < range.end {
                let label = entries[from].0[depth];
                let below = entries[from..range.end].partition_point(|entry| entry.0[depth] == label);
                let ends_here = entries[from].0.len() == depth + 1;
                let node = number(trie.nodes.len());
                trie.labels.push(label);
                trie.nodes.push(Node { first: 0, count: 0, token: if ends_here { entries[from].1 } else { NONE } });
                if parent.is_none() {
                    trie.root[usize::from(label)] = node;
                }
                queue.push_back((Some(node), from + usize::from(ends_here)..from + below, depth + 1));
                from += below;
            }
            if let Some(parent) = parent {
                let count = number(trie.nodes.len()) - first;
                let node = &mut trie.nodes[parent as usize];
                (node.first, node.count) = (first, count);
            }
        }
        trie
    }

    /// The longest entry that `text` begins with: its token and length.
    #[inline]
    pub(super) fn longest(&self, text: &[u8]) -> Option<(u32, usize)> {
        let mut at = self.root[usize::from(*text.first()?)];
        let mut best = None;
        let mut depth = 1;
        while at != NONE {
            let node = self.nodes[at as usize];
            if node.token != NONE {
                best = Some((node.token, depth));
            }
            let children = node.first as usize..(node.first + node.count) as usize;
            let Some(&next) = text.get(depth) else { break };
            at = match self.labels[children].iter().position(|&label| label == next) {
                Some(child) => node.first + number(child),
                None => NONE,
            };
            depth += 1;
        }
        best
    }

    /// Bytes held.
    pub(super) fn memory_bytes(&self) -> usize {
        self.labels.len() + self.nodes.len() * size_of::<Node>() + 1024
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("a vocabulary has fewer than 2^32 bytes")
}

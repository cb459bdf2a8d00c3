//! Longest-match lookup of vocabulary entries.

use canopy_simd::gemm::Buffer;

/// No entry ends at a node.
const NONE: u32 = u32::MAX;

/// A byte trie. Nodes are numbered breadth first, so that a node's children lie side by side and right before those of the next node: a
/// step is a search through a few neighbouring bytes.
#[derive(Debug)]
pub(super) struct Trie {
    /// The byte that leads to each node.
    labels: Buffer<u8>,
    /// Each node's first child; the next node's first child ends its children.
    children: Buffer<u32>,
    /// The token that ends at each node, or none.
    tokens: Buffer<u32>,
    /// The root has up to 256 children and is left by every word: a direct table.
    root: Box<[u32; 256]>,
}

impl Trie {
    /// Builds a trie of non-empty, distinct entries.
    pub(super) fn new(mut entries: Vec<(&[u8], u32)>) -> Self {
        entries.sort_unstable();
        let (mut labels, mut children, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
        let mut root = Box::new([NONE; 256]);
        // `(is it the root, entries below the node, length of their common prefix)`
        let mut queue = std::collections::VecDeque::from([(true, 0..entries.len(), 0)]);
        while let Some((is_root, range, depth)) = queue.pop_front() {
            if !is_root {
                children.push(number(labels.len()));
            }
            let mut from = range.start;
            while from < range.end {
                let (text, token) = entries[from];
                let below = entries[from..range.end].partition_point(|entry| entry.0[depth] == text[depth]);
                let ends_here = text.len() == depth + 1;
                if is_root {
                    root[usize::from(text[depth])] = number(labels.len());
                }
                labels.push(text[depth]);
                tokens.push(if ends_here { token } else { NONE });
                queue.push_back((false, from + usize::from(ends_here)..from + below, depth + 1));
                from += below;
            }
        }
        children.push(number(labels.len()));
        Self {
            labels: labels.as_slice().into(),
            children: children.as_slice().into(),
            tokens: tokens.as_slice().into(),
            root,
        }
    }

    /// The longest entry that `text` begins with: its token and length.
    #[inline]
    pub(super) fn longest(&self, text: &[u8]) -> Option<(u32, usize)> {
        let mut at = self.root[usize::from(*text.first()?)];
        let mut best = None;
        let mut depth = 1;
        while at != NONE {
            let token = self.tokens[at as usize];
            if token != NONE {
                best = Some((token, depth));
            }
            let first = self.children[at as usize];
            let children = first as usize..self.children[at as usize + 1] as usize;
            let Some(&next) = text.get(depth) else { break };
            at = match self.labels[children].iter().position(|&label| label == next) {
                Some(child) => first + number(child),
                None => NONE,
            };
            depth += 1;
        }
        best
    }

    /// Bytes held.
    pub(super) fn memory_bytes(&self) -> usize {
        self.labels.len() * (1 + 2 * size_of::<u32>()) + 1024
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("a vocabulary has fewer than 2^32 bytes")
}

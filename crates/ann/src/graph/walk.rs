//! The walk: from node to nearer node, over codes.

use super::links::Links;
use super::pool::Pool;
use super::space::Projection;
use canopy_simd::{CodeQuery, prefetch};
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Breadth from which a walk visits two nodes at a time.
const PAIRS: usize = 16;

/// What a walk reads.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) codes: &'a [u8],
    pub(super) stride: usize,
    pub(super) links: &'a [u32],
    pub(super) degree: usize,
}

impl<'a> View<'a> {
    /// The neighbours of a node.
    #[inline]
    pub(super) fn neighbours(&self, node: u32) -> &'a [u32] {
        Links::filled(&self.links[node as usize * self.degree..][..self.degree])
    }

    #[inline]
    pub(super) fn prefetch_links(&self, node: u32) {
        let row = self.degree * size_of::<u32>();
        prefetch(bytemuck::cast_slice(self.links), node as usize * row, row);
    }

    pub(super) fn nodes(&self) -> usize {
        self.codes.len() / self.stride
    }
}

/// Which nodes a walk has met: one bit each, cleared by the list of those that were set.
#[derive(Debug, Default)]
pub(super) struct Visited {
    words: Vec<u64>,
    met: Vec<u32>,
}

impl Visited {
    fn start(&mut self, nodes: usize) {
        for &node in &self.met {
            self.words[node as usize / 64] = 0;
        }
        self.met.clear();
        let words = nodes.div_ceil(64);
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
    }

    /// Leaves in `ids` the nodes that are met for the first time. Numbers outside the graph, as a damaged file may hold, never are.
    #[inline]
    pub(super) fn meet(&mut self, nodes: &[u32], count: usize, ids: &mut Vec<u32>) {
        ids.resize(nodes.len(), 0);
        let mut fresh = 0;
        for &node in nodes {
            if node as usize >= count {
                continue;
            }
            let (word, bit) = (&mut self.words[node as usize / 64], 1_u64 << (node % 64));
            // Written in any case and counted when new: whether a node is new can't be predicted.
            ids[fresh] = node;
            fresh += usize::from(*word & bit == 0);
            *word |= bit;
        }
        ids.truncate(fresh);
        self.met.extend_from_slice(ids);
    }

    /// How many nodes were met.
    pub(super) fn count(&self) -> usize {
        self.met.len()
    }
}

/// Buffers of one thread; a walk allocates nothing once they have grown.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) projection: Projection,
    pub(super) query: CodeQuery,
    pub(super) pool: Pool,
    pub(super) visited: Visited,
    /// Nodes from which a walk starts.
    pub(super) starts: Vec<u32>,
    pub(super) ids: Vec<u32>,
    pub(super) more: Vec<u32>,
    pub(super) scores: Vec<f32>,
    /// Nodes that a filtered walk may still visit, nearest first.
    pub(super) open: BinaryHeap<Reverse<u64>>,
    pub(super) prune: super::prune::Buffers,
    pub(super) row: Vec<f32>,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl Scratch {
    /// Runs `work` with the buffers of this thread.
    pub(super) fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        let mut scratch = SCRATCH.take().unwrap_or_default();
        let result = work(&mut scratch);
        SCRATCH.set(Some(scratch));
        result
    }

    /// Starts a walk over `nodes` nodes that visits the nearest `wide` candidates and keeps `most`.
    pub(super) fn start(&mut self, nodes: usize, wide: usize, most: usize) {
        self.visited.start(nodes);
        self.pool.start(wide, most);
    }

    /// Scores the nodes that weren't met before.
    #[inline]
    pub(super) fn score_new(&mut self, view: View<'_>, nodes: &[u32]) {
        self.visited.meet(nodes, view.nodes(), &mut self.ids);
        for &node in &self.ids {
            prefetch(view.codes, node as usize * view.stride, view.stride);
        }
        self.score(view);
    }

    /// Scores the nodes in `ids`.
    #[inline]
    pub(super) fn score(&mut self, view: View<'_>) {
        self.scores.resize(self.ids.len(), 0.0);
        self.query.scores(view.codes, &self.ids, &mut self.scores);
    }

    /// [`Scratch::walk`] over the whole graph from where [`super::entry::descend`] led.
    pub(super) fn walk_on(&mut self, view: View<'_>, wide: usize, most: usize) {
        let starts = std::mem::take(&mut self.starts);
        self.walk(view, &starts, wide, most);
        self.starts = starts;
    }

    /// Walks from `starts` until all of the nearest `wide` candidates were visited; keeps the nearest `most`.
    pub(super) fn walk(&mut self, view: View<'_>, starts: &[u32], wide: usize, most: usize) {
        self.start(view.nodes(), wide, most);
        self.score_new(view, starts);
        self.offer();
        // Two nodes at a time from a certain breadth on: their neighbours arrive from memory together, and hardly any visit is in vain.
        let pairs = wide >= PAIRS;
        while let Some(node) = self.pool.visit() {
            let other = if pairs { self.pool.visit() } else { None };
            if let Some(next) = self.pool.peek() {
                view.prefetch_links(next);
            }
            self.visited.meet(view.neighbours(node), view.nodes(), &mut self.ids);
            if let Some(other) = other {
                self.visited.meet(view.neighbours(other), view.nodes(), &mut self.more);
                self.ids.extend_from_slice(&self.more);
            }
            for &node in &self.ids {
                prefetch(view.codes, node as usize * view.stride, view.stride);
            }
            self.score(view);
            self.offer();
            if let Some(next) = self.pool.peek() {
                view.prefetch_links(next);
            }
        }
    }

    #[inline]
    pub(super) fn offer(&mut self) {
        let mut limit = self.pool.limit();
        for (&id, &score) in self.ids.iter().zip(&self.scores) {
            if score <= limit {
                self.pool.offer(score, id);
                limit = self.pool.limit();
            }
        }
    }
}

//! Ways in: small graphs over samples, each a state of the graph while it was growing.
//!
//! Nodes are inserted in random order, so the first 1,024 of them with the links they had then are a graph over a random sample. Kept aside
//! with a copy of its codes, it does what an upper layer of an HNSW does, and costs nothing to build.

use super::links::{Links, NONE};
use super::walk::{Scratch, View};
use canopy_file::Buffer;
use std::io;

/// Nodes of the first sample. All of them are looked at, about a microsecond's work, so that no cluster of the data is missed for want of a way to it.
pub(super) const FIRST: usize = 256;
/// Each sample is so many times larger than the one before.
pub(super) const GROWTH: usize = 16;
/// Nodes from which the walk over the next sample, and at last over the whole graph, starts.
const STARTS: usize = 3;
/// A sample that is less than this many times smaller than the graph isn't worth a step.
pub(super) const WORTH: usize = 4;

/// A graph over a sample.
#[derive(Debug)]
pub(super) struct Entry {
    /// Position of each node of the sample in the whole graph.
    pub(super) nodes: Vec<u32>,
    pub(super) codes: Buffer<u8>,
    /// Neighbours by their number in the sample.
    pub(super) links: Links,
}

impl Entry {
    /// The graph's present state over `nodes`, which are all it has.
    pub(super) fn of(view: View<'_>, nodes: &[u32], degree: usize) -> io::Result<Self> {
        let count = nodes.len();
        let mut number = vec![NONE; view.nodes()];
        nodes.iter().zip(0..).for_each(|(&node, i)| number[node as usize] = i);
        let mut codes = Buffer::zeroed(count * view.stride)?;
        let mut links = Links::new(degree);
        links.resize(count)?;
        let (code_rows, link_rows) = (codes.get_mut()?, links.rows.get_mut()?);
        for (i, &node) in nodes.iter().enumerate() {
            let from = node as usize * view.stride;
            code_rows[i * view.stride..][..view.stride].copy_from_slice(&view.codes[from..from + view.stride]);
            let near = view.neighbours(node).iter().map(|&id| number[id as usize]).filter(|&id| id != NONE);
            let row: Vec<u32> = near.take(degree).collect();
            Links::fill(&mut link_rows[i * degree..(i + 1) * degree], &row);
        }
        Ok(Self { nodes: nodes.to_vec(), codes, links })
    }

    fn view(&self, stride: usize) -> View<'_> {
        View { codes: self.codes.get(), stride, links: self.links.rows.get(), degree: self.links.degree }
    }

    pub(super) fn bytes(&self) -> usize {
        self.nodes.len() * size_of::<u32>() + self.codes.bytes() + self.links.rows.bytes()
    }
}

/// Whether a sample of this size is kept.
pub(super) fn is_sample(count: usize) -> bool {
    std::iter::successors(Some(FIRST), |size| size.checked_mul(GROWTH))
        .take_while(|&size| size <= count)
        .any(|size| size == count)
}

/// Leaves in `scratch.starts` the nodes from which a walk over the whole graph starts: those of the last worthwhile sample that are nearest to the
/// query in `scratch`, as a walk down the samples finds them; `start` when there is no sample.
pub(super) fn descend(entries: &[Entry], nodes: usize, stride: usize, start: u32, scratch: &mut Scratch) {
    scratch.starts.clear();
    let mut starts = std::mem::take(&mut scratch.starts);
    let mut last: Option<&Entry> = None;
    for entry in entries.iter().take_while(|entry| entry.nodes.len() * WORTH <= nodes) {
        let view = entry.view(stride);
        if last.is_none() {
            // A pool of three over one batch of scores.
            starts.extend(0..view.nodes() as u32);
        }
        scratch.walk(view, &starts, if last.is_none() { 0 } else { STARTS }, STARTS);
        starts.clear();
        // Samples are prefixes of one order: a node has the same number in every sample that holds it.
        starts.extend(scratch.pool.iter().map(|(_, id)| id));
        last = Some(entry);
    }
    match last {
        Some(entry) => {
            let node = |number: u32| entry.nodes.get(number as usize).copied().unwrap_or(start);
            starts.iter_mut().for_each(|number| *number = node(*number));
        }
        None => starts.push(start),
    }
    scratch.starts = starts;
}

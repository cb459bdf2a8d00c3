//! Putting nodes into the graph, many at once, with the same result at any number of threads.
//!
//! As in ParlayANN (Manohar et al., PPoPP 2024): every node of a batch looks for its neighbours in the graph as it was before the batch; then
//! links back are grouped by the node they lead to, and each such node is dealt with by one thread. Batches grow with the graph.

use super::bits::Bits;
use super::connect;
use super::entry::{self, Entry};
use super::links::{Links, NONE};
use super::prune::ask;
use super::walk::{Scratch, View};
use crate::Error;
use canopy_core::Cancel;
use rayon::prelude::*;

/// A batch is at most this part of the graph, so that its nodes, which don't see each other, are few among those they see.
const PART: usize = 4;
/// And at most so many nodes.
const MOST: usize = 8192;
/// Rows of links that one thread works on at a time.
const ROWS: usize = 512;

/// What decides the shape of a graph.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) degree: usize,
    pub(super) ef: usize,
    pub(super) alpha: f32,
}

/// A graph that grows; codes of all nodes that will be put in stand already.
pub(super) struct Growth<'a> {
    pub(super) codes: &'a [u8],
    pub(super) stride: usize,
    pub(super) links: &'a mut Links,
    pub(super) entries: &'a mut Vec<Entry>,
    pub(super) shape: Shape,
    /// Nodes that are in the graph.
    pub(super) present: usize,
    /// One of them.
    pub(super) start: Option<u32>,
    /// Nodes that nobody shall link to.
    pub(super) dead: &'a Bits,
}

impl Growth<'_> {
    fn view(&self) -> View<'_> {
        View { codes: self.codes, stride: self.stride, links: self.links.rows.get(), degree: self.links.degree }
    }

    /// Puts the nodes in, in this order. `samples` says whether samples are kept as ways in: true when the order is random from the start.
    pub(super) fn put(
        &mut self,
        order: &[u32],
        samples: bool,
        cancel: &Cancel,
        mut done: impl FnMut(usize),
    ) -> Result<(), Error> {
        let mut at = 0;
        while at < order.len() {
            cancel.check()?;
            // Nor is it larger than what came before it in this call: new vectors may be near to each other and far from all others.
            let mut end = at + (self.present / PART).min(at).clamp(1, MOST);
            if samples {
                let next = (at + 1..=end).find(|&count| entry::is_sample(count));
                end = next.unwrap_or(end);
            }
            let batch = &order[at..end.min(order.len())];
            self.batch(batch)?;
            at += batch.len();
            self.present += batch.len();
            if samples && entry::is_sample(at) {
                let sample = Entry::of(self.view(), &order[..at], self.shape.degree)?;
                self.entries.push(sample);
            }
            done(at);
        }
        Ok(())
    }

    fn batch(&mut self, batch: &[u32]) -> Result<(), Error> {
        let degree = self.shape.degree;
        let mut chosen = vec![NONE; batch.len() * degree];
        if let Some(start) = self.start {
            let near = |(row, &node): (&mut [u32], &u32)| {
                Scratch::with(|scratch| Links::fill(row, self.neighbours(node, start, scratch)));
            };
            chosen.par_chunks_mut(degree).zip(batch).with_max_len(16).for_each(near);
        } else {
            self.start = batch.first().copied();
        }
        let width = self.links.degree;
        let rows = self.links.rows.get_mut()?;
        for (&node, row) in batch.iter().zip(chosen.chunks_exact(degree)) {
            Links::fill(&mut rows[node as usize * width..][..width], Links::filled(row));
        }
        self.link_back(batch, &chosen)?;
        self.adopt(batch, &chosen)
    }

    /// A node of the batch that no row took a link to gets one from the nearest of its own neighbours.
    fn adopt(&mut self, batch: &[u32], chosen: &[u32]) -> Result<(), Error> {
        let view = self.view();
        let orphan = |(row, &node): (&[u32], &u32)| {
            let near = Links::filled(row);
            let known = near.iter().any(|&other| view.neighbours(other).contains(&node));
            (!known).then_some(()).and_then(|()| near.first()).map(|&nearest| (node, nearest))
        };
        let orphans: Vec<(u32, u32)> =
            chosen.par_chunks(self.shape.degree).zip(batch).with_min_len(64).filter_map(orphan).collect();
        let width = self.links.degree;
        let rows = self.links.rows.get_mut()?;
        for (node, nearest) in orphans {
            connect::insert(rows, width, nearest, node);
        }
        Ok(())
    }

    /// The neighbours that a new node gets.
    fn neighbours<'s>(&self, node: u32, start: u32, scratch: &'s mut Scratch) -> &'s [u32] {
        let view = self.view();
        let bias = ask(view, node, &mut scratch.query);
        entry::descend(self.entries, self.present, self.stride, start, scratch);
        scratch.walk_on(view, self.shape.ef, self.shape.ef);
        scratch.prune.left.clear();
        let candidates = scratch
            .pool
            .iter()
            .filter(|&(_, id)| id != node && !self.dead.contains(id))
            .map(|(score, id)| (score + bias, id));
        scratch.prune.left.extend(candidates);
        scratch.prune.choose(view, self.shape.degree, self.shape.alpha);
        &scratch.prune.kept
    }

    /// Adds the links that lead back to a batch.
    fn link_back(&mut self, batch: &[u32], chosen: &[u32]) -> Result<(), Error> {
        let pair = |(row, &source): (&[u32], &u32)| {
            Links::filled(row)
                .iter()
                .map(move |&target| u64::from(target) << 32 | u64::from(source))
                .collect::<Vec<_>>()
        };
        let mut pairs: Vec<u64> = chosen.chunks_exact(self.shape.degree).zip(batch).flat_map(pair).collect();
        pairs.par_sort_unstable();
        let width = self.links.degree;
        let (codes, stride, shape, dead) = (self.codes, self.stride, self.shape, self.dead);
        let rows = self.links.rows.get_mut()?;
        rows.par_chunks_mut(ROWS * width).enumerate().for_each(|(chunk, rows)| {
            let first = (chunk * ROWS) as u64;
            let from = pairs.partition_point(|&pair| pair >> 32 < first);
            let to = from + pairs[from..].partition_point(|&pair| pair >> 32 < first + ROWS as u64);
            for group in pairs[from..to].chunk_by(|a, b| a >> 32 == b >> 32) {
                let target = (group[0] >> 32) as u32;
                let row = &mut rows[(target as usize - chunk * ROWS) * width..][..width];
                let sources = group.iter().map(|&pair| pair as u32);
                let view = View { codes, stride, links: &[], degree: width };
                add(view, target, row, sources, shape, dead);
            }
        });
        Ok(())
    }
}

/// Adds links to the row of `node`; when there are too many, those to dead nodes go and the best are chosen.
fn add(
    view: View<'_>,
    node: u32,
    row: &mut [u32],
    sources: impl Iterator<Item = u32> + Clone,
    shape: Shape,
    dead: &Bits,
) {
    let filled = Links::filled(row).len();
    let (old, places) = row.split_at_mut(filled);
    let old = &*old;
    let fresh = sources.filter(|source| !old.contains(source) && *source != node);
    let count = fresh.clone().count();
    if count <= places.len() {
        places.iter_mut().zip(fresh).for_each(|(place, source)| *place = source);
        return;
    }
    // In two turns with the same buffers, since the row is read in the first and written in the second.
    Scratch::with(|scratch| {
        scratch.prune.measure(view, node, old.iter().copied().filter(|&id| !dead.contains(id)).chain(fresh));
    });
    Scratch::with(|scratch| {
        scratch.prune.choose(view, shape.degree, shape.alpha);
        Links::fill(row, &scratch.prune.kept);
    });
}

/// Cuts every row down to `shape.degree` places.
pub(super) fn trim(codes: &[u8], stride: usize, wide: &Links, shape: Shape) -> Result<Links, Error> {
    let mut links = Links::new(shape.degree);
    links.resize(wide.rows.len() / wide.degree)?;
    let view = View { codes, stride, links: wide.rows.get(), degree: wide.degree };
    links.rows.get_mut()?.par_chunks_mut(shape.degree).enumerate().with_min_len(64).for_each(|(node, row)| {
        let node = node as u32;
        let near = view.neighbours(node);
        if near.len() <= shape.degree {
            return Links::fill(row, near);
        }
        Scratch::with(|scratch| {
            scratch.prune.measure(view, node, near.iter().copied());
            scratch.prune.choose(view, shape.degree, shape.alpha);
            Links::fill(row, &scratch.prune.kept);
        });
    });
    Ok(links)
}

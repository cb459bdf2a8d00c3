//! Upkeep of a graph that changes.
//!
//! A removed vector stays as a node that walks pass through (Singh et al., FreshDiskANN, 2021) until there are many of them; then every node
//! that links to one takes over the nearest of its links, and its place is free.

use super::GraphIndex;
use super::connect::connect;
use super::links::{Links, NONE};
use super::walk::Scratch;
use crate::Error;
use canopy_core::Cancel;
use rayon::prelude::*;

/// Removed nodes are repaired when they are more than this part of all.
const PART: usize = 10;
/// And more than this.
const LEAST: usize = 64;
/// After so many new nodes, as a part of all, the graph is gone through for nodes that nobody links to any more.
const LOOSE: usize = 16;

impl GraphIndex {
    /// The part of all nodes that were removed, replaced or put in since every node was known to be reached.
    pub fn churn(&self) -> f64 {
        (self.dead.len() + self.loose) as f64 / self.slots.len().max(1) as f64
    }

    /// Repairs when many vectors are gone.
    pub(super) fn repair_if_due(&mut self, cancel: &Cancel) -> Result<(), Error> {
        let buried = self.dead.len() - self.free.len();
        if buried > LEAST && buried > self.slots.len() / PART { self.repair(cancel) } else { Ok(()) }
    }

    /// Links past removed nodes, whose places are free from then on.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Cancelled`]; the index is then as it was.
    pub fn repair(&mut self, cancel: &Cancel) -> Result<(), Error> {
        let (view, dead, shape) = (self.view(), &self.dead, self.shape());
        let mend = |node: u32| -> Option<(u32, Vec<u32>)> {
            let near = view.neighbours(node);
            if dead.contains(node) || cancel.is_cancelled() || !near.iter().any(|&id| dead.contains(id)) {
                return None;
            }
            let beyond = near.iter().filter(|&&id| dead.contains(id)).flat_map(|&id| view.neighbours(id));
            let mut ids: Vec<u32> = near.iter().chain(beyond).copied().collect();
            ids.retain(|&id| id != node && !dead.contains(id));
            ids.sort_unstable();
            ids.dedup();
            Scratch::with(|scratch| {
                scratch.prune.measure(view, node, ids.into_iter());
                scratch.prune.choose(view, shape.degree, shape.alpha);
                Some((node, scratch.prune.kept.clone()))
            })
        };
        let mended: Vec<(u32, Vec<u32>)> =
            (0..self.slots.len() as u32).into_par_iter().with_min_len(256).filter_map(mend).collect();
        cancel.check()?;
        self.leave_dead_ways();
        let degree = self.links.degree;
        let rows = self.links.rows.get_mut()?;
        for (node, near) in mended {
            Links::fill(&mut rows[node as usize * degree..][..degree], &near);
        }
        self.free = (0..self.slots.len() as u32).filter(|&node| self.dead.contains(node)).collect();
        for &node in &self.free {
            rows[node as usize * degree..][..degree].fill(NONE);
        }
        self.connect()
    }

    /// Sees to it that every vector can be reached, when many were added.
    pub(super) fn connect_if_due(&mut self) -> Result<(), Error> {
        if self.loose > self.slots.len() / LOOSE { self.connect() } else { Ok(()) }
    }

    /// Sees to it that every vector can be reached.
    fn connect(&mut self) -> Result<(), Error> {
        let (codes, stride, wide) = (self.codes.get(), self.space.stride, self.options.ef);
        self.loose = 0;
        Ok(connect(codes, stride, &mut self.links, &self.entries, self.start, wide, &self.dead)?)
    }

    /// Ways in that end at a removed node end at a live neighbour of it from now on.
    fn leave_dead_ways(&mut self) {
        let (view, dead) = (
            super::walk::View {
                codes: self.codes.get(),
                stride: self.space.stride,
                links: self.links.rows.get(),
                degree: self.links.degree,
            },
            &self.dead,
        );
        let any = (0..self.slots.len() as u32).find(|&node| !dead.contains(node)).unwrap_or(0);
        let live = |node: u32| {
            let near = view.neighbours(node);
            let second = near.iter().flat_map(|&id| view.neighbours(id));
            near.iter().chain(second).copied().find(|&id| !dead.contains(id)).unwrap_or(any)
        };
        for entry in &mut self.entries {
            entry.nodes.iter_mut().filter(|node| dead.contains(**node)).for_each(|node| *node = live(*node));
        }
        if dead.contains(self.start) {
            self.start = live(self.start);
        }
    }
}

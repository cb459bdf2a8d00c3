//! A walk among allowed vectors that steps over the others.
//!
//! A walk that scored every node on its way would score `1 / share` of them for each that may be found. This one scores allowed nodes only; where a node has few such
//! neighbours, those of its other neighbours are looked at in their place, which costs their links and a bit each (ACORN-1: Patel et al., SIGMOD 2024, section 6). Where
//! there are hardly any even so, because the query lies far from all that is allowed, it goes on over the others as well, nearest first.

use super::filter::{Allowed, POLL};
use super::pool::ordered;
use super::walk::{Scratch, View};
use canopy_core::{Cancel, Cancelled};
use canopy_simd::prefetch;
use std::cmp::Reverse;

/// Allowed nodes that a visit should find; it steps over others until it has.
pub(super) const ENOUGH: usize = 24;
/// With fewer than this the others are scored, too, so that the walk goes on.
const POOR: usize = 3;
/// Rows of links that are asked for ahead.
const AHEAD: usize = 8;

/// Buffers of one thread.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// Neighbours that aren't allowed.
    others: Vec<u32>,
    /// Of these, the ones that are stepped over for the first time.
    stepped: Vec<u32>,
    /// Allowed neighbours, of the node or of one that is stepped over.
    beyond: Vec<u32>,
}

impl Scratch {
    /// Fills the pool with the nearest allowed nodes, until no node left to visit is nearer than the last of the `wide` nearest.
    ///
    /// `false` when it met `budget` nodes before.
    pub(super) fn walk_among(
        &mut self,
        view: View<'_>,
        allowed: Allowed<'_>,
        wide: usize,
        most: usize,
        budget: usize,
        cancel: &Cancel,
    ) -> Result<bool, Cancelled> {
        self.start(view.nodes(), wide, most);
        self.open.clear();
        let starts = std::mem::take(&mut self.starts);
        self.score_new(view, &starts);
        self.starts = starts;
        self.offer_allowed(allowed);
        let mut visits = 0;
        while let Some(Reverse(key)) = self.open.pop() {
            if (key >> 32) as u32 > ordered(self.pool.limit_of(wide)) {
                break;
            }
            if self.visited.count() > budget {
                return Ok(false);
            }
            visits += 1;
            if visits % POLL == 0 {
                cancel.check()?;
            }
            self.look_around(view, allowed, key as u32);
            self.score(view);
            self.offer_allowed(allowed);
            if let Some(&Reverse(next)) = self.open.peek() {
                view.prefetch_links(next as u32);
            }
        }
        Ok(true)
    }

    /// Leaves in `ids` what is to be scored around a node.
    fn look_around(&mut self, view: View<'_>, allowed: Allowed<'_>, node: u32) {
        let Self { visited, ids, more, among: Buffers { others, stepped, beyond }, .. } = self;
        stepped.clear();
        let (nodes, near) = (view.nodes(), view.neighbours(node));
        allowed.split(near, beyond, others);
        for &id in others.iter().take(AHEAD) {
            view.prefetch_links(id);
        }
        visited.meet(beyond, nodes, ids);
        ids.iter().for_each(|&id| prefetch(view.codes, id as usize * view.stride, view.stride));
        for i in 0..others.len() {
            if ids.len() >= ENOUGH {
                return;
            }
            if let Some(&later) = others.get(i + AHEAD) {
                view.prefetch_links(later);
            }
            // One that was stepped over before leads to nothing new.
            visited.meet(&others[i..=i], nodes, more);
            if more.is_empty() {
                continue;
            }
            stepped.push(others[i]);
            allowed.pick(view.neighbours(others[i]), beyond);
            visited.meet(beyond, nodes, more);
            more.iter().for_each(|&id| prefetch(view.codes, id as usize * view.stride, view.stride));
            ids.extend_from_slice(more);
        }
        if ids.len() < POOR {
            ids.extend_from_slice(stepped);
        }
    }

    /// Takes what was scored into account: all of it leads on, what is allowed may be found.
    fn offer_allowed(&mut self, allowed: Allowed<'_>) {
        let limit = self.pool.limit();
        for (&id, &score) in self.ids.iter().zip(&self.scores) {
            if score <= limit {
                self.open.push(Reverse(u64::from(ordered(score)) << 32 | u64::from(id)));
                if allowed.has(id) {
                    self.pool.offer(score, id);
                }
            }
        }
    }
}

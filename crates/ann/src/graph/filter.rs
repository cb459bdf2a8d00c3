//! Searches in a part of the vectors: a scan ([`super::scan`]) where few are allowed, a walk that passes through the others where many are.

use super::GraphIndex;
use super::bits::Bits;
use super::entry;
use super::pool::ordered;
use super::walk::{Scratch, View};
use canopy_core::{Cancel, Cancelled, SlotSet};
use std::cmp::Reverse;

/// Scoring one more code row of a scan costs this part of visiting one more node of a walk; measured on sets of 60,000 to 1,000,000 vectors.
const VISIT: usize = 60;
/// Words of a filter that are counted, evenly spread; a wrong count costs time, never an answer.
const COUNTED: usize = 1024;
/// Blocks of a scan, or visits of a walk, between two looks at the cancel flag.
pub(super) const POLL: usize = 64;
/// A walk that has met so many more nodes than a scan would score gives up.
const PATIENCE: usize = 4000;

/// What may be found.
#[derive(Clone, Copy)]
pub(super) struct Allowed<'a> {
    dead: &'a Bits,
    slots: &'a [u32],
    allow: Option<&'a SlotSet>,
}

impl Allowed<'_> {
    #[inline]
    pub(super) fn has(&self, position: u32) -> bool {
        !self.dead.contains(position)
            && self
                .allow
                .is_none_or(|allow| self.slots.get(position as usize).is_some_and(|&slot| allow.contains(slot)))
    }
}

/// About how many slots the set holds: counting all of a million bits would take as long as scoring a thousand rows.
fn about(allow: &SlotSet) -> usize {
    let step = (allow.words().len() / COUNTED).max(1);
    allow.words().iter().step_by(step).map(|word| word.count_ones() as usize * step).sum()
}

impl GraphIndex {
    pub(super) fn allowed<'a>(&'a self, allow: Option<&'a SlotSet>) -> Allowed<'a> {
        Allowed { dead: &self.dead, slots: self.slots.get(), allow }
    }

    /// Fills the pool of `scratch`, whose query is ready, with the nearest allowed vectors.
    pub(super) fn walk_allowed(
        &self,
        allow: Option<&SlotSet>,
        wide: usize,
        most: usize,
        scratch: &mut Scratch,
        cancel: &Cancel,
    ) -> Result<(), Cancelled> {
        let nodes = self.slots.len();
        let count = allow.map_or(self.len(), |allow| about(allow).min(self.len()));
        // A walk visits about wide / share nodes, share = count / nodes; a scan scores count.
        if count.saturating_mul(count) <= VISIT * wide.saturating_mul(nodes) {
            return self.scan(allow, most, scratch, cancel);
        }
        entry::descend(&self.entries, nodes, self.space.stride, self.start, scratch);
        let budget = if allow.is_some() { count + PATIENCE } else { usize::MAX };
        let finished = scratch.walk_through(self.view(), self.allowed(allow), wide, most, budget, cancel)?;
        // The allowed vectors lie elsewhere than the query: looking at each of them is bounded, walking on isn't.
        if finished { Ok(()) } else { self.scan(allow, most, scratch, cancel) }
    }

    /// Whether all vectors are so few that scoring each is less work than a walk.
    pub(super) fn is_small(&self, wide: usize) -> bool {
        self.slots.len() <= VISIT * wide
    }
}

impl Scratch {
    /// Walks through all nodes but keeps only allowed ones, until no node left to visit is nearer than the last of the `wide` nearest that are allowed.
    /// `false` when it met `budget` nodes before.
    fn walk_through(
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
            self.score_new(view, view.neighbours(key as u32));
            self.offer_allowed(allowed);
            if let Some(&Reverse(next)) = self.open.peek() {
                view.prefetch_links(next as u32);
            }
        }
        Ok(true)
    }

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

//! Searches in a part of the vectors: a scan where few are allowed, a walk that passes through the others where many are.

use super::GraphIndex;
use super::bits::Bits;
use super::entry;
use super::pool::ordered;
use super::walk::{Scratch, View};
use canopy_core::{Cancel, Cancelled, SlotSet};
use canopy_simd::prefetch;
use std::cmp::Reverse;

/// Scoring one more code row of a scan costs this part of visiting one more node of a walk; measured on sets of 60,000 to 1,000,000 vectors.
const VISIT: usize = 60;
/// Rows of a scan that are asked for at once: about as many as a core can wait for.
const BLOCK: usize = 32;
/// Words of a filter that are counted, evenly spread; a wrong count costs time, never an answer.
const COUNTED: usize = 1024;
/// Blocks of a scan, or visits of a walk, between two looks at the cancel flag.
const POLL: usize = 64;
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

    /// Fills the pool by scoring the codes of every allowed vector.
    fn scan(
        &self,
        allow: Option<&SlotSet>,
        most: usize,
        scratch: &mut Scratch,
        cancel: &Cancel,
    ) -> Result<(), Cancelled> {
        scratch.start(0, 0, most);
        let mut positions = std::mem::take(&mut scratch.positions);
        positions.clear();
        match allow {
            Some(allow) => self.positions_of(allow, &mut positions),
            None => positions.extend((0..self.slots.len() as u32).filter(|&position| !self.dead.contains(position))),
        }
        let result = scratch.score_all(self.view(), &positions, cancel);
        scratch.positions = positions;
        result
    }

    /// The positions of the slots that have one.
    fn positions_of(&self, allow: &SlotSet, out: &mut Vec<u32>) {
        // Of a narrow filter nearly every word is empty: eight are passed over at once.
        for (group, words) in allow.words().chunks(8).enumerate() {
            if words.iter().fold(0, |all, word| all | word) == 0 {
                continue;
            }
            for (i, &word) in words.iter().enumerate() {
                let mut rest = word;
                while rest != 0 {
                    let slot = (group * 8 + i) as u32 * 64 + rest.trailing_zeros();
                    rest &= rest - 1;
                    out.extend(self.positions.get(slot));
                }
            }
        }
    }
}

impl Scratch {
    /// Scores the codes at the given positions and offers those that may be among the nearest.
    fn score_all(&mut self, view: View<'_>, positions: &[u32], cancel: &Cancel) -> Result<(), Cancelled> {
        let ask = |ids: &[u32]| ids.iter().for_each(|&id| prefetch(view.codes, id as usize * view.stride, view.stride));
        ask(&positions[..positions.len().min(BLOCK)]);
        self.scores.resize(BLOCK, 0.0);
        for (block, ids) in positions.chunks(BLOCK).enumerate() {
            if block % POLL == 0 {
                cancel.check()?;
            }
            // The rows of the next block are on their way while this one is scored.
            let next = (block + 1) * BLOCK;
            ask(&positions[next.min(positions.len())..(next + BLOCK).min(positions.len())]);
            let scores = &mut self.scores[..ids.len()];
            self.query.scores(view.codes, ids, scores);
            let limit = self.pool.limit();
            // Hardly a block holds a near one once a few blocks were seen; without a branch the comparison runs on whole registers.
            if scores.iter().fold(false, |any, &score| any | (score <= limit)) {
                ids.iter().zip(scores).for_each(|(&id, score)| self.pool.offer(*score, id));
            }
        }
        Ok(())
    }

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

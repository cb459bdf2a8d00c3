//! Looking at the codes of every allowed vector.
//!
//! Rows of a narrow filter lie anywhere, so each is a miss of every cache; a scan is as fast as a core can have rows on their way at once. So the positions of a block are found, and its rows asked for, while
//! the block before is scored, and rows are asked for into the second cache: more of them may be on their way there than into the first (10,000 rows of a million, each from memory: 0.47 ms where the first cache took 0.80).

use super::GraphIndex;
use super::filter::POLL;
use super::walk::{Scratch, View};
use crate::slots::SlotMap;
use canopy_core::{Cancel, Cancelled, SlotSet};
use canopy_simd::prefetch_far;

/// Rows that are asked for at once, at least.
const BLOCK: usize = 32;
/// Words of a filter that are looked at together; their slots stand in one page of the map.
const GROUP: usize = 8;
const BITS: usize = u64::BITS as usize;

/// The positions of a filter's slots, group after group of words.
struct Positions<'a> {
    words: &'a [u64],
    /// The next word.
    at: usize,
    map: &'a SlotMap,
}

impl<'a> Positions<'a> {
    fn of(allow: &'a SlotSet, map: &'a SlotMap) -> Self {
        Self { words: allow.words(), at: 0, map }
    }

    /// Adds at least [`BLOCK`] positions, as long as there are any.
    fn add(&mut self, out: &mut Vec<u32>) {
        while out.len() < BLOCK && self.at < self.words.len() {
            let (first, end) = (self.at, self.words.len().min(self.at + GROUP));
            let group = &self.words[first..end];
            self.at = end;
            // Of a very narrow filter nearly every group is empty.
            if group.iter().fold(0, |all, word| all | word) == 0 {
                continue;
            }
            let Some((page, offset)) = self.map.page(first * BITS) else { continue };
            for (&word, base) in group.iter().zip((offset..).step_by(BITS)) {
                let mut rest = word;
                while rest != 0 {
                    out.extend(SlotMap::at(page, base + rest.trailing_zeros() as usize));
                    rest &= rest - 1;
                }
            }
        }
    }
}

impl GraphIndex {
    /// Fills the pool by scoring the codes of every allowed vector.
    pub(super) fn scan(
        &self,
        allow: Option<&SlotSet>,
        most: usize,
        scratch: &mut Scratch,
        cancel: &Cancel,
    ) -> Result<(), Cancelled> {
        scratch.start(0, 0, most);
        if let Some(allow) = allow {
            let mut positions = Positions::of(allow, &self.positions);
            return scratch.score_all(self.view(), |out| positions.add(out), cancel);
        }
        let mut live = (0..self.slots.len() as u32).filter(|&position| !self.dead.contains(position));
        scratch.score_all(self.view(), |out| out.extend(live.by_ref().take(BLOCK)), cancel)
    }
}

impl Scratch {
    /// Scores the codes at the positions that `more` adds until it adds none, and offers those that may be among the nearest.
    fn score_all(
        &mut self,
        view: View<'_>,
        mut more: impl FnMut(&mut Vec<u32>),
        cancel: &Cancel,
    ) -> Result<(), Cancelled> {
        let mut ask = |ids: &mut Vec<u32>| {
            ids.clear();
            more(ids);
            ids.iter().for_each(|&id| prefetch_far(view.codes, id as usize * view.stride, view.stride));
        };
        let (mut ids, mut next) = (std::mem::take(&mut self.ids), std::mem::take(&mut self.more));
        ask(&mut ids);
        let mut result = Ok(());
        for block in 0_usize.. {
            if block.is_multiple_of(POLL) {
                result = cancel.check();
            }
            if ids.is_empty() || result.is_err() {
                break;
            }
            // The rows of the next block are on their way while this one is scored.
            ask(&mut next);
            self.scores.resize(ids.len(), 0.0);
            self.query.scores(view.codes, &ids, &mut self.scores);
            let limit = self.pool.limit();
            // Hardly a block holds a near one once a few blocks were seen; without a branch the comparison runs on whole registers.
            if self.scores.iter().fold(false, |any, &score| any | (score <= limit)) {
                ids.iter().zip(&self.scores).for_each(|(&id, score)| self.pool.offer(*score, id));
            }
            std::mem::swap(&mut ids, &mut next);
        }
        (self.ids, self.more) = (ids, next);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// All positions of the slots that have one, in the order of the slots, whatever the filter's density.
        #[test]
        fn a_filter_is_gone_through(
            known in prop::collection::btree_set(0_u32..9000, 0..400),
            dense in prop::collection::vec((0_u32..9000, 1_u32..200), 0..3),
            narrow in prop::collection::btree_set(0_u32..20_000, 0..60),
        ) {
            let mut map = SlotMap::default();
            known.iter().zip(7..).for_each(|(&slot, position)| map.set(slot, position));
            let allowed: BTreeSet<u32> = dense.iter().flat_map(|&(from, len)| from..from + len).chain(narrow).collect();
            let set: SlotSet = allowed.iter().copied().collect();
            let mut positions = Positions::of(&set, &map);
            let mut all = Vec::new();
            loop {
                let mut block = Vec::new();
                positions.add(&mut block);
                if block.is_empty() {
                    break;
                }
                all.extend(block);
            }
            let expected: Vec<u32> = allowed.iter().filter_map(|&slot| map.get(slot)).collect();
            prop_assert_eq!(all, expected);
        }
    }
}

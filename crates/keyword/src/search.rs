//! The best documents of an OR query, skipping what can't win.
//!
//! MaxScore (Turtle & Flood 1995) over windows of slots with block bounds, as in Lucene's bulk scorer: in each window the
//! terms that together can't lift a document over the current k-th score are set aside. The others ("essential") add
//! their points into a dense array; what they touch and could still win is completed term by term from those set aside.

use crate::postings::{Block, List, Posting};
use crate::query::Query;
use crate::{Error, points::Points};
use canopy_core::{Cancel, Hit, SlotSet, TopK};

/// Slots a window: its sums (16 KiB) and the lengths (16 KiB) stay in the first-level cache.
const WINDOW: usize = 4096;

const WORD: usize = u64::BITS as usize;

/// A term's way through the windows.
struct Cursor<'a> {
    list: &'a List,
    /// First block that ends in this window or later.
    block: usize,
    scaled_weight: f32,
    /// Weight times drift: what a block's bound is multiplied with.
    bound_weight: f32,
    weight: f32,
    /// Points at most in this window; 0 when it holds no posting.
    at_most: u32,
}

/// Sums of one window.
struct Window {
    sums: Box<[u32; WINDOW]>,
    touched: [u64; WINDOW / WORD],
}

impl Query<'_> {
    /// See [`crate::KeywordIndex::search`].
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`], and nothing else.
    pub fn search(&self, k: usize, allow: Option<&SlotSet>, cancel: &Cancel) -> Result<Vec<Hit>, Error> {
        cancel.check()?;
        if k == 0 || self.terms.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(few) = allow.filter(|set| self.is_cheaper_one_by_one(set)) {
            return self.search_few(k, few, cancel);
        }
        let mut top = TopK::new(k);
        let mut cursors = self.cursors();
        let mut window = Window { sums: Box::new([0; WINDOW]), touched: [0; WINDOW / WORD] };
        let end = self.index.documents.slot_end();
        for start in (0..end).step_by(WINDOW) {
            cancel.check()?;
            let allowed = allow.map(|set| set.words().get(start / WORD..).unwrap_or_default());
            if allowed.is_some_and(|words| words.iter().take(WINDOW / WORD).all(|&word| word == 0)) {
                continue;
            }
            self.search_window(start, &mut cursors, &mut window, allowed, &mut top);
        }
        Ok(self.hits(top))
    }

    /// Scores what a narrow filter lets through, document by document.
    fn search_few(&self, k: usize, few: &SlotSet, cancel: &Cancel) -> Result<Vec<Hit>, Error> {
        let mut top = TopK::new(k);
        for (at, slot) in few.iter().enumerate() {
            if at.is_multiple_of(WINDOW) {
                cancel.check()?;
            }
            match self.points_of(slot) {
                0 => {}
                points => top.push(Hit { slot, score: points as f32 }),
            }
        }
        Ok(self.hits(top))
    }

    /// Looking a slot up costs about as much as adding 40 postings.
    fn is_cheaper_one_by_one(&self, allow: &SlotSet) -> bool {
        let postings = self.terms.iter().map(|term| self.index.dictionary.term(term.id).documents as usize);
        allow.len() * self.terms.len() * 40 < postings.sum()
    }

    /// From points back to scores.
    fn hits(&self, top: TopK) -> Vec<Hit> {
        let mut hits = top.into_sorted();
        hits.iter_mut().for_each(|hit| hit.score = self.points.score(hit.score as u32));
        hits
    }

    fn cursors(&self) -> Vec<Cursor<'_>> {
        let drift = self.index.drift();
        let cursor = |term: &crate::query::QueryTerm| Cursor {
            list: &self.index.dictionary.term(term.id).list,
            block: 0,
            scaled_weight: self.points.scaled(term.weight),
            bound_weight: term.weight * drift,
            weight: term.weight,
            at_most: 0,
        };
        self.terms.iter().map(cursor).collect()
    }

    fn search_window(
        &self,
        start: usize,
        cursors: &mut [Cursor<'_>],
        window: &mut Window,
        allowed: Option<&[u64]>,
        top: &mut TopK,
    ) {
        let lengths = &self.index.documents.lengths()[start..];
        let lengths = &lengths[..lengths.len().min(WINDOW)];
        let (from, to) = (start as u32, (start + lengths.len()) as u32);
        cursors.iter_mut().for_each(|cursor| cursor.enter(from, to, &self.points));
        cursors.sort_unstable_by_key(|cursor| cursor.at_most);

        let threshold = top.threshold().max(0.0) as u32;
        let mut set_aside = 0_u32;
        let essential = cursors
            .iter()
            .position(|cursor| {
                set_aside += cursor.at_most;
                set_aside > threshold
            })
            .unwrap_or(cursors.len());
        let (aside, essential) = cursors.split_at_mut(essential);
        if essential.is_empty() {
            return;
        }
        for cursor in essential {
            cursor.add(from, to, lengths, &self.points, window);
        }
        window.keep_allowed(allowed);
        self.complete(from, aside, lengths, window, top);
    }

    /// Turns the window's sums into hits, and clears it.
    fn complete(&self, from: u32, aside: &mut [Cursor<'_>], lengths: &[u32], window: &mut Window, top: &mut TopK) {
        // What the terms set aside could add at most, the strongest last as they are sorted.
        let rest: u32 = aside.iter().map(|cursor| cursor.at_most).sum();
        let mut threshold = top.threshold().max(0.0) as u32;
        for index in 0..window.touched.len() {
            let mut word = std::mem::take(&mut window.touched[index]);
            while word != 0 {
                let at = index * WORD + word.trailing_zeros() as usize;
                word &= word - 1;
                let sum = window.sums[at];
                if sum + rest <= threshold {
                    continue;
                }
                let slot = from + at as u32;
                if let Some(sum) = self.complete_one(slot, sum, rest, threshold, lengths[at], aside) {
                    top.push(Hit { slot, score: sum as f32 });
                    threshold = top.threshold().max(0.0) as u32;
                }
            }
        }
        window.sums.fill(0);
    }

    /// The whole sum of a document, or `None` as soon as it can't win.
    fn complete_one(
        &self,
        slot: u32,
        mut sum: u32,
        mut rest: u32,
        threshold: u32,
        length: u32,
        aside: &mut [Cursor<'_>],
    ) -> Option<u32> {
        for cursor in aside.iter_mut().rev() {
            if sum + rest <= threshold {
                return None;
            }
            if cursor.at_most == 0 {
                break;
            }
            rest -= cursor.at_most;
            if let Some(tf) = cursor.find(slot) {
                sum += self.points.of(cursor.scaled_weight, tf, length);
            }
        }
        (sum > threshold).then_some(sum)
    }
}

impl<'a> Cursor<'a> {
    /// Moves to the window `from..to` and learns what it can give there.
    fn enter(&mut self, from: u32, to: u32, points: &Points) {
        self.at_most = match self.list {
            // One posting: its own weight is bound enough.
            List::Few(few) if few.is_some_and(|posting| (from..to).contains(&posting.slot)) => {
                points.at_most(self.weight)
            }
            List::Few(_) => 0,
            List::Blocks(blocks) => {
                self.block += blocks[self.block..].iter().take_while(|block| block.last() < from).count();
                let here = blocks[self.block..].iter().take_while(|block| block.first() < to);
                here.map(Block::bound)
                    .reduce(f32::max)
                    .map_or(0, |bound| points.at_most((bound * self.bound_weight).min(self.weight)))
            }
        };
    }

    /// Adds the points of all postings in `from..to`.
    fn add(&self, from: u32, to: u32, lengths: &[u32], points: &Points, window: &mut Window) {
        let Window { sums, touched } = window;
        let mut visit = |slot: u32, tf: u8| {
            // The remainder is the identity here; it spares the bounds check.
            let at = (slot - from) as usize % WINDOW;
            sums[at] += points.of(self.scaled_weight, tf, lengths[at]);
            touched[at / WORD] |= 1 << (at % WORD);
        };
        match self.list {
            List::Few(few) => few.iter().for_each(|&Posting { slot, tf }| {
                if (from..to).contains(&slot) {
                    visit(slot, tf);
                }
            }),
            List::Blocks(blocks) => {
                for block in blocks[self.block..].iter().take_while(|block| block.first() < to) {
                    block.for_range(from, to, &mut visit);
                }
            }
        }
    }

    /// The frequency at `slot`; slots must ascend within a window.
    fn find(&mut self, slot: u32) -> Option<u8> {
        match self.list {
            List::Few(_) => self.list.find(slot),
            List::Blocks(blocks) => {
                while blocks.get(self.block).is_some_and(|block| block.last() < slot) {
                    self.block += 1;
                }
                blocks.get(self.block)?.find(slot)
            }
        }
    }
}

impl Window {
    fn keep_allowed(&mut self, allowed: Option<&[u64]>) {
        let Some(words) = allowed else { return };
        for (at, touched) in self.touched.iter_mut().enumerate() {
            *touched &= words.get(at).copied().unwrap_or(0);
        }
    }
}

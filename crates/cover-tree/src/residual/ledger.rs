//! What audits of a tree have found so far, and what they may still cost.
//!
//! Holding one query against all pairs costs as much as walks for hundreds. So calls of few queries don't pay for an audit each:
//! the first of its kind is audited at once; after that every call puts some of its answers aside, drawn at random, as many as
//! an eighth of the pairs that its walk computed pays for, and a batch of them is held against all pairs when it is full.

use super::answer::Audit;

/// Answers that are held against all pairs together: each row of V that is read serves all of them.
pub(super) const BATCH: usize = 16;
/// Audits compute at most one pair for so many of the walks (after the first of a kind, and of calls too small for a batch).
const SHARE: f64 = 8.0;

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    All,
    Before,
    Asked,
}

/// Counts of an audit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) queries: u64,
    /// Their true neighbours.
    pub(super) pairs: u64,
    pub(super) missed: u64,
    /// Those of the missed that lay beyond the envelope.
    pub(super) spared: u64,
}

impl Tally {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            queries: self.queries + other.queries,
            pairs: self.pairs + other.pairs,
            missed: self.missed + other.missed,
            spared: self.spared + other.spared,
        }
    }

    pub(super) fn report(&self) -> Audit {
        Audit::new(self.queries, self.pairs, self.missed)
    }
}

/// An answer that was put aside.
#[derive(Debug)]
pub(super) struct Owed {
    pub(super) x: Vec<f64>,
    pub(super) v: Vec<f64>,
    pub(super) p: f64,
    pub(super) ids: Vec<u32>,
}

/// One kind of question with one `k`.
#[derive(Debug)]
pub(super) struct Page {
    kind: Kind,
    k: usize,
    /// Whether walks take longer than all pairs, once that was tried.
    pub(super) crowded: Option<bool>,
    pub(super) tally: Tally,
    /// Calls so far: each draws another sample.
    pub(super) calls: u64,
    /// Queries whose audit is paid for.
    credit: f64,
    owed: Vec<Owed>,
}

impl Page {
    /// Notes the pairs that a walk among `n` points computed; gives how many of its answers to put aside.
    pub(super) fn pay(&mut self, kept: u64, n: usize, most: usize) -> usize {
        self.calls += 1;
        self.credit += kept as f64 / (SHARE * n.max(1) as f64);
        let count = (self.credit as usize).min(most);
        self.credit -= count as f64;
        count
    }

    /// Puts answers aside, and gives a batch when it is full.
    pub(super) fn put_aside(&mut self, owed: Vec<Owed>) -> Option<Vec<Owed>> {
        self.owed.extend(owed);
        (self.owed.len() >= BATCH).then(|| std::mem::take(&mut self.owed))
    }
}

/// All pages of a tree under one kernel and one envelope.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pages: Vec<Page>,
}

/// A page is small, and a caller who tries a thousand values of `k` shouldn't keep a thousand of them.
const MOST_PAGES: usize = 64;

impl Ledger {
    pub(super) fn page(&mut self, kind: Kind, k: usize) -> &mut Page {
        let at = self.pages.iter().position(|page| (page.kind, page.k) == (kind, k)).unwrap_or_else(|| {
            if self.pages.len() >= MOST_PAGES {
                self.pages.remove(0);
            }
            let (tally, owed) = (Tally::default(), Vec::new());
            self.pages.push(Page { kind, k, crowded: None, tally, calls: 0, credit: 0.0, owed });
            self.pages.len() - 1
        });
        &mut self.pages[at]
    }

    /// Forgets everything: the envelope has changed.
    pub(super) fn clear(&mut self) {
        self.pages.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audits_stay_within_their_share_and_nothing_put_aside_is_lost() {
        let mut ledger = Ledger::default();
        let (n, kept, mut drawn, mut audited) = (32_768, 465_000, 0, 0);
        for _ in 0..1000 {
            let page = ledger.page(Kind::Asked, 50);
            let count = page.pay(kept, n, 8);
            drawn += count;
            let owed = (0..count).map(|_| Owed { x: Vec::new(), v: Vec::new(), p: 1.0, ids: Vec::new() }).collect();
            audited += page.put_aside(owed).map_or(0, |batch| batch.len());
        }
        assert!(drawn - audited < BATCH, "{drawn} {audited}");
        let share = (drawn * n) as f64 / (1000.0 * kept as f64);
        assert!((0.12..=1.0 / SHARE).contains(&share), "{share}");
    }

    #[test]
    fn pages_are_kept_apart_and_not_for_ever() {
        let mut ledger = Ledger::default();
        ledger.page(Kind::Asked, 1).crowded = Some(true);
        assert_eq!(ledger.page(Kind::All, 1).crowded, None);
        assert_eq!(ledger.page(Kind::Asked, 1).crowded, Some(true));
        (2..200).for_each(|k| ledger.page(Kind::Asked, k).calls += 1);
        assert_eq!(ledger.page(Kind::Asked, 1).crowded, None);
    }
}

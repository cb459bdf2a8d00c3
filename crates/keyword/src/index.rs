//! The index: documents in and out, one at a time.

use crate::bm25::{Reference, Saturation};
use crate::dictionary::Dictionary;
use crate::documents::{Documents, MAX_LENGTH};
use crate::postings::Posting;
use crate::{Analyzer, Error, Options};

/// Texts by slot, found again by their words.
///
/// Everything is in memory and exact at all times: there are no segments to merge and no tombstones. One document costs
/// tens of microseconds and the next search sees it. Slots are expected to be dense: memory grows with the largest one.
///
/// ```
/// use canopy_core::Cancel;
/// use canopy_keyword::{KeywordIndex, Options};
///
/// let mut index = KeywordIndex::new(Options::default())?;
/// index.upsert(0, "A cat sat on the mat");
/// index.upsert(1, "Dogs chase cats");
/// let hits = index.search("who is chasing a cat?", 10, None, &Cancel::new())?;
/// assert_eq!(hits.iter().map(|hit| hit.slot).collect::<Vec<_>>(), [1, 0]);
/// # Ok::<(), canopy_keyword::Error>(())
/// ```
pub struct KeywordIndex {
    pub(crate) options: Options,
    pub(crate) analyzer: Analyzer,
    pub(crate) dictionary: Dictionary,
    pub(crate) documents: Documents,
    /// The average length for which blocks keep their bounds.
    pub(crate) reference: f32,
}

impl KeywordIndex {
    /// An empty index.
    ///
    /// # Errors
    /// [`Error::Option`] when `options` are out of range.
    pub fn new(options: Options) -> Result<Self, Error> {
        Ok(Self {
            options: options.check()?,
            analyzer: Analyzer::new(),
            dictionary: Dictionary::with_capacity(0),
            documents: Documents::default(),
            reference: 0.0,
        })
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.documents.count()
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of distinct terms.
    pub fn terms(&self) -> usize {
        self.dictionary.len()
    }

    /// The constants it scores with.
    pub fn options(&self) -> Options {
        self.options
    }

    /// Whether a document is in this slot.
    pub fn contains(&self, slot: u32) -> bool {
        self.documents.contains(slot)
    }

    /// Bytes of memory in use, the allocator's own included (estimated from sizes; walks the whole index).
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.dictionary.heap_bytes() + self.documents.heap_bytes()
    }

    /// Puts a text into a slot, in place of what was there. Words that both texts hold are changed where they are.
    pub fn upsert(&mut self, slot: u32, text: &str) {
        let mut found = Vec::new();
        let mut length = 0_u32;
        let Self { analyzer, dictionary, .. } = self;
        analyzer.tokens(text, |token| {
            length = length.saturating_add(u32::from(!token.extra));
            found.push(dictionary.intern(token.term));
        });
        found.sort_unstable();
        self.place(slot, length, &run_lengths(&found));
    }

    /// Puts counted terms (ascending numbers) into a slot.
    pub(crate) fn place(&mut self, slot: u32, length: u32, counted: &[(u32, u8)]) {
        let old = self.documents.remove(slot).unwrap_or_default();
        self.documents.insert(slot, length.min(MAX_LENGTH), counted.iter().map(|&(id, _)| id));
        self.follow_average();
        let bound =
            Reference { saturation: Saturation::new(self.options, self.reference), lengths: self.documents.lengths() };
        let mut old = old.into_iter().peekable();
        for &(id, tf) in counted {
            while let Some(gone) = old.next_if(|&gone| gone < id) {
                self.dictionary.take_out(gone, slot, &bound);
            }
            let posting = Posting { slot, tf };
            let term = self.dictionary.term_mut(id);
            if old.next_if_eq(&id).is_some() {
                term.list.replace(posting, &bound);
            } else {
                term.documents += 1;
                term.list.insert(posting, &bound);
            }
        }
        old.for_each(|gone| self.dictionary.take_out(gone, slot, &bound));
    }

    /// Takes a slot's document out; `true` when there was one.
    pub fn remove(&mut self, slot: u32) -> bool {
        // Bounds that shrink are computed from the lengths of the documents that stay, so the order doesn't matter.
        let Some(ids) = self.documents.remove(slot) else { return false };
        let bound =
            Reference { saturation: Saturation::new(self.options, self.reference), lengths: self.documents.lengths() };
        for id in ids {
            self.dictionary.take_out(id, slot, &bound);
        }
        self.follow_average();
        true
    }

    /// Recomputes all bounds when the average length has moved away from the one they were made for.
    ///
    /// Bounds stay *valid* at any average (see [`KeywordIndex::drift`]); this keeps them tight. The average moves by a
    /// tenth only when about a tenth of all tokens is new or gone, so the cost a document is constant.
    pub(crate) fn follow_average(&mut self) {
        let average = self.documents.average();
        if average <= self.reference * 1.1 && average >= self.reference * 0.8 {
            return;
        }
        self.reference = average;
        let bound = Reference { saturation: Saturation::new(self.options, average), lengths: self.documents.lengths() };
        self.dictionary.terms_mut().iter_mut().for_each(|term| term.list.repack(&bound));
    }

    /// What bounds must be multiplied with to hold at today's average.
    ///
    /// In `tf / (tf + k1 (1 − b) + k1 b |d| / avg)` a larger average shrinks one addend of the denominator by
    /// `avg / reference` at most, so the worth grows by no more than that; a smaller average only lowers it.
    pub(crate) fn drift(&self) -> f32 {
        (self.documents.average().max(1.0) / self.reference.max(1.0)).max(1.0)
    }
}

impl std::fmt::Debug for KeywordIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeywordIndex({} documents, {} terms, {:?})", self.len(), self.terms(), self.options)
    }
}

/// Counts equal neighbours; frequencies stop at 255.
pub(crate) fn run_lengths(sorted: &[u32]) -> Vec<(u32, u8)> {
    sorted.chunk_by(|a, b| a == b).map(|run| (run[0], run.len().min(255) as u8)).collect()
}

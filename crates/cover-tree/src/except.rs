//! Points that a query doesn't want.

use crate::neighbours::MISSING;

/// What a query doesn't want to see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Except {
    /// The query itself, or [`MISSING`].
    pub(crate) id: u32,
    /// Ids from here on.
    pub(crate) from: u32,
}

impl Except {
    /// Everything is welcome.
    pub(crate) const NOTHING: Self = Self { id: MISSING, from: MISSING };
}

/// Points that were removed: their ids are never given out again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Gone {
    /// One bit an id; ids beyond the end are there.
    words: Vec<u64>,
    count: usize,
}

impl Gone {
    pub(crate) fn from_words(words: Vec<u64>) -> Self {
        let count = words.iter().map(|word| word.count_ones() as usize).sum();
        Self { words, count }
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    #[inline]
    pub(crate) fn has(&self, id: u32) -> bool {
        self.words.get(id as usize / 64).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }

    /// Notes a point; false where it was gone already.
    pub(crate) fn add(&mut self, id: u32) -> bool {
        if self.has(id) {
            return false;
        }
        let word = id as usize / 64;
        self.words.resize(self.words.len().max(word + 1), 0);
        self.words[word] |= 1 << (id % 64);
        self.count += 1;
        true
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.words[..])
    }
}

//! A dense set of slots: the allow-list that filters hand to every search.

/// A set of `u32` slots as one bit each: 50,000 slots take 6 KB, a membership test one load.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotSet {
    words: Vec<u64>,
}

const BITS: usize = u64::BITS as usize;

impl SlotSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The set of all slots below `end`.
    pub fn below(end: u32) -> Self {
        let end = end as usize;
        let mut words = vec![u64::MAX; end / BITS];
        if !end.is_multiple_of(BITS) {
            words.push((1 << (end % BITS)) - 1);
        }
        Self { words }
    }

    /// Adds a slot; `true` when it is new.
    pub fn insert(&mut self, slot: u32) -> bool {
        let (word, bit) = (slot as usize / BITS, 1_u64 << (slot as usize % BITS));
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let fresh = self.words[word] & bit == 0;
        self.words[word] |= bit;
        fresh
    }

    /// Takes a slot out; `true` when it was there.
    pub fn remove(&mut self, slot: u32) -> bool {
        let (word, bit) = (slot as usize / BITS, 1_u64 << (slot as usize % BITS));
        let Some(stored) = self.words.get_mut(word) else { return false };
        let present = *stored & bit != 0;
        *stored &= !bit;
        present
    }

    /// Whether the slot is in the set.
    pub fn contains(&self, slot: u32) -> bool {
        self.words.get(slot as usize / BITS).is_some_and(|word| word >> (slot as usize % BITS) & 1 == 1)
    }

    /// Number of slots in the set.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Keeps what is in both sets.
    pub fn intersect(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        self.words.iter_mut().zip(&other.words).for_each(|(mine, theirs)| *mine &= theirs);
    }

    /// Adds everything in `other`.
    pub fn unite(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(&other.words).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// Takes everything in `other` out.
    pub fn subtract(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(mine, theirs)| *mine &= !theirs);
    }

    /// The slots in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.words).flat_map(|(index, &word)| {
            std::iter::successors((word != 0).then_some(word), |rest| {
                let rest = rest & (rest - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |rest| index * u64::BITS + rest.trailing_zeros())
        })
    }

    /// The words, 64 slots each, for searches that skip whole words.
    pub fn words(&self) -> &[u64] {
        &self.words
    }
}

impl FromIterator<u32> for SlotSet {
    fn from_iter<I: IntoIterator<Item = u32>>(slots: I) -> Self {
        let mut set = Self::new();
        slots.into_iter().for_each(|slot| {
            set.insert(slot);
        });
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn behaves_like_a_tree_set(a in prop::collection::btree_set(0_u32..300, 0..60), b in prop::collection::btree_set(0_u32..300, 0..60)) {
            let set = |tree: &BTreeSet<u32>| tree.iter().copied().collect::<SlotSet>();
            let list = |set: &SlotSet| set.iter().collect::<Vec<_>>();
            prop_assert_eq!(list(&set(&a)), a.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(set(&a).len(), a.len());
            let mut both = set(&a);
            both.intersect(&set(&b));
            prop_assert_eq!(list(&both), a.intersection(&b).copied().collect::<Vec<_>>());
            let mut either = set(&a);
            either.unite(&set(&b));
            prop_assert_eq!(list(&either), a.union(&b).copied().collect::<Vec<_>>());
            let mut only = set(&a);
            only.subtract(&set(&b));
            prop_assert_eq!(list(&only), a.difference(&b).copied().collect::<Vec<_>>());
        }
    }

    #[test]
    fn below_is_exact_at_word_edges() {
        for end in [0, 1, 63, 64, 65, 128] {
            assert_eq!(SlotSet::below(end).len(), end as usize);
        }
        let mut set = SlotSet::below(65);
        assert!(set.remove(64) && !set.remove(64) && !set.contains(64) && set.contains(63));
    }
}

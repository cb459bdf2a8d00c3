//! Slots that changed since the graph knew them.

use canopy_core::SlotSet;
use std::collections::BTreeMap;

/// The slots with the number of their last change. Nothing is remembered before [`Dirty::watch`].
#[derive(Debug, Default)]
pub(crate) struct Dirty {
    watched: bool,
    clock: u64,
    slots: SlotSet,
    stamps: BTreeMap<u32, u64>,
}

impl Dirty {
    pub(crate) fn watch(&mut self) {
        self.watched = true;
    }

    /// The number of the last change.
    pub(crate) fn now(&self) -> u64 {
        self.clock
    }

    pub(crate) fn mark(&mut self, slot: u32) {
        if self.watched {
            self.clock += 1;
            self.slots.insert(slot);
            self.stamps.insert(slot, self.clock);
        }
    }

    /// The graph has taken in the slot's change of this number; it may have changed again since.
    pub(crate) fn settle(&mut self, slot: u32, stamp: u64) {
        if self.stamps.get(&slot) == Some(&stamp) {
            self.stamps.remove(&slot);
            self.slots.remove(slot);
        }
    }

    /// The graph has taken in all changes up to this one.
    pub(crate) fn settle_until(&mut self, stamp: u64) {
        self.watched = true;
        self.stamps.retain(|_, changed| *changed > stamp);
        self.slots = self.stamps.keys().copied().collect();
    }

    pub(crate) fn contains(&self, slot: u32) -> bool {
        self.slots.contains(slot)
    }

    pub(crate) fn slots(&self) -> &SlotSet {
        &self.slots
    }

    pub(crate) fn len(&self) -> usize {
        self.stamps.len()
    }

    pub(crate) fn first(&self, count: usize) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.stamps.iter().take(count).map(|(&slot, &stamp)| (slot, stamp))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.slots.words().len() * 8 + self.stamps.len() * 24
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_changed_again_stays_dirty() {
        let mut dirty = Dirty::default();
        dirty.mark(1);
        assert_eq!(dirty.len(), 0);
        dirty.watch();
        dirty.mark(1);
        dirty.mark(2);
        let seen: Vec<_> = dirty.first(9).collect();
        dirty.mark(1);
        seen.into_iter().for_each(|(slot, stamp)| dirty.settle(slot, stamp));
        assert!(dirty.contains(1) && !dirty.contains(2));
        let now = dirty.now();
        dirty.mark(3);
        dirty.settle_until(now);
        assert_eq!(dirty.slots().iter().collect::<Vec<_>>(), [3]);
    }
}

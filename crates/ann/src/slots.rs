//! Where each slot's vector stands.

/// Slots a page: a page is 16 KB, and 4 billion slots need a table of 8 MB.
const PAGE: usize = 4096;
/// No vector stands here. It can't be a position: an index of that many vectors fits no machine.
const NONE: u32 = u32::MAX;

/// A map from slots to positions that costs 4 bytes a slot where slots are dense and little where they are not.
#[derive(Debug, Clone, Default)]
pub(crate) struct SlotMap {
    pages: Vec<Option<Box<[u32]>>>,
}

impl SlotMap {
    pub(crate) fn get(&self, slot: u32) -> Option<u32> {
        let page = self.pages.get(slot as usize / PAGE)?.as_deref()?;
        Some(page[slot as usize % PAGE]).filter(|&position| position != NONE)
    }

    /// The page that a slot stands on, and its place there.
    pub(crate) fn page(&self, slot: usize) -> Option<(&[u32], usize)> {
        Some((self.pages.get(slot / PAGE)?.as_deref()?, slot % PAGE))
    }

    /// What stands at a place of a page.
    #[inline]
    pub(crate) fn at(page: &[u32], place: usize) -> Option<u32> {
        page.get(place).copied().filter(|&position| position != NONE)
    }

    pub(crate) fn set(&mut self, slot: u32, position: u32) {
        let page = slot as usize / PAGE;
        if page >= self.pages.len() {
            self.pages.resize(page + 1, None);
        }
        let page = self.pages[page].get_or_insert_with(|| vec![NONE; PAGE].into_boxed_slice());
        page[slot as usize % PAGE] = position;
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<u32> {
        let position = self.get(slot)?;
        self.set(slot, NONE);
        Some(position)
    }

    pub(crate) fn bytes(&self) -> usize {
        let pages = self.pages.iter().flatten().count();
        self.pages.capacity() * size_of::<Option<Box<[u32]>>>() + pages * PAGE * size_of::<u32>()
    }
}

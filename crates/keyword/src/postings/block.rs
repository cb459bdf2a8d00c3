//! Up to 128 postings of one term: byte-aligned offsets from the first slot, then one byte of frequency each.
//!
//! Aligned bytes cost about twice the memory of packed bits and give back random access without decoding: a search that
//! only asks "does slot s hold this frequent term" counts smaller offsets, which compiles to vector compares.

use super::Bound;

/// Most postings in a block.
pub(crate) const BLOCK: usize = 128;

/// A slot and how often it holds the term; frequencies stop at 255, where BM25 has long been flat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) slot: u32,
    pub(crate) tf: u8,
}

/// A non-empty run of postings with ascending slots.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    first: u32,
    last: u32,
    /// No posting is worth more (see [`Bound`]).
    bound: f32,
    len: u8,
    /// Bytes an offset: 1, 2 or 4.
    width: u8,
    /// `len` offsets, then `len` frequencies.
    data: Box<[u8]>,
}

/// One offset of 1, 2 or 4 bytes.
trait Offset: Copy + Ord {
    const BYTES: usize;
    fn get(bytes: &[u8]) -> Self;
    fn narrow(offset: u32) -> Option<Self>;
    fn widen(self) -> u32;
}

macro_rules! offset {
    ($type:ty) => {
        impl Offset for $type {
            const BYTES: usize = size_of::<$type>();
            #[inline(always)]
            fn get(bytes: &[u8]) -> Self {
                let mut raw = [0; size_of::<$type>()];
                raw.copy_from_slice(bytes);
                <$type>::from_le_bytes(raw)
            }
            #[inline(always)]
            fn narrow(offset: u32) -> Option<Self> {
                <$type>::try_from(offset).ok()
            }
            #[inline(always)]
            fn widen(self) -> u32 {
                u32::from(self)
            }
        }
    };
}
offset!(u8);
offset!(u16);
offset!(u32);

/// Calls a function that is generic over the offset with the block's one.
macro_rules! by_width {
    ($block:expr, $method:ident($($argument:expr),*)) => {
        match $block.width {
            1 => $block.$method::<u8>($($argument),*),
            2 => $block.$method::<u16>($($argument),*),
            _ => $block.$method::<u32>($($argument),*),
        }
    };
}

impl Block {
    /// Packs 1 to 128 postings with ascending slots.
    ///
    /// # Panics
    /// When there is none.
    pub(crate) fn pack(postings: &[Posting], bound: f32) -> Self {
        debug_assert!(postings.len() <= BLOCK && postings.is_sorted_by(|a, b| a.slot < b.slot));
        let (first, last) = (postings[0].slot, postings[postings.len() - 1].slot);
        let width = match last - first {
            0..=0xFF => 1,
            0x100..=0xFFFF => 2,
            _ => 4,
        };
        let mut data = Vec::with_capacity(postings.len() * (width + 1));
        for posting in postings {
            data.extend_from_slice(&(posting.slot - first).to_le_bytes()[..width]);
        }
        data.extend(postings.iter().map(|posting| posting.tf));
        Self { first, last, bound, len: postings.len() as u8, width: width as u8, data: data.into() }
    }

    /// Packs postings of any number into full blocks.
    pub(crate) fn pack_all(postings: &[Posting], bound: &impl Bound) -> Vec<Self> {
        postings.chunks(BLOCK).map(|chunk| Self::pack(chunk, best(chunk, bound))).collect()
    }

    /// Restores a block from its stored parts, or says that they don't make one.
    pub(crate) fn from_parts(first: u32, len: u8, width: u8, bound: f32, data: &[u8]) -> Option<Self> {
        let valid = (1..=BLOCK).contains(&usize::from(len))
            && matches!(width, 1 | 2 | 4)
            && data.len() == usize::from(len) * (usize::from(width) + 1)
            && (0.0..=1.0).contains(&bound);
        if !valid {
            return None;
        }
        let mut block = Self { first, last: first, bound, len, width, data: data.into() };
        block.last = first.checked_add(by_width!(block, ascending_end())?)?;
        block.frequencies().iter().all(|&tf| tf > 0).then_some(block)
    }

    /// The last offset, when the offsets ascend from 0.
    fn ascending_end<O: Offset>(&self) -> Option<u32> {
        let mut offsets = self.offsets::<O>();
        let mut last = offsets.next().filter(|first| first.widen() == 0)?;
        for offset in offsets {
            if offset <= last {
                return None;
            }
            last = offset;
        }
        Some(last.widen())
    }

    pub(crate) fn first(&self) -> u32 {
        self.first
    }
    pub(crate) fn last(&self) -> u32 {
        self.last
    }
    pub(crate) fn bound(&self) -> f32 {
        self.bound
    }
    pub(crate) fn len(&self) -> usize {
        usize::from(self.len)
    }
    pub(crate) fn width(&self) -> u8 {
        self.width
    }
    pub(crate) fn data(&self) -> &[u8] {
        &self.data
    }

    /// Overwrites the frequency of a slot that is here, whose posting is now worth `bound`.
    pub(crate) fn replace(&mut self, posting: Posting, bound: f32) {
        let at = self.len() * usize::from(self.width) + self.rank(posting.slot);
        if let Some(tf) = self.data.get_mut(at) {
            *tf = posting.tf;
        }
        self.bound = self.bound.max(bound);
    }

    #[inline(always)]
    fn offsets<O: Offset>(&self) -> impl Iterator<Item = O> {
        self.data[..self.len() * O::BYTES].chunks_exact(O::BYTES).map(O::get)
    }

    #[inline(always)]
    fn frequencies(&self) -> &[u8] {
        &self.data[self.data.len() - self.len()..]
    }

    /// How many postings lie below `slot`.
    #[inline]
    pub(crate) fn rank(&self, slot: u32) -> usize {
        match slot {
            slot if slot <= self.first => 0,
            slot if slot > self.last => self.len(),
            slot => by_width!(self, rank_of(slot - self.first)),
        }
    }

    #[inline(always)]
    fn rank_of<O: Offset>(&self, offset: u32) -> usize {
        // Counted in a byte: at most 128, and narrow counters keep the vector lanes as narrow as the offsets.
        O::narrow(offset).map_or(self.len(), |offset| {
            usize::from(self.offsets::<O>().map(|one| u8::from(one < offset)).fold(0_u8, u8::wrapping_add))
        })
    }

    /// The frequency of `slot`, if it is here.
    #[inline]
    pub(crate) fn find(&self, slot: u32) -> Option<u8> {
        if slot < self.first || slot > self.last {
            return None;
        }
        by_width!(self, find_at(slot - self.first))
    }

    #[inline(always)]
    fn find_at<O: Offset>(&self, offset: u32) -> Option<u8> {
        let rank = self.rank_of::<O>(offset);
        let found = self.data.get(rank * O::BYTES..(rank + 1) * O::BYTES)?;
        (rank < self.len() && O::get(found).widen() == offset).then(|| self.frequencies()[rank])
    }

    /// Visits the postings with slots in `from..to`, ascending.
    #[inline]
    pub(crate) fn for_range(&self, from: u32, to: u32, visit: impl FnMut(u32, u8)) {
        let (from, to) = (self.rank(from), self.rank(to));
        by_width!(self, visit_ranks(from, to, visit));
    }

    #[inline(always)]
    fn visit_ranks<O: Offset>(&self, from: usize, to: usize, mut visit: impl FnMut(u32, u8)) {
        let offsets = self.data[from * O::BYTES..to * O::BYTES].chunks_exact(O::BYTES).map(O::get);
        for (offset, &tf) in offsets.zip(&self.frequencies()[from..to]) {
            visit(self.first + offset.widen(), tf);
        }
    }

    /// The block with one more posting, copied without decoding. `None` when that isn't enough: the block is full, or the
    /// slot changes the base or the width of the offsets.
    pub(crate) fn with(&self, posting: Posting, bound: f32) -> Option<Self> {
        let offset = posting.slot.checked_sub(self.first)?;
        if self.len() == BLOCK || (self.width < 4 && offset >> (8 * self.width) != 0) {
            return None;
        }
        let rank = self.rank(posting.slot);
        let mut data = Vec::with_capacity(self.data.len() + usize::from(self.width) + 1);
        let (offsets_before, offsets_after, tfs_before, tfs_after) = self.parts(rank, rank);
        data.extend_from_slice(offsets_before);
        data.extend_from_slice(&offset.to_le_bytes()[..usize::from(self.width)]);
        data.extend_from_slice(offsets_after);
        data.extend_from_slice(tfs_before);
        data.push(posting.tf);
        data.extend_from_slice(tfs_after);
        let (last, bound) = (self.last.max(posting.slot), self.bound.max(bound));
        Some(Self { last, bound, len: self.len + 1, data: data.into(), ..*self })
    }

    /// The block without a slot that it holds, copied without decoding. `None` for its first or last slot, whose going
    /// changes more than the data.
    pub(crate) fn without(&self, slot: u32) -> Option<Self> {
        if slot <= self.first || slot >= self.last {
            return None;
        }
        let rank = self.rank(slot);
        let (offsets_before, offsets_after, tfs_before, tfs_after) = self.parts(rank, rank + 1);
        let data = [offsets_before, offsets_after, tfs_before, tfs_after].concat();
        Some(Self { len: self.len - 1, data: data.into(), ..*self })
    }

    /// Offsets below rank `to` and from rank `from` on, and the frequencies likewise.
    fn parts(&self, to: usize, from: usize) -> (&[u8], &[u8], &[u8], &[u8]) {
        let width = usize::from(self.width);
        let (offsets, tfs) = self.data.split_at(self.len() * width);
        (&offsets[..to * width], &offsets[from * width..], &tfs[..to], &tfs[from..])
    }

    /// Appends the postings to `out`.
    pub(crate) fn unpack(&self, out: &mut Vec<Posting>) {
        by_width!(self, visit_ranks(0, self.len(), |slot, tf| out.push(Posting { slot, tf })));
    }

    /// Heap bytes, with what the allocator adds.
    pub(crate) fn heap_bytes(&self) -> usize {
        crate::memory::allocated(self.data.len())
    }
}

/// The largest worth among postings.
pub(super) fn best(postings: &[Posting], bound: &impl Bound) -> f32 {
    postings.iter().map(|&posting| bound.bound(posting)).fold(0.0, f32::max)
}

//! From the slots that a caller allows to the positions that a scan may look at.

use super::FlatIndex;
use super::chunk::CHUNK;
use canopy_core::SlotSet;

/// Vectors a block: one word of a filter, and 24 KB of codes at 384 values, which stay in the nearest cache.
pub(super) const BLOCK: usize = u64::BITS as usize;

/// Positions as one bit each.
pub(super) struct Filter {
    words: Vec<u64>,
    /// Number of positions in it.
    pub(super) count: usize,
}

impl Filter {
    pub(super) fn new(index: &FlatIndex, allow: &SlotSet) -> Self {
        let len = index.len();
        let mut words = vec![0_u64; len.div_ceil(BLOCK)];
        if index.displaced == 0 {
            words.iter_mut().zip(allow.words()).for_each(|(word, &allowed)| *word = allowed);
            if let Some(last) = words.last_mut() {
                *last &= first(len - (len - 1) / BLOCK * BLOCK);
            }
        } else {
            let mut set = |position: usize| words[position / BLOCK] |= 1 << (position % BLOCK);
            // Looking a slot up costs about as much as asking whether it is allowed: walk the shorter list.
            if allow.len() < len {
                allow.iter().filter_map(|slot| index.positions.get(slot)).for_each(|position| set(position as usize));
            } else {
                index.positioned().filter(|&(_, slot)| allow.contains(slot)).for_each(|(position, _)| set(position));
            }
        }
        let count = words.iter().map(|word| word.count_ones() as usize).sum();
        Self { words, count }
    }

    /// The positions in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(number, &word)| bits(word).map(move |bit| number * BLOCK + bit))
    }
}

impl FlatIndex {
    /// Every position with its slot.
    pub(super) fn positioned(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.chunks.iter().flat_map(|chunk| chunk.slots.iter().copied()).enumerate()
    }
}

/// The word of the first `count <= 64` positions.
fn first(count: usize) -> u64 {
    if count >= BLOCK { u64::MAX } else { (1 << count) - 1 }
}

/// The numbers of the bits that are set.
pub(super) fn bits(word: u64) -> impl Iterator<Item = usize> {
    std::iter::successors((word != 0).then_some(word), |rest| Some(rest & (rest - 1)).filter(|&rest| rest != 0))
        .map(|rest| rest.trailing_zeros() as usize)
}

/// The allowed positions of block `block` of chunk `chunk`, which holds `len` vectors.
pub(super) fn word(filter: Option<&Filter>, chunk: usize, block: usize, len: usize) -> u64 {
    let present = first(len - block * BLOCK);
    present & filter.map_or(u64::MAX, |filter| filter.words[chunk * (CHUNK / BLOCK) + block])
}

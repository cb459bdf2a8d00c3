//! All postings of one term, kept like the leaves of a B-tree: changing one touches one block.

use super::block::best;
use super::{BLOCK, Block, Bound, Posting};

/// The postings of a term, slots ascending.
///
/// Half of a vocabulary occurs once, so a single posting needs no block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum List {
    /// No document, or one.
    Few(Option<Posting>),
    /// Two or more documents; no block is empty.
    Blocks(Vec<Block>),
}

impl List {
    pub(crate) const EMPTY: Self = Self::Few(None);

    /// The list of these postings (slots ascending).
    pub(crate) fn pack(postings: &[Posting], bound: &impl Bound) -> Self {
        match postings {
            [] => Self::EMPTY,
            &[one] => Self::Few(Some(one)),
            many => Self::Blocks(Block::pack_all(many, bound)),
        }
    }

    /// Number of postings, counted.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Few(few) => usize::from(few.is_some()),
            Self::Blocks(blocks) => blocks.iter().map(Block::len).sum(),
        }
    }

    /// Adds a posting whose slot isn't here yet.
    pub(crate) fn insert(&mut self, posting: Posting, bound: &impl Bound) {
        match self {
            Self::Few(None) => *self = Self::Few(Some(posting)),
            Self::Few(Some(other)) => {
                let mut both = [*other, posting];
                both.sort_unstable_by_key(|posting| posting.slot);
                *self = Self::pack(&both, bound);
            }
            Self::Blocks(blocks) => insert(blocks, posting, bound),
        }
    }

    /// Gives a slot that is here another frequency, or another length (which only its worth shows).
    pub(crate) fn replace(&mut self, posting: Posting, bound: &impl Bound) {
        match self {
            Self::Few(few) => *few = Some(posting),
            Self::Blocks(blocks) => {
                let at = place(blocks, posting.slot);
                if let Some(block) = blocks.get_mut(at) {
                    block.replace(posting, bound.bound(posting));
                }
            }
        }
    }

    /// Takes the posting of `slot` out; `true` when it was here.
    pub(crate) fn remove(&mut self, slot: u32, bound: &impl Bound) -> bool {
        match self {
            Self::Few(few) => few.take_if(|posting| posting.slot == slot).is_some(),
            Self::Blocks(blocks) => {
                let removed = remove(blocks, slot, bound);
                if let [only] = &blocks[..]
                    && only.len() == 1
                {
                    let mut postings = Vec::with_capacity(1);
                    only.unpack(&mut postings);
                    *self = Self::pack(&postings, bound);
                }
                removed
            }
        }
    }

    /// Merges in many postings (slots ascending, none of them here yet).
    pub(crate) fn merge(&mut self, fresh: &[Posting], bound: &impl Bound) {
        let mut all = Vec::with_capacity(self.count() + fresh.len());
        self.unpack(&mut all);
        let in_order = all.last().zip(fresh.first()).is_none_or(|(last, first)| last.slot < first.slot);
        all.extend_from_slice(fresh);
        if !in_order {
            all.sort_unstable_by_key(|posting| posting.slot);
        }
        *self = Self::pack(&all, bound);
    }

    /// Packs everything anew: full blocks, exact bounds.
    pub(crate) fn repack(&mut self, bound: &impl Bound) {
        if let Self::Blocks(_) = self {
            self.merge(&[], bound);
        }
    }

    /// Appends the postings to `out`.
    pub(crate) fn unpack(&self, out: &mut Vec<Posting>) {
        match self {
            Self::Few(few) => out.extend(*few),
            Self::Blocks(blocks) => blocks.iter().for_each(|block| block.unpack(out)),
        }
    }

    /// The frequency at `slot`, if it is here.
    pub(crate) fn find(&self, slot: u32) -> Option<u8> {
        match self {
            Self::Few(few) => few.filter(|posting| posting.slot == slot).map(|posting| posting.tf),
            Self::Blocks(blocks) => blocks.get(place(blocks, slot))?.find(slot),
        }
    }

    /// The largest worth of a posting.
    pub(crate) fn bound(&self, bound: &impl Bound) -> f32 {
        match self {
            Self::Few(few) => few.map_or(0.0, |posting| bound.bound(posting)),
            Self::Blocks(blocks) => blocks.iter().map(Block::bound).fold(0.0, f32::max),
        }
    }

    /// Heap bytes, with what the allocator adds.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Few(_) => 0,
            Self::Blocks(blocks) => {
                crate::memory::allocated(blocks.capacity() * size_of::<Block>())
                    + blocks.iter().map(Block::heap_bytes).sum::<usize>()
            }
        }
    }
}

/// Index of the first block that ends at `slot` or later.
fn place(blocks: &[Block], slot: u32) -> usize {
    blocks.partition_point(|block| block.last() < slot)
}

fn insert(blocks: &mut Vec<Block>, posting: Posting, bound: &impl Bound) {
    let at = place(blocks, posting.slot).min(blocks.len() - 1);
    let block = &blocks[at];
    if block.len() == BLOCK && posting.slot > block.last() {
        // Slots mostly grow: the full last block stays full instead of being split into halves.
        blocks.push(Block::pack(&[posting], bound.bound(posting)));
        return;
    }
    if let Some(longer) = block.with(posting, bound.bound(posting)) {
        blocks[at] = longer;
        return;
    }
    let mut postings = Vec::with_capacity(BLOCK + 1);
    block.unpack(&mut postings);
    postings.insert(block.rank(posting.slot), posting);
    if postings.len() <= BLOCK {
        blocks[at] = Block::pack(&postings, block.bound().max(bound.bound(posting)));
    } else {
        let (left, right) = postings.split_at(postings.len() / 2);
        blocks[at] = Block::pack(left, best(left, bound));
        blocks.insert(at + 1, Block::pack(right, best(right, bound)));
    }
}

fn remove(blocks: &mut Vec<Block>, slot: u32, bound: &impl Bound) -> bool {
    let at = place(blocks, slot);
    let Some(block) = blocks.get(at) else { return false };
    if block.find(slot).is_none() {
        return false;
    }
    if block.len() == 1 {
        blocks.remove(at);
        return true;
    }
    // Two neighbours that together fill half a block become one, so that deletions can't leave a chain of crumbs.
    let neighbour = (at + 1 < blocks.len()).then_some(at + 1).or(at.checked_sub(1));
    let neighbour = neighbour.filter(|&other| blocks[other].len() + block.len() - 1 <= BLOCK / 2);
    if let Some(shorter) = block.without(slot).filter(|_| neighbour.is_none()) {
        blocks[at] = shorter;
        return true;
    }
    let mut postings = Vec::with_capacity(BLOCK);
    block.unpack(&mut postings);
    postings.remove(block.rank(slot));
    match neighbour {
        Some(other) => {
            blocks[other].unpack(&mut postings);
            postings.sort_unstable_by_key(|posting| posting.slot);
            blocks[at.min(other)] = Block::pack(&postings, best(&postings, bound));
            blocks.remove(at.max(other));
        }
        // The old bound stays valid; making it exact would read the lengths of 127 documents for each removed term.
        None => blocks[at] = Block::pack(&postings, block.bound()),
    }
    true
}

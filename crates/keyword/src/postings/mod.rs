//! Which slots hold a term and how often: blocks of up to 128 postings, changed in place.

mod block;
mod list;

pub(crate) use block::{BLOCK, Block, Posting};
pub(crate) use list::List;

/// What a posting is worth at the average length for which the index keeps its bounds; in (0, 1).
///
/// Blocks remember the largest one among their postings.
pub(crate) trait Bound {
    /// The worth of `posting`.
    fn bound(&self, posting: Posting) -> f32;
}

//! The approximate index: a flat graph walked over projected codes, and an exact second look.

mod bits;
mod build;
mod calibrate;
mod change;
mod connect;
mod entry;
mod file;
mod filter;
mod fit;
mod grow;
mod links;
mod options;
pub(crate) mod pca;
mod place;
mod pool;
mod prune;
mod range;
mod raw;
mod rebuild;
mod repair;
mod scan;
mod search;
mod source;
mod space;
#[cfg(test)]
mod tests;
mod tune;
mod walk;

use crate::slots::SlotMap;
use bits::Bits;
pub(crate) use build::unique;
use canopy_core::MetricKind;
use canopy_file::Buffer;
use entry::Entry;
use file::Source;
use grow::Shape;
use links::Links;
use options::Breadth;
pub use options::{BuildOptions, SearchOptions, Storage};
use raw::Raw;
pub use search::Work;
pub use source::Vectors;
use space::Space;
pub use tune::{QUERIES, STRANGER, Tuned, recall};

/// Most vectors of a graph: a candidate of a walk keeps one bit of its number for itself.
pub const MAX_VECTORS: usize = 1 << 31;

/// Scales a row and, for inner products, lifts it to the unit sphere, so that squared distances order like the metric.
pub(crate) fn lift(metric: MetricKind, unit: f32, row: &[f32], out: &mut Vec<f32>) {
    Space::lift(metric, unit, row, out);
}

/// Approximate nearest vectors by a walk over a graph.
///
/// A walk compares the query with 8-bit codes of a few main directions of the data (one to four cache lines a vector), and the best candidates are
/// scored again by their exact vectors; scores are those of [`crate::flat::FlatIndex`]. Searches take `&self` and run from many threads at once.
#[derive(Debug)]
pub struct GraphIndex {
    options: BuildOptions,
    space: Space,
    raw: Raw,
    codes: Buffer<u8>,
    links: Links,
    entries: Vec<Entry>,
    /// Slot of each position.
    slots: Buffer<u32>,
    positions: SlotMap,
    /// Where a walk starts when there is no sample.
    start: u32,
    /// Vectors from which the space was chosen.
    fitted: usize,
    /// Positions whose vector was removed or replaced. Walks pass through them but never return them.
    dead: Bits,
    /// Of these, the ones that no link leads to any more: new vectors take their places.
    free: Vec<u32>,
    /// Vectors added since every one was known to be reached.
    loose: usize,
    /// How widely it searches by itself: as a sample of its vectors needed when it was built, or as a caller chose.
    usual: Breadth,
    tuned: Option<Breadth>,
    /// What the caller keeps in the file beside the index.
    notes: Vec<u8>,
    /// The file it was opened from.
    source: Option<Source>,
}

impl GraphIndex {
    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.slots.len() - self.dead.len()
    }

    /// Whether there is no vector.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values a vector.
    pub fn dim(&self) -> usize {
        self.space.dim
    }

    /// How vectors are compared.
    pub fn metric(&self) -> MetricKind {
        self.space.metric
    }

    /// Values of a vector that a walk looks at.
    pub fn walk_dim(&self) -> usize {
        self.space.lean
    }

    /// How the graph is built.
    pub fn options(&self) -> BuildOptions {
        self.options
    }

    /// Bytes of memory, or of the mapped file, beside the exact vectors.
    pub fn graph_bytes(&self) -> usize {
        let entries: usize = self.entries.iter().map(Entry::bytes).sum();
        let slots = self.slots.bytes() + self.positions.bytes() + self.dead.bytes();
        self.codes.bytes() + self.links.rows.bytes() + slots + entries + self.space.bytes()
    }

    /// Bytes of memory, or of the mapped file, in all.
    pub fn memory_bytes(&self) -> usize {
        self.graph_bytes() + self.raw.rows.bytes()
    }

    /// What the caller saved beside the index, see [`GraphIndex::save_with`].
    pub fn notes(&self) -> &[u8] {
        &self.notes
    }

    fn shape(&self) -> Shape {
        let BuildOptions { degree, ef, alpha, .. } = self.options;
        Shape { degree, ef, alpha }
    }
}

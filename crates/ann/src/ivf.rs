//! Lists of vectors around centres, with 4-bit codes of the parts of what is left: an index of `dim / 8` bytes a vector and more.
//!
//! It takes a fifth of the memory of a graph and is built in a fraction of the time; a search reads whole lists, so it is slower. Codes only propose: exact vectors,
//! kept by whoever calls ([`Exact`]), decide.

mod build;
pub(crate) mod file;
mod gpu;
mod kmeans;
mod quantiser;
mod search;
#[cfg(test)]
mod tests;

use crate::Error;
use crate::slots::SlotMap;
use canopy_core::{Hit, MetricKind};
use canopy_file::Numbers;
use canopy_simd::{NIBBLE_BLOCK, NIBBLE_PART};
use kmeans::Centres;
use quantiser::Quantiser;
use serde::{Deserialize, Serialize};

/// How the lists are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct IvfOptions {
    /// Lists; 0 for about two times the square root of the number of vectors.
    pub lists: usize,
    /// Parts a vector is cut in, one 4-bit code each; 0 for one part every four values. At most 256.
    pub parts: usize,
    /// Whether vectors are rotated so that all parts vary alike.
    pub optimise: bool,
    /// Decides the first centres.
    pub seed: u64,
}

impl Default for IvfOptions {
    fn default() -> Self {
        Self { lists: 0, parts: 0, optimise: true, seed: 42 }
    }
}

/// How the lists are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct IvfSearch {
    /// Lists that are read. With too few, neighbours beyond a list's border are missed: 1 finds about half of them, 16 nine tenths.
    pub probes: usize,
    /// Candidates that are scored again by their exact vectors; never below `k` in effect.
    pub rerank: usize,
}

impl Default for IvfSearch {
    fn default() -> Self {
        Self { probes: 32, rerank: 200 }
    }
}

/// Somebody who keeps exact vectors and scores them.
pub trait Exact {
    /// The exact scores of the given slots, in their order; NaN for a slot without a vector.
    ///
    /// # Errors
    /// Those of a query that can't be compared.
    fn exact_scores(&self, query: &[f32], slots: &[u32]) -> Result<Vec<f32>, Error>;
}

impl Exact for crate::flat::FlatIndex {
    fn exact_scores(&self, query: &[f32], slots: &[u32]) -> Result<Vec<f32>, Error> {
        self.score(query, slots)
    }
}

impl Exact for crate::graph::GraphIndex {
    fn exact_scores(&self, query: &[f32], slots: &[u32]) -> Result<Vec<f32>, Error> {
        self.score(query, slots)
    }
}

/// One list: the vectors near one centre. It has whole blocks of 32 places, of which the last may not all be taken.
#[derive(Debug, Clone, Copy)]
struct List {
    /// Its first block.
    block: usize,
    /// Places that are taken.
    len: usize,
}

/// The inverted lists. They don't change once built: an index over vectors that change is built anew from time to time, and asked with an allow-list until then.
///
/// They are saved in the file of the graph over the same vectors, see [`crate::graph::GraphIndex::save_all`].
#[derive(Debug)]
pub struct IvfPq {
    metric: MetricKind,
    /// Values a vector of the caller, and of ours: one more for inner products.
    dim: usize,
    full: usize,
    unit: f32,
    mean: Vec<f32>,
    centres: Centres,
    quantiser: Quantiser,
    lists: Vec<List>,
    /// The slot at each place, list after list; those that aren't taken don't count.
    slots: Numbers<u32>,
    /// Blocks of `parts` times 16 bytes, list after list; see `canopy_simd::sum_nibbles`.
    codes: Numbers<u8>,
    /// The place of each slot.
    places: SlotMap,
    /// Number of vectors.
    len: usize,
    gpu: Option<gpu::OnGpu>,
}

impl IvfPq {
    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no vector.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Values a vector.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of lists.
    pub fn lists(&self) -> usize {
        self.lists.len()
    }

    /// Bytes of memory, or of the mapped file.
    pub fn memory_bytes(&self) -> usize {
        let lists = self.lists.len() * size_of::<List>() + self.slots.len() * size_of::<u32>() + self.codes.len();
        lists + self.places.bytes() + self.centres.values.len() * size_of::<f32>() + self.quantiser.bytes()
    }

    /// Bytes of a block of codes.
    fn block(&self) -> usize {
        self.quantiser.padded() * NIBBLE_PART
    }

    /// The slots of a list, in the order of their places.
    fn slots_of(&self, List { block, len }: List) -> &[u32] {
        &self.slots[block * NIBBLE_BLOCK..][..len]
    }

    /// The list that a place belongs to.
    fn list_of(&self, place: u32) -> usize {
        let block = place as usize / NIBBLE_BLOCK;
        // Of lists that begin at one block all but the last are empty.
        self.lists.partition_point(|list| list.block <= block).saturating_sub(1)
    }

    /// A list as a device takes it.
    fn device_list(&self, list: usize) -> canopy_cuda::List<'_> {
        let List { block, len } = self.lists[list];
        let bytes = self.block();
        let codes = &self.codes[block * bytes..][..len.div_ceil(NIBBLE_BLOCK) * bytes];
        canopy_cuda::List { ids: self.slots_of(self.lists[list]), codes }
    }

    /// The code of one part of a vector.
    fn code(&self, place: u32, part: usize) -> u8 {
        let (block, lane) = (place as usize / NIBBLE_BLOCK, place as usize % NIBBLE_BLOCK);
        let byte = self.codes[block * self.block() + part * NIBBLE_PART + lane % NIBBLE_PART];
        byte >> (4 * (lane / NIBBLE_PART)) & 15
    }
}

/// Where lists of these lengths begin, and how many blocks they have in all.
fn lay_out(lens: impl Iterator<Item = usize>) -> (Vec<List>, usize) {
    let mut end = 0;
    let list = |len: usize| {
        let block = end;
        end += len.div_ceil(NIBBLE_BLOCK);
        List { block, len }
    };
    let lists = lens.map(list).collect();
    (lists, end)
}

/// Best first; what has no score is dropped.
fn sorted(slots: &[u32], scores: Vec<f32>, k: usize) -> Vec<Hit> {
    let mut top = canopy_core::TopK::new(k);
    slots
        .iter()
        .zip(scores)
        .filter(|(_, score)| !score.is_nan())
        .for_each(|(&slot, score)| top.push(Hit { slot, score }));
    top.into_sorted()
}

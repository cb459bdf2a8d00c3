//! The exact index: every vector is looked at, cheaply first.

mod aligned;
mod bound;
mod chunk;
mod codes;
mod exact;
mod filter;
mod query;
mod search;
#[cfg(test)]
mod tests;

use crate::slots::SlotMap;
use crate::{Error, vector};
use canopy_core::{MetricKind, Rows};
use chunk::{CHUNK, Chunk};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::atomic::AtomicU32;

/// Largest dimension: the sums of products of codes stay within `i32` and the proven slack below 1 %.
pub const MAX_DIM: usize = 65_536;

/// Exact nearest vectors by a scan of 8-bit codes and a second look in `f32`.
///
/// Every answer equals that of a scan in `f32` over all vectors, bit for bit, equal scores in order of slots. Slots may be
/// sparse and reused. A vector of `d` values takes `5 d + 24` bytes. Searches take `&self` and run from many threads at once;
/// below 4 MiB of codes a search stays on the thread that asked.
#[derive(Debug)]
pub struct FlatIndex {
    dim: usize,
    metric: MetricKind,
    /// All full but the last, which isn't empty.
    chunks: Vec<Chunk>,
    positions: SlotMap,
    /// How many vectors stand at a position that isn't their slot's number. With none, filters need no translation.
    displaced: usize,
    /// Searches for which the codes aren't tried, because they left too many candidates; see `search`.
    distrust: AtomicU32,
}

impl FlatIndex {
    /// An empty index of vectors of `dim` values.
    ///
    /// # Errors
    /// [`Error::DimensionRange`] unless `dim` is in `1..=`[`MAX_DIM`].
    pub fn new(dim: usize, metric: MetricKind) -> Result<Self, Error> {
        if !(1..=MAX_DIM).contains(&dim) {
            return Err(Error::DimensionRange { received: dim, max: MAX_DIM });
        }
        let (chunks, positions) = (Vec::new(), SlotMap::default());
        Ok(Self { dim, metric, chunks, positions, displaced: 0, distrust: AtomicU32::new(0) })
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        match self.chunks.last() {
            Some(last) => (self.chunks.len() - 1) * CHUNK + last.len(),
            None => 0,
        }
    }

    /// Whether there is no vector.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Values a vector.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How vectors are compared.
    pub fn metric(&self) -> MetricKind {
        self.metric
    }

    /// Bytes of memory that the vectors, their codes and the map of slots hold.
    pub fn memory_bytes(&self) -> usize {
        self.chunks.iter().map(Chunk::bytes).sum::<usize>() + self.positions.bytes()
    }

    /// The vector of a slot as it is compared: of norm 1 under [`MetricKind::Cosine`], as sent otherwise.
    pub fn vector(&self, slot: u32) -> Option<&[f32]> {
        let position = self.positions.get(slot)? as usize;
        Some(self.chunks[position / CHUNK].row(position % CHUNK))
    }

    /// Every slot that has a vector, in no order.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        self.positioned().map(|(_, slot)| slot)
    }

    /// Whether the slot has a vector.
    pub fn contains(&self, slot: u32) -> bool {
        self.positions.get(slot).is_some()
    }

    /// Checks a vector without storing it: what a store asks before it commits. `row` stands in the error.
    ///
    /// # Errors
    /// Those of [`FlatIndex::upsert`].
    pub fn check(dim: usize, metric: MetricKind, vector: &[f32], row: usize) -> Result<(), Error> {
        vector::check(vector, row, dim, metric).map(|_| ())
    }

    /// Adds the vector of a slot, or replaces it.
    ///
    /// # Errors
    /// [`Error::Dimension`], [`Error::NotFinite`], [`Error::Zero`] under cosine, [`Error::Norm`] under dot and l2.
    pub fn upsert(&mut self, slot: u32, vector: &[f32]) -> Result<(), Error> {
        let norm = vector::check(vector, 0, self.dim, self.metric)?;
        let position = self.positions.get(slot).map_or(self.len(), |position| position as usize);
        if position == self.len() {
            self.append(slot, position);
            self.chunk_for(position).resize(position % CHUNK + 1);
        }
        let metric = self.metric;
        self.chunks[position / CHUNK].write(position % CHUNK, slot, vector, norm, metric);
        Ok(())
    }

    /// Adds or replaces many vectors, on all cores; of a slot that is named twice, the last vector counts.
    ///
    /// All vectors are checked before the first is stored. 50,000 vectors of 384 values take some 40 ms on two cores.
    ///
    /// # Errors
    /// [`Error::Count`], and those of [`FlatIndex::upsert`] with the number of the vector.
    pub fn extend(&mut self, slots: &[u32], rows: Rows<'_, f32>) -> Result<(), Error> {
        if slots.len() != rows.len() {
            return Err(Error::Count { slots: slots.len(), rows: rows.len() });
        }
        if rows.dim() != self.dim {
            return Err(Error::Dimension { expected: self.dim, received: rows.dim() });
        }
        let (dim, metric) = (self.dim, self.metric);
        let check = |row: usize| vector::check(rows.row(row), row, dim, metric);
        let norms =
            (0..rows.len()).into_par_iter().with_min_len(256).map(check).collect::<Result<Vec<f64>, Error>>()?;

        let mut end = self.len();
        let mut writes: HashMap<usize, Vec<Write>> = HashMap::new();
        for (row, &slot) in slots.iter().enumerate() {
            let position = self.positions.get(slot).map_or(end, |position| position as usize);
            if position == end {
                self.append(slot, position);
                end += 1;
            }
            writes.entry(position / CHUNK).or_default().push(Write { at: position % CHUNK, row });
        }
        while self.chunks.len() < end.div_ceil(CHUNK) {
            self.chunks.push(Chunk::new(dim));
        }
        self.chunks.par_iter_mut().enumerate().for_each(|(number, chunk)| {
            let Some(writes) = writes.get(&number) else { return };
            // Room is made here too: the first touch of new memory is half of the work.
            chunk.resize((end - number * CHUNK).min(CHUNK));
            for write in writes {
                chunk.write(write.at, slots[write.row], rows.row(write.row), norms[write.row], metric);
            }
        });
        Ok(())
    }

    /// Takes the vector of a slot out; `false` when there was none.
    pub fn remove(&mut self, slot: u32) -> bool {
        let Some(position) = self.positions.remove(slot) else { return false };
        let last = self.chunks.last_mut().expect("a position was stored, so there is a chunk");
        let moved = last.pop();
        if last.len() == 0 {
            self.chunks.pop();
        }
        let end = self.len();
        self.displaced -= usize::from(is_displaced(slot, position as usize));
        // The last vector fills the hole, so that scans meet none.
        if position as usize != end {
            self.displaced -= usize::from(is_displaced(moved.slot, end));
            self.displaced += usize::from(is_displaced(moved.slot, position as usize));
            self.positions.set(moved.slot, position);
            self.chunks[position as usize / CHUNK].put(position as usize % CHUNK, &moved);
        }
        true
    }

    /// Notes that a new vector stands at `position`.
    fn append(&mut self, slot: u32, position: usize) {
        self.displaced += usize::from(is_displaced(slot, position));
        self.positions.set(slot, u32::try_from(position).expect("fewer vectors than slots"));
    }

    fn chunk_for(&mut self, position: usize) -> &mut Chunk {
        if position / CHUNK == self.chunks.len() {
            self.chunks.push(Chunk::new(self.dim));
        }
        &mut self.chunks[position / CHUNK]
    }
}

/// Row `row` of a call goes to place `at` of a chunk.
struct Write {
    at: usize,
    row: usize,
}

fn is_displaced(slot: u32, position: usize) -> bool {
    slot as usize != position
}

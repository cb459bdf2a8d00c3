//! The first look: every code is read, and whatever may be among the best is kept.

use super::bound::{Bound, Interval};
use super::chunk::{CHUNK, Chunk};
use super::filter::{BLOCK, Filter, bits, word};
use super::query::Query;
use canopy_core::{Cancel, Cancelled, Hit, TopK};
use std::sync::atomic::{AtomicU32, Ordering};

/// Below this many allowed vectors a block, each is multiplied alone.
const SPARSE: u32 = 12;

/// A vector that may be among the best.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    /// Its score is at most that of this half.
    pub(super) upper: f32,
    pub(super) position: u32,
}

/// Queries that are asked together, so that codes are read once for all of them.
pub(super) struct Batch<'a> {
    pub(super) queries: &'a [Query],
    pub(super) bounds: Vec<Bound>,
    /// The planes of all queries.
    planes: Vec<i8>,
    /// The best known lower bound of each query's k-th score, shared by all threads.
    floors: Vec<Floor>,
    pub(super) k: usize,
    /// More candidates than this a query, and a scan in f32 is cheaper.
    pub(super) limit: usize,
}

impl<'a> Batch<'a> {
    pub(super) fn new(queries: &'a [Query], bounds: Vec<Bound>, k: usize, limit: usize) -> Self {
        let planes = queries.iter().flat_map(|query| &query.planes).copied().collect();
        let floors = queries.iter().map(|_| Floor::default()).collect();
        Self { queries, bounds, planes, floors, k, limit }
    }
}

/// A number that only rises. It starts below every score.
struct Floor(AtomicU32);

impl Default for Floor {
    fn default() -> Self {
        Self(AtomicU32::new(ordered(f32::NEG_INFINITY)))
    }
}

impl Floor {
    fn get(&self) -> f32 {
        unordered(self.0.load(Ordering::Relaxed))
    }
    fn raise(&self, value: f32) {
        self.0.fetch_max(ordered(value), Ordering::Relaxed);
    }
}

/// Bits that compare like the numbers.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn unordered(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}

/// What a scan found for one query.
pub(super) struct Found {
    /// The best lower bounds.
    lowers: TopK,
    /// Every vector whose upper bound reached the floor when it was met.
    candidates: Vec<Candidate>,
    /// There were more candidates than the limit; they are dropped.
    pub(super) overflow: bool,
}

impl Found {
    pub(super) fn none(batch: &Batch<'_>) -> Vec<Self> {
        let none = |_: &Query| Self { lowers: TopK::new(batch.k), candidates: Vec::new(), overflow: false };
        batch.queries.iter().map(none).collect()
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.lowers.merge(other.lowers);
        self.candidates.extend(other.candidates);
        self.overflow |= other.overflow;
        self
    }

    /// The candidates that are left when all vectors were seen, most promising first; none when there are too many.
    pub(super) fn finish(mut self, limit: usize) -> Option<Vec<Candidate>> {
        self.prune(f32::NEG_INFINITY);
        if self.overflow || self.candidates.len() > limit {
            return None;
        }
        self.candidates.sort_unstable_by(|a, b| b.upper.total_cmp(&a.upper));
        Some(self.candidates)
    }

    fn prune(&mut self, floor: f32) {
        let floor = floor.max(self.lowers.threshold());
        self.candidates.retain(|candidate| candidate.upper >= floor);
    }

    /// Notes the allowed vectors of a block that may be among the best.
    fn take(
        &mut self,
        interval: &Interval,
        positions: impl Iterator<Item = (usize, usize)>,
        floor: &Floor,
        limit: usize,
    ) {
        let mut least = floor.get().max(self.lowers.threshold());
        for (i, position) in positions {
            if interval.upper[i] < least {
                continue;
            }
            let position = u32::try_from(position).expect("positions fit 32 bits");
            self.candidates.push(Candidate { upper: interval.upper[i], position });
            self.lowers.push(Hit { slot: position, score: interval.lower[i] });
            let mine = self.lowers.threshold();
            if mine > least {
                least = mine;
                floor.raise(mine);
            }
        }
        if self.candidates.len() > limit {
            self.prune(least);
            // Pruning that frees little would soon be asked for again.
            if self.candidates.len() > limit / 2 {
                self.overflow = true;
                self.candidates = Vec::new();
            }
        }
    }
}

/// Buffers that one thread uses for a whole chunk.
struct Scratch {
    products: Vec<i32>,
    interval: Interval,
}

/// Looks at chunk `number` for all queries of the batch.
pub(super) fn scan(
    chunk: &Chunk,
    number: usize,
    batch: &Batch<'_>,
    filter: Option<&Filter>,
    cancel: &Cancel,
    found: &mut [Found],
) -> Result<(), Cancelled> {
    let mut scratch = Scratch { products: vec![0; batch.queries.len() * 2 * BLOCK], interval: Interval::EMPTY };
    for block in 0..chunk.len().div_ceil(BLOCK) {
        cancel.check()?;
        let allowed = word(filter, number, block, chunk.len());
        if found.iter().all(|found| found.overflow) {
            return Ok(());
        }
        let start = block * BLOCK;
        let base = number * CHUNK + start;
        if allowed.count_ones() >= SPARSE {
            let end = chunk.len().min(start + BLOCK);
            multiply(chunk, start, end, batch, &mut scratch, |q, interval| {
                let all = (0..end - start).map(|i| (i, base + i)).filter(|&(i, _)| allowed >> i & 1 == 1);
                found[q].take(interval, all, &batch.floors[q], batch.limit);
            });
        } else {
            for bit in bits(allowed) {
                multiply(chunk, start + bit, start + bit + 1, batch, &mut scratch, |q, interval| {
                    found[q].take(interval, std::iter::once((0, base + bit)), &batch.floors[q], batch.limit);
                });
            }
        }
    }
    Ok(())
}

/// Computes the intervals of the vectors `start..end` of the chunk for each query.
fn multiply(
    chunk: &Chunk,
    start: usize,
    end: usize,
    batch: &Batch<'_>,
    scratch: &mut Scratch,
    mut each: impl FnMut(usize, &Interval),
) {
    let (dim, count) = (batch.queries[0].values.len(), end - start);
    let products = &mut scratch.products[..batch.queries.len() * 2 * count];
    canopy_simd::dot_block_i8(&batch.planes, chunk.codes(start..end), dim, products);
    for (q, products) in products.chunks_exact(2 * count).enumerate() {
        let (high, low) = products.split_at(count);
        batch.bounds[q].intervals(chunk, start, high, low, &mut scratch.interval);
        each(q, &scratch.interval);
    }
}

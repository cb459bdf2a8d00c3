//! Searching the lists, and ordering others' candidates by their codes.

use super::{Exact, IvfPq, IvfSearch, sorted};
use crate::{Error, vector};
use canopy_core::{Cancel, Hit, MetricKind, SlotSet, TopK};
use canopy_simd::{NIBBLE_BLOCK, sum_nibbles};

/// Largest table entry.
const MOST: f32 = 255.0;

/// Buffers of a search.
#[derive(Default)]
struct Scratch {
    turned: Vec<f32>,
    tables: Vec<f32>,
    bytes: Vec<u8>,
    sums: Vec<u16>,
}

impl IvfPq {
    /// The `count` vectors that look nearest by their codes among those of the `probes` nearest lists, nearest first; scores are negated squared distances
    /// in the index's own space, good for an order only.
    ///
    /// # Errors
    /// [`Error::Dimension`], [`Error::NotFinite`], [`Error::Zero`], [`Error::Norm`], [`Error::Cancelled`].
    pub fn candidates(
        &self,
        query: &[f32],
        count: usize,
        probes: usize,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<Hit>, Error> {
        let query = self.query(query)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut top = TopK::new(count.min(self.len()));
        let mut scratch = Scratch::default();
        for list in self.probed(&query, probes) {
            cancel.check()?;
            self.scan(list as usize, &query, allow, &mut scratch, &mut top);
        }
        Ok(top.into_sorted())
    }

    /// About the `k` best vectors: the `rerank` nearest by their codes, ordered by their exact scores.
    ///
    /// # Errors
    /// Those of [`IvfPq::candidates`].
    pub fn search(
        &self,
        query: &[f32],
        k: usize,
        options: IvfSearch,
        allow: Option<&SlotSet>,
        exact: &dyn Exact,
        cancel: &Cancel,
    ) -> Result<Vec<Hit>, Error> {
        let found = self.candidates(query, options.rerank.max(k), options.probes, allow, cancel)?;
        let slots: Vec<u32> = found.iter().map(|hit| hit.slot).collect();
        Ok(sorted(&slots, exact.exact_scores(query, &slots)?, k))
    }

    /// The given slots ordered by their codes, nearest first, at most `keep` of them: the middle stage of the hybrid pipeline. Slots without a code come last.
    ///
    /// # Errors
    /// Those of [`IvfPq::candidates`].
    pub fn order(&self, query: &[f32], slots: &[u32], keep: usize) -> Result<Vec<u32>, Error> {
        let query = self.query(query)?;
        let mut scratch = Scratch::default();
        // Tables are made once a list: candidates of a walk lie in few lists.
        let mut known: Vec<(usize, u32, u32)> = Vec::with_capacity(slots.len());
        let mut rest = Vec::new();
        for &slot in slots {
            match self.places.get(slot) {
                Some(place) => known.push((self.list_of(place), place, slot)),
                None => rest.push(slot),
            }
        }
        known.sort_unstable();
        let mut all: Vec<Hit> = Vec::with_capacity(slots.len());
        for group in known.chunk_by(|a, b| a.0 == b.0) {
            self.tables(group[0].0, &query, &mut scratch);
            for &(_, place, slot) in group {
                let parts = scratch.tables.chunks_exact(16).take(self.quantiser.parts).enumerate();
                let distance: f32 = parts.map(|(part, table)| table[usize::from(self.code(place, part))]).sum();
                all.push(Hit { slot, score: -distance });
            }
        }
        all.sort_unstable_by(Hit::best_first);
        Ok(all.into_iter().map(|hit| hit.slot).chain(rest).take(keep).collect())
    }

    /// The numbers of the lists nearest to a query of the index's space, nearest first.
    pub(super) fn probed(&self, query: &[f32], probes: usize) -> Vec<u32> {
        let mut distances = Vec::new();
        self.centres.distances(query, &mut distances);
        let mut order: Vec<u32> = (0..distances.len() as u32).collect();
        let probes = probes.clamp(1, order.len().max(1)).min(order.len());
        if probes == 0 {
            return order;
        }
        let by = |a: &u32, b: &u32| distances[*a as usize].total_cmp(&distances[*b as usize]).then(a.cmp(b));
        order.select_nth_unstable_by(probes - 1, by);
        order.truncate(probes);
        order.sort_unstable_by(by);
        order
    }

    /// A checked query as a point of the index's space.
    pub(super) fn query(&self, query: &[f32]) -> Result<Vec<f32>, Error> {
        let norm = vector::check(query, 0, self.dim, self.metric)?;
        let mut values = vec![0.0; self.dim];
        vector::store(query, norm, self.metric, &mut values);
        // The order by inner products doesn't depend on the query's length.
        let unit = match self.metric {
            MetricKind::Dot => (1.0 / norm.max(1e-30)).min(1e30) as f32,
            _ => self.unit,
        };
        values.iter_mut().for_each(|value| *value *= unit);
        values.resize(self.full, 0.0);
        values.iter_mut().zip(&self.mean).for_each(|(value, mean)| *value -= mean);
        Ok(values)
    }

    /// The distances of the query, seen from the list's centre, from every entry.
    fn tables(&self, list: usize, query: &[f32], scratch: &mut Scratch) {
        let residual: Vec<f32> = query.iter().zip(self.centres.centre(list)).map(|(a, b)| a - b).collect();
        self.quantiser.turn(&residual, &mut scratch.turned);
        self.quantiser.tables(&scratch.turned, &mut scratch.tables);
    }

    fn scan(&self, list: usize, query: &[f32], allow: Option<&SlotSet>, scratch: &mut Scratch, top: &mut TopK) {
        let slots = self.slots_of(self.lists[list]);
        if slots.is_empty() {
            return;
        }
        let blocks = slots.len().div_ceil(NIBBLE_BLOCK);
        let codes = &self.codes[self.lists[list].block * self.block()..][..blocks * self.block()];
        self.tables(list, query, scratch);
        let (base, step) = round(&scratch.tables, &mut scratch.bytes);
        scratch.sums.resize(blocks * NIBBLE_BLOCK, 0);
        sum_nibbles(&scratch.bytes, codes, &mut scratch.sums);
        // In whole steps the threshold is compared without leaving 16 bits; rounded up, so that a tie is looked at.
        let limit = |top: &TopK| ((-top.threshold() - base) / step + 1.0).clamp(-1.0, 65_535.0) as i32;
        let mut most = limit(top);
        for (sums, slots) in scratch.sums.chunks_exact(NIBBLE_BLOCK).zip(slots.chunks(NIBBLE_BLOCK)) {
            if !sums.iter().any(|&sum| i32::from(sum) <= most) {
                continue;
            }
            for (&sum, &slot) in sums.iter().zip(slots) {
                if i32::from(sum) <= most && allow.is_none_or(|allow| allow.contains(slot)) {
                    top.push(Hit { slot, score: -(base + step * f32::from(sum)) });
                    most = limit(top);
                }
            }
        }
    }
}

/// Tables in 8 bits: each part's least value goes into the base, one step serves all parts.
fn round(tables: &[f32], bytes: &mut Vec<u8>) -> (f32, f32) {
    let least = |table: &[f32]| table.iter().copied().fold(f32::INFINITY, f32::min);
    let span = |table: &[f32]| table.iter().copied().fold(0.0, f32::max) - least(table);
    let parts = || tables.chunks_exact(16);
    let base: f32 = parts().map(least).sum();
    let step = (parts().map(span).fold(0.0, f32::max) / MOST).max(f32::MIN_POSITIVE);
    bytes.clear();
    for table in parts() {
        let least = least(table);
        bytes.extend(table.iter().map(|value| ((value - least) / step).round().min(MOST) as u8));
    }
    (base, step)
}

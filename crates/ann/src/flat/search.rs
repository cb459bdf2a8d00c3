//! Which look is taken, on how many threads, and what the caller gets.

use super::bound::Bound;
use super::codes::{self, Batch, Found};
use super::filter::Filter;
use super::query::Query;
use super::{FlatIndex, exact};
use crate::Error;
use canopy_core::{Cancel, Cancelled, Hit, MetricKind, Rows, SlotSet, TopK};
use rayon::prelude::*;
use std::sync::atomic::Ordering;

/// Queries that share one reading of the vectors: their 16 planes of 384 bytes fit beside a block in the nearest cache.
const TOGETHER: usize = 8;
/// Bytes from which a scan is shared between threads. Below, waking another thread costs a good part of the scan, and
/// a server with many callers keeps every core busy anyway.
const PARALLEL_BYTES: usize = 4 << 20;
/// Slots ahead of which vectors are asked for, where they are scored by name.
const AHEAD: usize = 4;
/// So few vectors are scored at once in f32.
const FEW: usize = 512;
/// Searches that go straight to f32 after codes left too many candidates; then the codes get another try.
const DISTRUST: u32 = 16;

impl FlatIndex {
    /// The `k` best vectors, best first, equal scores in order of slots; all of them when there are fewer than `k`.
    ///
    /// Scores are cosines in [-1, 1], inner products, or negated squared distances. `allow` names the slots that may be
    /// found. `cancel` is looked at every 64 vectors.
    ///
    /// # Errors
    /// [`Error::Dimension`], [`Error::NotFinite`], [`Error::Zero`], [`Error::Norm`], [`Error::Cancelled`].
    pub fn search(&self, query: &[f32], k: usize, allow: Option<&SlotSet>, cancel: &Cancel) -> Result<Vec<Hit>, Error> {
        let query = [Query::new(query, 0, self.dim, self.metric)?];
        let tops = self.answer(&query, k, allow, cancel)?;
        Ok(tops.into_iter().map(|top| self.hits(top)).next().unwrap_or_default())
    }

    /// [`FlatIndex::search`] for many queries, each vector read once for every eight of them.
    ///
    /// # Errors
    /// Those of [`FlatIndex::search`], with the number of the query.
    pub fn search_batch(
        &self,
        queries: Rows<'_, f32>,
        k: usize,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<Hit>>, Error> {
        let ready = |(row, query)| Query::new(query, row, self.dim, self.metric);
        let queries = queries.iter().enumerate().map(ready).collect::<Result<Vec<_>, _>>()?;
        let tops = self.answer(&queries, k, allow, cancel)?;
        Ok(tops.into_iter().map(|top| self.hits(top)).collect())
    }

    /// The same answer as [`FlatIndex::search`] by reading every vector in `f32`: the measure of what the codes save.
    ///
    /// # Errors
    /// Those of [`FlatIndex::search`].
    pub fn search_f32(
        &self,
        query: &[f32],
        k: usize,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<Hit>, Error> {
        let query = Query::new(query, 0, self.dim, self.metric)?;
        let filter = allow.map(|allow| Filter::new(self, allow));
        let tops = self.everything(&[&query], k.min(self.len()), filter.as_ref(), cancel)?;
        Ok(tops.into_iter().map(|top| self.hits(top)).next().unwrap_or_default())
    }

    /// The scores of the given slots, in their order; NaN for a slot without a vector.
    ///
    /// # Errors
    /// [`Error::Dimension`], [`Error::NotFinite`], [`Error::Zero`], [`Error::Norm`].
    pub fn score(&self, query: &[f32], slots: &[u32]) -> Result<Vec<f32>, Error> {
        let query = Query::new(query, 0, self.dim, self.metric)?;
        slots.iter().take(AHEAD).for_each(|&slot| self.ask(slot));
        let one = |(i, &slot): (usize, &u32)| {
            if let Some(&later) = slots.get(i + AHEAD) {
                self.ask(later);
            }
            self.vector(slot).map_or(f32::NAN, |row| self.shown(exact::score(self.metric, &query.values, row)))
        };
        Ok(slots.iter().enumerate().map(one).collect())
    }

    /// Asks for a vector that will be scored soon.
    fn ask(&self, slot: u32) {
        if let Some(row) = self.vector(slot) {
            let bytes: &[u8] = bytemuck::cast_slice(row);
            canopy_simd::prefetch(bytes, 0, bytes.len());
        }
    }

    fn hits(&self, top: TopK) -> Vec<Hit> {
        top.into_sorted().into_iter().map(|hit| Hit { score: self.shown(hit.score), ..hit }).collect()
    }

    /// Rounding can carry a cosine a few steps past 1; callers are promised that it doesn't.
    fn shown(&self, score: f32) -> f32 {
        if self.metric == MetricKind::Cosine { score.clamp(-1.0, 1.0) } else { score }
    }

    fn answer(
        &self,
        queries: &[Query],
        k: usize,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<TopK>, Cancelled> {
        cancel.check()?;
        let filter = allow.map(|allow| Filter::new(self, allow));
        let (filter, count) = (filter.as_ref(), filter.as_ref().map_or(self.len(), |filter| filter.count));
        let k = k.min(count);
        if k == 0 {
            return Ok(queries.iter().map(|_| TopK::new(0)).collect());
        }
        let together = |queries: &[Query]| self.together(queries, k, filter, count, cancel);
        // Where one scan isn't shared between threads, many queries are.
        let answers: Vec<Vec<TopK>> = if queries.len() <= TOGETHER || self.is_parallel(count) {
            queries.chunks(TOGETHER).map(together).collect::<Result<_, _>>()?
        } else {
            queries.par_chunks(TOGETHER).map(together).collect::<Result<_, _>>()?
        };
        Ok(answers.into_iter().flatten().collect())
    }

    fn is_parallel(&self, count: usize) -> bool {
        count * self.dim >= PARALLEL_BYTES
    }

    fn together(
        &self,
        queries: &[Query],
        k: usize,
        filter: Option<&Filter>,
        count: usize,
        cancel: &Cancel,
    ) -> Result<Vec<TopK>, Cancelled> {
        if count <= FEW
            && let Some(filter) = filter
        {
            return queries.iter().map(|query| self.best_of(query, k, filter.iter(), cancel)).collect();
        }
        let plain: Vec<&Query> = queries.iter().collect();
        if count <= FEW / 2 || 8 * k >= count || self.is_distrusted() {
            return self.everything(&plain, k, filter, cancel);
        }
        let bounds = queries.iter().map(|query| Bound::new(query, self.metric)).collect();
        let batch = Batch::new(queries, bounds, k, count / 8 + 4 * k);
        let found = self.candidates(&batch, filter, count, cancel)?;
        let second = |(q, found): (usize, Found)| match found.finish(batch.limit) {
            Some(candidates) => self.rerank(&queries[q], &batch.bounds[q], k, &candidates, cancel),
            None => {
                self.distrust.store(DISTRUST, Ordering::Relaxed);
                let mut tops = self.everything(&plain[q..=q], k, filter, cancel)?;
                Ok(tops.pop().unwrap_or_else(|| TopK::new(k)))
            }
        };
        found.into_iter().enumerate().map(second).collect()
    }

    /// Whether codes left too many candidates of late. It changes how long an answer takes, never the answer.
    fn is_distrusted(&self) -> bool {
        let lower = |left: u32| left.checked_sub(1);
        self.distrust.load(Ordering::Relaxed) > 0
            && self.distrust.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lower).is_ok()
    }

    fn candidates(
        &self,
        batch: &Batch<'_>,
        filter: Option<&Filter>,
        count: usize,
        cancel: &Cancel,
    ) -> Result<Vec<Found>, Cancelled> {
        let none = || Found::none(batch);
        self.fold(self.is_parallel(count), none, Found::merge, |found, number| {
            codes::scan(&self.chunks[number], number, batch, filter, cancel, found)
        })
    }

    /// The best of all allowed vectors, every one scored in `f32`.
    fn everything(
        &self,
        queries: &[&Query],
        k: usize,
        filter: Option<&Filter>,
        cancel: &Cancel,
    ) -> Result<Vec<TopK>, Cancelled> {
        let count = filter.map_or(self.len(), |filter| filter.count);
        let none = || queries.iter().map(|_| TopK::new(k)).collect();
        let merge = |mut a: TopK, b: TopK| {
            a.merge(b);
            a
        };
        self.fold(self.is_parallel(count * size_of::<f32>()), none, merge, |tops, number| {
            exact::scan(&self.chunks[number], number, self.metric, queries, filter, cancel, tops)
        })
    }

    /// Runs `scan` over all chunks and merges what threads found, query by query.
    fn fold<T: Send>(
        &self,
        parallel: bool,
        none: impl Fn() -> Vec<T> + Sync + Send,
        merge: impl Fn(T, T) -> T + Sync + Send,
        scan: impl Fn(&mut [T], usize) -> Result<(), Cancelled> + Sync + Send,
    ) -> Result<Vec<T>, Cancelled> {
        let step = |mut all: Vec<T>, number: usize| scan(&mut all, number).map(|()| all);
        if !parallel {
            return (0..self.chunks.len()).try_fold(none(), step);
        }
        let both = |a: Vec<T>, b: Vec<T>| Ok(a.into_iter().zip(b).map(|(a, b)| merge(a, b)).collect());
        (0..self.chunks.len()).into_par_iter().try_fold(&none, step).try_reduce(&none, both)
    }
}

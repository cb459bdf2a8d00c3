//! What a caller asks.

use super::entry;
use super::walk::{Scratch, View};
use super::{GraphIndex, SearchOptions};
use crate::{Error, vector};
use canopy_core::{Cancel, Cancelled, Hit, MetricKind, Rows, SlotSet, TopK};
use rayon::prelude::*;

/// Candidates ahead of which exact vectors are asked for.
const AHEAD: usize = 4;

/// What a search read; see [`GraphIndex::work`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Codes compared with the query.
    pub scored: usize,
    /// Bytes of codes, links and exact vectors.
    pub bytes: usize,
}

impl GraphIndex {
    /// About the `k` best vectors, best first, equal scores in order of slots; all of them when there are fewer than `k`.
    ///
    /// Scores are exact. How many of the true `k` best are found depends on `options.ef`. `allow` names the slots that may be found.
    ///
    /// # Errors
    /// [`Error::Dimension`], [`Error::NotFinite`], [`Error::Zero`], [`Error::Norm`], [`Error::Cancelled`].
    pub fn search(
        &self,
        query: &[f32],
        k: usize,
        options: SearchOptions,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<Hit>, Error> {
        self.need_vectors("score by itself")?;
        let hits = self.walk(query, k, options, allow, cancel, |scratch, values, k, rerank| {
            self.second_look(values, k, rerank, scratch)
        });
        Ok(hits?.unwrap_or_default())
    }

    /// The slots that look nearest by their codes, nearest first: as many as [`GraphIndex::search`] would score again for `k` hits with these options.
    ///
    /// # Errors
    /// Those of [`GraphIndex::search`].
    pub fn candidates(
        &self,
        query: &[f32],
        k: usize,
        options: SearchOptions,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<u32>, Error> {
        let slots = self.slots.get();
        let found = self.walk(query, k, options, allow, cancel, |scratch, _, _, count| {
            scratch.pool.iter().take(count).map(|(_, id)| slots[id as usize]).collect()
        });
        Ok(found?.unwrap_or_default())
    }

    /// [`GraphIndex::search`] for many queries, shared out between threads.
    ///
    /// # Errors
    /// Those of [`GraphIndex::search`].
    pub fn search_batch(
        &self,
        queries: Rows<'_, f32>,
        k: usize,
        options: SearchOptions,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<Hit>>, Error> {
        queries.data().par_chunks(queries.dim()).map(|query| self.search(query, k, options, allow, cancel)).collect()
    }

    /// The work of a search: how many codes it scored and how many bytes of codes, links and vectors that took.
    ///
    /// # Errors
    /// Those of [`GraphIndex::search`].
    pub fn work(&self, query: &[f32], k: usize, options: SearchOptions) -> Result<Work, Error> {
        self.search(query, k, options, None, &Cancel::new())?;
        let SearchOptions { ef, rerank } = self.effective(options, k);
        let scored = Scratch::with(|scratch| scratch.visited.count());
        let visits = ef.min(scored) * self.links.degree * size_of::<u32>();
        let vectors = rerank * self.dim() * self.raw.kind.bytes();
        Ok(Work { scored, bytes: scored * self.space.stride + visits + vectors })
    }

    pub(super) fn view(&self) -> View<'_> {
        View {
            codes: self.codes.get(),
            stride: self.space.stride,
            links: self.links.rows.get(),
            degree: self.links.degree,
        }
    }

    /// Walks for a checked query and has `then` take what it wants from the pool: it gets the query as it is compared, `k`, and the number of candidates.
    /// `None` when there is nothing to find.
    fn walk<T>(
        &self,
        query: &[f32],
        k: usize,
        options: SearchOptions,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
        then: impl FnOnce(&mut Scratch, &[f32], usize, usize) -> T,
    ) -> Result<Option<T>, Error> {
        let norm = vector::check(query, 0, self.dim(), self.metric())?;
        cancel.check()?;
        let k = k.min(self.len());
        if k == 0 || allow.is_some_and(SlotSet::is_empty) {
            return Ok(None);
        }
        Scratch::with(|scratch| {
            let mut values = std::mem::take(&mut scratch.row);
            values.resize(query.len(), 0.0);
            vector::store(query, norm, self.metric(), &mut values);
            let rerank = self.fill(&values, k, options, allow, scratch, cancel);
            let found = rerank.map(|rerank| then(scratch, &values, k, rerank));
            scratch.row = values;
            Ok(Some(found?))
        })
    }

    /// Fills the pool with the nearest by their codes; answers how many of them deserve a second look.
    fn fill(
        &self,
        query: &[f32],
        k: usize,
        options: SearchOptions,
        allow: Option<&SlotSet>,
        scratch: &mut Scratch,
        cancel: &Cancel,
    ) -> Result<usize, Cancelled> {
        let SearchOptions { ef, rerank } = self.effective(options, k);
        let most = rerank.max(ef);
        self.space.query(query, &mut scratch.projection, &mut scratch.query);
        if allow.is_some() || self.dead.len() > self.free.len() || self.is_small(ef) {
            self.walk_allowed(allow, ef, most, scratch, cancel)?;
        } else {
            entry::descend(&self.entries, self.slots.len(), self.space.stride, self.start, scratch);
            scratch.walk_on(self.view(), ef, most);
        }
        Ok(rerank)
    }

    /// The options a search really runs with: where a caller leaves the choice to the index, its own.
    pub fn effective(&self, options: SearchOptions, k: usize) -> SearchOptions {
        let own = self.tuned.map_or_else(|| self.usual.of(k), |tuned| tuned.beside(self.usual, k));
        let ef = if options.ef > 0 { options.ef } else { own.ef };
        let rerank = if options.rerank > 0 { options.rerank } else { own.rerank };
        SearchOptions { ef: ef.min(self.slots.len()).max(1), rerank: rerank.min(self.slots.len()).max(k) }
    }

    /// The best of the first candidates by their exact vectors.
    fn second_look(&self, query: &[f32], k: usize, count: usize, scratch: &mut Scratch) -> Vec<Hit> {
        scratch.ids.clear();
        scratch.ids.extend(scratch.pool.iter().take(count).map(|(_, id)| id));
        let slots = self.slots.get();
        let ids = &scratch.ids;
        ids.iter().take(AHEAD).for_each(|&id| self.raw.prefetch(id as usize));
        let mut top = TopK::new(k);
        for (i, &id) in ids.iter().enumerate() {
            if let Some(&later) = ids.get(i + AHEAD) {
                self.raw.prefetch(later as usize);
            }
            let score = self.raw.score(self.metric(), query, id as usize);
            // Only a damaged file holds vectors without a score.
            if !score.is_nan() {
                top.push(Hit { slot: slots[id as usize], score: self.shown(score) });
            }
        }
        top.into_sorted()
    }

    /// The exact scores of the given slots, in their order; NaN for a slot without a vector.
    ///
    /// # Errors
    /// [`Error::Dimension`], [`Error::NotFinite`], [`Error::Zero`], [`Error::Norm`].
    pub fn score(&self, query: &[f32], slots: &[u32]) -> Result<Vec<f32>, Error> {
        self.need_vectors("score by itself")?;
        let norm = vector::check(query, 0, self.dim(), self.metric())?;
        let mut values = vec![0.0; query.len()];
        vector::store(query, norm, self.metric(), &mut values);
        let position = |slot: u32| self.positions.get(slot).map(|position| position as usize);
        let one = |(i, &slot): (usize, &u32)| {
            if let Some(later) = slots.get(i + AHEAD).and_then(|&slot| position(slot)) {
                self.raw.prefetch(later);
            }
            position(slot).map_or(f32::NAN, |at| self.shown(self.raw.score(self.metric(), &values, at)))
        };
        Ok(slots.iter().enumerate().map(one).collect())
    }

    /// Whether the slot's code is the one of this vector (of norm 1 under cosine): what tells an index that fits its vectors from a foreign one.
    pub fn is_code_of(&self, slot: u32, vector: &[f32]) -> bool {
        let Some(position) = self.positions.get(slot) else { return false };
        let stride = self.space.stride;
        let mut code = vec![0; stride];
        self.space.encode(vector, &mut Default::default(), &mut code);
        self.codes.get()[position as usize * stride..][..stride] == code
    }

    /// Rounding can carry a cosine a few steps past 1; callers are promised that it doesn't.
    pub(super) fn shown(&self, score: f32) -> f32 {
        if self.metric() == MetricKind::Cosine { score.clamp(-1.0, 1.0) } else { score }
    }
}

//! The vector leg: an exact index of every vector, and a graph over it once there are many.
//!
//! The graph holds codes and links only; what it proposes is scored by the exact index, so every score is exact. It is built, changed and
//! replaced beside the searches. Until it has taken in a change, the slot is *dirty*: the graph may not answer for it, the exact index does.

mod dirty;
mod file;
mod options;
mod status;
mod tune;

pub(crate) use file::{Notes, index_path, remove_leftovers};
pub use options::IndexOptions;
pub use status::IndexView;
pub(crate) use status::{Phase, Status};
pub(crate) use tune::tune;

use crate::error::Error;
use canopy_ann::flat::FlatIndex;
use canopy_ann::graph::{GraphIndex, SearchOptions};
use canopy_ann::plan::{Choice, choose};
use canopy_core::{Cancel, Hit, Rows, SlotSet, TopK};
use canopy_store::VectorSpec;
use dirty::Dirty;
use parking_lot::RwLock;
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// With more than this part of the vectors dirty, scanning all of them is as good.
const DIRTY: usize = 4;
/// A graph is built anew when so much of it was changed.
const CHURN: f64 = 0.3;
/// Dirty slots that are worth waking the indexer for; fewer are looked at by each search.
const WORTH: usize = 64;

/// A graph over the vectors of the exact index.
#[derive(Debug)]
pub(crate) struct Near {
    pub(crate) graph: RwLock<GraphIndex>,
    /// By how much searches are wider than the graph's own choice, to reach the wanted recall.
    pub(crate) breadth: f32,
    /// The recall that this reached when it was measured.
    pub(crate) recall: f64,
    /// Changes since it was saved.
    pub(crate) unsaved: AtomicUsize,
}

/// A slot with its vector, or none where it must go, and the change that the graph is to take in.
pub(crate) type Change = (u32, u64, Option<Vec<f32>>);

/// The vectors of a collection, searchable.
#[derive(Debug)]
pub(crate) struct VectorLeg {
    flat: FlatIndex,
    options: IndexOptions,
    /// Vectors from which on there should be a graph.
    least: usize,
    near: Option<Arc<Near>>,
    dirty: Dirty,
    /// Ends the build of a graph when the leg goes.
    cancel: Cancel,
}

impl Drop for VectorLeg {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl VectorLeg {
    pub(crate) fn new(spec: &VectorSpec, options: IndexOptions) -> Result<Self, Error> {
        let flat = FlatIndex::new(spec.dim as usize, spec.metric)?;
        let least = options.least(flat.dim());
        Ok(Self { flat, options, least, near: None, dirty: Dirty::default(), cancel: Cancel::new() })
    }

    /// The exact index: single vectors and scores.
    pub(crate) fn exact(&self) -> &FlatIndex {
        &self.flat
    }

    pub(crate) fn near(&self) -> Option<&Arc<Near>> {
        self.near.as_ref()
    }

    pub(crate) fn recall(&self) -> f64 {
        self.options.recall
    }

    /// Raised when this leg is gone.
    pub(crate) fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Adds or replaces the vector of a slot.
    pub(crate) fn upsert(&mut self, slot: u32, vector: &[f32]) -> Result<(), Error> {
        self.flat.upsert(slot, vector)?;
        self.dirty.mark(slot);
        Ok(())
    }

    /// Adds or replaces many.
    pub(crate) fn extend(&mut self, slots: &[u32], rows: Rows<'_, f32>) -> Result<(), Error> {
        self.flat.extend(slots, rows)?;
        slots.iter().for_each(|&slot| self.dirty.mark(slot));
        Ok(())
    }

    /// Takes the vector of a slot out.
    pub(crate) fn remove(&mut self, slot: u32) {
        if self.flat.remove(slot) {
            self.dirty.mark(slot);
        }
    }

    /// The `k` best vectors, best first, with exact scores; about the best where a graph finds them.
    pub(crate) fn search(
        &self,
        query: &[f32],
        k: usize,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<Hit>, Error> {
        match self.graph_for(k, allow) {
            Some((near, allowed)) => self.by_graph(near, query, k.min(allowed), allow, cancel),
            None => Ok(self.flat.search(query, k, allow, cancel)?),
        }
    }

    /// [`VectorLeg::search`] for many queries.
    pub(crate) fn search_batch(
        &self,
        queries: Rows<'_, f32>,
        k: usize,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<Hit>>, Error> {
        let Some((near, allowed)) = self.graph_for(k, allow) else {
            return Ok(self.flat.search_batch(queries, k, allow, cancel)?);
        };
        let one = |query: &[f32]| self.by_graph(near, query, k.min(allowed), allow, cancel);
        queries.data().par_chunks(queries.dim()).map(one).collect()
    }

    /// The graph, where it answers sooner than a scan, and how many vectors may be found.
    fn graph_for(&self, k: usize, allow: Option<&SlotSet>) -> Option<(&Near, usize)> {
        let near = self.near.as_deref()?;
        let count = self.flat.len();
        if self.dirty.len() * DIRTY > count {
            return None;
        }
        let allowed = allow.map_or(count, |allow| allow.len().min(count));
        let walk = match self.options.exact_below {
            Some(least) => allowed >= least && 8 * k <= allowed,
            None => choose(count, self.flat.dim(), k, Some(allowed), self.options.recall) == Choice::Graph,
        };
        walk.then_some((near, allowed))
    }

    fn by_graph(
        &self,
        near: &Near,
        query: &[f32],
        k: usize,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<Hit>, Error> {
        let mut slots = near.graph.read().candidates(query, k, breadth(near.breadth, k), allow, cancel)?;
        slots.retain(|&slot| !self.dirty.contains(slot));
        let mut top = TopK::new(k);
        for (&slot, score) in slots.iter().zip(self.flat.score(query, &slots)?) {
            if !score.is_nan() {
                top.push(Hit { slot, score });
            }
        }
        if self.dirty.len() > 0 {
            let mut fresh = self.dirty.slots().clone();
            if let Some(allow) = allow {
                fresh.intersect(allow);
            }
            self.flat.search(query, k, Some(&fresh), cancel)?.into_iter().for_each(|hit| top.push(hit));
        }
        let hits = top.into_sorted();
        // A walk that ended among few of the allowed ones: the scan knows whether there are more.
        if hits.len() < k { Ok(self.flat.search(query, k, allow, cancel)?) } else { Ok(hits) }
    }

    /// Bytes held, the mapped parts of the graph's file included.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.flat.memory_bytes() + self.graph_bytes() + self.dirty.bytes()
    }

    /// Bytes of the graph.
    pub(crate) fn graph_bytes(&self) -> usize {
        self.near.as_ref().map_or(0, |near| near.graph.read().memory_bytes())
    }

    /// Changes that the graph hasn't taken in yet.
    pub(crate) fn pending(&self) -> usize {
        self.dirty.len()
    }

    /// Vectors from which on there should be a graph.
    pub(crate) fn least(&self) -> usize {
        self.least
    }

    /// Whether there are enough vectors for a graph.
    pub(crate) fn is_large(&self) -> bool {
        self.flat.len() >= self.least
    }

    /// Whether there is a graph, and too few vectors for one by now: not at once, or a collection that stays about there would build it over and over.
    pub(crate) fn has_shrunk(&self) -> bool {
        self.near.is_some() && self.flat.len() < self.least / 2
    }

    /// Whether so much has changed that a graph of now would be better.
    pub(crate) fn is_churned(&self) -> bool {
        let Some(near) = &self.near else { return false };
        near.graph.read().churn() > CHURN || self.dirty.len() * DIRTY > self.flat.len()
    }

    /// Whether the indexer has something to do here.
    pub(crate) fn wants_indexer(&self) -> bool {
        self.has_shrunk() || if self.near.is_some() { self.dirty.len() >= WORTH } else { self.is_large() }
    }

    /// From now on changes are remembered. Answers where they begin and what there is before them.
    pub(crate) fn begin(&mut self) -> (u64, Vec<u32>) {
        self.dirty.watch();
        let mut slots: Vec<u32> = self.flat.slots().collect();
        slots.sort_unstable();
        (self.dirty.now(), slots)
    }

    /// Takes a graph that knows all changes up to `since`, but for those of `open`.
    pub(crate) fn install(&mut self, near: Near, since: u64, open: impl Iterator<Item = u32>) {
        self.dirty.settle_until(since);
        open.for_each(|slot| self.dirty.mark(slot));
        self.near = Some(Arc::new(near));
    }

    /// Gives the graph up.
    pub(crate) fn uninstall(&mut self) {
        self.near = None;
        self.dirty = Dirty::default();
    }

    /// The next `count` changes for the graph.
    pub(crate) fn changes(&self, count: usize) -> Vec<Change> {
        self.dirty
            .first(count)
            .map(|(slot, stamp)| (slot, stamp, self.flat.vector(slot).map(<[f32]>::to_vec)))
            .collect()
    }

    /// Notes that the graph has taken these changes in.
    pub(crate) fn settle(&mut self, changes: &[(u32, u64)]) {
        changes.iter().for_each(|&(slot, stamp)| self.dirty.settle(slot, stamp));
    }

    /// Slots that the graph doesn't answer for.
    pub(crate) fn open(&self) -> Vec<u32> {
        self.dirty.slots().iter().collect()
    }
}

/// What a search for `k` looks at: the graph's own choice, so many times wider.
pub(crate) fn breadth(wide: f32, k: usize) -> SearchOptions {
    let times = |count: usize| (count as f32 * wide) as usize;
    SearchOptions { ef: times(24 + k), rerank: times(24 + k + k * 3 / 5) }
}

/// The changes of one batch, apart: slots with rows, and slots that go.
pub(crate) fn take_in(near: &Near, dim: usize, changes: &[Change], cancel: &Cancel) -> Result<(), Error> {
    let gone: Vec<u32> = changes.iter().filter(|change| change.2.is_none()).map(|change| change.0).collect();
    let (slots, rows): (Vec<u32>, Vec<&Vec<f32>>) =
        changes.iter().filter_map(|(slot, _, vector)| Some((*slot, vector.as_ref()?))).unzip();
    let values: Vec<f32> = rows.into_iter().flatten().copied().collect();
    near.graph.write().extend_only(&slots, Rows::new(&values, dim)?, &gone, cancel)?;
    near.unsaved.fetch_add(changes.len(), Ordering::Relaxed);
    Ok(())
}

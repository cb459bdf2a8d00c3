//! How far the index of a collection is.

use parking_lot::Mutex;
use serde::Serialize;

/// What the indexer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Phase {
    #[default]
    Idle,
    Opening,
    Building,
    Following,
    Saving,
}

#[derive(Debug, Default)]
struct Inner {
    phase: Phase,
    done: u64,
    total: u64,
    error: Option<String>,
    failed_at: Option<usize>,
    file_bytes: u64,
    opened: bool,
}

/// What is known of the index beside what is in memory; it outlives the searchable state.
#[derive(Debug, Default)]
pub(crate) struct Status {
    inner: Mutex<Inner>,
    /// Held while the file is written.
    pub(crate) saving: Mutex<()>,
}

impl Status {
    pub(crate) fn enter(&self, phase: Phase) {
        let mut inner = self.inner.lock();
        (inner.phase, inner.done, inner.total) = (phase, 0, 0);
    }

    pub(crate) fn progress(&self, done: u64, total: u64) {
        let mut inner = self.inner.lock();
        (inner.done, inner.total) = (done, total);
    }

    /// A build that failed isn't tried again until there are half as many vectors again.
    pub(crate) fn may_build(&self, vectors: usize) -> bool {
        self.inner.lock().failed_at.is_none_or(|failed| vectors > failed + failed / 2)
    }

    pub(crate) fn built(&self) {
        let mut inner = self.inner.lock();
        (inner.failed_at, inner.error) = (None, None);
    }

    pub(crate) fn failed(&self, error: String, building: Option<usize>) {
        let mut inner = self.inner.lock();
        inner.error = Some(error);
        inner.failed_at = building.or(inner.failed_at);
    }

    pub(crate) fn saved(&self, bytes: u64) {
        self.inner.lock().file_bytes = bytes;
    }

    /// Whether the file is worth a look: once each time the searchable state was loaded.
    pub(crate) fn may_open(&self) -> bool {
        !std::mem::replace(&mut self.inner.lock().opened, true)
    }

    /// The searchable state is gone or new.
    pub(crate) fn reset(&self) {
        let saved = self.inner.lock().file_bytes;
        *self.inner.lock() = Inner { file_bytes: saved, ..Inner::default() };
    }

    pub(crate) fn view(&self, leg: Option<&super::VectorLeg>) -> IndexView {
        let inner = self.inner.lock();
        let near = leg.and_then(super::VectorLeg::near);
        let building = inner.phase == Phase::Building;
        let state = match (leg, near) {
            (None, _) => "unloaded",
            (Some(_), Some(_)) if building => "rebuilding",
            (Some(_), Some(_)) => "ready",
            (Some(_), None) if building || inner.phase == Phase::Opening => "building",
            (Some(_), None) => "exact",
        };
        IndexView {
            state,
            vectors: leg.map_or(0, |leg| leg.exact().len()),
            exact_below: leg.map(super::VectorLeg::least).filter(|&least| least != usize::MAX),
            pending: near.map_or(0, |_| leg.map_or(0, super::VectorLeg::pending)),
            done: inner.done,
            total: inner.total,
            bytes: leg.map_or(0, super::VectorLeg::graph_bytes),
            file_bytes: inner.file_bytes,
            recall: near.map(|near| near.recall),
            error: inner.error.clone(),
        }
    }
}

/// The index of a collection's vectors, as it is shown.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexView {
    /// `unloaded` until the first search; `exact` where every vector is scanned; `building` the first graph; `ready`; `rebuilding` beside the one in use.
    pub state: &'static str,
    /// Vectors in memory.
    pub vectors: usize,
    /// Vectors from which on a graph is built; null when never.
    pub exact_below: Option<usize>,
    /// Changes that the graph has yet to take in; searches look at them exactly.
    pub pending: usize,
    /// Vectors of a build under way that are done.
    pub done: u64,
    /// And of how many.
    pub total: u64,
    /// Bytes of the graph, beside the vectors.
    pub bytes: usize,
    /// Bytes of its file.
    pub file_bytes: u64,
    /// The recall at 10 that was measured when it was built, on moved vectors of the collection.
    pub recall: Option<f64>,
    /// Why the last build or save failed.
    pub error: Option<String>,
}

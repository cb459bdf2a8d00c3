//! Builds, follows, opens and saves the graphs of collections, beside searches and writers.

use crate::collection::Collection;
use crate::error::Error;
use crate::vectors::{Near, Notes, Phase, Status, VectorLeg, index_path, take_in, tune};
use canopy_ann::flat::FlatIndex;
use canopy_ann::graph::{BuildOptions, GraphIndex, Vectors};
use canopy_core::Progress;
use canopy_store::{Access, Store};
use parking_lot::RwLock;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock, Weak};

/// Changes taken in under one lock of the graph: a millisecond or two for which searches wait.
const BATCH: usize = 16;
/// Batches after which the searchable state hears of them.
const BATCHES: usize = 16;
/// A file is written again when so many changes are missing in it, or this part of all vectors.
const UNSAVED: usize = 4096;
const UNSAVED_PART: usize = 10;
/// Fewer missing changes than this are taken in after opening sooner than the file is written at the end.
const FEW_UNSAVED: usize = 256;
/// Codes of a file that are compared with the vectors: what tells the index of another copy of this database.
const COMPARED: usize = 256;
/// With more than this part of its vectors changed, a file is worth less than a new build.
const OUTDATED: usize = 4;

/// The thread that tends the graphs of one database; it starts with the first call and ends with the database.
#[derive(Debug, Default)]
pub(crate) struct Indexer {
    calls: OnceLock<Option<Sender<Weak<Collection>>>>,
}

impl Indexer {
    /// Has the collection looked after soon.
    pub(crate) fn call(&self, collection: Weak<Collection>) {
        let calls = self.calls.get_or_init(|| {
            let (calls, called) = channel();
            let thread = std::thread::Builder::new().name("canopy-index".to_owned());
            thread.spawn(move || serve(&called)).ok().map(|_| calls)
        });
        // Without a thread searches scan, as they do while a graph is built.
        if let Some(calls) = calls {
            let _ = calls.send(collection);
        }
    }
}

fn serve(called: &Receiver<Weak<Collection>>) {
    // Threads of its own, all cores but one: a search that is shared between threads never waits behind a build.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let pool = ThreadPoolBuilder::new()
        .num_threads(cores.saturating_sub(1).max(1))
        .thread_name(|i| format!("canopy-index-{i}"));
    let Ok(pool) = pool.build() else { return };
    while let Ok(collection) = called.recv() {
        if let Some(collection) = collection.upgrade() {
            collection.tend(&pool);
        }
    }
}

/// What there is to do next.
enum Job {
    Open,
    Build,
    Follow(Arc<Near>),
    Drop,
}

/// Vectors as they are in the searchable state now, under the slots that were there when a build began.
struct Live<'a> {
    collection: &'a Collection,
    slots: &'a [u32],
    dim: usize,
}

impl Vectors for Live<'_> {
    fn len(&self) -> usize {
        self.slots.len()
    }
    fn dim(&self) -> usize {
        self.dim
    }
    /// Zeros for a vector that is gone by now: its slot is dirty.
    fn read(&self, i: usize, out: &mut [f32]) {
        let copied = self.collection.searchable.look(|state| {
            let row = state.vectors.as_ref().and_then(|leg| leg.exact().vector(self.slots[i]));
            row.filter(|row| row.len() == out.len()).map(|row| out.copy_from_slice(row)).is_some()
        });
        if copied != Some(true) {
            out.fill(0.0);
        }
    }
}

impl Collection {
    /// Does what there is to do, until there is nothing left.
    fn tend(&self, pool: &ThreadPool) {
        self.searchable.heard();
        while let Some(job) = self.next_job() {
            let building = self.leg(|leg| leg.exact().len());
            let result = match job {
                Job::Open => self.open_index(),
                Job::Build => self.build_index(pool),
                Job::Follow(near) => self.follow_index(&near, pool),
                Job::Drop => self.drop_index(),
            };
            // Not only at the end: under writers that never rest there is always something left to do.
            let result = result.and_then(|()| self.save_now_and_then());
            self.status.enter(Phase::Idle);
            match result {
                Ok(()) => {}
                Err(Error::Cancelled(_) | Error::Closed | Error::Vector(canopy_ann::Error::Cancelled(_))) => return,
                Err(error) => {
                    tracing::error!(collection = self.name(), %error, "the vector index could not be made; searches scan until it can");
                    self.status.failed(error.to_string(), building);
                    return;
                }
            }
        }
        drop(self.save_now_and_then());
        self.status.enter(Phase::Idle);
    }

    /// Writes the graph into its file when enough is missing there. What is wrong with the disk is said, and ends nothing.
    fn save_now_and_then(&self) -> Result<(), Error> {
        match self.save_index(UNSAVED) {
            Err(error @ (Error::Closed | Error::Cancelled(_))) => Err(error),
            Err(error) => {
                tracing::error!(collection = self.name(), %error, "the vector index could not be saved; the next process builds it again");
                self.status.failed(error.to_string(), None);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn leg<T>(&self, look: impl FnOnce(&VectorLeg) -> T) -> Option<T> {
        self.searchable.look(|state| state.vectors.as_ref().map(look)).flatten()
    }

    fn next_job(&self) -> Option<Job> {
        self.leg(|leg| {
            if leg.has_shrunk() {
                return Some(Job::Drop);
            }
            match leg.near() {
                None if !leg.is_large() => None,
                None if self.status.may_open() => Some(Job::Open),
                _ if leg.near().is_none() || leg.is_churned() => {
                    self.status.may_build(leg.exact().len()).then_some(Job::Build)
                }
                Some(near) if leg.pending() > 0 => Some(Job::Follow(near.clone())),
                _ => None,
            }
        })?
    }

    /// The store's sequence that the searchable state reflects. The caller holds `writing`, and nothing is pending.
    fn sequence(&self, store: &Store) -> Result<u64, Error> {
        match store.access() {
            Access::ReadWrite => Ok(self.info(store)?.sequence),
            Access::ReadOnly => self.searchable.look(|state| state.sequence).ok_or(Error::Closed),
        }
    }

    fn build_index(&self, pool: &ThreadPool) -> Result<(), Error> {
        self.status.enter(Phase::Building);
        let begun = {
            let store = self.shared.store()?;
            let _ordered = self.writing.lock();
            let begin = |leg: &mut VectorLeg| {
                let (exact, recall, cancel) = (leg.exact(), leg.recall(), leg.cancel());
                let shape = (exact.dim(), exact.metric());
                (leg.begin(), shape, recall, cancel)
            };
            let begun = self.searchable.alter(|state| state.vectors.as_mut().map(begin)).flatten();
            begun.map(|begun| Ok::<_, Error>((begun, self.sequence(&store)?))).transpose()?
        };
        let Some((((since, slots), (dim, metric), wanted, cancel), _sequence)) = begun else { return Ok(()) };
        let status = self.status.clone();
        let total = slots.len() as u64;
        self.status.progress(0, total);
        let progress = Progress::new(move |done, _| status.progress(done, total));
        let vectors = Live { collection: self, slots: &slots, dim };
        let graph = pool.install(|| {
            GraphIndex::build_over(&slots, &vectors, metric, BuildOptions::default(), &cancel, &progress)
        })?;
        let exact = |look: &mut dyn FnMut(&FlatIndex) -> Result<(), Error>| {
            self.leg(|leg| look(leg.exact())).ok_or(Error::Closed)?
        };
        let (breadth, recall) = tune(&graph, &slots, wanted, &cancel, &exact)?;
        cancel.check()?;
        let near = Near { graph: RwLock::new(graph), breadth, recall, unsaved: AtomicUsize::new(usize::MAX / 2) };
        // The leg that was begun with may be gone; its flag says so, under the lock that drops it.
        self.searchable.alter(|state| match &mut state.vectors {
            Some(leg) if !cancel.is_cancelled() => leg.install(near, since, std::iter::empty()),
            _ => {}
        });
        self.status.built();
        Ok(())
    }

    fn follow_index(&self, near: &Arc<Near>, pool: &ThreadPool) -> Result<(), Error> {
        self.status.enter(Phase::Following);
        let mut taken: Vec<(u32, u64)> = Vec::new();
        let same = |leg: &VectorLeg| leg.near().is_some_and(|now| Arc::ptr_eq(now, near));
        for _ in 0..BATCHES {
            let changes = self.leg(|leg| {
                let next = same(leg).then(|| leg.changes(taken.len() + BATCH))?;
                Some((next.into_iter().skip(taken.len()).collect::<Vec<_>>(), leg.exact().dim(), leg.cancel()))
            });
            let Some((changes, dim, cancel)) = changes.flatten() else { return Ok(()) };
            if changes.is_empty() {
                break;
            }
            pool.install(|| take_in(near, dim, &changes, &cancel))?;
            taken.extend(changes.iter().map(|&(slot, stamp, _)| (slot, stamp)));
        }
        self.searchable.touch(|state| {
            if let Some(leg) = state.vectors.as_mut().filter(|leg| same(leg)) {
                leg.settle(&taken);
            }
        });
        Ok(())
    }

    fn drop_index(&self) -> Result<(), Error> {
        self.searchable.touch(|state| state.vectors.as_mut().map(VectorLeg::uninstall));
        let store = self.shared.store()?;
        if store.access() == Access::ReadWrite {
            drop(std::fs::remove_file(index_path(store.dir(), self.key)));
            self.status.saved(0);
        }
        Ok(())
    }

    /// Takes the graph of the file, if it is one of this collection and not too old. What is wrong with a file is said in the log; a build follows.
    fn open_index(&self) -> Result<(), Error> {
        self.status.enter(Phase::Opening);
        let store = self.shared.store()?;
        let path = index_path(store.dir(), self.key);
        if !path.exists() {
            return Ok(());
        }
        let opened = GraphIndex::open(&path).and_then(|graph| graph.check().map(|()| graph));
        let graph = match opened {
            Ok(graph) => graph,
            Err(error) => {
                tracing::warn!(collection = self.name(), %error, "the vector index is built again");
                return Ok(());
            }
        };
        let outdated = |why: &str| {
            tracing::info!(collection = self.name(), why, "the vector index is built again");
            Ok(())
        };
        let _ordered = self.writing.lock();
        let Some(spec) = &self.info(&store)?.spec.vectors else { return Ok(()) };
        let wanted = self.leg(VectorLeg::recall).unwrap_or_default();
        let notes = serde_json::from_slice::<Notes>(graph.notes()).ok();
        let Some(notes) = notes.filter(|notes| notes.is_like(&Notes::new(self.key, spec, wanted))) else {
            return outdated("its file is of another collection, model or recall");
        };
        // Nothing is pending once this has drained it, and nothing is committed while `writing` is held.
        self.searchable.alter(|_| ());
        let changes = store.changed_since(self.key, notes.sequence)?;
        if changes.rebuild {
            return outdated("the store doesn't remember what has changed since");
        }
        let mut open = notes.open;
        open.extend(changes.upserted.iter().chain(&changes.deleted));
        let Some(strange) = self.leg(|leg| differences(leg.exact(), &graph, &open)) else { return Ok(()) };
        let Some(strange) = strange else { return outdated("its codes are of other vectors") };
        open.extend(strange);
        open.sort_unstable();
        open.dedup();
        let bytes = file_bytes(&path);
        let near = Near {
            graph: RwLock::new(graph),
            breadth: notes.breadth,
            recall: notes.recall,
            unsaved: AtomicUsize::new(open.len()),
        };
        let installed = self.searchable.alter(|state| {
            let leg = state.vectors.as_mut().filter(|leg| open.len() * OUTDATED <= leg.exact().len())?;
            let since = leg.begin().0;
            leg.install(near, since, open.into_iter());
            Some(())
        });
        match installed.flatten() {
            Some(()) => self.status.saved(bytes),
            None => return outdated("too much has changed since"),
        }
        Ok(())
    }

    /// Writes the graph into its file when at least `least` changes, or a good part of all, are missing there.
    ///
    /// # Errors
    /// `INDEX_DISK_FULL`, `INDEX_PERMISSION`, `INDEX_IO`: the old file stays. `STORE_*`.
    pub(crate) fn save_index(&self, least: usize) -> Result<(), Error> {
        let store = match self.shared.store() {
            Err(Error::Closed) => return Ok(()),
            other => other?,
        };
        if store.access() == Access::ReadOnly {
            return Ok(());
        }
        let _alone = self.status.saving.lock();
        let Some(near) = self.leg(|leg| leg.near().cloned()).flatten() else { return Ok(()) };
        let unsaved = near.unsaved.load(Ordering::Relaxed);
        let count = near.graph.read().len();
        if unsaved == 0 || unsaved < least.min((count / UNSAVED_PART).max(FEW_UNSAVED)) {
            return Ok(());
        }
        self.status.enter(Phase::Saving);
        // What the graph takes in between this and the writing is done once more by whoever opens the file, which changes nothing.
        let notes = {
            let _ordered = self.writing.lock();
            let Some(spec) = self.info(&store)?.spec.vectors else { return Ok(()) };
            self.searchable.alter(|_| ());
            let sequence = self.sequence(&store)?;
            let describe = |leg: &VectorLeg| {
                let same = leg.near().is_some_and(|now| Arc::ptr_eq(now, &near));
                let notes = Notes::new(self.key, &spec, leg.recall());
                same.then(|| notes.of(sequence, leg.open(), &near))
            };
            self.leg(describe).flatten()
        };
        let Some(notes) = notes else { return Ok(()) };
        let path = index_path(store.dir(), self.key);
        near.graph.read().save_with(&path, &crate::stats::to_json(&notes)?)?;
        near.unsaved.fetch_sub(unsaved, Ordering::Relaxed);
        self.status.saved(file_bytes(&path));
        Ok(())
    }
}

impl Status {
    /// Writes a file that lacks more than a few changes, at the end of a collection's time in memory.
    pub(crate) fn save_last(collection: &Collection) {
        if let Err(error) = collection.save_index(FEW_UNSAVED) {
            tracing::warn!(collection = collection.name(), %error, "the vector index could not be saved");
        }
    }
}

fn file_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Slots that only one of the two knows; `None` when codes aren't those of the vectors although nothing should have changed them.
fn differences(exact: &FlatIndex, graph: &GraphIndex, changed: &[u32]) -> Option<Vec<u32>> {
    let changed: canopy_core::SlotSet = changed.iter().copied().collect();
    let mut strange: Vec<u32> = exact.slots().filter(|&slot| !graph.contains(slot)).collect();
    strange.extend(graph.slots().filter(|&slot| !exact.contains(slot)));
    let step = (exact.len() / COMPARED).max(1);
    let known = |slot: &u32| !changed.contains(*slot) && graph.contains(*slot);
    let mut compared = exact.slots().filter(known).step_by(step);
    compared.all(|slot| exact.vector(slot).is_some_and(|row| graph.is_code_of(slot, row))).then_some(strange)
}

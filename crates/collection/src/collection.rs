//! One open collection: its store, its searchable state, and the order in which the two change.

use crate::error::Error;
use crate::indexer::Indexer;
use crate::models::Models;
use crate::resident::{Resident, Step, load};
use crate::searchable::{Follower, Searchable};
use crate::vectors::{IndexOptions, IndexView, Status};
use canopy_core::{Cancel, Progress};
use canopy_store::{Access, CollectionInfo, CollectionSpec, Store};
use parking_lot::{MappedRwLockReadGuard, Mutex, RwLock, RwLockReadGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The store while it is open. Every public call holds the guard while it works, so `close` waits for it.
#[derive(Debug)]
pub(crate) struct Shared {
    store: RwLock<Option<Store>>,
    pub(crate) models: Models,
    pub(crate) index: IndexOptions,
    follower: Follower,
    indexer: Indexer,
    started: Instant,
}

impl Shared {
    pub(crate) fn new(store: Store, models: Models, index: IndexOptions) -> Self {
        let (follower, indexer) = (Follower::default(), Indexer::default());
        Self { store: RwLock::new(Some(store)), models, index, follower, indexer, started: Instant::now() }
    }

    /// The open store.
    ///
    /// Take it once a call and pass it down: a second guard in one thread could wait for a closer that waits for the first.
    pub(crate) fn store(&self) -> Result<MappedRwLockReadGuard<'_, Store>, Error> {
        RwLockReadGuard::try_map(self.store.read(), Option::as_ref).map_err(|_| Error::Closed)
    }

    /// Waits for the running calls and takes the store out.
    pub(crate) fn take(&self) -> Option<Store> {
        self.store.write().take()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A collection of records that can be searched by words, by meaning, or both.
///
/// All methods take `&self` and may be called from many threads. Writes are ordered among themselves; a search sees
/// every write that was acknowledged before it began.
#[derive(Debug)]
pub struct Collection {
    pub(crate) shared: Arc<Shared>,
    pub(crate) name: String,
    pub(crate) key: u32,
    pub(crate) searchable: Arc<Searchable>,
    /// How far the graph of the vectors is.
    pub(crate) status: Arc<Status>,
    /// What the store says the collection holds, while no other process can change it.
    spec: RwLock<Known>,
    /// Held from before a commit until the searchable state knows of it.
    pub(crate) writing: Mutex<()>,
    /// Grows when the collection gets other vectors, under `writing`.
    vectors_epoch: AtomicU64,
    /// The other process's commits that the searchable state reflects (read-only access).
    seen_version: AtomicU64,
    last_used_ms: AtomicU64,
}

#[derive(Debug, Default)]
enum Known {
    #[default]
    Nothing,
    Spec(Arc<CollectionSpec>),
    Dropped,
}

/// What a writer knew of the collection when it began to embed.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) spec: Arc<CollectionSpec>,
    epoch: u64,
}

impl Collection {
    /// A handle; the first of its collection, so that nothing changes beside it.
    pub(crate) fn new(shared: Arc<Shared>, info: &CollectionInfo, access: Access) -> Result<Arc<Self>, Error> {
        let searchable = Searchable::default();
        if info.slot_end == 0 && access == Access::ReadWrite {
            // Nothing to load: what is stored from now on is indexed as it comes, beside the commits.
            searchable.load(Resident::new(info, shared.index)?);
        }
        let now = shared.now_ms();
        let collection = Arc::new(Self {
            shared,
            name: info.name.clone(),
            key: info.key,
            searchable: Arc::new(searchable),
            status: Arc::default(),
            spec: RwLock::default(),
            writing: Mutex::new(()),
            vectors_epoch: AtomicU64::new(0),
            seen_version: AtomicU64::new(0),
            last_used_ms: AtomicU64::new(now),
        });
        collection.searchable.belongs_to(&collection);
        Ok(collection)
    }

    /// Has the graph of the vectors looked after, on a thread of its own.
    pub(crate) fn call_indexer(self: &Arc<Self>) {
        self.shared.indexer.call(Arc::downgrade(self));
    }

    /// How far the graph of the vectors is; `None` for a collection without vectors.
    pub(crate) fn index_view(&self, info: &CollectionInfo) -> Option<IndexView> {
        info.spec.vectors.as_ref()?;
        let loaded = self.searchable.look(|state| self.status.view(state.vectors.as_ref()));
        Some(loaded.unwrap_or_else(|| self.status.view(None)))
    }

    /// The collection's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The collection as the store describes it now.
    pub(crate) fn info(&self, store: &Store) -> Result<CollectionInfo, Error> {
        let info = store.collection(&self.name)?;
        // Otherwise dropped and made anew under the same name: this handle speaks of the one that is gone.
        if info.key == self.key { Ok(info) } else { Err(self.gone()) }
    }

    fn gone(&self) -> Error {
        canopy_store::Error::CollectionNotFound { name: self.name.clone() }.into()
    }

    /// What the collection holds: its vectors and settings. Read once where nobody else writes.
    pub(crate) fn spec(&self, store: &Store) -> Result<Arc<CollectionSpec>, Error> {
        if store.access() == Access::ReadOnly {
            return Ok(Arc::new(self.info(store)?.spec));
        }
        match &*self.spec.read() {
            Known::Spec(spec) => return Ok(spec.clone()),
            Known::Dropped => return Err(self.gone()),
            Known::Nothing => {}
        }
        // Locked while it is read, so that a change comes after it and makes it be forgotten.
        let mut known = self.spec.write();
        if matches!(*known, Known::Dropped) {
            return Err(self.gone());
        }
        let spec = Arc::new(self.info(store)?.spec);
        *known = Known::Spec(spec.clone());
        Ok(spec)
    }

    /// The collection as it is now, to be compared by [`Collection::is_current`] later.
    pub(crate) fn see(&self, store: &Store) -> Result<Seen, Error> {
        // The epoch first: a change in between then makes what was seen look old, never new.
        let epoch = self.vectors_epoch.load(Ordering::Acquire);
        Ok(Seen { spec: self.spec(store)?, epoch })
    }

    /// Whether the collection still has the vectors that were seen. The caller holds `writing`.
    pub(crate) fn is_current(&self, seen: &Seen) -> bool {
        self.vectors_epoch.load(Ordering::Acquire) == seen.epoch
    }

    /// Drops what was derived from vectors that the store has just replaced. The caller holds `writing`.
    pub(crate) fn vectors_replaced(&self) {
        *self.spec.write() = Known::Nothing;
        self.vectors_epoch.fetch_add(1, Ordering::Release);
        self.release();
    }

    /// Drops everything: the store has the collection no more.
    pub(crate) fn dropped(&self) {
        *self.spec.write() = Known::Dropped;
        self.release();
    }

    /// The searchable state, loaded or brought up to date where needed.
    pub(crate) fn resident(
        &self,
        store: &Store,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<MappedRwLockReadGuard<'_, Resident>, Error> {
        self.last_used_ms.store(self.shared.now_ms(), Ordering::Relaxed);
        if store.access() == Access::ReadOnly {
            self.follow_writer(store)?;
        }
        loop {
            if let Some(state) = self.searchable.read() {
                return Ok(state);
            }
            let _ordered = self.writing.lock();
            if self.searchable.read().is_none() {
                let version = store.data_version()?;
                let loaded = load(store, &self.info(store)?, self.shared.index, cancel, progress)?;
                self.status.reset();
                self.seen_version.store(version, Ordering::Relaxed);
                self.searchable.load(loaded);
            }
        }
    }

    /// Applies what the writing process has committed since the last look.
    fn follow_writer(&self, store: &Store) -> Result<(), Error> {
        let version = store.data_version()?;
        if version == self.seen_version.load(Ordering::Relaxed) {
            return Ok(());
        }
        let _ordered = self.writing.lock();
        self.searchable.now(|state| state.refresh(store, self.key))?;
        self.seen_version.store(version, Ordering::Relaxed);
        Ok(())
    }

    /// Leaves committed puts to be indexed by whoever searches next. The caller holds `writing`.
    pub(crate) fn follow_later(&self, steps: impl FnOnce() -> Vec<Step>) {
        self.last_used_ms.store(self.shared.now_ms(), Ordering::Relaxed);
        self.searchable.later(steps, &self.shared.follower);
    }

    /// Takes slots that the store has emptied out of the searchable state. The caller holds `writing`.
    ///
    /// At once: while a search holds the state, none of its slots may pass on to another record.
    pub(crate) fn follow_removal(&self, slots: impl Iterator<Item = u32>) -> Result<(), Error> {
        self.searchable.now(|state| {
            slots.for_each(|slot| state.remove(slot));
            Ok(true)
        })
    }

    /// Drops the searchable state; the next search loads it again.
    pub(crate) fn release(&self) -> bool {
        self.searchable.release()
    }

    /// Drops the searchable state when nothing has used it for `idle`.
    pub(crate) fn release_if_idle(&self, idle: Duration) -> bool {
        let unused = self.shared.now_ms().saturating_sub(self.last_used_ms.load(Ordering::Relaxed));
        if u128::from(unused) < idle.as_millis() {
            return false;
        }
        Status::save_last(self);
        self.release()
    }

    /// Bytes of the searchable state, `(keyword, vectors, metadata)`, if it is loaded.
    pub(crate) fn memory_bytes(&self) -> Option<(usize, usize, usize)> {
        self.searchable.look(Resident::memory_bytes)
    }
}

//! One open collection: its store, its searchable state, and the order in which the two change.

use crate::error::Error;
use crate::models::Models;
use crate::resident::{Resident, load};
use canopy_core::{Cancel, Progress};
use canopy_store::{Access, CollectionInfo, Store};
use parking_lot::{MappedRwLockReadGuard, Mutex, RwLock, RwLockReadGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The store while it is open. Every public call holds the guard while it works, so `close` waits for it.
#[derive(Debug)]
pub(crate) struct Shared {
    store: RwLock<Option<Store>>,
    pub(crate) models: Models,
    started: Instant,
}

impl Shared {
    pub(crate) fn new(store: Store, models: Models) -> Self {
        Self { store: RwLock::new(Some(store)), models, started: Instant::now() }
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
    resident: RwLock<Option<Resident>>,
    /// Held from before a commit until the searchable state follows it.
    pub(crate) writing: Mutex<()>,
    /// Grows when the collection gets other vectors, under `writing`.
    vectors_epoch: AtomicU64,
    /// The other process's commits that the searchable state reflects (read-only access).
    seen_version: AtomicU64,
    last_used_ms: AtomicU64,
}

/// What a writer knew of the collection when it began to embed.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) info: CollectionInfo,
    epoch: u64,
}

impl Collection {
    pub(crate) fn new(shared: Arc<Shared>, info: &CollectionInfo) -> Self {
        Self {
            shared,
            name: info.name.clone(),
            key: info.key,
            resident: RwLock::new(None),
            writing: Mutex::new(()),
            vectors_epoch: AtomicU64::new(0),
            seen_version: AtomicU64::new(0),
            last_used_ms: AtomicU64::new(0),
        }
    }

    /// The collection's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn info(&self, store: &Store) -> Result<CollectionInfo, Error> {
        let info = store.collection(&self.name)?;
        if info.key == self.key {
            Ok(info)
        } else {
            // Dropped and made anew under the same name: this handle speaks of the one that is gone.
            Err(canopy_store::Error::CollectionNotFound { name: self.name.clone() }.into())
        }
    }

    /// The collection as it is now, to be compared by [`Collection::is_current`] later.
    pub(crate) fn see(&self, store: &Store) -> Result<Seen, Error> {
        // The epoch first: a change in between then makes what was seen look old, never new.
        let epoch = self.vectors_epoch.load(Ordering::Acquire);
        Ok(Seen { info: self.info(store)?, epoch })
    }

    /// Whether the collection still has the vectors that were seen. The caller holds `writing`.
    pub(crate) fn is_current(&self, seen: &Seen) -> bool {
        self.vectors_epoch.load(Ordering::Acquire) == seen.epoch
    }

    /// Drops what was derived from vectors that the store has just replaced. The caller holds `writing`.
    pub(crate) fn vectors_replaced(&self) {
        self.vectors_epoch.fetch_add(1, Ordering::Release);
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
            if let Ok(guard) = RwLockReadGuard::try_map(self.resident.read(), Option::as_ref) {
                return Ok(guard);
            }
            let _ordered = self.writing.lock();
            if self.resident.read().is_none() {
                let version = store.data_version()?;
                let loaded = load(store, &self.info(store)?, cancel, progress)?;
                self.seen_version.store(version, Ordering::Relaxed);
                *self.resident.write() = Some(loaded);
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
        let mut resident = self.resident.write();
        if let Some(state) = resident.as_mut()
            && !state.refresh(store, self.key)?
        {
            *resident = None;
        }
        self.seen_version.store(version, Ordering::Relaxed);
        Ok(())
    }

    /// Lets `follow` bring the searchable state up to a commit, if it is loaded. The caller holds `writing`.
    ///
    /// When following fails the state is dropped, so that the next search reads the store again: a search must never
    /// answer from a state that missed a commit.
    pub(crate) fn follow(&self, follow: impl FnOnce(&mut Resident) -> Result<(), Error>) -> Result<(), Error> {
        let mut resident = self.resident.write();
        let result = resident.as_mut().map_or(Ok(()), follow);
        if result.is_err() {
            *resident = None;
        }
        result
    }

    /// Drops the searchable state; the next search loads it again.
    pub(crate) fn release(&self) -> bool {
        self.resident.write().take().is_some()
    }

    /// Drops the searchable state when nothing has used it for `idle`.
    pub(crate) fn release_if_idle(&self, idle: Duration) -> bool {
        let unused = self.shared.now_ms().saturating_sub(self.last_used_ms.load(Ordering::Relaxed));
        u128::from(unused) >= idle.as_millis() && self.release()
    }

    /// Bytes of the searchable state, `(keyword, vectors, metadata)`, if it is loaded.
    pub(crate) fn memory_bytes(&self) -> Option<(usize, usize, usize)> {
        self.resident.read().as_ref().map(Resident::memory_bytes)
    }
}

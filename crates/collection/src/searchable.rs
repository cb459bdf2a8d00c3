//! The searchable state of a collection, and the commits that it has yet to follow.
//!
//! A writer is done when its records are committed; indexing them is left to the next search, or to the follower's
//! thread once there is a handful. A search first applies what is pending, so it sees every write that was acknowledged before
//! it began.

use crate::collection::Collection;
use crate::error::Error;
use crate::resident::{Resident, Step};
use crate::vectors::VectorLeg;
use parking_lot::{MappedRwLockReadGuard, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock, Weak};

/// Steps that a search may find waiting: some 40 µs each.
const BACKGROUND_STEPS: usize = 16;
/// A writer that is this far ahead of the follower indexes by itself, so that memory stays bounded.
const INLINE_BYTES: usize = 16 << 20;

/// What a collection is searched by, while it is loaded.
#[derive(Debug, Default)]
pub(crate) struct Searchable {
    resident: RwLock<Option<Resident>>,
    /// Changed only under the collection's `writing` and `resident`'s write lock.
    loaded: AtomicBool,
    pending: Mutex<Vec<Step>>,
    /// Of `pending`; set to 0 only while `resident` is locked for writing, so whoever reads 0 and then takes the read lock
    /// finds all of it applied.
    steps: AtomicUsize,
    bytes: AtomicUsize,
    /// Whether the follower was told.
    called: AtomicBool,
    /// Whose state this is; it has its graph looked after.
    owner: OnceLock<Weak<Collection>>,
    /// Whether the indexer was told.
    indexing: AtomicBool,
}

impl Searchable {
    /// The state, with every commit before this call in it; `None` when it isn't loaded.
    pub(crate) fn read(&self) -> Option<MappedRwLockReadGuard<'_, Resident>> {
        let guard = if self.steps.load(Ordering::Acquire) == 0 {
            self.resident.read()
        } else {
            let mut state = self.resident.write();
            self.drain(&mut state);
            RwLockWriteGuard::downgrade(state)
        };
        RwLockReadGuard::try_map(guard, Option::as_ref).ok()
    }

    /// Names the collection that is to be told when its graph wants looking after.
    pub(crate) fn belongs_to(&self, owner: &Arc<Collection>) {
        let _ = self.owner.set(Arc::downgrade(owner));
    }

    /// Has the graph looked after, if there is something to do.
    fn tell_indexer(&self, state: Option<&Resident>) {
        let wants = state.and_then(|state| state.vectors.as_ref()).is_some_and(VectorLeg::wants_indexer);
        if wants
            && let Some(owner) = self.owner.get().and_then(Weak::upgrade)
            && !self.indexing.swap(true, Ordering::AcqRel)
        {
            owner.call_indexer();
        }
    }

    /// The indexer is at it: what comes from now on is news.
    pub(crate) fn heard(&self) {
        self.indexing.store(false, Ordering::Release);
    }

    /// Reads the state as it is, pending steps or not; `None` when it isn't loaded.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Resident) -> T) -> Option<T> {
        self.resident.read().as_ref().map(look)
    }

    /// Changes the state as it is, pending steps or not.
    pub(crate) fn touch<T>(&self, change: impl FnOnce(&mut Resident) -> T) -> Option<T> {
        self.resident.write().as_mut().map(change)
    }

    /// Changes the state once every pending step is in it.
    pub(crate) fn alter<T>(&self, change: impl FnOnce(&mut Resident) -> T) -> Option<T> {
        let mut state = self.resident.write();
        self.drain(&mut state);
        state.as_mut().map(change)
    }

    /// Takes over a state that reflects the store. The caller holds `writing`.
    pub(crate) fn load(&self, loaded: Resident) {
        let mut state = self.resident.write();
        drop(self.take_pending());
        *state = Some(loaded);
        self.loaded.store(true, Ordering::Release);
        self.tell_indexer(state.as_ref());
    }

    /// Drops the state; whether there was one.
    pub(crate) fn release(&self) -> bool {
        self.release_from(&mut self.resident.write())
    }

    fn release_from(&self, state: &mut Option<Resident>) -> bool {
        self.loaded.store(false, Ordering::Release);
        drop(self.take_pending());
        state.take().is_some()
    }

    /// Leaves the steps of a commit to be followed later. The caller holds `writing`.
    pub(crate) fn later(self: &Arc<Self>, steps: impl FnOnce() -> Vec<Step>, follower: &Follower) {
        // What isn't loaded reads the store when it is.
        if !self.loaded.load(Ordering::Acquire) {
            return;
        }
        let steps = steps();
        let bytes = steps.iter().map(Step::bytes).sum::<usize>();
        let (waiting, bytes) = {
            let mut pending = self.pending.lock();
            pending.extend(steps);
            // Inside the lock, so that a drain in between can't count these as applied.
            self.steps.store(pending.len(), Ordering::Release);
            (pending.len(), self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes)
        };
        if bytes >= INLINE_BYTES {
            self.catch_up();
        } else if waiting >= BACKGROUND_STEPS && !self.called.swap(true, Ordering::AcqRel) {
            follower.call(self);
        }
    }

    /// Follows a commit now, so that no search still holds the state of before when this returns. The caller holds `writing`.
    ///
    /// When following fails the state is dropped, so that the next search reads the store again: a search must never
    /// answer from a state that missed a commit.
    pub(crate) fn now(&self, follow: impl FnOnce(&mut Resident) -> Result<bool, Error>) -> Result<(), Error> {
        let mut state = self.resident.write();
        self.drain(&mut state);
        let result = state.as_mut().map_or(Ok(true), follow);
        if !matches!(result, Ok(true)) {
            self.release_from(&mut state);
        }
        self.tell_indexer(state.as_ref());
        result.map(drop)
    }

    fn catch_up(&self) {
        self.drain(&mut self.resident.write());
    }

    fn drain(&self, state: &mut Option<Resident>) {
        let steps = self.take_pending();
        self.called.store(false, Ordering::Release);
        let failed = state.as_mut().and_then(|state| state.follow(&steps).err());
        if let Some(error) = failed {
            tracing::error!(%error, "the searchable state could not follow a commit; the next search reads the store again");
            self.release_from(state);
        }
        if !steps.is_empty() {
            self.tell_indexer(state.as_ref());
        }
    }

    /// What was pending; nothing is from now on, and its memory goes with it.
    fn take_pending(&self) -> Vec<Step> {
        let mut pending = self.pending.lock();
        self.steps.store(0, Ordering::Release);
        self.bytes.store(0, Ordering::Relaxed);
        std::mem::take(&mut *pending)
    }
}

/// The thread that indexes commits while nobody searches; it starts with the first call and ends with the database.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    calls: OnceLock<Option<Sender<Weak<Searchable>>>>,
}

impl Follower {
    fn call(&self, searchable: &Arc<Searchable>) {
        let calls = self.calls.get_or_init(|| {
            let (calls, called) = channel();
            let thread = std::thread::Builder::new().name("canopy-follow".to_owned());
            thread.spawn(move || follow(&called)).ok().map(|_| calls)
        });
        // Without a thread the next search does it.
        if let Some(calls) = calls {
            let _ = calls.send(Arc::downgrade(searchable));
        }
    }
}

// A thread of its own rather than a task of the pool: it waits for searches to end, and those wait for the pool.
fn follow(called: &Receiver<Weak<Searchable>>) {
    while let Ok(searchable) = called.recv() {
        if let Some(searchable) = searchable.upgrade() {
            searchable.catch_up();
        }
    }
}

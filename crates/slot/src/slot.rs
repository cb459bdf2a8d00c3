//! A model that is loaded when it is needed and gives its memory back when it is idle.

use crate::release_free_memory;
use parking_lot::{Condvar, Mutex};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What can stand in a slot.
pub trait Model: Send + Sync {
    /// Bytes that it holds in memory.
    fn memory_bytes(&self) -> usize;
}

/// What loading can fail with.
pub trait LoadError: Sized + Send + Sync {
    /// The model at `path` is being loaded; the same call will succeed shortly.
    fn loading(path: &Path) -> Self;

    /// The same error once more, for another caller: errors carry a system error that can't be cloned.
    #[must_use]
    fn again(&self, path: &Path) -> Self;
}

/// What a slot holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelState {
    /// Nothing: the next use loads the model.
    Unloaded,
    /// A thread is loading it.
    Loading,
    /// The model.
    Loaded,
}

impl ModelState {
    /// The stable name that crosses the boundary to JavaScript.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unloaded => "unloaded",
            Self::Loading => "loading",
            Self::Loaded => "loaded",
        }
    }
}

type Load<M, E> = fn(&Path) -> Result<Arc<M>, E>;

/// Loads one model lazily, once for all callers, and unloads it after some idle time. Cloning shares the slot.
pub struct ModelSlot<M: ?Sized, E>(Arc<Shared<M, E>>);

impl<M: ?Sized, E> Clone for ModelSlot<M, E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct Shared<M: ?Sized, E> {
    path: PathBuf,
    idle: Duration,
    load: Load<M, E>,
    inner: Mutex<Inner<M, E>>,
    loaded: Condvar,
}

struct Inner<M: ?Sized, E> {
    content: Content<M>,
    /// When the model was last asked for.
    used: Instant,
    /// Counts loads, so that a thread that waited can tell whether the one it waited for failed.
    attempt: u64,
    failure: Option<(u64, E)>,
}

enum Content<M: ?Sized> {
    Empty,
    Loading,
    Model(Arc<M>),
}

impl<M: Model + ?Sized + 'static, E: LoadError + 'static> ModelSlot<M, E> {
    /// A slot for the model file at `path` that `load` reads, to be unloaded when nobody asked for it for `idle`.
    pub fn new(path: impl Into<PathBuf>, idle: Duration, load: fn(&Path) -> Result<Arc<M>, E>) -> Self {
        let inner = Inner { content: Content::Empty, used: Instant::now(), attempt: 0, failure: None };
        Self(Arc::new(Shared { path: path.into(), idle, load, inner: Mutex::new(inner), loaded: Condvar::new() }))
    }

    /// The model. When it isn't loaded, the first caller starts to load it; `wait` says whether to wait for that.
    ///
    /// Hold the result for one piece of work only: memory comes back when the last holder lets go.
    ///
    /// # Errors
    /// [`LoadError::loading`] when the model isn't there yet and `wait` is false; else what `load` answers. After a failure the next call
    /// tries again, since the file may have been put right.
    pub fn get(&self, wait: bool) -> Result<Arc<M>, E> {
        let shared = &self.0;
        let mut inner = shared.inner.lock();
        inner.used = Instant::now();
        match &inner.content {
            Content::Model(model) => return Ok(model.clone()),
            Content::Empty if wait => return shared.load_here(inner),
            Content::Empty => {
                // A missing file is said at once, not hidden behind a "loading" that never ends.
                if let Some((_, failure)) = inner.failure.take() {
                    return Err(failure.again(&shared.path));
                }
                inner.content = Content::Loading;
                inner.attempt += 1;
                drop(inner);
                let shared = shared.clone();
                std::thread::spawn(move || shared.store((shared.load)(&shared.path)));
                return Err(E::loading(&self.0.path));
            }
            Content::Loading if !wait => return Err(E::loading(&shared.path)),
            Content::Loading => {}
        }
        let attempt = inner.attempt;
        shared
            .loaded
            .wait_while(&mut inner, |inner| matches!(inner.content, Content::Loading) && inner.attempt == attempt);
        match (&inner.content, &inner.failure) {
            (Content::Model(model), _) => Ok(model.clone()),
            (_, Some((failed, error))) if *failed == attempt => Err(error.again(&shared.path)),
            // Unloaded again, or somebody else's later attempt: what we waited for is over.
            _ => Err(E::loading(&shared.path)),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// What the slot holds.
    pub fn state(&self) -> ModelState {
        match self.0.inner.lock().content {
            Content::Empty => ModelState::Unloaded,
            Content::Loading => ModelState::Loading,
            Content::Model(_) => ModelState::Loaded,
        }
    }

    /// Bytes that the loaded model holds, or 0.
    pub fn memory_bytes(&self) -> usize {
        match &self.0.inner.lock().content {
            Content::Model(model) => model.memory_bytes(),
            _ => 0,
        }
    }

    /// Unloads the model if nobody asked for it since `now − idle` and nobody uses it; `true` when it did.
    pub fn unload_if_idle(&self, now: Instant) -> bool {
        let mut inner = self.0.inner.lock();
        let idle = now.saturating_duration_since(inner.used) >= self.0.idle;
        match &inner.content {
            Content::Model(model) if idle && Arc::strong_count(model) == 1 => empty(&mut inner.content),
            _ => return false,
        }
        drop(inner);
        release_free_memory();
        true
    }

    /// Unloads the model now; whoever still uses it keeps it until they are done. `true` when there was one.
    pub fn unload(&self) -> bool {
        let mut inner = self.0.inner.lock();
        if !matches!(inner.content, Content::Model(_)) {
            return false;
        }
        empty(&mut inner.content);
        drop(inner);
        release_free_memory();
        true
    }
}

impl<M: Model + ?Sized, E: LoadError> Shared<M, E> {
    /// Loads in the calling thread, without holding the lock meanwhile.
    fn load_here(&self, mut inner: parking_lot::MutexGuard<'_, Inner<M, E>>) -> Result<Arc<M>, E> {
        inner.content = Content::Loading;
        inner.attempt += 1;
        drop(inner);
        match (self.load)(&self.path) {
            Ok(model) => {
                self.store(Ok(model.clone()));
                Ok(model)
            }
            Err(error) => {
                let copy = error.again(&self.path);
                self.store(Err(error));
                Err(copy)
            }
        }
    }

    /// Stores what loading gave and wakes whoever waits. Takes the model whole: a copy kept here would look like a user of it.
    fn store(&self, loaded: Result<Arc<M>, E>) {
        let mut inner = self.inner.lock();
        inner.used = Instant::now();
        match loaded {
            Ok(model) => {
                inner.failure = None;
                inner.content = Content::Model(model);
            }
            Err(error) => {
                inner.failure = Some((inner.attempt, error));
                inner.content = Content::Empty;
            }
        }
        drop(inner);
        self.loaded.notify_all();
    }
}

fn empty<M: ?Sized>(content: &mut Content<M>) {
    *content = Content::Empty;
}

impl<M: Model + ?Sized + 'static, E: LoadError + 'static> std::fmt::Debug for ModelSlot<M, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ModelSlot({}, {:?})", self.0.path.display(), self.state())
    }
}

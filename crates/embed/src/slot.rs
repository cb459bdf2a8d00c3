//! A model that is loaded when it is needed and gives its memory back when it is idle.

use crate::{Embedder, Error, load, release_free_memory};
use parking_lot::{Condvar, Mutex};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

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

/// Loads one model lazily, once for all callers, and unloads it after some idle time. Cloning shares the slot.
#[derive(Clone)]
pub struct ModelSlot(Arc<Shared>);

struct Shared {
    path: PathBuf,
    idle: Duration,
    inner: Mutex<Inner>,
    loaded: Condvar,
}

struct Inner {
    content: Content,
    /// When the model was last asked for.
    used: Instant,
    /// Counts loads, so that a thread that waited can tell whether the one it waited for failed.
    attempt: u64,
    failure: Option<(u64, Arc<Error>)>,
}

enum Content {
    Empty,
    Loading,
    Model(Arc<dyn Embedder>),
}

impl ModelSlot {
    /// A slot for the model file at `path`, to be unloaded when nobody asked for it for `idle`.
    pub fn new(path: impl Into<PathBuf>, idle: Duration) -> Self {
        let inner = Inner { content: Content::Empty, used: Instant::now(), attempt: 0, failure: None };
        Self(Arc::new(Shared { path: path.into(), idle, inner: Mutex::new(inner), loaded: Condvar::new() }))
    }

    /// The model. When it isn't loaded, the first caller starts to load it; `wait` says whether to wait for that.
    ///
    /// Hold the result for one piece of work only: memory comes back when the last holder lets go.
    ///
    /// # Errors
    /// [`Error::Loading`] when the model isn't there yet and `wait` is false; else what [`load`] answers. After a failure the next call
    /// tries again, since the file may have been put right.
    pub fn get(&self, wait: bool) -> Result<Arc<dyn Embedder>, Error> {
        let shared = &self.0;
        let mut inner = shared.inner.lock();
        inner.used = Instant::now();
        match &inner.content {
            Content::Model(model) => return Ok(model.clone()),
            Content::Empty if wait => return shared.load_here(inner),
            Content::Empty => {
                // A missing file is said at once, not hidden behind a "loading" that never ends.
                if let Some((_, failure)) = inner.failure.take() {
                    return Err(repeat(&failure, &shared.path));
                }
                inner.content = Content::Loading;
                inner.attempt += 1;
                drop(inner);
                let shared = shared.clone();
                std::thread::spawn(move || shared.store(load(&shared.path)));
                return Err(Error::Loading { path: self.0.path.clone() });
            }
            Content::Loading if !wait => return Err(Error::Loading { path: shared.path.clone() }),
            Content::Loading => {}
        }
        let attempt = inner.attempt;
        shared
            .loaded
            .wait_while(&mut inner, |inner| matches!(inner.content, Content::Loading) && inner.attempt == attempt);
        match (&inner.content, &inner.failure) {
            (Content::Model(model), _) => Ok(model.clone()),
            (_, Some((failed, error))) if *failed == attempt => Err(repeat(error, &shared.path)),
            // Unloaded again, or somebody else's later attempt: what we waited for is over.
            _ => Err(Error::Loading { path: shared.path.clone() }),
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

impl Shared {
    /// Loads in the calling thread, without holding the lock meanwhile.
    fn load_here(&self, mut inner: parking_lot::MutexGuard<'_, Inner>) -> Result<Arc<dyn Embedder>, Error> {
        inner.content = Content::Loading;
        inner.attempt += 1;
        drop(inner);
        match load(&self.path) {
            Ok(model) => {
                self.store(Ok(model.clone()));
                Ok(model)
            }
            Err(error) => {
                let copy = repeat(&error, &self.path);
                self.store(Err(error));
                Err(copy)
            }
        }
    }

    /// Stores what loading gave and wakes whoever waits. Takes the model whole: a copy kept here would look like a user of it.
    fn store(&self, loaded: Result<Arc<dyn Embedder>, Error>) {
        let mut inner = self.inner.lock();
        inner.used = Instant::now();
        match loaded {
            Ok(model) => {
                inner.failure = None;
                inner.content = Content::Model(model);
            }
            Err(error) => {
                inner.failure = Some((inner.attempt, Arc::new(error)));
                inner.content = Content::Empty;
            }
        }
        drop(inner);
        self.loaded.notify_all();
    }
}

fn empty(content: &mut Content) {
    *content = Content::Empty;
}

/// Errors carry a system error that can't be cloned: the same error again for another caller.
fn repeat(error: &Error, path: &Path) -> Error {
    let path = path.to_owned();
    match error {
        Error::Missing { .. } => Error::Missing { path },
        Error::Corrupt { what, .. } => Error::Corrupt { path, what: what.clone() },
        Error::Newer { found, supported, .. } => Error::Newer { path, found: *found, supported: *supported },
        Error::Io { source, .. } => Error::Io { path, source: std::io::Error::new(source.kind(), source.to_string()) },
        Error::Source { what, .. } => Error::Source { path, what: what.clone() },
        Error::NoTokens { index } => Error::NoTokens { index: *index },
        Error::Cancelled(cancelled) => Error::Cancelled(*cancelled),
        Error::Loading { .. } => Error::Loading { path },
    }
}

impl std::fmt::Debug for ModelSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ModelSlot({}, {:?})", self.0.path.display(), self.state())
    }
}

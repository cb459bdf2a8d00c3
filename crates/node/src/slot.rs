//! A tree that searches share, that the next one may replace, and that can be given up at once.

use canopy_core::{Coded, Fault};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;

/// What was closed can't be used.
#[derive(Debug, thiserror::Error)]
#[error("this tree is closed; build it or open its file again before using it")]
pub(crate) struct Closed;

impl Coded for Closed {
    fn code(&self) -> &'static str {
        "CLOSED"
    }

    fn fault(&self) -> Fault {
        Fault::InvalidInput
    }
}

/// Holds the current tree; a search keeps the one it began with.
pub(crate) struct Slot<T> {
    current: RwLock<Option<Arc<T>>>,
    /// Changes follow one another; searches don't wait for them.
    changing: Mutex<()>,
}

impl<T> Slot<T> {
    pub(crate) fn new(tree: T) -> Arc<Self> {
        Arc::new(Self { current: RwLock::new(Some(Arc::new(tree))), changing: Mutex::new(()) })
    }

    /// The tree as it is now.
    pub(crate) fn get(&self) -> Result<Arc<T>, Closed> {
        self.current.read().clone().ok_or(Closed)
    }

    /// Makes the next tree out of the current one, one change at a time; gives the one before.
    pub(crate) fn change<E: From<Closed>>(&self, next: impl FnOnce(&T) -> Result<T, E>) -> Result<Arc<T>, E> {
        let old = self.change_if(|| true, |tree| next(tree).map(Some))?;
        Ok(old.expect("a change that is wanted and makes a tree has one before it"))
    }

    /// [`Slot::change`] that may give up: where it isn't `wanted` when its turn comes or when the next tree is there, or makes none,
    /// nothing changes and nothing is given.
    pub(crate) fn change_if<E: From<Closed>>(
        &self,
        wanted: impl Fn() -> bool,
        next: impl FnOnce(&T) -> Result<Option<T>, E>,
    ) -> Result<Option<Arc<T>>, E> {
        let _turn = self.changing.lock();
        let old = self.get()?;
        let next = if wanted() { next(&old)? } else { None };
        let Some(next) = next else { return Ok(None) };
        let mut current = self.current.write();
        let slot = current.as_mut().ok_or(Closed)?;
        if !wanted() {
            return Ok(None);
        }
        *slot = Arc::new(next);
        Ok(Some(old))
    }

    /// Gives the memory back, as soon as no search reads it any more.
    pub(crate) fn close(&self) {
        drop(self.current.write().take());
    }
}

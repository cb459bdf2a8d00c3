//! What JavaScript holds and can let go of before its garbage is collected: files and locks are free once the last call on them has ended.

use canopy_core::{Coded, Fault};
use parking_lot::Mutex;
use std::sync::Arc;

/// A call on something that was closed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("this was closed: open it again")]
pub(crate) struct Closed;

impl Coded for Closed {
    fn code(&self) -> &'static str {
        "CLOSED"
    }

    fn fault(&self) -> Fault {
        Fault::Unavailable
    }
}

/// A shared value until it is closed.
#[derive(Debug)]
pub(crate) struct Handle<T>(Mutex<Option<Arc<T>>>);

impl<T> Handle<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(Some(Arc::new(value))))
    }

    /// The value, for the length of one call.
    pub(crate) fn get(&self) -> Result<Arc<T>, Closed> {
        self.0.lock().clone().ok_or(Closed)
    }

    pub(crate) fn close(&self) {
        self.0.lock().take();
    }
}

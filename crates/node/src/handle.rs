//! What JavaScript holds and can let go of before its garbage is collected: files and locks are free once the last call on them has ended.

use canopy_core::{Coded, Fault};
use parking_lot::Mutex;
use std::ops::Deref;
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

/// A large value that calls share. Whoever lets go of it last doesn't wait until its memory is given back, some 30 ms a gigabyte: that may be the event loop, when garbage is
/// collected.
#[derive(Debug)]
pub(crate) struct Large<T: Send + Sync + 'static>(Option<Arc<T>>);

impl<T: Send + Sync> Large<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(Arc::new(value)))
    }
}

impl<T: Send + Sync> Clone for Large<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Send + Sync> Deref for Large<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("only dropping takes it")
    }
}

impl<T: Send + Sync> Drop for Large<T> {
    fn drop(&mut self) {
        if let Some(last) = self.0.take().and_then(Arc::into_inner) {
            // Without a thread it is dropped here.
            drop(std::thread::Builder::new().name("canopy-drop".to_owned()).spawn(move || drop(last)));
        }
    }
}

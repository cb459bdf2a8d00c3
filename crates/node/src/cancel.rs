//! Cancellation from JavaScript.

use canopy_core::{Cancel, Progress};
use napi::Status;
use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

/// A flag that running calls poll. napi's own `AbortSignal` support cancels only work that hasn't started.
#[napi]
#[derive(Debug, Default)]
pub struct BindingCancel {
    flag: Cancel,
}

#[napi]
impl BindingCancel {
    /// A flag that nobody has raised.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag: every call that polls it ends with `CANCELLED`.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.flag.cancel();
    }
}

/// The flag to poll; one that nobody can raise where the caller gave none.
pub(crate) fn flag(cancel: Option<&BindingCancel>) -> Cancel {
    cancel.map_or_else(Cancel::new, |cancel| cancel.flag.clone())
}

/// `(done, total) => void`; never called with an error first.
pub(crate) type OnProgress = ThreadsafeFunction<FnArgs<(f64, f64)>, (), FnArgs<(f64, f64)>, Status, false>;

/// Reports into JavaScript without waiting for it.
pub(crate) fn progress(callback: Option<OnProgress>) -> Progress {
    callback.map_or_else(Progress::default, |callback| {
        #[expect(clippy::cast_precision_loss, reason = "JavaScript counts in doubles; exact up to 2^53 records")]
        Progress::new(move |done, total| {
            callback.call(FnArgs::from((done as f64, total as f64)), ThreadsafeFunctionCallMode::NonBlocking);
        })
    })
}

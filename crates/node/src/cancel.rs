//! Cancellation from JavaScript.

use canopy_core::{Cancel, Progress};
use napi::Status;
use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use std::time::Instant;

/// A flag that running calls poll. napi's own `AbortSignal` support cancels only work that hasn't started.
#[napi]
#[derive(Debug)]
pub struct BindingCancel {
    flag: Cancel,
    made: Instant,
}

impl Default for BindingCancel {
    fn default() -> Self {
        Self { flag: Cancel::new(), made: Instant::now() }
    }
}

/// What a call spent in embedding models; times are milliseconds since its flag was made.
#[napi(object)]
#[derive(Debug, Clone, Copy)]
pub struct BindingModelTime {
    /// When the first text went in.
    pub from: f64,
    /// When the last vector came out.
    pub to: f64,
    /// Milliseconds between in which a model worked.
    pub busy: f64,
    /// Texts that were embedded; those that the cache knew aren't counted.
    pub texts: f64,
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

    /// What the call that has this flag spent in models, or `null`.
    #[napi(catch_unwind)]
    pub fn models(&self) -> Option<BindingModelTime> {
        let spent = self.flag.model_time()?;
        let since = |at: Instant| at.saturating_duration_since(self.made).as_secs_f64() * 1e3;
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 texts")]
        let texts = spent.texts as f64;
        Some(BindingModelTime {
            from: since(spent.first),
            to: since(spent.last),
            busy: spent.busy.as_secs_f64() * 1e3,
            texts,
        })
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

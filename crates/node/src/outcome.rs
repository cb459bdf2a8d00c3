//! Running work off the event loop, and errors as values.

use canopy_core::Coded;
use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An error on its way to JavaScript, where one function throws it.
#[napi(object)]
#[derive(Debug, Clone)]
pub struct BindingError {
    /// Stable code: `STORE_LOCKED`, `VECTOR_DIMENSION`, …
    pub code: String,
    /// Kind of trouble: `invalid_input`, `not_found`, `conflict`, `too_large`, `unavailable`, `read_only`, `permission`, `no_space`, `corrupt`, `cancelled` or `internal`.
    pub kind: String,
    /// What was wrong, what was received, what to do.
    pub message: String,
}

/// The error of any crate, on its way out; a call that meets those of several needs no type of its own.
pub(crate) struct Trouble(Box<dyn Coded>);

impl<E: Coded + 'static> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

/// A value or an error.
pub(crate) type Outcome<T> = napi::Result<Either<T, BindingError>>;

impl BindingError {
    /// The error as JavaScript sees it.
    fn new(error: &dyn Coded) -> Self {
        Self { code: error.code().to_owned(), kind: error.fault().as_str().to_owned(), message: error.to_string() }
    }

    fn panicked(reason: &str) -> Self {
        Self {
            code: "INTERNAL_PANIC".to_owned(),
            kind: canopy_core::Fault::Internal.as_str().to_owned(),
            message: format!("a defect in the native core stopped this call: {reason}; nothing acknowledged was lost"),
        }
    }
}

/// Runs `work` where it is called: on a thread of the runtime, which has threads enough that work may block them.
///
/// Handing it on to the runtime's blocking threads would cost two more wake-ups, a third of a short call.
pub(crate) async fn run<T, E: Into<Trouble>>(work: impl FnOnce() -> Result<T, E>) -> Outcome<T> {
    run_here(work)
}

/// Runs `work` on the thread that calls: for what is done sooner than another thread wakes up.
pub(crate) fn run_here<T, E: Into<Trouble>>(work: impl FnOnce() -> Result<T, E>) -> Outcome<T> {
    // What a call that panics holds is dropped; what it shares is behind locks that are fit for the next one.
    Ok(match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Either::A(value),
        Ok(Err(error)) => Either::B(BindingError::new(&*error.into().0)),
        Err(payload) => {
            let reason = payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| payload.downcast_ref::<String>().cloned());
            Either::B(BindingError::panicked(reason.as_deref().unwrap_or("no reason given")))
        }
    })
}

/// Runs `work` as [`run`] does and answers with its value as JSON in UTF-8.
pub(crate) async fn run_json<T, E>(work: impl FnOnce() -> Result<T, E>) -> Outcome<Buffer>
where
    T: serde::Serialize,
    E: Into<Trouble>,
{
    run(move || -> Result<Buffer, Trouble> {
        let value = work().map_err(Into::into)?;
        Ok(canopy_collection::to_json(&value)?.into())
    })
    .await
}

/// An error that only the boundary knows: a code and a sentence.
macro_rules! refused {
    ($name:ident, $code:literal, $message:literal) => {
        #[derive(Debug, thiserror::Error)]
        #[error($message)]
        struct $name;

        impl canopy_core::Coded for $name {
            fn code(&self) -> &'static str {
                $code
            }

            fn fault(&self) -> canopy_core::Fault {
                canopy_core::Fault::InvalidInput
            }
        }
    };
}
pub(crate) use refused;

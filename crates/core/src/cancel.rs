//! Cancellation that long loops poll, and what a call tells whoever started it.

use crate::fault::{Coded, Fault};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use std::time::{Duration, Instant};

/// A flag shared between whoever may cancel and the loop that polls it.
///
/// Cloning shares the flag. Poll it every few thousand steps: one relaxed load costs about a nanosecond. The way back carries
/// [`ModelTime`], since a flag goes wherever a call's work does.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    raised: AtomicBool,
    models: Mutex<Option<ModelTime>>,
}

/// What a call spent in embedding models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelTime {
    /// When the first text went in.
    pub first: Instant,
    /// When the last vector came out.
    pub last: Instant,
    /// The time between, less that in which other work was done.
    pub busy: Duration,
    /// Texts that were embedded; those that a cache knew aren't counted.
    pub texts: u64,
}

/// The work was cancelled by its caller; what had been committed before stays committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call was cancelled by its caller; work committed before that is kept")]
pub struct Cancelled;

impl Cancel {
    /// A flag that nobody has raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag; it can't be lowered again.
    pub fn cancel(&self) {
        self.0.raised.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is raised.
    pub fn is_cancelled(&self) -> bool {
        self.0.raised.load(Ordering::Relaxed)
    }

    /// `Err(Cancelled)` once the flag is raised, for use with `?`.
    ///
    /// # Errors
    /// [`Cancelled`] when somebody called [`Cancel::cancel`].
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Notes that a model worked on `texts` from `from` until now.
    pub fn note_model(&self, from: Instant, texts: usize) {
        let last = Instant::now();
        let busy = last.saturating_duration_since(from);
        let mut models = self.0.models.lock().unwrap_or_else(PoisonError::into_inner);
        *models = Some(models.map_or(ModelTime { first: from, last, busy, texts: texts as u64 }, |before| ModelTime {
            first: before.first,
            last,
            busy: before.busy + busy,
            texts: before.texts + texts as u64,
        }));
    }

    /// What models took of the call so far; `None` when none was asked.
    pub fn model_time(&self) -> Option<ModelTime> {
        *self.0.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Coded for Cancelled {
    fn code(&self) -> &'static str {
        "CANCELLED"
    }
    fn fault(&self) -> Fault {
        Fault::Cancelled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_shares_the_flag() {
        let one = Cancel::new();
        let other = one.clone();
        assert_eq!(other.check(), Ok(()));
        one.cancel();
        assert_eq!(other.check(), Err(Cancelled));
    }

    #[test]
    fn time_in_models_adds_up_across_clones() {
        let one = Cancel::new();
        assert_eq!(one.model_time(), None);
        let from = Instant::now();
        one.clone().note_model(from, 2);
        one.note_model(Instant::now(), 3);
        let spent = one.model_time().expect("two calls were noted");
        assert_eq!((spent.first, spent.texts), (from, 5));
        assert!(spent.busy <= spent.last - spent.first);
    }
}

//! Cancellation and progress of one call, shared by its threads.

use crate::error::Error;
use canopy_core::{Cancel, Progress};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How far a call is, out of how much, and whether it should go on.
pub(crate) struct Task<'a> {
    cancel: &'a Cancel,
    progress: &'a Progress,
    done: AtomicU64,
    total: u64,
}

impl<'a> Task<'a> {
    pub(crate) fn new(cancel: &'a Cancel, progress: &'a Progress, total: usize) -> Self {
        Self { cancel, progress, done: AtomicU64::new(0), total: total as u64 }
    }

    /// Counts finished items; an error when the caller cancelled.
    pub(crate) fn advance(&self, items: usize) -> Result<(), Error> {
        let done = self.done.fetch_add(items as u64, Ordering::Relaxed) + items as u64;
        self.progress.report(done, self.total);
        Ok(self.cancel.check()?)
    }

    /// The last report.
    pub(crate) fn finish(&self) {
        self.progress.finish(self.total, self.total);
    }
}

/// Runs some work and adds what it took, in seconds.
pub(crate) fn timed<T>(seconds: &mut f64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    *seconds += start.elapsed().as_secs_f64();
    done
}

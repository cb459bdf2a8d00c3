//! Progress of long work, reported without slowing it down.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::time::Instant;

/// Receives `(done, total)`; a total of 0 means that the end isn't known yet.
type Sink = dyn Fn(u64, u64) + Send + Sync;

/// Between two reports at least this long passes, so that a callback into JavaScript never becomes the work.
const MIN_INTERVAL_MS: u64 = 50;

/// Where long work says how far it is. Cloning shares the sink; the default drops every report.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Inner>>);

struct Inner {
    sink: Box<Sink>,
    started: Instant,
    next_ms: AtomicU64,
}

impl Progress {
    /// Reports go to `sink(done, total)`, at most every 50 ms, from whichever thread does the work.
    pub fn new(sink: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(Inner { sink: Box::new(sink), started: Instant::now(), next_ms: AtomicU64::new(0) })))
    }

    /// Reports, unless the last report is younger than 50 ms.
    pub fn report(&self, done: u64, total: u64) {
        let Some(inner) = &self.0 else { return };
        let now = u64::try_from(inner.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let next = inner.next_ms.load(Ordering::Relaxed);
        let due = now >= next
            && inner
                .next_ms
                .compare_exchange(next, now + MIN_INTERVAL_MS, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if due {
            (inner.sink)(done, total);
        }
    }

    /// Reports in any case: the last report of a piece of work.
    pub fn finish(&self, done: u64, total: u64) {
        if let Some(inner) = &self.0 {
            (inner.sink)(done, total);
        }
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Progress(sink)" } else { "Progress(none)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_thinned_but_the_last_one_arrives() {
        let seen = Arc::new(AtomicU64::new(0));
        let last = Arc::new(AtomicU64::new(0));
        let (count, end) = (seen.clone(), last.clone());
        let progress = Progress::new(move |done, _| {
            count.fetch_add(1, Ordering::Relaxed);
            end.store(done, Ordering::Relaxed);
        });
        (0..100_000).for_each(|i| progress.report(i, 100_000));
        progress.finish(100_000, 100_000);
        assert!(seen.load(Ordering::Relaxed) < 100);
        assert_eq!(last.load(Ordering::Relaxed), 100_000);
    }
}

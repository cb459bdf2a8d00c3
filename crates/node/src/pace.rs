//! Whether a search is worth a thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Waking a thread and being woken by it takes 20 to 50 microseconds; what takes a few times as long may still be done where it was asked for without anybody noticing. Nothing near the
/// millisecond that timers count in may.
const QUICK_NANOS: u64 = 150_000;

/// How long the last search took, and how many candidates it kept. The first is never quick: it may have to read from a disk what a file maps.
#[derive(Debug)]
pub(crate) struct Pace {
    nanos: AtomicU64,
    breadth: AtomicU64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { nanos: AtomicU64::new(u64::MAX), breadth: AtomicU64::new(1) }
    }
}

impl Pace {
    /// Runs a search that keeps so many candidates and notes how long it took.
    pub(crate) fn of<T>(&self, breadth: usize, search: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = search();
        // Two searches that end at once may mix their numbers: the next one is asked in the wrong place then, and answered all the same.
        self.nanos.store(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.breadth.store(breadth.max(1) as u64, Ordering::Relaxed);
        result
    }

    /// Whether a search that keeps so many candidates should be quick, from the last one.
    pub(crate) fn is_quick(&self, breadth: usize) -> bool {
        let (nanos, last) = (self.nanos.load(Ordering::Relaxed), self.breadth.load(Ordering::Relaxed));
        nanos.saturating_mul(breadth as u64) / last < QUICK_NANOS && nanos < u64::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_last_search_decides() {
        let pace = Pace::default();
        assert!(!pace.is_quick(0));
        // Another program may take the processor in between: one of many is quick.
        assert!((0..1000).any(|_| pace.of(20, || true) && pace.is_quick(20)));
        pace.of(20, || std::thread::sleep(Duration::from_millis(1)));
        assert!(!pace.is_quick(20) && !pace.is_quick(1000) && pace.is_quick(1));
    }
}

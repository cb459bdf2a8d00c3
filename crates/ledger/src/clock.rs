//! Time for what must be forgotten after a while, and not before.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Time that a change of the system's clock doesn't move: the wall clock at the start, and monotonic from there.
#[derive(Debug)]
pub(crate) struct Clock {
    wall_ms: u64,
    started: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { wall_ms: u64::try_from(wall.as_millis()).unwrap_or(0), started: Instant::now() }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.wall_ms + u64::try_from(self.started.elapsed().as_millis()).unwrap_or(0)
    }
}

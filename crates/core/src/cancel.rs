//! Cancellation that long loops poll.

use crate::fault::{Coded, Fault};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A flag shared between whoever may cancel and the loop that polls it.
///
/// Cloning shares the flag. Poll it every few thousand steps: one relaxed load costs about a nanosecond.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

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
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is raised.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// `Err(Cancelled)` once the flag is raised, for use with `?`.
    ///
    /// # Errors
    /// [`Cancelled`] when somebody called [`Cancel::cancel`].
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
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
}

//! Why long work may end early.

use crate::error::Error;
use canopy_core::Cancel;
use std::time::Instant;

/// Cancellation and a deadline, polled together.
pub(crate) struct Stop<'a> {
    cancel: &'a Cancel,
    deadline: Option<Instant>,
}

/// What ended the work.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The deadline passed.
    TimeUp,
    /// Something else, cancellation included.
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<'a> Stop<'a> {
    pub(crate) fn new(cancel: &'a Cancel, deadline: Option<Instant>) -> Self {
        Self { cancel, deadline }
    }

    pub(crate) fn check(&self) -> Result<(), Halt> {
        self.cancel.check().map_err(|cancelled| Halt::Failed(cancelled.into()))?;
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Halt::TimeUp),
            _ => Ok(()),
        }
    }
}

//! What can go wrong while noise is made.

use canopy_core::{Coded, Fault};

/// Result of the samplers.
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no noise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The scale is no positive number of the allowed range.
    #[error("the scale of noise must be from {:e} to {:e}, not {scale}", crate::MIN_SCALE, crate::MAX_SCALE)]
    Scale {
        /// What was asked for.
        scale: f64,
    },
    /// The system gives no random bits.
    #[error("the system's secure random source failed ({detail}): nothing was released")]
    Source {
        /// The system's words.
        detail: String,
    },
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Scale { .. } => "NOISE_SCALE",
            Self::Source { .. } => "NOISE_SOURCE",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Scale { .. } => Fault::InvalidInput,
            Self::Source { .. } => Fault::Internal,
        }
    }
}

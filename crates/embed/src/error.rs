//! What can go wrong, with stable codes.

use canopy_core::{Cancelled, Coded, Fault};
use std::path::PathBuf;

/// Errors of loading and running models.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no model file at the path.
    #[error("there is no model file at {path}: check the path, or restore the file")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file isn't a whole, undamaged model file.
    #[error(
        "the model file {path} is damaged or not a model file: {what}; restore it from the repository or convert the model again"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What contradicts the format.
        what: String,
    },
    /// The file was written by a later version of the format.
    #[error(
        "the model file {path} has format {found}, this version reads formats up to {supported}: update canopy, or convert the model again"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Format of the file.
        found: u32,
        /// Newest format this version reads.
        supported: u32,
    },
    /// The model is being loaded; the same call will succeed shortly.
    #[error("the model {path} is loading: call again in a moment, or wait for it")]
    Loading {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused to read the file.
    #[error("the model file {path} can't be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A static model knows none of the text's words, so that there is no vector with a direction.
    #[error(
        "text {index} has no word that the model knows, so it has no vector: store it without one, it stays findable by keywords"
    )]
    NoTokens {
        /// Position of the text in the call.
        index: usize,
    },
    /// The source model can't be converted.
    #[error("the model in {path} can't be converted: {what}")]
    Source {
        /// Folder of the source model.
        path: PathBuf,
        /// What is missing or unexpected.
        what: String,
    },
    /// The caller cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "MODEL_MISSING",
            Self::Corrupt { .. } => "MODEL_CORRUPT",
            Self::Newer { .. } => "MODEL_NEWER",
            Self::Loading { .. } => "MODEL_LOADING",
            Self::Io { .. } => "MODEL_IO",
            Self::NoTokens { .. } => "TEXT_NO_TOKENS",
            Self::Source { .. } => "MODEL_SOURCE",
            Self::Cancelled(cancelled) => cancelled.code(),
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Missing { .. } => Fault::NotFound,
            Self::Corrupt { .. } | Self::Newer { .. } => Fault::Corrupt,
            Self::Loading { .. } => Fault::Unavailable,
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => Fault::Permission,
            Self::Io { .. } => Fault::Internal,
            Self::NoTokens { .. } | Self::Source { .. } => Fault::InvalidInput,
            Self::Cancelled(cancelled) => cancelled.fault(),
        }
    }
}

//! Embedding models in slots.

use crate::{Embedder, Error, load};
use canopy_slot::{LoadError, Model};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A slot of an embedding model.
pub type ModelSlot = canopy_slot::ModelSlot<dyn Embedder, Error>;

/// A slot for the `.canopy-model` file at `path`, to be unloaded when nobody asked for it for `idle`.
pub fn slot(path: impl Into<PathBuf>, idle: Duration) -> ModelSlot {
    ModelSlot::new(path, idle, load)
}

impl Model for dyn Embedder {
    fn memory_bytes(&self) -> usize {
        Embedder::memory_bytes(self)
    }
}

impl LoadError for Error {
    fn loading(path: &Path) -> Self {
        Self::Loading { path: path.to_owned() }
    }

    fn again(&self, path: &Path) -> Self {
        let path = path.to_owned();
        match self {
            Self::Missing { .. } => Self::Missing { path },
            Self::Corrupt { what, .. } => Self::Corrupt { path, what: what.clone() },
            Self::Newer { found, supported, .. } => Self::Newer { path, found: *found, supported: *supported },
            Self::Io { source, .. } => {
                Self::Io { path, source: std::io::Error::new(source.kind(), source.to_string()) }
            }
            Self::Source { what, .. } => Self::Source { path, what: what.clone() },
            Self::NoTokens { index } => Self::NoTokens { index: *index },
            Self::Cancelled(cancelled) => Self::Cancelled(*cancelled),
            Self::Loading { .. } => Self::Loading { path },
        }
    }
}

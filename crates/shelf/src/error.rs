//! What can go wrong with the cache on disk.

use canopy_core::{Coded, Fault};
use std::path::{Path, PathBuf};

/// Result of the cache.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the cache refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that fits in no cache of this quota.
    #[error(
        "a value of {bytes} bytes is larger than an eighth of the cache's quota of {quota}: raise cache.diskBytes, or don't cache it"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The quota.
        quota: u64,
    },
    /// The folder is full.
    #[error("no space left for the cache in {}: free space, or lower cache.diskBytes", path.display())]
    Full {
        /// The folder.
        path: PathBuf,
    },
    /// LMDB or the system refused.
    #[error("the cache in {} can't be used ({detail}): delete the folder, a cache can be made anew", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// Their words.
        detail: String,
    },
}

impl Error {
    pub(crate) fn from_heed(path: &Path, error: &heed::Error) -> Self {
        let path = path.to_owned();
        match error {
            heed::Error::Mdb(heed::MdbError::MapFull) => Self::Full { path },
            heed::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => Self::Full { path },
            other => Self::Io { path, detail: other.to_string() },
        }
    }
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "CACHE_VALUE_TOO_LARGE",
            Self::Full { .. } => "CACHE_FULL",
            Self::Io { .. } => "CACHE_IO",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::TooLarge { .. } => Fault::TooLarge,
            Self::Full { .. } => Fault::NoSpace,
            Self::Io { .. } => Fault::Internal,
        }
    }
}

//! What can go wrong: a query never, a snapshot or a cancelled search.

use canopy_core::{Cancelled, Coded, Fault};

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller raised its [`canopy_core::Cancel`] flag.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The bytes aren't a whole, undamaged snapshot of a keyword index.
    #[error("the keyword index can't be read: {what}; delete the snapshot and index the texts again")]
    Corrupt {
        /// What was expected and what was found.
        what: String,
    },
    /// The snapshot is sound, but its terms were made by another analyzer or its layout by another version.
    #[error(
        "the keyword index has layout {layout} and analyzer {analyzer}, this version reads {expected_layout} and {expected_analyzer}; index the texts again"
    )]
    Outdated {
        /// Layout version found.
        layout: u32,
        /// Analyzer version found.
        analyzer: u32,
        /// Layout version that can be read.
        expected_layout: u32,
        /// Analyzer version that can be read.
        expected_analyzer: u32,
    },
    /// Reading or writing the snapshot failed below us.
    #[error("the keyword index snapshot could not be read or written: {0}; check the disk and the permissions")]
    Io(#[source] std::io::Error),
    /// `k1` or `b` is outside of its range.
    #[error("{name} is {received}, it must be {range}")]
    Option {
        /// The option's name.
        name: &'static str,
        /// The value received.
        received: f32,
        /// The values allowed.
        range: &'static str,
    },
}

impl Error {
    /// A damaged or foreign snapshot.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Cancelled(inner) => inner.code(),
            Self::Corrupt { .. } => "KEYWORD_CORRUPT",
            Self::Outdated { .. } => "KEYWORD_OUTDATED",
            Self::Io(_) => "KEYWORD_IO",
            Self::Option { .. } => "KEYWORD_OPTION",
        }
    }
    fn fault(&self) -> Fault {
        match self {
            Self::Cancelled(inner) => inner.fault(),
            Self::Corrupt { .. } | Self::Outdated { .. } => Fault::Corrupt,
            Self::Io(error) => match error.kind() {
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Fault::NoSpace,
                std::io::ErrorKind::PermissionDenied => Fault::Permission,
                _ => Fault::Internal,
            },
            Self::Option { .. } => Fault::InvalidInput,
        }
    }
}

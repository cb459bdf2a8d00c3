//! What can go wrong in a ledger.

use canopy_core::{Coded, Fault};
use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};

/// Result of the ledgers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a ledger refused. `Display` says what was wrong, what was received and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process drains this queue.
    #[error("{} is used by another process: give every server a folder of its own (data.dir)", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// Another process held the file for longer than a transaction takes.
    #[error("{} stayed locked by another process: try again", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged, or no file of ours.
    #[error("{} can't be read ({detail}): restore a copy or move the file away", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A later release wrote the file.
    #[error("{} has version {found}, this release reads up to {supported}: use a newer release", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version known here.
        supported: i64,
    },
    /// No space is left; the transaction was rolled back.
    #[error("no space left for {}: nothing of this call was kept, everything acknowledged before is; free space and send it again", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused access.
    #[error("no permission for {} ({detail}): give this user read and write access", path.display())]
    Permission {
        /// The file.
        path: PathBuf,
        /// The system's words.
        detail: String,
    },
    /// Input or output failed otherwise.
    #[error("{} could not be used: {detail}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's or SQLite's words.
        detail: String,
    },
    /// A line of an audit file isn't what was written there.
    #[error("{}: line {line} {reason}: the lines before it are as they were written, this one or one before it was changed, removed or added", path.display())]
    AuditBroken {
        /// The file.
        path: PathBuf,
        /// The first line that is wrong, from 1.
        line: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An operation can't be read.
    #[error("the operations of a ledger can't be read: {detail}")]
    Operation {
        /// What is wrong.
        detail: String,
    },
    /// Something to be queued is no array of records.
    #[error(
        "record {at} {reason}: send a JSON array of objects such as [{{\"text\": \"…\"}}]; nothing of this request was accepted"
    )]
    Record {
        /// Its place, from 0.
        at: usize,
        /// What is wrong.
        reason: String,
    },
}

impl Error {
    pub(crate) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, detail) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { path, detail },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::Permission { path, detail }
            }
            _ => Self::Io { path, detail },
        }
    }

    pub(crate) fn from_io(path: &Path, error: &std::io::Error) -> Self {
        let (path, detail) = (path.to_owned(), error.to_string());
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded | std::io::ErrorKind::FileTooLarge => {
                Self::Full { path }
            }
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Self::Permission { path, detail }
            }
            _ => Self::Io { path, detail },
        }
    }
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "QUEUE_LOCKED",
            Self::Busy { .. } => "LEDGER_BUSY",
            Self::Corrupt { .. } => "LEDGER_CORRUPT",
            Self::Newer { .. } => "LEDGER_NEWER",
            Self::Full { .. } => "LEDGER_FULL",
            Self::Permission { .. } => "LEDGER_PERMISSION",
            Self::Io { .. } => "LEDGER_IO",
            Self::AuditBroken { .. } => "AUDIT_BROKEN",
            Self::Operation { .. } => "LEDGER_OPERATION",
            Self::Record { .. } => "INGEST_RECORD",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Locked { .. } | Self::Busy { .. } => Fault::Unavailable,
            Self::Corrupt { .. } | Self::Newer { .. } | Self::AuditBroken { .. } => Fault::Corrupt,
            Self::Full { .. } => Fault::NoSpace,
            Self::Permission { .. } => Fault::Permission,
            Self::Io { .. } | Self::Operation { .. } => Fault::Internal,
            Self::Record { .. } => Fault::InvalidInput,
        }
    }
}

//! What can be wrong with a file.

use canopy_core::{Coded, Fault};
use std::io::ErrorKind;
use std::path::Path;

/// Why a file was not written or read. The one that was there stays valid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The system refused.
    #[error("the file {path}: {reason}")]
    System {
        /// The file.
        path: String,
        /// What the system said, and what may help.
        reason: String,
        /// `INDEX_DISK_FULL`, `INDEX_PERMISSION`, `INDEX_NOT_FOUND` or `INDEX_IO`.
        code: &'static str,
        /// Its kind.
        fault: Fault,
    },
    /// Another kind of file.
    #[error("{path} isn't a file of this kind: check the path")]
    Foreign {
        /// The file.
        path: String,
    },
    /// Written by a newer program.
    #[error("{path} has version {version}, and this program reads up to {known}: update, or make the index anew")]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        version: u32,
        /// The newest version that can be read.
        known: u32,
    },
    /// The file ends too early, or late.
    #[error(
        "{path} has {received} bytes where its {section} asks for {expected}: it was cut off; take a copy or make it anew"
    )]
    Truncated {
        /// The file.
        path: String,
        /// What was being read.
        section: String,
        /// Bytes expected.
        expected: u64,
        /// Bytes there.
        received: u64,
    },
    /// A checksum doesn't fit, or what stands there makes no sense.
    #[error("{path} is damaged in its section \"{section}\": take a copy or make it anew")]
    Damaged {
        /// The file.
        path: String,
        /// The section.
        section: String,
    },
}

impl Error {
    /// What the system said about a file, with the code and the advice that fit.
    pub fn system(path: &Path, error: &std::io::Error) -> Self {
        let (code, fault, advice) = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                ("INDEX_DISK_FULL", Fault::NoSpace, "free some room and save again; the old file is as it was")
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                ("INDEX_PERMISSION", Fault::Permission, "let this program read and write there")
            }
            ErrorKind::NotFound => ("INDEX_NOT_FOUND", Fault::NotFound, "check the path"),
            _ => ("INDEX_IO", Fault::Internal, "try again; if it stays, check the disk"),
        };
        Self::System { path: path.display().to_string(), reason: format!("{error}: {advice}"), code, fault }
    }
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::System { code, .. } => code,
            Self::Foreign { .. } => "INDEX_FOREIGN",
            Self::Newer { .. } => "INDEX_NEWER",
            Self::Truncated { .. } => "INDEX_TRUNCATED",
            Self::Damaged { .. } => "INDEX_CORRUPT",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::System { fault, .. } => *fault,
            _ => Fault::Corrupt,
        }
    }
}

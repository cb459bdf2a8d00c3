//! What can go wrong in the store and in its importers.

use canopy_core::{Coded, Fault};
use std::path::{Path, PathBuf};

/// Result of the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store, or an importer, refused. `Display` says what was wrong, what was received and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process, or another handle in this one, has the folder open for writing.
    #[error("{} is open for writing in {}: close it there, or open the folder read-only (`readOnly`)", path.display(), holder(*pid))]
    Locked {
        /// The folder.
        path: PathBuf,
        /// The holder's process number, where the system lets us read it.
        pid: Option<u32>,
    },
    /// The database is damaged.
    #[error("{} is damaged ({detail}): restore a copy, or delete the folder and import again", path.display())]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A later release wrote the database.
    #[error("{} has schema version {found}, this release reads up to {supported}: open it with a newer release", path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version known here.
        supported: u32,
    },
    /// The file isn't one of ours.
    #[error("{} is not a Canopy database ({detail}): choose another folder, or move the file away", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        detail: String,
    },
    /// There is no database to open read-only.
    #[error("{} holds no database yet: add a record or open the folder for writing to make one, or check the path", path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// There is a file where the folder ought to be.
    #[error("{} is a file: name the folder that holds the collections, or one that doesn't exist yet", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// No space is left; the transaction was rolled back and everything acknowledged before is kept.
    #[error("no space left for {}: this change was not stored, earlier ones are; free space and send it again", path.display())]
    Full {
        /// The database file.
        path: PathBuf,
    },
    /// The operating system refused access.
    #[error("no permission for {} ({detail}): give this user read and write access, or open it read-only", path.display())]
    Permission {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        detail: String,
    },
    /// A write to a store that was opened read-only.
    #[error("the store was opened read-only and can't {action}: open it for writing")]
    ReadOnly {
        /// What was asked.
        action: &'static str,
    },
    /// Input or output failed otherwise.
    #[error("{} could not be used: {detail}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's or SQLite's words.
        detail: String,
    },
    /// No collection has this name.
    #[error("no collection is named {name:?}: create it, or list the collections to see their names")]
    CollectionNotFound {
        /// The name, or the key as `#7`.
        name: String,
    },
    /// The name is taken.
    #[error("a collection named {name:?} exists already: choose another name or drop it first")]
    CollectionExists {
        /// The name.
        name: String,
    },
    /// The name can't be used.
    #[error("collection name {name:?} {reason}: use 1 to 128 characters without '/' and control characters")]
    CollectionName {
        /// The name.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The settings or the vector specification of a collection can't be stored.
    #[error("collection settings are not valid: {reason}")]
    CollectionSpec {
        /// What is wrong.
        reason: String,
    },
    /// An insert found the id taken.
    #[error("a record with the id {id:?} exists already: use upsert to replace it, or choose another id")]
    RecordExists {
        /// The id.
        id: String,
    },
    /// An update found no record.
    #[error("no record has the id {id:?}: use upsert to create it, or check the id")]
    RecordNotFound {
        /// The id.
        id: String,
    },
    /// The id can't be used.
    #[error("record id {id:?} {reason}: use 1 to 512 bytes of text without the NUL character")]
    RecordId {
        /// The id, shortened.
        id: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The metadata isn't a JSON object.
    #[error("metadata of record {id:?} {reason}: send a JSON object such as {{\"year\": 1958}}")]
    RecordMetadata {
        /// The id.
        id: String,
        /// What is wrong.
        reason: String,
    },
    /// Text or metadata is over the limit.
    #[error("{what} of record {id:?} is {received} bytes, the limit is {limit}: split the record")]
    RecordTooLarge {
        /// The id.
        id: String,
        /// `text` or `metadata`.
        what: &'static str,
        /// Bytes received.
        received: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The collection keeps no vectors, or vectors of another length.
    #[error("vector of record {id:?} has {received} values, {}", expects(*expected))]
    VectorDimension {
        /// The id.
        id: String,
        /// The collection's dimension; 0 when it keeps no vectors.
        expected: u32,
        /// Values received.
        received: usize,
    },
    /// A value is NaN or infinite.
    #[error("vector of record {id:?} is not a finite number at position {position}: remove or replace it")]
    VectorNotFinite {
        /// The id.
        id: String,
        /// Index of the first such value.
        position: usize,
    },
    /// Vectors of one model would meet vectors of another.
    #[error(
        "the collection's vectors come from {stored}, not from {received}: rebuild the collection or use its model"
    )]
    ModelMismatch {
        /// The model that made the stored vectors.
        stored: String,
        /// The model that was offered.
        received: String,
    },
    /// Bytes that aren't UTF-8.
    #[error("{source_name}, line {line}: byte {byte} of the file is not valid UTF-8: convert the file to UTF-8")]
    ImportEncoding {
        /// The file.
        source_name: String,
        /// Line, from 1.
        line: u64,
        /// Offset of the first bad byte in the file, from 0.
        byte: u64,
    },
    /// A line (a CSV record, a file of a folder) is over the limit. It was skipped without being kept in memory.
    #[error("{source_name}, line {line} is longer than {limit} bytes: split it, or raise the limit")]
    ImportLineTooLong {
        /// The file.
        source_name: String,
        /// Line, from 1.
        line: u64,
        /// Bytes allowed.
        limit: usize,
    },
    /// A line can't be understood.
    #[error("{source_name}, line {line}: {reason}")]
    ImportSyntax {
        /// The file.
        source_name: String,
        /// Line, from 1; 0 for the whole file.
        line: u64,
        /// What is wrong and what is expected.
        reason: String,
    },
    /// The file or folder to import doesn't exist.
    #[error("{} does not exist or can't be read ({detail}): check the path", path.display())]
    ImportNotFound {
        /// The path.
        path: PathBuf,
        /// The system's words.
        detail: String,
    },
    /// Reading the source failed half-way.
    #[error("reading {source_name} failed: {detail}; what was imported before is kept, start again to resume")]
    ImportIo {
        /// The file.
        source_name: String,
        /// The system's words.
        detail: String,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

fn expects(expected: u32) -> String {
    if expected == 0 {
        "but the collection keeps no vectors: create it with a dimension".to_owned()
    } else {
        format!("the collection keeps {expected}: use the model that the collection was made with, or rebuild it")
    }
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        self.kind().0
    }
    fn fault(&self) -> Fault {
        self.kind().1
    }
}

impl Error {
    fn kind(&self) -> (&'static str, Fault) {
        match self {
            Self::Locked { .. } => ("STORE_LOCKED", Fault::Unavailable),
            Self::Corrupt { .. } => ("STORE_CORRUPT", Fault::Corrupt),
            Self::Newer { .. } => ("STORE_NEWER", Fault::Corrupt),
            Self::Foreign { .. } => ("STORE_FOREIGN", Fault::Corrupt),
            Self::Missing { .. } => ("STORE_NOT_FOUND", Fault::NotFound),
            Self::NotAFolder { .. } => ("STORE_NOT_A_FOLDER", Fault::InvalidInput),
            Self::Full { .. } => ("STORE_FULL", Fault::NoSpace),
            Self::Permission { .. } => ("STORE_PERMISSION", Fault::Permission),
            Self::ReadOnly { .. } => ("STORE_READ_ONLY", Fault::ReadOnly),
            Self::Io { .. } => ("STORE_IO", Fault::Internal),
            Self::CollectionNotFound { .. } => ("COLLECTION_NOT_FOUND", Fault::NotFound),
            Self::CollectionExists { .. } => ("COLLECTION_EXISTS", Fault::Conflict),
            Self::CollectionName { .. } => ("COLLECTION_NAME", Fault::InvalidInput),
            Self::CollectionSpec { .. } => ("COLLECTION_SPEC", Fault::InvalidInput),
            Self::RecordExists { .. } => ("RECORD_EXISTS", Fault::Conflict),
            Self::RecordNotFound { .. } => ("RECORD_NOT_FOUND", Fault::NotFound),
            Self::RecordId { .. } => ("RECORD_ID", Fault::InvalidInput),
            Self::RecordMetadata { .. } => ("RECORD_METADATA", Fault::InvalidInput),
            Self::RecordTooLarge { .. } => ("RECORD_TOO_LARGE", Fault::TooLarge),
            Self::VectorDimension { .. } => ("VECTOR_DIMENSION", Fault::InvalidInput),
            Self::VectorNotFinite { .. } => ("VECTOR_NOT_FINITE", Fault::InvalidInput),
            Self::ModelMismatch { .. } => ("MODEL_MISMATCH", Fault::Conflict),
            Self::ImportEncoding { .. } => ("IMPORT_ENCODING", Fault::InvalidInput),
            Self::ImportLineTooLong { .. } => ("IMPORT_LINE_TOO_LONG", Fault::TooLarge),
            Self::ImportSyntax { .. } => ("IMPORT_SYNTAX", Fault::InvalidInput),
            Self::ImportNotFound { .. } => ("IMPORT_NOT_FOUND", Fault::NotFound),
            Self::ImportIo { .. } => ("IMPORT_IO", Fault::Internal),
        }
    }

    pub(crate) fn corrupt(path: &Path, detail: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), detail: detail.into() }
    }

    /// The operating system's answer about `path`, in our words.
    pub(crate) fn from_io(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let (path, detail) = (path.to_owned(), error.to_string());
        match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::Permission { path, detail },
            // Making a folder fails like this where a file has its name, or that of one above it.
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => Self::NotAFolder { path },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { path, detail },
        }
    }

    /// SQLite's answer about the database at `path`, in our words.
    pub(crate) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let detail = error.to_string();
        let path_buf = path.to_owned();
        let rusqlite::Error::SqliteFailure(failure, message) = error else {
            return match error {
                // Our tables are STRICT and our columns NOT NULL: another type means that bytes changed on disk.
                rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::Utf8Error(..)
                // The statements are ours and fit the schema that we made.
                | rusqlite::Error::SqlInputError { .. } => Self::corrupt(path, detail),
                _ => Self::Io { path: path_buf, detail },
            };
        };
        if let Some(table) = message.as_deref().and_then(|message| message.strip_prefix("no such table: ")) {
            let key = table.rsplit('.').next().and_then(|name| name.strip_prefix(['r', 'v', 'f'])?.parse::<u32>().ok());
            return match key {
                Some(key) => Self::CollectionNotFound { name: format!("#{key}") },
                None => Self::corrupt(path, detail),
            };
        }
        match failure.code {
            // Our statements meet every constraint: a violation means that the counters were changed on disk.
            Code::DatabaseCorrupt | Code::ConstraintViolation => Self::Corrupt { path: path_buf, detail },
            _ if failure.extended_code == rusqlite::ffi::SQLITE_ERROR => Self::corrupt(path, detail),
            Code::NotADatabase => Self::Foreign { path: path_buf, detail },
            Code::DiskFull => Self::Full { path: path_buf },
            // Growing the shared index of the log fails like this on a full disk.
            _ if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => Self::Full { path: path_buf },
            _ if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ => {
                Self::Corrupt { path: path_buf, detail }
            }
            Code::ReadOnly | Code::PermissionDenied | Code::AuthorizationForStatementDenied => {
                Self::Permission { path: path_buf, detail }
            }
            Code::CannotOpen => Self::cannot_open(path, detail),
            Code::DatabaseBusy | Code::DatabaseLocked => Self::Locked { path: path_buf, pid: None },
            _ => Self::Io { path: path_buf, detail },
        }
    }

    /// SQLite says only "unable to open database file"; the system knows why.
    fn cannot_open(path: &Path, detail: String) -> Self {
        match fs_err::OpenOptions::new().read(true).write(true).open(path) {
            Err(error) => Self::from_io(path, &error),
            Ok(_) => Self::Permission { path: path.parent().unwrap_or(path).to_owned(), detail },
        }
    }
}

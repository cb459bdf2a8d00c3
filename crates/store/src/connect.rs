//! Opening connections: what SQLite is told, and what a file must be before we trust it.

use crate::error::{Error, Result};
use crate::sql::{APPLICATION_ID, SCHEMA_VERSION};
use crate::types::Durability;
use rusqlite::{Connection, OpenFlags, config::DbConfig, ffi};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Readers wait this long while another process recovers or closes the log; nothing else ever makes them wait.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements kept ready a connection: about 15 a collection.
const CACHED_STATEMENTS: usize = 128;
/// Pages of the writer's cache, in KiB: the upper levels of every tree of a collection of a million records.
const WRITER_CACHE_KIB: i32 = 8 << 10;
/// A reader's cache, in KiB. The system's file cache is behind it; four idle readers stay under 10 MB.
const READER_CACHE_KIB: i32 = 2 << 10;
/// The log file is cut back to this after a checkpoint: 64 MB.
const LOG_LIMIT_BYTES: i32 = 64 << 20;

/// How the database may be read when there is no write access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadMode {
    /// Beside a writer, through the shared index of its log.
    Shared,
    /// A folder where nothing can be created and nothing changes: no locks, no log.
    Immutable,
}

/// The connection that writes.
///
/// # Errors
/// As [`version`], and [`Error::Permission`] for a write-protected file.
pub(crate) fn writer(path: &Path, durability: Durability) -> Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // SQLite silently opens a write-protected file for reading.
    if connection.is_readonly("main").map_err(|error| Error::from_sqlite(path, &error))? {
        return Err(Error::Permission { path: path.to_owned(), detail: "the file is write-protected".to_owned() });
    }
    // Before anything is written, even a journal mode: a foreign file stays as it is.
    version(&connection, path)?;
    configure_writer(&connection, durability).map_err(|error| Error::from_sqlite(path, &error))?;
    Ok(connection)
}

fn configure_writer(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    debug_assert_eq!(mode, "wal");
    match durability {
        Durability::Process => connection.pragma_update(None, "synchronous", "NORMAL")?,
        Durability::Power => {
            connection.pragma_update(None, "synchronous", "EXTRA")?;
            // Without these, macOS lets the drive keep the data in its own cache.
            connection.pragma_update(None, "fullfsync", true)?;
            connection.pragma_update(None, "checkpoint_fullfsync", true)?;
        }
    }
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT_BYTES)?;
    // The checkpointer folds the log; a commit that did would wait for the disk.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)
}

/// A connection that only reads.
pub(crate) fn reader(path: &Path, mode: ReadMode) -> Result<Connection> {
    let connection = match mode {
        ReadMode::Shared => open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        ReadMode::Immutable => {
            open(&immutable_uri(path), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)?
        }
    };
    connection
        .pragma_update(None, "cache_size", -READER_CACHE_KIB)
        .and_then(|()| connection.pragma_update(None, "query_only", true))
        .map_err(|error| Error::from_sqlite(path, &error))?;
    Ok(connection)
}

/// Opens without SQLite's own mutex: every connection lives behind ours, or belongs to one reader at a time.
fn open(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let describe = |error| Error::from_sqlite(path, &error);
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(describe)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(describe)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // A schema from a damaged or foreign file must not run functions of ours, and a page's cells are checked before use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(describe)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).map_err(describe)?;
    connection.pragma_update(None, "cell_size_check", true).map_err(describe)?;
    Ok(connection)
}

/// `file:` URI of `path`, escaped as SQLite reads it.
fn immutable_uri(path: &Path) -> PathBuf {
    let text = path.to_string_lossy().replace('\\', "/");
    let mut uri = String::from(if text.starts_with('/') {
        "file:"
    } else if text.contains(':') {
        "file:/"
    } else {
        "file:"
    });
    for character in text.chars() {
        match character {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            _ => uri.push(character),
        }
    }
    PathBuf::from(uri + "?immutable=1")
}

/// Whether SQLite failed because it could create neither the log nor its index.
pub(crate) fn needs_write_access(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error().map(|failure| failure.extended_code & 0xff),
        Some(ffi::SQLITE_CANTOPEN | ffi::SQLITE_READONLY)
    )
}

/// The schema version of a database of ours.
///
/// # Errors
/// [`Error::Foreign`], [`Error::Newer`], or [`Error::Corrupt`] when the file is truncated or damaged.
pub(crate) fn version(connection: &Connection, path: &Path) -> Result<u32> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    // The first read takes a snapshot, which checks the header against the size of the file.
    let read = || Ok((pragma("application_id")?, pragma("user_version")?, pragma("schema_version")?));
    let (application, version, schema) = read().map_err(|error| classify(path, &error))?;
    if ends_within_a_page(path, pragma("page_size").map_err(|error| classify(path, &error))?) {
        return Err(Error::corrupt(path, "the file ends within a page"));
    }
    if application != i64::from(APPLICATION_ID) {
        let detail = format!("its application id is {application:#x}, schema cookie {schema}");
        return Err(Error::Foreign { path: path.to_owned(), detail });
    }
    let found = u32::try_from(version).unwrap_or(u32::MAX);
    match found {
        0 => Err(Error::corrupt(path, "its schema version is 0")),
        1..=SCHEMA_VERSION => Ok(found),
        _ => Err(Error::Newer { path: path.to_owned(), found, supported: SCHEMA_VERSION }),
    }
}

/// SQLite fills up the last page of a truncated file with zeros, and takes a file of a few bytes for an empty database.
///
/// With a log beside it, a page may be half-written: the log still has it.
fn ends_within_a_page(path: &Path, page_bytes: i64) -> bool {
    let length = |path: &Path| fs_err::metadata(path).map_or(0, |metadata| metadata.len());
    let page_bytes = page_bytes.unsigned_abs().max(1);
    !length(path).is_multiple_of(page_bytes) && length(&beside(path, "-wal")) == 0
}

/// "Not a database" of a file that starts like one, or is empty, is damage; of anything else, a foreign file.
fn classify(path: &Path, error: &rusqlite::Error) -> Error {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let described = Error::from_sqlite(path, error);
    let Error::Foreign { detail, .. } = &described else { return described };
    let mut head = [0_u8; MAGIC.len()];
    let length = fs_err::File::open(path).and_then(|mut file| std::io::Read::read(&mut file, &mut head)).unwrap_or(0);
    if head[..length] == MAGIC[..length] { Error::corrupt(path, detail.clone()) } else { described }
}

/// A file of SQLite's beside the database: `canopy.db-wal`, `canopy.db-shm`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// How `path` can be read here: as a writer's companion, or as a file that nobody may touch.
pub(crate) fn read_mode(path: &Path) -> Result<ReadMode> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match connection.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0)) {
        Ok(_) => Ok(ReadMode::Shared),
        Err(error) if needs_write_access(&error) => {
            let log = fs_err::metadata(beside(path, "-wal")).map_or(0, |metadata| metadata.len());
            if log == 0 {
                return Ok(ReadMode::Immutable);
            }
            // Reading around the log would hide records that were acknowledged.
            let detail =
                "a log that needs write access is left there; open the folder once for writing, or copy it".to_owned();
            Err(Error::Permission { path: path.to_owned(), detail })
        }
        Err(error) => Err(classify(path, &error)),
    }
}

/// Bytes of a page: five vectors of 384 values fit, where 4,096 bytes would hold two and waste a quarter.
pub(crate) const PAGE_BYTES: i32 = 8192;

/// Makes a rename in the folder of `path` survive a power cut, where the system can.
pub(crate) fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent()
        && cfg!(unix)
        && let Err(error) = std::fs::File::open(folder).and_then(|folder| folder.sync_all())
    {
        tracing::debug!(%error, folder = %folder.display(), "the folder could not be synced");
    }
}

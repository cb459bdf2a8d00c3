//! A new database appears whole or not at all.

use crate::connect;
use crate::error::{Error, Result};
use crate::sql::{APPLICATION_ID, CREATE_SHARED, SCHEMA_VERSION};
use rusqlite::Connection;
use std::path::Path;

/// Whether there is a file at `path`; an empty one is damage, because ours are never created empty.
pub(crate) fn exists(path: &Path) -> Result<bool> {
    match fs_err::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() > 0 => Ok(true),
        Ok(metadata) if metadata.is_file() => Err(Error::corrupt(path, "the file is empty")),
        Ok(_) => Err(Error::Foreign { path: path.to_owned(), detail: "it is not a file".to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::from_io(path, &error)),
    }
}

/// Creates the database at `path` unless there is a file.
///
/// It is written under another name and renamed, so an empty or half-written `canopy.db` is always damage, never a start.
pub(crate) fn if_missing(path: &Path) -> Result<()> {
    if exists(path)? {
        return Ok(());
    }
    let fresh = connect::beside(path, ".new");
    for suffix in ["", "-wal", "-shm", "-journal"] {
        // Left by a process that ended half-way; the writer's lock is ours, so nobody uses it.
        let _ = fs_err::remove_file(connect::beside(&fresh, suffix));
    }
    // A log without its database belongs to a file that was moved away; SQLite must not apply it to ours.
    for suffix in ["-wal", "-shm", "-journal"] {
        let _ = fs_err::remove_file(connect::beside(path, suffix));
    }
    write_schema(&fresh).map_err(|error| Error::from_sqlite(&fresh, &error))?;
    fs_err::rename(&fresh, path).map_err(|error| Error::from_io(path, &error))?;
    connect::sync_folder(path);
    Ok(())
}

fn write_schema(path: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "page_size", connect::PAGE_BYTES)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(&format!(
        "BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; {CREATE_SHARED} COMMIT;"
    ))?;
    connection.close().map_err(|(_, error)| error)
}

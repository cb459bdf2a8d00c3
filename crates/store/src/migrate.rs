//! Databases of older releases become current ones, or stay what they were.
//!
//! A copy is made first; then everything happens in one transaction, so a process that ends half-way leaves the old
//! database, and the next opening starts again. The copy is what a person has left when the disk itself fails meanwhile.

use crate::connect;
use crate::error::{Error, Result};
use crate::sql::{self, SCHEMA_VERSION, Sql};
use crate::types::OpenOptions;
use crate::write::text_hash;
use rusqlite::{Connection, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Brings the database to the current schema.
///
/// # Errors
/// [`Error::Newer`], [`Error::Foreign`], [`Error::Corrupt`], [`Error::Full`]: the database stays as it was, and so does the copy.
pub(crate) fn to_current(connection: &mut Connection, path: &Path, options: &OpenOptions) -> Result<()> {
    let found = connect::version(connection, path)?;
    if found == SCHEMA_VERSION {
        return Ok(());
    }
    remove_copies(path, found, ".part", None);
    let copy = back_up(connection, path, found)?;
    if !options.keep_backup {
        // What earlier attempts left that were killed; the new copy holds the same.
        remove_copies(path, found, ".backup", Some(&copy));
    }
    tracing::info!(from = found, to = SCHEMA_VERSION, copy = %copy.display(), "migrating the database");
    run(connection, path, found)?;
    if !options.keep_backup
        && let Err(error) = fs_err::remove_file(&copy)
    {
        tracing::warn!(%error, "the migration succeeded, but its copy could not be removed");
    }
    Ok(())
}

/// Copies the database as it is, its log included, to `canopy.db.v1-<milliseconds>.backup`.
fn back_up(connection: &Connection, path: &Path, version: u32) -> Result<PathBuf> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let copy = connect::beside(path, &format!(".v{version}-{now}.backup"));
    let part = connect::beside(&copy, ".part");
    let target = part.to_str().ok_or_else(|| Error::Io {
        path: part.clone(),
        detail: "the folder's name is not Unicode: rename it to migrate".to_owned(),
    })?;
    let written = connection
        .execute("VACUUM INTO ?1", [target])
        .map_err(|error| Error::from_sqlite(path, &error))
        .and_then(|_| sync_and_name(&part, &copy).map_err(|error| Error::from_io(&part, &error)));
    if let Err(error) = written {
        let _ = fs_err::remove_file(&part);
        return Err(error);
    }
    connect::sync_folder(&copy);
    Ok(copy)
}

/// Removes copies of `version` whose name contains `ending` (SQLite has files of its own beside a `.part`), but not `kept`.
fn remove_copies(path: &Path, version: u32, ending: &str, kept: Option<&Path>) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return };
    let start = format!("{}.v{version}-", name.to_string_lossy());
    for entry in fs_err::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&start) && name.contains(ending) && Some(entry.path().as_path()) != kept {
            let _ = fs_err::remove_file(entry.path());
        }
    }
}

fn sync_and_name(part: &Path, copy: &Path) -> std::io::Result<()> {
    fs_err::OpenOptions::new().write(true).open(part)?.sync_all()?;
    fs_err::rename(part, copy)
}

/// Every step from `version` on, in one transaction.
fn run(connection: &mut Connection, path: &Path, version: u32) -> Result<()> {
    let fail = |error: &rusqlite::Error| Error::from_sqlite(path, error);
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| fail(&error))?;
    if version < 2 {
        from_1(&transaction, path)?;
    } else {
        from_2(&transaction).map_err(|error| fail(&error))?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(|error| fail(&error))?;
    transaction.commit().map_err(|error| fail(&error))
}

/// Version 2 wrote counters beside every collection's description.
fn from_2(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "ALTER TABLE collections RENAME COLUMN sequence TO sequence_floor;
         ALTER TABLE collections DROP COLUMN count;
         ALTER TABLE collections DROP COLUMN slot_end;",
    )
}

/// A collection of version 1: its number and the dimension of its vectors.
struct Old {
    key: u32,
    dim: u32,
}

/// Version 1 kept the vector inside the record (`records7`), and neither sequences, hashes nor import positions.
fn from_1(connection: &Connection, path: &Path) -> Result<()> {
    let fail = |error: &rusqlite::Error| Error::from_sqlite(path, error);
    let rename = "ALTER TABLE collections RENAME TO old_collections";
    connection
        .execute_batch(rename)
        .and_then(|()| connection.execute_batch(sql::CREATE_SHARED))
        .map_err(|error| fail(&error))?;
    let read = || -> rusqlite::Result<Vec<Old>> {
        let mut list = connection.prepare("SELECT key, coalesce(dim, 0) FROM old_collections ORDER BY key")?;
        list.query_map([], |row| Ok(Old { key: row.get(0)?, dim: row.get(1)? }))?.collect()
    };
    for old in read().map_err(|error| fail(&error))? {
        move_records(connection, path, &old)?;
        let finish = || -> rusqlite::Result<()> {
            connection.execute(
                "INSERT INTO collections(key, name, settings, dim, metric, model_name, model_digest)
                 SELECT key, name, settings, dim, metric, model_name, model_digest FROM old_collections WHERE key = ?1",
                [old.key],
            )?;
            connection.execute_batch(&format!("DROP TABLE records{}", old.key))
        };
        finish().map_err(|error| fail(&error))?;
    }
    connection.execute_batch("DROP TABLE old_collections").map_err(|error| fail(&error))
}

/// Moves the records of one collection into new, dense slots: nothing outside knew the old ones.
fn move_records(connection: &Connection, path: &Path, old: &Old) -> Result<()> {
    let fail = |error: &rusqlite::Error| Error::from_sqlite(path, error);
    let run = || -> rusqlite::Result<Result<()>> {
        let key = old.key;
        connection.execute_batch(&sql::create_tables(key))?;
        let columns = "id, text, metadata, vector, created_ms, updated_ms";
        let mut select = connection.prepare(&format!("SELECT {columns} FROM records{key} ORDER BY slot"))?;
        let mut insert = connection.prepare(&format!(
            "INSERT INTO r{key}(slot, id, sequence, text_hash, created_ms, updated_ms, metadata, text)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        ))?;
        let mut insert_vector = connection.prepare(&Sql::new(key).vector_put)?;
        let mut rows = select.query([])?;
        let mut slot = 0_u32;
        while let Some(row) = rows.next()? {
            let text = row.get_ref(1)?.as_str()?;
            let (id, metadata) = (row.get_ref(0)?.as_str()?, row.get_ref(2)?.as_str()?);
            let (created_ms, updated_ms): (i64, i64) = (row.get(4)?, row.get(5)?);
            let hash = text_hash(text).to_le_bytes();
            insert.execute(params![slot, id, slot + 1, hash, created_ms, updated_ms, metadata, text])?;
            if let Some(vector) = row.get_ref(3)?.as_blob_or_null()? {
                if vector.len() != old.dim as usize * size_of::<f32>() {
                    let detail =
                        format!("the vector of record {id:?} has {} bytes, not {} values", vector.len(), old.dim);
                    return Ok(Err(Error::corrupt(path, detail)));
                }
                insert_vector.execute(params![slot, vector])?;
            }
            slot += 1;
        }
        Ok(Ok(()))
    };
    run().map_err(|error| fail(&error))?
}

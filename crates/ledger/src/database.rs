//! A small SQLite file that several processes may share.

use crate::error::{Error, Result};
use canopy_wal::{Checkpointer, Limits};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A transaction of another process is over in milliseconds; one that holds a file for longer hangs.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Statements kept ready.
const CACHED_STATEMENTS: usize = 64;
/// The log is folded from 8 MB on, beside the writer, and bounded by 64 MB: pages of 4 KiB.
const LOG: Limits = Limits { fold: 2048, full: 16_384 };
/// The log file is cut back to this after a checkpoint: 16 MB.
const LOG_LIMIT_BYTES: i32 = 16 << 20;

/// What an acknowledged operation survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The end of the process, however sudden.
    #[default]
    Process,
    /// A power cut.
    Power,
}

/// What a file of one kind looks like.
#[derive(Debug)]
pub(crate) struct Kind {
    /// SQLite's `application_id`.
    pub(crate) application: i64,
    pub(crate) version: i64,
    pub(crate) schema: &'static str,
}

/// An open file.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    // Dropped first, so that the writing connection is the last and empties the log.
    checkpointer: Checkpointer,
    connection: Connection,
}

impl Database {
    /// Opens the file, or makes it with its folder.
    pub(crate) fn open(path: &Path, kind: &Kind, durability: Durability) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Error::from_io(folder, &error))?;
        }
        let open = || -> rusqlite::Result<_> {
            let mut connection = connect(path, durability)?;
            let own = path.to_owned();
            let again = move || connect(&own, durability).map_err(|error| error.to_string());
            Ok((Checkpointer::watch(&mut connection, LOG, again)?, connection))
        };
        let (checkpointer, connection) = open().map_err(|error| Error::from_sqlite(path, &error))?;
        let mut database = Self { path: path.to_owned(), checkpointer, connection };
        database.prepare(kind)?;
        Ok(database)
    }

    /// A connection for those who only read: they wait for no writer.
    pub(crate) fn reader(&self) -> Result<Reader> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = bare(&self.path)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        };
        let connection = open().map_err(|error| Error::from_sqlite(&self.path, &error))?;
        Ok(Reader { path: self.path.clone(), connection })
    }

    fn prepare(&mut self, kind: &Kind) -> Result<()> {
        let path = self.path.clone();
        // Two processes may come at once: who is second finds the tables there.
        let (application, found) = self.write(|transaction| {
            let pragma = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            let (application, found) = (pragma("application_id")?, pragma("user_version")?);
            let empty =
                transaction.query_row("select count(*) from sqlite_schema", [], |row| row.get::<_, i64>(0))? == 0;
            if !empty {
                return Ok((application, found));
            }
            transaction.execute_batch(kind.schema)?;
            transaction.pragma_update(None, "application_id", kind.application)?;
            transaction.pragma_update(None, "user_version", kind.version)?;
            Ok((kind.application, kind.version))
        })?;
        if application != kind.application {
            return Err(Error::Corrupt {
                path,
                detail: format!("its application id is {application:#x}, another program's"),
            });
        }
        if found > kind.version {
            return Err(Error::Newer { path, found, supported: kind.version });
        }
        Ok(())
    }

    /// The path, for errors.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Does work in a transaction that excludes every other writer from its first statement on; an error rolls it back.
    pub(crate) fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let Self { path, connection, checkpointer } = self;
        let done = connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        let done = done.map_err(|error| Error::from_sqlite(path, &error));
        match &done {
            Ok(_) => checkpointer.committed(connection),
            // What the log takes is room for the next try.
            Err(Error::Full { .. }) => drop(checkpointer.empty(connection)),
            Err(_) => {}
        }
        done
    }
}

/// A connection that reads beside a writer.
#[derive(Debug)]
pub(crate) struct Reader {
    path: PathBuf,
    connection: Connection,
}

impl Reader {
    /// Reads.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&self.connection).map_err(|error| Error::from_sqlite(&self.path, &error))
    }
}

fn bare(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    Ok(connection)
}

/// A connection that writes.
fn connect(path: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let connection = bare(path)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    match durability {
        Durability::Process => connection.pragma_update(None, "synchronous", "NORMAL")?,
        Durability::Power => {
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "fullfsync", true)?;
        }
    }
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT_BYTES)?;
    // The checkpointer folds the log; a commit that did would wait for the disk.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

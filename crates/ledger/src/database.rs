//! A small SQLite file that several processes may share.

use crate::error::{Error, Result};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A transaction of another process is over in milliseconds; one that holds a file for longer hangs.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Statements kept ready.
const CACHED_STATEMENTS: usize = 64;
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
    connection: Connection,
}

impl Database {
    /// Opens the file, or makes it with its folder.
    pub(crate) fn open(path: &Path, kind: &Kind, durability: Durability) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Error::from_io(folder, &error))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
            Ok(connection)
        };
        let connection = open().map_err(|error| Error::from_sqlite(path, &error))?;
        let mut database = Self { path: path.to_owned(), connection };
        database.prepare(kind, durability)?;
        Ok(database)
    }

    fn prepare(&mut self, kind: &Kind, durability: Durability) -> Result<()> {
        let path = self.path.clone();
        self.configure(durability).map_err(|error| Error::from_sqlite(&path, &error))?;
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

    fn configure(&self, durability: Durability) -> rusqlite::Result<()> {
        let connection = &self.connection;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
        match durability {
            Durability::Process => connection.pragma_update(None, "synchronous", "NORMAL")?,
            Durability::Power => {
                connection.pragma_update(None, "synchronous", "FULL")?;
                connection.pragma_update(None, "fullfsync", true)?;
            }
        }
        connection.pragma_update(None, "journal_size_limit", LOG_LIMIT_BYTES)
    }

    /// The path, for errors.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Does work in a transaction that excludes every other writer from its first statement on; an error rolls it back.
    pub(crate) fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let Self { path, connection } = self;
        let done = connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        done.map_err(|error| Error::from_sqlite(path, &error))
    }

    /// Reads.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&self.connection).map_err(|error| Error::from_sqlite(&self.path, &error))
    }
}

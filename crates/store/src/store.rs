//! Opening, closing and looking after the folder.

use crate::connect::{self, ReadMode};
use crate::error::{Error, Result};
use crate::lock::WriterLock;
use crate::pool::Pool;
use crate::sql::Sql;
use crate::types::{Access, OpenOptions};
use crate::write::Writer;
use crate::{create, migrate};
use parking_lot::{Mutex, RwLock};
use rusqlite::Connection;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) const DATABASE_FILE: &str = "canopy.db";

/// A folder of collections.
///
/// Share it between threads: one connection writes, readers have their own and never wait for it.
#[derive(Debug)]
pub struct Store {
    pub(crate) dir: PathBuf,
    pub(crate) path: PathBuf,
    // Fields drop in this order: the last connection folds the log into the database before the lock is let go.
    pub(crate) readers: Pool,
    watch: Mutex<Option<Connection>>,
    pub(crate) writer: Option<Mutex<Writer>>,
    sql: RwLock<HashMap<u32, Arc<Sql>>>,
    _lock: Option<WriterLock>,
}

impl Store {
    /// Opens the folder `dir`, creating it (and an empty database) when it is to be written.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process writes there, [`Error::Missing`] when there is nothing to read,
    /// [`Error::Foreign`], [`Error::Newer`], [`Error::Corrupt`], [`Error::Permission`], [`Error::Full`], [`Error::Io`].
    pub fn open(dir: &Path, options: &OpenOptions) -> Result<Self> {
        match options.access {
            Access::ReadWrite => Self::open_writer(dir, options),
            Access::ReadOnly => Self::open_reader(dir),
        }
    }

    fn open_writer(dir: &Path, options: &OpenOptions) -> Result<Self> {
        fs_err::create_dir_all(dir).map_err(|error| Error::from_io(dir, &error))?;
        let lock = WriterLock::take(dir)?;
        let path = dir.join(DATABASE_FILE);
        create::if_missing(&path)?;
        let mut connection = connect::writer(&path, options.durability)?;
        migrate::to_current(&mut connection, &path, options)?;
        let mut store = Self::assemble(dir, path, ReadMode::Shared);
        store.writer = Some(Mutex::new(Writer::new(connection, &store.path, options.durability)?));
        store._lock = Some(lock);
        Ok(store)
    }

    fn open_reader(dir: &Path) -> Result<Self> {
        let path = dir.join(DATABASE_FILE);
        if !create::exists(&path)? {
            return Err(Error::Missing { path: dir.to_owned() });
        }
        let mode = connect::read_mode(&path)?;
        let connection = connect::reader(&path, mode)?;
        let found = connect::version(&connection, &path)?;
        if found < crate::sql::SCHEMA_VERSION {
            return Err(Error::ReadOnly { action: "migrate a database of an older release" });
        }
        let store = Self::assemble(dir, path, mode);
        // Kept open: its share of the lock keeps the log from being removed under those who can't make one.
        *store.watch.lock() = (mode == ReadMode::Shared).then_some(connection);
        Ok(store)
    }

    fn assemble(dir: &Path, path: PathBuf, mode: ReadMode) -> Self {
        let readers = Pool::new(path.clone(), mode);
        Self {
            dir: dir.to_owned(),
            path,
            readers,
            watch: Mutex::new(None),
            writer: None,
            sql: RwLock::default(),
            _lock: None,
        }
    }

    /// How the folder was opened.
    pub fn access(&self) -> Access {
        if self.writer.is_some() { Access::ReadWrite } else { Access::ReadOnly }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A number that changes when another process commits. A writer's own number stays: nobody else may write.
    ///
    /// # Errors
    /// [`Error::Corrupt`] or [`Error::Io`].
    pub fn data_version(&self) -> Result<u64> {
        // Odd and even: a file that turns from one way of reading to the other has changed, too.
        if let Some(version) = self.readers.immutable_version()? {
            return Ok(version << 1 | 1);
        }
        if self.writer.is_some() {
            return Ok(0);
        }
        let mut watch = self.watch.lock();
        let connection = match watch.take() {
            Some(connection) => connection,
            None => connect::reader(&self.path, ReadMode::Shared)?,
        };
        let version = connection.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0));
        *watch = Some(connection);
        Ok(version.map_err(|error| self.failed(&error))?.unsigned_abs() << 1)
    }

    /// Gives the space of deleted records back to the disk. Other writes wait meanwhile; readers don't.
    ///
    /// Empty slots at the end of each collection are forgotten, so the history before this call is too:
    /// [`Store::changed_since`] then answers `rebuild` to a reader that is older.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Full`] (needs free space of twice the database at most), [`Error::Io`].
    pub fn compact(&self) -> Result<()> {
        let mut writer = self.writer_for("be compacted")?;
        writer.trim(&self.path)?;
        writer.vacuum().map_err(|error| self.failed(&error))
    }

    /// Bytes of the database and its log on disk.
    pub fn disk_bytes(&self) -> u64 {
        let size = |path: &Path| fs_err::metadata(path).map_or(0, |metadata| metadata.len());
        size(&self.path) + size(&connect::beside(&self.path, "-wal"))
    }

    /// Gives cached pages and idle connections back to the system; the next call reads them again.
    pub fn release_memory(&self) {
        self.readers.clear();
        if let Some(writer) = &self.writer {
            writer.lock().shrink();
        }
    }

    /// Folds the log into the database and lets the folder go.
    ///
    /// Dropping does the same without saying whether it worked; nothing acknowledged depends on it.
    ///
    /// # Errors
    /// [`Error::Io`]: the log stays and the next opening reads it. The same goes for a full disk, which is no error here:
    /// who just heard that a record is stored must not read next that it isn't.
    pub fn close(self) -> Result<()> {
        self.readers.clear();
        let Some(writer) = &self.writer else { return Ok(()) };
        let folded = writer.lock().fold_log().map_err(|error| self.failed(&error));
        folded.or_else(|error| if matches!(error, Error::Full { .. }) { Ok(()) } else { Err(error) })
    }

    pub(crate) fn writer_for(&self, action: &'static str) -> Result<parking_lot::MutexGuard<'_, Writer>> {
        self.writer.as_ref().map(Mutex::lock).ok_or(Error::ReadOnly { action })
    }

    /// The statements of collection `key`.
    pub(crate) fn sql(&self, key: u32) -> Arc<Sql> {
        if let Some(sql) = self.sql.read().get(&key) {
            return sql.clone();
        }
        self.sql.write().entry(key).or_insert_with(|| Arc::new(Sql::new(key))).clone()
    }

    pub(crate) fn failed(&self, error: &rusqlite::Error) -> Error {
        Error::from_sqlite(&self.path, error)
    }
}

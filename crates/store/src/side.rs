//! Tables of rooms above this one, in the same file under the same lock.

use crate::error::{Error, Result};
use crate::store::Store;
use rusqlite::Connection;

impl Store {
    /// Runs `work` in one transaction of the writing connection: all of it is committed, or nothing when it fails. It keeps to tables of
    /// its own, whose names start with its room's letter; `action` says what a folder opened read-only refuses.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Full`], [`Error::Io`]; what `work` answers.
    pub fn write_beside<T, E: From<Error>>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = self.writer_for(action)?;
        writer.transaction(&self.path, |connection, _| work(connection))
    }

    /// Runs `work` on one snapshot of the database; it only reads.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Io`]; what `work` answers.
    pub fn read_beside<T, E: From<Error>>(&self, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        self.snapshot(work)
    }

    /// SQLite's answer in this store's words.
    pub fn trouble(&self, error: &rusqlite::Error) -> Error {
        self.failed(error)
    }
}

//! The one connection that writes: transactions, slots, sequences.

use crate::connect;
use crate::counters::{self, Counters};
use crate::error::{Error, Result};
use crate::sql::Sql;
use crate::store::Store;
use crate::types::{Applied, Change, Durability, Outcome, PutMode};
use crate::validate;
use canopy_wal::{Checkpointer, Limits};
use rusqlite::{Connection, OptionalExtension, params};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The log is folded from 32 MB on, and bounded by 128 MB.
const LOG: Limits = Limits { fold: (32 << 20) / connect::PAGE_BYTES, full: (128 << 20) / connect::PAGE_BYTES };

/// The writing connection and the counters of the collections it has touched.
#[derive(Debug)]
pub(crate) struct Writer {
    // Dropped first, so that the writing connection is the last and empties the log.
    checkpointer: Checkpointer,
    connection: Connection,
    counters: HashMap<u32, Counters>,
}

impl Writer {
    pub(crate) fn new(mut connection: Connection, path: &Path, durability: Durability) -> Result<Self> {
        let own = path.to_owned();
        let checkpointer = Checkpointer::watch(&mut connection, LOG, move || {
            connect::writer(&own, durability).map_err(|error| error.to_string())
        })
        .map_err(|error| Error::from_sqlite(path, &error))?;
        Ok(Self { checkpointer, connection, counters: HashMap::new() })
    }

    /// Runs `work` in one transaction: all of it is committed, or none and the counters are read anew.
    pub(crate) fn transaction<T, E: From<Error>>(
        &mut self,
        path: &Path,
        work: impl FnOnce(&Connection, &mut HashMap<u32, Counters>) -> Result<T, E>,
    ) -> Result<T, E> {
        let run = |connection: &Connection, statement: &str| -> Result<()> {
            let done = connection.prepare_cached(statement).and_then(|mut statement| statement.execute([]));
            done.map(drop).map_err(|error| Error::from_sqlite(path, &error))
        };
        run(&self.connection, "BEGIN IMMEDIATE")?;
        let result = work(&self.connection, &mut self.counters).and_then(|value| {
            run(&self.connection, "COMMIT")?;
            Ok(value)
        });
        if result.is_ok() {
            self.checkpointer.committed(&self.connection);
        } else {
            self.counters.clear();
            // SQLite rolls back by itself after a full disk; then there is nothing left to roll back.
            if !self.connection.is_autocommit()
                && let Err(error) = run(&self.connection, "ROLLBACK")
            {
                tracing::error!(%error, "a failed transaction could not be rolled back");
            }
        }
        result
    }

    /// The counters of collection `key`, whose statements `sql` are, read once.
    pub(crate) fn counters(&mut self, key: u32, sql: &Sql, path: &Path) -> Result<Counters> {
        if let Some(known) = self.counters.get(&key) {
            return Ok(*known);
        }
        let read = counters::read(&self.connection, sql).map_err(|error| Error::from_sqlite(path, &error))?;
        let counters = read.ok_or_else(|| Error::CollectionNotFound { name: format!("#{key}") })?;
        self.counters.insert(key, counters);
        Ok(counters)
    }

    /// Forgets empty slots at the end of every collection, and with them the history up to now.
    pub(crate) fn trim(&mut self, path: &Path) -> Result<()> {
        self.transaction(path, |connection, counters| {
            counters.clear();
            trim_slots(connection).map_err(|error| Error::from_sqlite(path, &error))
        })
    }

    /// Rewrites the database without holes and empties the log.
    pub(crate) fn vacuum(&mut self) -> rusqlite::Result<()> {
        {
            let _alone = self.checkpointer.pause();
            self.connection.execute_batch("VACUUM")?;
        }
        self.fold_log()
    }

    /// Moves the log into the database, as far as readers of other processes allow.
    pub(crate) fn fold_log(&self) -> rusqlite::Result<()> {
        self.checkpointer.empty(&self.connection)
    }

    pub(crate) fn shrink(&self) {
        if let Err(error) = self.connection.execute_batch("PRAGMA shrink_memory") {
            tracing::debug!(%error, "the page cache could not be shrunk");
        }
    }
}

fn trim_slots(connection: &Connection) -> rusqlite::Result<()> {
    let keys: Vec<u32> = connection
        .prepare("SELECT key FROM collections")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for key in keys {
        let Some(before) = counters::read(connection, &Sql::new(key))? else { continue };
        let forgotten = connection
            .execute(&format!("DELETE FROM f{key} WHERE slot > (SELECT coalesce(max(slot), -1) FROM r{key})"), [])?;
        if forgotten > 0 {
            counters::raise_floor(connection, key, before.sequence)?;
        }
    }
    Ok(())
}

impl Store {
    /// Applies `changes` to collection `key` in order, in one transaction: all are stored, or none.
    ///
    /// The answer has one [`Applied`] a change. When this returns `Ok`, the changes survive what
    /// [`crate::Durability`] promises.
    ///
    /// # Errors
    /// What the first bad change violates (`RECORD_*`, `VECTOR_*`), [`Error::CollectionNotFound`], [`Error::ReadOnly`],
    /// [`Error::Full`], [`Error::Io`].
    pub fn apply(&self, key: u32, changes: &[Change<'_>]) -> Result<Vec<Applied>> {
        self.apply_all(key, changes, None)
    }

    /// [`Store::apply`] that also stores, in the same transaction, how far the import of `source` has come.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub fn apply_with_checkpoint(
        &self,
        key: u32,
        changes: &[Change<'_>],
        source: &str,
        checkpoint: &str,
    ) -> Result<Vec<Applied>> {
        self.apply_all(key, changes, Some((source, checkpoint)))
    }

    fn apply_all(&self, key: u32, changes: &[Change<'_>], checkpoint: Option<(&str, &str)>) -> Result<Vec<Applied>> {
        let mut writer = self.writer_for("store records")?;
        let sql = self.sql(key);
        let before = writer.counters(key, &sql, &self.path)?;
        changes.iter().try_for_each(|change| validate::change(change, before.dim))?;
        writer.transaction(&self.path, |connection, counters| {
            let fail = |error: rusqlite::Error| self.failed(&error);
            let mut batch = Batch::new(connection, &sql, before, &self.path);
            let applied = changes.iter().map(|change| batch.apply(change)).collect::<Result<Vec<_>>>()?;
            let after = batch.counters;
            if let Some((source, position)) = checkpoint {
                connection
                    .prepare_cached("INSERT OR REPLACE INTO checkpoints(key, source, position) VALUES(?1, ?2, ?3)")
                    .and_then(|mut put| put.execute(params![key, source, position]))
                    .map_err(fail)?;
            }
            counters.insert(key, after);
            Ok(applied)
        })
    }
}

/// One transaction's changes of one collection.
struct Batch<'a> {
    connection: &'a Connection,
    sql: &'a Sql,
    path: &'a Path,
    counters: Counters,
    now_ms: i64,
}

impl<'a> Batch<'a> {
    fn new(connection: &'a Connection, sql: &'a Sql, counters: Counters, path: &'a Path) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        Self { connection, sql, path, counters, now_ms }
    }

    fn apply(&mut self, change: &Change<'_>) -> Result<Applied> {
        match *change {
            Change::Delete { id } => self.delete(id).map_err(|error| Error::from_sqlite(self.path, &error)),
            Change::Put { id, text, metadata, vector, mode } => {
                let row = Row { id, text, metadata, vector, hash: text_hash(text).to_le_bytes() };
                self.put(&row, mode)
            }
        }
    }

    fn put(&mut self, row: &Row<'_>, mode: PutMode) -> Result<Applied> {
        let fail = |error: rusqlite::Error| Error::from_sqlite(self.path, &error);
        if mode != PutMode::Update {
            // Most records are new: the insert itself finds out whether the id is taken.
            let (slot, reused) = self.next_slot()?;
            if self.insert(slot, row).map_err(fail)? {
                self.took(slot, reused).map_err(fail)?;
                return Ok(Applied { slot: Some(slot), outcome: Outcome::Inserted, text_changed: true });
            }
            if mode == PutMode::Insert {
                return Err(Error::RecordExists { id: row.id.to_owned() });
            }
        }
        let found = self.find(row.id).map_err(fail)?;
        let (slot, hash) = found.ok_or_else(|| Error::RecordNotFound { id: row.id.to_owned() })?;
        let text_changed = hash != row.hash;
        self.replace(slot, row, text_changed).map_err(fail)?;
        Ok(Applied { slot: Some(slot), outcome: Outcome::Replaced, text_changed })
    }

    /// The lowest empty slot, so that indexes over slots stay dense; `true` when a deleted record left it.
    fn next_slot(&self) -> Result<(u32, bool)> {
        if self.counters.count >= u64::from(self.counters.slot_end) {
            if self.counters.slot_end == u32::MAX {
                let detail = "a collection holds 4,294,967,295 records at most".to_owned();
                return Err(Error::Io { path: self.path.to_owned(), detail });
            }
            return Ok((self.counters.slot_end, false));
        }
        let first = self
            .connection
            .prepare_cached(&self.sql.free_first)
            .and_then(|mut first| first.query_row([], |row| row.get(0)));
        match first {
            Ok(slot) => Ok((slot, true)),
            Err(rusqlite::Error::QueryReturnedNoRows) => {
                Err(Error::corrupt(self.path, "the list of empty slots is incomplete"))
            }
            Err(error) => Err(Error::from_sqlite(self.path, &error)),
        }
    }

    fn insert(&mut self, slot: u32, row: &Row<'_>) -> rusqlite::Result<bool> {
        let sequence = self.counters.sequence + 1;
        let mut insert = self.connection.prepare_cached(&self.sql.insert)?;
        if insert.execute(params![slot, row.id, sequence, row.hash, self.now_ms, row.metadata, row.text])? == 0 {
            return Ok(false);
        }
        self.counters.sequence = sequence;
        self.counters.count += 1;
        row.vector.map_or(Ok(()), |vector| self.put_vector(slot, vector))?;
        Ok(true)
    }

    fn took(&mut self, slot: u32, reused: bool) -> rusqlite::Result<()> {
        if reused {
            return self.connection.prepare_cached(&self.sql.free_take)?.execute([slot]).map(drop);
        }
        self.counters.slot_end = slot + 1;
        Ok(())
    }

    fn find(&self, id: &str) -> rusqlite::Result<Option<(u32, [u8; 16])>> {
        let mut find = self.connection.prepare_cached(&self.sql.find)?;
        find.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    fn replace(&mut self, slot: u32, row: &Row<'_>, text_changed: bool) -> rusqlite::Result<()> {
        self.counters.sequence += 1;
        let mut replace = self.connection.prepare_cached(&self.sql.replace)?;
        replace.execute(params![slot, self.counters.sequence, row.hash, self.now_ms, row.metadata, row.text])?;
        match row.vector {
            Some(vector) => self.put_vector(slot, vector),
            // A vector of another text would answer for a text that is gone.
            None if text_changed => self.drop_vector(slot),
            None => Ok(()),
        }
    }

    fn delete(&mut self, id: &str) -> rusqlite::Result<Applied> {
        let Some((slot, _)) = self.find(id)? else {
            return Ok(Applied { slot: None, outcome: Outcome::NotFound, text_changed: false });
        };
        self.connection.prepare_cached(&self.sql.delete)?.execute([slot])?;
        self.drop_vector(slot)?;
        self.counters.sequence += 1;
        // A damaged database may count less than it holds.
        self.counters.count = self.counters.count.saturating_sub(1);
        self.connection.prepare_cached(&self.sql.free_put)?.execute(params![slot, self.counters.sequence])?;
        Ok(Applied { slot: Some(slot), outcome: Outcome::Deleted, text_changed: true })
    }

    fn put_vector(&self, slot: u32, vector: &[f32]) -> rusqlite::Result<()> {
        let bytes = vector_bytes(vector);
        self.connection.prepare_cached(&self.sql.vector_put)?.execute(params![slot, bytes.as_ref()]).map(drop)
    }

    fn drop_vector(&self, slot: u32) -> rusqlite::Result<()> {
        if self.counters.dim == 0 {
            return Ok(());
        }
        self.connection.prepare_cached(&self.sql.vector_delete)?.execute([slot]).map(drop)
    }
}

/// A record on its way in.
struct Row<'a> {
    id: &'a str,
    text: &'a str,
    metadata: &'a str,
    vector: Option<&'a [f32]>,
    hash: [u8; 16],
}

/// What decides whether a text is the same as before: xxh3-128 of its UTF-8.
pub fn text_hash(text: &str) -> u128 {
    xxhash_rust::xxh3::xxh3_128(text.as_bytes())
}

/// The vector as the file keeps it: little-endian, without a copy where the machine is too.
fn vector_bytes(vector: &[f32]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        return Cow::Borrowed(bytemuck::cast_slice(vector));
    }
    Cow::Owned(vector.iter().flat_map(|value| value.to_le_bytes()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{CollectionSpec, OpenOptions};
    use canopy_core::Coded;

    /// A full disk that every platform has: SQLite's own limit on pages.
    #[test]
    fn a_full_database_refuses_loses_nothing_and_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
        let key = store.create("c", &CollectionSpec::default()).unwrap().key;
        let limit = |pages: u32| {
            let writer = store.writer_for("test").unwrap();
            writer.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
        };
        limit(40);
        let text = "x".repeat(5_000);
        let write = |n: u32| {
            let id = n.to_string();
            let put = Change::Put { id: &id, text: &text, metadata: "{}", vector: None, mode: PutMode::Insert };
            store.apply(key, &[put])
        };
        let full = (0..).find(|&n| write(n).is_err()).unwrap();
        assert!(full > 5);
        assert_eq!(write(full).unwrap_err().code(), "STORE_FULL");
        store.check().unwrap();
        assert_eq!(store.collection("c").unwrap().count, u64::from(full));
        limit(4_000);
        assert_eq!(write(full).unwrap()[0].slot, Some(full));
        store.check().unwrap();
    }
}

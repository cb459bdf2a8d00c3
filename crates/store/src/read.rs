//! Reading records: by id, by slot, by page, by scan.

use crate::counters::{self, Counters};
use crate::error::{Error, Result};
use crate::sql;
use crate::store::Store;
use crate::types::{Changes, Record, RowRef, Scan};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use std::ops::ControlFlow;

impl Store {
    /// The record with this id, its vector included.
    ///
    /// # Errors
    /// [`Error::CollectionNotFound`], [`Error::Corrupt`], [`Error::Io`].
    pub fn get(&self, key: u32, id: &str) -> Result<Option<Record>> {
        let connection = self.readers.lease()?;
        let sql = self.sql(key);
        let mut get = connection.prepare_cached(&sql.get_id).map_err(|error| self.failed(&error))?;
        let mut rows = get.query([id]).map_err(|error| self.failed(&error))?;
        rows.next().map_err(|error| self.failed(&error))?.map(|row| self.record(row)).transpose()
    }

    /// The records in `slots`, in that order; `None` for an empty slot. One snapshot answers for all of them.
    ///
    /// # Errors
    /// [`Error::CollectionNotFound`], [`Error::Corrupt`], [`Error::Io`].
    pub fn get_slots(&self, key: u32, slots: &[u32], with_vector: bool) -> Result<Vec<Option<Record>>> {
        let sql = self.sql(key);
        self.snapshot(|connection| {
            let text = if with_vector { &sql.get_slot_vector } else { &sql.get_slot };
            let mut get = connection.prepare_cached(text).map_err(|error| self.failed(&error))?;
            let one = |&slot: &u32| {
                let mut rows = get.query([slot]).map_err(|error| self.failed(&error))?;
                rows.next().map_err(|error| self.failed(&error))?.map(|row| self.record(row)).transpose()
            };
            slots.iter().map(one).collect()
        })
    }

    /// The slot of the record with this id.
    ///
    /// # Errors
    /// [`Error::CollectionNotFound`], [`Error::Corrupt`], [`Error::Io`].
    pub fn slot_of(&self, key: u32, id: &str) -> Result<Option<u32>> {
        Ok(self.known(key, &[id])?.pop().flatten().map(|(slot, _)| slot))
    }

    /// Slot and text hash ([`crate::text_hash`]) of each id that is stored: what need not be embedded again.
    ///
    /// # Errors
    /// [`Error::CollectionNotFound`], [`Error::Corrupt`], [`Error::Io`].
    pub fn known(&self, key: u32, ids: &[&str]) -> Result<Vec<Option<(u32, u128)>>> {
        let sql = self.sql(key);
        self.snapshot(|connection| {
            let run = || -> rusqlite::Result<_> {
                let mut find = connection.prepare_cached(&sql.find)?;
                let mut one = |id: &&str| {
                    let found = find.query_row([id], |row| Ok((row.get(0)?, u128::from_le_bytes(row.get(1)?))));
                    found.optional()
                };
                ids.iter().map(&mut one).collect()
            };
            run().map_err(|error| self.failed(&error))
        })
    }

    /// Up to `limit` records in the order of their ids (by UTF-8 bytes), after the id `after`; with their vectors if `with_vector`.
    ///
    /// The last record's id is the next call's `after`: pages stay right while records come and go.
    ///
    /// # Errors
    /// [`Error::CollectionNotFound`], [`Error::Corrupt`], [`Error::Io`].
    pub fn page(&self, key: u32, after: Option<&str>, limit: usize, with_vector: bool) -> Result<Vec<Record>> {
        let connection = self.readers.lease()?;
        let sql = self.sql(key);
        let text = if with_vector { &sql.page_vectors } else { &sql.page };
        let mut page = connection.prepare_cached(text).map_err(|error| self.failed(&error))?;
        // No id is empty, so all ids come after the empty one.
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = page.query((after.unwrap_or(""), limit)).map_err(|error| self.failed(&error))?;
        let mut records = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.failed(&error))? {
            records.push(self.record(row)?);
        }
        Ok(records)
    }

    /// Visits every record from slot `from_slot` on, in slot order, until `visit` breaks. One snapshot, no allocation a row.
    ///
    /// # Errors
    /// [`Error::CollectionNotFound`], [`Error::Corrupt`], [`Error::Io`].
    pub fn scan(
        &self,
        key: u32,
        from_slot: u32,
        what: Scan,
        visit: &mut dyn FnMut(RowRef<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let connection = self.readers.lease()?;
        let mut scan = connection.prepare_cached(&sql::scan(key, what)).map_err(|error| self.failed(&error))?;
        let mut rows = scan.query([from_slot]).map_err(|error| self.failed(&error))?;
        let mut values = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.failed(&error))? {
            let text = |column| match row.get_ref(column) {
                Ok(ValueRef::Text(bytes)) => {
                    std::str::from_utf8(bytes).map_err(|_| self.damaged("a text is not UTF-8"))
                }
                Ok(ValueRef::Null) => Ok(""),
                Ok(_) => Err(self.damaged("a text is of another type")),
                Err(error) => Err(self.failed(&error)),
            };
            let vector = match row.get_ref(4).map_err(|error| self.failed(&error))? {
                ValueRef::Blob(bytes) => {
                    self.read_vector(bytes, &mut values)?;
                    Some(values.as_slice())
                }
                _ => None,
            };
            let slot = row.get(0).map_err(|error| self.failed(&error))?;
            if visit(RowRef { slot, id: text(1)?, text: text(2)?, metadata: text(3)?, vector }).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// What changed after `sequence`: lets an index, or a read-only view, catch up without reading everything.
    ///
    /// # Errors
    /// [`Error::CollectionNotFound`], [`Error::Corrupt`], [`Error::Io`].
    pub fn changed_since(&self, key: u32, sequence: u64) -> Result<Changes> {
        let sql = self.sql(key);
        self.snapshot(|connection| {
            let Counters { sequence: now, rebuild_before, .. } = counters::read(connection, &sql)
                .map_err(|error| self.failed(&error))?
                .ok_or_else(|| Error::CollectionNotFound { name: format!("#{key}") })?;
            // A sequence from the future comes from another copy of this database.
            if sequence < rebuild_before || sequence > now {
                return Ok(Changes { sequence: now, rebuild: true, ..Changes::default() });
            }
            let slots = |text: &str| -> rusqlite::Result<Vec<u32>> {
                connection.prepare_cached(text)?.query_map([sequence], |row| row.get(0))?.collect()
            };
            let upserted = slots(&sql.upserted).map_err(|error| self.failed(&error))?;
            let deleted = slots(&sql.deleted).map_err(|error| self.failed(&error))?;
            Ok(Changes { sequence: now, rebuild: false, upserted, deleted })
        })
    }

    /// Runs `read` on one snapshot: every statement in it sees the same commits.
    pub(crate) fn snapshot<T, E: From<Error>>(&self, read: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let connection = self.readers.lease()?;
        let run =
            |text: &str| connection.prepare_cached(text).and_then(|mut statement| statement.execute([])).map(drop);
        run("BEGIN").map_err(|error| self.failed(&error))?;
        let result = read(&connection);
        run("COMMIT").map_err(|error| self.failed(&error))?;
        result
    }

    fn record(&self, row: &Row<'_>) -> Result<Record> {
        let vector = match row.get_ref(6).map_err(|error| self.failed(&error))? {
            ValueRef::Blob(bytes) => {
                let mut values = Vec::new();
                self.read_vector(bytes, &mut values)?;
                Some(values)
            }
            _ => None,
        };
        let read = || -> rusqlite::Result<Record> {
            Ok(Record {
                slot: row.get(0)?,
                id: row.get(1)?,
                text: row.get(2)?,
                metadata: row.get(3)?,
                created_ms: row.get(4)?,
                updated_ms: row.get(5)?,
                vector,
            })
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Bytes of the file as values; SQLite hands out blobs at any address, so they are copied to an aligned place.
    fn read_vector(&self, bytes: &[u8], values: &mut Vec<f32>) -> Result<()> {
        let (words, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(self.damaged("a vector ends within a value"));
        }
        values.clear();
        values.extend(words.iter().map(|word| f32::from_le_bytes(*word)));
        Ok(())
    }

    fn damaged(&self, detail: &str) -> Error {
        Error::corrupt(&self.path, detail)
    }
}

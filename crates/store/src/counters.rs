//! How many records a collection has, its slots, and the number of its last change: read from the collection's own tables.

use crate::sql::Sql;
use rusqlite::{Connection, OptionalExtension};

/// What the writer must know of a collection to change it without asking SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) dim: u32,
    pub(crate) count: u64,
    pub(crate) sequence: u64,
    pub(crate) slot_end: u32,
    /// History before this sequence is gone.
    pub(crate) rebuild_before: u64,
}

/// Reads them; takes as long as it takes to read the list of empty slots, some 10 ns each. `None` for a collection that isn't there.
pub(crate) fn read(connection: &Connection, sql: &Sql) -> rusqlite::Result<Option<Counters>> {
    connection
        .prepare_cached(&sql.counters)?
        .query_row([], |row| {
            let dim: Option<u32> = row.get(0)?;
            let (empty, slot_end): (u64, u32) = (row.get(2)?, row.get(3)?);
            Ok(Counters {
                dim: dim.unwrap_or(0),
                // A damaged database may list more empty slots than there are.
                count: u64::from(slot_end).saturating_sub(empty),
                sequence: row.get(4)?,
                slot_end,
                rebuild_before: row.get(1)?,
            })
        })
        .optional()
}

/// Notes a change that no record shows: history up to and with `sequence` is gone.
pub(crate) fn raise_floor(connection: &Connection, key: u32, sequence: u64) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE collections SET sequence_floor = ?2, rebuild_before = ?2 WHERE key = ?1",
            rusqlite::params![key, sequence],
        )
        .map(drop)
}

//! The ingestion queue: what was accepted waits here, in a file, until its collection has it.
//!
//! One process drains a queue; others may look at it and replay dead letters. Records get their ids when they are accepted, and are
//! written by upsert, so delivering a batch twice (a crash between the write and its acknowledgement) stores nothing twice.

mod records;
mod types;
mod work;

pub use records::with_ids;
pub use types::{Batch, Dead, QueueAnswer, QueueOp, QueueOptions, QueueStats};

use crate::clock::Clock;
use crate::database::{Database, Kind, Reader};
use crate::error::{Error, Result};
use parking_lot::Mutex;
use rusqlite::{OptionalExtension, params};
use serde_json::value::RawValue;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use work::{Work, prepare};

const KIND: Kind = Kind {
    application: 0x4361_5175,
    version: 1,
    schema: "
        create table depth(id integer primary key check (id = 1), records integer not null);
        insert into depth values (1, 0);
        create table item(seq integer primary key autoincrement, target text not null, tenant text not null, records integer not null, body blob not null);
        create index item_target on item(target, seq);
        create table seen(tenant text not null, key text not null, digest blob not null, seq integer not null, records integer not null, until integer not null, primary key (tenant, key)) without rowid;
        create index seen_until on seen(until);
        create table dead(id integer primary key autoincrement, target text not null, tenant text not null, records integer not null, body blob not null, code text not null, message text not null, at integer not null);",
};

/// A queue in a file.
#[derive(Debug)]
pub struct Queue {
    // Dropped first: the writing connection is the last, and empties the log.
    reader: Mutex<Reader>,
    database: Mutex<Database>,
    options: QueueOptions,
    /// A clock that is set forward must not make keys forgotten: what is sent again would be stored twice.
    clock: Clock,
    /// Held while this process drains the queue.
    _lock: Option<File>,
}

impl Queue {
    /// Opens the queue, or makes it.
    ///
    /// # Errors
    /// `QUEUE_LOCKED` when another process drains it, LEDGER_* codes.
    pub fn open(path: &Path, options: QueueOptions) -> Result<Self> {
        let database = Database::open(path, &KIND, options.durability)?;
        let lock = if options.drain { Some(lock(path)?) } else { None };
        let reader = database.reader()?;
        Ok(Self {
            reader: Mutex::new(reader),
            database: Mutex::new(database),
            options,
            clock: Clock::new(),
            _lock: lock,
        })
    }

    /// Applies operations in their order, in one transaction.
    ///
    /// # Errors
    /// LEDGER_* codes; nothing was applied then.
    pub fn apply(&self, operations: &[QueueOp], bodies: &[&[u8]]) -> Result<Vec<QueueAnswer>> {
        // Read before the transaction, so that nobody waits for it.
        let prepared: Vec<_> = operations.iter().map(|operation| prepare(operation, bodies)).collect::<Result<_>>()?;
        let options = self.options;
        self.database.lock().write(|transaction| {
            let depth: i64 = transaction.query_row("select records from depth", [], |row| row.get(0))?;
            let mut work = Work { transaction, options, now: signed(self.clock.now()), depth: unsigned(depth) };
            transaction.prepare_cached("delete from seen where until <= ?1")?.execute([work.now])?;
            let answers = operations
                .iter()
                .zip(prepared)
                .map(|(operation, ready)| work.apply(operation, ready, bodies))
                .collect::<rusqlite::Result<Vec<_>>>()?;
            transaction.prepare_cached("update depth set records = ?1")?.execute([signed(work.depth)])?;
            Ok(answers)
        })
    }

    /// The oldest items of one collection, of those that aren't in `skip`; `None` when nothing waits.
    ///
    /// At least one item; more while they hold at most `most` records and 16 MiB together.
    ///
    /// # Errors
    /// LEDGER_* codes.
    pub fn next(&self, most: u64, skip: &[String]) -> Result<Option<Batch>> {
        const MOST_BYTES: usize = 16 << 20;
        let skipped = serde_json::to_string(skip).map_err(|error| Error::Operation { detail: error.to_string() })?;
        self.reader.lock().read(|connection| {
            let target: Option<String> = connection
                .prepare_cached("select target from item where target not in (select value from json_each(?1)) order by seq limit 1")?
                .query_row([skipped], |row| row.get(0))
                .optional()?;
            let Some(target) = target else { return Ok(None) };
            let mut batch = Batch { target, tenants: Vec::new(), seqs: Vec::new(), records: Vec::new(), body: vec![b'['] };
            let mut statement = connection.prepare_cached("select seq, tenant, records, body from item where target = ?1 order by seq")?;
            let mut rows = statement.query([&batch.target])?;
            let mut sum = 0;
            while let Some(row) = rows.next()? {
                let (records, body) = (unsigned(row.get(2)?), row.get_ref(3)?.as_blob()?);
                if !batch.seqs.is_empty() && (sum + records > most || batch.body.len() + body.len() > MOST_BYTES) {
                    break;
                }
                if !batch.seqs.is_empty() {
                    batch.body.push(b',');
                }
                batch.body.extend_from_slice(&body[1..body.len() - 1]);
                batch.seqs.push(row.get(0)?);
                batch.tenants.push(row.get(1)?);
                batch.records.push(records);
                sum += records;
            }
            batch.body.push(b']');
            Ok(Some(batch))
        })
    }

    /// Dead letters after number `after`, at most `limit`.
    ///
    /// # Errors
    /// LEDGER_* codes.
    pub fn dead(&self, after: i64, limit: u32) -> Result<Vec<Dead>> {
        self.reader.lock().read(|connection| {
            connection
                .prepare_cached(
                    "select id, target, tenant, code, message, at, body from dead where id > ?1 order by id limit ?2",
                )?
                .query_map(params![after, limit], |row| {
                    let body = String::from_utf8_lossy(row.get_ref(6)?.as_blob()?).into_owned();
                    let fail = |error: serde_json::Error| {
                        rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Blob, Box::new(error))
                    };
                    Ok(Dead {
                        id: row.get(0)?,
                        collection: row.get(1)?,
                        tenant: row.get(2)?,
                        code: row.get(3)?,
                        message: row.get(4)?,
                        at_ms: row.get(5)?,
                        records: RawValue::from_string(body).map_err(fail)?,
                    })
                })?
                .collect()
        })
    }

    /// What is in it.
    ///
    /// # Errors
    /// LEDGER_* codes.
    pub fn stats(&self) -> Result<QueueStats> {
        let capacity = self.options.capacity;
        self.reader.lock().read(|connection| {
            let one = |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).map(unsigned);
            Ok(QueueStats {
                depth: one("select records from depth")?,
                capacity,
                dead: one("select count(*) from dead")?,
            })
        })
    }
}

fn lock(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let beside = PathBuf::from(name);
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&beside)
        .map_err(|error| Error::from_io(&beside, &error))?;
    file.try_lock().map_err(|_| Error::Locked { path: path.to_owned() })?;
    Ok(file)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests;

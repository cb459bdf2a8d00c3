//! The ingestion queue: what was accepted waits here, in a file, until its collection has it.
//!
//! One process drains a queue; others may look at it and replay dead letters. Records get their ids when they are accepted, and are
//! written by upsert, so delivering a batch twice (a crash between the write and its acknowledgement) stores nothing twice.

use crate::database::{Database, Durability, Kind};
use crate::error::{Error, Result};
use parking_lot::Mutex;
use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

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

/// How a queue is opened.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct QueueOptions {
    /// What an accepted record survives.
    pub durability: Durability,
    /// Whether this process takes items out: one at a time may.
    pub drain: bool,
    /// Records that may wait; more are refused as `full`.
    pub capacity: u64,
    /// How long idempotency keys are remembered.
    pub remember_ms: u64,
}

/// An operation on the queue. `body` is an index into the bodies that come with the call.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum QueueOp {
    /// Accepts an array of records.
    Push {
        /// Their collection.
        target: String,
        /// Whose they are.
        tenant: String,
        /// Idempotency key, if there is one.
        key: Option<String>,
        /// Start of the ids of records that come without one; unique to this push.
        prefix: String,
        /// The JSON array.
        body: usize,
    },
    /// Removes items that are stored.
    Ack {
        /// Their numbers.
        seqs: Vec<i64>,
    },
    /// Keeps records that can't be stored, with the reason.
    Bury {
        /// Their collection.
        target: String,
        /// Whose they are.
        tenant: String,
        /// The JSON array.
        body: usize,
        /// How many there are in it.
        records: u64,
        /// The code of the error.
        code: String,
        /// Its words.
        message: String,
    },
    /// Puts dead letters back into the queue, behind what waits; all of them without `ids`.
    Replay {
        /// Their numbers.
        ids: Option<Vec<i64>>,
    },
    /// Throws dead letters away.
    Discard {
        /// Their numbers.
        ids: Vec<i64>,
    },
}

/// The answer to an operation.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum QueueAnswer {
    /// Done. For a push, its number; otherwise how many records it was about.
    Done {
        /// Number of the item.
        seq: i64,
        /// Records.
        records: u64,
    },
    /// A push whose key was used before for the same: nothing was queued again.
    Repeated {
        /// Number of the first item.
        seq: i64,
        /// Its records.
        records: u64,
    },
    /// A push whose key was used before for something else.
    Conflict,
    /// No room.
    Full {
        /// Records that wait.
        depth: u64,
    },
    /// The records of a push can't be read.
    Invalid {
        /// `INGEST_RECORD`.
        code: &'static str,
        /// What is wrong.
        message: String,
    },
}

/// Items for one collection, oldest first.
#[derive(Debug, Serialize)]
pub struct Batch {
    /// Their collection.
    pub target: String,
    /// Whose each is.
    pub tenants: Vec<String>,
    /// Their numbers.
    pub seqs: Vec<i64>,
    /// Records in each.
    pub records: Vec<u64>,
    /// One JSON array of all records.
    #[serde(skip)]
    pub body: Vec<u8>,
}

/// A dead letter.
#[derive(Debug, Serialize)]
pub struct Dead {
    /// Its number.
    pub id: i64,
    /// The collection that would not have it.
    pub collection: String,
    /// Whose it is.
    pub tenant: String,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub message: String,
    /// When it was given up, in milliseconds since 1970.
    #[serde(rename = "atMs")]
    pub at_ms: i64,
    /// The records.
    pub records: Box<RawValue>,
}

/// What is in a queue.
#[derive(Debug, Serialize)]
pub struct QueueStats {
    /// Records that wait.
    pub depth: u64,
    /// Records that may wait.
    pub capacity: u64,
    /// Dead letters.
    pub dead: u64,
}

/// A queue in a file.
#[derive(Debug)]
pub struct Queue {
    database: Mutex<Database>,
    options: QueueOptions,
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
        Ok(Self { database: Mutex::new(database), options, _lock: lock })
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
            let mut work = Work { transaction, options, now: now_ms(), depth: unsigned(depth) };
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
        self.database.lock().read(|connection| {
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
        self.database.lock().read(|connection| {
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
        self.database.lock().read(|connection| {
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

/// A push as it will be kept.
struct Ready {
    body: Vec<u8>,
    records: u64,
    digest: [u8; 32],
}

type Prepared = Option<std::result::Result<Ready, Error>>;

fn prepare(operation: &QueueOp, bodies: &[&[u8]]) -> Result<Prepared> {
    let QueueOp::Push { target, prefix, body, .. } = operation else { return Ok(None) };
    let body = body_at(bodies, *body)?;
    let digest = Sha256::new().chain_update(target).chain_update([0]).chain_update(body).finalize().into();
    Ok(Some(with_ids(body, prefix).map(|(body, records)| Ready { body, records, digest })))
}

fn body_at<'a>(bodies: &[&'a [u8]], at: usize) -> Result<&'a [u8]> {
    bodies.get(at).copied().ok_or_else(|| Error::Operation { detail: format!("there is no body {at}") })
}

/// The records, each with an id, as one JSON array without space around it.
///
/// # Errors
/// `INGEST_RECORD` when it is no array of objects, or an id no string.
pub(crate) fn with_ids(body: &[u8], prefix: &str) -> Result<(Vec<u8>, u64)> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default)]
        id: Option<&'a RawValue>,
    }
    let records: Vec<&RawValue> = serde_json::from_slice(body)
        .map_err(|error| Error::Record { at: 0, reason: format!("isn't there: {error}") })?;
    if records.is_empty() {
        return Err(Error::Record { at: 0, reason: "isn't there: the array is empty".to_owned() });
    }
    let mut kept = Vec::with_capacity(body.len() + records.len() * (prefix.len() + 16));
    for (at, record) in records.iter().enumerate() {
        let text = record.get();
        let refuse = |reason: String| Error::Record { at, reason };
        if !text.starts_with('{') {
            return Err(refuse("is no object".to_owned()));
        }
        let named: Named<'_> =
            serde_json::from_str(text).map_err(|error| refuse(format!("can't be read ({error})")))?;
        kept.push(if at == 0 { b'[' } else { b',' });
        match named.id.map(RawValue::get) {
            Some(id) if id.starts_with('"') => kept.extend_from_slice(text.as_bytes()),
            Some(id) => {
                return Err(refuse(format!(
                    "has an id that is no string: {}",
                    id.chars().take(40).collect::<String>()
                )));
            }
            None => {
                kept.extend_from_slice(format!("{{\"id\":\"{prefix}-{at}\"").as_bytes());
                let rest = text[1..].trim_start();
                if !rest.starts_with('}') {
                    kept.push(b',');
                }
                kept.extend_from_slice(rest.as_bytes());
            }
        }
    }
    kept.push(b']');
    Ok((kept, records.len() as u64))
}

/// One transaction's view.
struct Work<'a> {
    transaction: &'a Transaction<'a>,
    options: QueueOptions,
    now: i64,
    depth: u64,
}

impl Work<'_> {
    fn apply(&mut self, operation: &QueueOp, ready: Prepared, bodies: &[&[u8]]) -> rusqlite::Result<QueueAnswer> {
        match operation {
            QueueOp::Push { target, tenant, key, .. } => match ready {
                Some(Ok(ready)) => self.push(target, tenant, key.as_deref(), &ready),
                Some(Err(error)) => Ok(invalid(&error)),
                None => Ok(QueueAnswer::Conflict),
            },
            QueueOp::Ack { seqs } => {
                let mut statement =
                    self.transaction.prepare_cached("delete from item where seq = ?1 returning records")?;
                let mut gone = 0;
                for seq in seqs {
                    gone += statement.query_row([seq], |row| row.get(0)).optional()?.map_or(0, unsigned);
                }
                self.depth = self.depth.saturating_sub(gone);
                Ok(QueueAnswer::Done { seq: 0, records: gone })
            }
            QueueOp::Bury { target, tenant, body, records, code, message } => {
                let body = bodies.get(*body).copied().unwrap_or(b"[]");
                self.transaction
                    .prepare_cached("insert into dead(target, tenant, records, body, code, message, at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
                    .execute(params![target, tenant, signed(*records), body, code, message, self.now])?;
                Ok(QueueAnswer::Done { seq: self.transaction.last_insert_rowid(), records: *records })
            }
            QueueOp::Replay { ids } => self.replay(ids.as_deref()),
            QueueOp::Discard { ids } => {
                let mut statement =
                    self.transaction.prepare_cached("delete from dead where id = ?1 returning records")?;
                let mut gone = 0;
                for id in ids {
                    gone += statement.query_row([id], |row| row.get(0)).optional()?.map_or(0, unsigned);
                }
                Ok(QueueAnswer::Done { seq: 0, records: gone })
            }
        }
    }

    fn push(&mut self, target: &str, tenant: &str, key: Option<&str>, ready: &Ready) -> rusqlite::Result<QueueAnswer> {
        if let Some(key) = key {
            let known: Option<(Vec<u8>, i64, i64)> = self
                .transaction
                .prepare_cached("select digest, seq, records from seen where tenant = ?1 and key = ?2")?
                .query_row([tenant, key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            if let Some((digest, seq, records)) = known {
                let same = digest == ready.digest;
                return Ok(if same {
                    QueueAnswer::Repeated { seq, records: unsigned(records) }
                } else {
                    QueueAnswer::Conflict
                });
            }
        }
        if self.depth + ready.records > self.options.capacity {
            return Ok(QueueAnswer::Full { depth: self.depth });
        }
        self.transaction
            .prepare_cached("insert into item(target, tenant, records, body) values (?1, ?2, ?3, ?4)")?
            .execute(params![target, tenant, signed(ready.records), ready.body])?;
        let seq = self.transaction.last_insert_rowid();
        self.depth += ready.records;
        if let Some(key) = key {
            let until = self.now.saturating_add(signed(self.options.remember_ms));
            self.transaction
                .prepare_cached(
                    "insert into seen(tenant, key, digest, seq, records, until) values (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![tenant, key, ready.digest, seq, signed(ready.records), until])?;
        }
        Ok(QueueAnswer::Done { seq, records: ready.records })
    }

    /// Replayed letters were accepted once: they come in beyond the capacity too.
    fn replay(&mut self, ids: Option<&[i64]>) -> rusqlite::Result<QueueAnswer> {
        let all: Vec<i64> = match ids {
            Some(ids) => ids.to_vec(),
            None => self
                .transaction
                .prepare_cached("select id from dead order by id")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?,
        };
        let mut copy = self.transaction.prepare_cached("insert into item(target, tenant, records, body) select target, tenant, records, body from dead where id = ?1")?;
        let mut clear = self.transaction.prepare_cached("delete from dead where id = ?1 returning records")?;
        let mut back = 0;
        for id in all {
            copy.execute([id])?;
            back += clear.query_row([id], |row| row.get(0)).optional()?.map_or(0, unsigned);
        }
        self.depth += back;
        Ok(QueueAnswer::Done { seq: 0, records: back })
    }
}

fn invalid(error: &Error) -> QueueAnswer {
    QueueAnswer::Invalid { code: canopy_core::Coded::code(error), message: error.to_string() }
}

fn now_ms() -> i64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(wall.as_millis()).unwrap_or(i64::MAX)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;

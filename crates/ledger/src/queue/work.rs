//! Operations on the queue, inside one transaction.

use super::records::with_ids;
use super::types::{QueueAnswer, QueueOp, QueueOptions};
use super::{signed, unsigned};
use crate::error::{Error, Result};
use rusqlite::{OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

/// A push as it will be kept.
pub(super) struct Ready {
    body: Vec<u8>,
    records: u64,
    digest: [u8; 32],
}

pub(super) type Prepared = Option<std::result::Result<Ready, Error>>;

pub(super) fn prepare(operation: &QueueOp, bodies: &[&[u8]]) -> Result<Prepared> {
    let QueueOp::Push { target, prefix, body, .. } = operation else { return Ok(None) };
    let body = body_at(bodies, *body)?;
    let digest = Sha256::new().chain_update(target).chain_update([0]).chain_update(body).finalize().into();
    Ok(Some(with_ids(body, prefix).map(|(body, records)| Ready { body, records, digest })))
}

fn body_at<'a>(bodies: &[&'a [u8]], at: usize) -> Result<&'a [u8]> {
    bodies.get(at).copied().ok_or_else(|| Error::Operation { detail: format!("there is no body {at}") })
}

/// One transaction's view.
pub(super) struct Work<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) options: QueueOptions,
    pub(super) now: i64,
    pub(super) depth: u64,
}

impl Work<'_> {
    pub(super) fn apply(
        &mut self,
        operation: &QueueOp,
        ready: Prepared,
        bodies: &[&[u8]],
    ) -> rusqlite::Result<QueueAnswer> {
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

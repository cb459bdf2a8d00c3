//! The privacy ledger, the ingestion queue and audit files as JavaScript sees them.

use crate::handle::Handle;
use crate::outcome::{Outcome, Trouble, run, run_json};
use canopy_collection::from_json;
use canopy_ledger::{Audit, Budget, BudgetOp, Durability, Queue, QueueOp, QueueOptions, verify, with_ids};
use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use serde_json::{Map, Value};
use std::path::Path;

/// What an acknowledged operation survives.
#[napi(string_enum = "lowercase")]
#[derive(Debug)]
pub enum BindingDurability {
    /// The end of the process.
    Process,
    /// A power cut.
    Power,
}

impl From<BindingDurability> for Durability {
    fn from(durability: BindingDurability) -> Self {
        match durability {
            BindingDurability::Process => Self::Process,
            BindingDurability::Power => Self::Power,
        }
    }
}

/// A privacy ledger.
#[napi]
pub struct BindingBudget {
    budget: Handle<Budget>,
}

#[napi]
impl BindingBudget {
    /// Opens the file, or makes it.
    #[napi]
    pub async fn open(path: String, durability: BindingDurability) -> Outcome<BindingBudget> {
        run(move || {
            Budget::open(Path::new(&path), durability.into()).map(|budget| Self { budget: Handle::new(budget) })
        })
        .await
    }

    /// Applies a JSON array of operations in one transaction; answers an array of `{ done, spent }`.
    #[napi]
    pub async fn apply(&self, operations: String) -> Outcome<Buffer> {
        let budget = self.budget.get();
        run_json(move || -> Result<_, Trouble> {
            let operations: Vec<BudgetOp> = from_json("the operations", &operations)?;
            Ok(budget?.apply(&operations)?)
        })
        .await
    }

    /// Lets go of the files once running calls have ended; calls after it fail with `CLOSED`.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.budget.close();
    }
}

/// An audit file.
#[napi]
pub struct BindingAudit {
    audit: Handle<Audit>,
}

#[napi]
impl BindingAudit {
    /// Opens the file, or makes it.
    #[napi]
    pub async fn open(path: String, durability: BindingDurability) -> Outcome<BindingAudit> {
        run(move || Audit::open(Path::new(&path), durability.into()).map(|audit| Self { audit: Handle::new(audit) }))
            .await
    }

    /// Appends a JSON array of objects as lines of the chain.
    #[napi]
    pub async fn append(&self, lines: String) -> Outcome<()> {
        let audit = self.audit.get();
        run(move || -> Result<_, Trouble> {
            let lines: Vec<Map<String, Value>> = from_json("the lines", &lines)?;
            Ok(audit?.append(lines)?)
        })
        .await
    }

    /// Lets go of the files once running calls have ended; calls after it fail with `CLOSED`.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.audit.close();
    }
}

/// Checks every line of an audit file: `{ lines, head }`.
#[napi]
pub async fn verify_audit(path: String) -> Outcome<Buffer> {
    run_json(move || verify(Path::new(&path))).await
}

/// Records that a queue may take in.
#[napi(object)]
pub struct BindingNamed {
    /// The JSON array, each record with an id.
    pub body: Buffer,
    /// How many there are.
    pub records: u32,
}

/// Checks that a body is a JSON array of records and gives those an id that have none: `{prefix}-{position}`.
#[napi]
pub async fn named_records(body: Buffer, prefix: String) -> Outcome<BindingNamed> {
    run(move || {
        with_ids(&body, &prefix).map(|(body, records)| BindingNamed {
            body: body.into(),
            records: u32::try_from(records).unwrap_or(u32::MAX),
        })
    })
    .await
}

/// An ingestion queue.
#[napi]
pub struct BindingQueue {
    queue: Handle<Queue>,
}

/// Items of one collection.
#[napi(object)]
pub struct BindingBatch {
    /// `{ target, tenants, seqs, records }`
    pub head: Buffer,
    /// One JSON array of all records.
    pub body: Buffer,
}

#[napi]
impl BindingQueue {
    /// Opens the file, or makes it. `options`: `{ durability, drain, capacity, rememberMs }`.
    #[napi]
    pub async fn open(path: String, options: String) -> Outcome<BindingQueue> {
        run(move || -> Result<_, Trouble> {
            let options: QueueOptions = from_json("the queue options", &options)?;
            Ok(Self { queue: Handle::new(Queue::open(Path::new(&path), options)?) })
        })
        .await
    }

    /// Applies a JSON array of operations in one transaction; answers an array of `{ status, … }`.
    #[napi]
    pub async fn apply(&self, operations: String, bodies: Vec<Buffer>) -> Outcome<Buffer> {
        let queue = self.queue.get();
        run_json(move || -> Result<_, Trouble> {
            let operations: Vec<QueueOp> = from_json("the operations", &operations)?;
            Ok(queue?.apply(&operations, &bodies.iter().map(|body| &body[..]).collect::<Vec<_>>())?)
        })
        .await
    }

    /// The oldest items of one collection that isn't in the JSON array `skip`, or nothing.
    #[napi]
    pub async fn next(&self, most: u32, skip: String) -> Outcome<Either<BindingBatch, ()>> {
        let queue = self.queue.get();
        run(move || -> Result<_, Trouble> {
            let skip: Vec<String> = from_json("the collections to skip", &skip)?;
            let Some(mut batch) = queue?.next(u64::from(most), &skip)? else { return Ok(Either::B(())) };
            let body = std::mem::take(&mut batch.body);
            Ok(Either::A(BindingBatch { head: canopy_collection::to_json(&batch)?.into(), body: body.into() }))
        })
        .await
    }

    /// Dead letters after a number, as a JSON array.
    #[napi]
    pub async fn dead(&self, after: f64, limit: u32) -> Outcome<Buffer> {
        let queue = self.queue.get();
        #[expect(clippy::cast_possible_truncation, reason = "numbers of letters are whole and far inside 2^53")]
        run_json(move || -> Result<_, Trouble> { Ok(queue?.dead(after as i64, limit)?) }).await
    }

    /// `{ depth, capacity, dead }`.
    #[napi]
    pub async fn stats(&self) -> Outcome<Buffer> {
        let queue = self.queue.get();
        run_json(move || -> Result<_, Trouble> { Ok(queue?.stats()?) }).await
    }

    /// Lets go of the file once running calls have ended; calls after it fail with `CLOSED`.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.queue.close();
    }
}

//! What goes into a queue and comes out of it.

use crate::database::Durability;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

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

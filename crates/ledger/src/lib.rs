//! What must survive beside the collections: the privacy ledger, the ingestion queue and the audit chain.
//!
//! Both ledgers are SQLite files of their own with one contract: a call applies a list of operations in one transaction and answers each.
//! Callers gather what arrives while a call runs and send it together, so a thousand operations cost one commit.

mod audit;
mod budget;
mod clock;
mod database;
mod error;
mod queue;

pub use audit::{Audit, GENESIS, Verified, verify};
pub use budget::{Budget, BudgetAnswer, BudgetOp, INFINITE};
pub use database::Durability;
pub use error::{Error, Result};
pub use queue::{Batch, Dead, Queue, QueueAnswer, QueueOp, QueueOptions, QueueStats, with_ids};

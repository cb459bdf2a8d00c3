//! The privacy ledger: what every tenant has spent within a sliding window.
//!
//! A cost is a vector of whole numbers, one a way of counting (pure ε, zCDP, Rényi orders), and additive in each. A reservation is granted
//! when at least one way that has a limit stays within it. Costs are rounded up and limits down before they come here, and sums are of
//! whole numbers, so nothing is lost to rounding.
//!
//! Spending is gathered in slots of a 288th of the window (5 minutes of a day), and a slot is forgotten a window after its end: never too early.

use crate::clock::Clock;
use crate::database::{Database, Durability, Kind};
use crate::error::{Error, Result};
use parking_lot::Mutex;
use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

/// A cost without bound, such as that of Gaussian noise in pure ε. Doubles (Redis' scripts count in them) are whole up to here.
pub const INFINITE: u64 = (1 << 53) - 1;
/// Slots of a window.
const SLOTS: u64 = 288;

const KIND: Kind = Kind {
    application: 0x4361_4275,
    version: 1,
    schema: "
        create table clock(id integer primary key check (id = 1), now integer not null);
        insert into clock values (1, 0);
        create table spent(tenant text not null, until integer not null, cost text not null, primary key (tenant, until)) without rowid;
        create table reserved(id text primary key, tenant text not null, until integer not null, cost text not null) without rowid;
        create index reserved_until on reserved(until);",
};

/// An operation on the ledger.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum BudgetOp {
    /// Takes `cost` if some way of counting stays within its limit; a limit of 0 means that the way isn't used.
    Reserve {
        /// Names the reservation when it is settled.
        id: String,
        /// Whose budget.
        tenant: String,
        /// What it costs.
        cost: Vec<u64>,
        /// What may be spent within the window.
        limit: Vec<u64>,
        /// Length of the window.
        window_ms: u64,
    },
    /// Ends a reservation: its cost stays.
    Commit {
        /// The reservation.
        id: String,
    },
    /// Ends a reservation: its cost is given back. A reservation that was ended before, or is unknown, gives back nothing.
    Refund {
        /// The reservation.
        id: String,
    },
    /// Tells what is spent.
    Spent {
        /// Whose budget.
        tenant: String,
    },
}

/// The answer to an operation.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct BudgetAnswer {
    /// Whether the reservation was granted, or ended by this call.
    pub done: bool,
    /// What is spent within the window now, by way of counting; empty for the end of a reservation.
    pub spent: Vec<u64>,
}

/// A ledger in a file that processes may share.
#[derive(Debug)]
pub struct Budget {
    database: Mutex<Database>,
    clock: Clock,
}

impl Budget {
    /// Opens the ledger, or makes it.
    ///
    /// # Errors
    /// LEDGER_* codes.
    pub fn open(path: &Path, durability: Durability) -> Result<Self> {
        Ok(Self { database: Mutex::new(Database::open(path, &KIND, durability)?), clock: Clock::new() })
    }

    /// Applies operations in their order, in one transaction.
    ///
    /// # Errors
    /// LEDGER_* codes; nothing was applied then.
    pub fn apply(&self, operations: &[BudgetOp]) -> Result<Vec<BudgetAnswer>> {
        self.apply_at(operations, self.clock.now())
    }

    fn apply_at(&self, operations: &[BudgetOp], wall: u64) -> Result<Vec<BudgetAnswer>> {
        let mut database = self.database.lock();
        let path = database.path().to_owned();
        let mut damaged = None;
        let answers = database.write(|transaction| {
            // Never before what any process has seen: a clock that is set back doesn't revive a slot.
            let now = transaction
                .query_row("update clock set now = max(now, ?1) returning now", [signed(wall)], |row| row.get(0))
                .map(unsigned)?;
            let mut work = Work { transaction, now, totals: HashMap::new() };
            operations.iter().map(|operation| work.apply(operation)).collect::<rusqlite::Result<Vec<_>>>().inspect_err(
                |error| {
                    if let rusqlite::Error::FromSqlConversionFailure(..) = error {
                        damaged = Some(error.to_string());
                    }
                },
            )
        });
        damaged.map_or(answers, |detail| Err(Error::Corrupt { path, detail }))
    }
}

/// One transaction's view.
struct Work<'a> {
    transaction: &'a Transaction<'a>,
    now: u64,
    /// What tenants have spent, read once a transaction.
    totals: HashMap<String, Vec<u64>>,
}

impl Work<'_> {
    fn apply(&mut self, operation: &BudgetOp) -> rusqlite::Result<BudgetAnswer> {
        match operation {
            BudgetOp::Reserve { id, tenant, cost, limit, window_ms } => {
                let spent = self.spent(tenant)?;
                let sum = add(&spent, cost);
                let done = sum.iter().zip(limit).any(|(sum, limit)| *limit > 0 && sum <= limit);
                if !done {
                    return Ok(BudgetAnswer { done, spent });
                }
                let slot = (window_ms / SLOTS).max(1);
                let until = (self.now / slot + 1) * slot + window_ms;
                self.change(tenant, until, |kept| add(kept, cost))?;
                self.transaction
                    .prepare_cached("insert into reserved(id, tenant, until, cost) values (?1, ?2, ?3, ?4)")?
                    .execute(params![id, tenant, signed(until), to_text(cost)])?;
                self.totals.insert(tenant.clone(), sum.clone());
                Ok(BudgetAnswer { done, spent: sum })
            }
            BudgetOp::Commit { id } => Ok(BudgetAnswer { done: self.end(id)?.is_some(), spent: Vec::new() }),
            BudgetOp::Refund { id } => {
                let Some((tenant, until, cost)) = self.end(id)? else {
                    return Ok(BudgetAnswer { done: false, spent: Vec::new() });
                };
                self.change(&tenant, until, |kept| subtract(kept, &cost))?;
                self.totals.remove(&tenant);
                Ok(BudgetAnswer { done: true, spent: Vec::new() })
            }
            BudgetOp::Spent { tenant } => Ok(BudgetAnswer { done: true, spent: self.spent(tenant)? }),
        }
    }

    fn spent(&mut self, tenant: &str) -> rusqlite::Result<Vec<u64>> {
        if let Some(known) = self.totals.get(tenant) {
            return Ok(known.clone());
        }
        // Whose slots are over is forgotten here, reservations that nobody ended with them: their cost has left the window too.
        self.transaction
            .prepare_cached("delete from spent where tenant = ?1 and until <= ?2")?
            .execute(params![tenant, signed(self.now)])?;
        self.transaction.prepare_cached("delete from reserved where until <= ?1")?.execute([signed(self.now)])?;
        let mut statement = self.transaction.prepare_cached("select cost from spent where tenant = ?1")?;
        let mut total = Vec::new();
        for cost in statement.query_map([tenant], |row| row.get::<_, String>(0))? {
            total = add(&total, &from_text(&cost?)?);
        }
        self.totals.insert(tenant.to_owned(), total.clone());
        Ok(total)
    }

    fn end(&self, id: &str) -> rusqlite::Result<Option<(String, u64, Vec<u64>)>> {
        let ended: Option<(String, i64, String)> = self
            .transaction
            .prepare_cached("delete from reserved where id = ?1 returning tenant, until, cost")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        ended.map(|(tenant, until, cost)| Ok((tenant, unsigned(until), from_text(&cost)?))).transpose()
    }

    fn change(&self, tenant: &str, until: u64, change: impl FnOnce(&[u64]) -> Vec<u64>) -> rusqlite::Result<()> {
        let kept: Option<String> = self
            .transaction
            .prepare_cached("select cost from spent where tenant = ?1 and until = ?2")?
            .query_row(params![tenant, signed(until)], |row| row.get(0))
            .optional()?;
        let kept = kept.as_deref().map_or(Ok(Vec::new()), from_text)?;
        self.transaction
            .prepare_cached("insert or replace into spent(tenant, until, cost) values (?1, ?2, ?3)")?
            .execute(params![tenant, signed(until), to_text(&change(&kept))])?;
        Ok(())
    }
}

/// Sums that stop at [`INFINITE`].
fn add(a: &[u64], b: &[u64]) -> Vec<u64> {
    let at = |values: &[u64], i: usize| values.get(i).copied().unwrap_or(0);
    (0..a.len().max(b.len())).map(|i| at(a, i).saturating_add(at(b, i)).min(INFINITE)).collect()
}

/// What is infinite stays so: it can't be told what else was added to it.
fn subtract(a: &[u64], b: &[u64]) -> Vec<u64> {
    a.iter()
        .enumerate()
        .map(|(i, &kept)| if kept >= INFINITE { kept } else { kept.saturating_sub(b.get(i).copied().unwrap_or(0)) })
        .collect()
}

fn to_text(cost: &[u64]) -> String {
    cost.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

fn from_text(text: &str) -> rusqlite::Result<Vec<u64>> {
    let fail = |error: std::num::ParseIntError| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    };
    text.split(',').map(|part| part.parse().map_err(fail)).collect()
}

/// Milliseconds fit for a quarter of a billion years.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    fn reserve(id: u64, cost: &[u64], limit: &[u64]) -> BudgetOp {
        BudgetOp::Reserve {
            id: id.to_string(),
            tenant: "t".into(),
            cost: cost.to_vec(),
            limit: limit.to_vec(),
            window_ms: DAY,
        }
    }

    fn open() -> (tempfile::TempDir, Budget) {
        let folder = tempfile::tempdir().unwrap();
        let budget = Budget::open(&folder.path().join("budget.db"), Durability::Process).unwrap();
        (folder, budget)
    }

    #[test]
    fn exactly_the_limit_is_granted() {
        let (_folder, budget) = open();
        let all: Vec<_> = (0..20).map(|id| reserve(id, &[3], &[30])).collect();
        let answers = budget.apply(&all).unwrap();
        assert_eq!(answers.iter().filter(|answer| answer.done).count(), 10);
        assert_eq!(answers.last().unwrap().spent, [30]);
    }

    #[test]
    fn a_refund_gives_back_once_and_a_commit_never() {
        let (_folder, budget) = open();
        let end = |op: BudgetOp| budget.apply(&[op]).unwrap()[0].done;
        assert!(end(reserve(1, &[3], &[3])));
        assert!(!end(reserve(2, &[1], &[3])));
        assert!(end(BudgetOp::Refund { id: "1".into() }));
        assert!(!end(BudgetOp::Refund { id: "1".into() }));
        assert!(end(reserve(3, &[3], &[3])));
        assert!(end(BudgetOp::Commit { id: "3".into() }));
        assert!(!end(BudgetOp::Refund { id: "3".into() }));
        assert!(!end(reserve(4, &[1], &[3])));
    }

    #[test]
    fn the_window_slides_and_never_forgets_early() {
        let (_folder, budget) = open();
        let at = |id, now| budget.apply_at(&[reserve(id, &[2], &[3])], now).unwrap()[0].done;
        let start = 1_700_000_000_000;
        assert!(at(1, start));
        assert!(!at(2, start + DAY - 1));
        assert!(at(3, start + DAY + DAY / SLOTS));
        // Set back by a year: what was spent stays.
        assert!(!at(4, start - 365 * DAY));
    }

    #[test]
    fn one_way_of_counting_within_its_limit_is_enough_and_infinite_stays() {
        let (_folder, budget) = open();
        let one = |op: BudgetOp| budget.apply(&[op]).unwrap()[0].done;
        assert!(one(reserve(1, &[INFINITE, 5], &[0, 10])));
        assert!(one(BudgetOp::Refund { id: "1".into() }));
        assert!(!one(reserve(2, &[1, 1], &[100, 0])), "the first way has seen something without bound");
        assert!(one(reserve(3, &[INFINITE, 10], &[0, 10])));
        assert!(!one(reserve(4, &[0, 1], &[0, 10])));
    }

    #[test]
    fn two_handles_on_one_file_share_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("budget.db");
        let granted: usize = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4_u64)
                .map(|worker| {
                    let path = path.clone();
                    scope.spawn(move || {
                        let budget = Budget::open(&path, Durability::Process).unwrap();
                        (0..50)
                            .filter(|i| budget.apply(&[reserve(worker * 1000 + i, &[1], &[77])]).unwrap()[0].done)
                            .count()
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!(granted, 77);
    }

    #[test]
    fn a_foreign_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("budget.db");
        std::fs::write(&path, b"not a database, but long enough to be looked at as one by SQLite, which reads a hundred bytes first .......").unwrap();
        assert!(matches!(Budget::open(&path, Durability::Process), Err(Error::Corrupt { .. })));
    }
}

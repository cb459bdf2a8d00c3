//! The embedded record store: one SQLite file, crash-safe, versioned, with streaming importers.
//!
//! A folder holds `canopy.db` and, while somebody writes, the log `canopy.db-wal`. One process writes (the lock on
//! `canopy.lock` sees to it), any number read beside it. See `DESIGN.md` for what lies where and why.
//!
//! ```
//! use canopy_store::{Change, CollectionSpec, OpenOptions, PutMode, Store};
//!
//! let dir = tempfile::tempdir()?;
//! let store = Store::open(dir.path(), &OpenOptions::default())?;
//! let notes = store.create("notes", &CollectionSpec::default())?;
//! let put = Change::Put { id: "a", text: "the first note", metadata: "{}", vector: None, mode: PutMode::Insert };
//! store.apply(notes.key, &[put])?;
//! assert_eq!(store.get(notes.key, "a")?.map(|record| record.text).as_deref(), Some("the first note"));
//! store.close()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod collections;
mod connect;
mod counters;
mod create;
mod error;
pub mod import;
mod lock;
mod migrate;
mod pool;
mod read;
mod side;
mod sql;
mod store;
mod types;
mod validate;
mod write;

pub use error::{Error, Result};
pub use lock::WriterLock;
pub use store::Store;
pub use types::{
    Access, Applied, Change, Changes, CollectionInfo, CollectionSpec, Durability, ModelTag, OpenOptions, Outcome,
    PutMode, Record, RowRef, Scan, VectorSpec,
};
pub use validate::{MAX_DIM, MAX_ID_BYTES, MAX_METADATA_BYTES, MAX_TEXT_BYTES};
pub use write::text_hash;

/// The version of the tables that this release writes, as `PRAGMA user_version` tells it.
pub fn schema_version() -> u32 {
    sql::SCHEMA_VERSION
}

/// The version of the SQLite inside.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

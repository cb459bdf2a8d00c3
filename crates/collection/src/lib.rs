//! A collection: records, keywords, vectors and a model behind one search.
//!
//! ```
//! use canopy_collection::{CreateOptions, Database, DatabaseOptions, PutMode};
//! use canopy_core::Cancel;
//!
//! let folder = tempfile::tempdir()?;
//! let database = Database::open(folder.path(), &DatabaseOptions::default())?;
//! database.create("notes", &CreateOptions::default())?;
//! let notes = database.collection("notes")?;
//! let records = br#"[{ "id": "a", "text": "the cover tree prunes by distance" }]"#;
//! notes.put(records, None, PutMode::Insert, &Cancel::new())?;
//! let answer = notes.search(r#"{ "text": "pruning trees" }"#, None, &Cancel::new())?;
//! assert_eq!(answer.hits[0].id, "a");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod collection;
mod database;
mod embedding;
mod error;
mod filter;
mod import;
mod indexer;
mod models;
mod object;
mod read;
mod rebuild;
mod resident;
mod search;
mod searchable;
mod stats;
mod vectors;
mod write;

pub use canopy_store::PutMode;
pub use collection::Collection;
pub use database::{CreateOptions, Database, DatabaseOptions};
pub use error::Error;
pub use import::{ImportOptions, ImportReport};
pub use models::{ModelInfo, Models, ModelsOptions};
pub use read::{ListOptions, Page, RecordView};
pub use rebuild::{RebuildOptions, RebuildReport};
pub use search::{Mode, SearchAnswer, SearchHit, SearchRequest};
pub use stats::{CollectionView, Stats, from_json, to_json};
pub use vectors::{IndexOptions, IndexView};
pub use write::PutReport;

/// The instruction set that the distance loops run on: `avx512`, `avx2`, `neon` or `scalar`.
pub fn isa() -> &'static str {
    canopy_ann::isa()
}

/// Bytes of physical memory that this process occupies, where the system tells.
pub fn resident_bytes() -> Option<u64> {
    canopy_slot::resident_bytes()
}

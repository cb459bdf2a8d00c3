//! What the targets share.

use canopy_collection::{Collection, CreateOptions, Database, DatabaseOptions};
use canopy_store::import::Draft;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A line or record this long is refused: small, so that the fuzzer reaches the limit.
pub const LIMIT: usize = 512;

/// What must hold for any record that an importer hands on.
pub fn check_draft(draft: &Draft) {
    assert!(serde_json::from_str::<Map<String, Value>>(&draft.metadata).is_ok(), "metadata {:?}", draft.metadata);
}

/// A collection in a folder of its own, which is removed at the end.
pub struct Fixture {
    /// The collection.
    pub collection: Arc<Collection>,
    _database: Database,
    _folder: tempfile::TempDir,
}

/// A collection of three-dimensional vectors under `metric`.
pub fn fixture(metric: &str) -> Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = Database::open(folder.path(), &DatabaseOptions::default()).expect("an empty folder opens");
    let options = CreateOptions { dim: Some(3), metric: Some(metric.to_owned()), ..CreateOptions::default() };
    database.create("c", &options).expect("a new collection");
    let collection = database.collection("c").expect("it is there");
    Fixture { collection, _database: database, _folder: folder }
}

/// Splits the input at its first zero byte.
pub fn halves(text: &str) -> (&str, &str) {
    text.split_once('\0').unwrap_or((text, text))
}

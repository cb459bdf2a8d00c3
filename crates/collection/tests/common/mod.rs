//! What the tests of this crate share.
#![expect(dead_code, reason = "each test file uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a fixture that fails is a failed test")]

use canopy_collection::{Collection, CreateOptions, Database, DatabaseOptions, PutMode, SearchAnswer};
use canopy_core::{Cancel, Coded};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) struct Fixture {
    pub folder: tempfile::TempDir,
    pub database: Database,
}

pub(crate) fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path(), &DatabaseOptions::default()).unwrap();
    Fixture { folder, database }
}

impl Fixture {
    pub(crate) fn collection(&self, name: &str, spec: &Value) -> Arc<Collection> {
        let options: CreateOptions = serde_json::from_value(spec.clone()).unwrap();
        self.database.create(name, &options).unwrap();
        self.database.collection(name).unwrap()
    }

    pub(crate) fn reopen(self) -> Self {
        let Self { folder, database } = self;
        database.close().unwrap();
        drop(database);
        let database = Database::open(folder.path(), &DatabaseOptions::default()).unwrap();
        Self { folder, database }
    }
}

pub(crate) fn put(collection: &Collection, records: &Value) {
    collection.put(records.to_string().as_bytes(), None, PutMode::Upsert, &Cancel::new()).unwrap();
}

pub(crate) fn put_code(collection: &Collection, records: &str, vectors: Option<&[f32]>) -> &'static str {
    collection.put(records.as_bytes(), vectors, PutMode::Insert, &Cancel::new()).unwrap_err().code()
}

pub(crate) fn search(collection: &Collection, request: &Value, vector: Option<&[f32]>) -> SearchAnswer {
    collection.search(&request.to_string(), vector, &Cancel::new()).unwrap()
}

pub(crate) fn search_code(collection: &Collection, request: &Value, vector: Option<&[f32]>) -> &'static str {
    collection.search(&request.to_string(), vector, &Cancel::new()).unwrap_err().code()
}

pub(crate) fn ids(answer: &SearchAnswer) -> Vec<&str> {
    answer.hits.iter().map(|hit| hit.id.as_str()).collect()
}

pub(crate) fn found(collection: &Collection, text: &str) -> Vec<String> {
    let answer = search(collection, &json!({ "text": text }), None);
    answer.hits.into_iter().map(|hit| hit.id).collect()
}

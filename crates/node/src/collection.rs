//! A collection as JavaScript sees it.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::outcome::{Outcome, run, run_json};
use canopy_collection::{Collection, Error, ImportOptions, ListOptions, PutMode, from_json};
use napi::bindgen_prelude::{Buffer, Float32Array};
use napi_derive::napi;
use std::path::Path;
use std::sync::Arc;

/// What a put does when the id is taken or free.
#[napi(string_enum = "lowercase")]
#[derive(Debug)]
pub enum BindingPutMode {
    /// A taken id is an error.
    Insert,
    /// A taken id is replaced.
    Upsert,
    /// A free id is an error.
    Update,
}

impl From<BindingPutMode> for PutMode {
    fn from(mode: BindingPutMode) -> Self {
        match mode {
            BindingPutMode::Insert => Self::Insert,
            BindingPutMode::Upsert => Self::Upsert,
            BindingPutMode::Update => Self::Update,
        }
    }
}

/// The numbers as they are when the call begins its work. JavaScript may write into its array again before the call ends, and
/// what was checked must be what is stored.
fn own(vectors: Option<&Float32Array>) -> Option<Vec<f32>> {
    vectors.map(|vectors| vectors.to_vec())
}

/// An open collection.
#[napi]
pub struct BindingCollection {
    collection: Arc<Collection>,
}

impl BindingCollection {
    pub(crate) fn new(collection: Arc<Collection>) -> Self {
        Self { collection }
    }
}

#[napi]
impl BindingCollection {
    /// `{ name, count, vectors, index, settings }`.
    #[napi]
    pub async fn info(&self) -> Outcome<Buffer> {
        let collection = self.collection.clone();
        run_json(move || collection.view()).await
    }

    /// A text that every committed change makes another one.
    #[napi]
    pub async fn version(&self) -> Outcome<String> {
        let collection = self.collection.clone();
        run(move || collection.version()).await
    }

    /// Stores a JSON array of `{ id?, text?, metadata?, vector? }` in one transaction; `vectors` holds a row for each.
    #[napi]
    pub async fn put(
        &self,
        records: Buffer,
        vectors: Option<Float32Array>,
        mode: BindingPutMode,
        cancel: Option<&BindingCancel>,
    ) -> Outcome<Buffer> {
        let (collection, cancel) = (self.collection.clone(), flag(cancel));
        run_json(move || collection.put(&records, own(vectors.as_ref()).as_deref(), mode.into(), &cancel)).await
    }

    /// Takes out the records of a JSON array of ids.
    #[napi]
    pub async fn remove(&self, ids: String) -> Outcome<Buffer> {
        let collection = self.collection.clone();
        run_json(move || {
            let ids: Vec<String> = from_json("the array of ids", &ids)?;
            collection.remove(&ids.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .await
    }

    /// The record of this id as JSON, or `null`.
    #[napi]
    pub async fn get(&self, id: String, vector: bool) -> Outcome<Buffer> {
        let collection = self.collection.clone();
        run_json(move || collection.get(&id, vector)).await
    }

    /// A page of records. `options`: `{ after?, limit?, filter?, vectors? }`; answers `{ records, next }`.
    #[napi]
    pub async fn list(&self, options: String, cancel: Option<&BindingCancel>) -> Outcome<Buffer> {
        let (collection, cancel) = (self.collection.clone(), flag(cancel));
        run_json(move || {
            let options: ListOptions = from_json("the list options", &options)?;
            collection.list(&options, &cancel)
        })
        .await
    }

    /// Searches; `vector` is the query of the vector leg where the caller has one.
    #[napi]
    pub async fn search(
        &self,
        request: String,
        vector: Option<Float32Array>,
        cancel: Option<&BindingCancel>,
    ) -> Outcome<Buffer> {
        let (collection, cancel) = (self.collection.clone(), flag(cancel));
        run_json(move || collection.search(&request, own(vector.as_ref()).as_deref(), &cancel)).await
    }

    /// Vector searches for every row of `vectors` at once; answers an array of answers.
    #[napi]
    pub async fn search_batch(
        &self,
        request: String,
        vectors: Float32Array,
        cancel: Option<&BindingCancel>,
    ) -> Outcome<Buffer> {
        let (collection, cancel) = (self.collection.clone(), flag(cancel));
        run_json(move || collection.search_batch(&request, &own(Some(&vectors)).unwrap_or_default(), &cancel)).await
    }

    /// The records most like record `id`.
    #[napi]
    pub async fn similar(&self, id: String, request: String, cancel: Option<&BindingCancel>) -> Outcome<Buffer> {
        let (collection, cancel) = (self.collection.clone(), flag(cancel));
        run_json(move || collection.similar(&id, &request, &cancel)).await
    }

    /// Imports a file or folder. `options`: `{ format?, textField?, idField?, resume?, onError?, maxLineBytes? }`.
    #[napi]
    pub async fn import(
        &self,
        path: String,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<Buffer> {
        let (collection, cancel, progress) = (self.collection.clone(), flag(cancel), progress(on_progress));
        run_json(move || -> Result<_, Error> {
            let options: ImportOptions = from_json("the import options", &options)?;
            collection.import(Path::new(&path), &options, &cancel, &progress)
        })
        .await
    }
}

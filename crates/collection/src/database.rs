//! A folder of collections.

use crate::collection::{Collection, Shared};
use crate::embedding::REMOTE_DIGEST;
use crate::error::Error;
use crate::models::{Models, ModelsOptions};
use crate::stats::CollectionView;
use crate::vectors::{IndexOptions, Status, index_path, remove_leftovers};
use canopy_core::{Cancel, MetricKind};
use canopy_store::{Access, CollectionSpec, ModelTag, OpenOptions, Store, VectorSpec};
use parking_lot::Mutex;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How a database is opened.
#[derive(Debug, Clone, Default)]
pub struct DatabaseOptions {
    /// Access and durability of the store.
    pub store: OpenOptions,
    /// Models and the embedding cache.
    pub models: ModelsOptions,
    /// When collections search their vectors by a graph.
    pub index: IndexOptions,
}

/// What a new collection holds: a model's vectors, its callers' vectors, or keywords alone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct CreateOptions {
    /// A model of the database's folders; texts are embedded by it.
    pub model: Option<String>,
    /// A model that runs elsewhere; its vectors arrive with the records. Needs `dim`.
    pub remote_model: Option<String>,
    /// Values a vector, where no local model says it.
    pub dim: Option<u32>,
    /// `cosine` (default), `dot` or `l2`.
    pub metric: Option<String>,
    /// Anything the layers above want to keep with the collection.
    pub settings: Option<serde_json::Map<String, serde_json::Value>>,
}

/// A folder of collections with the models that embed for them.
#[derive(Debug)]
pub struct Database {
    pub(crate) shared: Arc<Shared>,
    pub(crate) open: Mutex<HashMap<String, Arc<Collection>>>,
}

impl Database {
    /// Opens the folder, making it if needed.
    ///
    /// # Errors
    /// `STORE_LOCKED` when another process writes to it, `STORE_CORRUPT`, `STORE_NEWER`, `STORE_FOREIGN`,
    /// `STORE_PERMISSION`, `STORE_FULL`, `INDEX_OPTION`.
    pub fn open(folder: &Path, options: &DatabaseOptions) -> Result<Self, Error> {
        options.index.check()?;
        let store = Store::open(folder, &options.store)?;
        if store.access() == Access::ReadWrite {
            remove_leftovers(folder, &store.collections()?.iter().map(|info| info.key).collect());
        }
        let models = Models::new(&options.models);
        Ok(Self { shared: Arc::new(Shared::new(store, models, options.index)), open: Mutex::new(HashMap::new()) })
    }

    /// The models that collections can be created with.
    pub fn models(&self) -> &Models {
        &self.shared.models
    }

    /// The store, for rooms that keep tables of their own beside the records. `close` waits while `work` runs; call nothing of this database in it.
    ///
    /// # Errors
    /// `CLOSED`; what `work` answers.
    pub fn with_store<T, E: From<Error>>(&self, work: impl FnOnce(&Store) -> Result<T, E>) -> Result<T, E> {
        work(&*self.shared.store()?)
    }

    /// Makes a collection.
    ///
    /// # Errors
    /// `COLLECTION_EXISTS`, `COLLECTION_NAME`, `COLLECTION_SPEC`, `MODEL_UNKNOWN`, `STORE_*`.
    pub fn create(&self, name: &str, options: &CreateOptions) -> Result<CollectionView, Error> {
        let vectors = self.vector_spec(options)?;
        let settings = options
            .settings
            .as_ref()
            .map_or_else(|| "{}".to_owned(), |map| serde_json::Value::Object(map.clone()).to_string());
        let info = self.shared.store()?.create(name, &CollectionSpec { vectors, settings })?;
        Ok(CollectionView::new(&info, None))
    }

    pub(crate) fn vector_spec(&self, options: &CreateOptions) -> Result<Option<VectorSpec>, Error> {
        let spec = |message: &str| Err(Error::Spec(message.to_owned()));
        let metric = match &options.metric {
            None => MetricKind::default(),
            Some(name) => match MetricKind::from_name(name) {
                Some(metric) => metric,
                None => return spec("metric must be cosine, dot or l2"),
            },
        };
        match (&options.model, &options.remote_model, options.dim) {
            (Some(_), Some(_), _) => spec("model and remoteModel exclude each other"),
            (Some(name), None, dim) => {
                let unknown = |error| match error {
                    Error::ModelMissing(message) => Error::ModelUnknown(message),
                    other => other,
                };
                let identity = self.shared.models.get(name, true).map_err(unknown)?.identity().clone();
                let own = u32::try_from(identity.dim).expect("a model's dimension fits in 32 bits");
                if dim.is_some_and(|dim| dim != own) {
                    return Err(Error::Spec(format!("model {name} makes vectors of {own} values; leave dim out")));
                }
                let model = Some(ModelTag { name: name.clone(), digest: identity.digest });
                Ok(Some(VectorSpec { dim: own, metric, model }))
            }
            (None, Some(_), None) => spec("remoteModel needs dim, the number of values of its vectors"),
            (None, Some(name), Some(dim)) => {
                let model = Some(ModelTag { name: name.clone(), digest: REMOTE_DIGEST.to_owned() });
                Ok(Some(VectorSpec { dim, metric, model }))
            }
            (None, None, Some(dim)) => Ok(Some(VectorSpec { dim, metric, model: None })),
            (None, None, None) if options.metric.is_some() => spec("metric needs a model or dim"),
            (None, None, None) => Ok(None),
        }
    }

    /// The collection of this name.
    ///
    /// # Errors
    /// `COLLECTION_NOT_FOUND`, `STORE_*`, `CLOSED`.
    pub fn collection(&self, name: &str) -> Result<Arc<Collection>, Error> {
        let store = self.shared.store()?;
        let info = store.collection(name)?;
        let mut open = self.open.lock();
        match open.get(name) {
            Some(collection) if collection.key == info.key => Ok(collection.clone()),
            _ => {
                let collection = Collection::new(self.shared.clone(), &info, store.access())?;
                open.insert(name.to_owned(), collection.clone());
                Ok(collection)
            }
        }
    }

    /// Drops a collection with everything in it.
    ///
    /// # Errors
    /// `COLLECTION_NOT_FOUND`, `STORE_*`, `CLOSED`.
    pub fn drop_collection(&self, name: &str) -> Result<(), Error> {
        let store = self.shared.store()?;
        let key = store.collection(name)?.key;
        store.drop_collection(name)?;
        if let Some(collection) = self.open.lock().remove(name) {
            collection.dropped();
        }
        // One that is just being written comes back; the next opening removes it.
        drop(std::fs::remove_file(index_path(store.dir(), key)));
        Ok(())
    }

    /// Embeds texts with a model; one row a text, zeros for a text that the model knows no word of.
    ///
    /// # Errors
    /// `MODEL_MISSING`, `MODEL_LOADING`, `CANCELLED`, `CLOSED`.
    pub fn embed(&self, model: &str, texts: &[&str], wait: bool, cancel: &Cancel) -> Result<Vec<f32>, Error> {
        // A model that is loaded after the end would stay in memory for ever.
        let _open = self.shared.store()?;
        let model = self.shared.models.get(model, wait)?;
        let vectors = self.shared.models.embed_each(&*model, texts, cancel)?;
        Ok(vectors.into_iter().flat_map(|vector| vector.unwrap_or_else(|| vec![0.0; model.dim()])).collect())
    }

    /// Gives back the memory of models and collections that nobody has used for `idle`; how many were released.
    pub fn release_idle(&self, idle: Duration) -> usize {
        let collections: Vec<_> = self.open.lock().values().cloned().collect();
        let released = collections.iter().filter(|collection| collection.release_if_idle(idle)).count();
        if released > 0
            && let Ok(store) = self.shared.store()
        {
            store.release_memory();
        }
        let released = released + self.shared.models.unload_idle();
        if released > 0 {
            canopy_slot::release_free_memory();
        }
        released
    }

    /// Gives deleted space back to the disk.
    ///
    /// # Errors
    /// `STORE_*`.
    pub fn compact(&self) -> Result<(), Error> {
        Ok(self.shared.store()?.compact()?)
    }

    /// Waits for running calls, writes everything out and closes the folder. Closing twice is fine.
    ///
    /// # Errors
    /// `STORE_*` when the last checkpoint fails; what was acknowledged is kept even then.
    pub fn close(&self) -> Result<(), Error> {
        let collections: Vec<_> = self.open.lock().values().cloned().collect();
        collections.iter().for_each(|collection| Status::save_last(collection));
        let store = self.shared.take();
        self.open.lock().drain().for_each(|(_, collection)| {
            collection.release();
        });
        self.shared.models.unload();
        store.map_or(Ok(()), |store| Ok(store.close()?))
    }
}

//! What there is and what it costs.

use crate::collection::Collection;
use crate::database::Database;
use crate::error::Error;
use crate::models::ModelInfo;
use crate::vectors::{IndexView, Status};
use canopy_store::{Access, CollectionInfo};
use serde::Serialize;
use serde_json::value::RawValue;

/// A collection as it is handed out.
#[derive(Debug, Clone, Serialize)]
pub struct CollectionView {
    /// Its name.
    pub name: String,
    /// Records in it.
    pub count: u64,
    /// Its vectors, or null for keywords only.
    pub vectors: Option<VectorsView>,
    /// How its vectors are searched, or null for keywords only.
    pub index: Option<IndexView>,
    /// What its maker wanted kept with it.
    pub settings: Box<RawValue>,
}

/// The vectors of a collection.
#[derive(Debug, Clone, Serialize)]
pub struct VectorsView {
    /// Values a vector.
    pub dim: u32,
    /// `cosine`, `dot` or `l2`.
    pub metric: &'static str,
    /// The model that makes them, or null when callers send them.
    pub model: Option<ModelView>,
}

/// The model of a collection.
#[derive(Debug, Clone, Serialize)]
pub struct ModelView {
    /// Its name.
    pub name: String,
    /// Digest of the model that made the stored vectors.
    pub digest: String,
}

impl CollectionView {
    pub(crate) fn new(info: &CollectionInfo, collection: Option<&Collection>) -> Self {
        let vectors = info.spec.vectors.as_ref().map(|spec| VectorsView {
            dim: spec.dim,
            metric: spec.metric.as_str(),
            model: spec.model.as_ref().map(|tag| ModelView { name: tag.name.clone(), digest: tag.digest.clone() }),
        });
        let settings = RawValue::from_string(info.spec.settings.clone())
            .unwrap_or_else(|_| RawValue::from_string("{}".to_owned()).expect("an empty object is JSON"));
        let index = match collection {
            Some(collection) => collection.index_view(info),
            None => info.spec.vectors.as_ref().map(|_| Status::default().view(None)),
        };
        Self { name: info.name.clone(), count: info.count, vectors, index, settings }
    }
}

/// The searchable state of one collection in memory.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CollectionMemory {
    /// The collection.
    pub name: String,
    /// Records in it.
    pub count: u64,
    /// Whether its searchable state is in memory; the next search loads it.
    pub loaded: bool,
    /// Bytes of the keyword index.
    pub keyword_bytes: usize,
    /// Bytes of vectors and codes.
    pub vector_bytes: usize,
    /// Bytes of metadata columns.
    pub metadata_bytes: usize,
    /// How its vectors are searched, or null for keywords only.
    pub index: Option<IndexView>,
}

/// Everything at once.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// The folder.
    pub folder: String,
    /// Whether writes are refused.
    pub read_only: bool,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Bytes of cached embeddings.
    pub embedding_cache_bytes: usize,
    /// Each collection.
    pub collections: Vec<CollectionMemory>,
    /// Each model.
    pub models: Vec<ModelInfo>,
}

impl Collection {
    /// What the collection is and holds.
    ///
    /// # Errors
    /// `COLLECTION_NOT_FOUND` after a drop, `STORE_*`, `CLOSED`.
    pub fn view(&self) -> Result<CollectionView, Error> {
        Ok(CollectionView::new(&self.info(&*self.shared.store()?)?, Some(self)))
    }

    /// What the collection is now, as a text that every committed change makes another one: what was worked out under a version
    /// that was read before holds as long as the version does.
    ///
    /// # Errors
    /// `COLLECTION_NOT_FOUND`, `STORE_*`, `CLOSED`.
    pub fn version(&self) -> Result<String, Error> {
        let info = self.info(&*self.shared.store()?)?;
        let model = info.spec.vectors.as_ref().and_then(|spec| spec.model.as_ref()).map_or("", |tag| &tag.digest);
        Ok(format!("{}.{}.{model}", info.key, info.sequence))
    }
}

impl Database {
    /// Every collection, by name.
    ///
    /// # Errors
    /// `STORE_*`, `CLOSED`.
    pub fn collections(&self) -> Result<Vec<CollectionView>, Error> {
        let store = self.shared.store()?;
        let open = self.open.lock();
        let view = |info: &CollectionInfo| CollectionView::new(info, open.get(&info.name).map(|open| &**open));
        Ok(store.collections()?.iter().map(view).collect())
    }

    /// What there is and what it costs.
    ///
    /// # Errors
    /// `STORE_*`, `CLOSED`.
    pub fn stats(&self) -> Result<Stats, Error> {
        let store = self.shared.store()?;
        let open = self.open.lock();
        let describe = |info: &CollectionInfo| {
            let view = CollectionView::new(info, open.get(&info.name).map(|open| &**open));
            let bytes = open.get(&info.name).and_then(|collection| collection.memory_bytes());
            let (keyword_bytes, vector_bytes, metadata_bytes) = bytes.unwrap_or_default();
            CollectionMemory {
                name: info.name.clone(),
                count: info.count,
                loaded: bytes.is_some(),
                keyword_bytes,
                vector_bytes,
                metadata_bytes,
                index: view.index,
            }
        };
        Ok(Stats {
            folder: store.dir().display().to_string(),
            read_only: store.access() == Access::ReadOnly,
            disk_bytes: store.disk_bytes(),
            embedding_cache_bytes: self.shared.models.cache_bytes(),
            collections: store.collections()?.iter().map(describe).collect(),
            models: self.shared.models.list(),
        })
    }
}

/// Any of the answers as the JSON that crosses the boundary.
///
/// # Errors
/// `JSON_INVALID` when a value can't be written, which only a defect of ours could cause.
pub fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::json("the answer", &error))
}

/// Reads options that arrive as JSON.
///
/// # Errors
/// `JSON_INVALID` with the parser's words.
pub fn from_json<'a, T: serde::Deserialize<'a>>(what: &'static str, json: &'a str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| Error::json(what, &error))
}

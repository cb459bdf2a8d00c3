//! The embedding models that a database can use, and the cache in front of them.

use crate::error::Error;
use canopy_core::Cancel;
use canopy_embed::{Embedder, EmbeddingCache, ModelIdentity, ModelSlot};
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The ending of a model file.
const MODEL_EXTENSION: &str = "canopy-model";

/// Where models lie and how long they stay in memory.
#[derive(Debug, Clone)]
pub struct ModelsOptions {
    /// Folders with `NAME.canopy-model` files; the first folder that has a name wins.
    pub folders: Vec<PathBuf>,
    /// A model that nobody has used for this long is unloaded.
    pub idle: Duration,
    /// Bytes that cached embeddings may take; 0 turns the cache off.
    pub cache_bytes: usize,
    /// How long a cached embedding is used.
    pub cache_ttl: Duration,
}

impl Default for ModelsOptions {
    fn default() -> Self {
        Self {
            folders: Vec::new(),
            idle: Duration::from_secs(600),
            cache_bytes: 16 << 20,
            cache_ttl: Duration::from_secs(3600),
        }
    }
}

/// A model and its state.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    /// Name by which collections are created.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// `unloaded`, `loading` or `loaded`.
    pub state: &'static str,
    /// Values a vector, once it was loaded.
    pub dim: Option<usize>,
    /// Digest of weights and tokenizer, once it was loaded.
    pub digest: Option<String>,
    /// Size of the file.
    pub file_bytes: u64,
    /// Bytes that it holds in memory now.
    pub memory_bytes: usize,
}

/// All models of a database.
#[derive(Debug)]
pub struct Models {
    slots: BTreeMap<String, ModelSlot>,
    /// What each model was when it was last loaded, so that a list need not load it.
    identities: Mutex<HashMap<String, ModelIdentity>>,
    folders: Vec<PathBuf>,
    cache: EmbeddingCache,
}

impl Models {
    /// Looks which models the folders hold. Nothing is loaded yet; a folder that isn't there holds none.
    pub fn new(options: &ModelsOptions) -> Self {
        let mut slots = BTreeMap::new();
        for path in options.folders.iter().flat_map(|folder| model_files(folder)) {
            if let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) {
                slots.entry(name.to_owned()).or_insert_with(|| canopy_embed::slot(&path, options.idle));
            }
        }
        Self {
            slots,
            identities: Mutex::default(),
            folders: options.folders.clone(),
            cache: EmbeddingCache::new(options.cache_bytes, options.cache_ttl),
        }
    }

    /// The model of this name, loaded.
    ///
    /// # Errors
    /// `MODEL_MISSING` when no folder has it, `MODEL_LOADING` when `wait` is false and it isn't loaded yet,
    /// `MODEL_CORRUPT` when its file is damaged.
    pub fn get(&self, name: &str, wait: bool) -> Result<Arc<dyn Embedder>, Error> {
        let Some(slot) = self.slots.get(name) else {
            let known: Vec<&str> = self.slots.keys().map(String::as_str).collect();
            return Err(Error::ModelMissing(format!(
                "no model {name:?} in {:?} (there: {}); put {name}.{MODEL_EXTENSION} there or name another model",
                self.folders,
                if known.is_empty() { "none".to_owned() } else { known.join(", ") },
            )));
        };
        let model = slot.get(wait)?;
        let mut identities = self.identities.lock();
        // The file may have been replaced since it was loaded last.
        if identities.get(name) != Some(model.identity()) {
            identities.insert(name.to_owned(), model.identity().clone());
        }
        Ok(model)
    }

    /// Whether a folder has a model of this name.
    pub fn has(&self, name: &str) -> bool {
        self.slots.contains_key(name)
    }

    /// Every model with its state.
    pub fn list(&self) -> Vec<ModelInfo> {
        let describe = |(name, slot): (&String, &ModelSlot)| {
            let identity = self.identities.lock().get(name).cloned();
            ModelInfo {
                name: name.clone(),
                path: slot.path().to_owned(),
                state: slot.state().as_str(),
                memory_bytes: slot.memory_bytes(),
                dim: identity.as_ref().map(|identity| identity.dim),
                digest: identity.map(|identity| identity.digest),
                file_bytes: std::fs::metadata(slot.path()).map_or(0, |meta| meta.len()),
            }
        };
        self.slots.iter().map(describe).collect()
    }

    /// Unloads the models that nobody has used for their idle time; how many went.
    pub fn unload_idle(&self) -> usize {
        self.slots.values().filter(|slot| slot.unload_if_idle(std::time::Instant::now())).count()
    }

    /// Unloads every model.
    pub fn unload(&self) {
        self.slots.values().for_each(|slot| {
            slot.unload();
        });
        self.cache.clear();
    }

    /// Bytes of cached embeddings.
    pub fn cache_bytes(&self) -> usize {
        self.cache.stats().bytes
    }

    /// The vector of one query text, from the cache where it is there; `None` when the model knows none of its words.
    pub(crate) fn embed_query(
        &self,
        model: &dyn Embedder,
        text: &str,
        cancel: &Cancel,
    ) -> Result<Option<Vec<f32>>, Error> {
        Ok(self.embed_each(model, &[text], cancel)?.pop().flatten())
    }

    /// The vector of each text, from the cache where it is there.
    pub(crate) fn embed_each(
        &self,
        model: &dyn Embedder,
        texts: &[&str],
        cancel: &Cancel,
    ) -> Result<Vec<Option<Vec<f32>>>, Error> {
        let digest = &model.identity().digest;
        let mut vectors: Vec<Option<Vec<f32>>> =
            texts.iter().map(|text| self.cache.get(digest, text).map(|vector| vector.to_vec())).collect();
        let misses: Vec<usize> = (0..texts.len()).filter(|&i| vectors[i].is_none()).collect();
        if misses.is_empty() {
            return Ok(vectors);
        }
        let wanted: Vec<&str> = misses.iter().map(|&i| texts[i]).collect();
        let began = Instant::now();
        let embedded = model.embed_known(&wanted, cancel)?;
        cancel.note_model(began, wanted.len());
        let mut missing = embedded.missing.iter().peekable();
        for (at, (&i, vector)) in misses.iter().zip(embedded.vectors.chunks_exact(model.dim())).enumerate() {
            if missing.next_if_eq(&&at).is_none() {
                self.cache.put(digest, texts[i], vector);
                vectors[i] = Some(vector.to_vec());
            }
        }
        Ok(vectors)
    }
}

fn model_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == MODEL_EXTENSION))
        .collect();
    files.sort();
    files
}

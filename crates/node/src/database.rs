//! The database as JavaScript sees it.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::collection::BindingCollection;
use crate::graph_store::BindingGraphs;
use crate::outcome::{Outcome, run, run_json};
use canopy_collection::{CreateOptions, Database, DatabaseOptions, Error, IndexOptions, ModelsOptions, from_json};
use canopy_graph_store::Graphs;
use canopy_store::{Access, Durability, OpenOptions};
use napi::bindgen_prelude::{Buffer, Float32Array};
use napi_derive::napi;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How a folder is opened, as it arrives in JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    read_only: bool,
    durability: DurabilityName,
    keep_backup: bool,
    models: Vec<PathBuf>,
    model_idle_ms: u64,
    embedding_cache_bytes: usize,
    embedding_cache_ttl_ms: u64,
    index: IndexOptions,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DurabilityName {
    #[default]
    Process,
    Power,
}

impl Default for Options {
    fn default() -> Self {
        let models = ModelsOptions::default();
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            read_only: false,
            durability: DurabilityName::default(),
            keep_backup: false,
            models: models.folders,
            model_idle_ms: ms(models.idle),
            embedding_cache_bytes: models.cache_bytes,
            embedding_cache_ttl_ms: ms(models.cache_ttl),
            index: IndexOptions::default(),
        }
    }
}

impl From<Options> for DatabaseOptions {
    fn from(options: Options) -> Self {
        Self {
            store: OpenOptions {
                access: if options.read_only { Access::ReadOnly } else { Access::ReadWrite },
                durability: match options.durability {
                    DurabilityName::Process => Durability::Process,
                    DurabilityName::Power => Durability::Power,
                },
                keep_backup: options.keep_backup,
            },
            models: ModelsOptions {
                folders: options.models,
                idle: Duration::from_millis(options.model_idle_ms),
                cache_bytes: options.embedding_cache_bytes,
                cache_ttl: Duration::from_millis(options.embedding_cache_ttl_ms),
            },
            index: options.index,
        }
    }
}

/// An open folder of collections.
#[napi]
pub struct BindingDatabase {
    database: Arc<Database>,
    graphs: Arc<Graphs>,
}

#[napi]
impl BindingDatabase {
    /// Opens a folder. `options`: `{ readOnly?, durability?: 'process' | 'power', keepBackup?, models?: string[], modelIdleMs?, embeddingCacheBytes?, embeddingCacheTtlMs?, index?: { exactBelow?, recall? } }`.
    #[napi]
    pub async fn open(folder: String, options: String) -> Outcome<BindingDatabase> {
        run(move || -> Result<Self, Error> {
            let options: Options = from_json("the open options", &options)?;
            let database = Arc::new(Database::open(Path::new(&folder), &options.into())?);
            Ok(Self { graphs: Arc::new(Graphs::new(database.clone())), database })
        })
        .await
    }

    /// Every collection: `[{ name, count, vectors, index, settings }]`.
    #[napi]
    pub async fn collections(&self) -> Outcome<Buffer> {
        let database = self.database.clone();
        run_json(move || database.collections()).await
    }

    /// Makes a collection. `spec`: `{ model?, remoteModel?, dim?, metric?, settings? }`.
    #[napi]
    pub async fn create(&self, name: String, spec: String) -> Outcome<Buffer> {
        let database = self.database.clone();
        run_json(move || -> Result<_, Error> {
            let options: CreateOptions = from_json("the collection specification", &spec)?;
            database.create(&name, &options)
        })
        .await
    }

    /// Drops a collection with everything in it.
    #[napi]
    pub async fn drop(&self, name: String) -> Outcome<bool> {
        let database = self.database.clone();
        run(move || database.drop_collection(&name).map(|()| true)).await
    }

    /// The collection of this name.
    #[napi]
    pub async fn collection(&self, name: String) -> Outcome<BindingCollection> {
        let database = self.database.clone();
        run(move || database.collection(&name).map(BindingCollection::new)).await
    }

    /// The graphs that are kept in the folder.
    #[napi(catch_unwind)]
    pub fn graphs(&self) -> BindingGraphs {
        BindingGraphs { graphs: self.graphs.clone() }
    }

    /// Embeds what has no vector, with another model if `options` (`{ model? }`) names one.
    #[napi]
    pub async fn rebuild(
        &self,
        name: String,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<Buffer> {
        let (database, cancel, progress) = (self.database.clone(), flag(cancel), progress(on_progress));
        run_json(move || database.rebuild(&name, &from_json("the rebuild options", &options)?, &cancel, &progress))
            .await
    }

    /// Memory, disk, collections and models.
    #[napi]
    pub async fn stats(&self) -> Outcome<Buffer> {
        let database = self.database.clone();
        run_json(move || database.stats()).await
    }

    /// Every model with its state.
    #[napi]
    pub async fn models(&self) -> Outcome<Buffer> {
        let database = self.database.clone();
        run_json(move || Ok::<_, Error>(database.models().list())).await
    }

    /// Embeds a JSON array of texts; one row a text.
    #[napi]
    pub async fn embed(
        &self,
        model: String,
        texts: String,
        wait: bool,
        cancel: Option<&BindingCancel>,
    ) -> Outcome<Float32Array> {
        let (database, cancel) = (self.database.clone(), flag(cancel));
        run(move || -> Result<Float32Array, Error> {
            let texts: Vec<String> = from_json("the array of texts", &texts)?;
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            Ok(database.embed(&model, &texts, wait, &cancel)?.into())
        })
        .await
    }

    /// Gives back the memory of models and collections that nobody has used for `idleMs`; how many were released.
    #[napi]
    pub async fn release_idle(&self, idle_ms: f64) -> Outcome<u32> {
        let database = self.database.clone();
        run(move || -> Result<u32, Error> {
            let idle = Duration::try_from_secs_f64(idle_ms / 1e3).unwrap_or(Duration::MAX);
            Ok(u32::try_from(database.release_idle(idle)).unwrap_or(u32::MAX))
        })
        .await
    }

    /// Gives deleted space back to the disk.
    #[napi]
    pub async fn compact(&self) -> Outcome<bool> {
        let database = self.database.clone();
        run(move || database.compact().map(|()| true)).await
    }

    /// Waits for running calls, writes everything out and closes the folder.
    #[napi]
    pub async fn close(&self) -> Outcome<bool> {
        let (database, graphs) = (self.database.clone(), self.graphs.clone());
        run(move || {
            graphs.release();
            database.close().map(|()| true)
        })
        .await
    }
}

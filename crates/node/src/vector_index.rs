//! Approximate vector search as JavaScript sees it.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::handle::Large;
use crate::outcome::{Outcome, Trouble, run, run_here, run_json};
use crate::pace::Pace;
use crate::vector_ways::{Asked, Lists, answers};
use canopy_ann::graph::{BuildOptions, GraphIndex};
use canopy_ann::ivf::IvfPq;
use canopy_collection::from_json;
use canopy_core::{Cancel, Coded, Fault, Hit, MetricKind, Progress, Rows, SlotSet};
use napi::bindgen_prelude::{Buffer, Float32Array, Uint32Array};
use napi_derive::napi;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// Vectors that are added under one lock: searches come between.
const CHUNK: usize = 512;
/// What stands where a query found fewer than `k`.
const MISSING: u32 = u32::MAX;

/// How an index is built, as it arrives in JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    dim: usize,
    #[serde(default)]
    metric: Option<String>,
    #[serde(default)]
    build: BuildOptions,
}

/// What an index is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    length: usize,
    dim: usize,
    metric: &'static str,
    build: BuildOptions,
    /// Values of a vector that a walk looks at.
    walk_dim: usize,
    /// Bytes beside the exact vectors.
    graph_bytes: usize,
    memory_bytes: usize,
    /// Whether it has grown so much that a new one would be better.
    stale: bool,
    /// Inverted lists over the vectors as they are; 0 without.
    lists: usize,
}

/// `k` results a query, best first; `0xFFFFFFFF` and `-Infinity` where there are fewer.
#[napi(object)]
pub struct BindingHits {
    /// Results a query.
    pub k: u32,
    /// Row-major numbers of vectors.
    pub slots: Uint32Array,
    /// As many scores: cosine, dot product, or minus the squared distance.
    pub scores: Float32Array,
}

impl BindingHits {
    /// One row of `k` a query.
    pub(crate) fn new(k: usize, found: &[Vec<Hit>]) -> Self {
        let mut slots = vec![MISSING; found.len() * k];
        let mut scores = vec![f32::NEG_INFINITY; found.len() * k];
        for (row, hits) in found.iter().enumerate() {
            for (place, hit) in hits.iter().enumerate() {
                slots[row * k + place] = hit.slot;
                scores[row * k + place] = hit.score;
            }
        }
        Self { k: u32::try_from(k).unwrap_or(MISSING), slots: slots.into(), scores: scores.into() }
    }
}

/// Vectors that a search may find.
#[napi]
pub struct BindingFilter {
    pub(crate) allowed: Arc<SlotSet>,
}

#[napi]
impl BindingFilter {
    /// The set of these numbers.
    #[napi]
    pub async fn of(slots: Uint32Array) -> Outcome<BindingFilter> {
        run(move || Ok::<_, Trouble>(Self { allowed: Arc::new(slots.iter().copied().collect()) })).await
    }
}

/// An index of vectors, numbered by the caller.
#[napi]
pub struct BindingVectorIndex {
    pub(crate) index: Large<RwLock<GraphIndex>>,
    /// Inverted lists over the same vectors, while these don't change.
    pub(crate) lists: Lists,
    /// How long a search takes.
    pace: Arc<Pace>,
}

impl BindingVectorIndex {
    fn new(index: GraphIndex, lists: Option<IvfPq>) -> Self {
        Self { index: Large::new(RwLock::new(index)), lists: Lists::of(lists), pace: Arc::default() }
    }
}

#[napi]
impl BindingVectorIndex {
    /// Builds an index; vector `i` under `slots[i]`, or `i`. `options`: `{ dim, metric?, build?: { degree?, ef?, alpha?, walkDim?, storage?, seed? } }`.
    #[napi]
    pub async fn build(
        vectors: Float32Array,
        slots: Option<Uint32Array>,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingVectorIndex> {
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        run(move || -> Result<Self, Trouble> {
            let options: Options = from_json("the index options", &options)?;
            let metric = options.metric.as_deref().map_or(Some(MetricKind::default()), MetricKind::from_name);
            let metric = metric.ok_or(Refused::Metric)?;
            let rows = Rows::new(&vectors, options.dim).map_err(canopy_ann::Error::from)?;
            let count = u32::try_from(rows.len()).map_err(|_| Refused::TooMany)?;
            let slots: Vec<u32> = slots.map_or_else(|| (0..count).collect(), |slots| slots.to_vec());
            let index = GraphIndex::build(&slots, rows, metric, options.build, &cancel, &progress)?;
            Ok(Self::new(index, None))
        })
        .await
    }

    /// Opens a saved index by mapping its file.
    #[napi]
    pub async fn open(path: String) -> Outcome<BindingVectorIndex> {
        run(move || -> Result<Self, Trouble> {
            let (index, lists) = GraphIndex::open_all(Path::new(&path))?;
            Ok(Self::new(index, lists))
        })
        .await
    }

    /// Writes the index and its inverted lists into a file, with `notes` that `notes()` gives back after opening.
    #[napi]
    pub async fn save(&self, path: String, notes: Option<Buffer>) -> Outcome<bool> {
        let (index, lists) = (self.index.clone(), self.lists.clone());
        run(move || -> Result<bool, Trouble> {
            // Lists are taken away under the lock of a writer: while this one is held, they are of these vectors.
            let index = index.read();
            let lists = lists.present();
            index.save_all(Path::new(&path), notes.as_deref().unwrap_or_default(), lists.as_deref())?;
            Ok(true)
        })
        .await
    }

    /// What the caller saved beside the index.
    #[napi]
    pub async fn notes(&self) -> Outcome<Buffer> {
        let index = self.index.clone();
        run(move || Ok::<_, Trouble>(index.read().notes().to_vec().into())).await
    }

    /// Compares the checksums of every section of the file it was opened from.
    #[napi]
    pub async fn check(&self) -> Outcome<bool> {
        let index = self.index.clone();
        run(move || index.read().check().map(|()| true)).await
    }

    /// `{ length, dim, metric, build, walkDim, graphBytes, memoryBytes, stale, lists }`.
    #[napi]
    pub async fn info(&self) -> Outcome<Buffer> {
        let (index, lists) = (self.index.clone(), self.lists.clone());
        run_json(move || -> Result<Info, Trouble> {
            let index = index.read();
            Ok(Info {
                length: index.len(),
                dim: index.dim(),
                metric: index.metric().as_str(),
                build: index.options(),
                walk_dim: index.walk_dim(),
                graph_bytes: index.graph_bytes(),
                memory_bytes: index.memory_bytes(),
                stale: index.is_stale(),
                lists: lists.present().map_or(0, |lists| lists.lists()),
            })
        })
        .await
    }

    /// About the `k` best vectors of each query. `options`: `{ preset?, ef?, rerank?, candidates?, keep?, probes? }`.
    #[napi]
    pub async fn search(
        &self,
        queries: Float32Array,
        k: u32,
        options: String,
        filter: Option<&BindingFilter>,
        cancel: Option<&BindingCancel>,
    ) -> Outcome<BindingHits> {
        let (index, lists, cancel) = (self.index.clone(), self.lists.clone(), flag(cancel));
        let (pace, allowed) = (self.pace.clone(), filter.map(|filter| filter.allowed.clone()));
        run(move || -> Result<BindingHits, Trouble> {
            let asked: Asked = from_json("the search options", &options)?;
            let index = index.read();
            let rows = Rows::new(&queries, index.dim()).map_err(canopy_ann::Error::from)?;
            let answer = || answers(&index, &lists, rows, k as usize, asked, allowed.as_deref(), &cancel);
            // Only a walk for one query says how long the next one will take.
            let walks = rows.len() == 1 && allowed.is_none();
            let found = match asked.breadth(&index, k as usize).filter(|_| walks) {
                Some(breadth) => pace.of(breadth, answer)?,
                None => answer()?,
            };
            drop(index);
            Ok(BindingHits::new(k as usize, &found))
        })
        .await
    }

    /// Whether a search for `k` should be over sooner than another thread would be awake: then `searchHere` is the faster way to ask.
    #[napi(catch_unwind)]
    pub fn quick(&self, k: u32) -> bool {
        self.pace.is_quick(k as usize)
    }

    /// What `search` answers for one query, on the thread that calls; `null` where that would take too long, or have to wait for somebody who changes the index.
    #[napi(catch_unwind)]
    pub fn search_here(&self, query: Float32Array, k: u32, options: String) -> Outcome<Option<BindingHits>> {
        run_here(move || -> Result<Option<BindingHits>, Trouble> {
            let Some(index) = self.index.try_read() else { return Ok(None) };
            let asked: Asked = from_json("the search options", &options)?;
            let breadth = asked.breadth(&index, k as usize).filter(|&breadth| self.pace.is_quick(breadth));
            let (Some(breadth), true) = (breadth, query.len() == index.dim()) else { return Ok(None) };
            let rows = Rows::new(&query, index.dim()).map_err(canopy_ann::Error::from)?;
            let answer = || answers(&index, &self.lists, rows, k as usize, asked, None, &Cancel::new());
            Ok(Some(BindingHits::new(k as usize, &self.pace.of(breadth, answer)?)))
        })
    }

    /// Adds or replaces vectors; searches come between.
    #[napi]
    pub async fn upsert(
        &self,
        slots: Uint32Array,
        vectors: Float32Array,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<bool> {
        let (index, lists) = (self.index.clone(), self.lists.clone());
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        run(move || -> Result<bool, Trouble> {
            let (slots, vectors) = (slots.to_vec(), vectors.to_vec());
            upsert(&index, &lists, &slots, &vectors, &cancel, &progress)?;
            Ok(true)
        })
        .await
    }

    /// Takes vectors out; how many there were.
    #[napi]
    pub async fn remove(&self, slots: Uint32Array) -> Outcome<u32> {
        let (index, lists) = (self.index.clone(), self.lists.clone());
        run(move || -> Result<u32, Trouble> {
            let mut gone = 0;
            for chunk in slots.chunks(CHUNK) {
                let mut index = index.write();
                lists.forget();
                for &slot in chunk {
                    gone += u32::from(index.remove(slot)?);
                }
            }
            Ok(gone)
        })
        .await
    }

    /// The vector under this number as it is compared, or `null`.
    #[napi]
    pub async fn vector(&self, slot: u32) -> Outcome<Option<Float32Array>> {
        let index = self.index.clone();
        run(move || Ok::<_, Trouble>(index.read().vector(slot).map(Into::into))).await
    }

    /// Builds the index anew from its own vectors, beside searches.
    #[napi]
    pub async fn rebuild(
        &self,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<bool> {
        let (index, cancel, progress) = (self.index.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<bool, Trouble> {
            // Writers wait, searches don't, until the new one takes its place.
            let old = index.upgradable_read();
            let new = old.rebuilt(&cancel, &progress)?;
            *parking_lot::RwLockUpgradableReadGuard::upgrade(old) = new;
            Ok(true)
        })
        .await
    }
}

fn upsert(
    index: &RwLock<GraphIndex>,
    lists: &Lists,
    slots: &[u32],
    vectors: &[f32],
    cancel: &Cancel,
    progress: &Progress,
) -> Result<(), Trouble> {
    let (dim, metric) = {
        let index = index.read();
        (index.dim(), index.metric())
    };
    let rows = Rows::new(vectors, dim).map_err(canopy_ann::Error::from)?;
    if rows.len() != slots.len() {
        return Err(canopy_ann::Error::Count { slots: slots.len(), rows: rows.len() }.into());
    }
    // All are checked before the first is stored.
    for row in 0..rows.len() {
        canopy_ann::flat::FlatIndex::check(dim, metric, rows.row(row), row)?;
    }
    let silent = Progress::default();
    for (at, chunk) in slots.chunks(CHUNK).enumerate() {
        cancel.check().map_err(canopy_ann::Error::from)?;
        let from = at * CHUNK * dim;
        let part = Rows::new(&vectors[from..from + chunk.len() * dim], dim).map_err(canopy_ann::Error::from)?;
        let mut index = index.write();
        lists.forget();
        index.extend(chunk, part, cancel, &silent)?;
        drop(index);
        progress.report((at * CHUNK + chunk.len()) as u64, slots.len() as u64);
    }
    progress.finish(slots.len() as u64, slots.len() as u64);
    Ok(())
}

/// What is refused here, before the index is asked.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the metric isn't known: choose cosine, dot or l2")]
    Metric,
    #[error("vectors are numbered by 32 bits: send fewer than 4,294,967,295")]
    TooMany,
}

impl Coded for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Metric => "INDEX_OPTION",
            Self::TooMany => "INDEX_TOO_LARGE",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Metric => Fault::InvalidInput,
            Self::TooMany => Fault::TooLarge,
        }
    }
}

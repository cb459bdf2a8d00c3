//! Other ways to search an index of vectors, their tuning, and what a build will cost.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::outcome::{Outcome, Trouble, run, run_json};
use crate::vector_index::{BindingFilter, BindingHits, BindingVectorIndex};
use canopy_ann::graph::{BuildOptions, GraphIndex, MAX_VECTORS, QUERIES, SearchOptions, Storage, Tuned, recall};
use canopy_ann::hybrid::{self, HybridOptions};
use canopy_ann::ivf::{IvfOptions, IvfPq, IvfSearch};
use canopy_ann::{input, plan};
use canopy_collection::from_json;
use canopy_core::{Cancel, Coded, Fault, Hit, MetricKind, Rows, SlotSet, TopK};
use napi::bindgen_prelude::{Buffer, Float32Array, Uint8Array};
use napi_derive::napi;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Hits for which the recall of lists is measured.
const MEASURED: usize = 10;

/// Inverted lists that were built over vectors which haven't changed since.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lists(Arc<RwLock<Option<Arc<IvfPq>>>>);

impl Lists {
    /// Those that came from a file.
    pub(crate) fn of(lists: Option<IvfPq>) -> Self {
        Self(Arc::new(RwLock::new(lists.map(Arc::new))))
    }

    /// The vectors change: the lists no longer hold what the graph holds. Called under the lock that keeps those out who build or save lists.
    pub(crate) fn forget(&self) {
        *self.0.write() = None;
    }

    pub(crate) fn present(&self) -> Option<Arc<IvfPq>> {
        self.0.read().clone()
    }

    fn get(&self) -> Result<Arc<IvfPq>, Refused> {
        self.present().ok_or(Refused::NoLists)
    }
}

/// How an index is searched.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Preset {
    #[default]
    Graph,
    Exact,
    Hybrid,
    Lists,
}

/// A search as it arrives in JSON; 0 leaves the choice to the preset.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Asked {
    preset: Preset,
    ef: usize,
    rerank: usize,
    candidates: usize,
    keep: usize,
    probes: usize,
}

impl Asked {
    fn walk(self) -> SearchOptions {
        SearchOptions { ef: self.ef, rerank: self.rerank }
    }

    /// The candidates that a walk will keep; `None` for a preset that doesn't walk only.
    pub(crate) fn breadth(self, index: &GraphIndex, k: usize) -> Option<usize> {
        let SearchOptions { ef, rerank } = index.effective(self.walk(), k.min(index.len()));
        matches!(self.preset, Preset::Graph).then_some(ef.max(rerank))
    }

    fn hybrid(self) -> HybridOptions {
        let usual = HybridOptions::default();
        let candidates = or(self.candidates, usual.candidates);
        HybridOptions {
            candidates,
            keep: or(self.keep, candidates * 3 / 4),
            probes: or(self.probes, usual.probes),
            ..usual
        }
    }

    fn lists(self) -> IvfSearch {
        let usual = IvfSearch::default();
        IvfSearch { probes: or(self.probes, usual.probes), rerank: or(self.rerank, usual.rerank) }
    }
}

fn or(asked: usize, usual: usize) -> usize {
    if asked > 0 { asked } else { usual }
}

/// The hits of each query by the preset that was asked for.
pub(crate) fn answers(
    index: &GraphIndex,
    lists: &Lists,
    rows: Rows<'_, f32>,
    k: usize,
    asked: Asked,
    allow: Option<&SlotSet>,
    cancel: &Cancel,
) -> Result<Vec<Vec<Hit>>, Trouble> {
    Ok(match (asked.preset, allow) {
        (Preset::Graph, _) if rows.len() == 1 => vec![index.search(rows.row(0), k, asked.walk(), allow, cancel)?],
        (Preset::Graph, _) => index.search_batch(rows, k, asked.walk(), allow, cancel)?,
        (Preset::Exact, None) => index.exact(rows, k.min(index.len()), cancel)?,
        (Preset::Exact, Some(allow)) => {
            let slots: Vec<u32> = allow.iter().collect();
            let one = |query| Ok::<_, canopy_ann::Error>(best(&slots, index.score(query, &slots)?, k));
            rows.iter().map(one).collect::<Result<_, _>>()?
        }
        (Preset::Hybrid, _) => {
            let lists = lists.get()?;
            let one = |query| hybrid::search(index, &lists, query, k, asked.hybrid(), allow, cancel);
            rows.iter().map(one).collect::<Result<_, _>>()?
        }
        (Preset::Lists, _) => lists.get()?.search_batch(rows, k, asked.lists(), allow, index, cancel)?,
    })
}

fn best(slots: &[u32], scores: Vec<f32>, k: usize) -> Vec<Hit> {
    let mut top = TopK::new(k);
    let scored = slots.iter().zip(scores).filter(|(_, score)| !score.is_nan());
    scored.for_each(|(&slot, score)| top.push(Hit { slot, score }));
    top.into_sorted()
}

/// What the lists are, and what searches by them find.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Prepared {
    lists: usize,
    bytes: usize,
    /// Of the true ten of moved vectors, the part that the preset `hybrid` found.
    hybrid_recall: f64,
    /// And the preset `lists`.
    lists_recall: f64,
}

/// What is to be estimated, as it arrives in JSON.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Planned {
    count: u64,
    dim: usize,
    #[serde(default)]
    metric: Option<String>,
    #[serde(default)]
    build: BuildOptions,
}

#[napi]
impl BindingVectorIndex {
    /// About all vectors of at least this score, best first, at most `limit`; one row. `options`: `{ ef?, rerank? }`.
    #[napi]
    pub async fn range(
        &self,
        query: Float32Array,
        least: f64,
        limit: u32,
        options: String,
        filter: Option<&BindingFilter>,
        cancel: Option<&BindingCancel>,
    ) -> Outcome<BindingHits> {
        let (index, cancel) = (self.index.clone(), flag(cancel));
        let allowed = filter.map(|filter| filter.allowed.clone());
        run(move || -> Result<BindingHits, Trouble> {
            let asked: Asked = from_json("the search options", &options)?;
            #[expect(clippy::cast_possible_truncation, reason = "scores are numbers of 32 bits")]
            let least = least as f32;
            let hits = index.read().range(&query, least, limit as usize, asked.walk(), allowed.as_deref(), &cancel)?;
            Ok(BindingHits::new(hits.len(), &[hits]))
        })
        .await
    }

    /// Finds the fastest search that reaches a recall and makes it the index's own: `{ options, recall, micros, reached }`. Searches go on meanwhile.
    #[napi]
    pub async fn autotune(
        &self,
        recall: f64,
        k: u32,
        queries: Option<Float32Array>,
        cancel: Option<&BindingCancel>,
    ) -> Outcome<Buffer> {
        let (index, cancel) = (self.index.clone(), flag(cancel));
        run_json(move || -> Result<Tuned, Trouble> {
            let tuned = {
                let index = index.read();
                let rows = queries.as_deref().map(|queries| Rows::new(queries, index.dim())).transpose();
                index.tuned(recall, k as usize, rows.map_err(canopy_ann::Error::from)?, &cancel)?
            };
            index.write().search_by(k as usize, tuned.options);
            Ok(tuned)
        })
        .await
    }

    /// Builds the inverted lists that the presets `hybrid` and `lists` need: `{ lists, bytes, hybridRecall, listsRecall }`. `options`: `{ lists?, parts?, optimise?, seed? }`.
    #[napi]
    pub async fn prepare(
        &self,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<Buffer> {
        let (index, kept) = (self.index.clone(), self.lists.clone());
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        run_json(move || -> Result<Prepared, Trouble> {
            let options: IvfOptions = from_json("the options of the lists", &options)?;
            let index = index.read();
            let slots: Vec<u32> = index.slots().collect();
            let mut values = Vec::with_capacity(slots.len() * index.dim());
            slots.iter().filter_map(|&slot| index.vector(slot)).for_each(|vector| values.extend(vector));
            let rows = Rows::new(&values, index.dim()).map_err(canopy_ann::Error::from)?;
            let mut lists = IvfPq::build(&slots, rows, index.metric(), options, &cancel, &progress)?;
            lists.use_gpu(&slots, rows);
            let lists = Arc::new(lists);
            drop(values);
            let queries = index.strangers(QUERIES, &cancel)?;
            let queries = Rows::new(&queries, index.dim()).map_err(canopy_ann::Error::from)?;
            let held = Lists::default();
            *held.0.write() = Some(lists.clone());
            let truth = index.exact(queries, MEASURED, &cancel)?;
            let found = |preset| {
                let asked = Asked { preset, ..Asked::default() };
                answers(&index, &held, queries, MEASURED, asked, None, &cancel).map(|found| recall(&found, &truth))
            };
            let (hybrid_recall, lists_recall) = (found(Preset::Hybrid)?, found(Preset::Lists)?);
            // Still under the lock that keeps writers out: the lists hold what the graph holds.
            let prepared = Prepared { lists: lists.lists(), bytes: lists.memory_bytes(), hybrid_recall, lists_recall };
            *kept.0.write() = Some(lists);
            Ok(prepared)
        })
        .await
    }
}

/// What a build will take: `{ bytes, graphBytes, buildBytes, buildSeconds, threads }`. `options`: `{ count, dim, metric?, build? }`.
#[napi]
pub async fn estimate_vector_index(options: String) -> Outcome<Buffer> {
    run_json(move || -> Result<plan::Estimate, Trouble> {
        let Planned { count, dim, metric, build } = from_json("the options of an estimate", &options)?;
        let metric = metric.as_deref().map_or(Some(MetricKind::default()), MetricKind::from_name);
        let metric = metric.ok_or(Refused::Metric)?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > MAX_VECTORS {
            return Err(canopy_ann::Error::TooMany { received: count, max: MAX_VECTORS }.into());
        }
        canopy_ann::flat::FlatIndex::new(dim, metric)?;
        Ok(plan::estimate(count, dim, metric, &build, build.storage == Storage::F16))
    })
    .await
}

/// Numbers of one or two bytes (`f16`, `i8`, `u8`) as numbers of four.
#[napi]
pub async fn widened_vectors(bytes: Uint8Array, kind: String) -> Outcome<Float32Array> {
    run(move || -> Result<Float32Array, Trouble> { Ok(input::widened(&bytes, input::Kind::from_name(&kind)?).into()) })
        .await
}

/// What is refused here, before the index is asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the metric isn't known: choose cosine, dot or l2")]
    Metric,
    #[error(
        "there are no inverted lists over the vectors as they are now: call prepare(), again after every change, or search with another preset"
    )]
    NoLists,
}

impl Coded for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Metric => "INDEX_OPTION",
            Self::NoLists => "INDEX_NO_LISTS",
        }
    }

    fn fault(&self) -> Fault {
        Fault::InvalidInput
    }
}

//! Exact neighbours as JavaScript sees them.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::outcome::{Outcome, Trouble, run};
use crate::slot::Slot;
use canopy_collection::from_json;
use canopy_cover_tree::{CoverTree, Error, Geometry, Neighbours, Options, Plan, Points, Within};
use napi::bindgen_prelude::{Buffer, Either, Float32Array, Float64Array, Uint32Array};
use napi_derive::napi;
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;

/// How a tree is built, as it arrives in JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct BuildOptions {
    dim: usize,
    #[serde(default)]
    metric: MetricName,
    #[serde(default)]
    seed: Option<u64>,
    #[serde(default)]
    plan: Plan,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MetricName {
    #[default]
    Euclidean,
    Angular,
}

/// `k` neighbours for each query, nearest first; `0xFFFFFFFF` and `+Infinity` where there are fewer.
#[napi(object)]
pub struct BindingNeighbours {
    /// Neighbours a query.
    pub k: u32,
    /// Row-major ids.
    pub ids: Uint32Array,
    /// As many distances.
    pub distances: Float32Array,
}

/// All neighbours within a radius, nearest first.
#[napi(object)]
pub struct BindingWithin {
    /// The neighbours of query `i` are those from `starts[i]` to `starts[i + 1]`.
    pub starts: Float64Array,
    /// Ids of the points.
    pub ids: Uint32Array,
    /// As many distances.
    pub distances: Float32Array,
}

/// What building cost.
#[napi(object)]
#[derive(Debug)]
pub struct BindingTreeReport {
    /// Seconds for ordering the points along the curve.
    pub order_s: f64,
    /// Seconds for packing leaves.
    pub leaves_s: f64,
    /// Seconds for the cover tree; 0 where none was needed.
    pub tree_s: f64,
    /// Points at different places; 0 where no tree was needed.
    pub nodes: u32,
    /// Bytes held.
    pub memory_bytes: f64,
}

impl From<Neighbours> for BindingNeighbours {
    fn from(found: Neighbours) -> Self {
        let k = u32::try_from(found.k).unwrap_or(u32::MAX);
        Self { k, ids: found.ids.into(), distances: found.distances.into() }
    }
}

impl From<Within> for BindingWithin {
    fn from(found: Within) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "an array of 2^53 neighbours fits no memory")]
        let starts: Vec<f64> = found.starts.into_iter().map(|start| start as f64).collect();
        Self { starts: starts.into(), ids: found.ids.into(), distances: found.distances.into() }
    }
}

/// Coordinates, row-major, in either precision.
pub(crate) type Coordinates = Either<Float32Array, Float64Array>;

/// Points as the core checks them, copied on the worker's thread: JavaScript may write into its array meanwhile.
pub(crate) fn points(values: &Coordinates, dim: usize) -> Result<Points, Error> {
    match values {
        Either::A(values) => Points::from_f32(values, dim),
        Either::B(values) => Points::from_f64(values.to_vec(), dim),
    }
}

/// A tree; the next one takes its place when points come or go.
#[napi]
pub struct BindingCoverTree {
    slot: Arc<Slot<CoverTree>>,
}

#[napi]
impl BindingCoverTree {
    /// Builds a tree. `options`: `{ dim, metric?: 'euclidean' | 'angular', seed?, plan? }`; `plan`: `{ batchOrder?: 'hilbert' | 'natural' |
    /// 'random', prefixFactor?, leaders?: 'all' | 'grid', degreeCap?, scopeChunkTarget? }`.
    #[napi]
    pub async fn build(
        coordinates: Coordinates,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingCoverTree> {
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        run(move || -> Result<Self, Trouble> {
            let options: BuildOptions = from_json("the build options", &options)?;
            let points = points(&coordinates, options.dim)?;
            let geometry = match options.metric {
                MetricName::Euclidean => Geometry::Euclidean,
                MetricName::Angular => Geometry::Angular,
            };
            let seed = options.seed.unwrap_or(Options::default().seed);
            let drawn = Options { seed, plan: options.plan };
            Ok(Self { slot: Slot::new(CoverTree::build(points, geometry, &drawn, &cancel, &progress)?) })
        })
        .await
    }

    /// Opens a saved tree by mapping its file.
    #[napi]
    pub async fn open(path: String) -> Outcome<BindingCoverTree> {
        run(move || CoverTree::open(Path::new(&path)).map(|tree| Self { slot: Slot::new(tree) })).await
    }

    /// What was saved beside a tree.
    #[napi]
    pub async fn notes(path: String) -> Outcome<Buffer> {
        run(move || CoverTree::notes(Path::new(&path)).map(Into::into)).await
    }

    /// Writes the tree into a file, with `notes` of the caller's; the old one stays until the new one is on the disk.
    #[napi]
    pub async fn save(&self, path: String, notes: Option<Buffer>) -> Outcome<bool> {
        let slot = self.slot.clone();
        run(move || -> Result<bool, Trouble> {
            slot.get()?.save_with(Path::new(&path), notes.as_deref().unwrap_or_default())?;
            Ok(true)
        })
        .await
    }

    /// Gives the memory back as soon as no running search reads it; calls after it fail with `CLOSED`.
    #[napi]
    pub async fn close(&self) -> Outcome<bool> {
        let slot = self.slot.clone();
        run(move || -> Result<bool, Trouble> {
            slot.close();
            Ok(true)
        })
        .await
    }

    /// `[points, ids ever given, coordinates a point]`; zeros once it is closed.
    #[napi(catch_unwind)]
    pub fn shape(&self) -> Vec<u32> {
        let shape = self.slot.get().map_or([0; 3], |tree| [tree.len(), tree.ids(), tree.dim()]);
        shape.iter().map(|&count| u32::try_from(count).unwrap_or(u32::MAX)).collect()
    }

    /// `euclidean` or `angular`; nothing once it is closed.
    #[napi(catch_unwind)]
    pub fn metric(&self) -> Option<String> {
        let tree = self.slot.get().ok()?;
        Some(if matches!(tree.geometry(), Geometry::Angular) { "angular" } else { "euclidean" }.to_owned())
    }

    /// What building cost.
    #[napi]
    pub async fn report(&self) -> Outcome<BindingTreeReport> {
        let slot = self.slot.clone();
        run(move || -> Result<BindingTreeReport, Trouble> {
            let tree = slot.get()?;
            let report = tree.report();
            #[expect(clippy::cast_precision_loss, reason = "bytes of memory are far below 2^53")]
            let memory_bytes = tree.memory_bytes() as f64;
            Ok(BindingTreeReport {
                order_s: report.order_s,
                leaves_s: report.leaves_s,
                tree_s: report.tree_s,
                nodes: u32::try_from(report.nodes).unwrap_or(u32::MAX),
                memory_bytes,
            })
        })
        .await
    }

    /// What the build cost, as one line of JSON.
    #[napi]
    pub async fn telemetry(&self) -> Outcome<String> {
        let slot = self.slot.clone();
        run(move || Ok::<_, Trouble>(slot.get()?.telemetry().to_line())).await
    }

    /// What each batch of the cover tree did and took, a line of JSON each; none where there is no tree yet.
    #[napi]
    pub async fn batch_telemetry(&self) -> Outcome<Vec<String>> {
        let slot = self.slot.clone();
        run(move || Ok::<_, Trouble>(slot.get()?.batch_telemetry().map(|line| line.to_line()).collect())).await
    }

    /// Makes the cover tree now, if it isn't there yet.
    #[napi]
    pub async fn raise(
        &self,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<bool> {
        let (slot, cancel, progress) = (self.slot.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<bool, Trouble> {
            slot.get()?.raise(&cancel, &progress)?;
            Ok(true)
        })
        .await
    }

    /// Adds points; answers the first of their ids, the others follow.
    #[napi]
    pub async fn insert(
        &self,
        coordinates: Coordinates,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<u32> {
        let (slot, cancel, progress) = (self.slot.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<u32, Trouble> {
            let old = slot.change(|tree| -> Result<CoverTree, Trouble> {
                Ok(tree.inserted(points(&coordinates, tree.dim())?, &cancel, &progress)?)
            })?;
            Ok(u32::try_from(old.ids()).unwrap_or(u32::MAX))
        })
        .await
    }

    /// Takes points away by their ids, which nobody gets again.
    #[napi]
    pub async fn remove(
        &self,
        ids: Uint32Array,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<bool> {
        let (slot, cancel, progress) = (self.slot.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<bool, Trouble> {
            slot.change(|tree| -> Result<CoverTree, Trouble> { Ok(tree.removed(&ids, &cancel, &progress)?) })?;
            Ok(true)
        })
        .await
    }

    /// Checks the tree's invariants; `null`, or what is wrong.
    #[napi]
    pub async fn validate(&self) -> Outcome<Option<String>> {
        let slot = self.slot.clone();
        run(move || Ok::<_, Trouble>(slot.get()?.validate().err().map(|defect| defect.to_string()))).await
    }

    /// The `k` nearest points of each query.
    #[napi]
    pub async fn knn(
        &self,
        queries: Coordinates,
        k: u32,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingNeighbours> {
        let (slot, cancel, progress) = (self.slot.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<_, Trouble> {
            let tree = slot.get()?;
            Ok(tree.knn(points(&queries, tree.dim())?, k as usize, &cancel, &progress)?.into())
        })
        .await
    }

    /// All points within `radius` of each query.
    #[napi]
    pub async fn radius(
        &self,
        queries: Coordinates,
        radius: f64,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingWithin> {
        let (slot, cancel, progress) = (self.slot.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<_, Trouble> {
            let tree = slot.get()?;
            Ok(tree.radius(points(&queries, tree.dim())?, radius, &cancel, &progress)?.into())
        })
        .await
    }

    /// The `k` nearest other points of every point.
    #[napi]
    pub async fn knn_all(
        &self,
        k: u32,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingNeighbours> {
        let (slot, cancel, progress) = (self.slot.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<_, Trouble> { Ok(slot.get()?.knn_all(k as usize, &cancel, &progress)?.into()) }).await
    }

    /// For every point `i` the `k` nearest points `j < i`.
    #[napi]
    pub async fn predecessors(
        &self,
        k: u32,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingNeighbours> {
        let (slot, cancel, progress) = (self.slot.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<_, Trouble> { Ok(slot.get()?.predecessors(k as usize, &cancel, &progress)?.into()) })
            .await
    }
}

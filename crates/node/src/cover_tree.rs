//! Exact neighbours as JavaScript sees them.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::outcome::{Outcome, Trouble, run};
use canopy_collection::from_json;
use canopy_cover_tree::{CoverTree, Error, Geometry, Neighbours, Options, Points, Within};
use napi::bindgen_prelude::{Either, Float32Array, Float64Array, Uint32Array};
use napi_derive::napi;
use serde::Deserialize;
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

/// A cover tree over points that don't change.
#[napi]
pub struct BindingCoverTree {
    tree: Arc<CoverTree>,
}

#[napi]
impl BindingCoverTree {
    /// Builds a tree. `options`: `{ dim, metric?: 'euclidean' | 'angular', seed? }`.
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
            let drawn = options.seed.map_or_else(Options::default, |seed| Options { seed });
            Ok(Self { tree: Arc::new(CoverTree::build(points, geometry, &drawn, &cancel, &progress)?) })
        })
        .await
    }

    /// Number of points.
    #[napi(getter, catch_unwind)]
    pub fn length(&self) -> u32 {
        u32::try_from(self.tree.len()).unwrap_or(u32::MAX)
    }

    /// Coordinates a point.
    #[napi(getter, catch_unwind)]
    pub fn dim(&self) -> u32 {
        u32::try_from(self.tree.dim()).unwrap_or(u32::MAX)
    }

    /// What building cost.
    #[napi(catch_unwind)]
    pub fn report(&self) -> BindingTreeReport {
        let report = self.tree.report();
        #[expect(clippy::cast_precision_loss, reason = "bytes of memory are far below 2^53")]
        let memory_bytes = self.tree.memory_bytes() as f64;
        BindingTreeReport {
            order_s: report.order_s,
            leaves_s: report.leaves_s,
            tree_s: report.tree_s,
            nodes: u32::try_from(report.nodes).unwrap_or(u32::MAX),
            memory_bytes,
        }
    }

    /// Checks the tree's invariants; `null`, or what is wrong.
    #[napi]
    pub async fn validate(&self) -> Outcome<Option<String>> {
        let tree = self.tree.clone();
        run(move || Ok::<_, Error>(tree.validate().err().map(|defect| defect.to_string()))).await
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
        let (tree, cancel, progress) = (self.tree.clone(), flag(cancel), progress(on_progress));
        run(move || tree.knn(points(&queries, tree.dim())?, k as usize, &cancel, &progress).map(Into::into)).await
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
        let (tree, cancel, progress) = (self.tree.clone(), flag(cancel), progress(on_progress));
        run(move || tree.radius(points(&queries, tree.dim())?, radius, &cancel, &progress).map(Into::into)).await
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
        let (tree, cancel, progress) = (self.tree.clone(), flag(cancel), progress(on_progress));
        run(move || tree.knn_all(k as usize, &cancel, &progress).map(Into::into)).await
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
        let (tree, cancel, progress) = (self.tree.clone(), flag(cancel), progress(on_progress));
        run(move || tree.predecessors(k as usize, &cancel, &progress).map(Into::into)).await
    }
}

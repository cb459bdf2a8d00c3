//! Embeddings of nodes, and the walks and searches behind them.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::graph::BindingGraph;
use crate::outcome::{Outcome, Trouble, run, run_json};
use canopy_collection::from_json;
use canopy_graph::{GraphWaveOptions, Node2VecOptions, TuneOptions, WalkOptions, graphwave, node2vec, tune_pq, walks};
use napi::bindgen_prelude::{Buffer, Float32Array, Float64Array, Uint32Array};
use napi_derive::napi;

/// Structural embeddings: one row a node, for each scale and point the real and the imaginary part.
#[napi(object)]
pub struct BindingGraphWave {
    /// Row-major values.
    pub rows: Float64Array,
    /// Values a row.
    pub dim: u32,
    /// The scales.
    pub scales: Float64Array,
    /// The sample points of the characteristic function.
    pub points: Float64Array,
    /// Order of the polynomial; 0 in exact mode.
    pub order: u32,
}

/// Embeddings of nodes.
#[napi(object)]
pub struct BindingNode2Vec {
    /// One row a node.
    pub vectors: Float32Array,
    /// Values a row.
    pub dim: u32,
}

/// Random walks.
#[napi(object, object_from_js = false)]
pub struct BindingWalks {
    /// Walk `i` is `nodes[i * length..(i + 1) * length]`; `u32::MAX` fills up one that met a dead end.
    pub nodes: Uint32Array,
    /// Nodes of a walk.
    pub length: u32,
}

#[napi]
impl BindingGraph {
    /// GraphWave. `options`: `{ scales?, points?, maxT?, tolerance?, laplacian?, exact? }`.
    #[napi]
    pub async fn graphwave(
        &self,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingGraphWave> {
        let (graph, cancel, progress) = (self.graph.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<BindingGraphWave, Trouble> {
            let options: GraphWaveOptions = from_json("the GraphWave options", &options)?;
            let made = graphwave(&graph, &options, &cancel, &progress)?;
            Ok(BindingGraphWave {
                rows: made.rows.into(),
                dim: u32::try_from(made.dim).unwrap_or(u32::MAX),
                scales: made.scales.into(),
                points: made.points.into(),
                order: u32::try_from(made.order).unwrap_or(u32::MAX),
            })
        })
        .await
    }

    /// Node2Vec. `options`: `{ p?, q?, walks?, length?, seed?, dim?, window?, negatives?, epochs?, learningRate?, deterministic? }`.
    #[napi]
    pub async fn node2vec(
        &self,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingNode2Vec> {
        let (graph, cancel, progress) = (self.graph.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<BindingNode2Vec, Trouble> {
            let options: Node2VecOptions = from_json("the Node2Vec options", &options)?;
            let made = node2vec(&graph, &options, &cancel, &progress)?;
            Ok(BindingNode2Vec { vectors: made.vectors.into(), dim: u32::try_from(made.dim).unwrap_or(u32::MAX) })
        })
        .await
    }

    /// The walks that Node2Vec learns from. `options`: `{ p?, q?, walks?, length?, seed? }`.
    #[napi]
    pub async fn walks(
        &self,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingWalks> {
        let (graph, cancel, progress) = (self.graph.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<BindingWalks, Trouble> {
            let options: WalkOptions = from_json("the options of walks", &options)?;
            let made = walks(&graph, &options, &cancel, &progress)?;
            let length = u32::try_from(made.length).unwrap_or(u32::MAX);
            Ok(BindingWalks { nodes: made.nodes.into(), length })
        })
        .await
    }

    /// Searches for p and q. `options`: `{ maxMinutes?, evaluations?, patience?, held?, seed?, node2vec?, state? }`; answers what `best_pq.json` holds.
    #[napi]
    pub async fn tune_pq(
        &self,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<Buffer> {
        let (graph, names) = (self.graph.clone(), self.names.clone());
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        run_json(move || -> Result<_, Trouble> {
            let options: TuneOptions = from_json("the tuning options", &options)?;
            Ok(tune_pq(&graph, names.given(), &options, &cancel, &progress)?)
        })
        .await
    }
}

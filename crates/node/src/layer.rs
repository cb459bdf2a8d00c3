//! Diagrams of every neighbourhood, kept right while a graph changes, and weights moved towards a diagram.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::outcome::{Outcome, Trouble, run};
use crate::topology::{BindingDiagram, pairs, weighted};
use canopy_collection::from_json;
use canopy_core::Progress;
use canopy_topology::{Change, CorrectionOptions, Layer, LayerOptions, correct};
use napi::bindgen_prelude::{Float64Array, Uint32Array};
use napi_derive::napi;
use parking_lot::RwLock;
use std::sync::Arc;

/// What an update did.
#[napi(object, object_from_js = false)]
pub struct BindingLayerUpdate {
    /// Nodes whose diagrams were computed anew, ascending.
    pub recomputed: Uint32Array,
    /// Whether everything was, because that was cheaper than finding out what had to be.
    pub full: bool,
}

/// The diagrams of all neighbourhoods of a graph that changes.
#[napi]
pub struct BindingLayer {
    layer: Arc<RwLock<Layer>>,
}

#[napi]
impl BindingLayer {
    /// Computes every diagram. `options`: `{ radius? }`.
    #[napi]
    pub async fn build(
        nodes: u32,
        sources: Uint32Array,
        targets: Uint32Array,
        weights: Float64Array,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingLayer> {
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        run(move || -> Result<Self, Trouble> {
            let options: LayerOptions = from_json("the options of the layer", &options)?;
            let graph = weighted(nodes, &sources, &targets, &weights)?;
            Ok(Self { layer: Arc::new(RwLock::new(Layer::build(graph, &options, &cancel, &progress)?)) })
        })
        .await
    }

    /// Changes edges: each gets its weight, or goes where that is NaN.
    #[napi]
    pub async fn update(
        &self,
        sources: Uint32Array,
        targets: Uint32Array,
        weights: Float64Array,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingLayerUpdate> {
        let (layer, cancel, progress) = (self.layer.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<BindingLayerUpdate, Trouble> {
            let ends = sources.iter().zip(targets.iter()).zip(weights.iter());
            let changes: Vec<Change> = ends
                .map(|((&a, &b), &weight)| match weight.is_nan() {
                    true => Change::Remove { a, b },
                    false => Change::Set { a, b, weight },
                })
                .collect();
            let update = layer.write().update(&changes, &cancel, &progress)?;
            Ok(BindingLayerUpdate { recomputed: update.recomputed.into(), full: update.full })
        })
        .await
    }

    /// The diagram of a node's neighbourhood, or nothing where there is no such node.
    #[napi]
    pub async fn diagram(&self, node: u32) -> Outcome<Option<BindingDiagram>> {
        let layer = self.layer.clone();
        run(move || Ok::<_, Trouble>(layer.read().diagrams().get(node as usize).map(BindingDiagram::from))).await
    }

    /// The diagram of the whole graph as it stands.
    #[napi]
    pub async fn whole(&self, cancel: Option<&BindingCancel>) -> Outcome<BindingDiagram> {
        let (layer, cancel) = (self.layer.clone(), flag(cancel));
        run(move || -> Result<BindingDiagram, Trouble> { Ok((&layer.read().whole(&cancel)?).into()) }).await
    }
}

/// Weights moved towards a diagram.
#[napi(object, object_from_js = false)]
pub struct BindingCorrection {
    /// Where edges start.
    pub sources: Uint32Array,
    /// Where they end.
    pub targets: Uint32Array,
    /// Their new weights.
    pub weights: Float64Array,
    /// Edges whose weight changed.
    pub changed: u32,
    /// Distance to the wanted diagram before.
    pub before: f64,
    /// Distance now; never more than before.
    pub after: f64,
    /// Rounds that lowered the distance.
    pub iterations: u32,
    /// Whether the distance is within epsilon.
    pub reached: bool,
}

/// Moves the weights of a graph until its diagram is within epsilon of the wanted one, as far as its edges allow. `options`: `{ dimension?, epsilon?, order?, iterations? }`.
#[napi]
pub async fn correct_weights(
    nodes: u32,
    sources: Uint32Array,
    targets: Uint32Array,
    weights: Float64Array,
    wanted: Float64Array,
    options: String,
    cancel: Option<&BindingCancel>,
) -> Outcome<BindingCorrection> {
    let cancel = flag(cancel);
    run(move || -> Result<BindingCorrection, Trouble> {
        let options: CorrectionOptions = from_json("the options of the correction", &options)?;
        let graph = weighted(nodes, &sources, &targets, &weights)?;
        let made = correct(&graph, &pairs(&wanted), &options, &cancel, &Progress::default())?;
        let edges = made.graph.edges();
        Ok(BindingCorrection {
            sources: edges.iter().map(|edge| edge.a).collect::<Vec<_>>().into(),
            targets: edges.iter().map(|edge| edge.b).collect::<Vec<_>>().into(),
            weights: edges.iter().map(|edge| edge.weight).collect::<Vec<_>>().into(),
            changed: u32::try_from(made.changed.len()).unwrap_or(u32::MAX),
            before: made.before,
            after: made.after,
            iterations: made.iterations,
            reached: made.reached,
        })
    })
    .await
}

//! Persistence diagrams as JavaScript sees them.

use crate::cancel::{BindingCancel, flag};
use crate::outcome::{Outcome, Trouble, run, run_json};
use canopy_collection::from_json;
use canopy_topology::{
    Diagram, PersistenceOptions, SinkhornOptions, WeightedGraph, bottleneck, persistence, representatives, sinkhorn,
    wasserstein,
};
use napi::bindgen_prelude::{Buffer, Float64Array, Uint8Array, Uint32Array};
use napi_derive::napi;
use serde::Serialize;

/// The bars of a diagram, as columns.
#[napi(object)]
pub struct BindingDiagram {
    /// 0 for a component, 1 for a loop.
    pub dimensions: Uint8Array,
    /// Filtration values at which bars appear.
    pub births: Float64Array,
    /// And at which they go; infinite where they stay.
    pub deaths: Float64Array,
}

impl From<&Diagram> for BindingDiagram {
    fn from(diagram: &Diagram) -> Self {
        let bars = &diagram.bars;
        Self {
            dimensions: bars.iter().map(|bar| bar.dimension).collect::<Vec<_>>().into(),
            births: bars.iter().map(|bar| bar.birth).collect::<Vec<_>>().into(),
            deaths: bars.iter().map(|bar| bar.death).collect::<Vec<_>>().into(),
        }
    }
}

/// A loop and the edges around it.
#[derive(Debug, Serialize)]
struct LoopView {
    birth: f64,
    /// `null` where it stays.
    death: Option<f64>,
    cycle: Vec<(u32, u32)>,
}

pub(crate) fn weighted(
    nodes: u32,
    sources: &[u32],
    targets: &[u32],
    weights: &[f64],
) -> Result<WeightedGraph, Trouble> {
    Ok(WeightedGraph::new(nodes, sources, targets, weights)?)
}

/// Births and deaths, one after the other, as points.
pub(crate) fn pairs(points: &[f64]) -> Vec<(f64, f64)> {
    points.chunks(2).map(|point| (point[0], point.get(1).copied().unwrap_or(f64::NAN))).collect()
}

/// The persistence diagram of a graph's flag complex. `options`: `{ maxDimension? }`.
#[napi]
pub async fn persistence_diagram(
    nodes: u32,
    sources: Uint32Array,
    targets: Uint32Array,
    weights: Float64Array,
    options: String,
    cancel: Option<&BindingCancel>,
) -> Outcome<BindingDiagram> {
    let cancel = flag(cancel);
    run(move || -> Result<BindingDiagram, Trouble> {
        let options: PersistenceOptions = from_json("the persistence options", &options)?;
        let graph = weighted(nodes, &sources, &targets, &weights)?;
        Ok((&persistence(&graph, &options, &cancel)?).into())
    })
    .await
}

/// Every loop with a cycle of edges around it: `[{ birth, death, cycle: [[a, b], …] }]`.
#[napi]
pub async fn persistence_loops(
    nodes: u32,
    sources: Uint32Array,
    targets: Uint32Array,
    weights: Float64Array,
    cancel: Option<&BindingCancel>,
) -> Outcome<Buffer> {
    let cancel = flag(cancel);
    run_json(move || -> Result<Vec<LoopView>, Trouble> {
        let graph = weighted(nodes, &sources, &targets, &weights)?;
        let found = representatives(&graph, &cancel)?;
        let view = |found: canopy_topology::Loop| LoopView {
            birth: found.bar.birth,
            death: Some(found.bar.death).filter(|death| death.is_finite()),
            cycle: found.cycle,
        };
        Ok(found.into_iter().map(view).collect())
    })
    .await
}

/// The bottleneck distance of two diagrams, each births and deaths one after the other.
#[napi]
pub async fn bottleneck_distance(a: Float64Array, b: Float64Array, cancel: Option<&BindingCancel>) -> Outcome<f64> {
    let cancel = flag(cancel);
    run(move || bottleneck(&pairs(&a), &pairs(&b), &cancel)).await
}

/// The Wasserstein distance of this order.
#[napi]
pub async fn wasserstein_distance(
    a: Float64Array,
    b: Float64Array,
    order: f64,
    cancel: Option<&BindingCancel>,
) -> Outcome<f64> {
    let cancel = flag(cancel);
    run(move || wasserstein(&pairs(&a), &pairs(&b), order, &cancel).map(|found| found.distance)).await
}

/// The Wasserstein distance smoothed by entropy. `options`: `{ order?, epsilon?, tolerance?, iterations? }`; answers
/// `{ distance, epsilon, massError, iterations }`.
#[napi]
pub async fn sinkhorn_distance(
    a: Float64Array,
    b: Float64Array,
    options: String,
    cancel: Option<&BindingCancel>,
) -> Outcome<Buffer> {
    let cancel = flag(cancel);
    run_json(move || -> Result<serde_json::Value, Trouble> {
        let options: SinkhornOptions = from_json("the Sinkhorn options", &options)?;
        let found = sinkhorn(&pairs(&a), &pairs(&b), &options, &cancel)?;
        Ok(serde_json::json!({
            "distance": found.distance, "epsilon": found.epsilon, "massError": found.mass_error, "iterations": found.iterations,
        }))
    })
    .await
}

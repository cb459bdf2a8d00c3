//! What computations will take, before they start: `{ bytes, operations, seconds, threads }`.

use crate::graph::BindingGraph;
use crate::graph_suggest::hypergraph;
use crate::outcome::{Outcome, Trouble, refused, run_json};
use crate::topology::weighted;
use canopy_collection::from_json;
use canopy_core::Estimate;
use canopy_graph::{GraphWaveOptions, Node2VecOptions, SuggestOptions, TuneOptions, WalkOptions};
use canopy_hyperbolic::TrainOptions;
use canopy_topology::{LayerOptions, PersistenceOptions};
use napi::bindgen_prelude::{Buffer, Float64Array, Uint32Array};
use napi_derive::napi;

#[napi]
impl BindingGraph {
    /// What a computation with `options` will take.
    #[napi]
    pub async fn estimate(
        &self,
        #[napi(ts_arg_type = "'graphwave' | 'node2vec' | 'walks' | 'tunePq' | 'adamicAdar' | 'hyperAdamicAdar'")]
        what: String,
        options: String,
    ) -> Outcome<Buffer> {
        let (graph, own) = (self.graph.clone(), self.hypergraph.clone());
        run_json(move || -> Result<Estimate, Trouble> {
            Ok(match what.as_str() {
                "graphwave" => from_json::<GraphWaveOptions>("the GraphWave options", &options)?.estimate(&graph)?,
                "node2vec" => from_json::<Node2VecOptions>("the Node2Vec options", &options)?.estimate(&graph)?,
                "walks" => from_json::<WalkOptions>("the options of walks", &options)?.estimate(&graph)?,
                "tunePq" => from_json::<TuneOptions>("the tuning options", &options)?.estimate(&graph)?,
                "adamicAdar" => suggesting(&options)?.estimate(&graph)?,
                "hyperAdamicAdar" => match own {
                    Some(own) => suggesting(&options)?.estimate_hyper(&own)?,
                    None => suggesting(&options)?.estimate_hyper(&hypergraph(graph.nodes(), &[0], &[])?)?,
                },
                _ => return Err(What.into()),
            })
        })
        .await
    }
}

fn suggesting(options: &str) -> Result<SuggestOptions, Trouble> {
    Ok(from_json("the options of suggestions", options)?)
}

/// What `hyper_suggestions` will take.
#[napi]
pub async fn estimate_hyper_suggestions(
    nodes: u32,
    starts: Uint32Array,
    members: Uint32Array,
    options: String,
) -> Outcome<Buffer> {
    run_json(move || -> Result<Estimate, Trouble> {
        Ok(suggesting(&options)?.estimate_hyper(&hypergraph(nodes, &starts, &members)?)?)
    })
    .await
}

/// What `persistence_diagram` will take, or, where `layer` says so, the diagrams of all neighbourhoods. `options` are those of the one or the other.
#[napi]
pub async fn estimate_topology(
    layer: bool,
    nodes: u32,
    sources: Uint32Array,
    targets: Uint32Array,
    weights: Float64Array,
    options: String,
) -> Outcome<Buffer> {
    run_json(move || -> Result<Estimate, Trouble> {
        let graph = weighted(nodes, &sources, &targets, &weights)?;
        Ok(match layer {
            true => from_json::<LayerOptions>("the options of the layer", &options)?.estimate(&graph)?,
            false => from_json::<PersistenceOptions>("the persistence options", &options)?.estimate(&graph)?,
        })
    })
    .await
}

/// What `poincare_train` will take. `options` are those of training.
#[napi]
pub async fn estimate_poincare(nodes: u32, pairs: f64, options: String, measure: bool) -> Outcome<Buffer> {
    run_json(move || -> Result<Estimate, Trouble> {
        let options: TrainOptions = from_json("the training options", &options)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count; below 0 and NaN become 0"
        )]
        let pairs = pairs as u64;
        Ok(options.estimate(nodes, pairs, measure)?)
    })
    .await
}

refused!(
    What,
    "GRAPH_OPTION",
    "there is no estimate of that: choose graphwave, node2vec, walks, tunePq, adamicAdar or hyperAdamicAdar"
);

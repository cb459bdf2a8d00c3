//! Kept graphs as JavaScript sees them.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::graph::BindingGraph;
use crate::outcome::{Outcome, Trouble, run, run_json};
use canopy_collection::from_json;
use canopy_graph::{Error as GraphError, ExplainOptions};
use canopy_graph_store::{
    Batch, DeriveOptions, Graphs, Kind, LoadOptions, NeighbourhoodOptions, PageOptions, Suggested, SuggestedPair,
};
use napi::bindgen_prelude::{Buffer, Uint32Array};
use napi_derive::napi;
use std::fs::File;
use std::sync::Arc;

/// A kept graph to compute with.
#[napi(object, object_from_js = false)]
pub struct BindingSnapshot {
    /// The hyperedges' ids, as JSON.
    pub hyperedges: Buffer,
    /// Hyperedge `i` holds `members[starts[i]..starts[i + 1]]`.
    pub starts: Uint32Array,
    /// Nodes of hyperedges.
    pub members: Uint32Array,
    /// The version that this is.
    pub version: f64,
}

/// The graphs that a database keeps.
#[napi]
pub struct BindingGraphs {
    pub(crate) graphs: Arc<Graphs>,
}

#[napi]
impl BindingGraphs {
    /// Every graph: `[{ name, directed, nodes, edges, hyperedges, version, collection }]`.
    #[napi]
    pub async fn list(&self) -> Outcome<Buffer> {
        let graphs = self.graphs.clone();
        run_json(move || graphs.list()).await
    }

    /// One graph.
    #[napi]
    pub async fn info(&self, name: String) -> Outcome<Buffer> {
        let graphs = self.graphs.clone();
        run_json(move || graphs.info(&name)).await
    }

    /// Makes an empty graph.
    #[napi]
    pub async fn create(&self, name: String, directed: bool) -> Outcome<Buffer> {
        let graphs = self.graphs.clone();
        run_json(move || graphs.create(&name, directed)).await
    }

    /// Drops a graph with everything in it.
    #[napi]
    pub async fn drop(&self, name: String) -> Outcome<bool> {
        let graphs = self.graphs.clone();
        run(move || graphs.drop_graph(&name).map(|()| true)).await
    }

    /// Writes a batch, JSON in UTF-8, and answers the graph after it.
    #[napi]
    pub async fn write(&self, name: String, batch: Buffer) -> Outcome<Buffer> {
        let graphs = self.graphs.clone();
        run_json(move || -> Result<_, Trouble> {
            let batch: Batch = serde_json::from_slice(&batch).map_err(|problem| Malformed(problem.to_string()))?;
            Ok(graphs.write(&name, &batch)?)
        })
        .await
    }

    /// Makes a graph that follows a collection. `options`: `{ neighbours?, terms?, chunk? }`.
    #[napi]
    pub async fn derive(&self, name: String, collection: String, options: String) -> Outcome<Buffer> {
        let graphs = self.graphs.clone();
        run_json(move || -> Result<_, Trouble> {
            let options: DeriveOptions = from_json("the options of following", &options)?;
            Ok(graphs.derive(&name, &collection, &options)?)
        })
        .await
    }

    /// Brings a graph that follows a collection to where that is now, unless more than `most` records changed.
    #[napi]
    pub async fn sync(
        &self,
        name: String,
        most: Option<u32>,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<Buffer> {
        let (graphs, cancel, progress) = (self.graphs.clone(), flag(cancel), progress(on_progress));
        let most = most.map_or(usize::MAX, |most| most as usize);
        run_json(move || graphs.sync(&name, most, &cancel, &progress)).await
    }

    /// Adds what a file holds. `options`: `{ format: 'csv' | 'graphml' | 'json', delimiter?, header?, parallel?, limits? }`.
    #[napi]
    pub async fn load(
        &self,
        name: String,
        path: String,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<Buffer> {
        let (graphs, cancel, progress) = (self.graphs.clone(), flag(cancel), progress(on_progress));
        run_json(move || -> Result<_, Trouble> {
            let options: LoadOptions = from_json("the load options", &options)?;
            let file = File::open(&path).map_err(GraphError::Read)?;
            Ok(graphs.load(&name, file, &options, &cancel, &progress)?)
        })
        .await
    }

    /// A page of `what` (`nodes`, `edges` or `hyperedges`). `options`: `{ after?, limit? }`.
    #[napi]
    pub async fn page(
        &self,
        name: String,
        #[napi(ts_arg_type = "'nodes' | 'edges' | 'hyperedges'")] what: String,
        options: String,
    ) -> Outcome<Buffer> {
        let graphs = self.graphs.clone();
        run(move || -> Result<Buffer, Trouble> {
            let options: PageOptions = from_json("the page options", &options)?;
            let page = match what.as_str() {
                "nodes" => canopy_collection::to_json(&graphs.nodes(&name, &options)?)?,
                "edges" => canopy_collection::to_json(&graphs.edges(&name, &options)?)?,
                _ => canopy_collection::to_json(&graphs.hyperedges(&name, &options)?)?,
            };
            Ok(page.into())
        })
        .await
    }

    /// What lies around nodes, a JSON array of ids. `options`: `{ hops?, limit? }`.
    #[napi]
    pub async fn neighbourhood(
        &self,
        name: String,
        ids: String,
        options: String,
        cancel: Option<&BindingCancel>,
    ) -> Outcome<Buffer> {
        let (graphs, cancel) = (self.graphs.clone(), flag(cancel));
        run_json(move || -> Result<_, Trouble> {
            let ids: Vec<String> = from_json("the array of ids", &ids)?;
            let options: NeighbourhoodOptions = from_json("the options of the neighbourhood", &options)?;
            Ok(graphs.neighbourhood(&name, &ids, &options, &cancel)?)
        })
        .await
    }

    /// Explains a node: `{ nodes, edges, attn, fidelity, svg }`. `options`: `{ hops?, limit? }`.
    #[napi]
    pub async fn explain(
        &self,
        name: String,
        id: String,
        options: String,
        cancel: Option<&BindingCancel>,
    ) -> Outcome<Buffer> {
        let (graphs, cancel) = (self.graphs.clone(), flag(cancel));
        run_json(move || -> Result<_, Trouble> {
            let options: ExplainOptions = from_json("the options of the explanation", &options)?;
            Ok(graphs.explain(&name, &id, &options, &cancel)?)
        })
        .await
    }

    /// The graph to compute with.
    #[napi]
    pub async fn graph(&self, name: String) -> Outcome<BindingGraph> {
        let graphs = self.graphs.clone();
        run(move || -> Result<BindingGraph, Trouble> {
            let snapshot = graphs.snapshot(&name)?;
            Ok(BindingGraph::of(&snapshot))
        })
        .await
    }

    /// The hyperedges of a graph, and its version.
    #[napi]
    pub async fn hypergraph(&self, name: String) -> Outcome<BindingSnapshot> {
        let graphs = self.graphs.clone();
        run(move || -> Result<BindingSnapshot, Trouble> {
            let snapshot = graphs.snapshot(&name)?;
            let (mut starts, mut members) = (vec![0_u32], Vec::new());
            for at in 0..snapshot.hypergraph.len() {
                members.extend_from_slice(snapshot.hypergraph.members(at));
                starts.push(u32::try_from(members.len()).unwrap_or(u32::MAX));
            }
            Ok(BindingSnapshot {
                hyperedges: canopy_collection::to_json(&snapshot.hyperedges)?.into(),
                starts: starts.into(),
                members: members.into(),
                version: snapshot.version as f64,
            })
        })
        .await
    }

    /// Keeps suggestions of a kind, a JSON array of `{ source, target, score }`, in the place of those that were there.
    #[napi]
    pub async fn write_suggestions(
        &self,
        name: String,
        #[napi(ts_arg_type = "'aa' | 'hyper_aa'")] kind: String,
        pairs: Buffer,
    ) -> Outcome<bool> {
        let graphs = self.graphs.clone();
        run(move || -> Result<bool, Trouble> {
            let pairs: Vec<SuggestedPair> =
                serde_json::from_slice(&pairs).map_err(|problem| Malformed(problem.to_string()))?;
            graphs.write_suggestions(&name, self::kind(&kind), &pairs)?;
            Ok(true)
        })
        .await
    }

    /// Kept suggestions. `options`: `{ node?, limit? }`.
    #[napi]
    pub async fn suggestions(
        &self,
        name: String,
        #[napi(ts_arg_type = "'aa' | 'hyper_aa'")] kind: String,
        options: String,
    ) -> Outcome<Buffer> {
        let graphs = self.graphs.clone();
        run_json(move || -> Result<_, Trouble> {
            let options: Suggested = from_json("the options of suggestions", &options)?;
            Ok(graphs.suggestions(&name, self::kind(&kind), &options)?)
        })
        .await
    }
}

fn kind(name: &str) -> Kind {
    if name == "hyper_aa" { Kind::HyperAa } else { Kind::Aa }
}

/// A batch that isn't one.
#[derive(Debug, thiserror::Error)]
#[error("the batch isn't valid: {0}")]
struct Malformed(String);

impl canopy_core::Coded for Malformed {
    fn code(&self) -> &'static str {
        "GRAPH_BATCH"
    }

    fn fault(&self) -> canopy_core::Fault {
        canopy_core::Fault::InvalidInput
    }
}

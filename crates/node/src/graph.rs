//! Graphs as JavaScript sees them; what is computed on them: `graph_embed`, `graph_suggest`.

use crate::cancel::{BindingCancel, flag};
use crate::outcome::{Outcome, Trouble, refused, run, run_json};
use canopy_collection::from_json;
use canopy_core::Rows;
use canopy_graph::{
    CsvOptions, Error, ExplainOptions, Graph, GraphOptions, Hypergraph, Limits, Loaded, Names, explain, read_csv,
    read_graphml, read_json,
};
use canopy_graph_store::Snapshot;
use napi::bindgen_prelude::{Buffer, Float32Array, Float64Array, Uint32Array};
use napi_derive::napi;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::sync::Arc;

/// How a file is read, as it arrives in JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ReadOptions {
    format: Format,
    #[serde(default)]
    graph: GraphOptions,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    delimiter: Option<char>,
    #[serde(default)]
    header: Option<bool>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Csv,
    Graphml,
    Json,
}

/// What a graph is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    nodes: u32,
    edges: usize,
    directed: bool,
    dropped: canopy_graph::Dropped,
    hyperedges: Option<usize>,
}

/// Edges by columns.
#[napi(object, object_from_js = false)]
pub struct BindingEdges {
    /// Where they start.
    pub sources: Uint32Array,
    /// Where they end.
    pub targets: Uint32Array,
    /// Their weights.
    pub weights: Float64Array,
}

/// Hyperedges by columns.
#[napi(object, object_from_js = false)]
pub struct BindingHyperedges {
    /// Where each begins in `members`, and the end of the last.
    pub starts: Uint32Array,
    /// Nodes.
    pub members: Uint32Array,
}

/// A graph that doesn't change.
#[napi]
pub struct BindingGraph {
    pub(crate) graph: Arc<Graph>,
    pub(crate) names: Arc<Names>,
    pub(crate) hypergraph: Option<Arc<Hypergraph>>,
    version: u64,
}

impl BindingGraph {
    /// A kept graph as it was read.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let (graph, names) = (snapshot.graph.clone(), snapshot.names.clone());
        Self { graph, names, hypergraph: Some(snapshot.hypergraph.clone()), version: snapshot.version }
    }
}

#[napi]
impl BindingGraph {
    /// Builds a graph from columns. `options`: `{ directed?, parallel?: 'sum' | 'max' | 'last' }`.
    #[napi]
    pub async fn build(
        nodes: u32,
        sources: Uint32Array,
        targets: Uint32Array,
        weights: Option<Float64Array>,
        ids: Option<Buffer>,
        options: String,
    ) -> Outcome<BindingGraph> {
        run(move || -> Result<Self, Trouble> {
            let options: GraphOptions = from_json("the graph options", &options)?;
            let ids: Vec<String> = match ids {
                None => Vec::new(),
                Some(ids) => serde_json::from_slice(&ids).map_err(|_| Ids)?,
            };
            if !ids.is_empty() && ids.len() != nodes as usize {
                return Err(Ids.into());
            }
            let (sources, targets) = (sources.to_vec(), targets.to_vec());
            let graph = Graph::new(nodes, &sources, &targets, weights.as_deref(), options)?;
            Ok(Self { graph: Arc::new(graph), names: Arc::new(Names::new(ids)), hypergraph: None, version: 0 })
        })
        .await
    }

    /// Reads a file. `options`: `{ format: 'csv' | 'graphml' | 'json', graph?, limits?, delimiter?, header? }`.
    #[napi]
    pub async fn read(path: String, options: String) -> Outcome<BindingGraph> {
        run(move || -> Result<Self, Trouble> {
            let options: ReadOptions = from_json("the read options", &options)?;
            let file = File::open(&path).map_err(Error::Read)?;
            let Loaded { graph, ids, hypergraph } = match options.format {
                Format::Csv => {
                    let delimiter = options.delimiter.map_or(Ok(b','), u8::try_from).map_err(|_| Delimiter)?;
                    read_csv(file, &CsvOptions { delimiter, header: options.header }, options.graph, &options.limits)?
                }
                Format::Graphml => read_graphml(file, options.graph, &options.limits)?,
                Format::Json => read_json(file, options.graph, &options.limits)?,
            };
            let names = Arc::new(Names::new(ids));
            Ok(Self { graph: Arc::new(graph), names, hypergraph: hypergraph.map(Arc::new), version: 0 })
        })
        .await
    }

    /// `{ nodes, edges, directed, dropped, hyperedges }`.
    #[napi]
    pub async fn info(&self) -> Outcome<Buffer> {
        let (graph, hypergraph) = (self.graph.clone(), self.hypergraph.clone());
        run_json(move || -> Result<Info, Trouble> {
            Ok(Info {
                nodes: graph.nodes(),
                edges: graph.edge_count(),
                directed: graph.options().directed,
                dropped: graph.dropped(),
                hyperedges: hypergraph.map(|hypergraph| hypergraph.len()),
            })
        })
        .await
    }

    /// The version of the kept graph that this was; 0 for others.
    #[napi(catch_unwind)]
    pub fn version(&self) -> f64 {
        self.version as f64
    }

    /// The ids of the nodes as the file named them, as JSON.
    #[napi]
    pub async fn ids(&self) -> Outcome<Buffer> {
        let names = self.names.clone();
        run_json(move || Ok::<_, Trouble>(names.ids().to_vec())).await
    }

    /// The node of this id, or null.
    #[napi]
    pub async fn find(&self, id: String) -> Outcome<Option<u32>> {
        let names = self.names.clone();
        run(move || Ok::<_, Trouble>(names.find(&id))).await
    }

    /// The edges by columns, an undirected one once.
    #[napi]
    pub async fn edges(&self) -> Outcome<BindingEdges> {
        let graph = self.graph.clone();
        run(move || {
            let mut columns = (Vec::new(), Vec::new(), Vec::new());
            for edge in graph.edges() {
                columns.0.push(edge.source);
                columns.1.push(edge.target);
                columns.2.push(edge.weight);
            }
            let (sources, targets, weights) = columns;
            Ok::<_, Trouble>(BindingEdges { sources: sources.into(), targets: targets.into(), weights: weights.into() })
        })
        .await
    }

    /// The members of the hyperedges: hyperedge `i` holds `members[starts[i]..starts[i + 1]]`.
    #[napi]
    pub async fn hyperedges(&self) -> Outcome<BindingHyperedges> {
        let hypergraph = self.hypergraph.clone();
        run(move || {
            let (mut starts, mut members) = (vec![0_u32], Vec::new());
            for at in 0..hypergraph.as_ref().map_or(0, |hypergraph| hypergraph.len()) {
                members.extend(hypergraph.iter().flat_map(|hypergraph| hypergraph.members(at)));
                starts.push(u32::try_from(members.len()).unwrap_or(u32::MAX));
            }
            Ok::<_, Trouble>(BindingHyperedges { starts: starts.into(), members: members.into() })
        })
        .await
    }

    /// Explains a node: `{ nodes, edges, attn, fidelity, svg }`. `vectors` holds a row of `dim` values for each node, or nothing. `options`: `{ hops?, limit? }`.
    #[napi]
    pub async fn explain(
        &self,
        node: u32,
        vectors: Option<Float32Array>,
        dim: u32,
        options: String,
        cancel: Option<&BindingCancel>,
    ) -> Outcome<Buffer> {
        let (graph, names, cancel) = (self.graph.clone(), self.names.clone(), flag(cancel));
        run_json(move || -> Result<_, Trouble> {
            let options: ExplainOptions = from_json("the options of the explanation", &options)?;
            let rows = vectors.as_deref().map(|vectors| Rows::new(vectors, dim as usize)).transpose()?;
            Ok(explain(&graph, node, rows, names.given(), &options, &cancel)?)
        })
        .await
    }
}

refused!(Ids, "GRAPH_LENGTH", "ids must be a list of texts, one a node: send as many as there are nodes");
refused!(Delimiter, "GRAPH_OPTION", "a delimiter is one ASCII character");

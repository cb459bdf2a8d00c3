//! Links that are suggested, by common neighbours and by common hyperedges.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::graph::BindingGraph;
use crate::outcome::{Outcome, Trouble, refused, run};
use canopy_collection::from_json;
use canopy_graph::{Hypergraph, SuggestOptions, Suggestions, adamic_adar, hyper_adamic_adar};
use napi::bindgen_prelude::{Float64Array, Uint32Array};
use napi_derive::napi;
use std::sync::Arc;

/// Pairs worth joining, each once, sorted.
#[napi(object)]
pub struct BindingSuggestions {
    /// Lower nodes.
    pub sources: Uint32Array,
    /// Higher nodes.
    pub targets: Uint32Array,
    /// Scores.
    pub scores: Float64Array,
}

impl From<Suggestions> for BindingSuggestions {
    fn from(found: Suggestions) -> Self {
        let pairs = found.pairs();
        Self {
            sources: pairs.iter().map(|pair| pair.source).collect::<Vec<_>>().into(),
            targets: pairs.iter().map(|pair| pair.target).collect::<Vec<_>>().into(),
            scores: pairs.iter().map(|pair| pair.score).collect::<Vec<_>>().into(),
        }
    }
}

#[napi]
impl BindingGraph {
    /// Hyper Adamic–Adar suggestions by the graph's own hyperedges. `options`: `{ top?, minScore? }`.
    #[napi]
    pub async fn hyper_adamic_adar(
        &self,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingSuggestions> {
        let (nodes, hypergraph) = (self.graph.nodes(), self.hypergraph.clone());
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        run(move || -> Result<BindingSuggestions, Trouble> {
            let options: SuggestOptions = from_json("the options of suggestions", &options)?;
            let none: [Vec<u32>; 0] = [];
            let hypergraph = hypergraph.map_or_else(|| Hypergraph::new(nodes, &none).map(Arc::new), Ok)?;
            Ok(hyper_adamic_adar(&hypergraph, &options, &cancel, &progress)?.into())
        })
        .await
    }

    /// Adamic–Adar suggestions. `options`: `{ top?, minScore? }`.
    #[napi]
    pub async fn adamic_adar(
        &self,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingSuggestions> {
        let (graph, cancel, progress) = (self.graph.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<BindingSuggestions, Trouble> {
            let options: SuggestOptions = from_json("the options of suggestions", &options)?;
            Ok(adamic_adar(&graph, &options, &cancel, &progress)?.into())
        })
        .await
    }
}

/// Hyper Adamic–Adar suggestions; hyperedge `i` holds `members[starts[i]..starts[i + 1]]`. `options`: `{ top?, minScore? }`.
#[napi]
pub async fn hyper_suggestions(
    nodes: u32,
    starts: Uint32Array,
    members: Uint32Array,
    options: String,
    cancel: Option<&BindingCancel>,
    #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<OnProgress>,
) -> Outcome<BindingSuggestions> {
    let (cancel, progress) = (flag(cancel), progress(on_progress));
    run(move || -> Result<BindingSuggestions, Trouble> {
        let options: SuggestOptions = from_json("the options of suggestions", &options)?;
        let hypergraph = hypergraph(nodes, &starts, &members)?;
        Ok(hyper_adamic_adar(&hypergraph, &options, &cancel, &progress)?.into())
    })
    .await
}

/// A hypergraph from columns.
pub(crate) fn hypergraph(nodes: u32, starts: &[u32], members: &[u32]) -> Result<Hypergraph, Trouble> {
    let lists = starts
        .windows(2)
        .map(|ends| members.get(ends[0] as usize..ends[1] as usize).ok_or(Starts))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Hypergraph::new(nodes, &lists)?)
}

refused!(
    Starts,
    "GRAPH_LENGTH",
    "starts must ascend and end within members: send where each hyperedge begins, and the end of the last"
);

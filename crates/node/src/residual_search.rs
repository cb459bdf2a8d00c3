//! What a tree by residual correlation is asked.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::cover_tree::{BindingNeighbours, Coordinates, points};
use crate::outcome::{Outcome, Trouble, run};
use crate::residual_tree::BindingResidualTree;
use canopy_collection::from_json;
use canopy_core::{Cancel, Progress};
use canopy_cover_tree::{Error, GivenFactors, ResidualAnswer, ResidualTree, Search};
use napi::bindgen_prelude::Either;
use napi_derive::napi;
use serde::Deserialize;

/// A search with factors from elsewhere, as it arrives in JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct With {
    dim: usize,
    k: usize,
    search: Search,
}

/// Neighbours, and how they were found, as JSON: `{ exact, gate: { candidates, kept, pruned }, widened, audit }`.
#[napi(object)]
pub struct BindingResidualAnswer {
    /// Ids and distances `sqrt(1 - |ρ|)`.
    pub neighbours: BindingNeighbours,
    /// JSON.
    pub report: String,
}

/// A question about all points.
type Own = fn(&ResidualTree, usize, &Search, &Cancel, &Progress) -> Result<ResidualAnswer, Error>;

/// Rows of V and residual variances from elsewhere.
pub(crate) fn given(v: &Coordinates, p: &Coordinates) -> GivenFactors {
    let wide = |values: &Coordinates| match values {
        Either::A(values) => values.iter().copied().map(f64::from).collect::<Vec<f64>>(),
        Either::B(values) => values.to_vec(),
    };
    let (v, p) = (wide(v), wide(p));
    // A length that doesn't divide is found when the factors are held against the points.
    GivenFactors { count: v.len() / p.len().max(1), v, p }
}

fn answer(found: ResidualAnswer) -> Result<BindingResidualAnswer, Trouble> {
    let report = String::from_utf8(canopy_collection::to_json(&found.report)?).unwrap_or_default();
    Ok(BindingResidualAnswer { neighbours: found.neighbours.into(), report })
}

impl BindingResidualTree {
    async fn own(
        &self,
        ask: Own,
        k: u32,
        search: String,
        cancel: Cancel,
        progress: Progress,
    ) -> Outcome<BindingResidualAnswer> {
        let shared = self.shared.clone();
        run(move || -> Result<BindingResidualAnswer, Trouble> {
            let search: Search = from_json("the search options", &search)?;
            answer(ask(&*shared.tree()?, k as usize, &search, &cancel, &progress)?)
        })
        .await
    }
}

#[napi]
impl BindingResidualTree {
    /// The `k` nearest of every query. `search`: `{ exact?, gate?: 'off' | 'lookup' | 'audit', audit?, leastRecall?, onMiss?: 'widen' | 'fail' }`.
    #[napi]
    pub async fn knn(
        &self,
        queries: Coordinates,
        dim: u32,
        k: u32,
        search: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingResidualAnswer> {
        let (shared, cancel, progress) = (self.shared.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<BindingResidualAnswer, Trouble> {
            let search: Search = from_json("the search options", &search)?;
            let queries = points(&queries, dim as usize)?;
            answer(shared.tree()?.knn(&queries, k as usize, &search, &cancel, &progress)?)
        })
        .await
    }

    /// The `k` nearest of every query, whose V and p were computed elsewhere. `request`: `{ dim, k, search }`.
    #[napi]
    pub async fn knn_with(
        &self,
        queries: Coordinates,
        v: Coordinates,
        p: Coordinates,
        request: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingResidualAnswer> {
        let (shared, cancel, progress) = (self.shared.clone(), flag(cancel), progress(on_progress));
        run(move || -> Result<BindingResidualAnswer, Trouble> {
            let With { dim, k, search } = from_json("the search options", &request)?;
            let queries = points(&queries, dim)?;
            answer(shared.tree()?.knn_with(&queries, &given(&v, &p), k, &search, &cancel, &progress)?)
        })
        .await
    }

    /// The `k` nearest others of every point.
    #[napi]
    pub async fn knn_all(
        &self,
        k: u32,
        search: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingResidualAnswer> {
        self.own(ResidualTree::knn_all, k, search, flag(cancel), progress(on_progress)).await
    }

    /// For every point `i` the `k` nearest `j < i`.
    #[napi]
    pub async fn predecessors(
        &self,
        k: u32,
        search: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingResidualAnswer> {
        self.own(ResidualTree::predecessors, k, search, flag(cancel), progress(on_progress)).await
    }
}

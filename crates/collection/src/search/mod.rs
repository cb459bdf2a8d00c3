//! One search: filter, two legs, fusion, the page.

mod answer;
mod batch;
mod feedback;
mod fusion;
mod legs;
mod page;
mod request;
mod similar;

pub use answer::{SearchAnswer, SearchHit};
pub use request::{Mode, SearchRequest};

use crate::collection::Collection;
use crate::embedding::Ready;
use crate::error::Error;
use crate::filter;
use crate::resident::Resident;
use canopy_core::{Cancel, Progress, SlotSet};
use canopy_store::{CollectionSpec, Store};
use std::time::Instant;

/// A search with everything decided: which legs run, with what, over which slots.
pub(crate) struct Plan<'a> {
    pub(crate) request: &'a SearchRequest,
    /// The query text of the keyword leg, if it runs.
    pub(crate) text: Option<&'a str>,
    /// The query vector of the vector leg, if it runs.
    pub(crate) vector: Option<&'a [f32]>,
    /// The slots that may be found, where not all may.
    pub(crate) allow: Option<SlotSet>,
    pub(crate) notes: Vec<String>,
}

impl Plan<'_> {
    fn mode(&self) -> Mode {
        match (self.text, self.vector) {
            (Some(_), Some(_)) => Mode::Hybrid,
            (None, Some(_)) => Mode::Vector,
            _ => Mode::Keyword,
        }
    }
}

impl Collection {
    /// Searches by words, by meaning, or both.
    ///
    /// `request` is the JSON of a [`SearchRequest`]; `vector`, if given, is the query of the vector leg, and the
    /// text is then only used for keywords. Any text is a valid query. A hybrid search whose model can't be used
    /// answers with keywords alone and says so in `notes`.
    ///
    /// # Errors
    /// `JSON_INVALID`, `SEARCH_REQUEST`, `SEARCH_EMPTY`, `FILTER_INVALID`, `VECTOR_*`, `MODEL_LOADING`,
    /// `MODEL_MISSING` and `MODEL_MISMATCH` (vector searches only), `COLLECTION_NOT_FOUND`, `CANCELLED`, `STORE_*`.
    pub fn search(&self, request: &str, vector: Option<&[f32]>, cancel: &Cancel) -> Result<SearchAnswer, Error> {
        let started = Instant::now();
        let request = SearchRequest::parse(request)?;
        let store = self.shared.store()?;
        loop {
            let spec = self.spec(&store)?;
            let mut notes = Vec::new();
            let made = match vector {
                Some(vector) => {
                    self.check_query(&spec, vector)?;
                    None
                }
                None => self.query_vector(&spec, &request, &mut notes, cancel)?,
            };
            let vector = vector.or(made.as_deref()).filter(|_| request.mode != Mode::Keyword);
            let text = request.text.as_deref().filter(|_| request.mode != Mode::Vector);
            if text.is_none() && vector.is_none() {
                return if notes.is_empty() { Err(Error::SearchEmpty) } else { Ok(nothing(notes, started)) };
            }
            let resident = self.resident(&store, cancel, &Progress::default())?;
            if resident.spec != spec.vectors {
                // A rebuild changed the model in between: this query vector is of the former one.
                drop(resident);
                cancel.check()?;
                std::thread::yield_now();
                continue;
            }
            if made.is_some() {
                notes.extend(without_vector(&resident));
            }
            let allow = allowed(&request, &resident)?;
            let plan = Plan { request: &request, text, vector, allow, notes };
            return self.answer(&store, &resident, plan, started, cancel);
        }
    }

    /// Runs a plan against the resident state and reads the page's records.
    fn answer(
        &self,
        store: &Store,
        resident: &Resident,
        plan: Plan<'_>,
        started: Instant,
        cancel: &Cancel,
    ) -> Result<SearchAnswer, Error> {
        let ranked = legs::rank(&plan, resident, cancel)?;
        let (hits, next) = page::read(store, self.key, resident, &plan, &ranked)?;
        let mode = plan.mode();
        Ok(SearchAnswer { hits, mode, notes: plan.notes, next, took_ms: started.elapsed().as_secs_f64() * 1e3 })
    }

    fn check_query(&self, spec: &CollectionSpec, vector: &[f32]) -> Result<(), Error> {
        let Some(spec) = &spec.vectors else { return Err(Error::NoVectors(self.name.clone())) };
        Ok(self.shaped(vector, spec.dim as usize, 1)?.check_finite()?)
    }

    /// The text as a vector, where the search wants one and the collection's model can make it.
    fn query_vector(
        &self,
        spec: &CollectionSpec,
        request: &SearchRequest,
        notes: &mut Vec<String>,
        cancel: &Cancel,
    ) -> Result<Option<Vec<f32>>, Error> {
        let Some(text) = request.text.as_deref().filter(|_| request.mode != Mode::Keyword) else { return Ok(None) };
        let explicit = request.mode == Mode::Vector;
        let trouble = match self.model(spec, request.wait)? {
            Ready::Model(model) => {
                let vector = self.shared.models.embed_query(&*model, text, cancel)?;
                if vector.is_some() {
                    return Ok(vector);
                }
                // Any text is a valid query; this one is like nothing.
                let searched = if explicit { "found nothing" } else { "searched by keywords only" };
                notes.push(format!("{searched}: the model knows no word of this text"));
                return Ok(None);
            }
            Ready::None if spec.vectors.is_some() => Error::ModelMissing(format!(
                "collection {:?} takes vectors from its callers: send `vector` with the search",
                self.name
            )),
            Ready::None if explicit => return Err(Error::NoVectors(self.name.clone())),
            Ready::None => return Ok(None),
            Ready::Missing(error) => error,
        };
        if explicit {
            return Err(trouble);
        }
        notes.push(format!("searched by keywords only: {trouble}"));
        Ok(None)
    }
}

/// What a search by meaning can't see: an interrupted change of the model leaves such records, and so do weights that were missing.
fn without_vector(resident: &Resident) -> Option<String> {
    let (all, with) = (resident.live.len(), resident.vectors.as_ref()?.exact().len());
    // A few texts always have no word that a model knows; that is no news.
    let without = all.checked_sub(with).filter(|&count| count * WORTH_A_NOTE > all)?;
    Some(format!("{without} of {all} records have no vector and are found by keywords only: `rebuild` embeds them"))
}

/// One record in so many without a vector is worth a note.
const WORTH_A_NOTE: usize = 100;

/// The answer to a vector search for a text that its model has no vector for.
fn nothing(notes: Vec<String>, started: Instant) -> SearchAnswer {
    let took_ms = started.elapsed().as_secs_f64() * 1e3;
    SearchAnswer { hits: Vec::new(), mode: Mode::Vector, notes, next: None, took_ms }
}

/// The slots that the request's filter lets through; `None` when it has no filter.
fn allowed(request: &SearchRequest, resident: &Resident) -> Result<Option<SlotSet>, Error> {
    let Some(json) = &request.filter else { return Ok(None) };
    Ok(Some(filter::evaluate(&filter::parse(json)?, &resident.columns, &resident.live)))
}

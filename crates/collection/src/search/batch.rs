//! Many vector searches at once.

use super::fusion::Candidate;
use super::request::{Mode, SearchRequest};
use super::{Plan, SearchAnswer, allowed, page};
use crate::collection::Collection;
use crate::error::Error;
use canopy_core::{Cancel, Progress, Rows};
use std::time::Instant;

/// Queries a call at most.
const MAX_QUERIES: usize = 10_000;
/// Candidates of all queries together at most: their answers would otherwise fill the memory.
const MAX_CANDIDATES: usize = 1_000_000;

impl Collection {
    /// A vector search for every row of `vectors`; the stored vectors are read once a block of queries, not once a query.
    ///
    /// `request` is the JSON of a [`SearchRequest`] without `text`, shared by all queries.
    ///
    /// # Errors
    /// Those of [`Collection::search`].
    pub fn search_batch(&self, request: &str, vectors: &[f32], cancel: &Cancel) -> Result<Vec<SearchAnswer>, Error> {
        let started = Instant::now();
        let mut request = SearchRequest::parse(request)?;
        if request.text.is_some() || request.mode == Mode::Keyword {
            return Err(Error::Request("a batch searches by vectors: leave text and mode out".to_owned()));
        }
        request.mode = Mode::Vector;
        let store = self.shared.store()?;
        let spec = self.spec(&store)?;
        let Some(spec) = &spec.vectors else { return Err(Error::NoVectors(self.name.clone())) };
        let rows = Rows::new(vectors, spec.dim as usize)?;
        rows.check_finite()?;
        if rows.len() > MAX_QUERIES {
            return Err(Error::Request(format!("{} queries in a batch; at most {MAX_QUERIES}", rows.len())));
        }
        let candidates = rows.len() * (request.offset + request.limit);
        if candidates > MAX_CANDIDATES {
            return Err(Error::Request(format!(
                "{} queries of {} hits are {candidates}; at most {MAX_CANDIDATES}: send smaller batches",
                rows.len(),
                request.offset + request.limit
            )));
        }
        let resident = self.resident(&store, cancel, &Progress::default())?;
        // A rebuild may have changed them since; the callers' vectors are then of the former kind.
        let Some(index) = resident.vectors.as_ref().filter(|index| index.exact().dim() == rows.dim()) else {
            return Err(Error::NoVectors(self.name.clone()));
        };
        let allow = allowed(&request, &resident)?;
        let wanted = request.offset + request.limit + 1;
        let found = index.search_batch(rows, wanted, allow.as_ref(), cancel)?;
        let plan = Plan { request: &request, text: None, vector: None, allow: None, notes: Vec::new() };
        let answers = found.iter().map(|hits| {
            cancel.check()?;
            let ranked: Vec<Candidate> = hits
                .iter()
                .map(|hit| Candidate {
                    slot: hit.slot,
                    keyword: 0.0,
                    vector: Some(hit.score),
                    meaning: Some(hit.score),
                    score: hit.score,
                })
                .collect();
            let (hits, next) = page::read(&store, self.key, &resident, &plan, &ranked)?;
            let took_ms = started.elapsed().as_secs_f64() * 1e3;
            Ok(SearchAnswer { hits, mode: Mode::Vector, notes: Vec::new(), next, took_ms })
        });
        answers.collect()
    }
}

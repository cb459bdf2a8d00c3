//! Running the legs and fusing what they found.

use super::fusion::{Candidate, HEAD, Legs, fuse};
use super::request::FusionKind;
use super::{Plan, feedback};
use crate::error::Error;
use crate::resident::Resident;
use canopy_ann::flat::FlatIndex;
use canopy_core::{Cancel, Hit, MetricKind};
use canopy_keyword::Query;
use std::collections::HashMap;

/// Pages past the first [`HEAD`] hits take this many candidates a leg, so that they all see the same ones.
const DEEP: usize = 10_000;

/// The candidates, best first, with the scores of the legs that ran.
pub(crate) fn rank(plan: &Plan<'_>, resident: &Resident, cancel: &Cancel) -> Result<Vec<Candidate>, Error> {
    // One more than the page, so that the answer knows whether another page follows.
    let wanted = plan.request.offset + plan.request.limit + 1;
    match (plan.text, plan.vector.zip(resident.vectors.as_ref())) {
        (Some(text), Some((vector, index))) => {
            let depth = if wanted <= HEAD { HEAD } else { wanted.max(DEEP) };
            // One leg after the other: the vector leg uses every core by itself where that pays.
            let query = resident.keyword.query(text);
            let words = query.search(depth, plan.allow.as_ref(), cancel)?;
            let meaning = index.search(vector, depth, plan.allow.as_ref(), cancel)?;
            let mut candidates = unite(&words, &meaning);
            let exact = index.exact();
            complete(&query, vector, exact, &mut candidates)?;
            let legs = Legs { keyword: &words, vector: &meaning };
            fuse(plan.request, &legs, &mut candidates);
            if plan.request.fusion == FusionKind::Adaptive && exact.metric() == MetricKind::Cosine {
                feedback::refine(vector, exact, &mut candidates)?;
                fuse(plan.request, &legs, &mut candidates);
            }
            Ok(candidates)
        }
        (None, Some((vector, index))) => {
            let hits = index.search(vector, wanted, plan.allow.as_ref(), cancel)?;
            Ok(hits.iter().map(|hit| single(hit, 0.0, Some(hit.score))).collect())
        }
        (text, None) => {
            let query = resident.keyword.query(text.unwrap_or_default());
            let hits = query.search(wanted, plan.allow.as_ref(), cancel)?;
            Ok(hits.iter().map(|hit| single(hit, hit.score, None)).collect())
        }
    }
}

fn single(hit: &Hit, keyword: f32, vector: Option<f32>) -> Candidate {
    Candidate { slot: hit.slot, keyword, vector, meaning: vector, score: hit.score }
}

fn unite(words: &[Hit], meaning: &[Hit]) -> Vec<Candidate> {
    let mut found: HashMap<u32, Candidate> = HashMap::with_capacity(words.len() + meaning.len());
    let empty = |slot| Candidate { slot, keyword: 0.0, vector: None, meaning: None, score: 0.0 };
    for hit in words {
        found.entry(hit.slot).or_insert_with(|| empty(hit.slot)).keyword = hit.score;
    }
    for hit in meaning {
        let candidate = found.entry(hit.slot).or_insert_with(|| empty(hit.slot));
        (candidate.vector, candidate.meaning) = (Some(hit.score), Some(hit.score));
    }
    found.into_values().collect()
}

/// Asks each leg for its score of what only the other leg found.
fn complete(query: &Query<'_>, vector: &[f32], index: &FlatIndex, candidates: &mut [Candidate]) -> Result<(), Error> {
    let (slots, at): (Vec<u32>, Vec<usize>) = missing(candidates, |candidate| candidate.keyword == 0.0);
    for (score, i) in query.score(&slots).into_iter().zip(at) {
        candidates[i].keyword = score;
    }
    let (slots, at): (Vec<u32>, Vec<usize>) =
        missing(candidates, |candidate| candidate.vector.is_none() && index.vector(candidate.slot).is_some());
    for (score, i) in index.score(vector, &slots)?.into_iter().zip(at) {
        (candidates[i].vector, candidates[i].meaning) = (Some(score), Some(score));
    }
    Ok(())
}

fn missing(candidates: &[Candidate], is_missing: impl Fn(&Candidate) -> bool) -> (Vec<u32>, Vec<usize>) {
    candidates.iter().enumerate().filter(|(_, candidate)| is_missing(candidate)).map(|(i, c)| (c.slot, i)).unzip()
}

//! From ranked candidates to the hits of one page.

use super::Plan;
use super::answer::{Marked, Scores, SearchHit};
use super::fusion::Candidate;
use super::request::Part;
use crate::error::Error;
use crate::read::{current, raw};
use crate::resident::Resident;
use canopy_keyword::{Fragment, HighlightOptions, Query};
use canopy_store::{Record, Store};

/// The hits of the page, and the offset of the next one if more follow.
pub(crate) fn read(
    store: &Store,
    key: u32,
    resident: &Resident,
    plan: &Plan<'_>,
    ranked: &[Candidate],
) -> Result<(Vec<SearchHit>, Option<usize>), Error> {
    let request = plan.request;
    let good = match request.min_score {
        // Candidates are sorted, so the floor cuts a tail.
        Some(floor) => &ranked[..ranked.partition_point(|candidate| candidate.score >= floor)],
        None => ranked,
    };
    let page = good.get(request.offset..).unwrap_or_default();
    let next = (page.len() > request.limit).then_some(request.offset + request.limit);
    let page = &page[..page.len().min(request.limit)];
    let slots: Vec<u32> = page.iter().map(|candidate| candidate.slot).collect();
    let with_vector = request.wants(Part::Vector) && resident.vectors.is_some();
    let records = current(store, key, resident, &slots, with_vector)?;
    let words = request.text.as_deref().or(plan.text).filter(|_| request.highlight.sizes().is_some());
    let query = words.map(|text| resident.keyword.query(text));
    let hits = page
        .iter()
        .zip(records)
        // A record can be deleted between the ranking and here; it is not a hit any more.
        .filter_map(|(candidate, record)| record.map(|record| hit(plan, query.as_ref(), candidate, record)))
        .collect::<Result<_, _>>()?;
    Ok((hits, next))
}

fn hit(plan: &Plan<'_>, query: Option<&Query<'_>>, candidate: &Candidate, record: Record) -> Result<SearchHit, Error> {
    let request = plan.request;
    let highlights = query.zip(request.highlight.sizes()).map(|(query, (length, fragments))| {
        query.highlight(&record.text, &HighlightOptions { length, fragments }).into_iter().map(mark).collect()
    });
    let scores = request
        .wants(Part::Scores)
        .then(|| Scores { keyword: plan.text.is_some().then_some(candidate.keyword), vector: candidate.vector });
    Ok(SearchHit {
        id: record.id,
        score: candidate.score,
        scores,
        text: request.wants(Part::Text).then_some(record.text),
        metadata: request.wants(Part::Metadata).then(|| raw(record.metadata)).transpose()?,
        vector: record.vector,
        highlights,
    })
}

/// Spans arrive as byte offsets; JavaScript slices strings by UTF-16 code units.
fn mark(fragment: Fragment) -> Marked {
    let mut spans = Vec::with_capacity(fragment.spans.len());
    let (mut bytes, mut units) = (0_usize, 0_u32);
    let mut advance = |to: u32| {
        let to = to as usize;
        units += fragment.text[bytes..to].chars().map(|c| if c.len_utf16() == 2 { 2 } else { 1 }).sum::<u32>();
        bytes = to;
        units
    };
    for &(start, end) in &fragment.spans {
        spans.push((advance(start), advance(end)));
    }
    Marked { text: fragment.text, html: fragment.html, spans }
}

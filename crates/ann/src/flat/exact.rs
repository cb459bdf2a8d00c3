//! Scores in `f32`: the second look at candidates, and the scan of everything where codes don't help.

use super::FlatIndex;
use super::bound::Bound;
use super::chunk::{CHUNK, Chunk};
use super::codes::Candidate;
use super::filter::{BLOCK, Filter, word};
use super::query::Query;
use canopy_core::{Cancel, Cancelled, Hit, MetricKind, TopK};
use canopy_simd::{dot_f32, dot_rows_f32, l2sq_f32, l2sq_rows_f32};

/// Candidates between two looks at the cancel flag.
const POLL: usize = 64;

/// The score of one vector: the same bits as [`scores`] gives it.
pub(super) fn score(metric: MetricKind, query: &[f32], row: &[f32]) -> f32 {
    match metric {
        MetricKind::Cosine | MetricKind::Dot => dot_f32(query, row),
        MetricKind::L2 => -l2sq_f32(query, row),
    }
}

fn scores(metric: MetricKind, query: &[f32], rows: &[f32], out: &mut [f32]) {
    match metric {
        MetricKind::Cosine | MetricKind::Dot => dot_rows_f32(query, rows, out),
        MetricKind::L2 => {
            l2sq_rows_f32(query, rows, out);
            out.iter_mut().for_each(|value| *value = -*value);
        }
    }
}

/// Scores every allowed vector of chunk `number` for all queries.
pub(super) fn scan(
    chunk: &Chunk,
    number: usize,
    metric: MetricKind,
    queries: &[&Query],
    filter: Option<&Filter>,
    cancel: &Cancel,
    tops: &mut [TopK],
) -> Result<(), Cancelled> {
    let mut values = [0.0; BLOCK];
    for block in 0..chunk.len().div_ceil(BLOCK) {
        cancel.check()?;
        let allowed = word(filter, number, block, chunk.len());
        if allowed == 0 {
            continue;
        }
        let (start, end) = (block * BLOCK, chunk.len().min((block + 1) * BLOCK));
        for (query, top) in queries.iter().zip(tops.iter_mut()) {
            let values = &mut values[..end - start];
            scores(metric, &query.values, chunk.rows(start..end), values);
            let mut least = top.threshold();
            for (i, &score) in values.iter().enumerate() {
                // Equal scores are offered too: the heap prefers the lower slot.
                if score >= least && allowed >> i & 1 == 1 {
                    top.push(Hit { slot: chunk.slots[start + i], score });
                    least = top.threshold();
                }
            }
        }
    }
    Ok(())
}

impl FlatIndex {
    fn hit(&self, query: &Query, position: usize) -> Hit {
        let (chunk, at) = (&self.chunks[position / CHUNK], position % CHUNK);
        Hit { slot: chunk.slots[at], score: score(self.metric, &query.values, chunk.row(at)) }
    }

    /// The best of the given positions.
    pub(super) fn best_of(
        &self,
        query: &Query,
        k: usize,
        positions: impl Iterator<Item = usize>,
        cancel: &Cancel,
    ) -> Result<TopK, Cancelled> {
        let mut top = TopK::new(k);
        for (i, position) in positions.enumerate() {
            if i.is_multiple_of(POLL) {
                cancel.check()?;
            }
            top.push(self.hit(query, position));
        }
        Ok(top)
    }

    /// The best of the candidates, which come most promising first.
    pub(super) fn rerank(
        &self,
        query: &Query,
        bound: &Bound,
        k: usize,
        candidates: &[Candidate],
        cancel: &Cancel,
    ) -> Result<TopK, Cancelled> {
        let mut top = TopK::new(k);
        for (i, candidate) in candidates.iter().enumerate() {
            if i.is_multiple_of(POLL) {
                cancel.check()?;
            }
            // From here on no candidate can reach the k-th score; one that could equal it is still looked at.
            if bound.score(candidate.upper) < f64::from(top.threshold()) {
                break;
            }
            top.push(self.hit(query, candidate.position as usize));
        }
        Ok(top)
    }
}

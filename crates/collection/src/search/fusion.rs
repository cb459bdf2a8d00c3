//! Two rankings into one.

use super::request::{FusionKind, SearchRequest, Weights};
use canopy_core::Hit;
use canopy_keyword::QueryStats;
use std::collections::HashMap;

/// A record with the scores of both legs. Both legs have scored every candidate by the time they are fused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) slot: u32,
    /// BM25; 0 when no word matches.
    pub(crate) keyword: f32,
    /// Similarity; `None` for a record without a vector.
    pub(crate) vector: Option<f32>,
    /// The fused score.
    pub(crate) score: f32,
}

/// The two legs' rankings, and what is known of the query.
pub(crate) struct Legs<'a> {
    /// Best first.
    pub(crate) keyword: &'a [Hit],
    /// Best first.
    pub(crate) vector: &'a [Hit],
    /// What the query's words look like to the collection.
    pub(crate) stats: &'a QueryStats,
}

/// Scores the candidates and sorts them, best first.
pub(crate) fn fuse(request: &SearchRequest, legs: &Legs<'_>, candidates: &mut [Candidate]) {
    match request.fusion {
        FusionKind::Rrf => reciprocal_ranks(request, legs, candidates),
        FusionKind::Adaptive => adaptive(request.weights, legs, candidates),
    }
    candidates.sort_unstable_by(|a, b| {
        let hit = |candidate: &Candidate| Hit { slot: candidate.slot, score: candidate.score };
        Hit::best_first(&hit(a), &hit(b))
    });
}

fn reciprocal_ranks(request: &SearchRequest, legs: &Legs<'_>, candidates: &mut [Candidate]) {
    let ranks = |hits: &[Hit]| (1_u16..).zip(hits).map(|(rank, hit)| (hit.slot, rank)).collect::<HashMap<_, _>>();
    let (keyword, vector) = (ranks(legs.keyword), ranks(legs.vector));
    let share = |ranks: &HashMap<u32, u16>, slot, weight: f32| {
        ranks.get(&slot).map_or(0.0, |&rank| weight / (request.rrf_k + f32::from(rank)))
    };
    for candidate in candidates {
        candidate.score = share(&keyword, candidate.slot, request.weights.keyword)
            + share(&vector, candidate.slot, request.weights.vector);
    }
}

/// Convex combination of normalised scores (Bruch, Gai & Ingber, TOIS 2023), with weights that follow the query.
fn adaptive(weights: Weights, legs: &Legs<'_>, candidates: &mut [Candidate]) {
    let (keyword, vector) = (Scale::of(legs.keyword), Scale::of(legs.vector));
    let trust_keyword = weights.keyword * known_share(legs.stats);
    let total = trust_keyword + weights.vector;
    let share = if total > 0.0 { trust_keyword / total } else { 0.0 };
    for candidate in candidates {
        let words = keyword.normalise(candidate.keyword);
        let meaning = candidate.vector.map_or(0.0, |score| vector.normalise(score));
        candidate.score = share * words + (1.0 - share) * meaning;
    }
}

/// The share of the query's words that some document holds, in 0..=1.
#[expect(clippy::cast_precision_loss, reason = "a query has at most thousands of words")]
fn known_share(stats: &QueryStats) -> f32 {
    if stats.terms == 0 { 0.0 } else { stats.known as f32 / stats.terms as f32 }
}

/// The range of scores of one leg's candidates.
struct Scale {
    low: f32,
    width: f32,
}

impl Scale {
    fn of(hits: &[Hit]) -> Self {
        let (Some(best), Some(worst)) = (hits.first(), hits.last()) else { return Self { low: 0.0, width: 0.0 } };
        Self { low: worst.score, width: best.score - worst.score }
    }

    fn normalise(&self, score: f32) -> f32 {
        if self.width > 0.0 {
            ((score - self.low) / self.width).clamp(0.0, 1.0)
        } else if score >= self.low && self.low != 0.0 {
            1.0
        } else {
            0.0
        }
    }
}

//! Two rankings into one.

use super::request::{FusionKind, SearchRequest, Weights};
use canopy_core::Hit;
use std::collections::{HashMap, HashSet};

/// A record with the scores of both legs. Both legs have scored every candidate by the time they are fused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) slot: u32,
    /// BM25; 0 when no word matches.
    pub(crate) keyword: f32,
    /// Similarity to the query as it was asked; `None` for a record without a vector.
    pub(crate) vector: Option<f32>,
    /// The similarity that the fusion goes by; feedback may have moved it away from `vector`.
    pub(crate) meaning: Option<f32>,
    /// The fused score.
    pub(crate) score: f32,
}

/// The two legs' rankings.
pub(crate) struct Legs<'a> {
    /// Best first.
    pub(crate) keyword: &'a [Hit],
    /// Best first.
    pub(crate) vector: &'a [Hit],
}

/// The first hits of each leg, from which alone a ranking's scales are taken.
///
/// Pages further down ask the legs for more candidates; those come behind the first ones, in whose order they change
/// nothing, so that no record shows up on two pages.
pub(crate) const HEAD: usize = 100;

/// Scores the candidates and sorts them, best first.
pub(crate) fn fuse(request: &SearchRequest, legs: &Legs<'_>, candidates: &mut [Candidate]) {
    let head = Legs { keyword: head(legs.keyword), vector: head(legs.vector) };
    match request.fusion {
        FusionKind::Rrf => reciprocal_ranks(request, legs, &head, candidates),
        FusionKind::Adaptive => adaptive(request.weights, &head, candidates),
    }
    if legs.keyword.len() > HEAD || legs.vector.len() > HEAD {
        put_tail_behind(&head, candidates);
    }
    candidates.sort_unstable_by(|a, b| {
        let hit = |candidate: &Candidate| Hit { slot: candidate.slot, score: candidate.score };
        Hit::best_first(&hit(a), &hit(b))
    });
}

fn head(hits: &[Hit]) -> &[Hit] {
    &hits[..hits.len().min(HEAD)]
}

/// Scales the scores of what neither leg has among its first hits below those that one has.
fn put_tail_behind(head: &Legs<'_>, candidates: &mut [Candidate]) {
    let first: HashSet<u32> = head.keyword.iter().chain(head.vector).map(|hit| hit.slot).collect();
    let is_first = |candidate: &Candidate| first.contains(&candidate.slot);
    let lowest = candidates.iter().filter(|c| is_first(c)).map(|c| c.score).fold(f32::INFINITY, f32::min);
    for candidate in candidates.iter_mut().filter(|candidate| !is_first(candidate)) {
        // Below 1 whatever the weights, and in the same order.
        candidate.score = lowest * candidate.score / (1.0 + candidate.score);
    }
}

/// What is among a leg's first hits counts by its ranks there alone, so that looking deeper doesn't reorder it.
fn reciprocal_ranks(request: &SearchRequest, legs: &Legs<'_>, head: &Legs<'_>, candidates: &mut [Candidate]) {
    let (first, all) = (Ranks::of(head), Ranks::of(legs));
    for candidate in candidates {
        let score = first.score(request, candidate.slot);
        candidate.score = if score > 0.0 { score } else { all.score(request, candidate.slot) };
    }
}

/// Rank by slot, from 1, in each leg.
struct Ranks {
    keyword: HashMap<u32, u32>,
    vector: HashMap<u32, u32>,
}

impl Ranks {
    fn of(legs: &Legs<'_>) -> Self {
        let ranks = |hits: &[Hit]| (1_u32..).zip(hits).map(|(rank, hit)| (hit.slot, rank)).collect();
        Self { keyword: ranks(legs.keyword), vector: ranks(legs.vector) }
    }

    #[expect(clippy::cast_precision_loss, reason = "ranks stay below 2^24")]
    fn score(&self, request: &SearchRequest, slot: u32) -> f32 {
        let share = |ranks: &HashMap<u32, u32>, weight: f32| {
            ranks.get(&slot).map_or(0.0, |&rank| weight / (request.rrf_k + rank as f32))
        };
        share(&self.keyword, request.weights.keyword) + share(&self.vector, request.weights.vector)
    }
}

/// How much the keyword leg counts beside an equally sure vector leg.
///
/// A value from 0.35 to 0.5 gives the same nDCG within 0.006 on Cranfield, CISI and five kinds of queries that `canopy bench
/// quality` derives from WordNet; of the ranks and powers tried beside it, these are in the middle of what does well everywhere.
const KEYWORD_SHARE: f32 = 0.42;
/// The rank against which a leg's best score is held: whoever is behind it seldom reaches the first page.
const RIVAL_RANK: usize = 20;

/// Convex combination of normalised scores (Bruch, Gai & Ingber, TOIS 2023), with weights that follow the query.
///
/// A leg that can't tell its candidates apart says little: when BM25's 21st hit is about as good as its first (common
/// words), or when the cosine's candidates all lie equally far (a query of codes or names that the model doesn't know),
/// the other leg decides. Fixed ranks or weights lose there to one leg alone.
fn adaptive(weights: Weights, legs: &Legs<'_>, candidates: &mut [Candidate]) {
    let (words, meaning) = (word_scale(legs.keyword), meaning_scale(candidates));
    let sure_words = weights.keyword * KEYWORD_SHARE * gap(legs.keyword);
    let sure_meaning = weights.vector * spread(legs.vector).powf(1.5);
    let (part, whole) = match sure_words + sure_meaning {
        // Neither leg is sure of anything: what the caller wants decides alone.
        0.0 => (weights.keyword, weights.keyword + weights.vector),
        sum => (sure_words, sum),
    };
    let share = part / whole;
    for candidate in candidates {
        let by_meaning = candidate.meaning.map_or(0.0, |score| meaning.normalise(score));
        candidate.score = share * words.normalise(candidate.keyword) + (1.0 - share) * by_meaning;
    }
}

/// The best hit and the rival it is held against: the 21st, or the last of fewer.
fn best_and_rival(hits: &[Hit]) -> Option<(f32, f32)> {
    let rival = hits.get(RIVAL_RANK).or(hits.last())?;
    Some((hits.first()?.score, rival.score))
}

/// How far BM25's best hit stands above its rival, as a share of its score, in 0..=1; a hit without rivals is sure.
fn gap(hits: &[Hit]) -> f32 {
    match best_and_rival(hits) {
        Some(_) if hits.len() == 1 => 1.0,
        Some((best, rival)) => (best - rival) / best,
        None => 0.0,
    }
}

/// How much of the way from its rival to a perfect match the vector leg's best hit has gone, in 0..=1.
///
/// Under dot and l2 no score is perfect by itself; there the best hit's own size is the measure.
fn spread(hits: &[Hit]) -> f32 {
    let Some((best, rival)) = best_and_rival(hits) else { return 0.0 };
    let perfect = if best <= 1.0 + COSINE_SLACK && rival >= -1.0 - COSINE_SLACK { 1.0 } else { best };
    let way = (perfect - rival).abs();
    if way > f32::EPSILON { ((best - rival) / way).clamp(0.0, 1.0) } else { 0.0 }
}

/// A cosine computed in single precision may leave [-1, 1] by this much.
const COSINE_SLACK: f32 = 1e-5;

/// BM25 has a natural zero, so its scores are divided by the best one only: close scores stay close.
fn word_scale(hits: &[Hit]) -> Scale {
    Scale { low: 0.0, width: hits.first().map_or(0.0, |best| best.score) }
}

/// Similarities have no zero that means anything; the last of the first candidates counts as nothing.
fn meaning_scale(candidates: &[Candidate]) -> Scale {
    let mut scores: Vec<f32> = candidates.iter().filter_map(|candidate| candidate.meaning).collect();
    scores.sort_unstable_by(|a, b| b.total_cmp(a));
    scores.truncate(HEAD);
    match (scores.first(), scores.last()) {
        (Some(best), Some(&low)) => Scale { low, width: best - low },
        _ => Scale { low: 0.0, width: 0.0 },
    }
}

/// What counts as 0 and how much above it as 1.
struct Scale {
    low: f32,
    width: f32,
}

impl Scale {
    /// In 0..=1. Where all candidates are equal, each of them is a full match and anything less is none.
    fn normalise(&self, score: f32) -> f32 {
        if self.width > 0.0 {
            ((score - self.low) / self.width).clamp(0.0, 1.0)
        } else {
            f32::from(u8::from(self.low != 0.0 && score >= self.low))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(scores: &[f32]) -> Vec<Hit> {
        (0..).zip(scores).map(|(slot, &score)| Hit { slot, score }).collect()
    }

    fn order(fusion: FusionKind, keyword: &[Hit], vector: &[Hit], scores: &[(f32, f32)]) -> Vec<u32> {
        let request = SearchRequest { fusion, ..SearchRequest::default() };
        let mut candidates: Vec<Candidate> = (0..)
            .zip(scores)
            .map(|(slot, &(keyword, vector))| Candidate {
                slot,
                keyword,
                vector: Some(vector),
                meaning: Some(vector),
                score: 0.0,
            })
            .collect();
        fuse(&request, &Legs { keyword, vector }, &mut candidates);
        assert!(candidates.iter().all(|candidate| (0.0..=1.0).contains(&candidate.score)));
        candidates.iter().map(|candidate| candidate.slot).collect()
    }

    #[test]
    fn the_leg_that_is_sure_decides() {
        // Words single out slot 0; the cosines are all alike.
        let scores: Vec<(f32, f32)> =
            (0_u8..20).map(|i| (if i == 0 { 20.0 } else { 2.0 }, 0.30 + f32::from(i) / 1e3)).collect();
        let mut vector: Vec<Hit> = (0..).zip(&scores).map(|(slot, s)| Hit { slot, score: s.1 }).collect();
        vector.sort_by(Hit::best_first);
        let keyword: Vec<Hit> = (0..).zip(&scores).map(|(slot, s)| Hit { slot, score: s.0 }).collect();
        assert_eq!(order(FusionKind::Adaptive, &keyword, &vector, &scores)[0], 0);
        // Meaning singles out slot 19; every text holds the word equally.
        let scores: Vec<(f32, f32)> = (0_u8..20).map(|i| (2.0, if i == 19 { 0.9 } else { 0.2 })).collect();
        let keyword: Vec<Hit> = (0..20).map(|slot| Hit { slot, score: 2.0 }).collect();
        let vector = [vec![Hit { slot: 19, score: 0.9 }], hits(&[0.2; 19])].concat();
        assert_eq!(order(FusionKind::Adaptive, &keyword, &vector, &scores)[0], 19);
    }

    #[test]
    fn odd_rankings_stay_in_range() {
        for (keyword, vector) in [
            (hits(&[]), hits(&[])),
            (hits(&[1.0]), hits(&[])),
            (hits(&[]), hits(&[0.5])),
            (hits(&[1.0, 1.0]), hits(&[1.0, 1.0])),
            (hits(&[3.0]), hits(&[-4.0, -9.0])),
            (hits(&[3.0]), hits(&[1e20, 3.0])),
        ] {
            order(FusionKind::Adaptive, &keyword, &vector, &[(1.0, 0.5), (0.0, -1e20), (3.0, 1e20)]);
            order(FusionKind::Rrf, &keyword, &vector, &[(1.0, 0.5)]);
        }
    }
}

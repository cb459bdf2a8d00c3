//! Choosing how widely to search, from a sample of queries.

use super::options::Breadth;
use super::{GraphIndex, SearchOptions};
use crate::random::Random;
use crate::{Error, vector};
use canopy_core::{Cancel, Hit, Rows, TopK};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Queries made when the caller sends none.
pub const QUERIES: usize = 128;
/// Breadths that are tried.
const BREADTHS: [usize; 20] =
    [6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 4096, 8192];
/// Second looks that are tried, in tenths of `k` and some more; the last is the widest.
const LOOKS: [(usize, usize); 9] =
    [(10, 2), (13, 2), (16, 4), (20, 8), (30, 16), (50, 50), (100, 200), (100, 1000), (100, 5000)];
/// Of what may be missing, so much is left for other queries to be harder.
const MARGIN: f64 = 0.3;
/// A query is moved by so much of the difference of its two farthest neighbours: about as far from the data as new vectors are.
pub const STRANGER: [f32; 2] = [0.7, -0.7];
/// Times a point is measured.
const RUNS: usize = 3;
/// Rows of exact vectors that a thread compares with all queries.
const BLOCK: usize = 1024;

/// What [`GraphIndex::autotune`] found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tuned {
    /// The options to search with.
    pub options: SearchOptions,
    /// The recall they reached on the sample: the share of the true `k` that was found.
    pub recall: f64,
    /// Median microseconds of a search.
    pub micros: f64,
    /// Whether `recall` reached what was asked for; if not, these are the best options tried.
    pub reached: bool,
}

/// The share of the true hits that was found. Equal scores are equally good: a hit counts when it is as near as the last true one.
pub fn recall(found: &[Vec<Hit>], truth: &[Vec<Hit>]) -> f64 {
    let right = |(found, truth): (&Vec<Hit>, &Vec<Hit>)| {
        let least = truth.last().map_or(f32::INFINITY, |hit| hit.score);
        found.iter().filter(|hit| hit.score >= least).count().min(truth.len())
    };
    let all: usize = truth.iter().map(Vec::len).sum();
    found.iter().zip(truth).map(right).sum::<usize>() as f64 / all.max(1) as f64
}

impl GraphIndex {
    /// Finds the fastest options that reach a recall, and searches with them from now on where a caller leaves the choice to the index; see [`GraphIndex::tuned`].
    ///
    /// # Errors
    /// Those of [`GraphIndex::tuned`].
    pub fn autotune(
        &mut self,
        recall: f64,
        k: usize,
        queries: Option<Rows<'_, f32>>,
        cancel: &Cancel,
    ) -> Result<Tuned, Error> {
        let best = self.tuned(recall, k, queries, cancel)?;
        self.search_by(k, best.options);
        Ok(best)
    }

    /// From now on these options are the index's own choice for `k` hits, and accordingly wider or narrower ones for other numbers; 0 leaves the usual choice.
    pub fn search_by(&mut self, k: usize, options: SearchOptions) {
        let chosen = options != SearchOptions::default();
        self.tuned = chosen.then(|| Breadth::new(k.max(1), options, self.usual));
    }

    /// The fastest options that reach a recall, without taking them.
    ///
    /// `queries` should be like those to come and not stand in the index. Without them moved vectors of the index are asked for. The truth is found by
    /// comparing each query with every exact vector: 1,000,000 vectors of 256 values take about two seconds. The times are of this machine now.
    ///
    /// # Errors
    /// [`Error::Option`] unless `recall` is in `0..=1`; those of a search.
    pub fn tuned(
        &self,
        recall: f64,
        k: usize,
        queries: Option<Rows<'_, f32>>,
        cancel: &Cancel,
    ) -> Result<Tuned, Error> {
        if !(0.0..=1.0).contains(&recall) {
            return Err(Error::Option { name: "recall", received: recall, range: "0..=1" });
        }
        self.need_vectors("tune itself")?;
        let made;
        let queries = match queries {
            Some(queries) => queries,
            None => {
                made = self.strangers(QUERIES, cancel)?;
                Rows::new(&made, self.dim())?
            }
        };
        let k = k.clamp(1, self.len().max(1));
        let truth = self.exact(queries, k, cancel)?;
        let mut best = Tuned { options: SearchOptions::default(), recall: 0.0, micros: f64::INFINITY, reached: false };
        if self.is_empty() || truth.is_empty() {
            return Ok(best);
        }
        let wanted = recall + (1.0 - recall) * MARGIN;
        for ef in BREADTHS {
            let measured = |(tenths, more): (usize, usize)| -> Result<Tuned, Error> {
                let rerank = ((k * tenths).div_ceil(10) + more).min(self.len());
                let point = self.point(SearchOptions { ef, rerank }, queries, k, &truth, cancel)?;
                Ok(Tuned { reached: point.recall >= wanted, ..point })
            };
            // Where the widest second look doesn't make good what the walk misses, none does.
            let widest = measured(LOOKS[LOOKS.len() - 1])?;
            if widest.reached {
                for look in LOOKS {
                    let point = measured(look)?;
                    if point.reached && (!best.reached || point.micros < best.micros) {
                        best = point;
                    }
                }
            } else if !best.reached && (widest.recall, best.micros) > (best.recall, widest.micros) {
                best = widest;
            }
            // Wider walks only take longer, and none is wider than everything.
            if (best.reached && best.options.ef < ef) || ef >= self.len() {
                break;
            }
        }
        // The margin is for others; what was asked for is reached without it.
        best.reached = best.recall >= recall;
        Ok(best)
    }

    fn point(
        &self,
        options: SearchOptions,
        queries: Rows<'_, f32>,
        k: usize,
        truth: &[Vec<Hit>],
        cancel: &Cancel,
    ) -> Result<Tuned, Error> {
        let mut best = f64::INFINITY;
        let mut found = Vec::new();
        for _ in 0..RUNS {
            let mut times = Vec::with_capacity(queries.len());
            found.clear();
            for query in queries.iter() {
                let start = Instant::now();
                found.push(self.search(query, k, options, None, cancel)?);
                times.push(start.elapsed().as_secs_f64() * 1e6);
            }
            times.sort_by(f64::total_cmp);
            best = best.min(times.get(times.len() / 2).copied().unwrap_or(0.0));
        }
        Ok(Tuned { options, recall: recall(&found, truth), micros: best, reached: false })
    }

    /// The true `k` best of each query, every exact vector looked at.
    ///
    /// # Errors
    /// Those of a search.
    pub fn exact(&self, queries: Rows<'_, f32>, k: usize, cancel: &Cancel) -> Result<Vec<Vec<Hit>>, Error> {
        self.need_vectors("look at them all")?;
        let (dim, metric) = (self.dim(), self.metric());
        let mut values = vec![0.0; queries.data().len()];
        for (row, (query, out)) in queries.iter().zip(values.chunks_exact_mut(dim)).enumerate() {
            vector::store(query, vector::check(query, row, dim, metric)?, metric, out);
        }
        let none = || vec![TopK::new(k); queries.len()];
        let slots = self.slots.get();
        let look = |mut tops: Vec<TopK>, block: usize| -> Result<Vec<TopK>, Error> {
            cancel.check()?;
            for (position, &slot) in slots.iter().enumerate().skip(block * BLOCK).take(BLOCK) {
                if self.dead.contains(position as u32) {
                    continue;
                }
                for (query, top) in values.chunks_exact(dim).zip(&mut tops) {
                    let score = self.shown(self.raw.score(metric, query, position));
                    if score >= top.threshold() {
                        top.push(Hit { slot, score });
                    }
                }
            }
            Ok(tops)
        };
        let merge = |mut a: Vec<TopK>, b: Vec<TopK>| {
            a.iter_mut().zip(b).for_each(|(a, b)| a.merge(b));
            Ok(a)
        };
        let blocks = (0..slots.len().div_ceil(BLOCK)).into_par_iter().with_min_len(8);
        let tops = blocks.try_fold(none, look).try_reduce(none, merge)?;
        Ok(tops.into_iter().map(TopK::into_sorted).collect())
    }

    /// At most `count` queries to measure with, row-major: vectors moved by the difference of two of their neighbours, about as far from the data as new vectors are. Points between two
    /// vectors would be too easy.
    ///
    /// # Errors
    /// [`Error::NoVectors`], [`Error::Cancelled`].
    pub fn strangers(&self, count: usize, cancel: &Cancel) -> Result<Vec<f32>, Error> {
        self.need_vectors("make queries")?;
        let dim = self.dim();
        let mut random = Random::new(self.options.seed ^ 0x7E57);
        let mut all = Vec::new();
        let (mut row, mut near) = (vec![0.0; dim], vec![0.0; dim]);
        for _ in 0..count.min(self.len()) {
            let position = random.below(self.slots.len());
            if self.dead.contains(position as u32) {
                continue;
            }
            self.raw.read(position, &mut row);
            let hits = self.search(&row, 8, SearchOptions::default(), None, cancel)?;
            let from = all.len();
            all.extend_from_slice(&row);
            for (hit, step) in hits.iter().rev().take(2).zip(STRANGER) {
                let Some(other) = self.positions.get(hit.slot) else { continue };
                self.raw.read(other as usize, &mut near);
                all[from..].iter_mut().zip(&near).for_each(|(value, near)| *value += step * near);
            }
            if vector::check(&all[from..], 0, dim, self.metric()).is_err() {
                all.truncate(from);
            }
        }
        Ok(all)
    }
}

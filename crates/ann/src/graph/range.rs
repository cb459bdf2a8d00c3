//! All vectors up to a distance.

use super::{GraphIndex, SearchOptions};
use crate::Error;
use canopy_core::{Cancel, Hit, SlotSet};

/// Vectors asked for at first.
const FIRST: usize = 64;
/// When fewer than this are near enough, the next look is so many times wider.
const WIDER: usize = 4;

impl GraphIndex {
    /// About all vectors of at least this score (under l2 `-r^2` for a radius `r`), best first, at most `limit`.
    ///
    /// Looks at more and more of the nearest vectors until one isn't near enough. `options` are those of the first look.
    ///
    /// # Errors
    /// Those of [`GraphIndex::search`], and [`Error::Option`] when `least` is NaN.
    pub fn range(
        &self,
        query: &[f32],
        least: f32,
        limit: usize,
        options: SearchOptions,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<Hit>, Error> {
        if least.is_nan() {
            return Err(Error::Option { name: "least", received: f64::NAN, range: "a number" });
        }
        let limit = limit.min(self.len());
        let mut k = FIRST.min(limit);
        loop {
            let wide = SearchOptions { ef: options.ef.max(k), rerank: options.rerank.max(k + k / 2) };
            let mut hits = self.search(query, k, wide, allow, cancel)?;
            let found = hits.len();
            hits.truncate(hits.partition_point(|hit| hit.score >= least));
            // A miss among the found says that the rest is farther; fewer than asked for, that there are no more.
            if hits.len() < found || found < k || k >= limit {
                return Ok(hits);
            }
            k = k.saturating_mul(WIDER).min(limit);
        }
    }
}

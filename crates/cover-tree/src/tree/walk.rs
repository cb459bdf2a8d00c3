//! Where a new point belongs.

use super::flat::Tree;
use super::level::{is_distance, reach};
use crate::error::Error;
use crate::metric::Metric;

/// The nearest member that covers a point at the level which their distance asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cover {
    pub(crate) distance: f64,
    /// Place of the member in the order of insertion.
    pub(crate) rank: u32,
}

impl Cover {
    /// Nearer first, then inserted first.
    #[inline]
    pub(crate) fn is_better_than(&self, other: &Self) -> bool {
        (self.distance, self.rank) < (other.distance, other.rank)
    }
}

impl Tree {
    /// Who covers a new point: the root always does.
    ///
    /// A member of level `l` covers up to `2^l`. The new point goes one level below the one that the distance to the nearest
    /// covering member asks for; no member of that level or above is then nearer than separation allows, because it would
    /// have covered the point itself.
    pub(crate) fn cover(&self, metric: &(impl Metric + ?Sized), id: u32, point: &[f64]) -> Result<Cover, Error> {
        let mut best = Cover { distance: f64::INFINITY, rank: u32::MAX };
        let mut node = 0;
        while node < self.len() {
            let distance = metric.distance(point, self.row(node));
            if !is_distance(distance) {
                return Err(Error::Metric { a: id, b: self.ids[node], distance });
            }
            let level = self.levels[node];
            if distance <= reach(level) {
                let cover = Cover { distance, rank: self.ranks[node] };
                if cover.is_better_than(&best) {
                    best = cover;
                }
            }
            // Descendants have lower levels and cover less.
            let next = self.ends[node] as usize;
            let skip = next > node + 1 && self.is_beyond(node, distance, reach(level - 1).min(best.distance));
            node = if skip { next } else { node + 1 };
        }
        Ok(best)
    }
}

//! What a caller may choose.

use serde::{Deserialize, Serialize};

/// Bytes a value in which the exact vectors are kept for the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// `u8` or `f16` where that loses nothing of any vector of the build (images, small integers), `f32` otherwise. When a vector comes later that wouldn't fit, all are kept wider.
    #[default]
    Auto,
    /// Four bytes a value: scores equal those of the exact scan bit for bit.
    F32,
    /// Two bytes a value: scores are those of the rounded vectors.
    F16,
    /// Not at all: whoever keeps the vectors scores the candidates that [`super::GraphIndex::candidates`] proposes. Calls that need vectors are refused.
    Elsewhere,
}

/// How a graph is built.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct BuildOptions {
    /// Neighbours a node, at most; 4..=128.
    pub degree: usize,
    /// Candidates from which a new node's neighbours are chosen.
    pub ef: usize,
    /// A neighbour is left out when another one is nearer to it by this factor (of squared distances). Above 1 keeps more and longer edges.
    pub alpha: f32,
    /// Values a walk looks at; 0 lets the data decide: as few directions as tell the neighbours of a sample apart.
    pub walk_dim: usize,
    /// How exact vectors are kept.
    pub storage: Storage,
    /// Decides the order of insertion.
    pub seed: u64,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self { degree: 32, ef: 96, alpha: 1.15, walk_dim: 0, storage: Storage::Auto, seed: 42 }
    }
}

/// How a graph is searched. 0 stands for the index's own choice, see `GraphIndex::autotune`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchOptions {
    /// The walk ends when it has visited the `ef` nearest candidates. More cost time and find more; may be below `k`.
    pub ef: usize,
    /// Candidates kept and scored again by the exact vectors; never below `k` in effect.
    pub rerank: usize,
}

/// Visited and scored again by an index that nobody tuned; 10 hits of most data are found to nine tenths and more by that.
const VISITED: fn(usize) -> usize = |k| 24 + k;
const SCORED: fn(usize) -> usize = |k| 24 + k + k * 3 / 5;

/// How widely an index searches for so many hits, and by that for any other number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Breadth {
    k: usize,
    ef: usize,
    rerank: usize,
}

impl Breadth {
    /// Hits that most callers want.
    pub(super) const K: usize = 10;
    pub(super) const USUAL: Self = Self { k: Self::K, ef: 24 + Self::K, rerank: 24 + Self::K + Self::K * 3 / 5 };

    /// These options for `k` hits; where they leave the choice, `rest` has it.
    pub(super) fn new(k: usize, options: SearchOptions, rest: Self) -> Self {
        let rest = rest.of(k);
        let or = |asked: usize, rest: usize| if asked > 0 { asked } else { rest };
        Self { k, ef: or(options.ef, rest.ef), rerank: or(options.rerank, rest.rerank) }
    }

    /// The usual breadth, so many tenths of it.
    pub(super) fn tenths(tenths: usize) -> Self {
        let Self { k, ef, rerank } = Self::USUAL;
        Self { k, ef: (ef * tenths).div_ceil(10), rerank: (rerank * tenths).div_ceil(10) }
    }

    /// For its own number of hits.
    pub(super) fn own(self) -> SearchOptions {
        SearchOptions { ef: self.ef, rerank: self.rerank }
    }

    /// For its own number of hits itself; for another as wide as this one is beside the usual breadth, but never narrower than `usual`, which knows the index.
    pub(super) fn beside(self, usual: Self, k: usize) -> SearchOptions {
        let (own, usual) = (self.of(k), usual.of(k));
        if k == self.k {
            return own;
        }
        SearchOptions { ef: own.ef.max(usual.ef), rerank: own.rerank.max(usual.rerank) }
    }

    /// As wide for `k` hits, beside the usual breadth for these, as this is for its own number.
    pub(super) fn of(self, k: usize) -> SearchOptions {
        let like = |own: usize, usual: fn(usize) -> usize| own.saturating_mul(usual(k)).div_ceil(usual(self.k));
        SearchOptions { ef: like(self.ef, VISITED), rerank: like(self.rerank, SCORED) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breadth_is_exact_for_its_own_number_and_like_the_usual_one_for_others() {
        let usual = |k| Breadth::USUAL.of(k);
        assert_eq!(usual(10), SearchOptions { ef: 34, rerank: 40 });
        assert_eq!(usual(100), SearchOptions { ef: 124, rerank: 184 });
        let asked = SearchOptions { ef: 61, rerank: 143 };
        let tuned = Breadth::new(100, asked, Breadth::USUAL);
        assert_eq!((tuned.of(100), tuned.own()), (asked, asked));
        assert_eq!(tuned.of(10), SearchOptions { ef: 17, rerank: 32 });
        assert_eq!(tuned.beside(Breadth::USUAL, 100), asked);
        assert_eq!(tuned.beside(Breadth::USUAL, 10), usual(10));
        assert_eq!(
            Breadth::new(10, asked, Breadth::USUAL).beside(Breadth::USUAL, 100),
            SearchOptions { ef: 223, rerank: 658 }
        );
        assert_eq!(Breadth::new(7, SearchOptions::default(), Breadth::USUAL).of(7), usual(7));
        assert_eq!(Breadth::tenths(20).of(10), SearchOptions { ef: 68, rerank: 80 });
    }
}

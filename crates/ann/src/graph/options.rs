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

//! all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers): a BERT of 6 layers, 384 wide, mean-pooled.

mod forward;
mod layer;
mod reference;
mod vector;
mod weights;

pub use forward::MiniLm;
pub use reference::Reference;
pub(crate) use weights::{LINEARS, Weights, linear_shape};

/// Width of the hidden state.
pub(crate) const HIDDEN: usize = 384;
/// Width inside the feed-forward layers.
pub(crate) const INNER: usize = 1536;
/// Attention heads of 32 values each.
pub(crate) const HEADS: usize = 12;
/// Values a head.
pub(crate) const HEAD: usize = HIDDEN / HEADS;
/// Encoder layers.
pub(crate) const LAYERS: usize = 6;
/// Longest text in tokens, `[CLS]` and `[SEP]` included: what the model was tuned for.
pub(crate) const MAX_TOKENS: usize = 256;
/// Added to a variance before its root.
pub(crate) const EPSILON: f32 = 1e-12;

#[cfg(test)]
mod tests;

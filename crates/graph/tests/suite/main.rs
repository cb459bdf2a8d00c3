//! Graphs, readers and embeddings against what is known by other means.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod explain;
mod graphs;
mod graphwave;
mod known;
mod node2vec;
mod readers;
#[path = "../../examples/shared/mod.rs"]
mod shared;
mod suggestions;
mod tune;

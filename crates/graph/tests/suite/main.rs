//! Graphs, readers and embeddings against what is known by other means.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod graphs;
mod graphwave;
mod known;
mod readers;
mod suggestions;

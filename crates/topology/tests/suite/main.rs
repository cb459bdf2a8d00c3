//! Diagrams against a naive reduction, distances against all matchings, the layer against building anew.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod correct;
mod cycles;
mod diagrams;
mod distances;
mod layer;
mod oracle;
mod refusals;
mod shapes;

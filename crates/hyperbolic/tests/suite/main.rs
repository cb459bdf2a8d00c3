//! The ball against exact and double-precision oracles.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod maps;
mod mean;
mod overshoot;
mod points;
mod refusals;
mod rim;
mod train;

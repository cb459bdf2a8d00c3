//! The tree against brute force in `f64`, on data that break things.

mod cases;
mod change;
mod custom;
mod exact;
mod files;
mod grid;
mod oracle;
mod refusals;
mod residual;
mod residual_change;
mod residual_more;
mod structure;

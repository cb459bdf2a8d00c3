//! The compressed cover tree: each point once, at the highest level it belongs to.
//!
//! Elkin and Kurlin, *Counterexamples expose gaps in the proof of time complexity for cover trees* (2022), define it; with
//! `C_i` the points of level `i` and above, the invariants are: the points of `C_i` are more than `2^i` apart, and a point of
//! level `i` lies within `2^(i+1)` of its parent, whose level is higher. Points at one place (twins) share one node.

mod build;
mod conflicts;
mod draft;
mod finder;
mod flat;
mod grid;
mod level;
mod plan;
mod search;
#[cfg(test)]
mod tests;
mod validate;
mod walk;

pub(crate) use build::{build, extend};
pub(crate) use finder::{ByLeaves, ByTree};
pub(crate) use flat::Tree;
pub use plan::{BatchOrder, BatchReport, Leaders, Plan};
pub use validate::Defect;

//! The packed leaves: runs of 32 points along the Hilbert curve, laid out for SIMD, under a hierarchy of boxes.
//!
//! They are what Euclidean and angular queries read. Each leaf holds its coordinates twice: in `f32`, centred, scaled and
//! lane by lane, for a first look at 32 points at once; and in `f64` as sent, for the few that pass. `DESIGN.md` proves that
//! the first look loses nothing.

mod all;
mod asked;
mod boxes;
mod covers;
mod frame;
mod group;
mod kernel;
mod pack;

pub(crate) use all::{all_nearest, predecessors};
pub(crate) use asked::asked;
pub(crate) use covers::Reaching;
pub(crate) use frame::Frame;
pub(crate) use pack::Leaves;

/// Points a leaf, and queries that walk together.
pub(crate) const LEAF: usize = 32;

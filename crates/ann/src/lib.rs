//! Vector search: the exact scan over int8 codes with a proven bound.
//!
//! [`FlatIndex`] answers with the `k` best of all its vectors, no less: it reads one byte a value, keeps every vector that
//! could still be among the best, and scores those again in `f32`. `DESIGN.md` beside this crate proves why nothing is lost.
//!
//! ```
//! use canopy_ann::flat::FlatIndex;
//! use canopy_core::{Cancel, MetricKind, SlotSet};
//!
//! let mut index = FlatIndex::new(3, MetricKind::Cosine)?;
//! index.upsert(0, &[1.0, 0.0, 0.0])?;
//! index.upsert(1, &[0.0, 2.0, 0.0])?;
//! index.upsert(2, &[3.0, 3.0, 0.0])?;
//! let hits = index.search(&[1.0, 0.1, 0.0], 2, None, &Cancel::new())?;
//! assert_eq!(hits.iter().map(|hit| hit.slot).collect::<Vec<_>>(), [0, 2]);
//!
//! let allowed: SlotSet = [1, 2].into_iter().collect();
//! let hits = index.search(&[1.0, 0.1, 0.0], 1, Some(&allowed), &Cancel::new())?;
//! assert_eq!(hits[0].slot, 2);
//! # Ok::<(), canopy_ann::Error>(())
//! ```

mod error;
pub mod flat;
pub mod graph;
pub mod hybrid;
pub mod import;
pub mod ivf;
pub mod plan;
mod random;
mod searcher;
mod slots;
mod vector;

pub use error::Error;
pub use searcher::{Lists, Pipeline, Searcher};

/// The instruction set that the distance loops run on.
pub fn isa() -> &'static str {
    canopy_simd::isa()
}

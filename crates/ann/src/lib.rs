//! Vector search: an exact scan over int8 codes with a proven bound, and a graph for when there are too many vectors for that.
//!
//! [`GraphIndex`] finds nearly all of the `k` best by a walk over codes of a few directions and an exact second look; it is saved, mapped, changed, filtered and
//! tuned. [`plan::choose`] says which of the two is faster, [`plan::estimate`] what a graph will cost. [`ivf`] and [`hybrid`] are other ways to search; [`Searcher`] is one face for all.
//!
//! [`GraphIndex`]: graph::GraphIndex
//! [`FlatIndex`]: flat::FlatIndex
//!
//! ```
//! use canopy_ann::graph::{BuildOptions, GraphIndex, SearchOptions};
//! use canopy_core::{Cancel, MetricKind, Progress, Rows};
//!
//! let values: Vec<f32> = (0..3000_u32).map(|i| (i * i % 97) as f32).collect();
//! let (slots, cancel): (Vec<u32>, _) = ((0..1000).collect(), Cancel::new());
//! let rows = Rows::new(&values, 3)?;
//! let mut index = GraphIndex::build(&slots, rows, MetricKind::L2, BuildOptions::default(), &cancel, &Progress::default())?;
//! index.upsert(1000, &[200.0, 200.0, 200.0])?;
//! let hits = index.search(&[199.0, 201.0, 200.0], 5, SearchOptions::default(), None, &cancel)?;
//! assert_eq!((hits[0].slot, hits[0].score), (1000, -2.0));
//! # Ok::<(), canopy_ann::Error>(())
//! ```
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
pub mod input;
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

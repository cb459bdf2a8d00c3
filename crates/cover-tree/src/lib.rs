//! Exact nearest neighbours: the compressed cover tree and its packed leaves.
//!
//! A [`CoverTree`] is built once over points of 1 to 32 coordinates, in parallel and the same at any number of threads, and
//! answers `knn`, `radius`, `knn_all` and `predecessors` (what a Vecchia approximation needs). Euclidean and angular answers
//! are those of a brute force in `f64`; a caller's own [`Metric`] needs the triangle inequality and nothing else. `DESIGN.md`
//! beside this crate says how, and why nothing is lost.
//!
//! ```
//! use canopy_core::{Cancel, Progress};
//! use canopy_cover_tree::{CoverTree, Geometry, MISSING, Options, Points};
//!
//! let points = Points::from_f64(vec![0.0, 0.0, 3.0, 4.0, 3.0, 5.0], 2)?;
//! let (cancel, progress) = (Cancel::new(), Progress::default());
//! let tree = CoverTree::build(points, Geometry::Euclidean, &Options::default(), &cancel, &progress)?;
//! tree.validate().expect("the tree is sound");
//!
//! let found = tree.knn(Points::from_f32(&[0.0, 0.0], 2)?, 2, &cancel, &progress)?;
//! assert_eq!((found.ids, found.distances), (vec![0, 1], vec![0.0, 5.0]));
//! let before = tree.predecessors(1, &cancel, &progress)?;
//! assert_eq!(before.ids, [MISSING, 0, 1]);
//! # Ok::<(), canopy_cover_tree::Error>(())
//! ```

mod error;
mod except;
#[cfg(test)]
mod full;
mod hilbert;
mod index;
mod leaves;
mod metric;
mod neighbours;
mod points;
mod residual;
mod task;
mod telemetry;
mod tree;

pub use error::Error;
pub use index::{BuildReport, CoverTree, Options};
pub use metric::{Geometry, Metric};
pub use neighbours::{MAX_K, MISSING, Neighbours, Within};
pub use points::{MAX_DIM, MAX_MAGNITUDE, MAX_POINTS, Points};
pub use residual::{
    Audit, Envelope, GateCounts, GatePreset, GivenFactors, GraphRefresher, Inducing, JITTER_STEPS, Kernel, KernelKind,
    MAX_INDUCING, OnMiss, Precision, ResidualAnswer, ResidualGraph, ResidualOptions, ResidualReport, ResidualTree,
    Search, SearchReport, VARIANCE_FLOOR,
};
pub use telemetry::{TELEMETRY_VERSION, Telemetry};
pub use tree::{BatchOrder, BatchReport, Defect, Leaders, Plan};

//! Persistence diagrams of weighted graphs (components and loops of the flag complex), distances between diagrams, the diagrams
//! of every neighbourhood kept right while the graph changes, and graphs corrected towards a diagram.
//!
//! Weights are distances: an edge joins its ends from its weight on. `DESIGN.md` beside this crate says how and how fast.
//!
//! ```
//! use canopy_core::Cancel;
//! use canopy_topology::{PersistenceOptions, WeightedGraph, bottleneck, persistence};
//!
//! // A square whose sides appear at 1 and whose diagonal appears at 3, which fills it.
//! let graph = WeightedGraph::new(4, &[0, 1, 2, 3, 0], &[1, 2, 3, 0, 2], &[1.0, 1.0, 1.0, 1.0, 3.0])?;
//! let diagram = persistence(&graph, &PersistenceOptions::default(), &Cancel::new())?;
//! assert_eq!(diagram.points(1), [(1.0, 3.0)]);
//! assert_eq!(bottleneck(&diagram.points(1), &[(1.0, 2.5)], &Cancel::new())?, 0.5);
//! # Ok::<(), canopy_topology::Error>(())
//! ```

mod correct;
mod diagram;
mod distance;
mod edges;
mod error;
mod estimate;
mod layer;
mod persistence;

pub use correct::{Correction, CorrectionOptions, correct};
pub use diagram::{Bar, Diagram, MISSING};
pub use distance::{MAX_POINTS, Sinkhorn, SinkhornOptions, Wasserstein, bottleneck, sinkhorn, wasserstein};
pub use edges::{Edge, WeightedGraph};
pub use error::Error;
pub use layer::{Change, Layer, LayerOptions, Update};
pub use persistence::{Loop, PersistenceOptions, persistence, representatives};

//! Graphs that are kept: nodes, edges and hyperedges in the database of the records, under the same lock and as safe.
//!
//! [`Graphs`] names graphs and writes batches, each one transaction; [`Graphs::snapshot`] is what the algorithms of `canopy-graph` work on,
//! read once and followed as the graph changes.
//!
//! ```
//! use canopy_collection::{Database, DatabaseOptions};
//! use canopy_graph_store::Graphs;
//! use std::sync::Arc;
//!
//! let folder = tempfile::tempdir()?;
//! let graphs = Graphs::new(Arc::new(Database::open(folder.path(), &DatabaseOptions::default())?));
//! graphs.create("friends", false)?;
//! let batch = br#"{ "edges": [{ "source": "ann", "target": "bob", "weight": 2 }] }"#;
//! assert_eq!(graphs.write("friends", &serde_json::from_slice(batch)?)?.nodes, 2);
//! let snapshot = graphs.snapshot("friends")?;
//! let ann = snapshot.names.find("ann").expect("it was written");
//! assert_eq!(snapshot.graph.weights(ann), [2.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod catalogue;
mod chunks;
mod derive;
mod error;
mod explained;
mod graphs;
mod held;
mod load;
mod pages;
mod records;
mod snapshot;
mod sql;
mod steps;
mod suggested;
mod surroundings;
mod view;
mod write;

pub use batch::{Batch, EdgeInput, EdgeKey, HyperedgeInput, NodeInput, Removal};
pub use catalogue::Summary;
pub use derive::{DeriveOptions, SyncReport};
pub use error::Error;
pub use graphs::Graphs;
pub use load::{Format, LoadOptions};
pub use pages::{EdgeView, HyperedgeView, NodeView, Page, PageOptions};
pub use snapshot::Snapshot;
pub use suggested::{Kind, Suggested, SuggestedPair};
pub use surroundings::{Neighbourhood, NeighbourhoodOptions, Placed};

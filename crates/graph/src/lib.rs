//! Graphs: reading, changing, and what can be computed from them.
//!
//! A [`Graph`] is built once from edges, files or changes, and shared by readers. Structural embeddings ([`graphwave`]) and link
//! suggestions ([`adamic_adar`], [`hyper_adamic_adar`]) come out as rows that search and stores can
//! take.
//!
//! ```
//! use canopy_core::{Cancel, Progress};
//! use canopy_graph::{Graph, GraphOptions, SuggestOptions, adamic_adar};
//!
//! let graph = Graph::new(4, &[0, 0, 1, 2], &[1, 2, 3, 3], None, GraphOptions::default())?;
//! let found = adamic_adar(&graph, &SuggestOptions::default(), &Cancel::new(), &Progress::default())?;
//! assert_eq!(found.of(0).0, [3]);
//! # Ok::<(), canopy_graph::Error>(())
//! ```

mod adamic;
mod error;
mod graph;
mod graphwave;
mod hyper;
mod read;

pub use adamic::{SuggestOptions, Suggestion, Suggestions, adamic_adar, hyper_adamic_adar};
pub use error::Error;
pub use graph::{Change, Dropped, Edge, Graph, GraphOptions, Parallel};
pub use graphwave::{GraphWave, GraphWaveOptions, Laplacian, MAX_EXACT, Spectrum, graphwave, spectrum};
pub use hyper::Hypergraph;
pub use read::{CsvOptions, Limits, Loaded, read_csv, read_graphml, read_json};

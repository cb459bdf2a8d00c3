//! Graphs: reading, changing, and what can be computed from them.
//!
//! A [`Graph`] is built once from edges, files or changes, and shared by readers. Structural embeddings ([`graphwave`]), random-walk
//! embeddings ([`node2vec`], [`tune_pq`]) and link suggestions ([`adamic_adar`], [`hyper_adamic_adar`]) come out as rows that search
//! and stores can take; [`explain`] says why nodes belong together. `DESIGN.md` beside this crate says how
//! and how fast.
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
mod estimate;
mod explain;
mod graph;
mod graphwave;
mod hyper;
mod names;
mod node2vec;
mod overlay;
mod read;
mod tune;

pub use adamic::{SuggestOptions, Suggestion, Suggestions, adamic_adar, hyper_adamic_adar};
pub use error::Error;
pub use explain::{
    Attention, ExplainOptions, ExplainedEdge, ExplainedNode, Explanation, Fidelity, explain, explain_named,
};
pub use graph::{Change, Dropped, Edge, Graph, GraphOptions, Parallel};
pub use graphwave::{GraphWave, GraphWaveOptions, Laplacian, MAX_EXACT, Spectrum, graphwave, spectrum};
pub use hyper::Hypergraph;
pub use names::Names;
pub use node2vec::{Node2Vec, Node2VecOptions, WalkOptions, Walks, node2vec, walks};
pub use overlay::{Adjacency, Overlay};
pub use read::{CsvOptions, Id, Limits, Loaded, read_csv, read_graphml, read_json};
pub use tune::{BestPq, PQ_RANGE, StoppedBy, Trial, TuneOptions, dataset_hash, tune_pq};

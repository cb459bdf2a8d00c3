//! What can go wrong with a kept graph.

use canopy_core::{Cancelled, Coded, Fault};

/// An error of this crate or of a room below it, passed on with its own code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// From the record store.
    #[error(transparent)]
    Store(#[from] canopy_store::Error),
    /// From a graph.
    #[error(transparent)]
    Graph(#[from] canopy_graph::Error),
    /// From a collection.
    #[error(transparent)]
    Collection(#[from] canopy_collection::Error),
    /// The caller cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// There is no such graph.
    #[error("there is no graph {name:?}: make it first, or look at the list of graphs")]
    NotFound {
        /// The name.
        name: String,
    },
    /// There is one already.
    #[error("there is a graph {name:?} already: choose another name, or drop it first")]
    Exists {
        /// The name.
        name: String,
    },
    /// A name that no graph can have.
    #[error("{name:?} can't name a graph: it {reason}")]
    Name {
        /// The start of the name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An id that no node or hyperedge can have.
    #[error("{id:?} can't be an id: it {reason}")]
    Id {
        /// The start of the id.
        id: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no such node.
    #[error("graph {graph:?} has no node {id:?}")]
    NodeNotFound {
        /// The graph.
        graph: String,
        /// The id.
        id: String,
    },
    /// An edge whose weight is none.
    #[error("the edge from {source_id:?} to {target_id:?} weighs {received}: a weight is finite and above 0")]
    Weight {
        /// Where it starts.
        source_id: String,
        /// Where it ends.
        target_id: String,
        /// What was sent.
        received: f64,
    },
    /// An edge from a node to itself.
    #[error("the edge from {id:?} leads to itself: graphs hold edges between two nodes, leave it out")]
    SelfLoop {
        /// The node.
        id: String,
    },
    /// A file that says otherwise than the graph it is read into.
    #[error("the file's graph is {}directed and {graph:?} is not alike: make a graph that is", if *directed { "" } else { "un" })]
    Directed {
        /// The graph.
        graph: String,
        /// Whether the file's edges lead one way only.
        directed: bool,
    },
    /// A graph that follows no collection.
    #[error("graph {graph:?} follows no collection: derive one from a collection")]
    Follows {
        /// The graph.
        graph: String,
    },
    /// A number out of its range.
    #[error("{name} is {received}: {expected}")]
    Option {
        /// Which.
        name: &'static str,
        /// What was sent.
        received: String,
        /// What would be right.
        expected: &'static str,
    },
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Graph(error) => error.code(),
            Self::Collection(error) => error.code(),
            Self::Cancelled(error) => error.code(),
            Self::NotFound { .. } => "GRAPH_NOT_FOUND",
            Self::Exists { .. } => "GRAPH_EXISTS",
            Self::Name { .. } => "GRAPH_NAME",
            Self::Id { .. } => "GRAPH_ID",
            Self::NodeNotFound { .. } => "GRAPH_NODE_NOT_FOUND",
            Self::Weight { .. } => "GRAPH_WEIGHT",
            Self::SelfLoop { .. } => "GRAPH_SELF_LOOP",
            Self::Directed { .. } => "GRAPH_DIRECTED",
            Self::Follows { .. } => "GRAPH_FOLLOWS_NOTHING",
            Self::Option { .. } => "GRAPH_OPTION",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Store(error) => error.fault(),
            Self::Graph(error) => error.fault(),
            Self::Collection(error) => error.fault(),
            Self::Cancelled(error) => error.fault(),
            Self::NotFound { .. } | Self::NodeNotFound { .. } => Fault::NotFound,
            Self::Exists { .. } | Self::Directed { .. } | Self::Follows { .. } => Fault::Conflict,
            _ => Fault::InvalidInput,
        }
    }
}

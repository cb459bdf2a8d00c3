//! What can be wrong with a graph, a file or a call.

use canopy_core::{Cancelled, Coded, Fault};

/// Why a call was refused. Nothing is left half changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The columns of an edge list differ in length.
    #[error("edges have {sources} sources, {targets} targets and {weights} weights: send one of each for every edge")]
    Columns {
        /// Sources received.
        sources: usize,
        /// Targets received.
        targets: usize,
        /// Weights received.
        weights: usize,
    },
    /// An edge names a node that doesn't exist.
    #[error("edge {row} ({source_node}, {target_node}) names a node beyond the {nodes} there are: number nodes from 0")]
    Node {
        /// Number of the first such edge.
        row: usize,
        /// Its source.
        source_node: u32,
        /// Its target.
        target_node: u32,
        /// Nodes there are.
        nodes: u32,
    },
    /// A call names a node that doesn't exist.
    #[error("node {received} doesn't exist: the graph has {nodes} nodes, numbered from 0")]
    UnknownNode {
        /// Node received.
        received: u32,
        /// Nodes there are.
        nodes: u32,
    },
    /// A weight is negative, NaN or infinite.
    #[error("edge {row} has weight {received}: weights are finite, 0 or more (an edge of weight 0 is dropped)")]
    Weight {
        /// Number of the first such edge.
        row: usize,
        /// Weight received.
        received: f64,
    },
    /// A change removes an edge that isn't there.
    #[error("change {row} removes the edge ({source_node}, {target_node}), which isn't there: nothing was changed")]
    MissingEdge {
        /// Number of the first such change.
        row: usize,
        /// Its source.
        source_node: u32,
        /// Its target.
        target_node: u32,
    },
    /// The graph has no node, or no edge, where one is needed.
    #[error("the graph has no {what}: add at least one first")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// Something is larger than its limit.
    #[error("{what}: {received} is more than the limit of {limit}: {advice}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is, as far as it was read.
        received: u64,
        /// The limit.
        limit: u64,
        /// What to do.
        advice: &'static str,
    },
    /// A number that steers a computation is out of range.
    #[error("{name} = {received} is out of range: {expected}")]
    Option {
        /// Name of the option.
        name: &'static str,
        /// Value received.
        received: f64,
        /// What is accepted.
        expected: &'static str,
    },
    /// A file isn't what its format says.
    #[error("{format}, {place}: {reason}")]
    Syntax {
        /// `CSV`, `GraphML` or `JSON`.
        format: &'static str,
        /// Where.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// Reading failed.
    #[error("the graph can't be read: {0}")]
    Read(#[source] std::io::Error),
    /// The best (p, q) can't be read or written.
    #[error(
        "{path} can't be {action}: {source}; the search keeps its result in memory, free space or choose another folder"
    )]
    State {
        /// The file.
        path: String,
        /// `read` or `written`.
        action: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("{path} holds no best (p, q): {reason}; move it away or choose another file")]
    StateForeign {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The caller cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Columns { .. } => "GRAPH_LENGTH",
            Self::Node { .. } => "GRAPH_NODE",
            Self::UnknownNode { .. } => "GRAPH_NODE_NOT_FOUND",
            Self::Weight { .. } => "GRAPH_WEIGHT",
            Self::MissingEdge { .. } => "GRAPH_EDGE_NOT_FOUND",
            Self::Empty { .. } => "GRAPH_EMPTY",
            Self::TooLarge { .. } => "GRAPH_TOO_LARGE",
            Self::Option { name: "p" | "q", .. } => "NODE2VEC_PQ",
            Self::Option { name: "maxMinutes", .. } => "NODE2VEC_TIME_LIMIT",
            Self::Option { .. } => "GRAPH_OPTION",
            Self::Syntax { .. } => "GRAPH_SYNTAX",
            Self::Read(_) => "GRAPH_READ",
            Self::State { action: "read", .. } => "BEST_PQ_READ",
            Self::State { .. } => "BEST_PQ_WRITE",
            Self::StateForeign { .. } => "BEST_PQ_FOREIGN",
            Self::Cancelled(cancelled) => cancelled.code(),
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Cancelled(cancelled) => cancelled.fault(),
            Self::TooLarge { .. } => Fault::TooLarge,
            Self::UnknownNode { .. } | Self::MissingEdge { .. } => Fault::NotFound,
            Self::StateForeign { .. } => Fault::Conflict,
            Self::Read(source) | Self::State { source, .. } => match source.kind() {
                std::io::ErrorKind::PermissionDenied => Fault::Permission,
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Fault::NoSpace,
                std::io::ErrorKind::NotFound => Fault::NotFound,
                _ => Fault::Internal,
            },
            _ => Fault::InvalidInput,
        }
    }
}

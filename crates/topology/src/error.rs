//! What can be wrong with a graph, a diagram or a call.

use canopy_core::{Cancelled, Coded, Fault};

/// Why a call was refused. A layer is never left half changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The three columns of an edge list differ in length.
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
    #[error("edge {row} ({a}, {b}) names a node beyond the {nodes} there are: number nodes from 0")]
    Node {
        /// Number of the first such edge.
        row: usize,
        /// Its source.
        a: u32,
        /// Its target.
        b: u32,
        /// Nodes there are.
        nodes: u32,
    },
    /// A filtration value is negative, NaN or infinite.
    #[error(
        "edge {row} has weight {received}: a filtration needs finite weights, 0 or more (distances, not similarities)"
    )]
    Weight {
        /// Number of the first such edge.
        row: usize,
        /// Weight received.
        received: f64,
    },
    /// Ranks are 32 bits wide.
    #[error("{received} edges are more than 32 bits can number: send at most 4294967294")]
    TooMany {
        /// Edges received.
        received: usize,
    },
    /// The radius of neighbourhoods is out of range.
    #[error("radius {received} is no neighbourhood: choose 1 to 16 hops (2 is usual, at 1 every loop is filled)")]
    Radius {
        /// Radius received.
        received: u32,
    },
    /// Only dimensions 0 and 1 are computed.
    #[error("dimension {received} isn't computed: choose 0 (components) or 1 (loops)")]
    Dimension {
        /// Dimension received.
        received: u8,
    },
    /// A point of a diagram isn't one.
    #[error("point {row} ({birth}, {death}) is no bar: births are finite, deaths at or after them, infinite or not")]
    Point {
        /// Number of the first such point.
        row: usize,
        /// Its birth.
        birth: f64,
        /// Its death.
        death: f64,
    },
    /// An exact distance would take too long or too much memory.
    #[error("diagrams of {received} points are too large for this distance: send at most {limit}, or drop short bars")]
    TooLarge {
        /// Points of the larger diagram.
        received: usize,
        /// Most points accepted.
        limit: usize,
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
    /// An update removes an edge that isn't there.
    #[error("change {row} removes the edge ({a}, {b}), which isn't there: nothing was changed")]
    Missing {
        /// Number of the first such change.
        row: usize,
        /// One end.
        a: u32,
        /// Other end.
        b: u32,
    },
    /// The caller cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Columns { .. } => "EDGES_LENGTH",
            Self::Node { .. } => "EDGES_NODE",
            Self::Weight { .. } => "EDGES_WEIGHT",
            Self::TooMany { .. } => "EDGES_TOO_MANY",
            Self::Missing { .. } => "EDGES_MISSING",
            Self::Radius { .. } => "TOPOLOGY_RADIUS",
            Self::Dimension { .. } => "TOPOLOGY_DIMENSION",
            Self::Option { .. } => "TOPOLOGY_OPTION",
            Self::Point { .. } => "DIAGRAM_POINT",
            Self::TooLarge { .. } => "DIAGRAM_TOO_LARGE",
            Self::Cancelled(cancelled) => cancelled.code(),
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Cancelled(cancelled) => cancelled.fault(),
            Self::TooLarge { .. } | Self::TooMany { .. } => Fault::TooLarge,
            Self::Missing { .. } => Fault::NotFound,
            _ => Fault::InvalidInput,
        }
    }
}

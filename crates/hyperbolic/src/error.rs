//! What can be wrong with a ball, its points or a call.

use canopy_core::{Cancelled, Coded, Fault};

/// Why a call was refused. Output buffers of a refused call hold unspecified, finite or untouched values.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Curvature of a hyperbolic space is below zero.
    #[error("curvature {received} is not hyperbolic: send a finite number below 0, between -1e12 and -1e-12")]
    Curvature {
        /// Curvature received.
        received: f64,
    },
    /// The margin leaves no ball, or is finer than the storage can hold.
    #[error("margin {received} can't be kept from the rim: send a number from 1e-15 to 0.5")]
    Margin {
        /// Margin received.
        received: f64,
    },
    /// Points need at least one coordinate.
    #[error("points of 0 coordinates have no place in a ball: send a dimension of 1 or more")]
    ZeroDimension,
    /// A buffer has the wrong length.
    #[error("{what} holds {received} values where {expected} are needed: send whole points of the same dimension")]
    Length {
        /// Which buffer.
        what: &'static str,
        /// Values needed.
        expected: usize,
        /// Values received.
        received: usize,
    },
    /// A coordinate is NaN or infinite.
    #[error("point {row} of {what} is not finite: remove or replace it before sending")]
    NotFinite {
        /// Which buffer.
        what: &'static str,
        /// Number of the first such point.
        row: usize,
    },
    /// A point lies on the rim or outside.
    #[error(
        "point {row} of {what} is not inside the ball of radius {radius}: project it first, or check the curvature"
    )]
    Outside {
        /// Which buffer.
        what: &'static str,
        /// Number of the first such point.
        row: usize,
        /// Radius of the ball, 1/sqrt(-curvature).
        radius: f64,
    },
    /// A mean of nothing.
    #[error("the mean of no points doesn't exist: send at least one point with a weight above 0")]
    Empty,
    /// A weight is negative, NaN or infinite.
    #[error("weight {row} is {received}: send finite weights, 0 or more")]
    Weight {
        /// Number of the first such weight.
        row: usize,
        /// Weight received.
        received: f64,
    },
    /// A training option is out of range.
    #[error("{name} = {received} can't train an embedding: {expected}")]
    Training {
        /// Name of the option.
        name: &'static str,
        /// Value received.
        received: f64,
        /// What is accepted.
        expected: &'static str,
    },
    /// A pair of the hierarchy names a node that doesn't exist, or a node with itself.
    #[error(
        "pair {row} ({from}, {to}) is no relation between two of the {nodes} nodes: number nodes from 0 and leave loops out"
    )]
    Relation {
        /// Number of the first such pair.
        row: usize,
        /// Its first node.
        from: u32,
        /// Its second node.
        to: u32,
        /// Nodes there are.
        nodes: u32,
    },
    /// The caller cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Curvature { .. } => "BALL_CURVATURE",
            Self::Margin { .. } => "BALL_MARGIN",
            Self::ZeroDimension => "POINTS_DIMENSION",
            Self::Length { .. } => "POINTS_LENGTH",
            Self::NotFinite { .. } => "POINTS_NOT_FINITE",
            Self::Outside { .. } => "BALL_OUTSIDE",
            Self::Empty => "MEAN_EMPTY",
            Self::Weight { .. } => "MEAN_WEIGHT",
            Self::Training { .. } => "POINCARE_OPTION",
            Self::Relation { .. } => "POINCARE_RELATION",
            Self::Cancelled(cancelled) => cancelled.code(),
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Cancelled(cancelled) => cancelled.fault(),
            _ => Fault::InvalidInput,
        }
    }
}

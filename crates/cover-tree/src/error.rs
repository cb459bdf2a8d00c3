//! What can be wrong with points or a call.

use crate::neighbours::MAX_K;
use crate::points::{MAX_DIM, MAX_MAGNITUDE, MAX_POINTS};
use crate::residual::MAX_INDUCING;
use canopy_core::{Cancelled, Coded, Fault};

/// Why a call was refused. A tree is never left half built or half changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Points need at least one coordinate, and at most [`MAX_DIM`].
    #[error("points of {received} coordinates can't be indexed: send between 1 and {MAX_DIM}")]
    DimensionRange {
        /// Coordinates a point.
        received: usize,
    },
    /// Queries have another number of coordinates than the points of the tree.
    #[error("queries have {received} coordinates, the points of this tree have {expected}: send as many")]
    Dimension {
        /// Coordinates a point of the tree.
        expected: usize,
        /// Coordinates a query.
        received: usize,
    },
    /// The last point is incomplete.
    #[error("{len} values don't divide into points of {dim} coordinates: send a multiple of {dim} values")]
    Length {
        /// Values received.
        len: usize,
        /// Coordinates a point.
        dim: usize,
    },
    /// A coordinate is NaN or infinite.
    #[error("point {row}, coordinate {column} is not a finite number: remove or replace the point before sending")]
    NotFinite {
        /// Number of the first such point.
        row: usize,
        /// Its first such coordinate.
        column: usize,
    },
    /// Distances to such a point would leave the range of `f32`.
    #[error("point {row}, coordinate {column} is beyond ±{MAX_MAGNITUDE:e}: scale the coordinates down")]
    Magnitude {
        /// Number of the first such point.
        row: usize,
        /// Its first such coordinate.
        column: usize,
    },
    /// A zero vector has no direction, so no angle.
    #[error(
        "point {row} is zero and has no direction to measure an angle from: leave it out or use Euclidean distance"
    )]
    Zero {
        /// Number of the first such point.
        row: usize,
    },
    /// Ids are 32 bits wide and one of them means "missing".
    #[error("{received} points are more than ids of 32 bits can number: send at most {MAX_POINTS}")]
    TooMany {
        /// Points received.
        received: usize,
    },
    /// Between 1 and [`MAX_K`] neighbours can be asked for.
    #[error("k = {received} neighbours can't be asked for: choose between 1 and {MAX_K}")]
    Count {
        /// Neighbours asked for.
        received: usize,
    },
    /// A radius is a finite number, 0 or more.
    #[error("radius {received} is not a length: choose a finite number, 0 or more")]
    Radius {
        /// Radius received.
        received: f64,
    },
    /// A caller's metric gave a NaN, an infinity or a negative number.
    #[error("the metric gave {distance} for the points {a} and {b}: a distance is a finite number, 0 or more")]
    Metric {
        /// A point.
        a: u32,
        /// Another point.
        b: u32,
        /// What the metric gave.
        distance: f64,
    },
    /// The variance of a kernel isn't above 0.
    #[error("variance {received} can't be that of a process: choose a finite number above 0")]
    Variance {
        /// Variance received.
        received: f64,
    },
    /// A lengthscale isn't above 0.
    #[error("lengthscale {received} of coordinate {axis} is no length: choose a finite number above 0")]
    Lengthscale {
        /// The coordinate.
        axis: usize,
        /// Lengthscale received.
        received: f64,
    },
    /// There are neither one lengthscale nor as many as coordinates.
    #[error("{received} lengthscales don't fit points of {expected} coordinates: send one, or {expected}")]
    Lengthscales {
        /// Coordinates a point.
        expected: usize,
        /// Lengthscales received.
        received: usize,
    },
    /// Between 1 and [`MAX_INDUCING`] inducing points can be used.
    #[error("{received} inducing points can't be used: choose between 1 and {MAX_INDUCING}")]
    Inducing {
        /// Inducing points asked for.
        received: usize,
    },
    /// The jitter isn't a share of the variance.
    #[error("jitter {received} can't be added to a diagonal: choose a number from 0 to 1")]
    Jitter {
        /// Jitter received.
        received: f64,
    },
    /// The covariance of the inducing points has no Cholesky root, whatever jitter was added.
    #[error(
        "the covariance of the inducing points isn't positive definite with jitters from {first:e} to {last:e} of the variance: \
         remove duplicate inducing points or raise the jitter"
    )]
    NotPositiveDefinite {
        /// The jitter that was tried first.
        first: f64,
        /// The largest jitter that was tried.
        last: f64,
    },
    /// V and p don't have as many values as the points ask for.
    #[error(
        "V of {} and p of {} values don't fit: send {} and {}, a row of V and one p for each point",
        received.0, received.1, expected.0, expected.1
    )]
    FactorsLength {
        /// Values of V and of p that the points ask for.
        expected: (usize, usize),
        /// Values received.
        received: (usize, usize),
    },
    /// V or p hold a NaN, an infinity or something beyond 1e15.
    #[error("V or p of point {row} is not a finite number: check how it was computed")]
    FactorsNotFinite {
        /// Number of the first such point.
        row: usize,
    },
    /// A tree over given V and p knows no inducing points.
    #[error("this tree was built from V and p and knows no inducing points: send V and p with the call, or build anew")]
    FactorsNeeded,
    /// V and p came with points that this tree computes them for.
    #[error("this tree computes V and p from its inducing points: send the points alone")]
    FactorsUnwanted,
    /// An envelope was made for other points, another kernel, or by another version.
    #[error("the envelope was made for other points, another kernel or by another version: let the tree make its own")]
    Envelope,
    /// An audit of the gate found true neighbours that it had spared.
    #[error(
        "the gate missed {missed} of {pairs} true neighbours in the audited sample: let it widen the envelope or ask for an \
         exact search"
    )]
    Missed {
        /// True neighbours that weren't found.
        missed: u64,
        /// True neighbours in the sample.
        pairs: u64,
    },
    /// A point was named that isn't in the index.
    #[error("there is no point {id} in this index: it was never there, or was removed, or is named twice")]
    Unknown {
        /// The id received.
        id: u32,
    },
    /// A tree can't grow by this factor.
    #[error("a tree doesn't grow by a factor of {received}: choose a number above 1, or none")]
    PrefixFactor {
        /// Factor received.
        received: f64,
    },
    /// A tree under a custom metric was to be saved.
    #[error(
        "a tree under a metric of your own can't be saved, its code fits in no file: save the points, and build again"
    )]
    CustomFile,
    /// A file couldn't be written or read.
    #[error(transparent)]
    File(#[from] canopy_file::Error),
    /// The caller cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::DimensionRange { .. } | Self::Dimension { .. } => "POINTS_DIMENSION",
            Self::Length { .. } => "POINTS_LENGTH",
            Self::NotFinite { .. } => "POINTS_NOT_FINITE",
            Self::Magnitude { .. } => "POINTS_MAGNITUDE",
            Self::Zero { .. } => "POINTS_ZERO",
            Self::TooMany { .. } => "POINTS_TOO_MANY",
            Self::Count { .. } => "NEIGHBOURS_COUNT",
            Self::Radius { .. } => "NEIGHBOURS_RADIUS",
            Self::Metric { .. } => "METRIC_INVALID",
            Self::Variance { .. } => "KERNEL_VARIANCE",
            Self::Lengthscale { .. } | Self::Lengthscales { .. } => "KERNEL_LENGTHSCALE",
            Self::Inducing { .. } => "INDUCING_COUNT",
            Self::Jitter { .. } => "KERNEL_JITTER",
            Self::NotPositiveDefinite { .. } => "KERNEL_NOT_POSITIVE_DEFINITE",
            Self::FactorsLength { .. } => "FACTORS_LENGTH",
            Self::FactorsNotFinite { .. } => "FACTORS_NOT_FINITE",
            Self::FactorsNeeded => "FACTORS_NEEDED",
            Self::FactorsUnwanted => "FACTORS_UNWANTED",
            Self::Envelope => "ENVELOPE_FOREIGN",
            Self::Missed { .. } => "GATE_MISSED",
            Self::Unknown { .. } => "POINT_UNKNOWN",
            Self::PrefixFactor { .. } => "TREE_PREFIX_FACTOR",
            Self::CustomFile => "METRIC_CUSTOM",
            Self::File(error) => error.code(),
            Self::Cancelled(cancelled) => cancelled.code(),
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Cancelled(cancelled) => cancelled.fault(),
            Self::File(error) => error.fault(),
            Self::TooMany { .. } => Fault::TooLarge,
            Self::Unknown { .. } => Fault::NotFound,
            // Nothing the caller sent was wrong, and the same call with another preset succeeds.
            Self::Missed { .. } | Self::Envelope => Fault::Conflict,
            _ => Fault::InvalidInput,
        }
    }
}

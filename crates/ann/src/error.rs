//! What can be wrong with a vector or a call.

use canopy_core::{Cancelled, Coded, Fault, ShapeError};
use std::path::Path;

/// Why an index refused a call. Nothing was changed when one of these is returned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A vector has another number of values than the index.
    #[error(
        "vector has {received} values, the index holds vectors of {expected}: embed it with the model of this index"
    )]
    Dimension {
        /// Values a vector of the index.
        expected: usize,
        /// Values received.
        received: usize,
    },
    /// The index can't hold vectors of this size.
    #[error("dimension {received} is outside 1..={max}: choose a model with fewer values a vector")]
    DimensionRange {
        /// Dimension asked for.
        received: usize,
        /// Largest dimension.
        max: usize,
    },
    /// A value is NaN or infinite.
    #[error("vector {row}, value {column} is not a finite number: remove or replace it before sending")]
    NotFinite {
        /// Number of the vector in the call.
        row: usize,
        /// Place of the first such value.
        column: usize,
    },
    /// A zero vector has no direction, so no cosine.
    #[error("vector {row} is zero and has no direction to compare by cosine: leave it out or use the metric dot or l2")]
    Zero {
        /// Number of the vector in the call.
        row: usize,
    },
    /// The products of such vectors would leave the range of `f32`.
    #[error("vector {row} has norm {norm:e}, above {max:e}: scale the vectors down or use the metric cosine")]
    Norm {
        /// Number of the vector in the call.
        row: usize,
        /// Its norm.
        norm: f64,
        /// Largest norm for the metrics dot and l2.
        max: f64,
    },
    /// As many slots as vectors are needed.
    #[error("{slots} slots for {rows} vectors: send one slot for each vector")]
    Count {
        /// Slots received.
        slots: usize,
        /// Vectors received.
        rows: usize,
    },
    /// A slot is named twice where each must have one vector.
    #[error("slot {slot} is named twice: send each slot once")]
    Duplicate {
        /// The slot.
        slot: u32,
    },
    /// More vectors than an index of this kind can hold.
    #[error("{received} vectors are more than one index can hold, which is {max}: split them over several indexes")]
    TooMany {
        /// Vectors received.
        received: usize,
        /// Most vectors.
        max: usize,
    },
    /// A number that can't be a slot.
    #[error("id {received} is above {max}, the largest number of a vector: number them anew", max = u32::MAX)]
    SlotRange {
        /// The number.
        received: u64,
    },
    /// The index keeps no vectors; see [`crate::graph::Storage::Elsewhere`].
    #[error(
        "this index keeps no vectors, so it can't {action}: ask whoever keeps them, or build it with another storage"
    )]
    NoVectors {
        /// What needs them.
        action: &'static str,
    },
    /// An option is outside its range.
    #[error("option {name} is {received}, outside {range}: choose a value inside, or leave it out for the default")]
    Option {
        /// Name of the option.
        name: &'static str,
        /// Value received.
        received: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// The operating system gave no memory.
    #[error("no memory for the index ({reason}): free memory, or choose a smaller degree or f16 storage")]
    Memory {
        /// What the system said.
        reason: String,
    },
    /// A file couldn't be read or written.
    #[error("index file {path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What the system said, and what to do.
        reason: String,
        /// The stable code.
        code: &'static str,
        /// The kind of trouble.
        fault: Fault,
    },
    /// The file isn't an index.
    #[error("{path} isn't an index file of Canopy: check the path")]
    Foreign {
        /// The file.
        path: String,
    },
    /// The file was written by a newer version.
    #[error(
        "index file {path} has version {version}, this program reads up to {known}: update the program or build the index again"
    )]
    Newer {
        /// The file.
        path: String,
        /// Version of the file.
        version: u32,
        /// Latest version that is understood.
        known: u32,
    },
    /// The file ends before its table says it should.
    #[error(
        "index file {path} is truncated: {section} needs {expected} bytes, the file has {received}: restore a copy or build the index again"
    )]
    Truncated {
        /// The file.
        path: String,
        /// What doesn't fit.
        section: String,
        /// Bytes needed.
        expected: u64,
        /// Bytes there.
        received: u64,
    },
    /// A part of the file isn't what was written.
    #[error("index file {path} is damaged in its section {section}: restore a copy or build the index again")]
    Damaged {
        /// The file.
        path: String,
        /// The part.
        section: String,
    },
    /// The values don't form whole rows.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The caller cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Dimension { .. } | Self::DimensionRange { .. } => "VECTOR_DIMENSION",
            Self::NotFinite { .. } => "VECTOR_NOT_FINITE",
            Self::Zero { .. } => "VECTOR_ZERO",
            Self::Norm { .. } => "VECTOR_NORM",
            Self::Count { .. } => "VECTOR_COUNT",
            Self::Duplicate { .. } => "VECTOR_DUPLICATE",
            Self::TooMany { .. } => "INDEX_TOO_LARGE",
            Self::SlotRange { .. } => "VECTOR_ID",
            Self::Option { .. } => "INDEX_OPTION",
            Self::NoVectors { .. } => "INDEX_NO_VECTORS",
            Self::Memory { .. } => "INDEX_MEMORY",
            Self::File { code, .. } => code,
            Self::Foreign { .. } => "INDEX_FOREIGN",
            Self::Newer { .. } => "INDEX_NEWER",
            Self::Truncated { .. } => "INDEX_TRUNCATED",
            Self::Damaged { .. } => "INDEX_CORRUPT",
            Self::Shape(shape) => shape.code(),
            Self::Cancelled(cancelled) => cancelled.code(),
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Cancelled(cancelled) => cancelled.fault(),
            Self::TooMany { .. } => Fault::TooLarge,
            Self::Memory { .. } => Fault::Unavailable,
            Self::File { fault, .. } => *fault,
            Self::Foreign { .. } | Self::Newer { .. } | Self::Truncated { .. } | Self::Damaged { .. } => Fault::Corrupt,
            _ => Fault::InvalidInput,
        }
    }
}

impl Error {
    /// What the system said about a file, with the code and the advice that fit.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        canopy_file::Error::system(path, error).into()
    }
}

impl From<std::io::Error> for Error {
    /// Anonymous memory is the only thing that is asked of the system without a file's name.
    fn from(error: std::io::Error) -> Self {
        Self::Memory { reason: error.to_string() }
    }
}

//! Everything that can go wrong in a collection.

use canopy_core::{Cancelled, Coded, Fault, ShapeError};

/// An error of this crate or of a room below it, passed on with its own code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// From the record store.
    #[error(transparent)]
    Store(#[from] canopy_store::Error),
    /// From vector search.
    #[error(transparent)]
    Vector(#[from] canopy_ann::Error),
    /// From keyword search.
    #[error(transparent)]
    Keyword(#[from] canopy_keyword::Error),
    /// From an embedding model.
    #[error(transparent)]
    Embed(#[from] canopy_embed::Error),
    /// The vectors don't form rows.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The caller cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The database was closed.
    #[error("the database is closed; open it again before using it")]
    Closed,
    /// The text isn't the JSON that the call takes.
    #[error("{what} can't be read: {problem}")]
    Json {
        /// What was being read.
        what: &'static str,
        /// The parser's words, with line and column.
        problem: String,
    },
    /// A filter that can't be understood.
    #[error("{at}: {problem}")]
    FilterInvalid {
        /// Path inside the filter.
        at: String,
        /// What is wrong there.
        problem: String,
    },
    /// A search request with a value out of range.
    #[error("search request: {0}")]
    Request(String),
    /// Neither text nor vector.
    #[error("the search has neither text nor a vector: send `text`, a vector, or both")]
    SearchEmpty,
    /// A record with nothing to find it by.
    #[error("record {id:?} has an empty text and no vector, so nothing could ever find it: send a text or a vector")]
    TextEmpty {
        /// The record.
        id: String,
    },
    /// Another number of vectors than of records.
    #[error("{records} records but {vectors} vectors were sent: send one vector a record, or none")]
    VectorCount {
        /// Records received.
        records: usize,
        /// Vectors received.
        vectors: usize,
    },
    /// Vectors of another length than the collection's.
    #[error(
        "the vectors sent have {received} numbers, those of collection {collection:?} have {expected}: embed with the model of this collection"
    )]
    VectorDimension {
        /// The collection.
        collection: String,
        /// Numbers a vector here.
        expected: usize,
        /// Numbers a vector received.
        received: usize,
    },
    /// Vectors sent to a collection that holds none.
    #[error("collection {0:?} holds no vectors: create it with a model or a dimension")]
    NoVectors(String),
    /// A vector search that has no vector to search with.
    #[error("{0}")]
    ModelMissing(String),
    /// A model named by the caller that no folder has.
    #[error("{0}")]
    ModelUnknown(String),
    /// The model on disk isn't the one that made the stored vectors.
    #[error(
        "collection {collection:?} was embedded with {stored}, but the model now is {present}; their vectors can't be \
         compared: rebuild the index (`canopy index rebuild`) or put the former model back"
    )]
    ModelChanged {
        /// The collection.
        collection: String,
        /// Name and digest of the model whose vectors are stored.
        stored: String,
        /// Name and digest of the model that is there now.
        present: String,
    },
    /// A rebuild whose collection got another model from another rebuild.
    #[error(
        "collection {0:?} got another model while it was being embedded: what was embedded before is dropped, rebuild it again"
    )]
    Overtaken(String),
    /// A new collection whose specification contradicts itself.
    #[error("collection specification: {0}")]
    Spec(String),
    /// A record that isn't there.
    #[error("there is no record {id:?} in collection {collection:?}")]
    RecordNotFound {
        /// The record.
        id: String,
        /// The collection.
        collection: String,
    },
    /// A file of ours that the operating system wouldn't read or write.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// The system's error.
        source: std::io::Error,
    },
}

impl Error {
    /// What the parser said, in words of JSON instead of those of Rust.
    pub(crate) fn json(what: &'static str, error: &serde_json::Error) -> Self {
        let words = [
            ("expected a sequence", "expected an array"),
            ("type: sequence", "type: array"),
            ("type: map", "type: object"),
            ("expected usize", "expected a whole number"),
            ("expected u32", "expected a whole number"),
            ("expected u64", "expected a whole number"),
            ("expected f32", "expected a number"),
        ];
        let problem = words.iter().fold(error.to_string(), |text, (rust, json)| text.replace(rust, json));
        Self::Json { what, problem }
    }
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Vector(error) => error.code(),
            Self::Keyword(error) => error.code(),
            Self::Embed(error) => error.code(),
            Self::Shape(error) => error.code(),
            Self::Cancelled(error) => error.code(),
            Self::Closed => "CLOSED",
            Self::Json { .. } => "JSON_INVALID",
            Self::FilterInvalid { .. } => "FILTER_INVALID",
            Self::Request(_) => "SEARCH_REQUEST",
            Self::SearchEmpty => "SEARCH_EMPTY",
            Self::TextEmpty { .. } => "TEXT_EMPTY",
            Self::VectorCount { .. } => "VECTOR_COUNT",
            Self::VectorDimension { .. } => "VECTOR_DIMENSION",
            Self::NoVectors(_) => "COLLECTION_NO_VECTORS",
            Self::ModelMissing(_) => "MODEL_MISSING",
            Self::ModelUnknown(_) => "MODEL_UNKNOWN",
            Self::ModelChanged { .. } | Self::Overtaken(_) => "MODEL_MISMATCH",
            Self::Spec(_) => "COLLECTION_SPEC",
            Self::RecordNotFound { .. } => "RECORD_NOT_FOUND",
            Self::Io { .. } => "STORE_IO",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Store(error) => error.fault(),
            Self::Vector(error) => error.fault(),
            Self::Keyword(error) => error.fault(),
            Self::Embed(error) => error.fault(),
            Self::Shape(error) => error.fault(),
            Self::Cancelled(error) => error.fault(),
            Self::Closed | Self::ModelMissing(_) => Fault::Unavailable,
            Self::Json { .. }
            | Self::FilterInvalid { .. }
            | Self::Request(_)
            | Self::SearchEmpty
            | Self::TextEmpty { .. }
            | Self::VectorCount { .. }
            | Self::VectorDimension { .. }
            | Self::ModelUnknown(_)
            | Self::NoVectors(_)
            | Self::Spec(_) => Fault::InvalidInput,
            Self::ModelChanged { .. } | Self::Overtaken(_) => Fault::Conflict,
            Self::RecordNotFound { .. } => Fault::NotFound,
            Self::Io { .. } => Fault::Internal,
        }
    }
}

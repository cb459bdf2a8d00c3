//! What kind of trouble an error is, so that every face answers it in the same manner.

/// Whose fault an error is and what can be done; the server maps each kind to one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The caller sent something that can't be right: shape, range, type, encoding (400).
    InvalidInput,
    /// The named thing doesn't exist (404).
    NotFound,
    /// The request contradicts what is stored: a duplicate id, another model's vectors (409).
    Conflict,
    /// The caller sent more than the limit (413).
    TooLarge,
    /// Somebody else holds it, or it is still loading: the same call may succeed later (503).
    Unavailable,
    /// The opened thing allows no writes (403).
    ReadOnly,
    /// The operating system refused access (500, logged: the operator must act).
    Permission,
    /// The disk or a quota is full; nothing acknowledged was lost (507).
    NoSpace,
    /// A file isn't what it should be: truncated, foreign, damaged, or from a newer version (500).
    Corrupt,
    /// The caller cancelled (499).
    Cancelled,
    /// A defect of ours (500).
    Internal,
}

impl Fault {
    /// The stable name that crosses the boundary to JavaScript.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
            Self::ReadOnly => "read_only",
            Self::Permission => "permission",
            Self::NoSpace => "no_space",
            Self::Corrupt => "corrupt",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

/// An error with a stable code. Every crate's error type implements it.
///
/// The `Display` text says what was wrong, what was received and what to do.
pub trait Coded: std::error::Error {
    /// Stable, SCREAMING_SNAKE_CASE, prefixed by the room: `STORE_LOCKED`, `VECTOR_DIMENSION`.
    fn code(&self) -> &'static str;
    /// The kind of trouble.
    fn fault(&self) -> Fault;
}

//! Points that a query doesn't want.

use crate::neighbours::MISSING;

/// What a query doesn't want to see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Except {
    /// The query itself, or [`MISSING`].
    pub(crate) id: u32,
    /// Ids from here on.
    pub(crate) from: u32,
}

impl Except {
    /// Everything is welcome.
    pub(crate) const NOTHING: Self = Self { id: MISSING, from: MISSING };
}

//! Metadata filters: a small JSON language, parsed once and evaluated over columns.
//!
//! - `{ "year": 1969 }`: equal; an array-valued field matches when one of its elements does.
//! - `{ "year": { "gte": 1960, "lt": 1970 } }`: several conditions on a field all have to hold.
//! - `eq ne gt gte lt lte in nin exists contains`; `contains` is `eq` on an element of an array.
//! - `{ "and": [...] }`, `{ "or": [...] }`, `{ "not": {...} }`; several keys in one object are and-ed.
//! - Nested fields are named with dots: `author.name`. A field called `and` is reached as `{ "and": { "eq": … } }`.
//!
//! `ne`, `nin` and `not` also match records that lack the field, as SQL's `IS DISTINCT FROM` does.

mod evaluate;
mod parse;

pub(crate) use evaluate::evaluate;
pub(crate) use parse::parse;

use crate::resident::Value;

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    /// All of them hold; an empty list always holds.
    And(Vec<Self>),
    /// One of them holds; an empty list never holds.
    Or(Vec<Self>),
    /// It doesn't hold.
    Not(Box<Self>),
    /// A condition on one field.
    Field { path: String, test: Test },
}

/// What is asked of a field's values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// One of the field's values is among these.
    In(Vec<Value>),
    /// One of the field's values lies in this range of its own type.
    Range { low: Option<Bound>, high: Option<Bound> },
    /// The field is there (an explicit `null` counts as absent).
    Exists,
}

/// One end of a range.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bound {
    pub(crate) value: Value,
    pub(crate) inclusive: bool,
}

//! A metadata value as filters see it.

use serde_json::Value as Json;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// A scalar out of a record's metadata.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// JSON `null`; never stored in a column.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any JSON number, as a double; never NaN.
    Number(f64),
    /// A string, compared by code points, so ISO dates order by time.
    Text(Box<str>),
}

impl Value {
    /// The scalar in `json`, or `None` for arrays and objects.
    pub(crate) fn from_scalar(json: &Json) -> Option<Self> {
        match json {
            Json::Null => Some(Self::Null),
            Json::Bool(value) => Some(Self::Bool(*value)),
            Json::Number(value) => value.as_f64().map(Self::number),
            Json::String(value) => Some(Self::Text(value.as_str().into())),
            Json::Array(_) | Json::Object(_) => None,
        }
    }

    /// A number; -0 is stored as 0 so that the two are one value.
    pub(crate) fn number(value: f64) -> Self {
        Self::Number(value + 0.0)
    }

    /// The order of two values of one type; values of different types have none.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Null, Self::Null) => Some(Ordering::Equal),
            _ => None,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Some(Ordering::Equal)
    }
}
// JSON numbers are finite, so equality is total here.
impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Null => {}
            Self::Bool(value) => value.hash(state),
            Self::Number(value) => value.to_bits().hash(state),
            Self::Text(value) => value.hash(state),
        }
    }
}

//! The metrics that vector search knows by name.

/// How two vectors are compared. Scores are "higher is better" for every kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MetricKind {
    /// Cosine of the angle, in [-1, 1]. A zero vector has no direction and is refused.
    #[default]
    Cosine,
    /// Inner product.
    Dot,
    /// Squared Euclidean distance, negated so that higher is better.
    L2,
}

impl MetricKind {
    /// The stable name used in files, JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Dot => "dot",
            Self::L2 => "l2",
        }
    }

    /// The metric with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Cosine, Self::Dot, Self::L2].into_iter().find(|kind| kind.as_str() == name)
    }
}

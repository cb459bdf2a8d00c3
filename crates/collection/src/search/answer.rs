//! What a search answers.

use super::request::Mode;
use serde::Serialize;
use serde_json::value::RawValue;

/// The answer to one search.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchAnswer {
    /// The hits of this page, best first.
    pub hits: Vec<SearchHit>,
    /// The legs that really ran.
    pub mode: Mode,
    /// What the caller should know: a fallback, a model that changed.
    pub notes: Vec<String>,
    /// Offset of the next page, or null after the last.
    pub next: Option<usize>,
    /// Milliseconds spent in the core.
    pub took_ms: f64,
}

/// One record found.
#[derive(Debug, Serialize)]
pub struct SearchHit {
    /// The record's id.
    pub id: String,
    /// The fused score, or the only leg's.
    pub score: f32,
    /// What each leg says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<Scores>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The metadata, as it was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<RawValue>>,
    /// The vector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vec<f32>>,
    /// Marked fragments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highlights: Option<Vec<Marked>>,
}

/// The score of each leg that ran.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Scores {
    /// BM25, at least 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword: Option<f32>,
    /// Cosine, inner product, or the negated squared distance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<f32>,
}

/// A fragment with its marked words.
#[derive(Debug, Serialize)]
pub struct Marked {
    /// The fragment, unmarked.
    pub text: String,
    /// The fragment, escaped for HTML, words in `<mark>`.
    pub html: String,
    /// Start and end of each marked word, in UTF-16 code units of `text` (what JavaScript slices by).
    pub spans: Vec<(u32, u32)>,
}

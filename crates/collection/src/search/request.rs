//! What a search asks for.

use crate::error::Error;
use crate::object::Object;
use serde::Deserialize;
use serde_json::Value as Json;

/// A page this large would copy megabytes of text for one answer.
const MAX_LIMIT: usize = 1_000;
/// Past this depth a client wants an export (`list`), not a search.
const MAX_OFFSET: usize = 100_000;
/// A weight over this drowns the other leg anyway, and sums and products of larger ones could leave the range of `f32`.
const MAX_WEIGHT: f32 = 1e6;

/// Which legs a search runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Keywords and vectors, fused.
    #[default]
    Hybrid,
    /// BM25 alone.
    Keyword,
    /// Vector similarity alone.
    Vector,
}

/// How the two legs become one ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FusionKind {
    /// Normalised scores, weighted by how sure each leg is of this query.
    #[default]
    Adaptive,
    /// Reciprocal rank fusion with fixed weights (Cormack, Clarke & Büttcher, SIGIR 2009).
    Rrf,
}

/// What each leg counts for, 0 to 1,000,000; for adaptive fusion they multiply what the query suggests.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Weights {
    /// The keyword leg.
    pub keyword: f32,
    /// The vector leg.
    pub vector: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self { keyword: 1.0, vector: 1.0 }
    }
}

/// Highlighting: `true`, `false`, or sizes.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Highlight {
    /// On with the default sizes, or off.
    Switch(bool),
    /// On with these sizes.
    Sizes {
        /// Characters a fragment, 20 to 2,000.
        #[serde(default = "default_length")]
        length: usize,
        /// Fragments a record, 1 to 10.
        #[serde(default = "default_fragments")]
        fragments: usize,
    },
}

fn default_length() -> usize {
    160
}
fn default_fragments() -> usize {
    1
}

impl Highlight {
    /// `(length, fragments)`, or `None` when off.
    pub(crate) fn sizes(self) -> Option<(usize, usize)> {
        match self {
            Self::Switch(false) => None,
            Self::Switch(true) => Some((default_length(), default_fragments())),
            Self::Sizes { length, fragments } => Some((length, fragments)),
        }
    }
}

/// Parts of a hit that the caller wants; id and score always come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The record's text.
    Text,
    /// Its metadata.
    Metadata,
    /// Its vector.
    Vector,
    /// The scores of the two legs.
    Scores,
}

/// A search, as it arrives in JSON.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct SearchRequest {
    /// The query; any text is valid.
    pub text: Option<String>,
    /// Which legs to run.
    pub mode: Mode,
    /// Hits a page, 1 to 1,000.
    pub limit: usize,
    /// Hits to skip.
    pub offset: usize,
    /// Metadata filter, applied before the cut to `limit`.
    pub filter: Option<Json>,
    /// How the legs are fused.
    pub fusion: FusionKind,
    /// What each leg counts for.
    pub weights: Weights,
    /// The constant k of reciprocal rank fusion.
    pub rrf_k: f32,
    /// Hits that score less are left out.
    pub min_score: Option<f32>,
    /// Marked fragments of the text.
    pub highlight: Highlight,
    /// What each hit carries.
    pub include: Vec<Part>,
    /// Wait for a model that is loading (`true`), or answer `MODEL_LOADING` at once.
    pub wait: bool,
}

impl Default for SearchRequest {
    fn default() -> Self {
        Self {
            text: None,
            mode: Mode::default(),
            limit: 10,
            offset: 0,
            filter: None,
            fusion: FusionKind::default(),
            weights: Weights::default(),
            rrf_k: 60.0,
            min_score: None,
            highlight: Highlight::Switch(false),
            include: vec![Part::Text, Part::Metadata, Part::Scores],
            wait: true,
        }
    }
}

impl SearchRequest {
    /// Reads and checks a request.
    ///
    /// # Errors
    /// `JSON_INVALID` for what isn't the request's shape, `SEARCH_REQUEST` for a value out of range.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let Object(request): Object<Self> =
            serde_json::from_str(json).map_err(|error| Error::json("the search request", &error))?;
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<(), Error> {
        let fail = |message: String| Err(Error::Request(message));
        if !(1..=MAX_LIMIT).contains(&self.limit) {
            return fail(format!("limit is {}; it must lie in 1..={MAX_LIMIT}", self.limit));
        }
        if self.offset > MAX_OFFSET {
            return fail(format!("offset is {}; at most {MAX_OFFSET}: list the records instead", self.offset));
        }
        let weight_ok = |weight: f32| (0.0..=MAX_WEIGHT).contains(&weight);
        if !weight_ok(self.weights.keyword) || !weight_ok(self.weights.vector) {
            return fail(format!("weights must lie in 0..={MAX_WEIGHT}"));
        }
        if self.weights.keyword + self.weights.vector == 0.0 {
            return fail("both weights are 0: nothing would count".to_owned());
        }
        if !(self.rrf_k.is_finite() && self.rrf_k >= 0.0) {
            return fail(format!("rrfK is {}; it must be finite and at least 0", self.rrf_k));
        }
        if self.min_score.is_some_and(|score| !score.is_finite()) {
            return fail("minScore must be finite".to_owned());
        }
        if let Some((length, fragments)) = self.highlight.sizes()
            && !((20..=2_000).contains(&length) && (1..=10).contains(&fragments))
        {
            return fail("highlight takes length 20..=2000 and fragments 1..=10".to_owned());
        }
        Ok(())
    }

    /// Whether each hit carries `part`.
    pub(crate) fn wants(&self, part: Part) -> bool {
        self.include.contains(&part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use canopy_core::Coded;

    #[test]
    fn values_out_of_range_are_refused() {
        for (json, code) in [
            (r#"{"limit":0}"#, "SEARCH_REQUEST"),
            (r#"{"limit":1001}"#, "SEARCH_REQUEST"),
            (r#"{"offset":100001}"#, "SEARCH_REQUEST"),
            (r#"{"weights":{"keyword":-1}}"#, "SEARCH_REQUEST"),
            (r#"{"weights":{"keyword":0,"vector":0}}"#, "SEARCH_REQUEST"),
            (r#"{"weights":{"keyword":3e38,"vector":3e38}}"#, "SEARCH_REQUEST"),
            (r#"{"rrfK":-1}"#, "SEARCH_REQUEST"),
            (r#"{"highlight":{"length":1}}"#, "SEARCH_REQUEST"),
            (r#"{"limit":-1}"#, "JSON_INVALID"),
            (r#"{"limits":1}"#, "JSON_INVALID"),
            (r#"{"mode":"fuzzy"}"#, "JSON_INVALID"),
            (r#"{"include":["secret"]}"#, "JSON_INVALID"),
            ("[", "JSON_INVALID"),
        ] {
            assert_eq!(SearchRequest::parse(json).unwrap_err().code(), code, "{json}");
        }
        assert_eq!(SearchRequest::parse("{}").unwrap(), SearchRequest::default());
    }
}

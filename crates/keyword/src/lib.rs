//! Keyword search: text analysis, an inverted index with BM25, highlights.
//!
//! [`KeywordIndex`] keeps texts by slot and answers the best of them for a query of any length and content. It lives in
//! memory, is exact after every change and opens from a snapshot without reading the texts again. `DESIGN.md` beside
//! this crate says why it is ours and how it is laid out.
//!
//! ```
//! use canopy_core::Cancel;
//! use canopy_keyword::{HighlightOptions, KeywordIndex, Options};
//!
//! let mut index = KeywordIndex::new(Options::default())?;
//! index.extend(&[(0, "The café serves coffee"), (1, "Tea houses of Kyoto"), (2, "")]);
//! let query = index.query("cafes serving \"coffee\" OR tea");
//! assert_eq!(query.search(1, None, &Cancel::new())?[0].slot, 0);
//! let best = query.highlight("The café serves coffee", &HighlightOptions::default());
//! assert_eq!(best[0].html, "The <mark>café</mark> <mark>serves</mark> <mark>coffee</mark>");
//! # Ok::<(), canopy_keyword::Error>(())
//! ```
#![forbid(unsafe_code)]

mod analyzer;
mod bm25;
mod bulk;
mod dictionary;
mod documents;
mod error;
mod highlight;
mod index;
mod memory;
mod options;
mod points;
mod postings;
mod query;
mod search;
mod snapshot;

pub use analyzer::{ANALYZER_VERSION, Analyzer, MAX_TERM_BYTES, Token};
pub use error::Error;
pub use highlight::{Fragment, HighlightOptions};
pub use index::KeywordIndex;
pub use options::Options;
pub use query::{MAX_QUERY_BYTES, MAX_QUERY_TERMS, Query, QueryStats};

//! Keyword search: text analysis, an inverted index with BM25, highlights.

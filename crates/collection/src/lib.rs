//! A collection: records, keywords, vectors and a model behind one search.

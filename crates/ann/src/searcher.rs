//! One face for every way to search, so that they can be compared.

use crate::Error;
use crate::flat::FlatIndex;
use crate::graph::{GraphIndex, SearchOptions};
use crate::hybrid::{self, HybridOptions};
use crate::ivf::{Exact, IvfPq, IvfSearch};
use canopy_core::{Cancel, Hit};

/// Something that finds near vectors.
pub trait Searcher: Send + Sync {
    /// What it is called in reports.
    fn name(&self) -> &'static str;
    /// Number of vectors.
    fn len(&self) -> usize;
    /// Whether there is no vector.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Bytes of memory, exact vectors included where it keeps them.
    fn bytes(&self) -> usize;
    /// About the `k` best vectors, best first, with exact scores. `breadth` is how much to look at: the more, the more is found and the longer it takes.
    ///
    /// # Errors
    /// Those of a query that can't be compared, and [`Error::Cancelled`].
    fn find(&self, query: &[f32], k: usize, breadth: usize, cancel: &Cancel) -> Result<Vec<Hit>, Error>;
}

impl Searcher for FlatIndex {
    fn name(&self) -> &'static str {
        "flat"
    }
    fn len(&self) -> usize {
        self.len()
    }
    fn bytes(&self) -> usize {
        self.memory_bytes()
    }
    /// Finds all, whatever the breadth.
    fn find(&self, query: &[f32], k: usize, _breadth: usize, cancel: &Cancel) -> Result<Vec<Hit>, Error> {
        self.search(query, k, None, cancel)
    }
}

impl Searcher for GraphIndex {
    fn name(&self) -> &'static str {
        "graph"
    }
    fn len(&self) -> usize {
        self.len()
    }
    fn bytes(&self) -> usize {
        self.memory_bytes()
    }
    fn find(&self, query: &[f32], k: usize, breadth: usize, cancel: &Cancel) -> Result<Vec<Hit>, Error> {
        self.search(query, k, SearchOptions { ef: breadth, rerank: breadth.max(k + k / 2) }, None, cancel)
    }
}

/// [`IvfPq`] with the exact vectors of another index.
#[derive(Debug, Clone, Copy)]
pub struct Lists<'a, E> {
    /// The lists.
    pub lists: &'a IvfPq,
    /// Who keeps the vectors.
    pub exact: &'a E,
}

impl<E: Exact + Send + Sync> Searcher for Lists<'_, E> {
    fn name(&self) -> &'static str {
        "ivf-pq"
    }
    fn len(&self) -> usize {
        self.lists.len()
    }
    fn bytes(&self) -> usize {
        self.lists.memory_bytes()
    }
    /// The breadth is the number of lists that are read.
    fn find(&self, query: &[f32], k: usize, breadth: usize, cancel: &Cancel) -> Result<Vec<Hit>, Error> {
        self.lists.search(query, k, IvfSearch { probes: breadth, rerank: 8 * k }, None, self.exact, cancel)
    }
}

/// The preset `hybrid`.
#[derive(Debug, Clone, Copy)]
pub struct Pipeline<'a> {
    /// Finds candidates and keeps the vectors.
    pub graph: &'a GraphIndex,
    /// Orders the candidates.
    pub lists: &'a IvfPq,
}

impl Searcher for Pipeline<'_> {
    fn name(&self) -> &'static str {
        "hybrid"
    }
    fn len(&self) -> usize {
        self.graph.len()
    }
    fn bytes(&self) -> usize {
        self.graph.memory_bytes() + self.lists.memory_bytes()
    }
    /// The breadth is the number of candidates; three quarters of them are left for the exact look.
    fn find(&self, query: &[f32], k: usize, breadth: usize, cancel: &Cancel) -> Result<Vec<Hit>, Error> {
        let candidates = breadth.max(k);
        let options = HybridOptions { candidates, keep: (candidates * 3 / 4).max(k), ..HybridOptions::default() };
        hybrid::search(self.graph, self.lists, query, k, options, None, cancel)
    }
}

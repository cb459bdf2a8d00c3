//! Graphs from files: CSV edge lists, GraphML and JSON. Readers stream, hold limits, and name the place where a file is wrong.

mod graphml;
mod json;
mod table;

pub use graphml::read_graphml;
pub use json::{Id, read_json};
pub use table::{CsvOptions, read_csv};

use crate::error::Error;
use crate::graph::{Edge, Graph, GraphOptions};
use crate::hyper::Hypergraph;
use std::collections::HashMap;
use std::io::{self, Read};

/// What a file may hold at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes read.
    pub bytes: u64,
    /// Nodes.
    pub nodes: u32,
    /// Edges as named, and members of hyperedges.
    pub edges: u64,
    /// Bytes of one id.
    pub id_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 4 << 30, nodes: 50_000_000, edges: 500_000_000, id_bytes: 1024 }
    }
}

/// A graph with the ids of its nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The graph.
    pub graph: Graph,
    /// The id of each node, in the order of first mention.
    pub ids: Vec<String>,
    /// Hyperedges, when the file has some.
    pub hypergraph: Option<Hypergraph>,
}

/// Numbers ids as they appear and gathers edges.
struct Gathered {
    limits: Limits,
    numbers: HashMap<String, u32>,
    ids: Vec<String>,
    edges: Vec<Edge>,
    lists: Vec<Vec<u32>>,
    named: u64,
}

impl Gathered {
    fn new(limits: &Limits) -> Self {
        let (numbers, ids, edges, lists) = (HashMap::new(), Vec::new(), Vec::new(), Vec::new());
        Self { limits: *limits, numbers, ids, edges, lists, named: 0 }
    }

    fn node(&mut self, id: &str) -> Result<u32, Error> {
        if let Some(&number) = self.numbers.get(id) {
            return Ok(number);
        }
        if id.len() > self.limits.id_bytes {
            let advice = "shorten the ids or raise the limit";
            let (received, limit) = (id.len() as u64, self.limits.id_bytes as u64);
            return Err(Error::TooLarge { what: "bytes of an id", received, limit, advice });
        }
        let number = self.ids.len() as u32;
        if number >= self.limits.nodes {
            let (received, limit) = (u64::from(number) + 1, u64::from(self.limits.nodes));
            return Err(Error::TooLarge { what: "nodes", received, limit, advice: "raise the limit" });
        }
        self.ids.push(id.to_owned());
        self.numbers.insert(id.to_owned(), number);
        Ok(number)
    }

    fn count(&mut self) -> Result<(), Error> {
        self.named += 1;
        if self.named <= self.limits.edges {
            return Ok(());
        }
        Err(Error::TooLarge {
            what: "edges",
            received: self.named,
            limit: self.limits.edges,
            advice: "raise the limit",
        })
    }

    fn edge(&mut self, source: &str, target: &str, weight: f64) -> Result<(), Error> {
        self.count()?;
        let edge = Edge { source: self.node(source)?, target: self.node(target)?, weight };
        self.edges.push(edge);
        Ok(())
    }

    fn finish(self, options: GraphOptions) -> Result<Loaded, Error> {
        let nodes = self.ids.len() as u32;
        let graph = Graph::from_edges(nodes, &self.edges, options)?;
        let hypergraph = if self.lists.is_empty() { None } else { Some(Hypergraph::new(nodes, &self.lists)?) };
        Ok(Loaded { graph, ids: self.ids, hypergraph })
    }
}

/// Refuses to read past a limit.
struct Bounded<R> {
    inner: R,
    left: u64,
}

/// Marks the error that a [`Bounded`] reader stops with.
#[derive(Debug, thiserror::Error)]
#[error("the file is larger than the limit")]
struct PastLimit;

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX).min(out.len());
        let got = self.inner.read(&mut out[..most])?;
        self.left = self.left.checked_sub(got as u64).ok_or_else(|| io::Error::other(PastLimit))?;
        Ok(got)
    }
}

/// The error of a failed read.
fn read_error(error: io::Error, limits: &Limits) -> Error {
    if matches!(error.get_ref(), Some(inner) if inner.is::<PastLimit>()) {
        let (received, limit) = (limits.bytes.saturating_add(1), limits.bytes);
        return Error::TooLarge { what: "bytes", received, limit, advice: "split the file or raise the limit" };
    }
    Error::Read(error)
}

fn parse_weight(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

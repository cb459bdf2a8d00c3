//! A graph to compute with.

use crate::error::Error;
use crate::graphs::Graphs;
use crate::view::View;
use canopy_graph::{Edge, Graph, GraphOptions, Hypergraph, Names, Parallel};
use rusqlite::Connection;
use std::sync::Arc;

/// A graph as it was at one version: nodes are numbered without gaps, in the order in which they were made.
#[derive(Debug)]
pub struct Snapshot {
    /// The graph.
    pub graph: Arc<Graph>,
    /// What its nodes are called.
    pub names: Arc<Names>,
    /// Its hyperedges.
    pub hypergraph: Arc<Hypergraph>,
    /// What the hyperedges are called.
    pub hyperedges: Vec<String>,
    /// Where the nodes are stored.
    pub(crate) slots: Arc<Slots>,
    /// The version that this is.
    pub version: u64,
}

impl Graphs {
    /// The graph as it is now: read once, then followed as it changes.
    ///
    /// # Errors
    /// [`Error::NotFound`], `STORE_*`, `CLOSED`.
    pub fn snapshot(&self, name: &str) -> Result<Arc<Snapshot>, Error> {
        self.known(name, |key, version| self.shelf.snapshot(key, version), |snapshot| snapshot)
    }

    /// The graph as it is now, with what changed since it was read laid over it.
    pub(crate) fn view(&self, name: &str) -> Result<Arc<View>, Error> {
        self.known(name, |key, version| self.shelf.view(key, version), |snapshot| Arc::new(View::new(&snapshot)))
    }

    /// What is held of a graph, else what is read of it.
    fn known<T>(
        &self,
        name: &str,
        held: impl FnOnce(u32, u64) -> Option<T>,
        of: impl FnOnce(Arc<Snapshot>) -> T,
    ) -> Result<T, Error> {
        self.reading_graph(name, |connection, entry, trouble| {
            let version = entry.version.unsigned_abs();
            if let Some(known) = held(entry.key, version) {
                return Ok(known);
            }
            let columns = Columns::read(connection, entry.key).map_err(trouble)?;
            let snapshot = Arc::new(columns.snapshot(entry.directed, version)?);
            self.shelf.keep(entry.key, &snapshot);
            Ok(of(snapshot))
        })
    }
}

/// The tables of a graph, nodes numbered from 0.
struct Columns {
    slots: Slots,
    ids: Vec<String>,
    edges: Vec<Edge>,
    hyperedges: Vec<String>,
    lists: Vec<Vec<u32>>,
}

impl Columns {
    fn read(connection: &Connection, key: u32) -> rusqlite::Result<Self> {
        let (slots, ids): (Vec<i64>, Vec<String>) = connection
            .prepare(&format!("SELECT slot, id FROM gn{key} ORDER BY slot"))?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(i64, String)>>>()?
            .into_iter()
            .unzip();
        let slots = Slots::new(slots);
        let node = |slot| slots.number(slot);
        let mut edges = Vec::new();
        let mut statement = connection.prepare(&format!("SELECT source, target, weight FROM ge{key}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            edges.push(Edge { source: node(row.get(0)?)?, target: node(row.get(1)?)?, weight: row.get(2)? });
        }
        let (starts, hyperedges): (Vec<i64>, Vec<String>) = connection
            .prepare(&format!("SELECT slot, id FROM gh{key} ORDER BY slot"))?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(i64, String)>>>()?
            .into_iter()
            .unzip();
        let starts = Slots::new(starts);
        let mut lists = vec![Vec::new(); hyperedges.len()];
        let mut statement = connection.prepare(&format!("SELECT hyperedge, node FROM gm{key}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            lists[starts.number(row.get(0)?)? as usize].push(node(row.get(1)?)?);
        }
        Ok(Self { slots, ids, edges, hyperedges, lists })
    }

    fn snapshot(self, directed: bool, version: u64) -> Result<Snapshot, Error> {
        let options = GraphOptions { directed, parallel: Parallel::Last };
        let nodes = self.ids.len() as u32;
        Ok(Snapshot {
            graph: Arc::new(Graph::from_edges(nodes, &self.edges, options)?),
            names: Arc::new(Names::new(self.ids)),
            hypergraph: Arc::new(Hypergraph::new(nodes, &self.lists)?),
            hyperedges: self.hyperedges,
            slots: Arc::new(self.slots),
            version,
        })
    }
}

/// Numbers with gaps, ascending, and their places.
#[derive(Debug)]
pub(crate) enum Slots {
    /// Without gaps, which is what a graph that lost nothing has: the first, and how many.
    Dense(i64, usize),
    Sparse(Vec<i64>),
}

impl Slots {
    pub(crate) fn new(slots: Vec<i64>) -> Self {
        let first = slots.first().copied().unwrap_or(0);
        let dense = slots.last().is_none_or(|last| last - first + 1 == slots.len() as i64);
        if dense { Self::Dense(first, slots.len()) } else { Self::Sparse(slots) }
    }

    pub(crate) fn place(&self, slot: i64) -> Option<u32> {
        let at = match self {
            Self::Dense(first, count) => usize::try_from(slot - first).ok().filter(|at| at < count),
            Self::Sparse(slots) => slots.binary_search(&slot).ok(),
        };
        at.map(|at| at as u32)
    }

    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = i64> + '_> {
        match self {
            Self::Dense(first, count) => Box::new(*first..*first + *count as i64),
            Self::Sparse(slots) => Box::new(slots.iter().copied()),
        }
    }

    /// The place. A number that isn't there means that bytes changed on disk.
    fn number(&self, slot: i64) -> rusqlite::Result<u32> {
        self.place(slot).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, slot))
    }
}

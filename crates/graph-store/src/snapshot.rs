//! A graph to compute with.

use crate::error::Error;
use crate::graphs::Graphs;
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
    /// The version that this is.
    pub version: u64,
}

impl Graphs {
    /// The graph as it is now, read once a version.
    ///
    /// # Errors
    /// [`Error::NotFound`], `STORE_*`, `CLOSED`.
    pub fn snapshot(&self, name: &str) -> Result<Arc<Snapshot>, Error> {
        let (key, snapshot) = self.reading_graph(name, |connection, entry, trouble| {
            let version = entry.version.unsigned_abs();
            let known = self.read.lock().get(&entry.key).filter(|known| known.version == version).cloned();
            if let Some(known) = known {
                return Ok((entry.key, known));
            }
            let columns = Columns::read(connection, entry.key).map_err(trouble)?;
            Ok((entry.key, Arc::new(columns.snapshot(entry.directed, version)?)))
        })?;
        // Of two that read at once the newer stays.
        let mut read = self.read.lock();
        let newest = read.entry(key).or_insert_with(|| snapshot.clone());
        if newest.version < snapshot.version {
            *newest = snapshot.clone();
        }
        Ok(snapshot)
    }
}

/// The tables of a graph, nodes numbered from 0.
struct Columns {
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
        let node = numbered(&slots);
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
        let list = numbered(&starts);
        let mut lists = vec![Vec::new(); hyperedges.len()];
        let mut statement = connection.prepare(&format!("SELECT hyperedge, node FROM gm{key}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            lists[list(row.get(0)?)? as usize].push(node(row.get(1)?)?);
        }
        Ok(Self { ids, edges, hyperedges, lists })
    }

    fn snapshot(self, directed: bool, version: u64) -> Result<Snapshot, Error> {
        let options = GraphOptions { directed, parallel: Parallel::Last };
        let nodes = self.ids.len() as u32;
        Ok(Snapshot {
            graph: Arc::new(Graph::from_edges(nodes, &self.edges, options)?),
            names: Arc::new(Names::new(self.ids)),
            hypergraph: Arc::new(Hypergraph::new(nodes, &self.lists)?),
            hyperedges: self.hyperedges,
            version,
        })
    }
}

/// From numbers with gaps, ascending, to their places. A number that isn't there means that bytes changed on disk.
fn numbered(slots: &[i64]) -> impl Fn(i64) -> rusqlite::Result<u32> + '_ {
    // Without gaps, which is what a graph that lost nothing has, the place is the number.
    let first = slots.first().copied().unwrap_or(0);
    let dense = slots.last().is_none_or(|last| last - first + 1 == slots.len() as i64);
    move |slot| {
        let at = if dense {
            usize::try_from(slot - first).ok().filter(|at| *at < slots.len())
        } else {
            slots.binary_search(&slot).ok()
        };
        at.map(|at| at as u32).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, slot))
    }
}

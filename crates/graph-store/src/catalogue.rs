//! The list of graphs.

use crate::error::Error;
use crate::graphs::Trouble;
use crate::sql;
use rusqlite::{Connection, OptionalExtension, Row, params};

const MAX_NAME_CHARS: usize = 128;

/// A graph as it stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Whether an edge leads one way only.
    pub directed: bool,
    /// Nodes.
    pub nodes: u64,
    /// Edges, an undirected one counted once.
    pub edges: u64,
    /// Hyperedges.
    pub hyperedges: u64,
    /// Grows with every batch that changed something.
    pub version: u64,
    /// The collection that it follows.
    pub collection: Option<String>,
}

/// A row of the list.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: u32,
    pub(crate) name: String,
    pub(crate) directed: bool,
    pub(crate) nodes: i64,
    pub(crate) edges: i64,
    pub(crate) hyperedges: i64,
    pub(crate) version: i64,
    pub(crate) next: i64,
    pub(crate) follows: Option<String>,
}

const COLUMNS: &str = "key, name, directed, nodes, edges, hyperedges, version, next, follows";

impl Entry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            name: row.get(1)?,
            directed: row.get(2)?,
            nodes: row.get(3)?,
            edges: row.get(4)?,
            hyperedges: row.get(5)?,
            version: row.get(6)?,
            next: row.get(7)?,
            follows: row.get(8)?,
        })
    }

    pub(crate) fn summary(&self) -> Summary {
        let collection = self.follows.as_deref().and_then(|follows| {
            let follows: serde_json::Value = serde_json::from_str(follows).ok()?;
            Some(follows.get("collection")?.as_str()?.to_owned())
        });
        Summary {
            name: self.name.clone(),
            directed: self.directed,
            nodes: self.nodes.unsigned_abs(),
            edges: self.edges.unsigned_abs(),
            hyperedges: self.hyperedges.unsigned_abs(),
            version: self.version.unsigned_abs(),
            collection,
        }
    }

    /// Writes the counters back.
    pub(crate) fn save(&self, connection: &Connection) -> rusqlite::Result<()> {
        let text = "UPDATE graphs SET nodes = ?2, edges = ?3, hyperedges = ?4, version = ?5, next = ?6, follows = ?7 WHERE key = ?1";
        let values = params![self.key, self.nodes, self.edges, self.hyperedges, self.version, self.next, self.follows];
        connection.prepare_cached(text)?.execute(values).map(drop)
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let reason = if name.is_empty() {
        "is empty"
    } else if name.chars().count() > MAX_NAME_CHARS {
        "has over 128 characters"
    } else if name.contains(char::is_control) {
        "holds a control character"
    } else {
        return Ok(());
    };
    Err(Error::Name { name: name.chars().take(64).collect(), reason })
}

/// Whether there has ever been a graph.
fn listed(connection: &Connection) -> rusqlite::Result<bool> {
    let text = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'graphs'";
    connection.prepare_cached(text)?.exists([])
}

pub(crate) fn list(connection: &Connection) -> rusqlite::Result<Vec<Summary>> {
    if !listed(connection)? {
        return Ok(Vec::new());
    }
    let mut list = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM graphs ORDER BY name"))?;
    list.query_map([], |row| Entry::read(row).map(|entry| entry.summary()))?.collect()
}

pub(crate) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Entry>> {
    if !listed(connection)? {
        return Ok(None);
    }
    let mut find = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM graphs WHERE name = ?1"))?;
    find.query_row([name], Entry::read).optional()
}

pub(crate) fn entry(connection: &Connection, name: &str, trouble: Trouble<'_>) -> Result<Entry, Error> {
    find(connection, name).map_err(trouble)?.ok_or_else(|| Error::NotFound { name: name.to_owned() })
}

pub(crate) fn insert(connection: &Connection, name: &str, directed: bool) -> rusqlite::Result<()> {
    connection.execute("INSERT INTO graphs(name, directed) VALUES(?1, ?2)", params![name, directed])?;
    let key = u32::try_from(connection.last_insert_rowid())
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, i64::MAX))?;
    connection.execute_batch(&sql::create_tables(key))
}

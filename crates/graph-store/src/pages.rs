//! Reading a graph page by page.

use crate::error::Error;
use crate::graphs::Graphs;
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Which page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PageOptions {
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Items, 1 to 10,000; 100 when it isn't said.
    pub limit: Option<u32>,
}

/// A page, and where the next one starts.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    /// What it holds.
    pub items: Vec<T>,
    /// What to pass as `after` for the next one; `None` at the end.
    pub next: Option<String>,
}

/// A node as it is stored.
#[derive(Debug, Serialize)]
pub struct NodeView {
    /// Its id.
    pub id: String,
    /// Its attributes, a JSON object.
    pub attributes: Box<RawValue>,
}

/// An edge as it is stored.
#[derive(Debug, Serialize)]
pub struct EdgeView {
    /// Where it starts; of an undirected one the end that was made first.
    pub source: String,
    /// Where it ends.
    pub target: String,
    /// Its weight.
    pub weight: f64,
    /// Its attributes, a JSON object.
    pub attributes: Box<RawValue>,
}

/// A hyperedge as it is stored.
#[derive(Debug, Serialize)]
pub struct HyperedgeView {
    /// Its id.
    pub id: String,
    /// Its nodes.
    pub members: Vec<String>,
    /// Its attributes, a JSON object.
    pub attributes: Box<RawValue>,
}

/// The most items of a page.
pub(crate) const MOST: u32 = 10_000;

impl PageOptions {
    fn limit(&self) -> Result<usize, Error> {
        let limit = self.limit.unwrap_or(100);
        if (1..=MOST).contains(&limit) {
            return Ok(limit as usize);
        }
        Err(Error::Option { name: "limit", received: limit.to_string(), expected: "choose 1 to 10,000" })
    }

    /// The place to go on from: as many numbers as the order has.
    fn place<const N: usize>(&self) -> Result<[i64; N], Error> {
        let Some(after) = &self.after else { return Ok([-1; N]) };
        let numbers: Option<Vec<i64>> = after.split('-').map(|part| part.parse().ok()).collect();
        numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(|| Error::Option {
            name: "after",
            received: after.chars().take(64).collect(),
            expected: "send the `next` of the page before",
        })
    }
}

pub(crate) fn attributes(row: &Row<'_>, at: usize) -> rusqlite::Result<Box<RawValue>> {
    let text: String = row.get(at)?;
    RawValue::from_string(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(error)))
}

/// Cuts what was read one too far.
fn page<T>(mut read: Vec<(T, String)>, limit: usize) -> Page<T> {
    let more = read.len() > limit;
    read.truncate(limit);
    let next = read.last().filter(|_| more).map(|(_, place)| place.clone());
    Page { items: read.into_iter().map(|(item, _)| item).collect(), next }
}

impl Graphs {
    /// Nodes in the order in which they were made.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Option`], `STORE_*`, `CLOSED`.
    pub fn nodes(&self, name: &str, options: &PageOptions) -> Result<Page<NodeView>, Error> {
        let (limit, [after]) = (options.limit()?, options.place()?);
        self.reading_graph(name, |connection, entry, trouble| {
            let text =
                format!("SELECT slot, id, attributes FROM gn{} WHERE slot > ?1 ORDER BY slot LIMIT ?2", entry.key);
            let read = || -> rusqlite::Result<Vec<_>> {
                let mut page = connection.prepare_cached(&text)?;
                let rows = page.query_map([after, limit as i64 + 1], |row| {
                    let place = row.get::<_, i64>(0)?.to_string();
                    Ok((NodeView { id: row.get(1)?, attributes: attributes(row, 2)? }, place))
                })?;
                rows.collect()
            };
            Ok(page(read().map_err(trouble)?, limit))
        })
    }

    /// Edges by their source, then by their target, in the order in which those were made.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Option`], `STORE_*`, `CLOSED`.
    pub fn edges(&self, name: &str, options: &PageOptions) -> Result<Page<EdgeView>, Error> {
        let (limit, [source, target]) = (options.limit()?, options.place()?);
        self.reading_graph(name, |connection, entry, trouble| {
            let key = entry.key;
            let text = format!(
                "SELECT e.source, e.target, s.id, t.id, e.weight, e.attributes FROM ge{key} e
                 JOIN gn{key} s ON s.slot = e.source JOIN gn{key} t ON t.slot = e.target
                 WHERE (e.source, e.target) > (?1, ?2) ORDER BY e.source, e.target LIMIT ?3"
            );
            let read = || -> rusqlite::Result<Vec<_>> {
                let mut page = connection.prepare_cached(&text)?;
                let rows = page.query_map([source, target, limit as i64 + 1], |row| {
                    let place = format!("{}-{}", row.get::<_, i64>(0)?, row.get::<_, i64>(1)?);
                    Ok((edge(row, 2)?, place))
                })?;
                rows.collect()
            };
            Ok(page(read().map_err(trouble)?, limit))
        })
    }

    /// Hyperedges in the order in which they were made.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Option`], `STORE_*`, `CLOSED`.
    pub fn hyperedges(&self, name: &str, options: &PageOptions) -> Result<Page<HyperedgeView>, Error> {
        let (limit, [after]) = (options.limit()?, options.place()?);
        self.reading_graph(name, |connection, entry, trouble| {
            let key = entry.key;
            let text = format!("SELECT slot, id, attributes FROM gh{key} WHERE slot > ?1 ORDER BY slot LIMIT ?2");
            let members = format!(
                "SELECT n.id FROM gm{key} m JOIN gn{key} n ON n.slot = m.node WHERE m.hyperedge = ?1 ORDER BY m.node"
            );
            let read = || -> rusqlite::Result<Vec<_>> {
                let mut of = connection.prepare_cached(&members)?;
                let mut page = connection.prepare_cached(&text)?;
                let mut rows = page.query([after, limit as i64 + 1])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    let slot: i64 = row.get(0)?;
                    let members = of.query_map([slot], |row| row.get(0))?.collect::<Result<_, _>>()?;
                    let view = HyperedgeView { id: row.get(1)?, members, attributes: attributes(row, 2)? };
                    found.push((view, slot.to_string()));
                }
                Ok(found)
            };
            Ok(page(read().map_err(trouble)?, limit))
        })
    }
}

/// The edge that starts at column `at`: source, target, weight, attributes.
pub(crate) fn edge(row: &Row<'_>, at: usize) -> rusqlite::Result<EdgeView> {
    Ok(EdgeView {
        source: row.get(at)?,
        target: row.get(at + 1)?,
        weight: row.get(at + 2)?,
        attributes: attributes(row, at + 3)?,
    })
}

//! What lies around nodes.

use crate::error::Error;
use crate::graphs::Graphs;
use crate::pages::{EdgeView, MOST, attributes, edge};
use canopy_core::Cancel;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::HashMap;

/// How far to look.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NeighbourhoodOptions {
    /// Hops, 1 to 5; 1 when it isn't said.
    pub hops: Option<u32>,
    /// Most nodes, 1 to 10,000; 100 when it isn't said.
    pub limit: Option<u32>,
}

/// A node of a neighbourhood.
#[derive(Debug, Serialize)]
pub struct Placed {
    /// Its id.
    pub id: String,
    /// Hops from the nearest node that was asked for.
    pub hop: u32,
    /// Its attributes, a JSON object.
    pub attributes: Box<RawValue>,
}

/// Nodes around others, and the edges between them.
#[derive(Debug, Serialize)]
pub struct Neighbourhood {
    /// By hops.
    pub nodes: Vec<Placed>,
    /// The edges that join two of them.
    pub edges: Vec<EdgeView>,
    /// Whether the limit cut nodes off.
    pub truncated: bool,
}

impl Graphs {
    /// What lies within some hops of nodes; edges are followed both ways. One node's neighbours come in the order in which they were made.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NodeNotFound`], [`Error::Option`], [`Error::Cancelled`], `STORE_*`, `CLOSED`.
    pub fn neighbourhood(
        &self,
        name: &str,
        ids: &[String],
        options: &NeighbourhoodOptions,
        cancel: &Cancel,
    ) -> Result<Neighbourhood, Error> {
        let (hops, limit) = (options.hops.unwrap_or(1), options.limit.unwrap_or(100));
        let refuse =
            |name, received: u32, expected| Err(Error::Option { name, received: received.to_string(), expected });
        if !(1..=5).contains(&hops) {
            return refuse("hops", hops, "choose 1 to 5");
        }
        if !(1..=MOST).contains(&limit) {
            return refuse("limit", limit, "choose 1 to 10,000");
        }
        if ids.len() > limit as usize {
            return refuse("limit", limit, "choose at least as many nodes as are asked for");
        }
        self.reading_graph(name, |connection, entry, trouble| {
            let around = Around { connection, key: entry.key };
            let mut found: HashMap<i64, u32> = HashMap::new();
            let mut front = Vec::new();
            for id in ids {
                let slot = around.find(id).map_err(trouble)?;
                let slot = slot.ok_or_else(|| Error::NodeNotFound { graph: name.to_owned(), id: id.clone() })?;
                if found.insert(slot, 0).is_none() {
                    front.push(slot);
                }
            }
            let mut order = front.clone();
            let mut truncated = false;
            'spreading: for hop in 1..=hops {
                let mut next = Vec::new();
                for node in front {
                    cancel.check()?;
                    for neighbour in around.neighbours(node, limit as usize).map_err(trouble)? {
                        if found.contains_key(&neighbour) {
                            continue;
                        }
                        if found.len() == limit as usize {
                            truncated = true;
                            break 'spreading;
                        }
                        found.insert(neighbour, hop);
                        order.push(neighbour);
                        next.push(neighbour);
                    }
                }
                front = next;
            }
            let mut edges = Vec::new();
            for &node in &order {
                cancel.check()?;
                edges.extend(around.edges(node, &found).map_err(trouble)?);
            }
            let nodes = order.iter().map(|node| around.node(*node, found[node])).collect::<Result<_, _>>();
            Ok(Neighbourhood { nodes: nodes.map_err(trouble)?, edges, truncated })
        })
    }
}

struct Around<'a> {
    connection: &'a Connection,
    key: u32,
}

impl Around<'_> {
    fn find(&self, id: &str) -> rusqlite::Result<Option<i64>> {
        let text = format!("SELECT slot FROM gn{} WHERE id = ?1", self.key);
        self.connection.prepare_cached(&text)?.query_row([id], |row| row.get(0)).optional()
    }

    fn node(&self, slot: i64, hop: u32) -> rusqlite::Result<Placed> {
        let text = format!("SELECT id, attributes FROM gn{} WHERE slot = ?1", self.key);
        let read = |row: &rusqlite::Row<'_>| Ok(Placed { id: row.get(0)?, hop, attributes: attributes(row, 1)? });
        self.connection.prepare_cached(&text)?.query_row([slot], read)
    }

    /// One more than `limit` of them are enough to know that there are too many.
    fn neighbours(&self, node: i64, limit: usize) -> rusqlite::Result<Vec<i64>> {
        let key = self.key;
        let text = format!(
            "SELECT target FROM ge{key} WHERE source = ?1 UNION SELECT source FROM ge{key} WHERE target = ?1 ORDER BY 1 LIMIT ?2"
        );
        // Those found before may fill the first places: there are at most `limit`.
        let most = 2 * limit as i64 + 1;
        self.connection.prepare_cached(&text)?.query_map([node, most], |row| row.get(0))?.collect()
    }

    /// Edges that start at a node and end at one that was found.
    fn edges(&self, node: i64, found: &HashMap<i64, u32>) -> rusqlite::Result<Vec<EdgeView>> {
        let key = self.key;
        let text = format!(
            "SELECT e.target, s.id, t.id, e.weight, e.attributes FROM ge{key} e JOIN gn{key} s ON s.slot = e.source
             JOIN gn{key} t ON t.slot = e.target WHERE e.source = ?1 ORDER BY e.target"
        );
        let mut statement = self.connection.prepare_cached(&text)?;
        let mut rows = statement.query([node])?;
        let mut edges = Vec::new();
        while let Some(row) = rows.next()? {
            if found.contains_key(&row.get(0)?) {
                edges.push(edge(row, 1)?);
            }
        }
        Ok(edges)
    }
}

//! Batches of changes, each one transaction.

use crate::batch::{Batch, EdgeInput, HyperedgeInput, check_id};
use crate::catalogue::{self, Entry, Summary};
use crate::error::Error;
use crate::graphs::{Graphs, Trouble};
use crate::steps::{Step, Steps};
use canopy_graph::Id;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value};
use std::collections::HashMap;

impl Graphs {
    /// Writes a batch, all or nothing, and answers the graph after it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Id`], [`Error::Weight`], [`Error::SelfLoop`], `STORE_*`, `CLOSED`.
    pub fn write(&self, name: &str, batch: &Batch) -> Result<Summary, Error> {
        self.writing("change a graph", |connection, trouble| {
            let mut writer = Writer::new(self, connection, catalogue::entry(connection, name, trouble)?, trouble);
            writer.apply(batch)?;
            writer.finish()
        })
    }
}

/// One transaction's work on one graph.
pub(crate) struct Writer<'a> {
    graphs: &'a Graphs,
    pub(crate) connection: &'a Connection,
    pub(crate) entry: Entry,
    pub(crate) trouble: Trouble<'a>,
    sql: Statements,
    /// Nodes of ids named in this transaction.
    known: HashMap<String, i64>,
    pub(crate) changed: bool,
    steps: Steps,
}

/// The statements of one graph: each text is the key of SQLite's statement cache.
struct Statements {
    find_node: String,
    make_node: String,
    set_node: String,
    make_edge: String,
    set_edge: String,
    remove_edge: String,
    edges_of: String,
    members_of: String,
    suggestions_of: String,
    remove_node: String,
    find_hyperedge: String,
    make_hyperedge: String,
    set_hyperedge: String,
    clear_members: String,
    add_member: String,
    remove_hyperedge: String,
}

impl Statements {
    fn new(key: u32) -> Self {
        Self {
            find_node: format!("SELECT slot FROM gn{key} WHERE id = ?1"),
            make_node: format!("INSERT INTO gn{key}(slot, id, attributes) VALUES(?1, ?2, ?3)"),
            set_node: format!("UPDATE gn{key} SET attributes = ?2 WHERE slot = ?1 AND attributes <> ?2"),
            make_edge: format!(
                "INSERT INTO ge{key}(source, target, weight, attributes) VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING"
            ),
            set_edge: format!(
                "UPDATE ge{key} SET weight = ?3, attributes = ?4
                 WHERE source = ?1 AND target = ?2 AND (weight <> ?3 OR attributes <> ?4)"
            ),
            remove_edge: format!("DELETE FROM ge{key} WHERE source = ?1 AND target = ?2"),
            // Two ways, so that each finds its own index.
            edges_of: format!("DELETE FROM ge{key} WHERE source = ?1 OR target = ?1 RETURNING source, target"),
            members_of: format!("DELETE FROM gm{key} WHERE node = ?1"),
            suggestions_of: format!("DELETE FROM gs{key} WHERE source = ?1 OR target = ?1"),
            remove_node: format!("DELETE FROM gn{key} WHERE slot = ?1"),
            find_hyperedge: format!("SELECT slot FROM gh{key} WHERE id = ?1"),
            make_hyperedge: format!("INSERT INTO gh{key}(slot, id, attributes) VALUES(?1, ?2, ?3)"),
            set_hyperedge: format!("UPDATE gh{key} SET attributes = ?2 WHERE slot = ?1"),
            clear_members: format!("DELETE FROM gm{key} WHERE hyperedge = ?1"),
            add_member: format!("INSERT INTO gm{key}(hyperedge, node) VALUES(?1, ?2) ON CONFLICT DO NOTHING"),
            remove_hyperedge: format!("DELETE FROM gh{key} WHERE slot = ?1"),
        }
    }
}

impl<'a> Writer<'a> {
    pub(crate) fn new(graphs: &'a Graphs, connection: &'a Connection, entry: Entry, trouble: Trouble<'a>) -> Self {
        let (sql, steps) = (Statements::new(entry.key), Steps::new(graphs.shelf.notes(entry.key)));
        Self { graphs, connection, entry, trouble, sql, known: HashMap::new(), changed: false, steps }
    }

    /// Applies a batch.
    pub(crate) fn apply(&mut self, batch: &Batch) -> Result<(), Error> {
        self.remove(batch)?;
        for node in &batch.nodes {
            self.node(check_id(node.id.clone().text())?, Some(&node.attributes))?;
        }
        for edge in &batch.edges {
            self.edge(edge)?;
        }
        for hyperedge in &batch.hyperedges {
            self.hyperedge(hyperedge)?;
        }
        Ok(())
    }

    /// Writes the counters, with a new version when something changed.
    pub(crate) fn finish(mut self) -> Result<Summary, Error> {
        self.entry.version += i64::from(self.changed);
        self.entry.save(self.connection).map_err(self.trouble)?;
        if self.changed {
            self.graphs.shelf.stage(self.entry.key, self.entry.version.unsigned_abs(), self.steps);
        }
        Ok(self.entry.summary())
    }

    pub(crate) fn run(&self, text: &str, values: impl rusqlite::Params) -> Result<usize, Error> {
        self.connection.prepare_cached(text).and_then(|mut statement| statement.execute(values)).map_err(self.trouble)
    }

    fn find(&self, text: &str, id: &str) -> Result<Option<i64>, Error> {
        let find = || self.connection.prepare_cached(text)?.query_row([id], |row| row.get(0)).optional();
        find().map_err(self.trouble)
    }

    fn number(&mut self) -> i64 {
        self.entry.next += 1;
        self.entry.next - 1
    }

    /// The node of this id, made when there is none. Without attributes those of a node that exists stay.
    pub(crate) fn node(&mut self, id: String, attributes: Option<&Map<String, Value>>) -> Result<i64, Error> {
        let found = match self.known.get(&id) {
            Some(&slot) => Some(slot),
            None => self.find(&self.sql.find_node, &id)?,
        };
        let slot = match (found, attributes) {
            (Some(slot), None) => slot,
            (Some(slot), Some(attributes)) => {
                self.changed |= self.run(&self.sql.set_node, params![slot, text(attributes)])? > 0;
                slot
            }
            (None, attributes) => {
                let slot = self.number();
                let attributes = attributes.map_or_else(|| "{}".to_owned(), text);
                self.run(&self.sql.make_node, params![slot, id, attributes])?;
                self.entry.nodes += 1;
                self.steps.push(|| Step::Node(slot, id.clone()));
                self.changed = true;
                slot
            }
        };
        self.known.insert(id, slot);
        Ok(slot)
    }

    fn edge(&mut self, edge: &EdgeInput) -> Result<(), Error> {
        let (source, target) = (check_id(edge.source.clone().text())?, check_id(edge.target.clone().text())?);
        edge.check(&source, &target)?;
        let (source, target) = (self.node(source, None)?, self.node(target, None)?);
        self.join(source, target, edge.weight, &edge.attributes)
    }

    /// Sets an edge between two nodes.
    pub(crate) fn join(
        &mut self,
        source: i64,
        target: i64,
        weight: f64,
        attributes: &Map<String, Value>,
    ) -> Result<(), Error> {
        let (source, target) = self.ends(source, target);
        let values = params![source, target, weight, text(attributes)];
        let made = self.run(&self.sql.make_edge, values)? > 0;
        if made || self.run(&self.sql.set_edge, values)? > 0 {
            self.entry.edges += i64::from(made);
            self.changed = true;
            self.steps.push(|| Step::Edge(source, target, Some(weight)));
        }
        Ok(())
    }

    fn ends(&self, source: i64, target: i64) -> (i64, i64) {
        if self.entry.directed { (source, target) } else { (source.min(target), source.max(target)) }
    }

    fn hyperedge(&mut self, hyperedge: &HyperedgeInput) -> Result<(), Error> {
        let members = hyperedge.members.iter().map(|id| self.node(check_id(id.clone().text())?, None));
        let members = members.collect::<Result<Vec<_>, _>>()?;
        self.gather(&check_id(hyperedge.id.clone().text())?, &members, &hyperedge.attributes)
    }

    /// Sets a hyperedge's members.
    pub(crate) fn gather(&mut self, id: &str, members: &[i64], attributes: &Map<String, Value>) -> Result<(), Error> {
        let slot = match self.find(&self.sql.find_hyperedge, id)? {
            Some(slot) => {
                self.run(&self.sql.set_hyperedge, params![slot, text(attributes)])?;
                self.run(&self.sql.clear_members, [slot])?;
                slot
            }
            None => {
                let slot = self.number();
                self.run(&self.sql.make_hyperedge, params![slot, id, text(attributes)])?;
                self.entry.hyperedges += 1;
                slot
            }
        };
        for member in members {
            self.run(&self.sql.add_member, [slot, *member])?;
        }
        self.hyperedges_changed(true);
        Ok(())
    }

    /// Adds a node to a hyperedge, made when there is none.
    pub(crate) fn join_hyperedge(&mut self, id: &str, node: i64) -> Result<(), Error> {
        match self.find(&self.sql.find_hyperedge, id)? {
            None => self.gather(id, &[node], &Map::new()),
            Some(slot) => {
                let added = self.run(&self.sql.add_member, [slot, node])? > 0;
                self.hyperedges_changed(added);
                Ok(())
            }
        }
    }

    fn remove(&mut self, batch: &Batch) -> Result<(), Error> {
        for id in &batch.remove.hyperedges {
            self.remove_hyperedge(&id.clone().text())?;
        }
        for edge in &batch.remove.edges {
            let (source, target) = (self.existing(&edge.source)?, self.existing(&edge.target)?);
            let (Some(source), Some(target)) = (source, target) else { continue };
            let (source, target) = self.ends(source, target);
            self.part(source, target)?;
        }
        for id in &batch.remove.nodes {
            self.remove_node(&id.clone().text())?;
        }
        Ok(())
    }

    pub(crate) fn part(&mut self, source: i64, target: i64) -> Result<(), Error> {
        if self.run(&self.sql.remove_edge, [source, target])? > 0 {
            self.entry.edges -= 1;
            self.changed = true;
            self.steps.push(|| Step::Edge(source, target, None));
        }
        Ok(())
    }

    pub(crate) fn remove_node(&mut self, id: &str) -> Result<(), Error> {
        let Some(slot) = self.find(&self.sql.find_node, id)? else { return Ok(()) };
        self.known.remove(id);
        for (source, target) in self.edges_of(slot)? {
            self.entry.edges -= 1;
            self.steps.push(|| Step::Edge(source, target, None));
        }
        self.steps.push(|| Step::Gone(slot));
        self.run(&self.sql.members_of, [slot])?;
        self.run(&self.sql.suggestions_of, [slot])?;
        self.run(&self.sql.remove_node, [slot])?;
        self.entry.nodes -= 1;
        self.changed = true;
        Ok(())
    }

    pub(crate) fn remove_hyperedge(&mut self, id: &str) -> Result<(), Error> {
        let Some(slot) = self.find(&self.sql.find_hyperedge, id)? else { return Ok(()) };
        self.run(&self.sql.clear_members, [slot])?;
        self.run(&self.sql.remove_hyperedge, [slot])?;
        self.entry.hyperedges -= 1;
        self.hyperedges_changed(true);
        Ok(())
    }

    pub(crate) fn hyperedges_changed(&mut self, changed: bool) {
        self.changed |= changed;
        self.steps.hyperedges |= changed;
    }

    /// Takes a node's edges away and answers their ends.
    fn edges_of(&self, slot: i64) -> Result<Vec<(i64, i64)>, Error> {
        let take = || -> rusqlite::Result<Vec<(i64, i64)>> {
            let mut take = self.connection.prepare_cached(&self.sql.edges_of)?;
            take.query_map([slot], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        take().map_err(self.trouble)
    }

    fn existing(&self, id: &Id) -> Result<Option<i64>, Error> {
        self.find(&self.sql.find_node, &id.clone().text())
    }
}

fn text(attributes: &Map<String, Value>) -> String {
    if attributes.is_empty() { "{}".to_owned() } else { Value::Object(attributes.clone()).to_string() }
}

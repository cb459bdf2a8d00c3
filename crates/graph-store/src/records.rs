//! What a graph that follows a collection knows of records.

use crate::error::Error;
use crate::write::Writer;
use rusqlite::{OptionalExtension, params};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

impl Writer<'_> {
    fn numbers(&self, text: &str, values: impl rusqlite::Params) -> Result<Vec<i64>, Error> {
        let read = || -> rusqlite::Result<Vec<i64>> {
            self.connection.prepare_cached(text)?.query_map(values, |row| row.get(0))?.collect()
        };
        read().map_err(self.trouble)
    }

    fn number_of(&self, text: &str, values: impl rusqlite::Params) -> Result<Option<i64>, Error> {
        let read = || self.connection.prepare_cached(text)?.query_row(values, |row| row.get(0)).optional();
        read().map_err(self.trouble)
    }

    /// The node of the record in a slot, and when the slot was another's before, which had that one among their nearest: it is gone.
    pub(crate) fn record(
        &mut self,
        slot: u32,
        id: &str,
        attributes: &Map<String, Value>,
    ) -> Result<(i64, Option<Vec<u32>>), Error> {
        let key = self.entry.key;
        let node = self.node(id.to_owned(), Some(attributes))?;
        let before = self.number_of(&format!("SELECT node FROM gr{key} WHERE record = ?1"), [slot])?;
        let gone = before.filter(|before| *before != node).map(|_| self.forget_record(slot)).transpose()?;
        // A record that was deleted and stored again may have another slot.
        self.run(&format!("DELETE FROM gr{key} WHERE node = ?1 AND record <> ?2"), params![node, slot])?;
        self.run(
            &format!("INSERT INTO gr{key}(record, node) VALUES(?1, ?2) ON CONFLICT DO NOTHING"),
            params![slot, node],
        )?;
        Ok((node, gone))
    }

    /// The slot of the record of this id.
    pub(crate) fn record_of(&self, id: &str) -> Result<Option<u32>, Error> {
        let key = self.entry.key;
        let text = format!("SELECT r.record FROM gr{key} r JOIN gn{key} n ON n.slot = r.node WHERE n.id = ?1");
        Ok(self.number_of(&text, [id])?.and_then(|slot| u32::try_from(slot).ok()))
    }

    /// Takes the record of a slot away, with its chunks and terms; answers the records that had it among their nearest.
    pub(crate) fn forget_record(&mut self, slot: u32) -> Result<Vec<u32>, Error> {
        let key = self.entry.key;
        let Some(node) = self.number_of(&format!("SELECT node FROM gr{key} WHERE record = ?1"), [slot])? else {
            return Ok(Vec::new());
        };
        let ask = self.whose_nearest(node)?;
        let find = || -> rusqlite::Result<Option<String>> {
            let mut find = self.connection.prepare_cached(&format!("SELECT id FROM gn{key} WHERE slot = ?1"))?;
            find.query_row([node], |row| row.get(0)).optional()
        };
        let id = find().map_err(self.trouble)?;
        self.set_terms(node, &[])?;
        self.run(&format!("DELETE FROM gk{key} WHERE node = ?1 OR neighbour = ?1"), [node])?;
        self.run(&format!("DELETE FROM gr{key} WHERE record = ?1"), [slot])?;
        if let Some(id) = id {
            self.set_chunks(node, &id, &[])?;
            self.remove_node(&id)?;
        }
        Ok(ask)
    }

    /// The records that have this one among their nearest.
    pub(crate) fn whose_nearest(&self, node: i64) -> Result<Vec<u32>, Error> {
        let key = self.entry.key;
        let of = format!("SELECT r.record FROM gk{key} k JOIN gr{key} r ON r.node = k.node WHERE k.neighbour = ?1");
        Ok(self.numbers(&of, [node])?.into_iter().filter_map(|slot| u32::try_from(slot).ok()).collect())
    }

    /// Sets the terms of a node: hyperedges called `term:…`, which go with their last member.
    pub(crate) fn set_terms(&mut self, node: i64, terms: &[String]) -> Result<(), Error> {
        let key = self.entry.key;
        let mut old: BTreeMap<String, i64> = {
            let text =
                format!("SELECT h.id, h.slot FROM gm{key} m JOIN gh{key} h ON h.slot = m.hyperedge WHERE m.node = ?1");
            let read = || -> rusqlite::Result<BTreeMap<String, i64>> {
                let mut of = self.connection.prepare_cached(&text)?;
                of.query_map([node], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
            };
            read().map_err(self.trouble)?
        };
        for term in terms {
            let id = format!("term:{term}");
            if old.remove(&id).is_none() {
                self.join_hyperedge(&id, node)?;
            }
        }
        for (id, hyperedge) in old {
            self.run(&format!("DELETE FROM gm{key} WHERE hyperedge = ?1 AND node = ?2"), [hyperedge, node])?;
            let left = self.number_of(&format!("SELECT 1 FROM gm{key} WHERE hyperedge = ?1 LIMIT 1"), [hyperedge])?;
            if left.is_none() {
                self.remove_hyperedge(&id)?;
            }
            self.hyperedges_changed(true);
        }
        Ok(())
    }

    /// Sets the chunks of a record: nodes called `id#chunk-1` and so on, each joined to it.
    pub(crate) fn set_chunks(&mut self, node: i64, id: &str, chunks: &[&str]) -> Result<(), Error> {
        let name = |at: usize| format!("{id}#chunk-{at}");
        for (at, chunk) in (1..).zip(chunks) {
            let attributes =
                Map::from_iter([("kind".to_owned(), Value::from("chunk")), ("text".to_owned(), Value::from(*chunk))]);
            let part = self.node(name(at), Some(&attributes))?;
            self.join(node, part, 1.0, &kind("part"))?;
        }
        for at in chunks.len() + 1.. {
            if self.number_of(&format!("SELECT slot FROM gn{} WHERE id = ?1", self.entry.key), [name(at)])?.is_none() {
                return Ok(());
            }
            self.remove_node(&name(at))?;
        }
        Ok(())
    }

    /// Sets the nearest records of one; two records are joined while one is among the nearest of the other.
    pub(crate) fn set_nearest(&mut self, id: &str, nearest: &[(&str, f64)]) -> Result<(), Error> {
        let key = self.entry.key;
        let find = format!("SELECT r.node FROM gr{key} r JOIN gn{key} n ON n.slot = r.node WHERE n.id = ?1");
        let Some(node) = self.number_of(&find, [id])? else { return Ok(()) };
        let old: BTreeSet<i64> =
            self.numbers(&format!("SELECT neighbour FROM gk{key} WHERE node = ?1"), [node])?.into_iter().collect();
        let mut kept = BTreeSet::new();
        for (other, weight) in nearest {
            // One that came after the last change that is followed: the next call knows it.
            let Some(other) = self.number_of(&find, [*other])? else { continue };
            self.run(
                &format!("INSERT INTO gk{key}(node, neighbour) VALUES(?1, ?2) ON CONFLICT DO NOTHING"),
                [node, other],
            )?;
            self.join(node, other, *weight, &kind("near"))?;
            kept.insert(other);
        }
        for other in old.difference(&kept) {
            self.run(&format!("DELETE FROM gk{key} WHERE node = ?1 AND neighbour = ?2"), [node, *other])?;
            let back = format!("SELECT 1 FROM gk{key} WHERE node = ?1 AND neighbour = ?2");
            if self.number_of(&back, [*other, node])?.is_none() {
                self.part(node.min(*other), node.max(*other))?;
            }
        }
        Ok(())
    }
}

fn kind(name: &str) -> Map<String, Value> {
    Map::from_iter([("kind".to_owned(), Value::from(name))])
}

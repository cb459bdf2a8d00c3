//! Graphs that follow a collection.
//!
//! Every record is a node; a long text is cut in chunks, nodes joined to their record; the terms that a text repeats most are hyperedges over
//! the records that share them; and a record is joined to those that the vector index finds nearest. What depends on one record alone (chunks, terms) is
//! always what deriving anew would make. Nearest neighbours are looked up again for what changed, for those that had a changed record among their own, and
//! for the [`REACH`] times as many that lie nearest to what changed.

use crate::catalogue::{self, Entry, Summary};
use crate::chunks::chunks;
use crate::error::Error;
use crate::graphs::Graphs;
use crate::write::Writer;
use canopy_core::{Cancel, MetricKind, Progress};
use canopy_keyword::Analyzer;
use canopy_store::{Record, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};

/// Records read and committed at a time.
const BATCH: usize = 256;
/// So many times the neighbours of a record that changed are asked whether it is now one of theirs.
const REACH: usize = 4;

/// How a graph follows a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct DeriveOptions {
    /// Nearest neighbours a record, 0 to 100; 0 for none.
    pub neighbours: usize,
    /// Terms a record, 0 to 1,000; 0 for none.
    pub terms: usize,
    /// Characters of a chunk, 0 or 100 and more; 0 for no chunks. A text that is no longer has none.
    pub chunk: usize,
}

impl Default for DeriveOptions {
    fn default() -> Self {
        Self { neighbours: 8, terms: 24, chunk: 1200 }
    }
}

/// What a graph follows, and how far it has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Follows {
    collection: String,
    /// The store's key of it: another one means that it was dropped and made anew.
    key: u32,
    sequence: u64,
    options: DeriveOptions,
}

/// What following did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncReport {
    /// The graph now.
    pub graph: Summary,
    /// Records that are new or were changed.
    pub changed: usize,
    /// Records that are gone.
    pub removed: usize,
    /// Records whose nearest neighbours were looked up.
    pub looked_up: usize,
    /// Whether everything was read again.
    pub rebuilt: bool,
    /// Changes left undone because they were more than the call was to do.
    pub pending: usize,
}

impl DeriveOptions {
    fn check(&self) -> Result<(), Error> {
        let refuse =
            |name, received: usize, expected| Err(Error::Option { name, received: received.to_string(), expected });
        if self.neighbours > 100 {
            return refuse("neighbours", self.neighbours, "choose 0 to 100");
        }
        if self.terms > 1000 {
            return refuse("terms", self.terms, "choose 0 to 1,000");
        }
        if (1..100).contains(&self.chunk) {
            return refuse("chunk", self.chunk, "choose 0, or 100 characters and more");
        }
        Ok(())
    }
}

impl Graphs {
    /// Makes a graph that follows a collection; [`Graphs::sync`] fills it.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Name`], [`Error::Option`], `COLLECTION_NOT_FOUND`, `STORE_*`, `CLOSED`.
    pub fn derive(&self, name: &str, collection: &str, options: &DeriveOptions) -> Result<Summary, Error> {
        options.check()?;
        let key = self.database.with_store(|store| Ok::<_, Error>(store.collection(collection)?.key))?;
        self.create(name, false)?;
        let follows = Follows { collection: collection.to_owned(), key, sequence: 0, options: options.clone() };
        self.writing("make a graph", |connection, trouble| {
            let mut entry = catalogue::entry(connection, name, trouble)?;
            entry.follows = Some(follows.text());
            entry.save(connection).map_err(trouble)?;
            Ok(entry.summary())
        })
    }

    /// Brings a graph that follows a collection to where that is now. What was done before a cancel stays; the next call completes it. More than `most`
    /// changes are left to a call that may do them.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Follows`] for a graph that follows nothing, `COLLECTION_NOT_FOUND`, `STORE_*`, `CLOSED`.
    pub fn sync(&self, name: &str, most: usize, cancel: &Cancel, progress: &Progress) -> Result<SyncReport, Error> {
        let _alone = self.syncing.lock();
        let entry = self.reading_graph(name, |_, entry, _| Ok(entry))?;
        let mut follows = Follows::of(&entry)?;
        let collection = self.database.collection(&follows.collection)?;
        let work = self.database.with_store(|store| self.work(store, name, &mut follows))?;
        let count = work.changed.len() + work.gone.len();
        if count == 0 && !work.rebuilt || count > most {
            let pending = if count > most { count } else { 0 };
            return Ok(SyncReport {
                graph: entry.summary(),
                changed: 0,
                removed: 0,
                looked_up: 0,
                rebuilt: false,
                pending,
            });
        }
        let mut walk = Walk {
            graphs: self,
            name,
            follows: &follows,
            dim: work.dim,
            metric: work.metric,
            cancel,
            done: 0,
            total: work.changed.len() as u64,
            progress,
        };
        let mut ask = walk.forget(&work.gone)?;
        let mut fresh = Vec::new();
        let (analyzer, mut removed) = (Analyzer::new(), work.gone.len());
        for slots in work.changed.chunks(BATCH) {
            let records =
                self.database.with_store(|store| Ok::<_, Error>(store.get_slots(follows.key, slots, true)?))?;
            let records: Vec<Record> = records.into_iter().flatten().collect();
            let (had, replaced) = walk.write(&records, &analyzer)?;
            ask.extend(had);
            removed += replaced;
            fresh.extend(records.iter().filter(|record| record.vector.is_some()).map(|record| record.slot));
        }
        let mut looked_up = 0;
        if follows.options.neighbours > 0 && walk.dim > 0 {
            let seen: BTreeSet<u32> = fresh.iter().copied().collect();
            // Where everything is looked up anyway nobody has to be asked again.
            let around = !work.all;
            walk.total += fresh.len() as u64;
            for slots in fresh.chunks(BATCH) {
                ask.extend(walk.look(&collection, slots, around)?);
            }
            let again: Vec<u32> = ask.difference(&seen).copied().collect();
            walk.total += again.len() as u64;
            for slots in again.chunks(BATCH) {
                walk.look(&collection, slots, false)?;
            }
            looked_up = fresh.len() + again.len();
        }
        let total = walk.total;
        let graph = self.writing("follow a collection", |connection, trouble| {
            let mut entry = catalogue::entry(connection, name, trouble)?;
            entry.follows = Some(follows.text());
            entry.save(connection).map_err(trouble)?;
            Ok(entry.summary())
        })?;
        progress.finish(total, total);
        Ok(SyncReport { graph, changed: work.changed.len(), removed, looked_up, rebuilt: work.rebuilt, pending: 0 })
    }

    /// What has to be done, with `follows` at the place where that leads.
    fn work(&self, store: &Store, name: &str, follows: &mut Follows) -> Result<Work, Error> {
        let info = store.collection(&follows.collection)?;
        let first = follows.sequence == 0;
        let mut changes = store.changed_since(info.key, follows.sequence)?;
        changes.rebuild |= info.key != follows.key;
        let key = store.read_beside(|connection| {
            let trouble = |error| Error::Store(store.trouble(&error));
            Ok::<_, Error>(catalogue::entry(connection, name, &trouble)?.key)
        })?;
        if changes.rebuild {
            changes = store.changed_since(info.key, 0)?;
            let known: Vec<u32> = store.read_beside(|connection| {
                let read = || -> rusqlite::Result<Vec<u32>> {
                    connection
                        .prepare(&format!("SELECT record FROM gr{key}"))?
                        .query_map([], |row| row.get(0))?
                        .collect()
                };
                read().map_err(|error| Error::Store(store.trouble(&error)))
            })?;
            changes.deleted = known;
            changes.rebuild = true;
        }
        let rebuilt = changes.rebuild;
        (follows.key, follows.sequence) = (info.key, changes.sequence);
        let vectors = info.spec.vectors.as_ref();
        Ok(Work {
            gone: changes.deleted,
            changed: changes.upserted,
            all: first || rebuilt,
            rebuilt: rebuilt && !first,
            dim: vectors.map_or(0, |vectors| vectors.dim as usize),
            metric: vectors.map_or(MetricKind::Cosine, |vectors| vectors.metric),
        })
    }
}

impl Follows {
    fn of(entry: &Entry) -> Result<Self, Error> {
        let none = || Error::Follows { graph: entry.name.clone() };
        serde_json::from_str(entry.follows.as_deref().ok_or_else(none)?).map_err(|_| none())
    }

    fn text(&self) -> String {
        json!(self).to_string()
    }
}

/// What has to be done.
struct Work {
    gone: Vec<u32>,
    changed: Vec<u32>,
    all: bool,
    rebuilt: bool,
    dim: usize,
    metric: MetricKind,
}

/// One call's way through what changed.
struct Walk<'a> {
    graphs: &'a Graphs,
    name: &'a str,
    follows: &'a Follows,
    dim: usize,
    metric: MetricKind,
    cancel: &'a Cancel,
    done: u64,
    total: u64,
    progress: &'a Progress,
}

impl Walk<'_> {
    fn transaction<T>(
        &mut self,
        count: usize,
        work: impl FnOnce(&mut Writer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.cancel.check()?;
        let value = self.graphs.writing("follow a collection", |connection, trouble| {
            let mut writer =
                Writer::new(self.graphs, connection, catalogue::entry(connection, self.name, trouble)?, trouble);
            let value = work(&mut writer)?;
            writer.finish()?;
            Ok(value)
        })?;
        self.done += count as u64;
        self.progress.report(self.done, self.total);
        Ok(value)
    }

    /// Takes records away; answers those that had one of them among their nearest.
    fn forget(&mut self, slots: &[u32]) -> Result<BTreeSet<u32>, Error> {
        let mut ask = BTreeSet::new();
        for part in slots.chunks(BATCH) {
            self.transaction(0, |writer| {
                for &slot in part {
                    ask.extend(writer.forget_record(slot)?);
                }
                Ok(())
            })?;
        }
        Ok(ask)
    }

    /// Writes what follows from records alone; answers those that had one of them among their nearest, and how many
    /// records are gone because another has their slot.
    fn write(&mut self, records: &[Record], analyzer: &Analyzer) -> Result<(BTreeSet<u32>, usize), Error> {
        let options = self.follows.options.clone();
        self.transaction(records.len(), |writer| {
            let (mut ask, mut replaced) = (BTreeSet::new(), 0);
            for record in records {
                let (node, gone) = writer.record(record.slot, &record.id, &kind("document"))?;
                replaced += usize::from(gone.is_some());
                ask.extend(gone.into_iter().flatten());
                writer.set_terms(node, &terms(&record.text, options.terms, analyzer))?;
                writer.set_chunks(node, &record.id, &chunks(&record.text, options.chunk))?;
                ask.extend(writer.whose_nearest(node)?);
            }
            Ok((ask, replaced))
        })
    }

    /// Looks up the nearest of records; with `around`, answers the records that may have one of these among their own nearest now.
    fn look(
        &mut self,
        collection: &canopy_collection::Collection,
        slots: &[u32],
        around: bool,
    ) -> Result<BTreeSet<u32>, Error> {
        let wanted = self.follows.options.neighbours;
        let key = self.follows.key;
        let records = self.graphs.database.with_store(|store| Ok::<_, Error>(store.get_slots(key, slots, true)?))?;
        let mut from = Vec::new();
        let mut vectors = Vec::new();
        for record in records.into_iter().flatten() {
            if let Some(vector) = record.vector.filter(|vector| vector.len() == self.dim) {
                vectors.extend(vector);
                from.push(record.id);
            }
        }
        if from.is_empty() {
            return Ok(BTreeSet::new());
        }
        let limit = wanted * if around { REACH } else { 1 } + 1;
        let request = json!({ "limit": limit, "include": [] }).to_string();
        let answers = collection.search_batch(&request, &vectors, self.cancel)?;
        let metric = self.metric;
        self.transaction(slots.len(), |writer| {
            let mut ask = BTreeSet::new();
            for (id, answer) in from.iter().zip(&answers) {
                let hits = answer.hits.iter().filter(|hit| hit.id != *id);
                let near: Vec<(&str, f64)> =
                    hits.clone().take(wanted).map(|hit| (hit.id.as_str(), weight(metric, hit.score))).collect();
                writer.set_nearest(id, &near)?;
                if around {
                    for hit in hits {
                        ask.extend(writer.record_of(&hit.id)?);
                    }
                }
            }
            Ok(ask)
        })
    }
}

/// How near, above 0: a cosine as it is, a squared distance d² as 1 / (1 + d²), an inner product by the logistic function.
fn weight(metric: MetricKind, score: f32) -> f64 {
    let score = f64::from(score);
    let weight = match metric {
        MetricKind::Cosine => score,
        MetricKind::L2 => 1.0 / (1.0 - score.min(0.0)),
        MetricKind::Dot => 1.0 / (1.0 + (-score).exp()),
    };
    // Six digits: the last bits differ between ways of finding the same neighbour.
    ((weight * 1e6).round() / 1e6).max(1e-6)
}

fn kind(name: &str) -> Map<String, Value> {
    Map::from_iter([("kind".to_owned(), Value::from(name))])
}

/// The terms that a text repeats most, the longer one first where counts are alike; numbers and short words say little.
fn terms(text: &str, most: usize, analyzer: &Analyzer) -> Vec<String> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    if most > 0 {
        for term in analyzer.terms(text) {
            if term.chars().count() > 3 && !term.chars().all(char::is_numeric) {
                *counts.entry(term).or_default() += 1;
            }
        }
    }
    let mut terms: Vec<(String, u32)> = counts.into_iter().collect();
    terms.sort_unstable_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then(b.len().cmp(&a.len())).then(a.cmp(b)));
    terms.truncate(most);
    terms.into_iter().map(|(term, _)| term).collect()
}

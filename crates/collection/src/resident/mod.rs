//! What a collection keeps in memory while it is searched: keywords, vectors and metadata columns.
//!
//! All of it is derived from the store and can be dropped at any time; the store alone is the truth.

mod columns;
mod load;
mod value;

pub(crate) use columns::Columns;
pub(crate) use load::load;
pub(crate) use value::Value;

use crate::error::Error;
use crate::vectors::{IndexOptions, VectorLeg};
use canopy_core::{Rows, SlotSet};
use canopy_keyword::KeywordIndex;
use canopy_store::{Applied, CollectionInfo, Outcome, Store, VectorSpec};
use serde_json::{Map, Value as Json};

/// The searchable state of one collection at one sequence of its store.
#[derive(Debug)]
pub(crate) struct Resident {
    /// The store's sequence that this state reflects.
    pub(crate) sequence: u64,
    /// Which vectors it holds: a query made for others must not meet them.
    pub(crate) spec: Option<VectorSpec>,
    /// The slots that hold a record.
    pub(crate) live: SlotSet,
    /// The keyword leg.
    pub(crate) keyword: KeywordIndex,
    /// The vector leg, where the collection has one.
    pub(crate) vectors: Option<VectorLeg>,
    /// What filters read.
    pub(crate) columns: Columns,
}

/// A put that the store has committed.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) applied: Applied,
    pub(crate) text: Box<str>,
    pub(crate) metadata: Box<str>,
    pub(crate) vector: Option<Box<[f32]>>,
}

impl Step {
    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let vector = self.vector.as_ref().map_or(0, |vector| size_of_val(&**vector));
        size_of::<Self>() + self.text.len() + self.metadata.len() + vector
    }

    /// Whether the words must be indexed.
    fn new_text(&self) -> bool {
        self.applied.text_changed || self.applied.outcome == Outcome::Inserted
    }
}

impl Resident {
    /// An empty state for the collection.
    pub(crate) fn new(info: &CollectionInfo, index: IndexOptions) -> Result<Self, Error> {
        let vectors = info.spec.vectors.as_ref().map(|spec| VectorLeg::new(spec, index)).transpose()?;
        Ok(Self {
            sequence: info.sequence,
            spec: info.spec.vectors.clone(),
            live: SlotSet::new(),
            keyword: KeywordIndex::new(canopy_keyword::Options::default())?,
            vectors,
            columns: Columns::default(),
        })
    }

    /// Follows puts that the store has committed, in their order.
    pub(crate) fn follow(&mut self, steps: &[Step]) -> Result<(), Error> {
        // A slot may be put more than once, with its vector or without, which matters only one by one.
        if steps.len() < BULK || !distinct(steps) {
            return steps.iter().try_for_each(|step| self.put(step));
        }
        let texts: Vec<(u32, &str)> = steps
            .iter()
            .filter(|step| step.new_text())
            .filter_map(|step| Some((step.applied.slot?, &*step.text)))
            .collect();
        self.keyword.extend(&texts);
        if let Some(vectors) = &mut self.vectors {
            let dim = vectors.exact().dim();
            let mut numbers = Vec::with_capacity(steps.len() * dim);
            let with = |step: &&Step| step.vector.is_some();
            let slots: Vec<u32> = steps.iter().filter(with).filter_map(|step| step.applied.slot).collect();
            steps
                .iter()
                .filter(|step| step.applied.slot.is_some())
                .filter_map(|step| step.vector.as_deref())
                .for_each(|vector| numbers.extend_from_slice(vector));
            vectors.extend(&slots, Rows::new(&numbers, dim)?)?;
        }
        steps.iter().try_for_each(|step| self.note(step))
    }

    /// Follows one put.
    fn put(&mut self, step: &Step) -> Result<(), Error> {
        let Some(slot) = step.applied.slot else { return Ok(()) };
        if step.new_text() {
            self.keyword.upsert(slot, &step.text);
        }
        if let (Some(vectors), Some(vector)) = (&mut self.vectors, &step.vector) {
            vectors.upsert(slot, vector)?;
        }
        self.note(step)
    }

    /// What is left of a put when its words and its vector are indexed.
    fn note(&mut self, step: &Step) -> Result<(), Error> {
        let Some(slot) = step.applied.slot else { return Ok(()) };
        self.live.insert(slot);
        self.columns.set(slot, &parse_metadata(&step.metadata)?);
        // The store keeps the vector of an unchanged text.
        if let (Some(vectors), None, true) = (&mut self.vectors, &step.vector, step.applied.text_changed) {
            vectors.remove(slot);
        }
        Ok(())
    }

    /// Follows a deletion that the store has committed.
    pub(crate) fn remove(&mut self, slot: u32) {
        self.live.remove(slot);
        self.keyword.remove(slot);
        self.columns.clear(slot);
        if let Some(vectors) = &mut self.vectors {
            vectors.remove(slot);
        }
    }

    /// Follows what another process committed since; `false` when only a full load can.
    pub(crate) fn refresh(&mut self, store: &Store, key: u32) -> Result<bool, Error> {
        let changes = store.changed_since(key, self.sequence)?;
        if changes.rebuild {
            return Ok(false);
        }
        changes.deleted.iter().for_each(|&slot| self.remove(slot));
        for chunk in changes.upserted.chunks(REFRESH_CHUNK) {
            let records = store.get_slots(key, chunk, self.vectors.is_some())?.into_iter().flatten();
            let steps: Vec<Step> = records
                .map(|record| Step {
                    applied: Applied { slot: Some(record.slot), outcome: Outcome::Replaced, text_changed: true },
                    text: record.text.into(),
                    metadata: record.metadata.into(),
                    vector: record.vector.map(Vec::into_boxed_slice),
                })
                .collect();
            self.follow(&steps)?;
        }
        self.sequence = changes.sequence;
        Ok(true)
    }

    /// Bytes held: `(keyword, vectors, metadata)`.
    pub(crate) fn memory_bytes(&self) -> (usize, usize, usize) {
        let vectors = self.vectors.as_ref().map_or(0, VectorLeg::memory_bytes);
        (self.keyword.memory_bytes(), vectors, self.columns.memory_bytes() + self.live.words().len() * 8)
    }
}

/// Puts that are worth indexing together, on both cores.
const BULK: usize = 64;

fn distinct(steps: &[Step]) -> bool {
    let mut slots: Vec<u32> = steps.iter().filter_map(|step| step.applied.slot).collect();
    slots.sort_unstable();
    slots.windows(2).all(|pair| pair[0] != pair[1])
}

/// Records fetched at once while following another process: a few MB of text and vectors.
const REFRESH_CHUNK: usize = 512;

/// Metadata comes from the store, which has checked that it is an object.
pub(crate) fn parse_metadata(metadata: &str) -> Result<Map<String, Json>, Error> {
    if metadata == "{}" {
        return Ok(Map::new());
    }
    serde_json::from_str(metadata).map_err(|error| Error::json("stored metadata", &error))
}

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
use canopy_ann::flat::FlatIndex;
use canopy_core::SlotSet;
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
    pub(crate) vectors: Option<FlatIndex>,
    /// What filters read.
    pub(crate) columns: Columns,
}

/// A put that the store has committed.
pub(crate) struct Stored<'a> {
    pub(crate) text: &'a str,
    pub(crate) metadata: &'a str,
    pub(crate) vector: Option<&'a [f32]>,
}

impl Resident {
    /// An empty state for the collection.
    pub(crate) fn new(info: &CollectionInfo) -> Result<Self, Error> {
        let vectors =
            info.spec.vectors.as_ref().map(|spec| FlatIndex::new(spec.dim as usize, spec.metric)).transpose()?;
        Ok(Self {
            sequence: info.sequence,
            spec: info.spec.vectors.clone(),
            live: SlotSet::new(),
            keyword: KeywordIndex::new(canopy_keyword::Options::default())?,
            vectors,
            columns: Columns::default(),
        })
    }

    /// Follows a put that the store has committed.
    pub(crate) fn put(&mut self, applied: &Applied, record: &Stored<'_>) -> Result<(), Error> {
        let Some(slot) = applied.slot else { return Ok(()) };
        self.live.insert(slot);
        if applied.text_changed || applied.outcome == Outcome::Inserted {
            self.keyword.upsert(slot, record.text);
        }
        self.columns.set(slot, &parse_metadata(record.metadata)?);
        if let Some(vectors) = &mut self.vectors {
            match record.vector {
                Some(vector) => vectors.upsert(slot, vector)?,
                // The store keeps the vector of an unchanged text.
                None if applied.text_changed => {
                    vectors.remove(slot);
                }
                None => {}
            }
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
            for record in store.get_slots(key, chunk, self.vectors.is_some())?.into_iter().flatten() {
                let applied = Applied { slot: Some(record.slot), outcome: Outcome::Replaced, text_changed: true };
                let stored =
                    Stored { text: &record.text, metadata: &record.metadata, vector: record.vector.as_deref() };
                self.put(&applied, &stored)?;
            }
        }
        self.sequence = changes.sequence;
        Ok(true)
    }

    /// Bytes held: `(keyword, vectors, metadata)`.
    pub(crate) fn memory_bytes(&self) -> (usize, usize, usize) {
        let vectors = self.vectors.as_ref().map_or(0, FlatIndex::memory_bytes);
        (self.keyword.memory_bytes(), vectors, self.columns.memory_bytes() + self.live.words().len() * 8)
    }
}

/// Records fetched at once while following another process: a few MB of text and vectors.
const REFRESH_CHUNK: usize = 512;

/// Metadata comes from the store, which has checked that it is an object.
pub(crate) fn parse_metadata(metadata: &str) -> Result<Map<String, Json>, Error> {
    if metadata == "{}" {
        return Ok(Map::new());
    }
    serde_json::from_str(metadata).map_err(|error| Error::Json { what: "stored metadata", problem: error.to_string() })
}

//! Reading records back.

use crate::collection::Collection;
use crate::error::Error;
use crate::filter;
use crate::resident::Resident;
use canopy_core::{Cancel, Progress};
use canopy_store::{Access, Record, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, value::RawValue};
use std::collections::HashSet;

/// Records a page at most.
const MAX_PAGE: usize = 1_000;

/// Which records to list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListOptions {
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Records a page, 1 to 1,000.
    pub limit: usize,
    /// Only records for which this filter holds.
    pub filter: Option<Json>,
    /// Whether each record carries its vector.
    pub vectors: bool,
}

impl Default for ListOptions {
    fn default() -> Self {
        Self { after: None, limit: 100, filter: None, vectors: false }
    }
}

/// A page of records.
#[derive(Debug, Serialize)]
pub struct Page {
    /// The records of this page.
    pub records: Vec<RecordView>,
    /// Where the next page starts, or null after the last.
    pub next: Option<String>,
}

/// A record as it is handed out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordView {
    /// Its id.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its metadata, as it was stored.
    pub metadata: Box<RawValue>,
    /// Its vector, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vec<f32>>,
    /// Milliseconds since 1970 when it was first stored.
    pub created_ms: i64,
    /// Milliseconds since 1970 when it was last stored.
    pub updated_ms: i64,
}

/// Stored metadata as raw JSON; the store has checked it.
pub(crate) fn raw(metadata: String) -> Result<Box<RawValue>, Error> {
    RawValue::from_string(metadata).map_err(|error| Error::json("stored metadata", &error))
}

/// The records in slots that were chosen from `resident`; `None` where there is another by now.
///
/// In the writing process no slot passes on while the state is held. A view beside another process may be further
/// behind: a slot whose record changed since may hold one that was never chosen.
pub(crate) fn current(
    store: &Store,
    key: u32,
    resident: &Resident,
    slots: &[u32],
    vectors: bool,
) -> Result<Vec<Option<Record>>, Error> {
    let mut records = store.get_slots(key, slots, vectors)?;
    if store.access() == Access::ReadOnly {
        // Read after the records, so it names every slot that changed before they were read. One that is empty by now may
        // have held another record then.
        let changes = store.changed_since(key, resident.sequence)?;
        let changed: HashSet<u32> = changes.upserted.into_iter().chain(changes.deleted).collect();
        for (record, slot) in records.iter_mut().zip(slots) {
            record.take_if(|_| changes.rebuild || changed.contains(slot));
        }
    }
    Ok(records)
}

impl RecordView {
    fn new(record: Record) -> Result<Self, Error> {
        Ok(Self {
            id: record.id,
            text: record.text,
            metadata: raw(record.metadata)?,
            vector: record.vector,
            created_ms: record.created_ms,
            updated_ms: record.updated_ms,
        })
    }
}

impl Collection {
    /// The record with this id, with its vector if `vector`.
    ///
    /// # Errors
    /// `STORE_*`.
    pub fn get(&self, id: &str, vector: bool) -> Result<Option<RecordView>, Error> {
        let store = self.shared.store()?;
        self.spec(&store)?;
        let Some(slot) = store.slot_of(self.key, id)? else { return Ok(None) };
        let record = store.get_slots(self.key, &[slot], vector)?.into_iter().flatten().find(|record| record.id == id);
        record.map(RecordView::new).transpose()
    }

    /// A page of records: in the order of their ids, or with a filter in the order of their slots.
    ///
    /// # Errors
    /// `SEARCH_REQUEST` for a limit or cursor out of range, `FILTER_INVALID`, `STORE_*`.
    pub fn list(&self, options: &ListOptions, cancel: &Cancel) -> Result<Page, Error> {
        if !(1..=MAX_PAGE).contains(&options.limit) {
            return Err(Error::Request(format!("limit is {}; it must lie in 1..={MAX_PAGE}", options.limit)));
        }
        let store = self.shared.store()?;
        let spec = self.spec(&store)?;
        let vectors = options.vectors && spec.vectors.is_some();
        let Some(json) = &options.filter else { return self.all(&store, options, vectors) };
        let from: u32 = match &options.after {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|_| {
                Error::Request(format!("{cursor:?} isn't a cursor: send the `next` of the page before"))
            })?,
        };
        let resident = self.resident(&store, cancel, &Progress::default())?;
        let chosen = filter::evaluate(&filter::parse(json)?, &resident.columns, &resident.live);
        let mut slots: Vec<u32> = chosen.iter().skip_while(|&slot| slot < from).take(options.limit + 1).collect();
        let next = (slots.len() > options.limit).then(|| slots.pop()).flatten();
        let records = current(&store, self.key, &resident, &slots, vectors)?.into_iter().flatten();
        Ok(Page {
            records: records.map(RecordView::new).collect::<Result<_, _>>()?,
            next: next.map(|slot| slot.to_string()),
        })
    }

    /// A page of all records; it reads the store alone, so nothing has to be loaded for it.
    fn all(&self, store: &Store, options: &ListOptions, vectors: bool) -> Result<Page, Error> {
        let mut records = store.page(self.key, options.after.as_deref(), options.limit + 1, vectors)?;
        let more = records.len() > options.limit;
        records.truncate(options.limit);
        let next = if more { records.last().map(|record| record.id.clone()) } else { None };
        Ok(Page { records: records.into_iter().map(RecordView::new).collect::<Result<_, _>>()?, next })
    }
}

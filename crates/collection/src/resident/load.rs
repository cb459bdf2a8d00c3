//! Building the searchable state from the store, on both cores.

use super::{Resident, parse_metadata};
use crate::error::Error;
use crate::vectors::IndexOptions;
use canopy_core::{Cancel, Progress, Rows};
use canopy_store::{CollectionInfo, RowRef, Scan, Store};
use std::ops::{ControlFlow, Range};

/// Records gathered before they are indexed: enough to keep both cores busy, a few MB at most.
const BATCH: usize = 2_048;
/// A batch of long documents is indexed early, so that memory stays bounded by this and one text.
const BATCH_BYTES: usize = 8 << 20;

/// Records copied out of the store's visit.
#[derive(Default)]
struct Batch {
    texts: String,
    documents: Vec<(u32, Range<usize>)>,
    vectors: Vec<f32>,
    vector_slots: Vec<u32>,
}

/// Reads a whole collection.
///
/// # Errors
/// What the store reports, a vector of another dimension, or cancellation.
pub(crate) fn load(
    store: &Store,
    info: &CollectionInfo,
    index: IndexOptions,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Resident, Error> {
    let mut resident = Resident::new(info, index)?;
    let mut batch = Batch::default();
    let mut done = 0;
    let mut failed = None;
    let scan = Scan { id: false, text: true, metadata: true, vector: resident.vectors.is_some() };
    store.scan(info.key, 0, scan, &mut |row| {
        let step = cancel.check().map_err(Error::from).and_then(|()| visit(&mut resident, &mut batch, &row));
        done += 1;
        progress.report(done, info.count);
        match step {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    match failed {
        Some(error) => Err(error),
        None => {
            batch.flush(&mut resident)?;
            progress.finish(done, info.count);
            Ok(resident)
        }
    }
}

fn visit(resident: &mut Resident, batch: &mut Batch, row: &RowRef<'_>) -> Result<(), Error> {
    resident.live.insert(row.slot);
    resident.columns.set(row.slot, &parse_metadata(row.metadata)?);
    let start = batch.texts.len();
    batch.texts.push_str(row.text);
    batch.documents.push((row.slot, start..batch.texts.len()));
    if let Some(vector) = row.vector {
        batch.vectors.extend_from_slice(vector);
        batch.vector_slots.push(row.slot);
    }
    if batch.documents.len() >= BATCH || batch.texts.len() >= BATCH_BYTES { batch.flush(resident) } else { Ok(()) }
}

impl Batch {
    fn flush(&mut self, resident: &mut Resident) -> Result<(), Error> {
        let documents: Vec<(u32, &str)> =
            self.documents.iter().map(|(slot, range)| (*slot, &self.texts[range.clone()])).collect();
        let (keyword, vectors) = (&mut resident.keyword, resident.vectors.as_mut());
        let ((), numbers) = rayon::join(
            || keyword.extend(&documents),
            || match vectors {
                Some(index) if !self.vector_slots.is_empty() => {
                    let rows = Rows::new(&self.vectors, index.exact().dim())?;
                    index.extend(&self.vector_slots, rows)
                }
                _ => Ok(()),
            },
        );
        self.texts.clear();
        self.documents.clear();
        self.vectors.clear();
        self.vector_slots.clear();
        numbers
    }
}

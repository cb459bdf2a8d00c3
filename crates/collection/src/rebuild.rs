//! Making the vectors anew: after a change of model, or where they are missing.

use crate::collection::{Collection, Seen};
use crate::database::{CreateOptions, Database};
use crate::embedding::{Ready, embed};
use crate::error::Error;
use crate::resident::Step;
use canopy_core::{Cancel, Progress};
use canopy_store::{Applied, Change, CollectionInfo, PutMode, Record, Scan, Store};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Texts embedded between two commits: an interrupted rebuild repeats at most this many.
const CHUNK: usize = 512;

/// What a rebuild changes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct RebuildOptions {
    /// Another model for the collection; without it the collection keeps its model, in its present version.
    pub model: Option<String>,
}

/// What a rebuild did.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RebuildReport {
    /// Records in the collection.
    pub records: u64,
    /// Records embedded now.
    pub embedded: u64,
    /// Whether the collection has another model, or another version of it, than before.
    pub model_changed: bool,
}

/// A chunk of long texts ends early: memory stays bounded by this and one text.
const CHUNK_BYTES: usize = 4 << 20;

/// A record without a vector.
struct Bare {
    slot: u32,
    id: String,
    text: String,
}

impl Database {
    /// Embeds what has no vector, with another model if one is named, and builds the searchable state anew.
    ///
    /// Interrupted, it keeps what it has embedded; calling it again goes on from there. Searches meanwhile see the
    /// records that are done.
    ///
    /// # Errors
    /// `COLLECTION_NOT_FOUND`, `MODEL_UNKNOWN`, `STORE_*`, `CANCELLED`.
    pub fn rebuild(
        &self,
        name: &str,
        options: &RebuildOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<RebuildReport, Error> {
        let collection = self.collection(name)?;
        let store = collection.shared.store()?;
        let before = collection.info(&store)?;
        let model_changed = self.change_model(&collection, &store, &before, options)?;
        let seen = collection.see(&store)?;
        let info = collection.info(&store)?;
        let embedded = collection.embed_missing(&store, &seen, info.slot_end, cancel, progress)?;
        collection.release();
        drop(collection.resident(&store, cancel, progress)?);
        Ok(RebuildReport { records: info.count, embedded, model_changed })
    }

    fn change_model(
        &self,
        collection: &Collection,
        store: &Store,
        info: &CollectionInfo,
        options: &RebuildOptions,
    ) -> Result<bool, Error> {
        let stored = info.spec.vectors.as_ref();
        let own = stored.and_then(|spec| spec.model.as_ref()).map(|tag| tag.name.clone());
        let Some(model) = options.model.clone().or_else(|| own.filter(|name| self.shared.models.has(name))) else {
            return Ok(false);
        };
        let metric = stored.map(|spec| spec.metric.as_str().to_owned());
        let wanted = self.vector_spec(&CreateOptions { model: Some(model), metric, ..CreateOptions::default() })?;
        if wanted.as_ref() == stored {
            return Ok(false);
        }
        let _ordered = collection.writing.lock();
        store.set_vectors(collection.key, wanted.as_ref())?;
        collection.vectors_replaced();
        Ok(true)
    }
}

impl Collection {
    fn embed_missing(
        &self,
        store: &Store,
        seen: &Seen,
        slot_end: u32,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<u64, Error> {
        let model = match self.model(&seen.spec, true)? {
            Ready::Model(model) => model,
            Ready::None => return Ok(0),
            Ready::Missing(error) => return Err(error),
        };
        let (mut from, mut embedded) = (0, 0);
        loop {
            // Embedding polls it too, but not for texts that the cache knows.
            cancel.check()?;
            let bare = self.next_bare(store, from)?;
            let Some(last) = bare.last() else { return Ok(embedded) };
            from = last.slot + 1;
            let texts: Vec<&str> = bare.iter().map(|record| record.text.as_str()).collect();
            let vectors = embed(self, &*model, &texts, cancel)?;
            embedded += self.attach(store, seen, &bare, &vectors)?;
            progress.report(u64::from(from), u64::from(slot_end));
        }
    }

    /// The next records that have a text and no vector.
    fn next_bare(&self, store: &Store, from: u32) -> Result<Vec<Bare>, Error> {
        let (mut found, mut bytes) = (Vec::with_capacity(CHUNK), 0);
        let scan = Scan { id: true, text: true, metadata: false, vector: true };
        store.scan(self.key, from, scan, &mut |row| {
            if row.vector.is_none() && !row.text.is_empty() {
                bytes += row.text.len();
                found.push(Bare { slot: row.slot, id: row.id.to_owned(), text: row.text.to_owned() });
            }
            if found.len() < CHUNK && bytes < CHUNK_BYTES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(found)
    }

    /// Stores the vectors of the records that still have the text which was embedded, and no vector since.
    fn attach(&self, store: &Store, seen: &Seen, bare: &[Bare], vectors: &[Option<Vec<f32>>]) -> Result<u64, Error> {
        let _ordered = self.writing.lock();
        if !self.is_current(seen) {
            return Err(Error::Overtaken(self.name.clone()));
        }
        let slots: Vec<u32> = bare.iter().map(|record| record.slot).collect();
        let now = store.get_slots(self.key, &slots, true)?;
        let changes: Vec<Change<'_>> = bare
            .iter()
            .zip(&now)
            .zip(vectors)
            .filter_map(|((old, now), vector)| {
                let same = |now: &&Record| now.id == old.id && now.text == old.text && now.vector.is_none();
                let now = now.as_ref().filter(same)?;
                let vector = Some(vector.as_deref()?);
                Some(Change::Put {
                    id: &now.id,
                    text: &now.text,
                    metadata: &now.metadata,
                    vector,
                    mode: PutMode::Update,
                })
            })
            .collect();
        let applied = store.apply(self.key, &changes)?;
        self.follow_later(|| {
            let step = |(change, &applied): (&Change<'_>, &Applied)| match *change {
                Change::Put { text, metadata, vector, .. } => {
                    Some(Step { applied, text: text.into(), metadata: metadata.into(), vector: vector.map(Into::into) })
                }
                Change::Delete { .. } => None,
            };
            changes.iter().zip(&applied).filter_map(step).collect()
        });
        Ok(changes.len() as u64)
    }
}

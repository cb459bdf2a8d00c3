//! Putting records in and taking them out.

use crate::collection::Collection;
use crate::embedding::{Ready, embed};
use crate::error::Error;
use crate::resident::Stored;
use canopy_ann::flat::FlatIndex;
use canopy_core::{Cancel, Rows};
use canopy_store::{Applied, Change, CollectionInfo, Outcome, PutMode, Store};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A record as it arrives in JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordInput<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) metadata: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) vector: Option<Vec<f32>>,
}

/// A record that is about to be stored.
pub(crate) struct Draft<'a> {
    pub(crate) id: Cow<'a, str>,
    pub(crate) text: Cow<'a, str>,
    pub(crate) metadata: Cow<'a, str>,
    pub(crate) vector: Option<Cow<'a, [f32]>>,
}

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PutReport {
    /// The record's id, made from its content where none was sent.
    pub id: String,
    /// `inserted`, `replaced`, `deleted` or `not_found`.
    pub outcome: &'static str,
    /// Whether the record can be found by its vector.
    pub embedded: bool,
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Inserted => "inserted",
        Outcome::Replaced => "replaced",
        Outcome::Deleted => "deleted",
        Outcome::NotFound => "not_found",
    }
}

impl Collection {
    /// Stores records in one transaction: all of them or none.
    ///
    /// `records` is a JSON array of `{ id?, text?, metadata?, vector? }`. `vectors`, if given, holds one row of the
    /// collection's dimension for each record, in order. Texts without a vector are embedded by the collection's
    /// model; where it is missing they are stored for keyword search and embedded by the next rebuild.
    ///
    /// # Errors
    /// `JSON_INVALID`, `TEXT_EMPTY`, `VECTOR_*`, `RECORD_*`, `MODEL_MISMATCH`, `STORE_*`, `CANCELLED`.
    pub fn put(
        &self,
        records: &[u8],
        vectors: Option<&[f32]>,
        mode: PutMode,
        cancel: &Cancel,
    ) -> Result<Vec<PutReport>, Error> {
        let inputs: Vec<RecordInput<'_>> = serde_json::from_slice(records)
            .map_err(|error| Error::Json { what: "the array of records", problem: error.to_string() })?;
        let store = self.shared.store()?;
        let info = self.info(&store)?;
        let rows = self.rows(&info, vectors, inputs.len())?;
        let mut drafts = inputs
            .into_iter()
            .enumerate()
            .map(|(i, input)| Draft::new(input, rows.as_ref().map(|rows| rows.row(i))))
            .collect::<Result<Vec<_>, _>>()?;
        let applied = self.store_drafts(&store, &info, &mut drafts, mode, None, cancel)?;
        Ok(drafts
            .iter()
            .zip(applied)
            .map(|(draft, applied)| PutReport {
                id: draft.id.clone().into_owned(),
                outcome: outcome_name(applied.outcome),
                embedded: draft.vector.is_some() || (info.spec.vectors.is_some() && !applied.text_changed),
            })
            .collect())
    }

    fn rows<'v>(
        &self,
        info: &CollectionInfo,
        vectors: Option<&'v [f32]>,
        records: usize,
    ) -> Result<Option<Rows<'v, f32>>, Error> {
        let Some(vectors) = vectors else { return Ok(None) };
        let Some(spec) = &info.spec.vectors else { return Err(Error::NoVectors(self.name.clone())) };
        let rows = Rows::new(vectors, spec.dim as usize)?;
        if rows.len() == records { Ok(Some(rows)) } else { Err(Error::VectorCount { records, vectors: rows.len() }) }
    }

    /// Embeds what needs it, commits, and lets the searchable state follow.
    pub(crate) fn store_drafts(
        &self,
        store: &Store,
        info: &CollectionInfo,
        drafts: &mut [Draft<'_>],
        mode: PutMode,
        checkpoint: Option<(&str, &str)>,
        cancel: &Cancel,
    ) -> Result<Vec<Applied>, Error> {
        check_vectors(info, drafts)?;
        self.embed_drafts(store, info, drafts, mode, cancel)?;
        cancel.check()?;
        let changes: Vec<Change<'_>> = drafts
            .iter()
            .map(|draft| Change::Put {
                id: &draft.id,
                text: &draft.text,
                metadata: &draft.metadata,
                vector: draft.vector.as_deref(),
                mode,
            })
            .collect();
        let _ordered = self.writing.lock();
        let applied = match checkpoint {
            Some((source, position)) => store.apply_with_checkpoint(self.key, &changes, source, position)?,
            None => store.apply(self.key, &changes)?,
        };
        self.follow(|resident| {
            drafts.iter().zip(&applied).try_for_each(|(draft, applied)| {
                let stored = Stored { text: &draft.text, metadata: &draft.metadata, vector: draft.vector.as_deref() };
                resident.put(applied, &stored)
            })
        })?;
        Ok(applied)
    }

    fn embed_drafts(
        &self,
        store: &Store,
        info: &CollectionInfo,
        drafts: &mut [Draft<'_>],
        mode: PutMode,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let mut wanting: Vec<usize> =
            (0..drafts.len()).filter(|&i| drafts[i].vector.is_none() && !drafts[i].text.is_empty()).collect();
        if wanting.is_empty() {
            return Ok(());
        }
        let model = match self.model(info, true)? {
            Ready::Model(model) => model,
            // Without its weights a collection still takes texts: they are found by their words.
            Ready::None | Ready::Missing(Error::ModelMissing(_)) => return Ok(()),
            Ready::Missing(error) => return Err(error),
        };
        if mode != PutMode::Insert {
            // An unchanged text keeps its vector: importing a folder again embeds only what was edited.
            let ids: Vec<&str> = wanting.iter().map(|&i| &*drafts[i].id).collect();
            let known = store.known(self.key, &ids)?;
            wanting = wanting
                .into_iter()
                .zip(known)
                .filter(|(i, known)| known.is_none_or(|(_, hash)| hash != canopy_store::text_hash(&drafts[*i].text)))
                .map(|(i, _)| i)
                .collect();
        }
        let texts: Vec<&str> = wanting.iter().map(|&i| &*drafts[i].text).collect();
        let vectors = embed(self, &*model, &texts, cancel)?;
        for (i, vector) in wanting.into_iter().zip(vectors) {
            drafts[i].vector = vector.map(Cow::Owned);
        }
        Ok(())
    }

    /// Takes records out in one transaction; unknown ids are reported, not refused.
    ///
    /// # Errors
    /// `STORE_*`.
    pub fn remove(&self, ids: &[&str]) -> Result<Vec<PutReport>, Error> {
        let store = self.shared.store()?;
        let changes: Vec<Change<'_>> = ids.iter().map(|&id| Change::Delete { id }).collect();
        let _ordered = self.writing.lock();
        let applied = store.apply(self.key, &changes)?;
        self.follow(|resident| {
            let gone = applied.iter().filter(|applied| applied.outcome == Outcome::Deleted);
            gone.filter_map(|applied| applied.slot).for_each(|slot| resident.remove(slot));
            Ok(())
        })?;
        Ok(ids
            .iter()
            .zip(applied)
            .map(|(&id, applied)| PutReport {
                id: id.to_owned(),
                outcome: outcome_name(applied.outcome),
                embedded: false,
            })
            .collect())
    }
}

/// Refuses what the vector leg would refuse, before anything is committed.
fn check_vectors(info: &CollectionInfo, drafts: &[Draft<'_>]) -> Result<(), Error> {
    let Some(spec) = &info.spec.vectors else { return Ok(()) };
    for (row, draft) in drafts.iter().enumerate() {
        if let Some(vector) = &draft.vector {
            FlatIndex::check(spec.dim as usize, spec.metric, vector, row)?;
        }
    }
    Ok(())
}

impl<'a> Draft<'a> {
    fn new(input: RecordInput<'a>, row: Option<&'a [f32]>) -> Result<Self, Error> {
        let text = input.text.unwrap_or_default();
        let metadata = input.metadata.map_or("{}", RawValue::get);
        let id = match input.id {
            Some(id) => id,
            None => Cow::Owned(canopy_store::import::content_id(&text, metadata)),
        };
        let vector = row.map(Cow::Borrowed).or_else(|| input.vector.map(Cow::Owned));
        if text.trim().is_empty() && vector.is_none() {
            return Err(Error::TextEmpty { id: id.into_owned() });
        }
        Ok(Self { id, text, metadata: Cow::Borrowed(metadata), vector })
    }
}

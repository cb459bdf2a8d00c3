//! Putting records in and taking them out.

use crate::collection::{Collection, Seen};
use crate::embedding::{Ready, embed};
use crate::error::Error;
use crate::object::Object;
use crate::resident::Step;
use canopy_ann::flat::FlatIndex;
use canopy_core::{Cancel, Coded, Rows};
use canopy_store::{Applied, Change, CollectionSpec, Outcome, PutMode, Store};
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
        let inputs: Vec<Object<RecordInput<'_>>> =
            serde_json::from_slice(records).map_err(|error| Error::json("the array of records", &error))?;
        let store = self.shared.store()?;
        let seen = self.see(&store)?;
        let rows = self.rows(&seen.spec, vectors, inputs.len())?;
        let mut drafts = inputs
            .into_iter()
            .enumerate()
            .map(|(i, Object(input))| Draft::new(input, rows.as_ref().map(|rows| rows.row(i))))
            .collect::<Result<Vec<_>, _>>()?;
        let applied = self.store_drafts(&store, seen, &mut drafts, mode, None, cancel)?;
        let mut reports: Vec<PutReport> = drafts
            .iter()
            .zip(&applied)
            .map(|(draft, applied)| PutReport {
                id: draft.id.clone().into_owned(),
                outcome: outcome_name(applied.outcome),
                embedded: draft.vector.is_some(),
            })
            .collect();
        self.find_kept_vectors(&store, &applied, &mut reports)?;
        Ok(reports)
    }

    /// An unchanged text keeps its vector, if it had one: it has none where the model was missing at the time.
    fn find_kept_vectors(&self, store: &Store, applied: &[Applied], reports: &mut [PutReport]) -> Result<(), Error> {
        let open = |(i, applied): (usize, &Applied)| {
            let slot = applied.slot.filter(|_| !applied.text_changed && !reports[i].embedded)?;
            Some((i, slot))
        };
        let (at, slots): (Vec<usize>, Vec<u32>) = applied.iter().enumerate().filter_map(open).unzip();
        if slots.is_empty() {
            return Ok(());
        }
        for (i, record) in at.into_iter().zip(store.get_slots(self.key, &slots, true)?) {
            reports[i].embedded = record.is_some_and(|record| record.vector.is_some());
        }
        Ok(())
    }

    fn rows<'v>(
        &self,
        spec: &CollectionSpec,
        vectors: Option<&'v [f32]>,
        records: usize,
    ) -> Result<Option<Rows<'v, f32>>, Error> {
        let Some(vectors) = vectors else { return Ok(None) };
        let Some(spec) = &spec.vectors else { return Err(Error::NoVectors(self.name.clone())) };
        self.shaped(vectors, spec.dim as usize, records).map(Some)
    }

    /// `vectors` as one row of `dim` for each of `records`.
    pub(crate) fn shaped<'v>(&self, vectors: &'v [f32], dim: usize, records: usize) -> Result<Rows<'v, f32>, Error> {
        if records > 0 && !vectors.is_empty() && vectors.len().is_multiple_of(records) && vectors.len() != records * dim
        {
            let (expected, received) = (dim, vectors.len() / records);
            return Err(Error::VectorDimension { collection: self.name.clone(), expected, received });
        }
        let rows = Rows::new(vectors, dim)?;
        if rows.len() == records { Ok(rows) } else { Err(Error::VectorCount { records, vectors: rows.len() }) }
    }

    /// Embeds what needs it and commits it.
    pub(crate) fn store_drafts(
        &self,
        store: &Store,
        mut seen: Seen,
        drafts: &mut [Draft<'_>],
        mode: PutMode,
        checkpoint: Option<(&str, &str)>,
        cancel: &Cancel,
    ) -> Result<Vec<Applied>, Error> {
        let own: Vec<bool> = drafts.iter().map(|draft| draft.vector.is_some()).collect();
        loop {
            check_vectors(&seen.spec, drafts)?;
            let kept = self.embed_drafts(store, &seen.spec, drafts, mode, cancel)?;
            cancel.check()?;
            let ordered = self.writing.lock();
            // Embedding takes its time: meanwhile the collection may have got another model, whose vectors must not be
            // mixed with these, or a text that was to keep its vector may have been changed by somebody else.
            if self.is_current(&seen) && self.unchanged(store, drafts, &kept)? {
                return self.commit(store, drafts, mode, checkpoint);
            }
            drop(ordered);
            seen = self.see(store)?;
            for (draft, _) in drafts.iter_mut().zip(&own).filter(|(_, own)| !**own) {
                draft.vector = None;
            }
        }
    }

    /// Commits drafts, and tells the searchable state. The caller holds `writing`.
    fn commit(
        &self,
        store: &Store,
        drafts: &[Draft<'_>],
        mode: PutMode,
        checkpoint: Option<(&str, &str)>,
    ) -> Result<Vec<Applied>, Error> {
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
        let applied = match checkpoint {
            Some((source, position)) => store.apply_with_checkpoint(self.key, &changes, source, position)?,
            None => store.apply(self.key, &changes)?,
        };
        self.follow_later(|| {
            let step = |(draft, &applied): (&Draft<'_>, &Applied)| Step {
                applied,
                text: (&*draft.text).into(),
                metadata: (&*draft.metadata).into(),
                vector: draft.vector.as_deref().map(Into::into),
            };
            drafts.iter().zip(&applied).map(step).collect()
        });
        Ok(applied)
    }

    /// Whether the drafts at `kept`, which were not embedded because their texts are stored, are still stored so.
    fn unchanged(&self, store: &Store, drafts: &[Draft<'_>], kept: &[usize]) -> Result<bool, Error> {
        if kept.is_empty() {
            return Ok(true);
        }
        let ids: Vec<&str> = kept.iter().map(|&i| &*drafts[i].id).collect();
        let known = store.known(self.key, &ids)?;
        Ok(kept.iter().zip(known).all(|(&i, known)| is_stored(known, &drafts[i])))
    }

    /// Embeds the drafts that need it; answers which need it not because their text is stored already.
    fn embed_drafts(
        &self,
        store: &Store,
        spec: &CollectionSpec,
        drafts: &mut [Draft<'_>],
        mode: PutMode,
        cancel: &Cancel,
    ) -> Result<Vec<usize>, Error> {
        let mut wanting: Vec<usize> =
            (0..drafts.len()).filter(|&i| drafts[i].vector.is_none() && !drafts[i].text.is_empty()).collect();
        if wanting.is_empty() {
            return Ok(Vec::new());
        }
        let model = match self.model(spec, true)? {
            Ready::Model(model) => model,
            Ready::None => return Ok(Vec::new()),
            // Without its weights a collection still takes texts: they are found by their words.
            Ready::Missing(error) if error.code() == "MODEL_MISSING" => return Ok(Vec::new()),
            Ready::Missing(error) => return Err(error),
        };
        let mut kept = Vec::new();
        if mode != PutMode::Insert {
            // An unchanged text keeps its vector: importing a folder again embeds only what was edited.
            let ids: Vec<&str> = wanting.iter().map(|&i| &*drafts[i].id).collect();
            let known = store.known(self.key, &ids)?;
            let stored = wanting.into_iter().zip(known);
            let (same, other): (Vec<_>, Vec<_>) = stored.partition(|(i, known)| is_stored(*known, &drafts[*i]));
            kept = same.into_iter().map(|(i, _)| i).collect();
            wanting = other.into_iter().map(|(i, _)| i).collect();
        }
        let texts: Vec<&str> = wanting.iter().map(|&i| &*drafts[i].text).collect();
        let vectors = embed(self, &*model, &texts, cancel)?;
        for (i, vector) in wanting.into_iter().zip(vectors) {
            drafts[i].vector = vector.map(Cow::Owned);
        }
        Ok(kept)
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
        let gone = applied.iter().filter(|applied| applied.outcome == Outcome::Deleted);
        self.follow_removal(gone.filter_map(|applied| applied.slot))?;
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

/// Whether what the store knows of the draft's id is the draft's text.
fn is_stored(known: Option<(u32, u128)>, draft: &Draft<'_>) -> bool {
    known.is_some_and(|(_, hash)| hash == canopy_store::text_hash(&draft.text))
}

/// Refuses what the vector leg would refuse, before anything is committed.
fn check_vectors(spec: &CollectionSpec, drafts: &[Draft<'_>]) -> Result<(), Error> {
    let Some(spec) = &spec.vectors else { return Ok(()) };
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

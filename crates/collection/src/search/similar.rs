//! Records like a given one.

use super::request::{Mode, SearchRequest};
use super::{Plan, SearchAnswer, allowed};
use crate::collection::Collection;
use crate::error::Error;
use canopy_core::{Cancel, Progress, SlotSet};
use std::time::Instant;

impl Collection {
    /// The records most like record `id`, itself left out.
    ///
    /// `request` is the JSON of a [`SearchRequest`] without `text`; the record's own vector and text are the query.
    /// Its mode is `vector` unless another is asked for; a record without a vector is compared by its words.
    ///
    /// # Errors
    /// `RECORD_NOT_FOUND`, and those of [`Collection::search`].
    pub fn similar(&self, id: &str, request: &str, cancel: &Cancel) -> Result<SearchAnswer, Error> {
        let started = Instant::now();
        let mut request = SearchRequest::parse(request)?;
        if request.text.is_some() {
            return Err(Error::Request("similar takes no text: the record is the query".to_owned()));
        }
        let store = self.shared.store()?;
        self.spec(&store)?;
        let unknown = || Error::RecordNotFound { id: id.to_owned(), collection: self.name.clone() };
        // The state first: while it is held, no slot can pass on to another record.
        let resident = self.resident(&store, cancel, &Progress::default())?;
        let slot = store.slot_of(self.key, id)?.ok_or_else(unknown)?;
        let own = resident.vectors.as_ref().and_then(|index| index.exact().vector(slot)).map(<[f32]>::to_vec);
        let vector = own.as_deref().filter(|_| request.mode != Mode::Keyword);
        let mut notes = Vec::new();
        if vector.is_some() {
            // "Like this" means its meaning, unless words were asked for; a hybrid would favour near-copies.
            request.mode = Mode::Vector;
        } else {
            if request.mode != Mode::Keyword {
                notes.push("compared by keywords only: the record has no vector".to_owned());
            }
            request.mode = Mode::Keyword;
        }
        let record = if vector.is_none() {
            store.get_slots(self.key, &[slot], false)?.into_iter().flatten().next()
        } else {
            None
        };
        let text = record.as_ref().map(|record| record.text.as_str());
        let mut allow = match allowed(&request, &resident)? {
            Some(set) => set,
            None => resident.live.clone(),
        };
        SlotSet::remove(&mut allow, slot);
        let plan = Plan { request: &request, text, vector, allow: Some(allow), notes };
        self.answer(&store, &resident, plan, started, cancel)
    }
}

//! From texts to vectors, with the collection's own model and no other.

use crate::collection::Collection;
use crate::error::Error;
use canopy_core::Cancel;
use canopy_embed::Embedder;
use canopy_store::{CollectionSpec, ModelTag};
use std::sync::Arc;

/// What a collection's model can do right now.
pub(crate) enum Ready {
    /// Here it is.
    Model(Arc<dyn Embedder>),
    /// Callers send vectors themselves, or there are none.
    None,
    /// There ought to be one, but it can't be used; the reason is for the caller.
    Missing(Error),
}

impl Collection {
    /// The model that made the collection's vectors, if it can be had.
    ///
    /// # Errors
    /// `MODEL_LOADING` when the model is still loading and `wait` is false.
    pub(crate) fn model(&self, spec: &CollectionSpec, wait: bool) -> Result<Ready, Error> {
        let Some(tag) = spec.vectors.as_ref().and_then(|spec| spec.model.as_ref()) else { return Ok(Ready::None) };
        if tag.digest == REMOTE_DIGEST {
            return Ok(Ready::None);
        }
        match self.shared.models.get(&tag.name, wait) {
            Ok(model) if model.identity().digest == tag.digest => Ok(Ready::Model(model)),
            Ok(model) => Ok(Ready::Missing(Error::ModelChanged {
                collection: self.name.clone(),
                stored: describe(tag),
                present: format!("{} ({})", model.identity().name, short(&model.identity().digest)),
            })),
            Err(error) if canopy_core::Coded::code(&error) == "MODEL_MISSING" => Ok(Ready::Missing(error)),
            Err(error) => Err(error),
        }
    }
}

/// The digest of a model that runs elsewhere: its vectors arrive with the records and the queries.
pub(crate) const REMOTE_DIGEST: &str = "remote";

fn describe(tag: &ModelTag) -> String {
    format!("{} ({})", tag.name, short(&tag.digest))
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Embeds `texts`; a text that the model can say nothing about gets no vector.
pub(crate) fn embed(
    collection: &Collection,
    model: &dyn Embedder,
    texts: &[&str],
    cancel: &Cancel,
) -> Result<Vec<Option<Vec<f32>>>, Error> {
    collection.shared.models.embed_each(model, texts, cancel)
}

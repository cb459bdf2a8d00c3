//! What every model can do, and how a file becomes a model.

use crate::file::{ModelFile, ModelKind};
use crate::{Error, MiniLm, Reference, StaticModel};
use canopy_core::Cancel;
use std::path::Path;
use std::sync::Arc;

/// Names a model: vectors of different identities must never be compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelIdentity {
    /// Name for people, such as `minilm-l6-v2`.
    pub name: String,
    /// Hex digest of weights, vocabulary and the code's revision.
    pub digest: String,
    /// Values a vector.
    pub dim: usize,
}

/// Vectors of some texts, and which texts have none.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// Row-major, one row a text; unit length, or all zeros for a text without a vector.
    pub vectors: Vec<f32>,
    /// Positions of the texts without a vector, ascending.
    pub missing: Vec<usize>,
}

/// Turns texts into vectors.
pub trait Embedder: Send + Sync {
    /// Values a vector.
    fn dim(&self) -> usize {
        self.identity().dim
    }

    /// Which model this is.
    fn identity(&self) -> &ModelIdentity;

    /// Bytes that the loaded model holds, mapped files included.
    fn memory_bytes(&self) -> usize;

    /// Vectors of unit length for all texts that have one. Only a static model, and only for a text without any word of its vocabulary
    /// (an empty one, say), has none; MiniLM has one for every text.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    fn embed_known(&self, texts: &[&str], cancel: &Cancel) -> Result<Embedded, Error>;

    /// `texts.len()` × [`Embedder::dim`] values, row-major, each row of unit length.
    ///
    /// # Errors
    /// [`Error::NoTokens`] for the first text without a vector; [`Error::Cancelled`].
    fn embed(&self, texts: &[&str], cancel: &Cancel) -> Result<Vec<f32>, Error> {
        let embedded = self.embed_known(texts, cancel)?;
        match embedded.missing.first() {
            Some(&index) => Err(Error::NoTokens { index }),
            None => Ok(embedded.vectors),
        }
    }
}

/// Reads a `.canopy-model` file.
///
/// # Errors
/// [`Error::Missing`], [`Error::Corrupt`], [`Error::Newer`], [`Error::Io`].
pub fn load(path: &Path) -> Result<Arc<dyn Embedder>, Error> {
    let file = ModelFile::open(path)?;
    Ok(match file.kind() {
        ModelKind::Static => Arc::new(StaticModel::from_file(file)?),
        ModelKind::MiniLm => Arc::new(MiniLm::from_file(&file)?),
    })
}

/// Reads a MiniLM folder (`model.safetensors`, `vocab.txt`) as it comes from its authors and runs it in f32: slow and exact, the yardstick
/// of the quantised model.
///
/// # Errors
/// [`Error::Source`] when a tensor is missing or has another shape.
pub fn load_safetensors(folder: &Path) -> Result<Reference, Error> {
    Reference::load(folder)
}

/// Scales a vector to unit length; `false` when it has no direction.
pub(crate) fn normalise(vector: &mut [f32]) -> bool {
    let length = vector.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
    if !(length.is_finite() && length > f64::from(f32::MIN_POSITIVE)) {
        vector.fill(0.0);
        return false;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a factor needs f32's precision only")]
    let factor = (1.0 / length) as f32;
    vector.iter_mut().for_each(|v| *v *= factor);
    true
}

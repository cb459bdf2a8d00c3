//! Text embedding on the CPU: WordPiece, static models, MiniLM in int8.
//!
//! A model is one checked `.canopy-model` file. [`load`] reads it into an [`Embedder`]; a [`ModelSlot`] loads it when it is first needed
//! and gives its memory back when it has been idle; an [`EmbeddingCache`] remembers vectors by model and text.
//!
//! ```no_run
//! use canopy_core::Cancel;
//!
//! let model = canopy_embed::load("models/static-en.canopy-model".as_ref())?;
//! let vectors = model.embed(&["a quiet harbour", "boats at rest"], &Cancel::new())?;
//! assert_eq!(vectors.len(), 2 * model.dim());
//! # Ok::<(), canopy_embed::Error>(())
//! ```

mod cache;
pub mod convert;
mod embedder;
mod error;
mod file;
mod minilm;
mod safetensors;
mod slot;
mod statics;
mod wordpiece;

pub use cache::{CacheStats, EmbeddingCache};
pub use embedder::{Embedded, Embedder, ModelIdentity, load, load_safetensors};
pub use error::Error;
pub use file::{ModelKind, ModelWriter};
pub use minilm::{MiniLm, Reference};
pub use slot::{ModelSlot, slot};
pub use statics::StaticModel;
pub use wordpiece::{VocabularyError, WordPiece};

//! Static models: one vector a token, summed up. Distilled from MiniLM as in model2vec (Tulkens & van Dongen 2024), with its vocabulary.

use crate::embedder::{Embedded, Embedder, ModelIdentity, normalise};
use crate::file::{ModelFile, corrupt};
use crate::{Error, WordPiece};
use canopy_core::Cancel;
use canopy_simd::gemm::Buffer;
use rayon::prelude::*;

/// Tokens read of a text: more of them move a mean hardly any more, and a bound keeps a huge text from holding up its batch.
const MAX_TOKENS: usize = 2048;
/// Texts a task: enough to make the task's overhead vanish, few enough to cancel within a millisecond.
const TEXTS_A_TASK: usize = 64;

/// A loaded static model.
#[derive(Debug)]
pub struct StaticModel {
    file: ModelFile,
    rows: std::ops::Range<usize>,
    scale: Buffer<f32>,
    tokenizer: WordPiece,
    identity: ModelIdentity,
}

impl StaticModel {
    /// Reads sections `name`, `vocab`, `scale` (f32, one a token: weight of the token × step of its row) and `rows` (i8, one row a token).
    pub(crate) fn from_file(file: ModelFile) -> Result<Self, Error> {
        let tokenizer = read_vocabulary(&file)?;
        let scale = file.f32s("scale", tokenizer.len())?.as_slice().into();
        let rows = file.range("rows")?;
        let dim = rows.len() / tokenizer.len();
        if dim == 0 || !rows.len().is_multiple_of(tokenizer.len()) {
            let what = format!("section rows has {} bytes for {} tokens", rows.len(), tokenizer.len());
            return Err(corrupt(file.path(), what));
        }
        let identity = read_identity(&file, dim)?;
        Ok(Self { file, rows, scale, tokenizer, identity })
    }

    /// Writes the vector of a text, or zeros.
    fn embed_one(&self, text: &str, tokens: &mut Vec<u32>, out: &mut [f32]) -> bool {
        tokens.clear();
        self.tokenizer.encode_plain(text, MAX_TOKENS, tokens);
        let table: &[i8] = bytemuck::cast_slice(&self.file.bytes()[self.rows.clone()]);
        let dim = out.len();
        out.fill(0.0);
        for &token in tokens.iter().filter(|&&token| !self.tokenizer.is_special(token)) {
            let at = token as usize * dim;
            let scale = self.scale[token as usize];
            for (sum, &value) in out.iter_mut().zip(&table[at..at + dim]) {
                *sum += scale * f32::from(value);
            }
        }
        normalise(out)
    }
}

impl Embedder for StaticModel {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn memory_bytes(&self) -> usize {
        self.file.memory_bytes() + self.scale.len() * size_of::<f32>() + self.tokenizer.memory_bytes()
    }

    fn embed_known(&self, texts: &[&str], cancel: &Cancel) -> Result<Embedded, Error> {
        let dim = self.identity.dim;
        let mut vectors = vec![0.0; texts.len() * dim];
        let mut known = vec![true; texts.len()];
        let task = |(texts, (vectors, known)): (&[&str], (&mut [f32], &mut [bool]))| {
            cancel.check()?;
            let mut tokens = Vec::new();
            for ((text, out), known) in texts.iter().zip(vectors.chunks_exact_mut(dim)).zip(known) {
                *known = self.embed_one(text, &mut tokens, out);
            }
            Ok::<(), Error>(())
        };
        if texts.len() <= TEXTS_A_TASK {
            task((texts, (&mut vectors, &mut known)))?;
        } else {
            let outputs = vectors.par_chunks_mut(TEXTS_A_TASK * dim).zip(known.par_chunks_mut(TEXTS_A_TASK));
            texts.par_chunks(TEXTS_A_TASK).zip(outputs).try_for_each(task)?;
        }
        let missing = known.iter().enumerate().filter_map(|(index, &known)| (!known).then_some(index)).collect();
        Ok(Embedded { vectors, missing })
    }
}

/// The tokenizer in section `vocab`.
pub(crate) fn read_vocabulary(file: &ModelFile) -> Result<WordPiece, Error> {
    let text =
        std::str::from_utf8(file.section("vocab")?).map_err(|_| corrupt(file.path(), "its vocabulary is not UTF-8"))?;
    WordPiece::new(text).map_err(|error| corrupt(file.path(), error.to_string()))
}

/// What section `name` and the file's digest say the model is.
pub(crate) fn read_identity(file: &ModelFile, dim: usize) -> Result<ModelIdentity, Error> {
    /// Grows when the code begins to give other vectors for the same file.
    const REVISION: u32 = 1;
    let name = std::str::from_utf8(file.section("name")?).map_err(|_| corrupt(file.path(), "its name is not UTF-8"))?;
    Ok(ModelIdentity { name: name.to_owned(), digest: format!("{:032x}-{REVISION}", file.digest()), dim })
}

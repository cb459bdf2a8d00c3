//! Making model files from published weights.

use crate::file::{ModelKind, ModelWriter};
use crate::minilm::{HIDDEN, LINEARS, Weights, linear_shape};
use crate::safetensors::Tensors;
use crate::{Error, WordPiece};
use std::path::Path;

/// Quantises the MiniLM in `folder` (`model.safetensors`, `vocab.txt`); gives the bytes of a `.canopy-model` file.
///
/// # Errors
/// [`Error::Source`] when a tensor is missing or has another shape.
pub fn minilm(folder: &Path, name: &str) -> Result<Vec<u8>, Error> {
    let (weights, vocabulary) = Weights::read(folder)?;
    let mut file = ModelWriter::new(ModelKind::MiniLm);
    file.add("name", name.into()).add("vocab", trimmed(&vocabulary));
    let (words, scale) = quantise_rows(&weights.words, HIDDEN);
    file.add_i8("words", &words).add_f32("words.scale", &scale).add_f32("positions", &weights.positions);
    file.add_f32("norm.gain", &weights.norm.0).add_f32("norm.bias", &weights.norm.1);
    for (number, layer) in weights.layers.iter().enumerate() {
        for (which, (matrix, bias)) in layer.linears.iter().enumerate() {
            let (rows, scale) = quantise_rows(matrix, linear_shape(which).1);
            let part = format!("{number}.{}", short_name(which));
            file.add_i8(&*part, &rows).add_f32(format!("{part}.scale"), &scale).add_f32(format!("{part}.bias"), bias);
        }
        for (part, (gain, bias)) in [("attention.norm", &layer.attention_norm), ("output.norm", &layer.output_norm)] {
            file.add_f32(format!("{number}.{part}.gain"), gain).add_f32(format!("{number}.{part}.bias"), bias);
        }
    }
    Ok(file.finish())
}

/// Makes a static model from `folder` (`model.safetensors` with one f32 tensor `embeddings`, a row a token, weights of the tokens
/// multiplied in; `vocab.txt`); gives the bytes of a `.canopy-model` file.
///
/// # Errors
/// [`Error::Source`] when the table is missing or doesn't fit the vocabulary.
pub fn static_model(folder: &Path, name: &str) -> Result<Vec<u8>, Error> {
    let fail = |what: String| Error::Source { path: folder.to_owned(), what };
    let vocabulary =
        std::fs::read_to_string(folder.join("vocab.txt")).map_err(|error| fail(format!("vocab.txt: {error}")))?;
    let tokens = WordPiece::new(&vocabulary).map_err(|error| fail(error.to_string()))?.len();
    let tensors = Tensors::open(&folder.join("model.safetensors"))?;
    let dim = match tensors.shape("embeddings") {
        Some(&[rows, dim]) if rows == tokens && dim > 0 => dim,
        other => return Err(fail(format!("tensor embeddings is {other:?} instead of {tokens} rows"))),
    };
    let (rows, scale) = quantise_rows(&tensors.get("embeddings", &[tokens, dim])?, dim);
    let mut file = ModelWriter::new(ModelKind::Static);
    file.add("name", name.into()).add("vocab", trimmed(&vocabulary)).add_f32("scale", &scale).add_i8("rows", &rows);
    Ok(file.finish())
}

/// The name of a linear map inside a file.
pub(crate) fn short_name(which: usize) -> &'static str {
    ["query", "key", "value", "attention", "inner", "output"].get(which).copied().unwrap_or(LINEARS[which])
}

/// Each row as i8 in −127..=127 times the row's scale. Symmetric: weights of a row are spread evenly about 0.
fn quantise_rows(values: &[f32], width: usize) -> (Vec<i8>, Vec<f32>) {
    const STEPS: f32 = 127.0;
    let mut rows = Vec::with_capacity(values.len());
    let mut scales = Vec::with_capacity(values.len() / width);
    for row in values.chunks_exact(width) {
        let most = row.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
        let factor = if most > f32::MIN_POSITIVE { STEPS / most } else { 0.0 };
        scales.push(most / STEPS);
        #[expect(clippy::cast_possible_truncation, reason = "a whole number in -127..=127")]
        rows.extend(row.iter().map(|v| (v * factor).round_ties_even().clamp(-STEPS, STEPS) as i8));
    }
    (rows, scales)
}

/// The vocabulary with one newline between tokens and none at the end.
fn trimmed(vocabulary: &str) -> Vec<u8> {
    vocabulary.lines().collect::<Vec<_>>().join("\n").into_bytes()
}

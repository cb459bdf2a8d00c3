//! The f32 weights as their authors publish them.

use super::{HIDDEN, INNER, LAYERS, MAX_TOKENS};
use crate::Error;
use crate::safetensors::Tensors;
use std::path::Path;

/// Names of a layer's linear maps, in the order in which they are applied.
pub(crate) const LINEARS: [&str; 6] = [
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
];

/// Outputs and inputs of such a map.
pub(crate) fn linear_shape(which: usize) -> (usize, usize) {
    match which {
        4 => (INNER, HIDDEN),
        5 => (HIDDEN, INNER),
        _ => (HIDDEN, HIDDEN),
    }
}

/// A gain or a matrix, and a bias.
type Pair = (Vec<f32>, Vec<f32>);

/// All weights that an embedding needs.
#[derive(Debug)]
pub(crate) struct Weights {
    /// One row a token.
    pub(crate) words: Vec<f32>,
    /// One row a position, the token type 0 added in (there is only one text in a call).
    pub(crate) positions: Vec<f32>,
    pub(crate) norm: Pair,
    pub(crate) layers: Vec<LayerWeights>,
}

/// The weights of one layer.
#[derive(Debug)]
pub(crate) struct LayerWeights {
    /// As in [`LINEARS`].
    pub(crate) linears: Vec<Pair>,
    pub(crate) attention_norm: Pair,
    pub(crate) output_norm: Pair,
}

impl Weights {
    /// Reads `model.safetensors` and `vocab.txt`; gives the vocabulary too.
    pub(crate) fn read(folder: &Path) -> Result<(Self, String), Error> {
        let fail = |what: String| Error::Source { path: folder.to_owned(), what };
        let vocabulary =
            std::fs::read_to_string(folder.join("vocab.txt")).map_err(|error| fail(format!("vocab.txt: {error}")))?;
        let tensors = Tensors::open(&folder.join("model.safetensors"))?;
        let tokens = vocabulary.lines().count();
        let pair = |name: &str, shape: &[usize]| {
            let bias = tensors.get(&format!("{name}.bias"), &shape[..1])?;
            Ok::<Pair, Error>((tensors.get(&format!("{name}.weight"), shape)?, bias))
        };
        let mut positions = tensors.get("embeddings.position_embeddings.weight", &[512, HIDDEN])?;
        positions.truncate(MAX_TOKENS * HIDDEN);
        let types = tensors.get("embeddings.token_type_embeddings.weight", &[2, HIDDEN])?;
        positions.chunks_exact_mut(HIDDEN).for_each(|row| row.iter_mut().zip(&types).for_each(|(p, t)| *p += t));
        let layer = |number: usize| {
            let name = |part: &str| format!("encoder.layer.{number}.{part}");
            let linear = |which: usize| pair(&name(LINEARS[which]), &<[usize; 2]>::from(linear_shape(which)));
            Ok::<LayerWeights, Error>(LayerWeights {
                linears: (0..LINEARS.len()).map(linear).collect::<Result<_, _>>()?,
                attention_norm: pair(&name("attention.output.LayerNorm"), &[HIDDEN])?,
                output_norm: pair(&name("output.LayerNorm"), &[HIDDEN])?,
            })
        };
        let weights = Self {
            words: tensors.get("embeddings.word_embeddings.weight", &[tokens, HIDDEN])?,
            positions,
            norm: pair("embeddings.LayerNorm", &[HIDDEN])?,
            layers: (0..LAYERS).map(layer).collect::<Result<_, _>>()?,
        };
        Ok((weights, vocabulary))
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let pair = |(a, b): &Pair| a.len() + b.len();
        let layer = |l: &LayerWeights| {
            l.linears.iter().map(pair).sum::<usize>() + pair(&l.attention_norm) + pair(&l.output_norm)
        };
        let floats =
            self.words.len() + self.positions.len() + pair(&self.norm) + self.layers.iter().map(layer).sum::<usize>();
        floats * size_of::<f32>()
    }
}

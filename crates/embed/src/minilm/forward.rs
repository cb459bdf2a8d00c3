//! Running MiniLM: texts are sorted by length, packed into chunks without padding, and the chunks spread over the cores.

use super::layer::Layer;
use super::vector::{self, attend_scratch};
use super::{HEADS, HIDDEN, INNER, LAYERS, MAX_TOKENS};
use crate::embedder::{Embedded, Embedder, ModelIdentity, normalise};
use crate::file::ModelFile;
use crate::statics::{read_identity, read_vocabulary};
use crate::{Error, WordPiece};
use canopy_core::Cancel;
use canopy_simd::gemm::{Backend, Buffer, QuantRows, linear_with};
use parking_lot::Mutex;
use rayon::prelude::*;

/// Tokens a chunk: 256 × 384 floats are 393 KB, which stay in a core's L2 beside the weights that stream through it.
const CHUNK_TOKENS: usize = 256;
/// Rows that pass through the feed-forward layers together: 64 × 1536 floats are 393 KB, again within L2.
const INNER_ROWS: usize = 64;

/// A loaded, quantised MiniLM.
#[derive(Debug)]
pub struct MiniLm {
    words: Buffer<i8>,
    word_scale: Buffer<f32>,
    positions: Buffer<f32>,
    norm: (Vec<f32>, Vec<f32>),
    layers: Vec<Layer>,
    tokenizer: WordPiece,
    identity: ModelIdentity,
    backend: Backend,
    /// Working memory of chunks that are not running now.
    scratch: Mutex<Vec<Scratch>>,
}

/// Working memory of one chunk.
#[derive(Debug, Default)]
struct Scratch {
    hidden: Buffer<f32>,
    qkv: Buffer<f32>,
    context: Buffer<f32>,
    inner: Buffer<f32>,
    product: Buffer<f32>,
    scores: Buffer<f32>,
    rows: QuantRows,
}

impl MiniLm {
    /// Reads the sections that `convert::minilm` writes, and packs the weights.
    pub(crate) fn from_file(file: &ModelFile) -> Result<Self, Error> {
        let tokenizer = read_vocabulary(file)?;
        let tokens = tokenizer.len();
        Ok(Self {
            words: file.i8s("words", tokens * HIDDEN)?.into(),
            word_scale: file.f32s("words.scale", tokens)?.as_slice().into(),
            positions: file.f32s("positions", MAX_TOKENS * HIDDEN)?.as_slice().into(),
            norm: (file.f32s("norm.gain", HIDDEN)?, file.f32s("norm.bias", HIDDEN)?),
            layers: (0..LAYERS).map(|number| Layer::read(file, number)).collect::<Result<_, _>>()?,
            identity: read_identity(file, HIDDEN)?,
            tokenizer,
            backend: Backend::best(),
            scratch: Mutex::default(),
        })
    }

    /// Vectors of token lists (each with `[CLS]` and `[SEP]`, at most 256 long), row-major in the lists' order.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    ///
    /// # Panics
    /// When a list is empty, too long, or has a token outside the vocabulary.
    pub fn embed_tokens(&self, lists: &[Vec<u32>], cancel: &Cancel) -> Result<Vec<f32>, Error> {
        let mut order: Vec<usize> = (0..lists.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(lists[i].len()));
        let chunks = chunks(&order, lists);
        let run = |chunk: &&[usize]| {
            cancel.check()?;
            let mut scratch = self.scratch.lock().pop().unwrap_or_default();
            let vectors = self.run_chunk(chunk, lists, &mut scratch);
            self.scratch.lock().push(scratch);
            Ok::<_, Error>(vectors)
        };
        let done: Vec<Vec<f32>> = match chunks.as_slice() {
            [one] => vec![run(one)?],
            many => many.par_iter().map(run).collect::<Result<_, _>>()?,
        };
        let mut out = vec![0.0; lists.len() * HIDDEN];
        for (&index, vector) in chunks.iter().copied().flatten().zip(done.iter().flat_map(|v| v.chunks_exact(HIDDEN))) {
            out[index * HIDDEN..(index + 1) * HIDDEN].copy_from_slice(vector);
        }
        Ok(out)
    }

    /// One chunk, single-threaded: the vectors of its texts.
    fn run_chunk(&self, chunk: &[usize], lists: &[Vec<u32>], s: &mut Scratch) -> Vec<f32> {
        let rows = chunk.iter().map(|&i| lists[i].len()).sum::<usize>();
        let hidden = s.hidden.first_mut(rows * HIDDEN);
        self.look_up(chunk, lists, hidden);
        for layer in &self.layers {
            let qkv = s.qkv.first_mut(rows * 3 * HIDDEN);
            vector::quantise(self.backend, hidden, HIDDEN, &mut s.rows);
            linear_with(self.backend, &s.rows, &layer.qkv, qkv);
            let context = s.context.first_mut(rows * HIDDEN);
            for text in parts(chunk, lists) {
                let qkv = &qkv[text.start * 3 * HIDDEN..text.end * 3 * HIDDEN];
                let out = &mut context[text.start * HIDDEN..text.end * HIDDEN];
                let scratch = s.scores.first_mut(attend_scratch(text.len()));
                (0..HEADS).for_each(|head| vector::attend(self.backend, qkv, head, out, scratch));
            }
            let product = s.product.first_mut(rows * HIDDEN);
            vector::quantise(self.backend, context, HIDDEN, &mut s.rows);
            linear_with(self.backend, &s.rows, &layer.attention, product);
            let (gain, bias) = &layer.attention_norm;
            vector::add_and_norm(self.backend, hidden, product, gain, bias);
            for hidden in hidden.chunks_mut(INNER_ROWS * HIDDEN) {
                let (inner, product) = (s.inner.first_mut(hidden.len() / HIDDEN * INNER), &mut product[..hidden.len()]);
                feed_forward(self.backend, layer, hidden, &mut s.rows, inner, product);
            }
        }
        parts(chunk, lists)
            .flat_map(|text| mean(self.backend, &hidden[text.start * HIDDEN..text.end * HIDDEN]))
            .collect()
    }

    /// The sum of word and position vectors, normalised.
    fn look_up(&self, chunk: &[usize], lists: &[Vec<u32>], hidden: &mut [f32]) {
        let tokens = chunk.iter().flat_map(|&i| lists[i].iter().zip(self.positions.chunks_exact(HIDDEN)));
        for ((&token, place), out) in tokens.zip(hidden.chunks_exact_mut(HIDDEN)) {
            let word = &self.words[token as usize * HIDDEN..][..HIDDEN];
            vector::look_up(self.backend, word, self.word_scale[token as usize], place, out);
        }
        vector::norm(self.backend, hidden, &self.norm.0, &self.norm.1);
    }
}

/// The rows of each text of a chunk.
fn parts(chunk: &[usize], lists: &[Vec<u32>]) -> impl Iterator<Item = std::ops::Range<usize>> {
    chunk.iter().scan(0, |end, &i| {
        let start = *end;
        *end += lists[i].len();
        Some(start..*end)
    })
}

/// The feed-forward half of a layer for some rows.
fn feed_forward(
    backend: Backend,
    layer: &Layer,
    hidden: &mut [f32],
    rows: &mut QuantRows,
    inner: &mut [f32],
    product: &mut [f32],
) {
    vector::quantise(backend, hidden, HIDDEN, rows);
    linear_with(backend, rows, &layer.inner, inner);
    vector::gelu_and_quantise(backend, inner, INNER, rows);
    linear_with(backend, rows, &layer.output, product);
    let (gain, bias) = &layer.output_norm;
    vector::add_and_norm(backend, hidden, product, gain, bias);
}

/// The mean row, of unit length.
fn mean(backend: Backend, rows: &[f32]) -> Vec<f32> {
    let mut mean = vec![0.0; HIDDEN];
    vector::add_rows(backend, rows, &mut mean);
    normalise(&mut mean);
    mean
}

/// Consecutive runs of `order` with at most [`CHUNK_TOKENS`] tokens each.
fn chunks<'a>(order: &'a [usize], lists: &[Vec<u32>]) -> Vec<&'a [usize]> {
    let mut chunks = Vec::new();
    let mut rest = order;
    while !rest.is_empty() {
        let mut tokens = 0;
        let fits = |&&i: &&usize| {
            tokens += lists[i].len();
            tokens <= CHUNK_TOKENS
        };
        let count = rest.iter().take_while(fits).count().max(1);
        chunks.push(&rest[..count]);
        rest = &rest[count..];
    }
    chunks
}

impl Embedder for MiniLm {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn memory_bytes(&self) -> usize {
        let floats = self.word_scale.len() + self.positions.len() + 2 * HIDDEN;
        let layers: usize = self.layers.iter().map(Layer::memory_bytes).sum();
        self.words.len() + floats * size_of::<f32>() + layers + self.tokenizer.memory_bytes()
    }

    fn embed_known(&self, texts: &[&str], cancel: &Cancel) -> Result<Embedded, Error> {
        let encode = |text: &&str| {
            let mut tokens = Vec::new();
            self.tokenizer.encode(text, MAX_TOKENS, &mut tokens);
            tokens
        };
        let lists: Vec<Vec<u32>> = match texts {
            [one] => vec![encode(one)],
            many => many.par_iter().with_min_len(16).map(encode).collect(),
        };
        Ok(Embedded { vectors: self.embed_tokens(&lists, cancel)?, missing: Vec::new() })
    }
}

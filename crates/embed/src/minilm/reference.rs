//! MiniLM in f32 with plain loops: slow, obvious, and what the fast path is measured against.

use super::weights::Weights;
use super::{EPSILON, HEAD, HEADS, HIDDEN, INNER, LAYERS, MAX_TOKENS};
use crate::embedder::{Embedded, Embedder, ModelIdentity, normalise};
use crate::{Error, WordPiece};
use canopy_core::Cancel;
use std::path::Path;

/// The model of a safetensors folder in f32.
#[derive(Debug)]
pub struct Reference {
    weights: Weights,
    tokenizer: WordPiece,
    identity: ModelIdentity,
}

impl Reference {
    pub(crate) fn load(folder: &Path) -> Result<Self, Error> {
        let (weights, vocabulary) = Weights::read(folder)?;
        let fail = |what: String| Error::Source { path: folder.to_owned(), what };
        let tokenizer = WordPiece::new(&vocabulary).map_err(|error| fail(error.to_string()))?;
        let identity = ModelIdentity { name: "minilm-l6-v2-f32".into(), digest: "reference".into(), dim: HIDDEN };
        Ok(Self { weights, tokenizer, identity })
    }

    /// The vector of token ids, `[CLS]` and `[SEP]` included.
    pub fn embed_tokens(&self, tokens: &[u32]) -> Vec<f32> {
        let w = &self.weights;
        let count = tokens.len();
        let mut x: Vec<f32> = Vec::with_capacity(count * HIDDEN);
        for (position, &token) in tokens.iter().enumerate() {
            let word = &w.words[token as usize * HIDDEN..][..HIDDEN];
            let place = &w.positions[position * HIDDEN..][..HIDDEN];
            x.extend(word.iter().zip(place).map(|(a, b)| a + b));
        }
        layer_norm(&mut x, &w.norm);
        for layer in &w.layers {
            let [q, k, v] = [0, 1, 2].map(|i| linear(&x, &layer.linears[i], HIDDEN));
            let context = attend(&q, &k, &v);
            add(&mut x, &linear(&context, &layer.linears[3], HIDDEN));
            layer_norm(&mut x, &layer.attention_norm);
            let mut inner = linear(&x, &layer.linears[4], HIDDEN);
            inner.iter_mut().for_each(|v| *v = gelu(*v));
            add(&mut x, &linear(&inner, &layer.linears[5], INNER));
            layer_norm(&mut x, &layer.output_norm);
        }
        debug_assert_eq!(w.layers.len(), LAYERS);
        let mut mean = vec![0.0; HIDDEN];
        x.chunks_exact(HIDDEN).for_each(|row| add(&mut mean, row));
        normalise(&mut mean);
        mean
    }
}

impl Embedder for Reference {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn memory_bytes(&self) -> usize {
        self.weights.memory_bytes() + self.tokenizer.memory_bytes()
    }

    fn embed_known(&self, texts: &[&str], cancel: &Cancel) -> Result<Embedded, Error> {
        let mut vectors = Vec::with_capacity(texts.len() * HIDDEN);
        for text in texts {
            cancel.check()?;
            let mut tokens = Vec::new();
            self.tokenizer.encode(text, MAX_TOKENS, &mut tokens);
            vectors.extend(self.embed_tokens(&tokens));
        }
        Ok(Embedded { vectors, missing: Vec::new() })
    }
}

fn add(x: &mut [f32], y: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

fn layer_norm(x: &mut [f32], (gain, bias): &(Vec<f32>, Vec<f32>)) {
    let width = gain.len() as f32;
    for row in x.chunks_exact_mut(gain.len()) {
        let mean = row.iter().sum::<f32>() / width;
        let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / width;
        let factor = 1.0 / (variance + EPSILON).sqrt();
        row.iter_mut().zip(gain.iter().zip(bias)).for_each(|(v, (g, b))| *v = (*v - mean) * factor * g + b);
    }
}

fn linear(x: &[f32], (weights, bias): &(Vec<f32>, Vec<f32>), inputs: usize) -> Vec<f32> {
    let dot = |a: &[f32], b: &[f32]| {
        // Eight partial sums: the compiler can use vectors, and long sums lose less.
        let mut sums = [0.0_f32; 8];
        a.chunks_exact(8).zip(b.chunks_exact(8)).for_each(|(a, b)| (0..8).for_each(|i| sums[i] += a[i] * b[i]));
        sums.iter().sum::<f32>()
    };
    x.chunks_exact(inputs)
        .flat_map(|row| weights.chunks_exact(inputs).zip(bias).map(move |(w, b)| dot(row, w) + b))
        .collect()
}

fn attend(q: &[f32], k: &[f32], v: &[f32]) -> Vec<f32> {
    let count = q.len() / HIDDEN;
    let part = |x: &[f32], row: usize, head: usize| -> [f32; HEAD] {
        x[row * HIDDEN + head * HEAD..][..HEAD].try_into().expect("a head has this length")
    };
    let mut out = vec![0.0; q.len()];
    for head in 0..HEADS {
        for row in 0..count {
            let query = part(q, row, head);
            let score =
                |other| part(k, other, head).iter().zip(query).map(|(a, b)| a * b).sum::<f32>() / (HEAD as f32).sqrt();
            let mut scores: Vec<f32> = (0..count).map(score).collect();
            let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            scores.iter_mut().for_each(|s| *s = (*s - most).exp());
            let total: f32 = scores.iter().sum();
            let target = &mut out[row * HIDDEN + head * HEAD..][..HEAD];
            for (other, score) in scores.iter().enumerate() {
                target.iter_mut().zip(part(v, other, head)).for_each(|(t, v)| *t += score / total * v);
            }
        }
    }
    out
}

/// `x Φ(x)`, exactly.
pub(super) fn gelu(x: f32) -> f32 {
    let x = f64::from(x);
    #[expect(clippy::cast_possible_truncation, reason = "the result is a float like the argument")]
    let y = (0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2))) as f32;
    y
}

/// The error function to about 1e-15: Taylor series near 0, continued fraction of the complement beyond.
pub(super) fn erf(x: f64) -> f64 {
    let a = x.abs();
    if a < 2.5 {
        let (mut term, mut sum, mut n) = (a, a, 0.0);
        while term.abs() > 1e-17 * sum.abs() {
            n += 1.0;
            term *= -a * a / n;
            sum += term / (2.0 * n + 1.0);
        }
        return (sum * std::f64::consts::FRAC_2_SQRT_PI).copysign(x);
    }
    if a > 6.5 {
        return 1.0_f64.copysign(x);
    }
    let fraction = (1..=60).rev().fold(a, |below, n| a + f64::from(n) / 2.0 / below);
    (1.0 - (-a * a).exp() / fraction / std::f64::consts::PI.sqrt()).copysign(x)
}

//! Softmax attention of one text.

use super::{HEAD, HEADS, HIDDEN};

/// Attention over the rows of one text: `qkv` has rows of query, key, value (the query already scaled), `out` rows of the context.
pub(super) fn attend(qkv: &[f32], out: &mut [f32], scores: &mut Vec<f32>) {
    let width = 3 * HIDDEN;
    let count = out.len() / HIDDEN;
    let part = |row: usize, which: usize, head: usize| &qkv[row * width + which * HIDDEN + head * HEAD..][..HEAD];
    scores.resize(count, 0.0);
    for head in 0..HEADS {
        for row in 0..count {
            let query = part(row, 0, head);
            for (other, score) in scores.iter_mut().enumerate() {
                *score = part(other, 1, head).iter().zip(query).map(|(a, b)| a * b).sum();
            }
            let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            scores.iter_mut().for_each(|s| *s = (*s - most).exp());
            let total: f32 = scores.iter().sum();
            let target = &mut out[row * HIDDEN + head * HEAD..][..HEAD];
            target.fill(0.0);
            for (other, score) in scores.iter().enumerate() {
                target.iter_mut().zip(part(other, 2, head)).for_each(|(t, v)| *t += score / total * v);
            }
        }
    }
}

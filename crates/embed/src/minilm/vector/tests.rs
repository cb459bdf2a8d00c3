//! Every instruction set against f64.

use super::*;
use crate::minilm::reference::{erf, gelu};
use crate::minilm::{HEAD, HEADS, HIDDEN};
use proptest::prelude::*;

fn backends() -> Vec<Backend> {
    [Backend::Scalar, Backend::Avx2, Backend::Avx512Vnni, Backend::Neon].into_iter().filter(|b| b.available()).collect()
}

fn noise(len: usize, seed: u64, width: f32) -> Vec<f32> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32
    };
    (0..len).map(|_| (next() * 2.0 - 1.0) * width).collect()
}

#[test]
fn gelu_stays_within_its_error() {
    let x: Vec<f32> = (-160_000..160_000).map(|i| i as f32 * 1e-4).collect();
    for backend in backends() {
        let mut y = x.clone();
        gelu_and_quantise(backend, &mut y, x.len(), &mut QuantRows::new());
        for (&x, &y) in x.iter().zip(&y) {
            assert!((y - gelu(x)).abs() <= 5e-7 * x.abs().max(1.0), "{backend:?}: gelu({x}) = {y}, not {}", gelu(x));
        }
    }
    assert!((erf(1.0) - 0.842_700_792_949_714_9).abs() < 1e-14);
}

/// Attention in f64.
fn oracle(qkv: &[f32]) -> Vec<f64> {
    let count = qkv.len() / (3 * HIDDEN);
    let at = |row: usize, which: usize, i: usize| f64::from(qkv[row * 3 * HIDDEN + which * HIDDEN + i]);
    let mut out = vec![0.0; count * HIDDEN];
    for head in 0..HEADS {
        let part = head * HEAD..(head + 1) * HEAD;
        for row in 0..count {
            let score = |other| part.clone().map(|i| at(row, 0, i) * at(other, 1, i)).sum::<f64>();
            let scores: Vec<f64> = (0..count).map(score).collect();
            let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = scores.iter().map(|s| (s - most).exp()).sum();
            for i in part.clone() {
                out[row * HIDDEN + i] = (0..count).map(|o| (scores[o] - most).exp() / total * at(o, 2, i)).sum();
            }
        }
    }
    out
}

#[test]
fn attention_agrees_with_f64() {
    // Lengths around the tiles' edges; wide scores make the softmax sharp and test the small end of exp.
    for (count, width) in
        [(1, 1.0), (2, 8.0), (5, 1.0), (6, 4.0), (7, 1.0), (63, 2.0), (64, 1.0), (65, 5.0), (130, 3.0)]
    {
        let qkv = noise(count * 3 * HIDDEN, count as u64, width);
        let expected = oracle(&qkv);
        for backend in backends() {
            let mut out = vec![f32::NAN; count * HIDDEN];
            // Leftovers in the working memory must not matter.
            let mut scratch = vec![f32::NAN; attend_scratch(count)];
            for head in 0..HEADS {
                attend(backend, &qkv, head, &mut out, &mut scratch);
            }
            let worst = out.iter().zip(&expected).map(|(&o, e)| (f64::from(o) - e).abs()).fold(0.0, f64::max);
            let limit = 2e-6 * f64::from(width) * f64::from(width * width).max(1.0);
            assert!(worst <= limit, "{backend:?}, {count} rows: off by {worst}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn rows_are_normalised(rows in 1_usize..5, seed in any::<u64>(), width in 0.01_f32..100.0) {
        let x = noise(rows * HIDDEN, seed, width);
        let y = noise(rows * HIDDEN, seed ^ 99, width);
        let (gain, bias) = (noise(HIDDEN, 1, 2.0), noise(HIDDEN, 2, 2.0));
        for backend in backends() {
            let mut both = x.clone();
            add_and_norm(backend, &mut both, &y, &gain, &bias);
            let mut alone: Vec<f32> = x.iter().zip(&y).map(|(a, b)| a + b).collect();
            norm(backend, &mut alone, &gain, &bias);
            prop_assert_eq!(&both, &alone);
            for (row, (x, y)) in both.chunks(HIDDEN).zip(x.chunks(HIDDEN).zip(y.chunks(HIDDEN))) {
                let v: Vec<f64> = x.iter().zip(y).map(|(&a, &b)| f64::from(a) + f64::from(b)).collect();
                let mean = v.iter().sum::<f64>() / HIDDEN as f64;
                let deviation = (v.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / HIDDEN as f64 + 1e-12).sqrt();
                for i in 0..HIDDEN {
                    let want = (v[i] - mean) / deviation * f64::from(gain[i]) + f64::from(bias[i]);
                    prop_assert!((f64::from(row[i]) - want).abs() < 1e-5, "{backend:?}: {} instead of {want}", row[i]);
                }
            }
        }
    }

    #[test]
    fn all_instruction_sets_quantise_alike(seed in any::<u64>(), width in 1e-3_f32..1e3) {
        let x = noise(5 * 64, seed, width);
        let weights: Vec<i8> = (0..64 * 64).map(|i| if i % 65 == 0 { 1 } else { 0 }).collect();
        let layer = canopy_simd::gemm::Linear::new(&weights, 64, &[1.0; 64], &[0.0; 64]);
        let mut plain = QuantRows::new();
        plain.quantise(&x, 64);
        let mut expected = vec![0.0; x.len()];
        canopy_simd::gemm::linear(&plain, &layer, &mut expected);
        for backend in backends() {
            let mut rows = QuantRows::new();
            quantise(backend, &x, 64, &mut rows);
            // The product with the identity gives the stored values back.
            let mut stored = vec![0.0; x.len()];
            canopy_simd::gemm::linear(&rows, &layer, &mut stored);
            prop_assert_eq!(&stored, &expected, "{:?}", backend);
        }
    }

    #[test]
    fn words_and_positions_add_up(seed in any::<u64>(), scale in 1e-4_f32..1.0) {
        let word: Vec<i8> = noise(HIDDEN, seed, 127.0).iter().map(|&v| v as i8).collect();
        let place = noise(HIDDEN, seed ^ 5, 1.0);
        for backend in backends() {
            let mut out = vec![0.0; HIDDEN];
            look_up(backend, &word, scale, &place, &mut out);
            let mut sum = out.clone();
            add_rows(backend, &out, &mut sum);
            for i in 0..HIDDEN {
                let want = f64::from(word[i]) * f64::from(scale) + f64::from(place[i]);
                prop_assert!((f64::from(out[i]) - want).abs() < 1e-4);
                prop_assert_eq!(sum[i], out[i] + out[i]);
            }
        }
    }
}

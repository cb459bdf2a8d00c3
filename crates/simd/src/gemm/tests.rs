//! Every backend against a product in i64 and f64.

use super::{Backend, Linear, QuantRows, linear_with, measure_peak};
use proptest::prelude::*;

/// What `linear` should give, from the same quantised values: exact sums, f64 at the end.
fn oracle(rows: &QuantRows, weights: &[i8], inputs: usize, scale: &[f32], bias: &[f32]) -> Vec<f64> {
    let mut out = Vec::new();
    for row in 0..rows.len() {
        let bytes = &rows.data()[row * rows.stride()..];
        for (channel, weights) in weights.chunks_exact(inputs).enumerate() {
            let zero = i64::from(rows.zeros()[row]);
            let sum: i64 = weights.iter().zip(bytes).map(|(&w, &a)| i64::from(w) * (i64::from(a) - zero)).sum();
            out.push(sum as f64 * f64::from(rows.scales()[row]) * f64::from(scale[channel]) + f64::from(bias[channel]));
        }
    }
    out
}

fn check(values: &[f32], inputs: usize, weights: &[i8], scale: &[f32], bias: &[f32]) {
    let mut rows = QuantRows::new();
    rows.quantise(values, inputs);
    let layer = Linear::new(weights, inputs, scale, bias);
    let expected = oracle(&rows, weights, inputs, scale, bias);
    for backend in [Backend::Scalar, Backend::Avx2, Backend::Avx512Vnni, Backend::Neon] {
        if !backend.available() {
            continue;
        }
        let mut out = vec![f32::NAN; expected.len()];
        linear_with(backend, &rows, &layer, &mut out);
        for (i, (&got, &want)) in out.iter().zip(&expected).enumerate() {
            let tolerance = 1e-6 * (want.abs() + 1.0);
            assert!((f64::from(got) - want).abs() <= tolerance, "{backend:?} value {i}: {got} instead of {want}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_backend_multiplies_exactly(rows in 1_usize..15, outputs in 1_usize..150, inputs in 1_usize..70, seed in any::<u64>()) {
        let mut state = seed | 1;
        let mut next = || { state ^= state << 13; state ^= state >> 7; state ^= state << 17; state };
        let values: Vec<f32> = (0..rows * inputs).map(|_| (next() % 2001) as f32 / 100.0 - 10.0).collect();
        let weights: Vec<i8> = (0..outputs * inputs).map(|_| next() as i8).collect();
        let scale: Vec<f32> = (0..outputs).map(|_| (next() % 1000) as f32 / 1e5).collect();
        let bias: Vec<f32> = (0..outputs).map(|_| (next() % 1000) as f32 / 100.0 - 5.0).collect();
        check(&values, inputs, &weights, &scale, &bias);
    }

    #[test]
    fn quantising_errs_by_half_a_step_at_most(values in prop::collection::vec(-1e3_f32..1e3, 1..200)) {
        let mut rows = QuantRows::new();
        rows.quantise(&values, values.len());
        let (scale, zero) = (rows.scales()[0], rows.zeros()[0]);
        for (&value, &stored) in values.iter().zip(rows.data()) {
            let back = (i32::from(stored) - zero) as f32 * scale;
            // Half a step for the value and, at the ends of the range, half a step for the rounded zero point.
            prop_assert!((back - value).abs() <= scale * 1.001, "{value} came back as {back}, step {scale}");
        }
    }
}

#[test]
fn extreme_values_do_not_saturate() {
    // 255 × −128 in every position is what makes vpmaddubsw saturate.
    let inputs = 1536;
    let mut values = vec![1.0_f32; inputs * 3];
    values[inputs..2 * inputs].fill(-1.0);
    let weights: Vec<i8> = std::iter::repeat_n(-128, inputs).chain(std::iter::repeat_n(127, inputs)).collect();
    check(&values, inputs, &weights, &[1.0, 1.0], &[0.0, 0.0]);
}

#[test]
fn rows_of_zeros_give_the_bias() {
    let mut rows = QuantRows::new();
    rows.quantise(&[0.0; 8], 4);
    let layer = Linear::new(&[1; 4], 4, &[1.0], &[0.25]);
    let mut out = [0.0; 2];
    linear_with(Backend::best(), &rows, &layer, &mut out);
    assert_eq!(out, [0.25; 2]);
}

#[test]
fn the_peak_is_measured_where_vnni_is() {
    assert_eq!(measure_peak(Backend::Avx512Vnni).is_some(), Backend::Avx512Vnni.available());
    assert_eq!(measure_peak(Backend::Scalar), None);
}

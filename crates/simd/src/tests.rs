//! Every table this machine can run, against the corpus, `f64` sums and the scalar table.

use crate::imp::{Imp, available};
use half::f16;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Corpus {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    r#type: String,
    a: Vec<f64>,
    b: Vec<f64>,
    dot: f64,
    dot_magnitude: f64,
    l2sq: f64,
    cosine: f64,
}

fn error(len: usize, magnitude: f64) -> f64 {
    (len + 2) as f64 * 2.0_f64.powi(-24) * magnitude + len as f64 * 2.0_f64.powi(-126)
}

fn near(value: f32, expected: f64, error: f64) -> bool {
    (f64::from(value) - expected).abs() <= error
}

#[test]
fn every_table_answers_the_corpus() {
    let corpus: Corpus = serde_json::from_str(include_str!("../tests/corpus.json")).unwrap();
    assert!(corpus.cases.len() > 40);
    for imp in available() {
        for case in &corpus.cases {
            check(imp, case);
        }
    }
}

fn check(imp: &Imp, case: &Case) {
    let len = case.a.len();
    let floats = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
    let halves = |values: &[f64]| values.iter().map(|&v| f16::from_f64(v)).collect::<Vec<_>>();
    let bytes = |values: &[f64]| values.iter().map(|&v| v as i8).collect::<Vec<_>>();
    // SAFETY: the vectors have equal lengths and the table is one this machine can run.
    let (dots, distances, cosine) = unsafe {
        match case.r#type.as_str() {
            "f32" => {
                let (a, b) = (floats(&case.a), floats(&case.b));
                (vec![(imp.dot_f32)(&a, &b)], vec![(imp.l2sq_f32)(&a, &b)], crate::cosine_f32(&a, &b))
            }
            "f16" => {
                let (a, b, wide) = (halves(&case.a), halves(&case.b), floats(&case.a));
                let dots = vec![(imp.dot_f16)(&a, &b), (imp.dot_f32_f16)(&wide, &b)];
                let distances = vec![(imp.l2sq_f16)(&a, &b), (imp.l2sq_f32_f16)(&wide, &b)];
                (dots, distances, crate::cosine_f16(&a, &b))
            }
            "i8" => {
                let (a, b) = (bytes(&case.a), bytes(&case.b));
                assert_eq!(f64::from((imp.dot_i8)(&a, &b)), case.dot, "{} {}", imp.name, case.name);
                assert_eq!(f64::from((imp.l2sq_i8)(&a, &b)), case.l2sq, "{} {}", imp.name, case.name);
                (vec![], vec![], crate::cosine_i8(&a, &b))
            }
            other => panic!("type {other}"),
        }
    };
    for dot in dots {
        assert!(near(dot, case.dot, error(len, case.dot_magnitude)), "{} {}: {dot}", imp.name, case.name);
    }
    for distance in distances {
        assert!(near(distance, case.l2sq, error(len, case.l2sq)), "{} {}: {distance}", imp.name, case.name);
    }
    assert!(near(cosine, case.cosine, 1e-6), "{}: {cosine}", case.name);
}

/// Numbers of every size whose products and squares stay finite.
fn number() -> impl Strategy<Value = f32> + Clone {
    prop_oneof![
        6 => -4.0_f32..4.0,
        1 => prop::num::f32::SUBNORMAL | prop::num::f32::ZERO,
        1 => -1e17_f32..1e17,
        1 => -1e-20_f32..1e-20,
    ]
}

/// A query, rows and the offset at which the values start, so that no slice is aligned by luck.
fn matrix<T: std::fmt::Debug>(
    value: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = (Vec<T>, Vec<T>, usize, usize)> {
    // Some kernels are made for the usual dimensions of embeddings.
    let dim = prop_oneof![12 => 0_usize..200, 1 => prop::sample::select(vec![256_usize, 384, 512])];
    (dim, 0_usize..11, 0_usize..4).prop_flat_map(move |(dim, rows, skip)| {
        let values = |len| prop::collection::vec(value.clone(), len);
        (values(dim + skip), values(dim * rows + skip), Just(skip), Just(rows))
    })
}

fn dot64(a: &[f32], b: &[f32]) -> (f64, f64) {
    let products = a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y));
    (products.clone().sum(), products.map(f64::abs).sum())
}

fn l264(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn floats_are_within_the_promised_error((query, rows, skip, count) in matrix(number())) {
        let (query, rows) = (&query[skip..], &rows[skip..]);
        let dim = query.len();
        for imp in available() {
            let (mut dots, mut distances) = (vec![f32::NAN; count], vec![f32::NAN; count]);
            // SAFETY: the lengths fit and the table is one this machine can run.
            unsafe {
                (imp.dot_rows_f32)(query, rows, &mut dots);
                (imp.l2sq_rows_f32)(query, rows, &mut distances);
            }
            for i in 0..count {
                let row = &rows[i * dim..(i + 1) * dim];
                let ((dot, magnitude), l2) = (dot64(query, row), l264(query, row));
                prop_assert!(near(dots[i], dot, error(dim, magnitude)), "{} {} {}", imp.name, dots[i], dot);
                // Two more roundings: that of the difference counts twice in its square.
                prop_assert!(near(distances[i], l2, error(dim + 2, l2)), "{} {} {}", imp.name, distances[i], l2);
                // SAFETY: as above.
                let (alone_dot, alone_l2) = unsafe { ((imp.dot_f32)(query, row), (imp.l2sq_f32)(query, row)) };
                prop_assert_eq!(dots[i].to_bits(), alone_dot.to_bits());
                prop_assert_eq!(distances[i].to_bits(), alone_l2.to_bits());
            }
        }
    }

    #[test]
    fn halves_are_within_the_promised_error((query, rows, skip, count) in matrix(-100.0_f32..100.0)) {
        let half = |values: &[f32]| values.iter().map(|&v| f16::from_f32(v)).collect::<Vec<_>>();
        let (query, rows) = (half(&query), half(&rows));
        let (query, rows) = (&query[skip..], &rows[skip..]);
        let wide: Vec<f32> = query.iter().map(|v| v.to_f32()).collect();
        let dim = query.len();
        for imp in available() {
            let mut out = vec![vec![f32::NAN; count]; 4];
            // SAFETY: the lengths fit and the table is one this machine can run.
            unsafe {
                (imp.dot_rows_f16)(query, rows, &mut out[0]);
                (imp.dot_rows_f32_f16)(&wide, rows, &mut out[1]);
                (imp.l2sq_rows_f16)(query, rows, &mut out[2]);
                (imp.l2sq_rows_f32_f16)(&wide, rows, &mut out[3]);
            }
            for i in 0..count {
                let row = &rows[i * dim..(i + 1) * dim];
                let wide_row: Vec<f32> = row.iter().map(|v| v.to_f32()).collect();
                let ((dot, magnitude), l2) = (dot64(&wide, &wide_row), l264(&wide, &wide_row));
                for dots in &out[..2] {
                    prop_assert!(near(dots[i], dot, error(dim, magnitude)), "{} {} {}", imp.name, dots[i], dot);
                }
                for distances in &out[2..] {
                    prop_assert!(near(distances[i], l2, error(dim + 2, l2)), "{} {} {}", imp.name, distances[i], l2);
                }
                // SAFETY: as above.
                let alone = unsafe {
                    [(imp.dot_f16)(query, row), (imp.dot_f32_f16)(&wide, row), (imp.l2sq_f16)(query, row), (imp.l2sq_f32_f16)(&wide, row)]
                };
                (0..4).for_each(|kernel| assert_eq!(out[kernel][i].to_bits(), alone[kernel].to_bits()));
            }
        }
    }

    #[test]
    fn unsigned_bytes_are_within_the_promised_error((query, rows, skip, count) in matrix(0.0_f32..256.0)) {
        let rows: Vec<u8> = rows.iter().map(|&v| v as u8).collect();
        let (query, rows) = (&query[skip..], &rows[skip..]);
        let dim = query.len();
        for imp in available() {
            let (mut dots, mut distances) = (vec![f32::NAN; count], vec![f32::NAN; count]);
            // SAFETY: the lengths fit and the table is one this machine can run.
            unsafe {
                (imp.dot_rows_f32_u8)(query, rows, &mut dots);
                (imp.l2sq_rows_f32_u8)(query, rows, &mut distances);
            }
            for i in 0..count {
                let bytes = &rows[i * dim..(i + 1) * dim];
                let row: Vec<f32> = bytes.iter().map(|&v| v.into()).collect();
                let ((dot, magnitude), l2) = (dot64(query, &row), l264(query, &row));
                prop_assert!(near(dots[i], dot, error(dim, magnitude)), "{} {} {}", imp.name, dots[i], dot);
                prop_assert!(near(distances[i], l2, error(dim + 2, l2)), "{} {} {}", imp.name, distances[i], l2);
                // SAFETY: as above.
                let alone = unsafe { [(imp.dot_f32_u8)(query, bytes), (imp.l2sq_f32_u8)(query, bytes)] };
                prop_assert_eq!([dots[i].to_bits(), distances[i].to_bits()], alone.map(f32::to_bits));
            }
        }
    }

    #[test]
    fn bytes_are_exact((queries, rows, skip, asked) in matrix(any::<i8>())) {
        // The generator's rows serve as queries here, its query as one row among copies of the others.
        let dim = queries.len() - skip;
        let (one, many) = (&queries[skip..], &rows[skip..]);
        prop_assume!(dim > 0);
        let rows = [one, many, one].concat();
        let count = asked + 2;
        let sum = |a: &[i8], b: &[i8], term: fn(i32, i32) -> i32| a.iter().zip(b).map(|(&x, &y)| term(x.into(), y.into())).sum::<i32>();
        for imp in available() {
            let mut products = vec![i32::MIN; asked * count];
            let mut distances = vec![i32::MIN; count];
            // SAFETY: the lengths fit and the table is one this machine can run.
            unsafe {
                (imp.dot_block_i8)(many, &rows, dim, &mut products);
                (imp.l2sq_rows_i8)(one, &rows, &mut distances);
            }
            for (j, row) in rows.chunks_exact(dim).enumerate() {
                for (i, query) in many.chunks_exact(dim).enumerate() {
                    prop_assert_eq!(products[i * count + j], sum(query, row, |x, y| x * y), "{}", imp.name);
                }
                prop_assert_eq!(distances[j], sum(one, row, |x, y| (x - y).pow(2)), "{}", imp.name);
                // SAFETY: as above.
                let (dot, l2) = unsafe { ((imp.dot_i8)(one, row), (imp.l2sq_i8)(one, row)) };
                prop_assert_eq!(dot, sum(one, row, |x, y| x * y), "{}", imp.name);
                prop_assert_eq!(l2, distances[j], "{}", imp.name);
            }
        }
    }

    #[test]
    fn scattered_values_are_scored(seed in any::<u32>(), ids in prop::collection::vec(0_u32..9, 0..20), count in 0_usize..=crate::CODE_VALUES) {
        let number = |i: usize| ((seed as usize).wrapping_mul(2_654_435_761).wrapping_add(i * 40_503) % 2001) as f32 / 1000.0 - 1.0;
        let mut rows = Vec::new();
        for row in 0..9 {
            let tail = [0.0, number(row * 97 + 5)];
            let values = (0..crate::CODE_VALUES).map(|i| if i < count { number(row * 16 + i) } else { 0.0 });
            rows.extend(values.chain(tail).flat_map(f32::to_le_bytes));
        }
        let query: Vec<f32> = (0..count).map(|i| number(1000 + i)).collect();
        let mut own = crate::CodeQuery::default();
        own.set_values(query.iter().copied());
        prop_assert_eq!(own.stride(), crate::CODE_LINE);
        let mut out = vec![0.0; ids.len()];
        own.scores(&rows, &ids, &mut out);
        for (&id, &score) in ids.iter().zip(&out) {
            let apart: f64 = (0..count).map(|i| f64::from(query[i] - number(id as usize * 16 + i)).powi(2)).sum();
            prop_assert!((f64::from(score) - apart - f64::from(number(id as usize * 97 + 5))).abs() < 1e-5);
        }
    }

    #[test]
    fn scattered_codes_are_scored(lines in 1_usize..7, seed in any::<u32>(), ids in prop::collection::vec(0_u32..9, 0..20), weight in -3.0_f32..3.0) {
        let stride = lines * 64;
        let byte = |i: usize| (seed.wrapping_add(i as u32).wrapping_mul(0x9E37_79B1) >> 21) as u8;
        let mut rows: Vec<u8> = (0..9 * stride).map(byte).collect();
        rows.chunks_exact_mut(stride).enumerate().for_each(|(i, row)| {
            row[stride - 8..stride - 4].copy_from_slice(&(0.25 + i as f32).to_le_bytes());
            row[stride - 4..].copy_from_slice(&(i as f32 * 1.5).to_le_bytes());
        });
        let codes: Vec<i8> = (0..stride - 8).map(|i| byte(i + 77) as i8).collect();
        let mut query = crate::CodeQuery::default();
        query.set(codes.iter().copied(), stride, weight);
        let expected: Vec<f32> = ids.iter().map(|&id| {
            let row = &rows[id as usize * stride..];
            let product: i32 = codes.iter().zip(row).map(|(&q, &c)| i32::from(q) * (i32::from(c) - 128)).sum();
            (weight * (0.25 + id as f32)).mul_add(product as f32, id as f32 * 1.5)
        }).collect();
        let mut padded = codes.clone();
        padded.resize(stride, 0);
        let shift = 128 * codes.iter().map(|&c| i32::from(c)).sum::<i32>();
        for imp in available() {
            let mut out = vec![f32::NAN; ids.len()];
            // SAFETY: the ids are below 9, the lengths fit and the table is one this machine can run.
            unsafe { (imp.score_codes)(&padded, shift, weight, &rows, &ids, &mut out) };
            prop_assert_eq!(&out, &expected, "{}", imp.name);
        }
        let mut out = vec![f32::NAN; ids.len()];
        query.scores(&rows, &ids, &mut out);
        prop_assert_eq!(&out, &expected);
    }

    #[test]
    fn nibbles_are_looked_up(fours in 1_usize..20, blocks in 0_usize..5, seed in any::<u32>(), full in any::<bool>()) {
        let byte = |i: usize| if full { 255 } else { (seed.wrapping_add(i as u32).wrapping_mul(0x9E37_79B1) >> 21) as u8 };
        let tables: Vec<u8> = (0..fours * 64).map(byte).collect();
        let codes: Vec<u8> = (0..blocks * tables.len()).map(|i| byte(i + 1_000_003)).collect();
        let mut expected = vec![0_u16; blocks * 32];
        for (b, block) in codes.chunks_exact(tables.len()).enumerate() {
            for part in 0..fours * 4 {
                for v in 0..32 {
                    let code = block[part * 16 + v % 16] >> (4 * (v / 16)) & 15;
                    expected[b * 32 + v] += u16::from(tables[part * 16 + usize::from(code)]);
                }
            }
        }
        for imp in available() {
            let mut out = vec![u16::MAX; blocks * 32];
            // SAFETY: the lengths fit and the table is one this machine can run.
            unsafe { (imp.sum_nibbles)(&tables, &codes, &mut out) };
            prop_assert_eq!(&out, &expected, "{}", imp.name);
        }
    }

    #[test]
    fn cosines_and_norms_hold_at_any_size(a in prop::collection::vec(any::<f32>().prop_filter("finite", |v| v.is_finite()), 1..60)) {
        let square: f64 = a.iter().map(|&x| f64::from(x).powi(2)).sum();
        let cosine = crate::cosine_f32(&a, &a);
        prop_assert!(near(cosine, if square == 0.0 { 0.0 } else { 1.0 }, 1e-5), "{}", cosine);
        let norm = square.sqrt();
        prop_assume!(norm < f64::from(f32::MAX));
        prop_assert!(near(crate::norm_f32(&a), norm, 1e-5 * norm + 1e-44));
        let mut out = [f32::NAN; 2];
        crate::cosine_rows_f32(&a, &[a.clone(), a.iter().map(|v| -v).collect()].concat(), &mut out);
        prop_assert_eq!(out, [cosine, -cosine]);
    }

    #[test]
    fn codes_lose_no_more_than_they_say(x in prop::collection::vec(number(), 0..80)) {
        let mut codes = vec![0; x.len()];
        let code = crate::quantize_i8(&x, &mut codes);
        let lost = x.iter().zip(&codes).map(|(&v, &c)| (f64::from(v) - f64::from(code.scale) * f64::from(c)).powi(2)).sum::<f64>().sqrt();
        let norm = x.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        prop_assert!(f64::from(code.residual) >= lost && f64::from(code.norm) >= norm);
        prop_assert!(f64::from(code.residual) <= lost * 1.000_001 + 1e-44 && f64::from(code.norm) <= norm * 1.000_001 + 1e-44);
        prop_assert!(codes.iter().all(|&c| c > i8::MIN));
        // Half a step is the most that rounding may lose.
        for (&v, &c) in x.iter().zip(&codes) {
            prop_assert!((v - code.scale * f32::from(c)).abs() <= 0.501 * code.scale || code.scale == 0.0);
        }
    }
}

#[test]
#[should_panic(expected = "can't be compared")]
fn unequal_lengths_are_refused() {
    crate::dot_f32(&[1.0], &[1.0, 2.0]);
}

#[test]
#[should_panic(expected = "rows of 2 values expected")]
fn ragged_rows_are_refused() {
    crate::dot_rows_f32(&[1.0, 2.0], &[1.0; 5], &mut [0.0; 2]);
}

//! Exact scores.

use crate::{Case, Outcome};
use canopy_core::{Coded, MetricKind, Rows};
use canopy_cuda::{Candidates, Device, DeviceRows, Values};
use half::f16;
use std::sync::Arc;

pub(crate) const CASES: &[Case] = &[
    ("rerank: scores are the processor's, for every metric, type and shape", same),
    ("rerank: thousands of candidates of many queries", many),
    ("rerank: what doesn't fit is refused before the device sees it", refused),
    ("rerank: zero, huge and infinite values", extremes),
];

const METRICS: [MetricKind; 3] = [MetricKind::L2, MetricKind::Dot, MetricKind::Cosine];

/// A score in double precision, and the sum of its terms' sizes: what rounding is relative to.
fn oracle(metric: MetricKind, query: &[f32], row: &[f32]) -> (f64, f64) {
    let pairs = || query.iter().zip(row).map(|(&q, &x)| (f64::from(q), f64::from(x)));
    let dot: f64 = pairs().map(|(q, x)| q * x).sum();
    let size: f64 = pairs().map(|(q, x)| (q * x).abs()).sum();
    match metric {
        MetricKind::L2 => {
            let distance: f64 = pairs().map(|(q, x)| (q - x) * (q - x)).sum();
            (-distance, distance)
        }
        MetricKind::Dot => (dot, size),
        MetricKind::Cosine => {
            let norms = (pairs().map(|(q, _)| q * q).sum::<f64>() * pairs().map(|(_, x)| x * x).sum::<f64>()).sqrt();
            (dot / norms, size / norms)
        }
    }
}

fn close(metric: MetricKind, query: &[f32], row: &[f32], score: f32) {
    let (expected, size) = oracle(metric, query, row);
    let off = (f64::from(score) - expected).abs();
    assert!(off <= 1e-6 * size + 1e-30, "{metric:?}: {score} instead of {expected}, {off} off at {size}");
}

fn same(device: &Arc<Device>) -> Outcome {
    let mut random = fastrand::Rng::with_seed(1);
    // Fewer values than a warp, as many, more, and no multiple.
    for dim in [1, 3, 32, 33, 100, 384] {
        let count = 90;
        let wide: Vec<f32> = (0..count * dim).map(|_| random.f32() * 2.0 - 0.7).collect();
        let half: Vec<f16> = wide.iter().map(|&value| f16::from_f32(value)).collect();
        let bytes: Vec<u8> = (0..count * dim).map(|_| random.u8(1..)).collect();
        let queries: Vec<f32> = (0..5 * dim).map(|_| random.f32() * 3.0 - 1.0).collect();
        let queries = Rows::new(&queries, dim)?;
        // None, one, just a tile, one more, and some again and again.
        let lists: [Vec<u32>; 5] = [
            vec![],
            vec![count as u32 - 1],
            (0..32).collect(),
            (10..43).rev().collect(),
            (0..200).map(|_| random.u32(0..count as u32)).collect(),
        ];
        let positions = lists.concat();
        let mut offsets = vec![0];
        lists.iter().for_each(|list| offsets.push(offsets[offsets.len() - 1] + list.len()));
        let candidates = Candidates { offsets: &offsets, positions: &positions };
        let narrowed: Vec<f32> = half.iter().map(|value| value.to_f32()).collect();
        let counted: Vec<f32> = bytes.iter().map(|&value| f32::from(value)).collect();
        for (values, plain) in
            [(Values::F32(&wide), &wide), (Values::F16(&half), &narrowed), (Values::U8(&bytes), &counted)]
        {
            let rows = DeviceRows::upload(device, values, dim)?;
            assert_eq!((rows.len(), rows.dim()), (count, dim));
            for metric in METRICS {
                let scores = rows.rerank(metric, queries, candidates)?;
                assert_eq!(scores.len(), positions.len());
                for (query, span) in offsets.windows(2).enumerate() {
                    for at in span[0]..span[1] {
                        let row = &plain[positions[at] as usize * dim..][..dim];
                        close(metric, queries.row(query), row, scores[at]);
                    }
                }
            }
        }
    }
    Ok(())
}

fn many(device: &Arc<Device>) -> Outcome {
    let mut random = fastrand::Rng::with_seed(2);
    let (dim, count, asked, each) = (48, 5000, 40, 777);
    let values: Vec<f32> = (0..count * dim).map(|_| random.f32() - 0.5).collect();
    let queries: Vec<f32> = (0..asked * dim).map(|_| random.f32() - 0.5).collect();
    let positions: Vec<u32> = (0..asked * each).map(|_| random.u32(0..count as u32)).collect();
    let offsets: Vec<usize> = (0..=asked).map(|query| query * each).collect();
    let rows = DeviceRows::upload(device, Values::F32(&values), dim)?;
    let candidates = Candidates { offsets: &offsets, positions: &positions };
    let scores = rows.rerank(MetricKind::L2, Rows::new(&queries, dim)?, candidates)?;
    for (at, (&position, &score)) in positions.iter().zip(&scores).enumerate() {
        let query = &queries[at / each * dim..][..dim];
        close(MetricKind::L2, query, &values[position as usize * dim..][..dim], score);
    }
    // The same bits once more.
    assert_eq!(rows.rerank(MetricKind::L2, Rows::new(&queries, dim)?, candidates)?, scores);
    Ok(())
}

fn refused(device: &Arc<Device>) -> Outcome {
    let values = [1.0_f32; 12];
    for dim in [0, 5] {
        let refused = DeviceRows::upload(device, Values::F32(&values), dim);
        assert_eq!(refused.map(drop).map_err(|error| error.code()), Err("GPU_INPUT"));
    }
    let rows = DeviceRows::upload(device, Values::F32(&values), 3)?;
    let ask = |query: &[f32], dim, offsets: &[usize], positions: &[u32]| {
        let queries = Rows::new(query, dim).expect("whole rows");
        rows.rerank(MetricKind::Dot, queries, Candidates { offsets, positions }).map_err(|error| error.code())
    };
    let query = [1.0, 2.0, 3.0];
    assert_eq!(ask(&query, 3, &[0, 2], &[0, 3]), Ok(vec![6.0, 6.0]));
    assert_eq!(ask(&query, 3, &[0, 2], &[0, 4]), Err("GPU_INPUT"));
    assert_eq!(ask(&query, 1, &[0, 0, 0, 1], &[0]), Err("GPU_INPUT"));
    assert_eq!(ask(&query, 3, &[0], &[]), Err("GPU_INPUT"));
    assert_eq!(ask(&query, 3, &[0, 3], &[0, 1]), Err("GPU_INPUT"));
    assert_eq!(ask(&query, 3, &[1, 2], &[0, 1]), Err("GPU_INPUT"));
    assert_eq!(ask(&[1.0; 6], 3, &[0, 5, 2], &[0, 1]), Err("GPU_INPUT"));
    assert_eq!(ask(&query, 3, &[0, 0], &[]), Ok(vec![]));
    let none = DeviceRows::upload(device, Values::U8(&[]), 7)?;
    assert!(none.is_empty());
    Ok(())
}

fn extremes(device: &Arc<Device>) -> Outcome {
    let values = [0.0_f32, 0.0, 1e18, -1e18, f32::INFINITY, 1.0, 3.0, 4.0, f32::NAN, 0.0];
    let rows = DeviceRows::upload(device, Values::F32(&values), 2)?;
    let query = [3.0_f32, 4.0];
    let candidates = Candidates { offsets: &[0, 5], positions: &[0, 1, 2, 3, 4] };
    let ask = |metric| rows.rerank(metric, Rows::new(&query, 2).expect("a whole row"), candidates);
    let cosines = ask(MetricKind::Cosine)?;
    // A zero row has no direction; one with itself is 1 and no more.
    assert!(cosines[0].is_nan() && cosines[2].is_nan() && cosines[4].is_nan());
    assert!(cosines[3] <= 1.0 && cosines[3] > 1.0 - 1e-6, "{}", cosines[3]);
    assert!((cosines[1] + 0.141_421_36).abs() < 1e-6, "{}", cosines[1]);
    let distances = ask(MetricKind::L2)?;
    assert_eq!((distances[0], distances[3]), (-25.0, 0.0));
    assert!((distances[1] + 2e36).abs() < 1e30 && distances[2] == f32::NEG_INFINITY && distances[4].is_nan());
    Ok(())
}

//! The interval of every score holds the score, and is narrow where data are ordinary.

use super::super::bound::{Bound, Interval};
use super::super::codes::{Batch, Found, scan};
use super::super::exact::score;
use super::super::filter::BLOCK;
use super::super::query::Query;
use super::*;
use canopy_core::Cancel;
use std::sync::atomic::Ordering;

/// Puts the scores of a block of vectors into their intervals.
fn check(values: &[f32], query: &[f32], metric: MetricKind) -> Result<(), TestCaseError> {
    let dim = query.len();
    let index = index_of(values, dim, metric, |i| i);
    let query = Query::new(query, 0, dim, metric).unwrap();
    let bound = Bound::new(&query, metric);
    let chunk = &index.chunks[0];
    let mut products = vec![0; 2 * BLOCK];
    canopy_simd::dot_block_i8(&query.planes, chunk.codes(0..BLOCK), dim, &mut products);
    let mut interval = Interval::EMPTY;
    bound.intervals(chunk, 0, &products[..BLOCK], &products[BLOCK..], &mut interval);
    for i in 0..BLOCK {
        let exact = f64::from(score(metric, &query.values, chunk.row(i)));
        let (lower, upper) = (bound.score(interval.lower[i]), bound.score(interval.upper[i]));
        prop_assert!(lower <= exact && exact <= upper, "{lower} <= {exact} <= {upper}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_score_lies_in_its_interval(
        seed in any::<u64>(), dim in 1_usize..200, shape in shape(), asked in shape(), metric in metric(),
    ) {
        let random = &mut Random(seed);
        let values = vectors(shape, BLOCK, dim, random);
        check(&values, &vectors(asked, 1, dim, random), metric)?;
    }

    /// Codes that lose nothing leave only what `f32` rounds.
    #[test]
    fn rounding_alone_is_covered(seed in any::<u64>(), dim in 2_usize..200, metric in prop::sample::select(vec![MetricKind::Dot, MetricKind::L2])) {
        let random = &mut Random(seed);
        let mut grid = |most: usize, count: usize| -> Vec<f32> {
            let value = |i: usize, random: &mut Random| if i.is_multiple_of(dim) { most } else { random.below(2 * most) } as f32;
            (0..count * dim).map(|i| value(i, random) - if i.is_multiple_of(dim) { 0.0 } else { most as f32 }).collect()
        };
        check(&grid(127, BLOCK), &grid(32_512, 1), metric)?;
    }

    #[test]
    fn a_query_is_its_planes(seed in any::<u64>(), dim in 1_usize..200, shape in shape()) {
        let values = vectors(shape, 1, dim, &mut Random(seed));
        let query = Query::new(&values, 0, dim, MetricKind::Dot).unwrap();
        let code = |i: usize| 256.0 * f64::from(query.planes[i]) + f64::from(query.planes[dim + i]);
        let lost = (0..dim).map(|i| (f64::from(values[i]) - f64::from(query.step) * code(i)).powi(2)).sum::<f64>().sqrt();
        prop_assert!(lost <= query.residual);
        // 16 bits lose at most half a step a value.
        prop_assert!(query.residual <= 0.51 * f64::from(query.step) * (dim as f64).sqrt() + 1e-29 * (dim as f64).sqrt());
    }
}

/// Without this a bound that is far too wide would pass every other test by falling back to `f32`.
#[test]
fn ordinary_data_leave_few_candidates() {
    let (count, dim, k) = (10_000, 384, 10);
    let random = &mut Random(5);
    for (metric, most) in [(MetricKind::Cosine, 120), (MetricKind::Dot, 120), (MetricKind::L2, 160)] {
        let values = vectors(Shape::Normal, count, dim, random);
        let index = index_of(&values, dim, metric, |i| i);
        let queries = [Query::new(&vectors(Shape::Normal, 1, dim, random), 0, dim, metric).unwrap()];
        let batch = Batch::new(&queries, vec![Bound::new(&queries[0], metric)], k, count);
        let mut found = Found::none(&batch);
        for (number, chunk) in index.chunks.iter().enumerate() {
            scan(chunk, number, &batch, None, &Cancel::new(), &mut found).unwrap();
        }
        let left = found.pop().unwrap().finish(count).unwrap().len();
        assert!((k..most).contains(&left), "{metric:?} left {left} of {count}");
    }
}

/// Where the codes tell nothing apart, they aren't asked each time.
#[test]
fn hopeless_data_go_straight_to_f32() {
    let (count, dim) = (4000, 16);
    let values = vectors(Shape::Duplicates, 1, dim, &mut Random(1)).repeat(count);
    let index = index_of(&values, dim, MetricKind::Cosine, |i| i);
    let hits = |index: &FlatIndex| index.search(&values[..dim], 3, None, &Cancel::new()).unwrap();
    assert_eq!(hits(&index).iter().map(|hit| hit.slot).collect::<Vec<_>>(), [0, 1, 2]);
    let before = index.distrust.load(Ordering::Relaxed);
    assert!(before > 0);
    assert_eq!(hits(&index).iter().map(|hit| hit.slot).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(index.distrust.load(Ordering::Relaxed), before - 1);
}

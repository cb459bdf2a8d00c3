//! Every way of asking gives the answer of a scan, to the bit.

use super::*;
use canopy_core::{Cancel, Hit, SlotSet, TopK};

/// The answer by definition: each vector scored alone in `f32`.
fn by_definition(index: &FlatIndex, query: &[f32], k: usize, slots: &[u32]) -> Vec<Hit> {
    // One vector under cosine: the index normalises the query the same way as what it stores.
    let mut one = FlatIndex::new(index.dim(), index.metric()).unwrap();
    one.upsert(0, query).unwrap();
    let query = one.vector(0).unwrap();
    let mut top = TopK::new(k);
    for &slot in slots {
        let row = index.vector(slot).unwrap();
        let score = match index.metric() {
            MetricKind::L2 => -canopy_simd::l2sq_f32(query, row),
            _ => canopy_simd::dot_f32(query, row),
        };
        top.push(Hit { slot, score });
    }
    let shown = |score: f32| if index.metric() == MetricKind::Cosine { score.clamp(-1.0, 1.0) } else { score };
    top.into_sorted().into_iter().map(|hit| Hit { score: shown(hit.score), ..hit }).collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| value.into()).collect()
}

/// The score in `f64`, from the numbers as the caller sent them, and the size of what is added to get it.
fn score64(metric: MetricKind, a: &[f32], b: &[f32]) -> (f64, f64) {
    let (a, b) = (wide(a), wide(b));
    let sum = |term: &dyn Fn(f64, f64) -> f64| a.iter().zip(&b).map(|(&x, &y)| term(x, y)).sum::<f64>();
    let (aa, bb) = (sum(&|x, _| x * x), sum(&|_, y| y * y));
    let norms = (aa * bb).sqrt();
    match metric {
        MetricKind::Cosine => (sum(&|x, y| x * y) / (aa.sqrt() * bb.sqrt()), 1.0),
        MetricKind::Dot => (sum(&|x, y| x * y), norms),
        MetricKind::L2 => (-sum(&|x, y| (x - y).powi(2)), aa + bb),
    }
}

/// Right by `f64` up to the rounding of sums in `f32`: every hit's score, and no better vector left out.
fn is_right(
    metric: MetricKind,
    values: &[f32],
    query: &[f32],
    slots: &[u32],
    hits: &[Hit],
) -> Result<(), TestCaseError> {
    let dim = query.len();
    let scored: Vec<(f64, f64)> = values.chunks(dim).map(|row| score64(metric, query, row)).collect();
    let error = |i: usize| (dim as f64 + 8.0) * 2.0_f64.powi(-23) * scored[i].1 + 1e-36;
    let place = |slot: u32| slots.iter().position(|&s| s == slot).unwrap();
    for hit in hits {
        let at = place(hit.slot);
        prop_assert!((f64::from(hit.score) - scored[at].0).abs() <= error(at), "{hit:?} {:?}", scored[at]);
    }
    if let Some(last) = hits.last() {
        let found: Vec<usize> = hits.iter().map(|hit| place(hit.slot)).collect();
        for at in (0..scored.len()).filter(|at| !found.contains(at)) {
            prop_assert!(scored[at].0 - error(at) <= f64::from(last.score), "slot {} was left out", slots[at]);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn search_is_a_scan(
        seed in any::<u64>(), count in 1_usize..2600, dim in 1_usize..70, shape in shape(), metric in metric(),
        k in prop_oneof![0_usize..30, Just(5000)], foreign in any::<bool>(), step in 1_u32..4,
    ) {
        let random = &mut Random(seed);
        let values = vectors(shape, count, dim, random);
        let index = index_of(&values, dim, metric, |i| i * step);
        let slots: Vec<u32> = (0..count as u32).map(|i| i * step).collect();
        // A query like the data, one of the vectors, or something else.
        let query = match (foreign, random.below(2)) {
            (true, _) => vectors(Shape::Normal, 1, dim, random),
            (_, 0) => vectors(shape, 1, dim, random),
            _ => values[..dim].to_vec(),
        };
        let cancel = Cancel::new();
        let hits = index.search(&query, k, None, &cancel).unwrap();
        prop_assert_eq!(&hits, &by_definition(&index, &query, k, &slots));
        prop_assert_eq!(&hits, &index.search_f32(&query, k, None, &cancel).unwrap());
        prop_assert_eq!(hits.len(), k.min(count));
        is_right(metric, &values, &query, &slots, &hits)?;
        let scores: Vec<f32> = hits.iter().map(|hit| hit.score).collect();
        let found: Vec<u32> = hits.iter().map(|hit| hit.slot).collect();
        prop_assert_eq!(index.score(&query, &found).unwrap(), scores);
    }

    #[test]
    fn filters_apply_before_the_cut(
        seed in any::<u64>(), count in 1_usize..3000, dim in 1_usize..40, shape in shape(), metric in metric(),
        k in 1_usize..30, share in prop::sample::select(vec![0.0_f32, 0.001, 0.05, 0.4, 0.95]), step in 1_u32..3,
    ) {
        let random = &mut Random(seed);
        let values = vectors(shape, count, dim, random);
        let mut index = index_of(&values, dim, metric, |i| i * step);
        // Holes in the order of slots, and slots in the filter that hold nothing.
        let removed: Vec<u32> = (0..count as u32).filter(|_| random.unit() < 0.02).map(|i| i * step).collect();
        if random.below(2) == 0 {
            removed.iter().for_each(|&slot| assert!(index.remove(slot)));
        }
        let allow: SlotSet = (0..(count as u32 * step + 200)).filter(|_| random.unit() < share).collect();
        let allowed: Vec<u32> = allow.iter().filter(|&slot| index.vector(slot).is_some()).collect();
        let query = vectors(shape, 1, dim, random);
        let cancel = Cancel::new();
        let expected = by_definition(&index, &query, k, &allowed);
        prop_assert_eq!(&index.search(&query, k, Some(&allow), &cancel).unwrap(), &expected);
        prop_assert_eq!(&index.search_f32(&query, k, Some(&allow), &cancel).unwrap(), &expected);
    }

    #[test]
    fn a_batch_answers_like_its_queries(
        seed in any::<u64>(), count in 1_usize..1500, dim in 1_usize..40, shape in shape(), metric in metric(), asked in 0_usize..20,
    ) {
        let random = &mut Random(seed);
        let values = vectors(shape, count, dim, random);
        let index = index_of(&values, dim, metric, |i| i);
        let queries = vectors(shape, asked, dim, random);
        let rows = Rows::new(&queries, dim).unwrap();
        let cancel = Cancel::new();
        let batch = index.search_batch(rows, 7, None, &cancel).unwrap();
        let alone: Vec<_> = rows.iter().map(|query| index.search(query, 7, None, &cancel).unwrap()).collect();
        prop_assert_eq!(batch, alone);
    }
}

/// Large enough that a scan is shared between threads.
#[test]
fn threads_change_nothing() {
    let (count, dim) = (13_000, 384);
    for (shape, metric) in [
        (Shape::Normal, MetricKind::Cosine),
        (Shape::Clusters, MetricKind::Dot),
        (Shape::Normal, MetricKind::L2),
        (Shape::Offset, MetricKind::L2),
    ] {
        let random = &mut Random(11);
        let values = vectors(shape, count, dim, random);
        let index = index_of(&values, dim, metric, |i| i);
        let slots: Vec<u32> = (0..count as u32).collect();
        let queries = vectors(shape, 9, dim, random);
        let rows = Rows::new(&queries, dim).unwrap();
        let cancel = Cancel::new();
        let batch = index.search_batch(rows, 10, None, &cancel).unwrap();
        for (query, hits) in rows.iter().zip(batch) {
            assert_eq!(hits, by_definition(&index, query, 10, &slots));
            assert_eq!(hits, index.search(query, 10, None, &cancel).unwrap());
            assert_eq!(hits, index.search_f32(query, 10, None, &cancel).unwrap());
        }
    }
}

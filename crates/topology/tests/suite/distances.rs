//! Distances against every matching there is.

use canopy_core::Cancel;
use canopy_topology::{SinkhornOptions, bottleneck, sinkhorn, wasserstein};
use proptest::prelude::*;

type Points = Vec<(f64, f64)>;

/// The least `combine` of costs over all matchings, where points may stay alone.
fn all_matchings(a: &[(f64, f64)], b: &[(f64, f64)], combine: &dyn Fn(f64, f64) -> f64) -> f64 {
    let alone = |point: (f64, f64)| (point.1 - point.0) / 2.0;
    let Some((&first, rest)) = a.split_first() else {
        return b.iter().fold(0.0, |sum, &b| combine(sum, alone(b)));
    };
    let mut least = combine(alone(first), all_matchings(rest, b, combine));
    for at in 0..b.len() {
        let mut others = b.to_vec();
        let partner = others.remove(at);
        let cost = (first.0 - partner.0).abs().max((first.1 - partner.1).abs());
        least = least.min(combine(cost, all_matchings(rest, &others, combine)));
    }
    least
}

fn points(most: usize) -> impl Strategy<Value = Points> {
    // Halves make ties.
    prop::collection::vec((0_u8..12, 1_u8..12), 0..most)
        .prop_map(|pairs| pairs.iter().map(|&(b, l)| (f64::from(b) / 2.0, f64::from(b + l) / 2.0)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn are_least_over_all_matchings(a in points(6), b in points(6)) {
        let cancel = Cancel::new();
        prop_assert_eq!(bottleneck(&a, &b, &cancel).unwrap(), all_matchings(&a, &b, &f64::max));
        let first = wasserstein(&a, &b, 1.0, &cancel).unwrap();
        let expected = all_matchings(&a, &b, &|x, y| x + y);
        prop_assert!((first.distance - expected).abs() < 1e-9, "{} {expected}", first.distance);
        let second = wasserstein(&a, &b, 2.0, &cancel).unwrap().distance;
        let expected = all_matchings(&a, &b, &f64::hypot);
        prop_assert!((second - expected).abs() < 1e-9, "{second} {expected}");
        // The matching is one and costs what was said.
        let mut taken: Vec<usize> = first.matching.iter().flatten().copied().collect();
        let costs: f64 = first.matching.iter().zip(&a).map(|(partner, a)| match partner {
            Some(at) => (a.0 - b[*at].0).abs().max((a.1 - b[*at].1).abs()),
            None => (a.1 - a.0) / 2.0,
        }).sum();
        let left: f64 = b.iter().enumerate().filter(|(at, _)| !taken.contains(at)).map(|(_, b)| (b.1 - b.0) / 2.0).sum();
        prop_assert!((costs + left - first.distance).abs() < 1e-9);
        taken.sort_unstable();
        taken.dedup();
        prop_assert_eq!(taken.len(), first.matching.iter().flatten().count());
    }

    #[test]
    fn smoothing_is_near_the_exact_distance(a in points(12), b in points(12)) {
        let exact = wasserstein(&a, &b, 1.0, &Cancel::new()).unwrap().distance;
        let options = SinkhornOptions { epsilon: 0.01, ..SinkhornOptions::default() };
        let smooth = sinkhorn(&a, &b, &options, &Cancel::new()).unwrap();
        let n = (a.len() + b.len()).max(2) as f64;
        prop_assert!(smooth.distance <= exact + 0.01 * n * n.ln() + 1e-3, "{smooth:?} {exact}");
        prop_assert!(smooth.distance >= exact - 1e-2 * n, "{smooth:?} {exact}");
        prop_assert_eq!(smooth.epsilon, 0.01);
    }
}

#[test]
fn larger_diagrams_agree_with_each_other() {
    let mut random = fastrand::Rng::with_seed(5);
    let mut draw =
        |n: usize| -> Points { (0..n).map(|_| (random.f64(), random.f64())).map(|(b, l)| (b, b + 0.5 * l)).collect() };
    let (a, b) = (draw(150), draw(170));
    let cancel = Cancel::new();
    // High orders tend to the bottleneck distance from above.
    let limit = bottleneck(&a, &b, &cancel).unwrap();
    let high = wasserstein(&a, &b, 64.0, &cancel).unwrap().distance;
    assert!(high >= limit && high <= limit * 320.0_f64.powf(1.0 / 64.0) + 1e-12, "{high} {limit}");
    assert_eq!(wasserstein(&a, &a, 2.0, &cancel).unwrap().distance, 0.0);
    let (there, back) = (wasserstein(&a, &b, 1.0, &cancel).unwrap(), wasserstein(&b, &a, 1.0, &cancel).unwrap());
    assert!((there.distance - back.distance).abs() < 1e-9);
}

#[test]
fn infinite_bars_go_to_infinite_bars() {
    let cancel = Cancel::new();
    let endless = f64::INFINITY;
    let (a, b) = ([(0.0, endless), (3.0, endless)], [(3.5, endless), (0.0, endless)]);
    assert_eq!(bottleneck(&a, &b, &cancel).unwrap(), 0.5);
    let found = wasserstein(&a, &b, 1.0, &cancel).unwrap();
    assert_eq!((found.distance, found.matching), (0.5, vec![Some(1), Some(0)]));
    assert_eq!(bottleneck(&a, &b[..1], &cancel).unwrap(), endless);
    assert_eq!(wasserstein(&a, &b[..1], 1.0, &cancel).unwrap().distance, endless);
    assert_eq!(sinkhorn(&a, &b, &SinkhornOptions::default(), &cancel).unwrap().distance, 0.5);
    assert_eq!(bottleneck(&[], &[], &cancel).unwrap(), 0.0);
}

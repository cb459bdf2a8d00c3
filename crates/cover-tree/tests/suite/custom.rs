//! A metric of the caller's own: the tree may use the triangle inequality and nothing else.

use crate::cases::{assert_row, build, case, ranked};
use canopy_core::{Cancel, Progress};
use canopy_cover_tree::{CoverTree, Error, Geometry, Metric, Options, Points};
use proptest::prelude::*;
use std::sync::Arc;

/// City blocks.
pub(crate) struct Blocks;

impl Metric for Blocks {
    fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum()
    }
}

/// 1 between points at different places: nothing can be pruned, and everything ties.
struct Discrete;

impl Metric for Discrete {
    fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        f64::from(u8::from(a != b))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn answers_are_those_of_brute_force(case in case(), k in 1_usize..40, discrete in any::<bool>()) {
        let metric: Arc<dyn Metric> = if discrete { Arc::new(Discrete) } else { Arc::new(Blocks) };
        let tree = build(case.points(), Geometry::Custom(metric.clone()));
        prop_assert_eq!(tree.validate(), Ok(()));
        let (cancel, progress) = (Cancel::new(), Progress::default());
        let all = tree.knn_all(k, &cancel, &progress).unwrap();
        let before = tree.predecessors(k, &cancel, &progress).unwrap();
        let asked = tree.knn(case.points(), k, &cancel, &progress).unwrap();
        let within = tree.radius(case.points(), 1.0, &cancel, &progress).unwrap();
        for i in 0..case.len() {
            let measure = |row: &[f64]| metric.distance(case.row(i), row);
            assert_row(&all, i, &ranked(&case, measure, |j| j != i), |d| d);
            assert_row(&before, i, &ranked(&case, measure, |j| j < i), |d| d);
            let everyone = ranked(&case, measure, |_| true);
            assert_row(&asked, i, &everyone, |d| d);
            let near: Vec<u32> = everyone.iter().filter(|(distance, _)| *distance <= 1.0).map(|(_, id)| *id).collect();
            prop_assert_eq!(&within.ids[within.starts[i]..within.starts[i + 1]], &near[..]);
        }
    }
}

/// Breaks the rules: NaN for some pairs.
struct Broken;

impl Metric for Broken {
    fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        if a[0] + b[0] > 7.0 { f64::NAN } else { (a[0] - b[0]).abs() }
    }
}

#[test]
fn a_metric_that_gives_no_distance_is_refused() {
    let points = Points::from_f64((0..9).map(f64::from).collect(), 1).unwrap();
    let built = CoverTree::build(
        points,
        Geometry::Custom(Arc::new(Broken)),
        &Options::default(),
        &Cancel::new(),
        &Progress::default(),
    );
    assert!(matches!(built, Err(Error::Metric { distance, .. }) if distance.is_nan()));
}

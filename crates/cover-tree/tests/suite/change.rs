//! Points that come and go: answers are those of a brute force over what is left.

use crate::cases::{Case, assert_row, build, case, square};
use crate::custom::Blocks;
use canopy_core::{Cancel, Coded, Progress};
use canopy_cover_tree::{CoverTree, Error, Geometry, MISSING, Metric, Points};
use proptest::prelude::*;
use std::sync::Arc;

/// What is done: points of the case come (so many), or of those there one in so many goes.
#[derive(Debug, Clone, Copy)]
enum Step {
    Come(usize),
    Go(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![(0_usize..200).prop_map(Step::Come), (1_usize..6).prop_map(Step::Go)];
    prop::collection::vec(step, 1..8)
}

/// Points by distance, then by id, among those that are here and that `may` be found.
fn ranked(case: &Case, here: &[bool], measure: impl Fn(&[f64]) -> f64, may: impl Fn(usize) -> bool) -> Vec<(f64, u32)> {
    let wanted = (0..here.len()).filter(|&j| here[j] && may(j));
    let mut all: Vec<(f64, u32)> = wanted.map(|j| (measure(case.row(j)), j as u32)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_mix_answers_like_brute_force(case in case(), steps in steps(), first in 0_usize..60, k in 1_usize..30, custom in any::<bool>(), pick: u32) {
        let dim = case.dim;
        let part = |from: usize, to: usize| Points::from_f64(case.rows[from * dim..to * dim].to_vec(), dim).unwrap();
        let (cancel, progress) = (Cancel::new(), Progress::default());
        let first = first.min(case.len());
        let mut tree = build(part(0, first), if custom { Geometry::Custom(Arc::new(Blocks)) } else { Geometry::Euclidean });
        let mut here = vec![true; first];
        for step in steps {
            match step {
                Step::Come(count) => {
                    let end = (here.len() + count).min(case.len());
                    let ids = tree.insert(part(here.len(), end), &cancel, &progress).unwrap();
                    prop_assert_eq!(ids, here.len() as u32..end as u32);
                    here.resize(end, true);
                }
                Step::Go(every) => {
                    let going = |id: &u32| here[*id as usize] && ((id ^ pick).wrapping_mul(2_654_435_761) as usize).is_multiple_of(every);
                    let ids: Vec<u32> = (0..here.len() as u32).filter(going).collect();
                    tree.remove(&ids, &cancel, &progress).unwrap();
                    ids.iter().for_each(|&id| here[id as usize] = false);
                }
            }
        }
        prop_assert_eq!((tree.len(), tree.ids()), (here.iter().filter(|here| **here).count(), here.len()));
        prop_assert_eq!(tree.validate(), Ok(()));
        let all = tree.knn_all(k, &cancel, &progress).unwrap();
        let before = tree.predecessors(k, &cancel, &progress).unwrap();
        let asked = tree.knn(case.points(), k, &cancel, &progress).unwrap();
        let within = tree.radius(case.points(), 1.0, &cancel, &progress).unwrap();
        let measure = |i: usize| { let case = &case; move |row: &[f64]| if custom { Blocks.distance(case.row(i), row) } else { square(case.row(i), row) } };
        let outward = |d: f64| if custom { d } else { d.sqrt() };
        for i in 0..case.len() {
            let everyone = ranked(&case, &here, measure(i), |_| true);
            assert_row(&asked, i, &everyone, outward);
            let near: Vec<u32> = everyone.iter().filter(|(d, _)| outward(*d) <= 1.0).map(|(_, id)| *id).collect();
            prop_assert_eq!(&within.ids[within.starts[i]..within.starts[i + 1]], &near[..]);
            if i < here.len() {
                let own = |all: Vec<(f64, u32)>| if here[i] { all } else { Vec::new() };
                assert_row(&all, i, &own(ranked(&case, &here, measure(i), |j| j != i)), outward);
                assert_row(&before, i, &own(ranked(&case, &here, measure(i), |j| j < i)), outward);
            }
        }
    }
}

#[test]
fn what_can_not_be_done_changes_nothing() {
    let (cancel, progress) = (Cancel::new(), Progress::default());
    let points = |values: &[f64], dim| Points::from_f64(values.to_vec(), dim).unwrap();
    let mut tree = build(points(&[0.0, 1.0, 2.0, 3.0], 1), Geometry::Euclidean);
    let code = |result: Result<(), Error>| result.unwrap_err().code();
    assert_eq!(code(tree.remove(&[1, 4], &cancel, &progress)), "POINT_UNKNOWN");
    assert_eq!(code(tree.remove(&[1, 1], &cancel, &progress)), "POINT_UNKNOWN");
    assert_eq!(code(tree.insert(points(&[0.0, 1.0], 2), &cancel, &progress).map(drop)), "POINTS_DIMENSION");
    let stop = Cancel::new();
    stop.cancel();
    assert_eq!(code(tree.remove(&[1], &stop, &progress)), "CANCELLED");
    assert_eq!(code(tree.insert(points(&[9.0], 1), &stop, &progress).map(drop)), "CANCELLED");
    assert_eq!((tree.len(), tree.ids()), (4, 4));
    tree.remove(&[1], &cancel, &progress).unwrap();
    assert_eq!(code(tree.remove(&[1], &cancel, &progress)), "POINT_UNKNOWN");
    assert_eq!(tree.insert(points(&[1.1], 1), &cancel, &progress).unwrap(), 4..5);
    assert_eq!(tree.knn(points(&[1.0], 1), 2, &cancel, &progress).unwrap().ids, [4, 0]);
}

#[test]
fn everybody_may_go_and_others_come() {
    let (cancel, progress) = (Cancel::new(), Progress::default());
    for geometry in [Geometry::Euclidean, Geometry::Angular, Geometry::Custom(Arc::new(Blocks))] {
        let mut tree: CoverTree = build(Points::from_f64(vec![1.0, 2.0, 2.0, 1.0], 2).unwrap(), geometry);
        tree.remove(&[0, 1], &cancel, &progress).unwrap();
        assert!(tree.is_empty());
        assert_eq!(tree.knn_all(1, &cancel, &progress).unwrap().ids, [MISSING; 2]);
        tree.insert(Points::from_f64(vec![5.0, 5.0], 2).unwrap(), &cancel, &progress).unwrap();
        let query = Points::from_f64(vec![1.0, 1.0], 2).unwrap();
        assert_eq!(tree.knn(query, 2, &cancel, &progress).unwrap().ids, [2, MISSING]);
        assert_eq!(tree.validate(), Ok(()));
    }
}

//! The batch build against inserting one by one.

use super::build::insertion_order;
use super::level::{covering, is_twin, reach};
use super::{BatchOrder, ByLeaves, ByTree, Leaders, Plan, Tree, build};
use crate::hilbert;
use crate::metric::{Metric, Straight};
use crate::points::Points;
use crate::task::Task;
use canopy_core::{Cancel, Progress};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Who is a node, under whom, at which level: every point held against all before it, one after the other.
fn one_by_one(points: &Points, seed: u64) -> BTreeMap<u32, (u32, i32)> {
    let distance = |a: u32, b: u32| Straight.distance(points.row(a as usize), points.row(b as usize));
    let ids: Vec<u32> = (0..points.len() as u32).collect();
    let order = insertion_order(&ids, seed);
    let farthest = order.iter().map(|&id| distance(id, order[0])).fold(0.0, f64::max);
    let mut nodes: Vec<(u32, u32, i32)> =
        vec![(order[0], order[0], if is_twin(farthest) { 0 } else { covering(farthest) })];
    for &id in &order[1..] {
        let covers = nodes.iter().filter(|&&(other, _, level)| distance(id, other) <= reach(level));
        let nearest =
            covers.min_by(|a, b| distance(id, a.0).total_cmp(&distance(id, b.0))).expect("the root covers all");
        let (parent, distance) = (nearest.0, distance(id, nearest.0));
        if !is_twin(distance) {
            nodes.push((id, parent, covering(distance) - 1));
        }
    }
    nodes.into_iter().map(|(id, parent, level)| (id, (parent, level))).collect()
}

/// The batch build by leaves or by walks over the tree.
fn in_batches(points: &Points, seed: u64, plan: &Plan, by_leaves: bool) -> Tree {
    let (cancel, progress) = (Cancel::new(), Progress::default());
    let (task, curve) = (Task::new(&cancel, &progress, 0), hilbert::order(points));
    if by_leaves {
        build(points, &curve, &Straight, &ByLeaves::new(points, &curve, plan), (seed, plan), &task).unwrap()
    } else {
        build(points, &curve, &Straight, &ByTree { points, metric: &Straight }, (seed, plan), &task).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn batches_give_the_tree_of_inserting_one_by_one(
        dim in 1_usize..5, values in prop::collection::vec(-12_i16..12, 1..900), fine in any::<bool>(), seed: u64,
    ) {
        // Whole numbers tie and repeat; with a cube they spread over many levels.
        let value = |&x: &i16| if fine { f64::from(x).powi(3) / 7.0 } else { f64::from(x) };
        let whole = values.len() / dim * dim;
        prop_assume!(whole > 0);
        let points = Points::from_f64(values[..whole].iter().map(value).collect(), dim).unwrap();
        let expected = one_by_one(&points, seed);
        let plan = |batch_order, prefix_factor| Plan { batch_order, prefix_factor, ..Plan::default() };
        for (plan, by_leaves) in [
            (Plan::default(), false),
            (Plan::default(), true),
            (plan(BatchOrder::Natural, Some(1.25)), true),
            (plan(BatchOrder::Random, Some(4.0)), false),
        ] {
        let tree = in_batches(&points, seed, &plan, by_leaves);
        let found: BTreeMap<_, _> =
            (0..tree.len()).map(|node| (tree.ids[node], (tree.ids[tree.parents[node] as usize], tree.levels[node]))).collect();
        prop_assert_eq!(&found, &expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Leaders and caps change who waits for whom, and nothing that a tree promises.
    #[test]
    fn whoever_waits_comes_in_later(
        dim in 1_usize..4, values in prop::collection::vec(-300_i16..300, 1..900), cap in 0_usize..4, seed: u64,
    ) {
        let whole = values.len() / dim * dim;
        prop_assume!(whole > 0);
        let points = Points::from_f64(values[..whole].iter().map(|&x| f64::from(x) / 7.0).collect(), dim).unwrap();
        for leaders in [Leaders::All, Leaders::Grid] {
            let plan = Plan { leaders, degree_cap: cap, ..Plan::default() };
            let tree = in_batches(&points, seed, &plan, true);
            prop_assert_eq!(tree.validate(&points, &(0..points.len() as u32).collect::<Vec<_>>(), &Straight), Ok(()));
            let waited: usize = tree.batches.iter().map(|batch| batch.waiting).sum();
            prop_assert!(cap > 0 || leaders == Leaders::Grid || waited == 0);
        }
    }
}

#[test]
fn validate_finds_what_is_wrong() {
    use super::Defect;
    let rows = (0..400).map(|i| f64::from(i * 37 % 101) + f64::from(i % 7) / 8.0).collect();
    let points = Points::from_f64(rows, 2).unwrap();
    let sound = in_batches(&points, 3, &Plan::default(), true);
    let broken = |change: fn(&mut Tree)| {
        let mut tree = sound.clone();
        change(&mut tree);
        tree.validate(&points, &(0..200).collect::<Vec<_>>(), &Straight)
    };
    assert_eq!(broken(|_| ()), Ok(()));
    assert!(matches!(broken(|tree| tree.ids[5] = tree.ids[6]), Err(Defect::Times { .. })));
    assert!(matches!(broken(|tree| tree.levels[9] = tree.levels[0]), Err(Defect::Nesting { .. })));
    assert!(matches!(broken(|tree| tree.ends[0] -= 1), Err(Defect::Nesting { .. })));
    assert!(matches!(broken(|tree| tree.levels[9] -= 1), Err(Defect::Covering { .. })));
    assert!(matches!(broken(|tree| tree.radii[0] /= 4.0), Err(Defect::Radius { .. })));
    // A point that moves onto another one's place, away from its parent or into somebody's way.
    let moved = broken(|tree| {
        let row = tree.row(3).to_vec();
        let last = tree.len() - 1;
        tree.rows[last * 2..].copy_from_slice(&row);
    });
    assert!(matches!(moved, Err(Defect::Covering { .. } | Defect::Separation { .. })), "{moved:?}");
}

//! The invariants, by the tree's own check and by one that looks at every pair.

use crate::cases::{Case, build, case, square};
use canopy_core::{Cancel, Coded, Progress};
use canopy_cover_tree::{BatchOrder, CoverTree, Geometry, Leaders, Options, Plan};
use proptest::prelude::*;
use std::collections::HashMap;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn every_pair_keeps_its_distance_and_every_child_its_parent(case in case()) {
        let tree = build(case.points(), Geometry::Euclidean);
        prop_assert_eq!(tree.validate(), Ok(()));
        let nodes: Vec<_> = tree.nodes().collect();
        let level: HashMap<u32, i32> = nodes.iter().map(|&(id, _, level)| (id, level)).collect();
        let distance = |a: u32, b: u32| square(case.row(a as usize), case.row(b as usize)).sqrt();
        for (at, &(id, parent, own)) in nodes.iter().enumerate() {
            if at > 0 {
                prop_assert!(level[&parent] > own);
                prop_assert!(distance(id, parent) <= 2_f64.powi(own + 1));
            }
            for &(other, _, others) in &nodes[at + 1..] {
                prop_assert!(distance(id, other) > 2_f64.powi(own.min(others)));
            }
        }
        // Who is no node lies at the place of one.
        for id in (0..case.len() as u32).filter(|id| !level.contains_key(id)) {
            prop_assert!(nodes.iter().any(|&(node, ..)| distance(id, node) == 0.0));
        }
    }
}

/// Points in a cube, with some duplicates.
fn cube(n: usize, dim: usize) -> Case {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    let mut rows: Vec<f64> = (0..n * dim).map(|_| next()).collect();
    rows.copy_within(0..n / 8 * dim, n / 2 * dim);
    Case { dim, rows }
}

fn on_threads(threads: usize, case: &Case, seed: u64) -> CoverTree {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
    let options = Options { seed, ..Options::default() };
    pool.install(|| {
        CoverTree::build(case.points(), Geometry::Euclidean, &options, &Cancel::new(), &Progress::default())
            .expect("nobody cancels")
    })
}

#[test]
fn the_same_tree_on_any_number_of_threads_and_another_for_another_seed() {
    let case = cube(6000, 3);
    let one = on_threads(1, &case, 7);
    assert_eq!(one.validate(), Ok(()));
    assert_eq!(one.nodes().count(), 6000 - 750);
    for threads in [2, 5] {
        assert!(one.nodes().eq(on_threads(threads, &case, 7).nodes()), "{threads} threads");
    }
    assert!(!one.nodes().eq(on_threads(2, &case, 8).nodes()));
}

#[test]
fn straight_lines_need_no_tree_until_somebody_asks() {
    let tree = build(cube(3000, 3).points(), Geometry::Euclidean);
    let bytes = tree.memory_bytes();
    assert_eq!((tree.report().tree_s, tree.report().nodes), (0.0, 0));
    let raised = Cancel::new();
    raised.cancel();
    assert!(tree.raise(&raised, &Progress::default()).is_err());
    tree.raise(&Cancel::new(), &Progress::default()).unwrap();
    assert!(tree.memory_bytes() > bytes && tree.validate().is_ok());
    // Asked on the way, it is the same tree.
    assert!(build(cube(3000, 3).points(), Geometry::Euclidean).nodes().eq(tree.nodes()));
}

#[test]
fn answers_do_not_depend_on_threads() {
    let case = cube(3000, 2);
    let answer = |threads| {
        let tree = on_threads(threads, &case, 7);
        tree.predecessors(9, &Cancel::new(), &Progress::default()).unwrap()
    };
    assert_eq!(answer(1), answer(3));
}

#[test]
fn a_plan_is_told_by_its_batches() {
    let case = cube(3000, 3);
    let with = |plan: Plan| {
        let options = Options { plan, ..Options::default() };
        let tree = CoverTree::build(case.points(), Geometry::Euclidean, &options, &Cancel::new(), &Progress::default());
        tree.and_then(|tree| tree.raise(&Cancel::new(), &Progress::default()).map(|()| tree))
    };
    let usual = with(Plan::default()).unwrap();
    let points = |tree: &CoverTree| tree.batches().iter().map(|batch| batch.points - batch.waiting).sum::<usize>();
    assert_eq!((points(&usual), usual.batches().iter().map(|batch| batch.waiting).sum::<usize>()), (2999, 0));
    let steady = with(Plan { prefix_factor: Some(1.25), batch_order: BatchOrder::Natural, ..Plan::default() }).unwrap();
    assert!(steady.nodes().eq(usual.nodes()) && steady.batches().len() > usual.batches().len());
    let grid = with(Plan { leaders: Leaders::Grid, degree_cap: 2, ..Plan::default() }).unwrap();
    assert_eq!((grid.validate(), points(&grid)), (Ok(()), 2999));
    let (cells, leaders) =
        grid.batches().iter().fold((0, 0), |sum, batch| (sum.0 + batch.grid_cells, sum.1 + batch.grid_leaders));
    // Leaders of neighbouring cells are in each other's way: a grid alone doesn't keep points apart.
    assert!(leaders < cells && leaders > 0, "{leaders} of {cells}");
    for factor in [1.0, 0.5, f64::NAN, f64::INFINITY] {
        let refused = with(Plan { prefix_factor: Some(factor), ..Plan::default() }).unwrap_err();
        assert_eq!(refused.code(), "TREE_PREFIX_FACTOR");
    }
}

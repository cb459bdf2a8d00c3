//! Residual neighbours against all pairs in plain `f64`.

use crate::oracle::{Oracle, recall};
use canopy_core::{Cancel, Progress};
use canopy_cover_tree::{
    GatePreset, Inducing, Kernel, KernelKind, MISSING, Points, Precision, ResidualAnswer, ResidualOptions,
    ResidualTree, Search,
};
use proptest::prelude::*;

pub(crate) fn build(rows: &[f64], dim: usize, options: &ResidualOptions) -> ResidualTree {
    let points = Points::from_f64(rows.to_vec(), dim).expect("finite points");
    ResidualTree::build(points, options, &Cancel::new(), &Progress::default()).expect("sound options")
}

/// Numbers that look Gaussian, the same for the same seed.
pub(crate) fn gaussian(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut uniform = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect()
}

fn all(tree: &ResidualTree, k: usize, search: &Search) -> ResidualAnswer {
    tree.knn_all(k, search, &Cancel::new(), &Progress::default()).expect("nobody cancels")
}

fn before(tree: &ResidualTree, k: usize, search: &Search) -> ResidualAnswer {
    tree.predecessors(k, search, &Cancel::new(), &Progress::default()).expect("nobody cancels")
}

fn asked(tree: &ResidualTree, rows: &[f64], dim: usize, k: usize, search: &Search) -> ResidualAnswer {
    let queries = Points::from_f64(rows.to_vec(), dim).expect("finite points");
    tree.knn(&queries, k, search, &Cancel::new(), &Progress::default()).expect("nobody cancels")
}

/// Recall of everything a tree can be asked, exact and not; the least of all.
fn worst(rows: &[f64], dim: usize, options: &ResidualOptions, k: usize) -> f64 {
    worst_of(rows, dim, options, k, (20, 0.0))
}

/// [`worst`] with so many new queries, and what counts as a tie: see [`recall`].
pub(crate) fn worst_of(
    rows: &[f64],
    dim: usize,
    options: &ResidualOptions,
    k: usize,
    (queries, blur): (usize, f64),
) -> f64 {
    let tree = build(rows, dim, options);
    let oracle = Oracle::new(rows, dim, &options.kernel, &tree.inducing(), tree.report().jitter);
    let n = rows.len() / dim;
    let new = gaussian(queries * dim, 77);
    let mut least = 1.0_f64;
    for search in [Search::exact(), Search::default(), Search { gate: GatePreset::Off, ..Search::default() }] {
        let indexed = |i: usize| oracle.place(&rows[i * dim..(i + 1) * dim]);
        let found = all(&tree, k, &search);
        least = least.min(recall(&oracle, &found.neighbours, blur, (0..n).map(|i| (indexed(i), oracle.others(i)))));
        let found = before(&tree, k, &search);
        least = least.min(recall(&oracle, &found.neighbours, blur, (0..n).map(|i| (indexed(i), (0..i).collect()))));
        let found = asked(&tree, &new, dim, k, &search);
        let fresh = new.chunks_exact(dim).map(|x| (oracle.place(x), (0..n).collect()));
        least = least.min(recall(&oracle, &found.neighbours, blur, fresh));
    }
    least
}

fn options(kind: KernelKind, lengthscales: Vec<f64>, inducing: Inducing) -> ResidualOptions {
    ResidualOptions { kernel: Kernel { kind, variance: 1.7, lengthscales }, inducing, ..ResidualOptions::default() }
}

#[test]
fn every_kernel_finds_what_all_pairs_find() {
    for kind in [KernelKind::Matern12, KernelKind::Matern32, KernelKind::Matern52, KernelKind::Rbf] {
        let found =
            worst(&gaussian(3 * 700, 1), 3, &options(kind, vec![0.8], Inducing::KMeans { count: 60, seed: 1 }), 12);
        assert!(found >= 0.999, "{kind:?}: {found}");
    }
}

#[test]
fn a_lengthscale_for_each_coordinate() {
    let lengths = vec![0.5, 2.0, 30.0];
    let found = worst(
        &gaussian(3 * 600, 2),
        3,
        &options(KernelKind::Matern32, lengths, Inducing::Random { count: 50, seed: 1 }),
        10,
    );
    assert!(found >= 0.999, "{found}");
}

#[test]
fn inducing_points_that_are_data_points() {
    for kind in [KernelKind::Matern52, KernelKind::Rbf] {
        let rows = gaussian(2 * 600, 3);
        let found = worst(&rows, 2, &options(kind, vec![1.0], Inducing::Given(rows[..2 * 64].to_vec())), 10);
        assert!(found >= 0.999, "{kind:?}: {found}");
    }
}

#[test]
fn eight_and_sixteen_coordinates() {
    for dim in [8, 16] {
        let found = worst(
            &gaussian(dim * 400, 4),
            dim,
            &options(KernelKind::Matern52, vec![3.0], Inducing::KMeans { count: 40, seed: 1 }),
            10,
        );
        assert!(found >= 0.999, "{dim}: {found}");
    }
}

#[test]
fn duplicates_an_offset_and_a_sphere() {
    let mut rows = gaussian(3 * 500, 5);
    rows.copy_within(0..3 * 120, 3 * 300);
    for row in rows.chunks_exact_mut(3) {
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        row.iter_mut().for_each(|x| *x = *x / norm + 1e7);
    }
    let found = worst(&rows, 3, &options(KernelKind::Matern12, vec![0.3], Inducing::KMeans { count: 40, seed: 1 }), 10);
    assert!(found >= 0.999, "{found}");
    // A duplicate is at distance 0, and equal distances go by ascending id.
    let tree = build(&[1.0, 2.0, 1.0, 1.0, 2.0, 1.0], 1, &ResidualOptions::default());
    let found = all(&tree, 4, &Search::default()).neighbours;
    assert_eq!(found.ids[..4], [2, 3, 5, 1]);
    assert_eq!(found.distances[..3], [0.0; 3]);
    assert_eq!(found.ids[4..6], [4, 0]);
}

#[test]
fn the_gate_prunes_at_a_size_where_it_can() {
    let rows = gaussian(3 * 4096, 6);
    let tree = build(&rows, 3, &options(KernelKind::Matern52, vec![1.0], Inducing::KMeans { count: 128, seed: 1 }));
    let found = before(&tree, 20, &Search { audit: 200, gate: GatePreset::Audit, ..Search::default() });
    let (gate, audit) = (found.report.gate, found.report.audit.expect("a sample was audited"));
    assert!(gate.pruned > gate.candidates / 3 && gate.kept + gate.pruned == gate.candidates, "{gate:?}");
    assert!(audit.recall >= 0.999 && audit.recall_bound > 0.995 && audit.queries == 200, "{audit:?}");
    let exact = before(&tree, 20, &Search::exact());
    let same = exact.neighbours.ids.iter().zip(&found.neighbours.ids).filter(|(a, b)| a == b).count();
    assert!(same as f64 >= 0.998 * exact.neighbours.ids.len() as f64);
}

#[test]
fn precision_is_chosen_by_the_data() {
    let rows = gaussian(3 * 900, 7);
    let report = |kind, inducing| build(&rows, 3, &options(kind, vec![1.0], inducing)).report();
    assert!(report(KernelKind::Rbf, Inducing::KMeans { count: 200, seed: 1 }).double);
    let single = report(KernelKind::Matern12, Inducing::Random { count: 20, seed: 1 });
    assert!(!single.double && single.least_p < 1e-5);
    let forced = ResidualOptions { precision: Precision::Double, ..ResidualOptions::default() };
    assert!(build(&rows, 3, &forced).report().double);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_points_any_kernel(case in crate::cases::case(), kind in 0_usize..4, length in -3_i32..4, count in 1_usize..30, k in 1_usize..20) {
        let kind = [KernelKind::Matern12, KernelKind::Matern32, KernelKind::Matern52, KernelKind::Rbf][kind];
        let tree = build(&case.rows, case.dim, &options(kind, vec![10_f64.powi(length)], Inducing::KMeans { count, seed: 3 }));
        let oracle = Oracle::new(&case.rows, case.dim, &Kernel { variance: 1.7, ..Kernel::new(kind, 10_f64.powi(length)) }, &tree.inducing(), tree.report().jitter);
        for search in [Search::exact(), Search::default()] {
            let found = before(&tree, k, &search).neighbours;
            prop_assert_eq!(found.ids.len(), case.len() * k);
            prop_assert!(found.distances.iter().all(|distance| !distance.is_nan()));
            for i in 0..case.len() {
                let ids = &found.ids[i * k..(i + 1) * k];
                prop_assert_eq!(ids.iter().filter(|&&id| id != MISSING).count(), k.min(i));
                prop_assert!(ids.iter().all(|&id| id == MISSING || (id as usize) < i));
            }
            let queries = (0..case.len()).map(|i| (oracle.place(case.row(i)), (0..i).collect()));
            // Points of many magnitudes are nearer each other than `f32` can tell.
            let share = recall(&oracle, &found, if tree.report().double { 0.0 } else { 5e-7 }, queries);
            prop_assert!(share >= 0.995, "{} {:?} {:?}", share, search, tree.report());
        }
    }
}

/// What a larger run relies on, at a size that every test run can afford.
#[test]
fn guardrail_at_4096_points_along_the_curve() {
    // Points in the order of a grid, as a file sorted by place would have them.
    let mut rows: Vec<[f64; 3]> = gaussian(3 * 4096, 8).as_chunks().0.to_vec();
    rows.sort_by(|a, b| (a[0].floor(), a[1].floor(), a[2]).partial_cmp(&(b[0].floor(), b[1].floor(), b[2])).unwrap());
    let rows = rows.into_flattened();
    let tree = build(&rows, 3, &options(KernelKind::Matern52, vec![1.0], Inducing::KMeans { count: 256, seed: 1 }));
    // Whether walks or all pairs are faster at this size is another question: the gate is what is looked at.
    let search = Search { gate: GatePreset::Audit, audit: 64, ..Search::default() };
    for found in [before(&tree, 30, &search), all(&tree, 30, &search)] {
        let (gate, audit) = (found.report.gate, found.report.audit.expect("a sample was audited"));
        assert!(gate.pruned > 0 && gate.kept + gate.pruned == gate.candidates, "{gate:?}");
        assert!(audit.recall >= 0.95 && audit.queries > 0, "{audit:?}");
    }
}

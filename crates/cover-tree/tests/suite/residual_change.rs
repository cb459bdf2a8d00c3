//! Points that come to residual trees and go: answers are those of all pairs in plain `f64` over what is left.

use crate::oracle::{Oracle, recall};
use crate::residual::{build, gaussian};
use canopy_core::{Cancel, Coded, Progress};
use canopy_cover_tree::{
    Error, GatePreset, GivenFactors, Inducing, Kernel, KernelKind, MISSING, Neighbours, Points, ResidualOptions,
    ResidualTree, Search,
};
use proptest::prelude::*;

fn quiet() -> (Cancel, Progress) {
    (Cancel::new(), Progress::default())
}

fn options(kind: KernelKind, length: f64, count: usize) -> ResidualOptions {
    let inducing = Inducing::KMeans { count, seed: 1 };
    ResidualOptions { kernel: Kernel::new(kind, length), inducing, ..ResidualOptions::default() }
}

fn points(rows: &[f64]) -> Points {
    Points::from_f64(rows.to_vec(), 3).expect("finite points")
}

/// The least recall of all that can be asked, by points in `rows` of which some are `here`; rows of removed points are empty.
fn worst(tree: &ResidualTree, rows: &[f64], here: &[bool], k: usize, search: &Search) -> f64 {
    let (cancel, progress) = quiet();
    let kernel = &tree.options().kernel;
    let oracle = Oracle::new(rows, 3, kernel, &tree.inducing(), tree.report().jitter);
    let n = here.len();
    let sample: Vec<usize> = (0..n).filter(|i| i % n.div_ceil(300) == 0).collect();
    let pick = |found: &Neighbours| -> Neighbours {
        let rows = sample.iter().map(|&i| i * k..(i + 1) * k);
        let ids: Vec<u32> = rows.clone().flat_map(|row| found.ids[row].to_vec()).collect();
        let distances = rows.flat_map(|row| found.distances[row].to_vec()).collect();
        assert!(ids.iter().all(|&id| id == MISSING || here[id as usize]), "points that are gone are found");
        Neighbours { k, ids, distances }
    };
    let may = |i: usize, end: usize| -> Vec<usize> {
        (0..if here[i] { end } else { 0 }).filter(|&j| here[j] && j != i).collect()
    };
    let place = |i: usize| oracle.place(&rows[3 * i..3 * i + 3]);
    let all = tree.knn_all(k, search, &cancel, &progress).expect("nobody cancels").neighbours;
    let before = tree.predecessors(k, search, &cancel, &progress).expect("nobody cancels").neighbours;
    for i in (0..n).filter(|&i| !here[i]) {
        let row = i * k..(i + 1) * k;
        assert!(all.ids[row.clone()].iter().chain(&before.ids[row]).all(|&id| id == MISSING));
    }
    let mut least = recall(&oracle, &pick(&all), 0.0, sample.iter().map(|&i| (place(i), may(i, n))));
    least = least.min(recall(&oracle, &pick(&before), 0.0, sample.iter().map(|&i| (place(i), may(i, i)))));
    let new = gaussian(3 * 100, 77);
    let asked = tree.knn(&points(&new), k, search, &cancel, &progress).expect("nobody cancels").neighbours;
    let everyone: Vec<usize> = (0..n).filter(|&j| here[j]).collect();
    least.min(recall(&oracle, &asked, 0.0, new.chunks_exact(3).map(|x| (oracle.place(x), everyone.clone()))))
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Come(usize),
    Go(usize),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_mix_answers_like_all_pairs(
        steps in prop::collection::vec(prop_oneof![(0_usize..120).prop_map(Step::Come), (1_usize..6).prop_map(Step::Go)], 1..7),
        first in 0_usize..80,
        k in 1_usize..12,
        seed in 0_u64..1000,
        pick: u32,
    ) {
        let (cancel, progress) = quiet();
        let rows = gaussian(3 * 800, seed);
        let mut tree = build(&rows[..3 * first], 3, &options(KernelKind::Matern32, 0.8, 24));
        let mut here = vec![true; first];
        for step in steps {
            match step {
                Step::Come(count) => {
                    let (start, end) = (here.len(), here.len() + count);
                    let ids = tree.insert(&points(&rows[3 * start..3 * end]), &cancel, &progress).unwrap();
                    prop_assert_eq!(ids, start as u32..end as u32);
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
        if !here.is_empty() {
            for search in [Search::default(), Search::exact()] {
                let share = worst(&tree, &rows[..3 * here.len()], &here, k, &search);
                prop_assert!(share >= 0.999, "{} {:?}", share, search);
            }
        }
    }
}

/// Points in two clouds: those that come later lie apart, where no inducing point is near.
fn clouds(n: usize) -> Vec<f64> {
    let mut rows = gaussian(3 * n, 9);
    rows[3 * n / 2..].chunks_exact_mut(3).for_each(|row| row[0] += 7.0);
    rows
}

#[test]
fn a_changed_tree_is_one_built_anew_and_its_envelope_knows_the_new_points() {
    let (cancel, progress) = quiet();
    let n = 5000;
    let rows = clouds(n);
    let first = build(&rows[..3 * n / 2], 3, &options(KernelKind::Matern52, 1.0, 100));
    let mut tree = first.inserted(&points(&rows[3 * n / 2..]), &cancel, &progress).unwrap();
    assert_eq!((first.len(), first.ids(), tree.len()), (n / 2, n / 2, n), "the old tree stays as it is");
    // What new points show is wider than what the old ones did: without it, searches would stop too soon.
    assert!(tree.envelope().pairs > first.envelope().pairs);
    let strict = Search { gate: GatePreset::Audit, audit: 300, ..Search::default() };
    let found = tree.knn_all(12, &strict, &cancel, &progress).unwrap();
    assert!(found.report.gate.pruned > 0 && found.report.widened <= 1, "{:?}", found.report);
    let gone: Vec<u32> = (0..n as u32).filter(|id| id % 3 == 1).collect();
    tree.remove(&gone, &cancel, &progress).unwrap();
    let here: Vec<bool> = (0..n).map(|id| id % 3 != 1).collect();
    let share = worst(&tree, &rows, &here, 12, &Search::default());
    assert!(share >= 0.999, "{share}");

    // The same points and inducing points at once: the same order, leaves, V, and so the same answers to the bit.
    let left: Vec<usize> = (0..n).filter(|&id| here[id]).collect();
    let dense: Vec<f64> = left.iter().flat_map(|&id| rows[3 * id..3 * id + 3].to_vec()).collect();
    let anew = ResidualOptions { inducing: Inducing::Given(tree.inducing()), ..tree.options().clone() };
    let anew = build(&dense, 3, &anew);
    let exact = Search::exact();
    let (a, b) = (tree.predecessors(9, &exact, &cancel, &progress), anew.predecessors(9, &exact, &cancel, &progress));
    let (a, b) = (a.unwrap().neighbours, b.unwrap().neighbours);
    let p = tree.residual_variances();
    for (at, &id) in left.iter().enumerate() {
        let (old, new) = (id * 9..(id + 1) * 9, at * 9..(at + 1) * 9);
        assert_eq!(a.distances[old.clone()], b.distances[new.clone()]);
        let named = |&id: &u32| if id == MISSING { MISSING } else { left[id as usize] as u32 };
        assert_eq!(a.ids[old], b.ids[new].iter().map(named).collect::<Vec<_>>()[..]);
        assert_eq!(p[id], anew.residual_variances()[at]);
    }
    assert!(gone.iter().all(|&id| p[id as usize].is_nan()));
    // Under another kernel the ids stay, too.
    tree.refresh_metric(&Kernel::new(KernelKind::Matern32, 0.7), &cancel, &progress).unwrap();
    assert_eq!((tree.len(), tree.ids()), (left.len(), n));
    let share = worst(&tree, &rows, &here, 12, &Search::default());
    assert!(share >= 0.999, "{share}");
}

#[test]
fn points_that_need_more_digits_than_the_first() {
    let (cancel, progress) = quiet();
    let rows = gaussian(3 * 900, 4);
    // Inducing points far from all points of the first tree: every p is large, and f32 does.
    let far: Vec<f64> = gaussian(3 * 60, 5).iter().map(|x| x * 0.5 + 9.0).collect();
    let given = ResidualOptions { inducing: Inducing::Given(far.clone()), ..options(KernelKind::Matern52, 2.0, 1) };
    let mut tree = build(&rows, 3, &given);
    assert!(!tree.report().double && tree.report().least_p > 1e-2);
    // A few of them come as points, and then many.
    let mut all = rows.clone();
    for part in [&far[..3 * 5], &far[3 * 5..]] {
        all.extend_from_slice(part);
        all.extend(part.iter().map(|x| x + 0.05));
        let new: Vec<f64> = all[3 * tree.ids()..].to_vec();
        tree.insert(&points(&new), &cancel, &progress).unwrap();
        let here = vec![true; tree.ids()];
        let share = worst(&tree, &all, &here, 8, &Search::default());
        assert!(share >= 0.999, "{share} {:?}", tree.report());
    }
    assert!(tree.report().double && tree.report().least_p < 1e-4);
}

#[test]
fn factors_come_with_the_points_of_a_tree_that_was_given_them() {
    let (cancel, progress) = quiet();
    let rows = gaussian(3 * 300, 6);
    let whole = build(
        &rows,
        3,
        &ResidualOptions { inducing: Inducing::Given(vec![0.0; 3]), ..options(KernelKind::Matern32, 1.0, 1) },
    );
    let kernel = whole.options().kernel.clone();
    let factors = |rows: &[f64]| -> GivenFactors {
        let v: Vec<f64> =
            rows.chunks_exact(3).map(|x| kernel.covariance(x, &[0.0; 3]) / (1.0 + 1e-6_f64).sqrt()).collect();
        let p = v.iter().map(|v| 1.0 - v * v).collect();
        GivenFactors { count: 1, v, p }
    };
    let (a, b) = rows.split_at(3 * 200);
    let given = options(KernelKind::Matern32, 1.0, 1);
    let mut tree = ResidualTree::with_factors(&points(a), &factors(a), &given, &cancel, &progress).unwrap();
    let code = |result: Result<_, Error>| result.map(|_: ResidualTree| ()).unwrap_err().code();
    assert_eq!(code(tree.inserted(&points(b), &cancel, &progress)), "FACTORS_NEEDED");
    assert_eq!(code(tree.inserted_with(&points(b), &factors(a), &cancel, &progress)), "FACTORS_LENGTH");
    assert_eq!(code(whole.inserted_with(&points(b), &factors(b), &cancel, &progress)), "FACTORS_UNWANTED");
    assert_eq!(tree.insert_with(&points(b), &factors(b), &cancel, &progress).unwrap(), 200..300);
    let ids = |tree: &ResidualTree| tree.knn_all(5, &Search::exact(), &cancel, &progress).unwrap().neighbours.ids;
    let (mine, theirs) = (ids(&tree), ids(&whole));
    let same = mine.iter().zip(&theirs).filter(|(a, b)| a == b).count();
    assert!(same as f64 > 0.995 * mine.len() as f64, "{same} of {}", mine.len());
    // Points that `f32` is too coarse for: the tree goes over to `f64`.
    let near = [1e-3, 0.0, 0.0, 0.0, 2e-3, 0.0];
    tree.insert_with(&points(&near), &factors(&near), &cancel, &progress).unwrap();
    assert!(tree.report().double);
    tree.remove(&[300, 0], &cancel, &progress).unwrap();
    assert_eq!((tree.len(), tree.ids()), (300, 302));
}

#[test]
fn what_can_not_be_done_changes_nothing() {
    let (cancel, progress) = quiet();
    let mut tree = build(&gaussian(3 * 40, 1), 3, &options(KernelKind::Matern52, 1.0, 8));
    let code = |result: Result<(), Error>| result.unwrap_err().code();
    assert_eq!(code(tree.remove(&[1, 40], &cancel, &progress)), "POINT_UNKNOWN");
    assert_eq!(code(tree.remove(&[1, 1], &cancel, &progress)), "POINT_UNKNOWN");
    let flat = Points::from_f64(vec![1.0, 2.0], 2).unwrap();
    assert_eq!(code(tree.insert(&flat, &cancel, &progress).map(drop)), "POINTS_DIMENSION");
    let stop = Cancel::new();
    stop.cancel();
    assert_eq!(code(tree.remove(&[1], &stop, &progress)), "CANCELLED");
    assert_eq!(code(tree.insert(&points(&[9.0; 3]), &stop, &progress).map(drop)), "CANCELLED");
    assert_eq!((tree.len(), tree.ids()), (40, 40));
    tree.remove(&[1], &cancel, &progress).unwrap();
    assert_eq!(code(tree.remove(&[1], &cancel, &progress)), "POINT_UNKNOWN");
    assert_eq!(tree.insert(&points(&[9.0; 3]), &cancel, &progress).unwrap(), 40..41);
    let found = tree.knn(&points(&[9.0; 3]), 1, &Search::default(), &cancel, &progress).unwrap().neighbours;
    assert_eq!((found.ids[0], found.distances[0]), (40, 0.0));
}

#[test]
fn everybody_may_go_and_others_come_and_a_file_remembers() {
    let (cancel, progress) = quiet();
    let mut tree = build(&[], 3, &options(KernelKind::Matern52, 1.0, 8));
    assert_eq!(tree.insert(&points(&[]), &cancel, &progress).unwrap(), 0..0);
    let rows = gaussian(3 * 50, 2);
    assert_eq!(tree.insert(&points(&rows), &cancel, &progress).unwrap(), 0..50);
    assert_eq!(tree.report().inducing, 8, "a tree that never had a point chooses its inducing points now");
    tree.remove(&(0..50).collect::<Vec<_>>(), &cancel, &progress).unwrap();
    assert!(tree.is_empty());
    for search in [Search::default(), Search::exact()] {
        assert_eq!(tree.predecessors(2, &search, &cancel, &progress).unwrap().neighbours.ids, [MISSING; 100]);
    }
    tree.insert(&points(&rows[..12]), &cancel, &progress).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tree");
    tree.save(&path).unwrap();
    let opened = ResidualTree::open(&path).unwrap();
    assert_eq!((opened.len(), opened.ids()), (4, 54));
    let found = |tree: &ResidualTree| tree.knn_all(3, &Search::default(), &cancel, &progress).unwrap().neighbours;
    assert_eq!(found(&opened), found(&tree));
    // An opened tree changes like any other; the file doesn't.
    let more = opened.inserted(&points(&rows[12..15]), &cancel, &progress).unwrap();
    assert_eq!((more.len(), more.ids(), ResidualTree::open(&path).unwrap().ids()), (5, 55, 54));
}

/// Four points and two inducing points, saved when files had no removed points and envelopes no classes of pairs.
#[test]
fn a_file_of_the_first_version_is_read() {
    let (cancel, progress) = quiet();
    let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/residual-v1.tree"));
    let tree = ResidualTree::open(path).unwrap();
    assert_eq!((tree.len(), tree.ids(), tree.dim()), (4, 4, 2));
    let found = tree.knn_all(2, &Search::default(), &cancel, &progress).unwrap().neighbours;
    assert_eq!(found.ids, [1, 2, 0, 3, 0, 1, 1, 2]);
    assert!((found.distances[0] - 0.824_228_3).abs() < 1e-6);
    assert_eq!(tree.envelope().version, 2, "an envelope of an older layout is made anew");
}

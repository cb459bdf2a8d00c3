//! Saved and opened again; damaged files are refused.

use crate::cases::{build, case};
use crate::custom::Blocks;
use crate::residual;
use canopy_core::{Cancel, Coded, Progress};
use canopy_cover_tree::{
    CoverTree, Geometry, GivenFactors, Inducing, Kernel, KernelKind, Points, Precision, ResidualOptions, ResidualTree,
    Search,
};
use proptest::prelude::*;
use std::sync::Arc;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_was_saved_answers_as_before_and_damage_is_refused(case in case(), k in 1_usize..20, at: prop::sample::Index, cut: prop::sample::Index) {
        let (cancel, progress) = (Cancel::new(), Progress::default());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tree");
        let mut tree = build(case.points(), Geometry::Euclidean);
        let going: Vec<u32> = (0..case.len() as u32).filter(|id| id % 5 == 3).collect();
        tree.remove(&going, &cancel, &progress).unwrap();
        tree.save(&path).unwrap();
        let opened = CoverTree::open(&path).unwrap();
        prop_assert_eq!((opened.len(), opened.ids(), opened.dim()), (tree.len(), tree.ids(), tree.dim()));
        prop_assert_eq!(opened.knn_all(k, &cancel, &progress).unwrap(), tree.knn_all(k, &cancel, &progress).unwrap());
        prop_assert_eq!(opened.predecessors(k, &cancel, &progress).unwrap(), tree.predecessors(k, &cancel, &progress).unwrap());
        prop_assert_eq!(opened.knn(case.points(), k, &cancel, &progress).unwrap(), tree.knn(case.points(), k, &cancel, &progress).unwrap());
        // It goes on from there.
        let more = opened.inserted(case.points(), &cancel, &progress).unwrap();
        prop_assert_eq!(more.knn_all(k, &cancel, &progress).unwrap(), tree.inserted(case.points(), &cancel, &progress).unwrap().knn_all(k, &cancel, &progress).unwrap());

        let (whole, other) = (std::fs::read(&path).unwrap(), folder.path().join("other"));
        std::fs::write(&other, &whole[..cut.index(whole.len())]).unwrap();
        let code = CoverTree::open(&other).unwrap_err().code();
        prop_assert!(["INDEX_FOREIGN", "INDEX_TRUNCATED", "INDEX_IO"].contains(&code), "{}", code);
        let mut damaged = whole.clone();
        damaged[at.index(whole.len())] ^= 0x40;
        std::fs::write(&other, &damaged).unwrap();
        match CoverTree::open(&other) {
            Err(error) => prop_assert!(DAMAGE.contains(&error.code()), "{}", error),
            // Padding between sections belongs to none of them.
            Ok(opened) => prop_assert_eq!(opened.knn_all(k, &cancel, &progress).unwrap(), tree.knn_all(k, &cancel, &progress).unwrap()),
        }
    }
}

/// What damage may be called, by where it is.
const DAMAGE: [&str; 4] = ["INDEX_FOREIGN", "INDEX_NEWER", "INDEX_TRUNCATED", "INDEX_CORRUPT"];

#[test]
fn angles_are_kept_and_custom_metrics_are_not() {
    let (cancel, progress) = (Cancel::new(), Progress::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tree");
    let points = || Points::from_f64(vec![1.0, 0.0, 0.0, 2.0, 3.0, 3.0], 2).unwrap();
    let tree = build(points(), Geometry::Angular);
    tree.save_with(&path, b"from Berlin").unwrap();
    assert_eq!(CoverTree::notes(&path).unwrap(), b"from Berlin");
    let opened = CoverTree::open(&path).unwrap();
    assert_eq!(opened.knn_all(2, &cancel, &progress).unwrap(), tree.knn_all(2, &cancel, &progress).unwrap());
    assert_eq!(opened.validate(), Ok(()));
    let custom = build(points(), Geometry::Custom(Arc::new(Blocks)));
    assert_eq!(custom.save(&path).unwrap_err().code(), "METRIC_CUSTOM");
    assert_eq!(CoverTree::open(&folder.path().join("none")).unwrap_err().code(), "INDEX_NOT_FOUND");
    std::fs::write(&path, b"something else altogether").unwrap();
    assert_eq!(CoverTree::open(&path).unwrap_err().code(), "INDEX_FOREIGN");
}

#[test]
fn residual_trees_answer_as_before_and_damage_is_refused() {
    let (cancel, progress, search) = (Cancel::new(), Progress::default(), Search::default());
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("tree"), folder.path().join("other"));
    let rows = residual::gaussian(3 * 500, 5);
    let queries = || Points::from_f64(residual::gaussian(3 * 20, 6), 3).unwrap();
    let precise = [
        (KernelKind::Matern52, Precision::Auto),
        (KernelKind::Rbf, Precision::Auto),
        (KernelKind::Matern12, Precision::Single),
    ];
    for (kind, precision) in precise {
        let kernel = Kernel { kind, variance: 1.7, lengthscales: vec![0.7, 1.0 / 3.0, 0.1] };
        // Inducing points that are data: some of V needs what rounding took.
        let inducing = Inducing::Given(rows[..3 * 20].to_vec());
        let options = ResidualOptions { kernel, inducing, precision, ..ResidualOptions::default() };
        let tree = residual::build(&rows, 3, &options);
        let before = tree.predecessors(7, &search, &cancel, &progress).unwrap();
        tree.save(&path).unwrap();
        let opened = ResidualTree::open(&path).unwrap();
        assert_eq!((opened.options(), opened.envelope()), (tree.options(), tree.envelope()));
        assert_eq!((opened.inducing(), opened.residual_variances()), (tree.inducing(), tree.residual_variances()));
        assert_eq!(opened.report().double, tree.report().double);
        assert_eq!(opened.predecessors(7, &search, &cancel, &progress).unwrap(), before);
        let asked = |tree: &ResidualTree| tree.knn(&queries(), 9, &search, &cancel, &progress).unwrap();
        assert_eq!(asked(&opened), asked(&tree));
        let next = Kernel::new(KernelKind::Matern32, 0.5);
        let refreshed = |tree: &ResidualTree| tree.refreshed(&next, &cancel, &progress).unwrap().envelope();
        assert_eq!(refreshed(&opened), refreshed(&tree));

        let whole = std::fs::read(&path).unwrap();
        let step = whole.len() / 97;
        for at in (0..64).chain((64..whole.len()).step_by(step)) {
            std::fs::write(&other, &whole[..at]).unwrap();
            let code = ResidualTree::open(&other).unwrap_err().code();
            assert!(["INDEX_FOREIGN", "INDEX_TRUNCATED", "INDEX_IO"].contains(&code), "cut at {at}: {code}");
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            std::fs::write(&other, &damaged).unwrap();
            match ResidualTree::open(&other) {
                Err(error) => assert!(DAMAGE.contains(&error.code()), "bit flipped at {at}: {error}"),
                Ok(opened) => assert_eq!(asked(&opened).neighbours, asked(&tree).neighbours, "padding at {at}"),
            }
        }
    }
    // A file of the other kind.
    build(queries(), Geometry::Euclidean).save(&path).unwrap();
    assert_eq!(ResidualTree::open(&path).unwrap_err().code(), "INDEX_FOREIGN");
    assert_eq!(ResidualTree::open(&folder.path().join("none")).unwrap_err().code(), "INDEX_NOT_FOUND");
}

#[test]
fn what_a_newer_version_wrote_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tree");
    build(Points::from_f64(vec![1.0, 2.0], 1).unwrap(), Geometry::Euclidean).save(&path).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] += 1;
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(CoverTree::open(&path).unwrap_err().code(), "INDEX_NEWER");
}

#[test]
fn trees_over_given_factors_and_over_nothing_are_kept() {
    let (cancel, progress, search) = (Cancel::new(), Progress::default(), Search::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tree");
    let points = Points::from_f64(residual::gaussian(2 * 60, 5), 2).unwrap();
    let v: Vec<f64> = residual::gaussian(60 * 3, 8).iter().map(|value| value / 10.0).collect();
    let factors =
        GivenFactors { count: 3, p: v.chunks(3).map(|row| 1.0 - row.iter().map(|x| x * x).sum::<f64>()).collect(), v };
    let options = ResidualOptions::default();
    let tree = ResidualTree::with_factors(&points, &factors, &options, &cancel, &progress).unwrap();
    tree.save(&path).unwrap();
    let opened = ResidualTree::open(&path).unwrap();
    let all = |tree: &ResidualTree| tree.knn_all(5, &search, &cancel, &progress).unwrap();
    assert_eq!(all(&opened), all(&tree));
    assert_eq!(opened.knn(&points, 1, &search, &cancel, &progress).unwrap_err().code(), "FACTORS_NEEDED");

    residual::build(&[], 2, &options).save(&path).unwrap();
    assert_eq!(ResidualTree::open(&path).unwrap().len(), 0);
    assert_eq!(ResidualTree::notes(&path).unwrap(), b"");
    build(Points::from_f64(Vec::new(), 2).unwrap(), Geometry::Euclidean).save(&path).unwrap();
    assert_eq!(CoverTree::open(&path).unwrap().len(), 0);
}

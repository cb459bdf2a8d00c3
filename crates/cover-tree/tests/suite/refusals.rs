//! Bad input is refused with a code; cancelled work says so.

use crate::cases::build;
use canopy_core::{Cancel, Coded, Fault, Progress};
use canopy_cover_tree::{CoverTree, Error, Geometry, MAX_K, MISSING, Options, Points};

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    let error = result.expect_err("the call must be refused");
    assert_ne!(error.fault(), Fault::Internal);
    error.code()
}

#[test]
fn points() {
    assert_eq!(code(Points::from_f32(&[1.0], 0)), "POINTS_DIMENSION");
    assert_eq!(code(Points::from_f32(&[1.0; 33], 33)), "POINTS_DIMENSION");
    assert_eq!(code(Points::from_f32(&[1.0; 5], 2)), "POINTS_LENGTH");
    assert_eq!(Points::from_f32(&[1.0, 2.0, 3.0, f32::NAN], 2), Err(Error::NotFinite { row: 1, column: 1 }));
    assert_eq!(code(Points::from_f64(vec![f64::NEG_INFINITY], 1)), "POINTS_NOT_FINITE");
    assert_eq!(code(Points::from_f64(vec![1e38], 1)), "POINTS_MAGNITUDE");
    assert!(Points::from_f32(&[1.0; 64], 32).is_ok());
}

#[test]
fn queries() {
    let tree = build(Points::from_f32(&[0.0, 1.0, 2.0, 3.0], 2).unwrap(), Geometry::Euclidean);
    let (cancel, progress) = (Cancel::new(), Progress::default());
    let query = || Points::from_f32(&[0.0, 0.0], 2).unwrap();
    for k in [0, MAX_K + 1] {
        assert_eq!(code(tree.knn(query(), k, &cancel, &progress)), "NEIGHBOURS_COUNT");
        assert_eq!(code(tree.knn_all(k, &cancel, &progress)), "NEIGHBOURS_COUNT");
        assert_eq!(code(tree.predecessors(k, &cancel, &progress)), "NEIGHBOURS_COUNT");
    }
    for radius in [f64::NAN, f64::INFINITY, -1.0] {
        assert_eq!(code(tree.radius(query(), radius, &cancel, &progress)), "NEIGHBOURS_RADIUS");
    }
    assert_eq!(code(tree.knn(Points::from_f32(&[0.0], 1).unwrap(), 1, &cancel, &progress)), "POINTS_DIMENSION");
}

#[test]
fn directions() {
    let points = Points::from_f32(&[1.0, 0.0, 0.0, 0.0], 2).unwrap();
    let built = CoverTree::build(points, Geometry::Angular, &Options::default(), &Cancel::new(), &Progress::default());
    assert_eq!(built.unwrap_err(), Error::Zero { row: 1 });
}

#[test]
fn no_point_and_one_point() {
    let (cancel, progress) = (Cancel::new(), Progress::default());
    for geometry in [Geometry::Euclidean, Geometry::Angular] {
        let none = build(Points::from_f32(&[], 3).unwrap(), geometry.clone());
        assert_eq!(none.validate(), Ok(()));
        let query = || Points::from_f32(&[1.0, 2.0, 3.0], 3).unwrap();
        assert_eq!(none.knn(query(), 2, &cancel, &progress).unwrap().ids, [MISSING; 2]);
        assert_eq!(none.radius(query(), 1.0, &cancel, &progress).unwrap().starts, [0, 0]);
        assert!(none.knn_all(2, &cancel, &progress).unwrap().ids.is_empty());
        assert!(none.predecessors(2, &cancel, &progress).unwrap().ids.is_empty());

        let one = build(query(), geometry);
        assert_eq!(one.validate(), Ok(()));
        assert_eq!(one.knn(query(), 2, &cancel, &progress).unwrap().ids, [0, MISSING]);
        assert_eq!(one.knn_all(1, &cancel, &progress).unwrap().ids, [MISSING]);
        assert_eq!(one.predecessors(1, &cancel, &progress).unwrap().distances, [f32::INFINITY]);
        assert!(one.knn(Points::from_f32(&[], 3).unwrap(), 1, &cancel, &progress).unwrap().ids.is_empty());
    }
}

#[test]
fn cancelled_before_and_half_way() {
    let points = || Points::from_f64((0..60_000).map(|i| f64::from(i * 7919 % 60_013)).collect(), 3).unwrap();
    let raised = Cancel::new();
    raised.cancel();
    let quiet = Progress::default();
    let built = CoverTree::build(points(), Geometry::Euclidean, &Options::default(), &raised, &quiet);
    assert_eq!(code(built), "CANCELLED");
    // The first report cancels, so the work is under way.
    let (half_way, seen) = (Cancel::new(), Cancel::new());
    let (raise, note) = (half_way.clone(), seen.clone());
    let progress = Progress::new(move |_, _| {
        note.cancel();
        raise.cancel();
    });
    let built = CoverTree::build(points(), Geometry::Euclidean, &Options::default(), &half_way, &progress);
    assert_eq!(code(built), "CANCELLED");
    assert!(seen.is_cancelled());

    let tree = build(points(), Geometry::Euclidean);
    assert_eq!(code(tree.knn(points(), 3, &raised, &quiet)), "CANCELLED");
    assert_eq!(code(tree.radius(points(), 3.0, &raised, &quiet)), "CANCELLED");
    assert_eq!(code(tree.knn_all(3, &raised, &quiet)), "CANCELLED");
    assert_eq!(code(tree.predecessors(3, &raised, &quiet)), "CANCELLED");
    // The tree is none the worse for it.
    assert_eq!(tree.knn_all(1, &Cancel::new(), &quiet).unwrap().ids.len(), 20_000);
}

//! Bad input and cancelling.

use super::*;
use crate::Error;
use crate::graph::Vectors;
use canopy_core::Coded;

fn build(slots: &[u32], rows: &[f32], dim: usize, options: BuildOptions, cancel: &Cancel) -> Result<GraphIndex, Error> {
    GraphIndex::build(slots, Rows::new(rows, dim).unwrap(), MetricKind::Cosine, options, cancel, &Progress::default())
}

#[test]
fn each_refusal_has_its_code() {
    let (default, calm) = (BuildOptions::default(), Cancel::new());
    let refused = [
        (build(&[0], &[1.0; 4], 2, default, &calm).unwrap_err(), "VECTOR_COUNT"),
        (build(&[3, 3], &[1.0; 4], 2, default, &calm).unwrap_err(), "VECTOR_DUPLICATE"),
        (build(&[0, 1], &[1.0, 1.0, 0.0, 0.0], 2, default, &calm).unwrap_err(), "VECTOR_ZERO"),
        (build(&[0, 1], &[1.0, 1.0, f32::NAN, 0.0], 2, default, &calm).unwrap_err(), "VECTOR_NOT_FINITE"),
        (build(&[0], &[1.0; 2], 2, BuildOptions { degree: 3, ..default }, &calm).unwrap_err(), "INDEX_OPTION"),
        (build(&[0], &[1.0; 2], 2, BuildOptions { ef: 1, ..default }, &calm).unwrap_err(), "INDEX_OPTION"),
        (build(&[0], &[1.0; 2], 2, BuildOptions { alpha: f32::NAN, ..default }, &calm).unwrap_err(), "INDEX_OPTION"),
    ];
    for (error, code) in refused {
        assert_eq!(error.code(), code, "{error}");
        assert!(!error.to_string().is_empty());
    }
    let index = build(&[5], &[1.0, 1.0], 2, default, &calm).unwrap();
    let search = |query: &[f32]| index.search(query, 1, SEARCH, None, &calm).unwrap_err().code();
    assert_eq!(search(&[1.0]), "VECTOR_DIMENSION");
    assert_eq!(search(&[0.0, 0.0]), "VECTOR_ZERO");
    assert_eq!(search(&[0.0, f32::INFINITY]), "VECTOR_NOT_FINITE");
}

/// Vectors that nobody could hold.
struct Billions;

impl Vectors for Billions {
    fn len(&self) -> usize {
        4_000_000_000
    }
    fn dim(&self) -> usize {
        8
    }
    fn read(&self, _: usize, _: &mut [f32]) {
        unreachable!("too many are refused before the first is read");
    }
}

#[test]
fn four_billion_vectors_are_refused_before_anything_is_read() {
    let (options, calm) = (BuildOptions::default(), Cancel::new());
    let built = GraphIndex::build_over(&[], &Billions, MetricKind::L2, options, &calm, &Progress::default());
    let error = built.unwrap_err();
    assert_eq!(error.code(), "INDEX_TOO_LARGE");
    assert!(error.to_string().contains("4000000000"), "{error}");
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let empty = build(&[], &[], 2, BuildOptions::default(), &Cancel::new()).unwrap();
    assert!(empty.is_empty());
    assert_eq!(empty.search(&[1.0, 0.0], 5, SEARCH, None, &Cancel::new()), Ok(vec![]));
    let one = build(&[u32::MAX], &[1.0, 1.0], 2, BuildOptions::default(), &Cancel::new()).unwrap();
    let asked = SearchOptions { ef: 0, rerank: 0 };
    assert_eq!(one.search(&[1.0, 0.0], usize::MAX, asked, None, &Cancel::new()).unwrap()[0].slot, u32::MAX);
    assert_eq!(one.search(&[1.0, 0.0], 0, asked, None, &Cancel::new()), Ok(vec![]));
}

#[test]
fn a_build_stops_when_cancelled() {
    let rows = clusters(3000, 20, 1);
    let cancel = Cancel::new();
    let raise = cancel.clone();
    let progress = Progress::new(move |_, _| raise.cancel());
    let rows = Rows::new(&rows, 20).unwrap();
    let stopped = GraphIndex::build(&slots(3000), rows, MetricKind::L2, BuildOptions::default(), &cancel, &progress);
    assert_eq!(stopped.unwrap_err().code(), "CANCELLED");
    let index = build(&[1], &[1.0, 1.0], 2, BuildOptions::default(), &Cancel::new()).unwrap();
    assert_eq!(index.search(&[1.0, 1.0], 1, SEARCH, None, &cancel).unwrap_err().code(), "CANCELLED");
}

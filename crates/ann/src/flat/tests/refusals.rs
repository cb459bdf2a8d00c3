//! Bad input and cancelling.

use super::*;
use crate::Error;
use canopy_core::{Cancel, Coded, SlotSet};

#[test]
fn each_refusal_has_its_code_and_changes_nothing() {
    let mut index = FlatIndex::new(3, MetricKind::Cosine).unwrap();
    index.upsert(4, &[1.0, 0.0, 0.0]).unwrap();
    let rows = |values: &'static [f32], dim| Rows::new(values, dim).unwrap();
    let refused = [
        (index.upsert(5, &[1.0, 2.0]).unwrap_err(), "VECTOR_DIMENSION"),
        (index.upsert(5, &[1.0, f32::NAN, 0.0]).unwrap_err(), "VECTOR_NOT_FINITE"),
        (index.upsert(5, &[f32::INFINITY, 0.0, 0.0]).unwrap_err(), "VECTOR_NOT_FINITE"),
        (index.upsert(4, &[0.0, -0.0, 0.0]).unwrap_err(), "VECTOR_ZERO"),
        (index.extend(&[1], rows(&[1.0; 6], 3)).unwrap_err(), "VECTOR_COUNT"),
        (index.extend(&[1, 2], rows(&[1.0; 4], 2)).unwrap_err(), "VECTOR_DIMENSION"),
        (index.extend(&[1, 2], rows(&[1.0, 1.0, 1.0, 1.0, 1.0, f32::NAN], 3)).unwrap_err(), "VECTOR_NOT_FINITE"),
        (index.search(&[0.0; 3], 1, None, &Cancel::new()).unwrap_err(), "VECTOR_ZERO"),
        (index.search(&[0.0; 4], 1, None, &Cancel::new()).unwrap_err(), "VECTOR_DIMENSION"),
        (index.search(&[f32::NAN; 3], 0, None, &Cancel::new()).unwrap_err(), "VECTOR_NOT_FINITE"),
        (FlatIndex::new(0, MetricKind::L2).unwrap_err(), "VECTOR_DIMENSION"),
        (FlatIndex::new(super::super::MAX_DIM + 1, MetricKind::L2).unwrap_err(), "VECTOR_DIMENSION"),
        (FlatIndex::new(2, MetricKind::L2).unwrap().upsert(0, &[1e30, 1.0]).unwrap_err(), "VECTOR_NORM"),
    ];
    for (error, code) in refused {
        assert_eq!(error.code(), code, "{error}");
        assert!(!error.to_string().is_empty());
    }
    assert_eq!(
        index.extend(&[1, 2], rows(&[1.0, 1.0, 1.0, 1.0, 1.0, f32::NAN], 3)),
        Err(Error::NotFinite { row: 1, column: 2 })
    );
    assert_eq!((index.len(), index.vector(4)), (1, Some(&[1.0, 0.0, 0.0][..])));
}

#[test]
fn nothing_is_found_where_nothing_is_or_may_be() {
    let mut index = FlatIndex::new(2, MetricKind::Dot).unwrap();
    let cancel = Cancel::new();
    assert_eq!(index.search(&[1.0, 1.0], 5, None, &cancel), Ok(vec![]));
    index.upsert(1, &[1.0, 1.0]).unwrap();
    assert_eq!(index.search(&[1.0, 1.0], 0, None, &cancel), Ok(vec![]));
    assert_eq!(index.search(&[1.0, 1.0], 5, Some(&SlotSet::new()), &cancel), Ok(vec![]));
    assert_eq!(index.search(&[1.0, 1.0], usize::MAX, None, &cancel).unwrap().len(), 1);
    // A zero query has inner products, all of them 0.
    assert_eq!(index.search(&[0.0, 0.0], 5, None, &cancel).unwrap()[0].score, 0.0);
    assert!(index.score(&[1.0, 1.0], &[1, 2]).unwrap()[1].is_nan());
}

#[test]
fn cosine_takes_vectors_of_any_size() {
    let mut index = FlatIndex::new(2, MetricKind::Cosine).unwrap();
    index.upsert(0, &[f32::MAX, f32::MAX]).unwrap();
    index.upsert(1, &[1e-45, 0.0]).unwrap();
    let hits = index.search(&[3e38, 3e38], 2, None, &Cancel::new()).unwrap();
    assert!((hits[0].score - 1.0).abs() < 1e-6 && (hits[1].score - 0.5_f32.sqrt()).abs() < 1e-6, "{hits:?}");
}

#[test]
fn a_raised_flag_ends_every_search() {
    let values = vectors(Shape::Normal, 3000, 8, &mut Random(3));
    let index = index_of(&values, 8, MetricKind::L2, |i| i);
    let cancel = Cancel::new();
    cancel.cancel();
    let code = |error: Error| error.code();
    assert_eq!(index.search(&values[..8], 3, None, &cancel).map_err(code), Err("CANCELLED"));
    assert_eq!(index.search_f32(&values[..8], 3, None, &cancel).map_err(code), Err("CANCELLED"));
    let rows = Rows::new(&values, 8).unwrap();
    assert_eq!(index.search_batch(rows, 3, None, &cancel).map_err(code), Err("CANCELLED"));
}

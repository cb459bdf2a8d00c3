//! Data that break things, and the answers that can't be argued with.

use canopy_core::{Cancel, Progress};
use canopy_cover_tree::{CoverTree, Geometry, MISSING, Neighbours, Options, Points};
use proptest::prelude::*;

/// Points of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) dim: usize,
    pub(crate) rows: Vec<f64>,
}

impl Case {
    pub(crate) fn points(&self) -> Points {
        Points::from_f64(self.rows.clone(), self.dim).expect("finite points")
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len() / self.dim
    }

    pub(crate) fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * self.dim..(i + 1) * self.dim]
    }
}

pub(crate) fn build(points: Points, geometry: Geometry) -> CoverTree {
    CoverTree::build(points, geometry, &Options::default(), &Cancel::new(), &Progress::default())
        .expect("a sound metric, and nobody cancels")
}

/// The squared distance as a brute force in `f64` adds it up.
pub(crate) fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b))
}

/// Everything a query may see, nearest first: `(measure, id)`.
pub(crate) fn ranked(case: &Case, measure: impl Fn(&[f64]) -> f64, may: impl Fn(usize) -> bool) -> Vec<(f64, u32)> {
    let mut all: Vec<_> = (0..case.len()).filter(|&j| may(j)).map(|j| (measure(case.row(j)), j as u32)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}

/// Row `row` of an answer must hold exactly these, in this order, and nothing after them.
pub(crate) fn assert_row(found: &Neighbours, row: usize, expected: &[(f64, u32)], outward: impl Fn(f64) -> f64) {
    let range = row * found.k..(row + 1) * found.k;
    let (ids, distances) = (&found.ids[range.clone()], &found.distances[range]);
    for place in 0..found.k {
        let (id, distance) =
            expected.get(place).map_or((MISSING, f32::INFINITY), |&(measure, id)| (id, outward(measure) as f32));
        assert_eq!((ids[place], distances[place]), (id, distance), "query {row}, place {place}");
    }
}

/// Any kind of data, from no point to some hundreds.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    (1_usize..7, 0_usize..260, 0_usize..9).prop_flat_map(|(dim, n, kind)| {
        prop::collection::vec((-1.0_f64..1.0, -20_i32..20), n * dim)
            .prop_map(move |drawn| Case { dim, rows: shape(kind, dim, &drawn) })
    })
}

fn shape(kind: usize, dim: usize, drawn: &[(f64, i32)]) -> Vec<f64> {
    let value = |at: usize, (x, i): (f64, i32)| match kind {
        0 => x,
        // All at one place.
        1 => 3.25,
        // On a line through space, with ties.
        2 => f64::from(drawn[at / dim * dim].1) * (1.0 + (at % dim) as f64),
        // One coordinate is constant.
        3 if at.is_multiple_of(dim) => 7.0,
        3 => x,
        // Few places, many duplicates and ties.
        4 => f64::from(i / 8),
        // Clusters far apart and narrow: `f32` sees each as one point.
        5 => f64::from(drawn[at / dim * dim].1.signum()) * 1e7 + x * 1e-4,
        // A common offset.
        6 => 1e7 + x,
        // Many magnitudes.
        7 => x * 10_f64.powi(i),
        // Single precision, offset: what a caller with `f32` data sends.
        _ => f64::from((1e7 + 40.0 * x) as f32),
    };
    drawn.iter().enumerate().map(|(at, &drawn)| value(at, drawn)).collect()
}

//! Bars and diagrams.

use crate::error::Error;

/// Marks a corner that a simplex doesn't have.
pub const MISSING: u32 = u32::MAX;

/// A homology class: when it appears, when it goes, and by which simplices.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Bar {
    /// 0 for a component, 1 for a loop.
    pub dimension: u8,
    /// Filtration value at which it appears.
    pub birth: f64,
    /// Filtration value at which it goes; infinite when it stays.
    pub death: f64,
    /// Corners of the simplex that creates it: a node for a component, an edge for a loop; [`MISSING`] fills up.
    pub creator: [u32; 3],
    /// Corners of the simplex that ends it: an edge or a triangle, whose first two corners are the edge that sets the value;
    /// [`MISSING`] throughout when it stays.
    pub destroyer: [u32; 3],
}

/// The bars of a graph's flag complex whose death is after their birth: components first, then loops, each by birth and death.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Diagram {
    /// The bars.
    pub bars: Vec<Bar>,
}

impl Diagram {
    /// (birth, death) of the bars of one dimension.
    pub fn points(&self, dimension: u8) -> Vec<(f64, f64)> {
        self.of(dimension).map(|bar| (bar.birth, bar.death)).collect()
    }

    /// The bars of one dimension.
    pub fn of(&self, dimension: u8) -> impl Iterator<Item = &Bar> {
        self.bars.iter().filter(move |bar| bar.dimension == dimension)
    }

    pub(crate) fn sort(&mut self) {
        self.bars.sort_unstable_by(|x, y| {
            let key = |bar: &Bar| (bar.dimension, bar.creator, bar.destroyer);
            x.dimension
                .cmp(&y.dimension)
                .then(x.birth.total_cmp(&y.birth))
                .then(x.death.total_cmp(&y.death))
                .then(key(x).cmp(&key(y)))
        });
    }
}

/// (birth, death) each.
pub(crate) type Points = Vec<(f64, f64)>;

/// Splits the points of a diagram into finite ones off the diagonal and the births of infinite ones.
pub(crate) fn split(points: &[(f64, f64)], limit: usize) -> Result<(Points, Vec<f64>), Error> {
    if points.len() > limit {
        return Err(Error::TooLarge { received: points.len(), limit });
    }
    let mut finite = Vec::with_capacity(points.len());
    let mut endless = Vec::new();
    for (row, &(birth, death)) in points.iter().enumerate() {
        if !birth.is_finite() || death.is_nan() || death < birth {
            return Err(Error::Point { row, birth, death });
        }
        if death == f64::INFINITY {
            endless.push(birth);
        } else if death > birth {
            finite.push((birth, death));
        }
    }
    endless.sort_unstable_by(f64::total_cmp);
    Ok((finite, endless))
}

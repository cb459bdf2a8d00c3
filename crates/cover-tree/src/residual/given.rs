//! V and p from elsewhere.

use super::engine::FINE;
use super::matrix::Matrix;
use super::real::Real;
use super::root::{Factors, VARIANCE_FLOOR};
use crate::error::Error;

/// Rows of V and residual variances of some points, in the order of the points.
///
/// A `p` of 0 or less (cancellation leaves such) is floored at [`VARIANCE_FLOOR`] of the kernel's variance like those computed
/// here.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenFactors {
    /// Values a row of V: inducing points.
    pub count: usize,
    /// Rows of V, row-major.
    pub v: Vec<f64>,
    /// Residual variances.
    pub p: Vec<f64>,
}

impl GivenFactors {
    /// From `f32`.
    pub fn from_f32(count: usize, v: &[f32], p: &[f32]) -> Self {
        let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect();
        Self { count, v: wide(v), p: wide(p) }
    }

    /// Checks that there are rows for so many points.
    ///
    /// # Errors
    /// [`Error::FactorsLength`], [`Error::FactorsNotFinite`].
    pub(crate) fn check(&self, points: usize) -> Result<(), Error> {
        if self.count == 0 || self.v.len() != points * self.count || self.p.len() != points {
            let (expected, received) = ((points * self.count, points), (self.v.len(), self.p.len()));
            return Err(Error::FactorsLength { expected, received });
        }
        let bad = |values: &[f64]| values.iter().position(|value| !value.is_finite() || value.abs() > 1e15);
        match bad(&self.v).map(|at| at / self.count).or(bad(&self.p)) {
            Some(row) => Err(Error::FactorsNotFinite { row }),
            None => Ok(()),
        }
    }

    /// Whether some point is too much for `f32`.
    pub(crate) fn is_fine(&self, variance: f64) -> bool {
        self.p.iter().any(|p| *p < FINE * variance)
    }

    /// The rows of some points, in one precision.
    pub(crate) fn factors<T: Real>(&self, ids: &[u32], variance: f64) -> Factors<T> {
        let mut v = Matrix::<T>::zeros(ids.len(), self.count);
        for (place, &id) in ids.iter().enumerate() {
            let row = &self.v[id as usize * self.count..(id as usize + 1) * self.count];
            v.row_mut(place).iter_mut().zip(row).for_each(|(slot, &value)| *slot = T::from_f64(value));
        }
        let p = ids.iter().map(|&id| self.p[id as usize].max(VARIANCE_FLOOR * variance)).collect();
        Factors { v, rest: None, p }
    }
}

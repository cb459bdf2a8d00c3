//! The ball itself: curvature, radius, margin.

use crate::error::Error;
use crate::scalar::Scalar;
use crate::tile::{Side, View};

/// The Poincaré ball of curvature κ < 0: all points with `|x| < 1 / sqrt(-κ)`.
///
/// Points stand row-major, `dim` coordinates each, as `f64`, `f32` or `f16`; arithmetic is `f64` throughout. Conventions are
/// those of Ganea, Bécigneul and Hofmann (2018): the metric at 0 is four times the Euclidean one, so `d(0, exp0(v)) = 2 |v|`.
/// After every operation points lie within `radius (1 - margin)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ball {
    /// -κ.
    pub(crate) c: f64,
    pub(crate) sqrt_c: f64,
    margin: Option<f64>,
}

/// What rounding may add to a norm that was scaled to the limit.
const SCALING: f64 = 1.0 / (1_u64 << 50) as f64;

/// How far out points of one storage may lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// Largest radius in the unit ball.
    pub(crate) rho: f64,
    /// `1 - rho²`.
    pub(crate) gap: f64,
    /// Below this gap, rounding to the storage might lead past the limit.
    pub(crate) inward_gap: f64,
}

impl Ball {
    /// The ball of curvature `kappa`, with the margin of the storage: 1e-6 for `f64` and `f32`, 2⁻¹¹ for `f16`.
    ///
    /// # Errors
    /// [`Error::Curvature`] unless `-1e12 <= kappa <= -1e-12`.
    pub fn new(kappa: f64) -> Result<Self, Error> {
        if (-1e12..=-1e-12).contains(&kappa) {
            Ok(Self { c: -kappa, sqrt_c: (-kappa).sqrt(), margin: None })
        } else {
            Err(Error::Curvature { received: kappa })
        }
    }

    /// The same ball with another margin, in coordinates of the unit ball. Storage that can't keep so small a margin keeps
    /// its least one (1e-15 for `f64`, 1e-6 for `f32`, 2⁻¹¹ for `f16`).
    ///
    /// # Errors
    /// [`Error::Margin`] unless `1e-15 <= margin <= 0.5`.
    pub fn with_margin(self, margin: f64) -> Result<Self, Error> {
        if (1e-15..=0.5).contains(&margin) {
            Ok(Self { margin: Some(margin), ..self })
        } else {
            Err(Error::Margin { received: margin })
        }
    }

    /// The curvature κ.
    pub fn kappa(&self) -> f64 {
        -self.c
    }

    /// The radius, `1 / sqrt(-κ)`.
    pub fn radius(&self) -> f64 {
        1.0 / self.sqrt_c
    }

    /// The distance that points of this storage keep from the rim, in coordinates of the unit ball.
    pub fn margin<T: Scalar>(&self) -> f64 {
        self.margin.unwrap_or(T::MARGIN).max(T::LEAST_MARGIN)
    }

    pub(crate) fn limit<T: Scalar>(&self) -> Limit {
        let margin = self.margin::<T>() + SCALING;
        let inward = (margin + 4.0 * T::EPSILON).min(1.0);
        Limit { rho: 1.0 - margin, gap: margin * (2.0 - margin), inward_gap: inward * (2.0 - inward) }
    }

    /// The same ball with the finest margin that `f64` can keep, for steps between two roundings.
    pub(crate) fn finest(self) -> Self {
        Self { margin: Some(f64::LEAST_MARGIN), ..self }
    }

    /// A point rounded to its storage and clamped to the margin.
    pub(crate) fn stored<T: Scalar>(&self, point: &[f64]) -> Vec<T> {
        let limit = self.limit::<T>();
        let mut side = Side::new(point.len());
        let View { squares, gaps, .. } = side.points(self, point, point.len());
        let factor = if gaps[0] < limit.gap { limit.rho / (self.sqrt_c * squares[0].sqrt()) } else { 1.0 };
        let wide: Vec<f64> = point.iter().map(|x| x * factor).collect();
        let mut out = vec![T::default(); point.len()];
        if gaps[0] < limit.inward_gap {
            T::narrow_inward(&wide, &mut out);
        } else {
            T::narrow(&wide, &mut out);
        }
        out
    }
}

//! What "near" means.

use std::fmt;
use std::sync::Arc;

/// A distance of the caller's own.
///
/// Only the triangle inequality is relied upon (with symmetry and `distance(a, a) = 0`), up to a relative error of 1e-9.
/// Distances must be finite and not negative; those below 2^-1000 count as 0.
pub trait Metric: Send + Sync {
    /// The distance of two points of equal dimension.
    fn distance(&self, a: &[f64], b: &[f64]) -> f64;
}

/// How the points of a tree are compared.
#[derive(Clone, Default)]
pub enum Geometry {
    /// Straight lines.
    #[default]
    Euclidean,
    /// The angle between directions, in radians, 0 to π. Lengths don't matter; zero vectors are refused.
    Angular,
    /// A metric of the caller's.
    Custom(Arc<dyn Metric>),
}

impl Geometry {
    /// The distance reported for a distance of the structure: angles are kept as chords of the unit sphere inside.
    pub(crate) fn outward(&self, distance: f64) -> f64 {
        match self {
            Self::Angular => 2.0 * (distance / 2.0).min(1.0).asin(),
            _ => distance,
        }
    }

    /// The distance of the structure for one that the caller names.
    pub(crate) fn inward(&self, distance: f64) -> f64 {
        match self {
            // A chord never exceeds 2, so every angle from π on takes everything in.
            Self::Angular if distance >= std::f64::consts::PI => 2.5,
            Self::Angular => 2.0 * (distance / 2.0).sin(),
            _ => distance,
        }
    }
}

impl fmt::Debug for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Euclidean => "Euclidean",
            Self::Angular => "Angular",
            Self::Custom(_) => "Custom",
        })
    }
}

/// Straight lines; chords too, once the points lie on the unit sphere.
pub(crate) struct Straight;

impl Metric for Straight {
    #[inline]
    fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        square(a, b).sqrt()
    }
}

/// Squared Euclidean distance, added in the order of the coordinates: the bits a brute force in `f64` computes.
#[inline]
pub(crate) fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b))
}

//! Covariance kernels: what the parameters may be, and their values in `f64`.

use crate::error::Error;
use serde::{Deserialize, Serialize};

/// The shape of a stationary covariance, as a function of `r = |x - y|` in units of the lengthscale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum KernelKind {
    /// `exp(-r)`: continuous, nowhere smooth.
    Matern12,
    /// `(1 + √3 r) exp(-√3 r)`.
    Matern32,
    /// `(1 + √5 r + 5/3 r²) exp(-√5 r)`.
    Matern52,
    /// `exp(-r² / 2)`, also called squared exponential.
    Rbf,
}

impl KernelKind {
    /// The stable name used in files, JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matern12 => "matern12",
            Self::Matern32 => "matern32",
            Self::Matern52 => "matern52",
            Self::Rbf => "rbf",
        }
    }

    /// The kernel with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Matern12, Self::Matern32, Self::Matern52, Self::Rbf].into_iter().find(|kind| kind.as_str() == name)
    }

    /// Correlation at a squared distance in units of the lengthscale, by the mathematical library.
    pub fn correlation(self, square: f64) -> f64 {
        let r = square.sqrt();
        match self {
            Self::Matern12 => (-r).exp(),
            Self::Matern32 => {
                let a = 3_f64.sqrt() * r;
                (1.0 + a) * (-a).exp()
            }
            Self::Matern52 => {
                let a = 5_f64.sqrt() * r;
                (1.0 + a + a * a / 3.0) * (-a).exp()
            }
            Self::Rbf => (-square / 2.0).exp(),
        }
    }
}

/// A kernel and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// The shape.
    pub kind: KernelKind,
    /// Variance of the process, above 0.
    pub variance: f64,
    /// One lengthscale for all coordinates, or one for each; all above 0.
    pub lengthscales: Vec<f64>,
}

impl Kernel {
    /// A kernel of variance 1 and one lengthscale.
    pub fn new(kind: KernelKind, lengthscale: f64) -> Self {
        Self { kind, variance: 1.0, lengthscales: vec![lengthscale] }
    }

    /// The inverse lengthscale of each of `dim` coordinates.
    ///
    /// # Errors
    /// [`Error::Variance`], [`Error::Lengthscale`], [`Error::Lengthscales`].
    pub(crate) fn scales(&self, dim: usize) -> Result<Vec<f64>, Error> {
        if !(self.variance.is_finite() && self.variance > 0.0) {
            return Err(Error::Variance { received: self.variance });
        }
        if self.lengthscales.len() != 1 && self.lengthscales.len() != dim {
            return Err(Error::Lengthscales { expected: dim, received: self.lengthscales.len() });
        }
        let fits = |&length: &f64| length.is_finite() && length > 0.0 && (1.0 / length).is_finite();
        match self.lengthscales.iter().position(|length| !fits(length)) {
            Some(axis) => Err(Error::Lengthscale { axis, received: self.lengthscales[axis] }),
            None => Ok((0..dim).map(|axis| 1.0 / self.lengthscales[axis % self.lengthscales.len()]).collect()),
        }
    }

    /// Covariance of two points, each coordinate divided by its lengthscale.
    pub fn covariance(&self, a: &[f64], b: &[f64]) -> f64 {
        let length = |axis: usize| self.lengthscales[axis % self.lengthscales.len()];
        let gaps = a.iter().zip(b).enumerate().map(|(axis, (a, b))| (a - b) / length(axis));
        self.variance * self.kind.correlation(gaps.map(|gap| gap * gap).sum())
    }
}

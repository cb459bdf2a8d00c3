//! Points as the caller sent them, checked and widened to `f64`.

use crate::error::Error;
use canopy_file::Numbers;

/// Most coordinates a point may have.
pub const MAX_DIM: usize = 32;
/// Largest coordinate by magnitude: distances between such points still fit `f32`.
pub const MAX_MAGNITUDE: f64 = 1e37;
/// Most points a tree holds; the id above the last one means "missing".
pub const MAX_POINTS: usize = u32::MAX as usize - 64;

/// Checked points, row-major, exactly as sent.
///
/// No offset is subtracted here: differences of the original numbers are what a brute force in `f64` looks at, and every
/// distance that decides an answer is computed from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    rows: Numbers<f64>,
    dim: usize,
}

impl Points {
    /// Points of `dim` coordinates each, from `f32`; every `f32` is an `f64`, so nothing is rounded.
    ///
    /// # Errors
    /// [`Error::DimensionRange`], [`Error::Length`], [`Error::NotFinite`], [`Error::Magnitude`], [`Error::TooMany`].
    pub fn from_f32(values: &[f32], dim: usize) -> Result<Self, Error> {
        Self::from_f64(values.iter().copied().map(f64::from).collect(), dim)
    }

    /// Points of `dim` coordinates each.
    ///
    /// # Errors
    /// Those of [`Points::from_f32`].
    pub fn from_f64(values: Vec<f64>, dim: usize) -> Result<Self, Error> {
        if !(1..=MAX_DIM).contains(&dim) {
            return Err(Error::DimensionRange { received: dim });
        }
        if !values.len().is_multiple_of(dim) {
            return Err(Error::Length { len: values.len(), dim });
        }
        if values.len() / dim > MAX_POINTS {
            return Err(Error::TooMany { received: values.len() / dim });
        }
        // NaN is in no range, so one pass finds all bad values.
        match values.iter().position(|value| !(-MAX_MAGNITUDE..=MAX_MAGNITUDE).contains(value)) {
            None => Ok(Self { rows: values.into(), dim }),
            Some(at) if values[at].is_finite() => Err(Error::Magnitude { row: at / dim, column: at % dim }),
            Some(at) => Err(Error::NotFinite { row: at / dim, column: at % dim }),
        }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.rows.len() / self.dim
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Coordinates a point.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Point `i`.
    ///
    /// # Panics
    /// When `i` isn't below [`Points::len`].
    #[inline]
    pub fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * self.dim..(i + 1) * self.dim]
    }

    /// The points in order.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.rows.chunks_exact(self.dim)
    }

    /// Points of a file, which were checked before they were saved.
    pub(crate) fn mapped(rows: Numbers<f64>, dim: usize) -> Self {
        Self { rows, dim }
    }

    /// These points, then others of as many coordinates.
    pub(crate) fn and(&self, others: &Self) -> Self {
        Self { rows: [&self.rows[..], &others.rows[..]].concat().into(), dim: self.dim }
    }

    /// The points' coordinates, row-major.
    pub(crate) fn values(&self) -> &[f64] {
        &self.rows
    }

    /// The same points scaled to length 1.
    ///
    /// # Errors
    /// [`Error::Zero`] with the first point that has no direction.
    pub(crate) fn into_directions(self) -> Result<Self, Error> {
        let mut rows = self.rows.to_vec();
        for (row, point) in rows.chunks_exact_mut(self.dim).enumerate() {
            // Scaled by the largest coordinate first, so that no square overflows or vanishes.
            let largest = point.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
            if largest == 0.0 {
                return Err(Error::Zero { row });
            }
            point.iter_mut().for_each(|value| *value /= largest);
            let norm = point.iter().map(|value| value * value).sum::<f64>().sqrt();
            point.iter_mut().for_each(|value| *value /= norm);
        }
        Ok(Self { rows: rows.into(), dim: self.dim })
    }
}

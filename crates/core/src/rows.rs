//! A borrowed, row-major matrix.

use crate::fault::{Coded, Fault};

/// `len` rows of `dim` values each, row-major and contiguous.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, T> {
    data: &'a [T],
    dim: usize,
}

/// The values don't form whole, finite rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// Rows need at least one column.
    #[error("dimension is 0: a row needs at least one value")]
    ZeroDimension,
    /// The last row is incomplete.
    #[error("{len} values don't divide into rows of {dim}: send a multiple of {dim} values")]
    Ragged {
        /// Values received.
        len: usize,
        /// Values a row.
        dim: usize,
    },
    /// A value is NaN or infinite.
    #[error("row {row}, column {column} is not a finite number: remove or replace it before sending")]
    NotFinite {
        /// Row of the first such value.
        row: usize,
        /// Its column.
        column: usize,
    },
}

impl<'a, T> Rows<'a, T> {
    /// Views `data` as rows of `dim` values.
    ///
    /// # Errors
    /// [`ShapeError::ZeroDimension`] or [`ShapeError::Ragged`].
    pub fn new(data: &'a [T], dim: usize) -> Result<Self, ShapeError> {
        if dim == 0 {
            return Err(ShapeError::ZeroDimension);
        }
        if !data.len().is_multiple_of(dim) {
            return Err(ShapeError::Ragged { len: data.len(), dim });
        }
        Ok(Self { data, dim })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.data.len() / self.dim
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Values a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Row `i`.
    ///
    /// # Panics
    /// When `i` isn't below [`Rows::len`].
    pub fn row(&self, i: usize) -> &'a [T] {
        &self.data[i * self.dim..(i + 1) * self.dim]
    }

    /// All values, row after row.
    pub fn data(&self) -> &'a [T] {
        self.data
    }

    /// The rows in order.
    pub fn iter(&self) -> std::slice::ChunksExact<'a, T> {
        self.data.chunks_exact(self.dim)
    }
}

impl Rows<'_, f32> {
    /// Checks that no value is NaN or infinite.
    ///
    /// # Errors
    /// [`ShapeError::NotFinite`] with the first place.
    pub fn check_finite(&self) -> Result<(), ShapeError> {
        match self.data.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(at) => Err(ShapeError::NotFinite { row: at / self.dim, column: at % self.dim }),
        }
    }
}

impl Coded for ShapeError {
    fn code(&self) -> &'static str {
        match self {
            Self::ZeroDimension | Self::Ragged { .. } => "VECTOR_DIMENSION",
            Self::NotFinite { .. } => "VECTOR_NOT_FINITE",
        }
    }
    fn fault(&self) -> Fault {
        Fault::InvalidInput
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_checked() {
        assert_eq!(Rows::new(&[1.0_f32], 0).err(), Some(ShapeError::ZeroDimension));
        assert_eq!(Rows::new(&[1.0_f32; 5], 2).err(), Some(ShapeError::Ragged { len: 5, dim: 2 }));
        let rows = Rows::new(&[1.0_f32, 2.0, 3.0, f32::NAN], 2).unwrap();
        assert_eq!(rows.check_finite(), Err(ShapeError::NotFinite { row: 1, column: 1 }));
    }
}

//! Rows of numbers at addresses that whole cache lines start at.

use super::real::Real;
use canopy_file::Buffer;
use rayon::prelude::*;

/// Values of a row are padded with zeros to a multiple of this many: a whole number of vectors in either precision, and of cache
/// lines. A row that straddles lines costs two loads for every vector.
const STEP: usize = 16;

/// `rows` rows of `width` values, each at the start of a cache line, padded with zeros.
#[derive(Debug)]
pub(crate) struct Matrix<T> {
    values: Buffer<T>,
    width: usize,
}

impl<T: Real> Matrix<T> {
    pub(crate) fn zeros(rows: usize, width: usize) -> Self {
        let values = Buffer::zeroed(rows * width.next_multiple_of(STEP)).expect("memory, or the process ends");
        Self { values, width }
    }

    /// The values of a file, laid out as [`Matrix::values`] gives them.
    pub(crate) fn mapped(values: Buffer<T>, width: usize) -> Self {
        Self { values, width }
    }

    /// How many values `rows` rows of `width` take.
    pub(crate) fn size(rows: usize, width: usize) -> usize {
        rows.saturating_mul(width.next_multiple_of(STEP))
    }

    /// Values of a row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Values from one row to the next.
    #[inline]
    pub(crate) fn stride(&self) -> usize {
        self.width.next_multiple_of(STEP)
    }

    #[inline]
    pub(crate) fn values(&self) -> &[T] {
        self.values.get()
    }

    #[inline]
    pub(crate) fn values_mut(&mut self) -> &mut [T] {
        self.values.get_mut().expect("memory, or the process ends")
    }

    #[inline]
    pub(crate) fn row(&self, row: usize) -> &[T] {
        let stride = self.stride();
        &self.values()[row * stride..(row + 1) * stride]
    }

    #[inline]
    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [T] {
        let stride = self.stride();
        &mut self.values_mut()[row * stride..(row + 1) * stride]
    }

    /// Rows of this matrix and, from its last one on, of another: those listed.
    pub(crate) fn picked(&self, more: &Self, list: &[u32]) -> Self {
        let mut out = Self::zeros(list.len(), self.width);
        let own = self.values().len() / self.stride();
        out.values_mut().par_chunks_exact_mut(self.stride()).zip(list).for_each(|(out, &at)| {
            let at = at as usize;
            out.copy_from_slice(if at < own { self.row(at) } else { more.row(at - own) });
        });
        out
    }

    /// The same values in another precision.
    pub(crate) fn rounded<S: Real>(&self) -> Matrix<S> {
        let values = self.values();
        let rows = values.len() / self.stride().max(1);
        let mut out = Matrix::zeros(rows, self.width);
        out.values_mut().iter_mut().zip(values).for_each(|(slot, value)| *slot = S::from_f64(value.to_f64()));
        out
    }

    /// What rounding took: these values less those that were made of them.
    pub(crate) fn less<S: Real>(&self, rounded: &Matrix<S>) -> Matrix<f32> {
        let mut out = Matrix::zeros(self.values().len() / self.stride().max(1), self.width);
        let pairs = self.values().iter().zip(rounded.values());
        out.values_mut()
            .iter_mut()
            .zip(pairs)
            .for_each(|(slot, (value, rounded))| *slot = (value.to_f64() - rounded.to_f64()) as f32);
        out
    }

    pub(crate) fn bytes(&self) -> usize {
        self.values.bytes()
    }
}

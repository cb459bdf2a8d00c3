//! Rows of numbers at addresses that whole cache lines start at.

use super::real::Real;

/// A cache line. A row that straddles lines costs two loads for every vector.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(64))]
struct Line([u64; 8]);

// SAFETY: 64 bytes of plain numbers: no padding, every bit pattern valid.
unsafe impl bytemuck::Zeroable for Line {}
// SAFETY: as above.
unsafe impl bytemuck::Pod for Line {}

/// Values of a row are padded with zeros to a multiple of this many: a whole number of vectors in either precision.
const STEP: usize = 16;

/// `rows` rows of `width` values, each at the start of a cache line, padded with zeros.
#[derive(Debug, Clone)]
pub(crate) struct Matrix<T> {
    lines: Vec<Line>,
    width: usize,
    kind: std::marker::PhantomData<T>,
}

impl<T: Real> Matrix<T> {
    pub(crate) fn zeros(rows: usize, width: usize) -> Self {
        let stride = width.next_multiple_of(STEP);
        let lines = vec![Line::default(); (rows * stride * size_of::<T>()).div_ceil(64)];
        Self { lines, width, kind: std::marker::PhantomData }
    }

    /// Values from one row to the next.
    #[inline]
    pub(crate) fn stride(&self) -> usize {
        self.width.next_multiple_of(STEP)
    }

    #[inline]
    pub(crate) fn values(&self) -> &[T] {
        bytemuck::cast_slice(&self.lines)
    }

    #[inline]
    pub(crate) fn values_mut(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.lines)
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

    /// The same values in another precision.
    pub(crate) fn rounded<S: Real>(&self) -> Matrix<S> {
        let mut out = Matrix { lines: Vec::new(), width: self.width, kind: std::marker::PhantomData };
        let values = self.values();
        out.lines = vec![Line::default(); (values.len() * size_of::<S>()).div_ceil(64)];
        out.values_mut().iter_mut().zip(values).for_each(|(slot, value)| *slot = S::from_f64(value.to_f64()));
        out
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.lines[..])
    }
}

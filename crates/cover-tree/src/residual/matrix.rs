//! Rows of numbers at addresses that whole cache lines start at.

use super::real::Real;
use memmap2::MmapMut;

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

/// From so many bytes on a matrix asks for large pages: rows are read in no order, and a page of 4 KiB holds two of them.
const LARGE: usize = 4 << 20;

/// Where the values lie.
#[derive(Debug)]
enum Lines {
    Heap(Vec<Line>),
    /// Anonymous memory, in large pages where the system has them.
    Pages(MmapMut),
}

impl Lines {
    fn zeros(bytes: usize) -> Self {
        if bytes >= LARGE
            && let Ok(pages) = MmapMut::map_anon(bytes)
        {
            #[cfg(target_os = "linux")]
            // Small pages do as well, only slower.
            drop(pages.advise(memmap2::Advice::HugePage));
            return Self::Pages(pages);
        }
        Self::Heap(vec![Line::default(); bytes.div_ceil(64)])
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Heap(lines) => bytemuck::cast_slice(lines),
            Self::Pages(pages) => pages,
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Heap(lines) => bytemuck::cast_slice_mut(lines),
            Self::Pages(pages) => pages,
        }
    }
}

/// `rows` rows of `width` values, each at the start of a cache line, padded with zeros.
#[derive(Debug)]
pub(crate) struct Matrix<T> {
    lines: Lines,
    width: usize,
    kind: std::marker::PhantomData<T>,
}

impl<T: Real> Matrix<T> {
    pub(crate) fn zeros(rows: usize, width: usize) -> Self {
        let stride = width.next_multiple_of(STEP);
        Self { lines: Lines::zeros(rows * stride * size_of::<T>()), width, kind: std::marker::PhantomData }
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
        bytemuck::cast_slice(self.lines.bytes())
    }

    #[inline]
    pub(crate) fn values_mut(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(self.lines.bytes_mut())
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
        let values = self.values();
        let lines = Lines::zeros(values.len() * size_of::<S>());
        let mut out = Matrix { lines, width: self.width, kind: std::marker::PhantomData };
        out.values_mut().iter_mut().zip(values).for_each(|(slot, value)| *slot = S::from_f64(value.to_f64()));
        out
    }

    pub(crate) fn bytes(&self) -> usize {
        self.lines.bytes().len()
    }
}

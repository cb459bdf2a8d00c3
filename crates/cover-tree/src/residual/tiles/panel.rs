//! Products of rows with a few columns of a matrix: no sum has to be added up across lanes.

use super::Loops;
use crate::residual::real::Real;

/// Columns of a panel.
pub(crate) const COLUMNS: usize = 16;

/// Inner products of rows with [`COLUMNS`] columns that lie side by side.
pub(crate) struct Panel<'a, T> {
    /// Rows of at least `len` values, `stride` apart.
    pub(crate) rows: &'a [T],
    /// How many rows.
    pub(crate) count: usize,
    /// Values from one row to the next.
    pub(crate) stride: usize,
    /// How many values are multiplied.
    pub(crate) len: usize,
    /// `len` times [`COLUMNS`] values: those of all columns for the first value of a row, for the second, and so on.
    pub(crate) columns: &'a [T],
}

impl<T: Real> Panel<'_, T> {
    /// Writes the product of row `r` and column `c` to `out[r * COLUMNS + c]`.
    ///
    /// # Panics
    /// When a length isn't what is written beside it.
    #[inline]
    pub(crate) fn run(&self, loops: &Loops<T>, out: &mut [T]) {
        assert!(self.len <= self.stride && self.count * self.stride <= self.rows.len());
        assert!(self.len * COLUMNS <= self.columns.len() && self.count * COLUMNS <= out.len());
        // SAFETY: every row has `len` values, as has every column, `out` has room for all products, and the loops were chosen
        // for this machine.
        unsafe { (loops.panel)(self, out) }
    }
}

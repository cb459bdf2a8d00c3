//! One query against many rows, row-major and contiguous.

use crate::imp::imp;
use half::f16;

fn whole_rows(dim: usize, values: usize, rows: usize) {
    assert_eq!(
        dim.checked_mul(rows),
        Some(values),
        "{rows} rows of {dim} values expected, received {values} values: check the dimension before calling"
    );
}

macro_rules! rows {
    ($(#[$doc:meta])* $name:ident, $a:ty, $b:ty, $out:ty) => {
        $(#[$doc])*
        /// `rows` holds `out.len()` rows of `query.len()` values; `out[i]` receives the value of row `i`.
        ///
        /// # Panics
        /// When `rows.len() != query.len() * out.len()`.
        #[inline]
        pub fn $name(query: &[$a], rows: &[$b], out: &mut [$out]) {
            whole_rows(query.len(), rows.len(), out.len());
            // SAFETY: the lengths fit, and the table was chosen for this machine.
            unsafe { (imp().$name)(query, rows, out) }
        }
    };
}

rows!(
    /// Inner products of an `f32` query with `f32` rows.
    ///
    dot_rows_f32, f32, f32, f32);
rows!(
    /// Squared Euclidean distances of an `f32` query from `f32` rows.
    ///
    l2sq_rows_f32, f32, f32, f32);
rows!(
    /// Inner products of an `f16` query with `f16` rows.
    ///
    dot_rows_f16, f16, f16, f32);
rows!(
    /// Squared Euclidean distances of an `f16` query from `f16` rows.
    ///
    l2sq_rows_f16, f16, f16, f32);
rows!(
    /// Inner products of an `f32` query with `f16` rows.
    ///
    dot_rows_f32_f16, f32, f16, f32);
rows!(
    /// Squared Euclidean distances of an `f32` query from `f16` rows.
    ///
    l2sq_rows_f32_f16, f32, f16, f32);
rows!(
    /// Inner products of an `f32` query with `u8` rows.
    ///
    dot_rows_f32_u8, f32, u8, f32);
rows!(
    /// Squared Euclidean distances of an `f32` query from `u8` rows.
    ///
    l2sq_rows_f32_u8, f32, u8, f32);
rows!(
    /// Squared Euclidean distances of an `i8` query from `i8` rows; exact up to 33,025 values a row.
    ///
    l2sq_rows_i8, i8, i8, i32);

/// Inner products of an `i8` query with `i8` rows; exact up to 131,071 values a row.
///
/// `rows` holds `out.len()` rows of `query.len()` values; `out[i]` receives the value of row `i`.
///
/// # Panics
/// When `rows.len() != query.len() * out.len()`.
#[inline]
pub fn dot_rows_i8(query: &[i8], rows: &[i8], out: &mut [i32]) {
    whole_rows(query.len(), rows.len(), out.len());
    if query.is_empty() {
        out.fill(0);
    } else {
        dot_block_i8(query, rows, query.len(), out);
    }
}

/// Inner products of several `i8` queries with `i8` rows: each row is read once for all of them.
///
/// `queries` holds `q` and `rows` holds `n` rows of `dim` values; `out` receives `q * n` values, query-major: value
/// `i * n + j` is that of query `i` and row `j`. Exact up to 131,071 values a row.
///
/// # Panics
/// When `dim` is 0, doesn't divide `queries` or `rows`, or `out` has another length.
#[inline]
pub fn dot_block_i8(queries: &[i8], rows: &[i8], dim: usize, out: &mut [i32]) {
    assert_ne!(dim, 0, "rows of no values can't be told apart: give a dimension above 0");
    let (count, asked) = (rows.len() / dim, queries.len() / dim);
    whole_rows(dim, rows.len(), count);
    whole_rows(dim, queries.len(), asked);
    whole_rows(count, out.len(), asked);
    // SAFETY: the lengths fit, and the table was chosen for this machine.
    unsafe { (imp().dot_block_i8)(queries, rows, dim, out) }
}

//! Cosines, made of the inner products in the table.

use crate::{dot_f16, dot_f32, dot_i8};
use half::f16;

/// Whether a sum of squares kept its digits: above the squares of subnormals, below infinity.
pub(crate) fn is_safe(square: f32) -> bool {
    (1e-30..=f32::MAX).contains(&square)
}

/// The cosine from an inner product and two squared norms; 0 where a vector has no direction.
fn ratio(product: f64, a_square: f64, b_square: f64) -> f32 {
    let norms = a_square.sqrt() * b_square.sqrt();
    if norms == 0.0 { 0.0 } else { (product / norms).clamp(-1.0, 1.0) as f32 }
}

/// A stored number as `f64`, for vectors whose squares leave the range of `f32`.
trait Wide: Copy + Into<f64> {}
impl Wide for f32 {}
impl Wide for f16 {}

#[cold]
fn wide<T: Wide>(a: &[T], b: &[T]) -> f32 {
    let dot = |x: &[T], y: &[T]| x.iter().zip(y).map(|(&x, &y)| x.into() * y.into()).sum::<f64>();
    ratio(dot(a, b), dot(a, a), dot(b, b))
}

/// Takes the query's squared norm, so that a scan computes it once.
fn against<T: Wide>(dot: fn(&[T], &[T]) -> f32, a: &[T], b: &[T], a_square: f32) -> f32 {
    let b_square = dot(b, b);
    if is_safe(a_square) && is_safe(b_square) {
        ratio(f64::from(dot(a, b)), f64::from(a_square), f64::from(b_square))
    } else {
        wide(a, b)
    }
}

fn per_row<T>(query: &[T], rows: &[T], out: &mut [f32], cosine: impl Fn(&[T]) -> f32) {
    let dim = query.len();
    assert_eq!(
        dim.checked_mul(out.len()),
        Some(rows.len()),
        "{} rows of {dim} values expected, received {} values: check the dimension before calling",
        out.len(),
        rows.len()
    );
    (0..out.len()).for_each(|i| out[i] = cosine(&rows[i * dim..(i + 1) * dim]));
}

/// Cosine of two `f32` vectors, in [-1, 1]; 0 when one of them is zero. Right for every finite vector.
///
/// # Panics
/// When the lengths differ.
pub fn cosine_f32(a: &[f32], b: &[f32]) -> f32 {
    against(dot_f32, a, b, dot_f32(a, a))
}

/// Cosine of two `f16` vectors, in [-1, 1]; 0 when one of them is zero.
///
/// # Panics
/// When the lengths differ.
pub fn cosine_f16(a: &[f16], b: &[f16]) -> f32 {
    against(dot_f16, a, b, dot_f16(a, a))
}

/// Cosine of two `i8` vectors, in [-1, 1]; 0 when one of them is zero.
///
/// # Panics
/// When the lengths differ.
pub fn cosine_i8(a: &[i8], b: &[i8]) -> f32 {
    ratio(dot_i8(a, b).into(), dot_i8(a, a).into(), dot_i8(b, b).into())
}

/// Cosines of an `f32` query with `f32` rows; see [`cosine_f32`].
///
/// # Panics
/// When `rows.len() != query.len() * out.len()`.
pub fn cosine_rows_f32(query: &[f32], rows: &[f32], out: &mut [f32]) {
    let square = dot_f32(query, query);
    per_row(query, rows, out, |row| against(dot_f32, query, row, square));
}

/// Cosines of an `f16` query with `f16` rows; see [`cosine_f16`].
///
/// # Panics
/// When `rows.len() != query.len() * out.len()`.
pub fn cosine_rows_f16(query: &[f16], rows: &[f16], out: &mut [f32]) {
    let square = dot_f16(query, query);
    per_row(query, rows, out, |row| against(dot_f16, query, row, square));
}

/// Cosines of an `i8` query with `i8` rows; see [`cosine_i8`].
///
/// # Panics
/// When `rows.len() != query.len() * out.len()`.
pub fn cosine_rows_i8(query: &[i8], rows: &[i8], out: &mut [f32]) {
    let square = f64::from(dot_i8(query, query));
    per_row(query, rows, out, |row| ratio(dot_i8(query, row).into(), square, dot_i8(row, row).into()));
}

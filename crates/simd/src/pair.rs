//! One value from two vectors.

use crate::imp::imp;
use half::f16;

fn same_length(a: usize, b: usize) {
    assert_eq!(a, b, "vectors of {a} and {b} values can't be compared: check the dimension before calling");
}

macro_rules! pair {
    ($(#[$doc:meta])* $name:ident, $a:ty, $b:ty, $out:ty) => {
        $(#[$doc])*
        ///
        /// # Panics
        /// When the lengths differ.
        #[inline]
        pub fn $name(a: &[$a], b: &[$b]) -> $out {
            same_length(a.len(), b.len());
            // SAFETY: the lengths are equal, and the table was chosen for this machine.
            unsafe { (imp().$name)(a, b) }
        }
    };
}

pair!(
    /// Inner product of two `f32` vectors.
    dot_f32, f32, f32, f32);
pair!(
    /// Squared Euclidean distance of two `f32` vectors.
    l2sq_f32, f32, f32, f32);
pair!(
    /// Inner product of two `f16` vectors, added in `f32`.
    dot_f16, f16, f16, f32);
pair!(
    /// Squared Euclidean distance of two `f16` vectors, added in `f32`.
    l2sq_f16, f16, f16, f32);
pair!(
    /// Inner product of an `f32` query with an `f16` vector, added in `f32`.
    dot_f32_f16, f32, f16, f32);
pair!(
    /// Squared Euclidean distance of an `f32` query from an `f16` vector, added in `f32`.
    l2sq_f32_f16, f32, f16, f32);
pair!(
    /// Inner product of an `f32` query with a `u8` vector, added in `f32`.
    dot_f32_u8, f32, u8, f32);
pair!(
    /// Squared Euclidean distance of an `f32` query from a `u8` vector, added in `f32`.
    l2sq_f32_u8, f32, u8, f32);
pair!(
    /// Inner product of two `i8` vectors; exact up to 131,071 values.
    dot_i8, i8, i8, i32);
pair!(
    /// Squared Euclidean distance of two `i8` vectors; exact up to 33,025 values.
    l2sq_i8, i8, i8, i32);

/// Euclidean norm of an `f32` vector.
///
/// Squares that leave the range of `f32` are added again in `f64`, so the norm is right whenever an `f32` can hold it.
#[inline]
pub fn norm_f32(a: &[f32]) -> f32 {
    let square = dot_f32(a, a);
    if crate::cosine::is_safe(square) { square.sqrt() } else { wide_norm(a) }
}

/// The norm where squares overflow or lose their digits.
#[cold]
fn wide_norm(a: &[f32]) -> f32 {
    a.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt() as f32
}

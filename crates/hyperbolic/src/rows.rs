//! Passes over the rows of a tile as they are stored.
//!
//! Each number is widened, used and forgotten: a tile of `f32` is read from the first-level cache and never stands there as `f64`.
//! Sums run in eight lanes that are folded in one fixed order and nothing is contracted, so every machine gives the same bits.

use crate::vector::vectorised;

/// Additions that run side by side.
const LANES: usize = 8;

/// A number as the passes read and write it; half precision goes through `f32`, for which processors have an instruction.
pub trait Cell: Copy + Default + Send + Sync + std::fmt::Debug + 'static {
    /// The number, exactly.
    fn wide(self) -> f64;
    /// The nearest to `value`.
    fn near(value: f64) -> Self;
}

impl Cell for f32 {
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn near(value: f64) -> Self {
        value as Self
    }
}

impl Cell for f64 {
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
    #[inline(always)]
    fn near(value: f64) -> Self {
        value
    }
}

/// Calls a pass with its width known to the compiler where that is a common one: a third of the time of the general loop.
macro_rules! by_width {
    ($dim:expr, $pass:ident<$($any:tt),*>($($arg:expr),*)) => {
        match $dim {
            2 => $pass::<$($any,)* 2>($($arg),*),
            3 => $pass::<$($any,)* 3>($($arg),*),
            4 => $pass::<$($any,)* 4>($($arg),*),
            8 => $pass::<$($any,)* 8>($($arg),*),
            10 => $pass::<$($any,)* 10>($($arg),*),
            16 => $pass::<$($any,)* 16>($($arg),*),
            32 => $pass::<$($any,)* 32>($($arg),*),
            _ => $pass::<$($any,)* 0>($($arg),*),
        }
    };
}

/// The width of a pass: `D`, or any where that is 0.
#[inline(always)]
fn width<const D: usize>(dim: usize) -> usize {
    if D == 0 { dim } else { D }
}

/// First terms of sums: row `i` of `rows`, or the only row for every `i`, times `sign` (1 or -1).
#[derive(Clone, Copy)]
pub(crate) struct First<'a, C> {
    pub(crate) rows: &'a [C],
    pub(crate) sign: f64,
}

impl<'a, C> First<'a, C> {
    #[inline(always)]
    pub(crate) fn row(&self, i: usize, dim: usize) -> &'a [C] {
        let start = if self.rows.len() == dim { 0 } else { i * dim };
        &self.rows[start..][..dim]
    }
}

/// Second terms of sums: row `i` times factor `i`.
#[derive(Clone, Copy)]
pub(crate) struct Second<'a, C> {
    pub(crate) rows: &'a [C],
    pub(crate) factors: &'a [f64],
}

/// Sum of the squares of `of(x, y)` over two rows of one length.
#[inline(always)]
fn square<X: Cell, Y: Cell>(x: &[X], y: &[Y], of: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [0.0_f64; LANES];
    let ((whole_x, rest_x), (whole_y, rest_y)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    for (x, y) in whole_x.iter().zip(whole_y) {
        for lane in 0..LANES {
            let value = of(x[lane].wide(), y[lane].wide());
            lanes[lane] += value * value;
        }
    }
    for ((lane, &x), &y) in lanes.iter_mut().zip(rest_x).zip(rest_y) {
        let value = of(x.wide(), y.wide());
        *lane += value * value;
    }
    // Where the compiler sees the sum below, it works on the eight lanes in four pairs, or gathers eight rows at once, which is slower still.
    let [a, b, c, d, e, f, g, h] = std::hint::black_box(lanes);
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[inline(always)]
fn squares_of<C: Cell, const D: usize>(rows: &[C], dim: usize, out: &mut [f64]) {
    let rows = rows.chunks_exact(width::<D>(dim));
    for (out, row) in out.iter_mut().zip(rows) {
        *out = square(row, row, |_, y| y);
    }
}

vectorised! {
    /// `out[i] = |rows[i]|²`.
    pub(crate) fn squares<C: Cell>(rows: &[C], dim: usize, out: &mut [f64]) {
        by_width!(dim, squares_of<_>(rows, dim, out));
    }
}

#[inline(always)]
fn sum_squares_of<X: Cell, Y: Cell, const D: usize>(x: First<'_, X>, y: Second<'_, Y>, dim: usize, out: &mut [f64]) {
    let dim = width::<D>(dim);
    for (i, ((out, row), &factor)) in out.iter_mut().zip(y.rows.chunks_exact(dim)).zip(y.factors).enumerate() {
        *out = square(x.row(i, dim), row, |a, b| x.sign * a + factor * b);
    }
}

vectorised! {
    /// `out[i] = |sign x[i] + factors[i] y[i]|²`.
    pub(crate) fn sum_squares<X: Cell, Y: Cell>(x: First<'_, X>, y: Second<'_, Y>, dim: usize, out: &mut [f64]) {
        by_width!(dim, sum_squares_of<_, _>(x, y, dim, out));
    }
}

#[inline(always)]
fn scaled_of<C: Cell, O: Cell, const D: usize>(from: Second<'_, C>, dim: usize, out: &mut [O]) {
    let dim = width::<D>(dim);
    for ((out, row), &factor) in out.chunks_exact_mut(dim).zip(from.rows.chunks_exact(dim)).zip(from.factors) {
        // Else the compiler works on a column of eight rows at a time, which gathers and scatters.
        let factor = std::hint::black_box(factor);
        out.iter_mut().zip(row).for_each(|(out, value)| *out = O::near(value.wide() * factor));
    }
}

vectorised! {
    /// `out[i] = factors[i] rows[i]`.
    pub(crate) fn scaled<C: Cell, O: Cell>(from: Second<'_, C>, dim: usize, out: &mut [O]) {
        by_width!(dim, scaled_of<_, _>(from, dim, out));
    }
}

#[inline(always)]
fn combined_of<X: Cell, Y: Cell, O: Cell, const D: usize>(
    x: First<'_, X>,
    y: Second<'_, Y>,
    shares: (&[f64], &[f64]),
    dim: usize,
    out: &mut [O],
) {
    let dim = width::<D>(dim);
    let second = y.rows.chunks_exact(dim).zip(y.factors);
    let each = out.chunks_exact_mut(dim).zip(second).zip(shares.0).zip(shares.1);
    for (i, (((out, (row, &factor)), &a), &b)) in each.enumerate() {
        for ((out, first), second) in out.iter_mut().zip(x.row(i, dim)).zip(row) {
            let first = first.wide();
            *out = O::near(a * first + b * (x.sign * first + factor * second.wide()));
        }
    }
}

vectorised! {
    /// `out[i] = shares.0[i] x[i] + shares.1[i] (sign x[i] + factors[i] y[i])`.
    pub(crate) fn combined<X: Cell, Y: Cell, O: Cell>(
        x: First<'_, X>,
        y: Second<'_, Y>,
        shares: (&[f64], &[f64]),
        dim: usize,
        out: &mut [O],
    ) {
        by_width!(dim, combined_of<_, _, _>(x, y, shares, dim, out));
    }
}

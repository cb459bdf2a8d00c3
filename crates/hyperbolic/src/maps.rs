//! The exponential and logarithmic maps, at 0 and at a point.

use crate::ball::{Ball, Limit};
use crate::error::Error;
use crate::rows::{self, Cell, First, Second};
use crate::scalar::{Scalar, Sealed};
use crate::tile::{Job, Side, check_length, count, first_bad, inward, run, tile_rows};
use crate::translate::{Bases, Shares};
use crate::vector::{self, Apart, Frame};
use canopy_core::Cancel;

/// Maps at 0 multiply each row.
struct Scaling<T: Scalar> {
    factors: Vec<f64>,
    norms: Vec<f64>,
    gaps: Vec<f64>,
    out: Vec<T::Cell>,
}

impl<T: Scalar> Scaling<T> {
    fn new(dim: usize) -> Self {
        let rows = tile_rows(dim);
        let column = || vec![0.0; rows];
        Self { factors: column(), norms: column(), gaps: column(), out: vec![T::Cell::default(); rows * dim] }
    }

    fn write(&mut self, rows: &[T::Cell], dim: usize, out: &mut [T]) {
        let from = Second { rows, factors: &self.factors[..rows.len() / dim] };
        <T as Sealed>::fill(out, &mut self.out, |out| rows::scaled(from, dim, out));
    }
}

struct Exp0<'a, T> {
    ball: &'a Ball,
    limit: Limit,
    from: &'a [T],
    dim: usize,
}

impl<T: Scalar> Job<T> for Exp0<'_, T> {
    type Scratch = (Side<T>, Scaling<T>);

    fn scratch(&self) -> Self::Scratch {
        (Side::new(self.dim), Scaling::new(self.dim))
    }

    fn tile(&self, (side, scaling): &mut Self::Scratch, first: usize, out: &mut [T]) -> bool {
        let (dim, n) = (self.dim, out.len() / self.dim);
        let v = side.tangents(self.ball, &self.from[first * dim..][..out.len()], dim);
        vector::lengths(self.ball.sqrt_c, v.squares, &mut scaling.norms[..n]);
        let (factors, gaps) = (&mut scaling.factors[..n], &mut scaling.gaps[..n]);
        vector::exp0_factors(self.limit, v.gaps, &scaling.norms[..n], factors, gaps);
        scaling.write(v.rows, dim, out);
        inward(&self.limit, &scaling.gaps[..n], dim, out, |i, wide| {
            let row = v.rows[i * dim..].iter().map(|value| value.wide() * scaling.factors[i]);
            wide.iter_mut().zip(row).for_each(|(wide, value)| *wide = value);
        });
        v.fine
    }
}

struct Log0<'a, T> {
    ball: &'a Ball,
    from: &'a [T],
    dim: usize,
}

impl<T: Scalar> Job<T> for Log0<'_, T> {
    type Scratch = (Side<T>, Scaling<T>);

    fn scratch(&self) -> Self::Scratch {
        (Side::new(self.dim), Scaling::new(self.dim))
    }

    fn tile(&self, (side, scaling): &mut Self::Scratch, first: usize, out: &mut [T]) -> bool {
        let (dim, n) = (self.dim, out.len() / self.dim);
        let x = side.points(self.ball, &self.from[first * dim..][..out.len()], dim);
        vector::log_factors(self.ball.c, x.squares, x.gaps, &mut scaling.factors[..n]);
        scaling.write(x.rows, dim, out);
        x.fine
    }
}

struct ExpAt<'a, T> {
    ball: &'a Ball,
    limit: Limit,
    bases: Bases<'a, T>,
    from: &'a [T],
    dim: usize,
}

impl<T: Scalar> Job<T> for ExpAt<'_, T> {
    type Scratch = (Side<T>, Side<T>, Shares<T>, Vec<f64>);

    fn scratch(&self) -> Self::Scratch {
        let (base, side) = (self.bases.side(self.ball, self.dim), Side::new(self.dim));
        (base, side, Shares::new(self.dim), vec![0.0; tile_rows(self.dim)])
    }

    fn tile(&self, (base, side, shares, norms): &mut Self::Scratch, first: usize, out: &mut [T]) -> bool {
        let (dim, n) = (self.dim, out.len() / self.dim);
        let x = self.bases.load(self.ball, base, first, n, dim);
        let v = side.tangents(self.ball, &self.from[first * dim..][..out.len()], dim);
        vector::lengths(self.ball.sqrt_c, v.squares, &mut norms[..n]);
        let (factors, gaps) = (&mut shares.factors[..n], &mut shares.gaps[..n]);
        vector::exp_factors(x.gaps, v.gaps, &norms[..n], factors, gaps);
        shares.add(Frame { c: self.ball.c, sign: 1.0, limit: self.limit }, &x, v.rows, dim, out);
        x.fine & v.fine
    }
}

struct LogAt<'a, T> {
    ball: &'a Ball,
    bases: Bases<'a, T>,
    from: &'a [T],
    dim: usize,
}

impl<T: Scalar> Job<T> for LogAt<'_, T> {
    type Scratch = (Side<T>, Side<T>, Shares<T>);

    fn scratch(&self) -> Self::Scratch {
        (self.bases.side(self.ball, self.dim), Side::new(self.dim), Shares::new(self.dim))
    }

    fn tile(&self, (base, side, shares): &mut Self::Scratch, first: usize, out: &mut [T]) -> bool {
        let (dim, n) = (self.dim, out.len() / self.dim);
        let x = self.bases.load(self.ball, base, first, n, dim);
        let y = side.points(self.ball, &self.from[first * dim..][..out.len()], dim);
        let from = First { rows: x.rows, sign: -1.0 };
        shares.measure(from, y.rows, dim);
        let apart = Apart { squares: &shares.squares[..n], x: x.gaps, y: y.gaps };
        vector::log_shares(self.ball.c, apart, &mut shares.a[..n], &mut shares.b[..n]);
        shares.combine(from, y.rows, dim, out);
        x.fine & y.fine
    }
}

impl Ball {
    /// `exp0(v) = tanh(sqrt(-κ) |v|) v / (sqrt(-κ) |v|)` for each row: the point at hyperbolic distance `2 |v|` from 0.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a tangent that isn't finite, [`Error::Length`], [`Error::Cancelled`].
    pub fn exp0<T: Scalar>(&self, tangents: &[T], dim: usize, out: &mut [T], cancel: &Cancel) -> Result<(), Error> {
        count("tangents", tangents.len(), dim)?;
        check_length("out", out.len(), tangents.len())?;
        let job = Exp0 { ball: self, limit: self.limit::<T>(), from: tangents, dim };
        run(&job, out, dim, tile_rows(dim), cancel, || {
            first_bad(self, "tangents", tangents, dim, false).unwrap_or(Error::NotFinite { what: "tangents", row: 0 })
        })
    }

    /// `log0(x) = atanh(sqrt(-κ) |x|) x / (sqrt(-κ) |x|)` for each row, the inverse of [`Ball::exp0`].
    ///
    /// # Errors
    /// [`Error::Outside`], [`Error::NotFinite`], [`Error::Length`], [`Error::Cancelled`].
    pub fn log0<T: Scalar>(&self, points: &[T], dim: usize, out: &mut [T], cancel: &Cancel) -> Result<(), Error> {
        count("points", points.len(), dim)?;
        check_length("out", out.len(), points.len())?;
        run(&Log0 { ball: self, from: points, dim }, out, dim, tile_rows(dim), cancel, || {
            self.blame("points", points, dim)
        })
    }

    /// `exp_x(v)` for each row: the end of the geodesic that leaves `x` with velocity `v`. `bases` holds one point for all rows
    /// or one a row.
    ///
    /// # Errors
    /// [`Error::Outside`], [`Error::NotFinite`], [`Error::Length`], [`Error::Cancelled`].
    pub fn exp_at<T: Scalar>(
        &self,
        bases: &[T],
        tangents: &[T],
        dim: usize,
        out: &mut [T],
        cancel: &Cancel,
    ) -> Result<(), Error> {
        count("tangents", tangents.len(), dim)?;
        check_length("out", out.len(), tangents.len())?;
        let all = Bases::new(self, bases, tangents.len(), dim)?;
        let job = ExpAt { ball: self, limit: self.limit::<T>(), bases: all, from: tangents, dim };
        run(&job, out, dim, tile_rows(dim), cancel, || {
            first_bad(self, "tangents", tangents, dim, false).unwrap_or_else(|| self.blame("bases", bases, dim))
        })
    }

    /// `log_x(y)` for each row: the velocity at `x` of the geodesic that reaches `y` at time 1, the inverse of
    /// [`Ball::exp_at`].
    ///
    /// # Errors
    /// [`Error::Outside`], [`Error::NotFinite`], [`Error::Length`], [`Error::Cancelled`].
    pub fn log_at<T: Scalar>(
        &self,
        bases: &[T],
        points: &[T],
        dim: usize,
        out: &mut [T],
        cancel: &Cancel,
    ) -> Result<(), Error> {
        count("points", points.len(), dim)?;
        check_length("out", out.len(), points.len())?;
        let all = Bases::new(self, bases, points.len(), dim)?;
        run(&LogAt { ball: self, bases: all, from: points, dim }, out, dim, tile_rows(dim), cancel, || {
            first_bad(self, "points", points, dim, true).unwrap_or_else(|| self.blame("bases", bases, dim))
        })
    }

    /// The error of the first row that isn't a point of the ball.
    pub(crate) fn blame<T: Scalar>(&self, what: &'static str, rows: &[T], dim: usize) -> Error {
        first_bad(self, what, rows, dim, true).unwrap_or(Error::Outside { what, row: 0, radius: self.radius() })
    }
}

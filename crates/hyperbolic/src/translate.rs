//! Möbius addition, translations and recentring.
//!
//! With `s = x + y` and `gap(x) = 1 - c|x|²`, Möbius addition is
//!
//! ```text
//! x ⊕ y = (c|s|² x + gap(x) s) / (c|s|² + gap(x) gap(y)),    gap(x ⊕ y) = gap(x) gap(y) / (c|s|² + gap(x) gap(y)).
//! ```
//!
//! Unlike the textbook form, whose terms cancel when `y` is near `-x` at the rim, only positive numbers are added here.

use crate::ball::{Ball, Limit};
use crate::error::Error;
use crate::rows::{self, Cell, First, Second};
use crate::scalar::{Scalar, Sealed};
use crate::tile::{Job, Side, View, check_length, count, first_bad, inward, run, tile_rows};
use crate::vector::{self, Frame};
use canopy_core::Cancel;

/// The first arguments of a batch: one point for all rows, or one a row.
pub(crate) enum Bases<'a, T> {
    One(&'a [T]),
    Each(&'a [T]),
}

impl<'a, T: Scalar> Bases<'a, T> {
    pub(crate) fn new(ball: &Ball, bases: &'a [T], values: usize, dim: usize) -> Result<Self, Error> {
        if bases.len() == dim {
            return match first_bad(ball, "bases", bases, dim, true) {
                Some(error) => Err(error),
                None => Ok(Self::One(bases)),
            };
        }
        check_length("bases", bases.len(), values)?;
        Ok(Self::Each(bases))
    }

    /// Room for the bases of a tile; the one of all rows is in it already.
    pub(crate) fn side(&self, ball: &Ball, dim: usize) -> Side<T> {
        match self {
            Self::One(base) => Side::fixed(ball, base),
            Self::Each(_) => Side::new(dim),
        }
    }

    /// The bases of `n` rows from `first` on.
    pub(crate) fn load<'s>(
        &'s self,
        ball: &Ball,
        side: &'s mut Side<T>,
        first: usize,
        n: usize,
        dim: usize,
    ) -> View<'s, T::Cell> {
        match self {
            Self::One(_) => side.repeated(n),
            Self::Each(bases) => side.points(ball, &bases[first * dim..][..n * dim], dim),
        }
    }
}

/// Columns of a Möbius sum and of what is like it.
#[derive(Debug)]
pub(crate) struct Shares<T: Scalar> {
    /// What the rows of the second are multiplied by first.
    pub(crate) factors: Vec<f64>,
    /// Squares of the sums of both rows.
    pub(crate) squares: Vec<f64>,
    /// Gaps of the second before, of the result afterwards.
    pub(crate) gaps: Vec<f64>,
    pub(crate) a: Vec<f64>,
    pub(crate) b: Vec<f64>,
    pub(crate) out: Vec<T::Cell>,
}

impl<T: Scalar> Shares<T> {
    pub(crate) fn new(dim: usize) -> Self {
        let rows = tile_rows(dim);
        let column = || vec![0.0; rows];
        let out = vec![T::Cell::default(); rows * dim];
        Self { factors: vec![1.0; rows], squares: column(), gaps: column(), a: column(), b: column(), out }
    }

    /// `squares = |sign x + factors y|²`.
    pub(crate) fn measure<X: Cell, Y: Cell>(&mut self, x: First<'_, X>, y: &[Y], dim: usize) {
        let n = y.len() / dim;
        rows::sum_squares(x, Second { rows: y, factors: &self.factors[..n] }, dim, &mut self.squares[..n]);
    }

    /// Writes `a x + b (sign x + factors y)`.
    pub(crate) fn combine(&mut self, x: First<'_, T::Cell>, y: &[T::Cell], dim: usize, out: &mut [T]) {
        let n = y.len() / dim;
        let (second, shares) = (Second { rows: y, factors: &self.factors[..n] }, (&self.a[..n], &self.b[..n]));
        <T as Sealed>::fill(out, &mut self.out, |out| rows::combined(x, second, shares, dim, out));
    }

    /// Writes the Möbius sum of `frame.sign x` and `factors y`, clamped to the limit. `gaps` hold those of `y` times its factors.
    pub(crate) fn add(&mut self, frame: Frame, x: &View<'_, T::Cell>, y: &[T::Cell], dim: usize, out: &mut [T]) {
        let (n, sign) = (y.len() / dim, frame.sign);
        let first = First { rows: x.rows, sign };
        self.measure(first, y, dim);
        let (a, b) = (&mut self.a[..n], &mut self.b[..n]);
        vector::sum_shares(frame, &self.squares[..n], &x.gaps[..n], &mut self.gaps[..n], a, b);
        self.combine(first, y, dim, out);
        inward(&frame.limit, &self.gaps[..n], dim, out, |i, wide| {
            let (factor, a, b) = (self.factors[i], self.a[i], self.b[i]);
            for ((wide, x), y) in wide.iter_mut().zip(first.row(i, dim)).zip(&y[i * dim..]) {
                *wide = a * x.wide() + b * (sign * x.wide() + factor * y.wide());
            }
        });
    }
}

struct Sum<'a, T> {
    ball: &'a Ball,
    limit: Limit,
    bases: Bases<'a, T>,
    from: &'a [T],
    dim: usize,
    sign: f64,
}

impl<T: Scalar> Job<T> for Sum<'_, T> {
    type Scratch = (Side<T>, Side<T>, Shares<T>);

    fn scratch(&self) -> Self::Scratch {
        (self.bases.side(self.ball, self.dim), Side::new(self.dim), Shares::new(self.dim))
    }

    fn tile(&self, (base, side, shares): &mut Self::Scratch, first: usize, out: &mut [T]) -> bool {
        let (dim, n) = (self.dim, out.len() / self.dim);
        let x = self.bases.load(self.ball, base, first, n, dim);
        let y = side.points(self.ball, &self.from[first * dim..][..out.len()], dim);
        shares.gaps[..n].copy_from_slice(y.gaps);
        shares.add(Frame { c: self.ball.c, sign: self.sign, limit: self.limit }, &x, y.rows, dim, out);
        x.fine & y.fine
    }
}

impl Ball {
    /// Möbius addition `x ⊕ y` for each row `y`; `bases` holds one `x` for all rows (a left translation) or one a row.
    ///
    /// # Errors
    /// [`Error::Outside`], [`Error::NotFinite`], [`Error::Length`], [`Error::Cancelled`].
    pub fn add<T: Scalar>(
        &self,
        bases: &[T],
        points: &[T],
        dim: usize,
        out: &mut [T],
        cancel: &Cancel,
    ) -> Result<(), Error> {
        self.sum(bases, points, dim, out, cancel, 1.0)
    }

    /// Moves `centre` to 0: `(-centre) ⊕ x` for each row, an isometry, so pairwise distances stay what they are (up to
    /// rounding, and to the margin where a point would pass it). With [`Ball::mean`] as the centre this is recentring.
    ///
    /// # Errors
    /// [`Error::Outside`], [`Error::NotFinite`], [`Error::Length`], [`Error::Cancelled`].
    pub fn recentre<T: Scalar>(
        &self,
        centre: &[T],
        points: &[T],
        dim: usize,
        out: &mut [T],
        cancel: &Cancel,
    ) -> Result<(), Error> {
        check_length("centre", centre.len(), dim)?;
        self.sum(centre, points, dim, out, cancel, -1.0)
    }

    fn sum<T: Scalar>(
        &self,
        bases: &[T],
        points: &[T],
        dim: usize,
        out: &mut [T],
        cancel: &Cancel,
        sign: f64,
    ) -> Result<(), Error> {
        count("points", points.len(), dim)?;
        check_length("out", out.len(), points.len())?;
        let all = Bases::new(self, bases, points.len(), dim)?;
        let job = Sum { ball: self, limit: self.limit::<T>(), bases: all, from: points, dim, sign };
        run(&job, out, dim, tile_rows(dim), cancel, || {
            first_bad(self, "points", points, dim, true).unwrap_or_else(|| self.blame("bases", bases, dim))
        })
    }

    /// Brings points into the ball: a row beyond the margin is scaled back to it, everything else stays. Returns how many rows
    /// were moved.
    ///
    /// # Errors
    /// [`Error::NotFinite`], [`Error::Length`].
    pub fn project<T: Scalar>(&self, points: &mut [T], dim: usize) -> Result<usize, Error> {
        count("points", points.len(), dim)?;
        if let Some(error) = first_bad(self, "points", points, dim, false) {
            return Err(error);
        }
        let limit = self.limit::<T>();
        let strict = 1.0 - self.margin::<T>();
        let (mut side, mut wide) = (Side::<T>::new(dim), vec![0.0; dim]);
        let mut moved = 0;
        for row in points.chunks_exact_mut(dim) {
            let View { rows, squares, gaps, .. } = side.tangents(self, row, dim);
            if gaps[0] >= strict {
                let factor = limit.rho / (self.sqrt_c * squares[0].sqrt());
                wide.iter_mut().zip(rows).for_each(|(wide, x)| *wide = x.wide() * factor);
                T::narrow_inward(&wide, row);
                moved += 1;
            }
        }
        Ok(moved)
    }
}

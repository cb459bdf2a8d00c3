//! Distances.

use crate::ball::Ball;
use crate::error::Error;
use crate::rows::First;
use crate::scalar::Scalar;
use crate::tile::{Job, Side, check_length, count, first_bad, run, tile_rows};
use crate::translate::{Bases, Shares};
use crate::vector;
use canopy_core::Cancel;

struct Distances<'a, T> {
    ball: &'a Ball,
    bases: Bases<'a, T>,
    from: &'a [T],
    dim: usize,
}

impl<T: Scalar> Job<f64> for Distances<'_, T> {
    type Scratch = (Side<T>, Side<T>, Shares<T>);

    fn scratch(&self) -> Self::Scratch {
        (self.bases.side(self.ball, self.dim), Side::new(self.dim), Shares::new(self.dim))
    }

    fn tile(&self, (base, side, shares): &mut Self::Scratch, first: usize, out: &mut [f64]) -> bool {
        let (dim, n) = (self.dim, out.len());
        let x = self.bases.load(self.ball, base, first, n, dim);
        let y = side.points(self.ball, &self.from[first * dim..][..n * dim], dim);
        shares.measure(First { rows: x.rows, sign: -1.0 }, y.rows, dim);
        vector::half_distances(self.ball.c, &shares.squares[..n], x.gaps, y.gaps, out);
        let unit = 2.0 / self.ball.sqrt_c;
        out.iter_mut().for_each(|distance| *distance *= unit);
        x.fine & y.fine
    }
}

impl Ball {
    /// Hyperbolic distance from each row to its base: `2 / sqrt(-κ) asinh(sqrt(-κ) |x - y| / sqrt(gap(x) gap(y)))`, which
    /// neither cancels near the rim nor for points close together. `bases` holds one point for all rows or one a row.
    ///
    /// # Errors
    /// [`Error::Outside`], [`Error::NotFinite`], [`Error::Length`], [`Error::Cancelled`].
    pub fn distances<T: Scalar>(
        &self,
        bases: &[T],
        points: &[T],
        dim: usize,
        out: &mut [f64],
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let n = count("points", points.len(), dim)?;
        check_length("out", out.len(), n)?;
        let all = Bases::new(self, bases, points.len(), dim)?;
        run(&Distances { ball: self, bases: all, from: points, dim }, out, 1, tile_rows(dim), cancel, || {
            first_bad(self, "points", points, dim, true).unwrap_or_else(|| self.blame("bases", bases, dim))
        })
    }

    /// Distance of each row to 0: its hyperbolic norm.
    ///
    /// # Errors
    /// [`Error::Outside`], [`Error::NotFinite`], [`Error::Length`], [`Error::Cancelled`].
    pub fn norms<T: Scalar>(&self, points: &[T], dim: usize, out: &mut [f64], cancel: &Cancel) -> Result<(), Error> {
        count("points", points.len(), dim)?;
        self.distances(&vec![T::default(); dim], points, dim, out, cancel)
    }
}

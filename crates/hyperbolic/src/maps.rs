//! The exponential and logarithmic maps, at 0 and at a point.

use crate::ball::{Ball, Limit};
use crate::error::Error;
use crate::math::TINY;
use crate::scalar::Scalar;
use crate::tile::{Job, Tile, check_length, count, first_bad, run, store, tile_rows};
use crate::translate::{Bases, Shift, load_base};
use crate::vector;
use canopy_core::Cancel;

/// Tangents shorter than this are their own image to the last bit.
const SHORT: f64 = 1e-9;

struct Exp0<'a, T> {
    ball: &'a Ball,
    limit: Limit,
    from: &'a [T],
    dim: usize,
}

impl<T: Scalar> Job<T> for Exp0<'_, T> {
    type Scratch = (Tile, Vec<f64>, Vec<f64>);

    fn scratch(&self) -> Self::Scratch {
        let rows = tile_rows(self.dim);
        (Tile::new(self.dim), vec![0.0; rows], vec![0.0; rows])
    }

    fn tile(&self, (tile, tanh, gaps): &mut Self::Scratch, first: usize, out: &mut [T]) -> bool {
        let (dim, n) = (self.dim, out.len() / self.dim);
        let fine = tile.load_tangents(self.ball, &self.from[first * dim..][..out.len()], dim);
        vector::tanh_and_gap(&tile.gaps[..n], &mut tanh[..n], &mut gaps[..n]);
        for i in 0..n {
            let norm = self.ball.sqrt_c * tile.squares[i].sqrt();
            let rho = if gaps[i] < self.limit.gap { self.limit.rho } else { tanh[i] };
            // `squares` becomes the factor.
            tile.squares[i] = if tile.gaps[i] < SHORT { 1.0 } else { rho / norm };
        }
        vector::scale(&mut tile.rows[..out.len()], dim, &tile.squares[..n]);
        store(&self.limit, &tile.rows[..out.len()], &gaps[..n], dim, out);
        fine
    }
}

struct Log0<'a, T> {
    ball: &'a Ball,
    from: &'a [T],
    dim: usize,
}

impl<T: Scalar> Job<T> for Log0<'_, T> {
    type Scratch = (Tile, Vec<f64>);

    fn scratch(&self) -> Self::Scratch {
        (Tile::new(self.dim), vec![0.0; tile_rows(self.dim)])
    }

    fn tile(&self, (tile, factors): &mut Self::Scratch, first: usize, out: &mut [T]) -> bool {
        let (dim, n) = (self.dim, out.len() / self.dim);
        let fine = tile.load_points(self.ball, &self.from[first * dim..][..out.len()], dim);
        vector::log_factors(self.ball.c, &tile.squares[..n], &tile.gaps[..n], &mut factors[..n]);
        vector::scale(&mut tile.rows[..out.len()], dim, &factors[..n]);
        T::narrow(&tile.rows[..out.len()], out);
        fine
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
    type Scratch = (Tile, Tile, Shift, Vec<f64>);

    fn scratch(&self) -> Self::Scratch {
        let mut base = Tile::new(self.dim);
        load_base(self.ball, &self.bases, &mut base);
        (base, Tile::new(self.dim), Shift::new(self.dim), vec![0.0; tile_rows(self.dim)])
    }

    fn tile(&self, (base, tile, shift, tanh): &mut Self::Scratch, first: usize, out: &mut [T]) -> bool {
        let (dim, n) = (self.dim, out.len() / self.dim);
        let fine = self.bases.load(self.ball, base, first, n)
            & tile.load_tangents(self.ball, &self.from[first * dim..][..out.len()], dim);
        // Tangents at x are 1 / gap(x) times as long as they look.
        for i in 0..n {
            tile.gaps[i] /= base.gaps[i];
        }
        let mut gaps = std::mem::take(&mut shift.a);
        vector::tanh_and_gap(&tile.gaps[..n], &mut tanh[..n], &mut gaps[..n]);
        for ((factor, square), gap) in tanh[..n].iter_mut().zip(&tile.squares).zip(&base.gaps) {
            let norm = self.ball.sqrt_c * square.sqrt();
            *factor = if norm < TINY { 1.0 / gap } else { *factor / norm };
        }
        std::mem::swap(&mut tile.gaps, &mut gaps);
        shift.a = gaps;
        vector::scale(&mut tile.rows[..out.len()], dim, &tanh[..n]);
        shift.add(self.ball, &self.limit, base, tile, dim, n);
        store(&self.limit, &shift.rows[..out.len()], &shift.gaps[..n], dim, out);
        fine
    }
}

struct LogAt<'a, T> {
    ball: &'a Ball,
    bases: Bases<'a, T>,
    from: &'a [T],
    dim: usize,
}

impl<T: Scalar> Job<T> for LogAt<'_, T> {
    type Scratch = (Tile, Tile, Shift, Vec<f64>);

    fn scratch(&self) -> Self::Scratch {
        let mut base = Tile::new(self.dim);
        load_base(self.ball, &self.bases, &mut base);
        (base, Tile::new(self.dim), Shift::new(self.dim), vec![0.0; tile_rows(self.dim)])
    }

    fn tile(&self, (base, tile, shift, factors): &mut Self::Scratch, first: usize, out: &mut [T]) -> bool {
        let (dim, n) = (self.dim, out.len() / self.dim);
        let fine = self.bases.load(self.ball, base, first, n)
            & tile.load_points(self.ball, &self.from[first * dim..][..out.len()], dim);
        shift.difference(base, tile, dim, n);
        let c = self.ball.c;
        vector::half_distances(c, &shift.squares[..n], &base.gaps[..n], &tile.gaps[..n], &mut factors[..n]);
        for (i, half) in factors[..n].iter().enumerate() {
            // w = (-c|s|² x + gap_x s) / D with |w|² = |s|² / D; the logarithm is gap_x atanh(sqrt(c) |w|) w / (sqrt(c) |w|).
            let square = c * shift.squares[i];
            let norm = (square * (square + base.gaps[i] * tile.gaps[i])).sqrt();
            let factor = if norm < TINY { 1.0 / base.gaps[i] } else { base.gaps[i] * half / norm };
            shift.a[i] = -square * factor;
            shift.b[i] = base.gaps[i] * factor;
        }
        vector::combine(&base.rows[..out.len()], &mut shift.rows[..out.len()], dim, &shift.a[..n], &shift.b[..n]);
        T::narrow(&shift.rows[..out.len()], out);
        fine
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

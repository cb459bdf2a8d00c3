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
use crate::scalar::Scalar;
use crate::tile::{Job, Tile, check_length, count, first_bad, run, store, tile_rows};
use crate::vector;
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

    /// Loads the bases of a tile; one base for all was loaded by [`load_base`].
    pub(crate) fn load(&self, ball: &Ball, tile: &mut Tile, first: usize, n: usize) -> bool {
        match self {
            Self::One(_) => true,
            Self::Each(bases) => {
                let dim = tile.rows.len() / tile.squares.len();
                tile.load_points(ball, &bases[first * dim..][..n * dim], dim)
            }
        }
    }
}

/// Fills a tile with the one base of a batch, if it has one.
pub(crate) fn load_base<T: Scalar>(ball: &Ball, bases: &Bases<'_, T>, tile: &mut Tile) {
    if let Bases::One(base) = bases {
        let repeated = base.repeat(tile.squares.len());
        tile.load_points(ball, &repeated, base.len());
    }
}

/// Sum or difference of two tiles, and what is made of it.
pub(crate) struct Shift {
    pub(crate) rows: Vec<f64>,
    pub(crate) squares: Vec<f64>,
    pub(crate) gaps: Vec<f64>,
    pub(crate) a: Vec<f64>,
    pub(crate) b: Vec<f64>,
}

impl Shift {
    pub(crate) fn new(dim: usize) -> Self {
        let rows = tile_rows(dim);
        let column = || vec![0.0; rows];
        Self { rows: vec![0.0; rows * dim], squares: column(), gaps: column(), a: column(), b: column() }
    }

    /// `rows = y - x` and their squares.
    pub(crate) fn difference(&mut self, x: &Tile, y: &Tile, dim: usize, n: usize) {
        let values = n * dim;
        vector::subtract(&y.rows[..values], &x.rows[..values], &mut self.rows[..values]);
        vector::squares(&self.rows[..values], dim, &mut self.squares[..n]);
    }

    /// `rows = x ⊕ y`, clamped to the limit.
    pub(crate) fn add(&mut self, ball: &Ball, limit: &Limit, x: &Tile, y: &Tile, dim: usize, n: usize) {
        let values = n * dim;
        vector::add(&x.rows[..values], &y.rows[..values], &mut self.rows[..values]);
        vector::squares(&self.rows[..values], dim, &mut self.squares[..n]);
        self.finish(ball, limit, x, y, 1.0, dim, n);
    }

    /// `rows = (-x) ⊕ y`, clamped to the limit.
    pub(crate) fn recentre(&mut self, ball: &Ball, limit: &Limit, x: &Tile, y: &Tile, dim: usize, n: usize) {
        self.difference(x, y, dim, n);
        self.finish(ball, limit, x, y, -1.0, dim, n);
    }

    #[expect(clippy::too_many_arguments, reason = "one loop body of two callers")]
    fn finish(&mut self, ball: &Ball, limit: &Limit, x: &Tile, y: &Tile, sign: f64, dim: usize, n: usize) {
        weights(
            &Frame { c: ball.c, sign, rho: limit.rho, gap: limit.gap },
            &mut self.squares[..n],
            &x.gaps[..n],
            &y.gaps[..n],
            &mut self.gaps[..n],
            &mut self.a[..n],
            &mut self.b[..n],
        );
        let values = n * dim;
        vector::combine(&x.rows[..values], &mut self.rows[..values], dim, &self.a[..n], &self.b[..n]);
    }
}

/// What the weights of a Möbius sum depend on beside the points.
struct Frame {
    c: f64,
    sign: f64,
    rho: f64,
    gap: f64,
}

vector::vectorised! {
    /// The weights `a` of `x` and `b` of `s` in the sum, and the gap of the result.
    fn weights(frame: &Frame, squares: &mut [f64], x: &[f64], y: &[f64], gaps: &mut [f64], a: &mut [f64], b: &mut [f64]) {
        for i in 0..squares.len() {
            let square = frame.c * squares[i];
            let product = x[i] * y[i];
            let whole = (square + product).max(f64::MIN_POSITIVE);
            let gap = product / whole;
            // c|x ⊕ y|² = 1 - gap; scaling to the limit where that is passed.
            let clamp = if gap < frame.gap { frame.rho / (1.0 - gap).sqrt() } else { 1.0 };
            gaps[i] = gap;
            a[i] = frame.sign * clamp * square / whole;
            b[i] = clamp * x[i] / whole;
        }
    }
}

struct Sum<'a, T> {
    ball: &'a Ball,
    limit: Limit,
    bases: Bases<'a, T>,
    from: &'a [T],
    dim: usize,
    recentre: bool,
}

impl<T: Scalar> Job<T> for Sum<'_, T> {
    type Scratch = (Tile, Tile, Shift);

    fn scratch(&self) -> Self::Scratch {
        let mut base = Tile::new(self.dim);
        load_base(self.ball, &self.bases, &mut base);
        (base, Tile::new(self.dim), Shift::new(self.dim))
    }

    fn tile(&self, (base, tile, shift): &mut Self::Scratch, first: usize, out: &mut [T]) -> bool {
        let (dim, n) = (self.dim, out.len() / self.dim);
        let fine = self.bases.load(self.ball, base, first, n)
            & tile.load_points(self.ball, &self.from[first * dim..][..out.len()], dim);
        if self.recentre {
            shift.recentre(self.ball, &self.limit, base, tile, dim, n);
        } else {
            shift.add(self.ball, &self.limit, base, tile, dim, n);
        }
        store(&self.limit, &shift.rows[..out.len()], &shift.gaps[..n], dim, out);
        fine
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
        self.sum(bases, points, dim, out, cancel, false)
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
        self.sum(centre, points, dim, out, cancel, true)
    }

    fn sum<T: Scalar>(
        &self,
        bases: &[T],
        points: &[T],
        dim: usize,
        out: &mut [T],
        cancel: &Cancel,
        recentre: bool,
    ) -> Result<(), Error> {
        count("points", points.len(), dim)?;
        check_length("out", out.len(), points.len())?;
        let all = Bases::new(self, bases, points.len(), dim)?;
        let job = Sum { ball: self, limit: self.limit::<T>(), bases: all, from: points, dim, recentre };
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
        let mut tile = Tile::new(dim);
        let mut moved = 0;
        for row in points.chunks_exact_mut(dim) {
            tile.load_tangents(self, row, dim);
            if tile.gaps[0] >= strict {
                let factor = limit.rho / (self.sqrt_c * tile.squares[0].sqrt());
                vector::scale(&mut tile.rows[..dim], dim, &[factor]);
                T::narrow_inward(&tile.rows[..dim], row);
                moved += 1;
            }
        }
        Ok(moved)
    }
}

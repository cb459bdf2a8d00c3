//! Work on a batch is cut in tiles that stay in the first-level cache, and tiles are handed to threads in runs.

use crate::ball::{Ball, Limit};
use crate::error::Error;
use crate::rows::{self, Cell};
use crate::scalar::Scalar;
use crate::vector;
use canopy_core::Cancel;
use rayon::prelude::*;

/// Values of a tile: with 1,024 the rows of two inputs and an output fit beside each other in the first-level cache, whatever they are stored as.
const TILE_VALUES: usize = 1024;
/// Tiles a thread takes at a time; between two runs it looks whether the caller cancelled.
const RUN: usize = 64;

/// Points of a tile.
pub(crate) fn tile_rows(dim: usize) -> usize {
    (TILE_VALUES / dim).max(1)
}

/// Points or tangents of one tile: their cells where the storage needs some, their squares and gaps.
#[derive(Debug)]
pub(crate) struct Side<T: Scalar> {
    cells: Vec<T::Cell>,
    squares: Vec<f64>,
    gaps: Vec<f64>,
    /// Tangents so long that they had to be scaled down.
    shrunk: Vec<T::Cell>,
}

/// What was loaded into a [`Side`]: `n` rows, or one that stands for all.
pub(crate) struct View<'a, C> {
    pub(crate) rows: &'a [C],
    pub(crate) squares: &'a mut [f64],
    /// `1 - c |x|²` of points, `sqrt(c) |v|` of tangents.
    pub(crate) gaps: &'a mut [f64],
    /// Whether every row can be used.
    pub(crate) fine: bool,
}

impl<T: Scalar> Side<T> {
    pub(crate) fn new(dim: usize) -> Self {
        let rows = tile_rows(dim);
        let cells = vec![T::Cell::default(); rows * dim];
        Self { cells, squares: vec![0.0; rows], gaps: vec![0.0; rows], shrunk: Vec::new() }
    }

    /// A point that stands for all of a tile.
    pub(crate) fn fixed(ball: &Ball, point: &[T]) -> Self {
        let mut side = Self::new(point.len());
        let View { rows, squares, gaps, .. } = side.points(ball, point, point.len());
        let (cells, square, gap) = (rows.to_vec(), squares[0], gaps[0]);
        side.squares.fill(square);
        side.gaps.fill(gap);
        side.cells = cells;
        side
    }

    /// What [`Side::fixed`] took, for `n` rows.
    pub(crate) fn repeated(&mut self, n: usize) -> View<'_, T::Cell> {
        let (squares, gaps) = (&mut self.squares[..n], &mut self.gaps[..n]);
        View { rows: &self.cells, squares, gaps, fine: true }
    }

    /// Loads points and looks whether they lie in the ball.
    pub(crate) fn points<'a>(&'a mut self, ball: &Ball, from: &'a [T], dim: usize) -> View<'a, T::Cell> {
        let n = from.len() / dim;
        let rows = T::cells(from, &mut self.cells);
        let (squares, gaps) = (&mut self.squares[..n], &mut self.gaps[..n]);
        rows::squares(rows, dim, squares);
        vector::gaps(ball.c, squares, gaps);
        if T::COMPENSATED {
            vector::refine_gaps(ball.c, rows, dim, gaps);
        }
        // A NaN compares false, an infinite square gives -inf.
        let fine = gaps.iter().fold(true, |fine, &gap| fine & (gap > 0.0));
        View { rows, squares, gaps, fine }
    }

    /// Loads tangents: `gaps` becomes `sqrt(c) |v|`, and a row whose square overflows is scaled down, `squares` with it.
    pub(crate) fn tangents<'a>(&'a mut self, ball: &Ball, from: &'a [T], dim: usize) -> View<'a, T::Cell> {
        let n = from.len() / dim;
        let rows = T::cells(from, &mut self.cells);
        let (squares, gaps) = (&mut self.squares[..n], &mut self.gaps[..n]);
        rows::squares(rows, dim, squares);
        vector::lengths(ball.sqrt_c, squares, gaps);
        if squares.iter().all(|square| square.is_finite()) {
            return View { rows, squares, gaps, fine: true };
        }
        let fine = rows.iter().all(|value| value.wide().is_finite());
        self.shrunk.clear();
        self.shrunk.extend_from_slice(rows);
        for (i, row) in self.shrunk.chunks_exact_mut(dim).enumerate() {
            if !squares[i].is_finite() {
                row.iter_mut().for_each(|value| *value = T::Cell::near(value.wide() * SHRINK));
                rows::squares(row, dim, &mut squares[i..=i]);
                gaps[i] = f64::MAX;
            }
        }
        View { rows: &self.shrunk, squares, gaps, fine }
    }
}

/// 2⁻⁶⁰⁰: takes the largest finite row of up to 2⁴⁰ values to where its square is finite.
const SHRINK: f64 = f64::from_bits((1023 - 600) << 52);

/// Rounds rows towards zero whose gap says that they are near the limit, so that rounding can't lead past it; `row` computes one anew.
pub(crate) fn inward<T: Scalar>(
    limit: &Limit,
    gaps: &[f64],
    dim: usize,
    out: &mut [T],
    row: impl Fn(usize, &mut [f64]),
) {
    if gaps.iter().fold(false, |near, &gap| near | (gap < limit.inward_gap)) {
        let mut wide = vec![0.0; dim];
        for (i, (out, &gap)) in out.chunks_exact_mut(dim).zip(gaps).enumerate() {
            if gap < limit.inward_gap {
                row(i, &mut wide);
                T::narrow_inward(&wide, out);
            }
        }
    }
}

/// Points, tangents or single values of one call, cut like its output.
pub(crate) trait Job<O>: Sync {
    /// Scratch of one thread.
    type Scratch: Send;
    fn scratch(&self) -> Self::Scratch;
    /// Computes the rows from `first` on into `out`; `false` when an input row can't be used.
    fn tile(&self, scratch: &mut Self::Scratch, first: usize, out: &mut [O]) -> bool;
}

/// Runs a job over an output of `width` values a row, all threads taking part. `blame` names the first unusable row.
pub(crate) fn run<O: Send, J: Job<O>>(
    job: &J,
    out: &mut [O],
    width: usize,
    tile: usize,
    cancel: &Cancel,
    blame: impl Fn() -> Error,
) -> Result<(), Error> {
    let rows = tile * RUN;
    cancel.check()?;
    let fine = out
        .par_chunks_mut(rows * width)
        .enumerate()
        .map_init(
            || job.scratch(),
            |scratch, (at, out)| {
                cancel.check()?;
                let mut first = at * rows;
                let mut fine = true;
                for out in out.chunks_mut(tile * width) {
                    fine &= job.tile(scratch, first, out);
                    first += tile;
                }
                Ok::<_, Error>(fine)
            },
        )
        .try_reduce(|| true, |a, b| Ok(a & b))?;
    if fine { Ok(()) } else { Err(blame()) }
}

/// Checks that a buffer holds `expected` values.
pub(crate) fn check_length(what: &'static str, received: usize, expected: usize) -> Result<(), Error> {
    if received == expected { Ok(()) } else { Err(Error::Length { what, expected, received }) }
}

/// Checks that a buffer holds whole points, and counts them.
pub(crate) fn count(what: &'static str, len: usize, dim: usize) -> Result<usize, Error> {
    if dim == 0 {
        return Err(Error::ZeroDimension);
    }
    check_length(what, len, len / dim * dim)?;
    Ok(len / dim)
}

/// The first row that isn't finite, or isn't in the ball when `inside` is asked for.
pub(crate) fn first_bad<T: Scalar>(
    ball: &Ball,
    what: &'static str,
    rows: &[T],
    dim: usize,
    inside: bool,
) -> Option<Error> {
    let mut side = Side::<T>::new(dim);
    for (row, point) in rows.chunks_exact(dim).enumerate() {
        let View { rows, fine, .. } = side.points(ball, point, dim);
        if !rows.iter().all(|value| value.wide().is_finite()) {
            return Some(Error::NotFinite { what, row });
        }
        if inside && !fine {
            return Some(Error::Outside { what, row, radius: ball.radius() });
        }
    }
    None
}

//! Work on a batch is cut in tiles that stay in the first-level cache, and tiles are handed to threads in runs.

use crate::ball::{Ball, Limit};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::vector;
use canopy_core::Cancel;
use rayon::prelude::*;

/// Values of one tile buffer: 1,024 `f64` are 8 KiB, so three buffers fit beside each other in the first-level cache.
const TILE_VALUES: usize = 1024;
/// Tiles a thread takes at a time; between two runs it looks whether the caller cancelled.
const RUN: usize = 64;

/// Points of a tile.
pub(crate) fn tile_rows(dim: usize) -> usize {
    (TILE_VALUES / dim).max(1)
}

/// Rows of points in `f64` with their squares and gaps.
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    pub(crate) rows: Vec<f64>,
    pub(crate) squares: Vec<f64>,
    pub(crate) gaps: Vec<f64>,
}

impl Tile {
    pub(crate) fn new(dim: usize) -> Self {
        let rows = tile_rows(dim);
        Self { rows: vec![0.0; rows * dim], squares: vec![0.0; rows], gaps: vec![0.0; rows] }
    }

    /// Loads points and checks that they lie in the ball. `false` when one doesn't.
    pub(crate) fn load_points<T: Scalar>(&mut self, ball: &Ball, from: &[T], dim: usize) -> bool {
        let n = from.len() / dim;
        T::widen(from, &mut self.rows[..from.len()]);
        vector::squares(&self.rows[..from.len()], dim, &mut self.squares[..n]);
        vector::gaps(ball.c, &self.squares[..n], &mut self.gaps[..n]);
        if T::COMPENSATED {
            vector::refine_gaps(ball.c, &self.rows[..from.len()], dim, &mut self.gaps[..n]);
        }
        // A NaN compares false, an infinite square gives -inf.
        self.gaps[..n].iter().fold(true, |fine, &gap| fine & (gap > 0.0))
    }

    /// Loads tangent vectors: `gaps` becomes `sqrt(c) |v|`, and a row whose square overflows is scaled down, `squares` with
    /// it. `false` when one isn't finite.
    pub(crate) fn load_tangents<T: Scalar>(&mut self, ball: &Ball, from: &[T], dim: usize) -> bool {
        let n = from.len() / dim;
        T::widen(from, &mut self.rows[..from.len()]);
        vector::squares(&self.rows[..from.len()], dim, &mut self.squares[..n]);
        let mut fine = true;
        for i in 0..n {
            self.gaps[i] = ball.sqrt_c * self.squares[i].sqrt();
            if !self.squares[i].is_finite() {
                let row = &mut self.rows[i * dim..(i + 1) * dim];
                fine &= row.iter().all(|value| value.is_finite());
                row.iter_mut().for_each(|value| *value *= SHRINK);
                vector::squares(row, dim, &mut self.squares[i..=i]);
                self.gaps[i] = f64::MAX;
            }
        }
        fine
    }
}

/// 2⁻⁶⁰⁰: takes the largest finite row of up to 2⁴⁰ values to where its square is finite.
const SHRINK: f64 = f64::from_bits((1023 - 600) << 52);

/// Rounds a tile to its storage; rows whose gap says that they are near the limit are rounded towards zero.
pub(crate) fn store<T: Scalar>(limit: &Limit, rows: &[f64], gaps: &[f64], dim: usize, out: &mut [T]) {
    T::narrow(rows, out);
    if gaps.iter().fold(false, |near, &gap| near | (gap < limit.inward_gap)) {
        for ((row, out), &gap) in rows.chunks_exact(dim).zip(out.chunks_exact_mut(dim)).zip(gaps) {
            if gap < limit.inward_gap {
                T::narrow_inward(row, out);
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
    let mut tile = Tile::new(dim);
    for (row, point) in rows.chunks_exact(dim).enumerate() {
        let outside = !tile.load_points(ball, point, dim);
        if !tile.rows[..dim].iter().all(|value| value.is_finite()) {
            return Some(Error::NotFinite { what, row });
        }
        if inside && outside {
            return Some(Error::Outside { what, row, radius: ball.radius() });
        }
    }
    None
}

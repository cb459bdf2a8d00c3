//! Inducing points and the root of their covariance: what turns a point into its row of V and its residual variance.

use super::cholesky;
use super::kernel::Kernel;
use super::matrix::Matrix;
use super::real::Real;
use super::tiles::{COLUMNS, Chosen, Panel, ROWS};
use crate::error::Error;
use crate::task::Task;
use rayon::prelude::*;

/// Residual variances are floored at this share of the variance: below it lies the rounding of `f64` itself.
pub const VARIANCE_FLOOR: f64 = 1e-9;
/// How often the jitter is raised tenfold before giving up.
pub const JITTER_STEPS: i32 = 5;
/// Points whose covariances are computed at once, at most: 64 rows of 512 `f64` are 256 KiB, a quarter of a usual L2, and as much of
/// the inverse passes by for all of them.
const BLOCK: usize = 64;

/// `L` with `L Lᵀ = K(Z, Z) + jitter I`, as its inverse.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) kernel: Kernel,
    /// How many inducing points.
    pub(crate) count: usize,
    /// What was added to the diagonal, as a share of the variance.
    pub(crate) jitter: f64,
    /// Inverse lengthscales, one for each coordinate.
    pub(crate) scales: Vec<f64>,
    /// The inducing points, axis by axis.
    pub(super) lanes: Vec<f64>,
    pub(super) inverse: Matrix<f64>,
    /// The inverse as products want it, see [`panels`].
    panels: Matrix<f64>,
}

impl Root {
    /// `inducing` are rows of coordinates.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] when even the largest jitter doesn't help.
    pub(crate) fn new(kernel: &Kernel, inducing: &[f64], dim: usize, jitter: f64) -> Result<Self, Error> {
        let scales = kernel.scales(dim)?;
        let count = inducing.len() / dim;
        let lanes: Vec<f64> = (0..dim).flat_map(|axis| inducing.iter().skip(axis).step_by(dim).copied()).collect();
        let mut covariances = vec![0.0; count * count];
        covariances.par_chunks_mut(count).zip(inducing.par_chunks_exact(dim)).for_each(|(out, row)| {
            covariance(kernel, &scales, &lanes, row, out);
        });
        for step in 0..JITTER_STEPS {
            let jitter = jitter * 10_f64.powi(step);
            let mut shifted = covariances.clone();
            (0..count).for_each(|i| shifted[i * count + i] += jitter * kernel.variance);
            if let Some(lower) = cholesky::factor(shifted, count) {
                return Ok(Self::with_inverse(kernel.clone(), scales, lanes, jitter, cholesky::inverse(&lower, count)));
            }
        }
        Err(Error::NotPositiveDefinite { first: jitter, last: jitter * 10_f64.powi(JITTER_STEPS - 1) })
    }

    /// A root whose inverse is known.
    pub(super) fn with_inverse(
        kernel: Kernel,
        scales: Vec<f64>,
        lanes: Vec<f64>,
        jitter: f64,
        inverse: Matrix<f64>,
    ) -> Self {
        let panels = panels(&inverse);
        Self { kernel, count: inverse.width(), jitter, scales, lanes, inverse, panels }
    }

    /// The inducing points, row-major.
    pub(crate) fn inducing(&self) -> Vec<f64> {
        let count = self.count;
        let at =
            |cell: usize| self.lanes[cell % (self.lanes.len() / count) * count + cell / (self.lanes.len() / count)];
        (0..self.lanes.len()).map(at).collect()
    }

    /// Computes rows of V (in `f64`, rounded when stored) and residual variances, for rows of coordinates.
    /// `rest`, if wanted, gets what rounding took.
    pub(crate) fn rows<T: Chosen>(
        &self,
        coordinates: &[f64],
        dim: usize,
        rest: bool,
        task: &Task<'_>,
    ) -> Result<Factors<T>, Error> {
        let n = coordinates.len() / dim;
        let mut v = Matrix::<T>::zeros(n, self.count);
        let mut rests = rest.then(|| Matrix::<f32>::zeros(n, self.count));
        let mut p = vec![0.0; n];
        let stride = v.stride();
        // A handful of points is work for all threads as well.
        let block = n.div_ceil(2 * rayon::current_num_threads()).next_multiple_of(ROWS).clamp(ROWS, BLOCK);
        let values = v.values_mut()[..n * stride].par_chunks_mut(block * stride);
        let blocks = p.par_chunks_mut(block).zip(coordinates.par_chunks(block * dim)).zip(values);
        let start = || Work::new(self.count);
        match &mut rests {
            Some(rests) => {
                let rests = rests.values_mut()[..n * stride].par_chunks_mut(block * stride);
                blocks.zip(rests).try_for_each_init(start, |work, (((p, x), v), rest)| {
                    self.block(work, x, dim, (v, rest), stride, p);
                    task.advance(0)
                })
            }
            None => blocks.try_for_each_init(start, |work, ((p, x), v)| {
                self.block(work, x, dim, (v, &mut []), stride, p);
                task.advance(0)
            }),
        }?;
        Ok(Factors { v, rest: rests, p })
    }

    fn block<T: Real>(
        &self,
        work: &mut Work,
        x: &[f64],
        dim: usize,
        (v, rest): (&mut [T], &mut [f32]),
        stride: usize,
        p: &mut [f64],
    ) {
        for (row, x) in x.chunks_exact(dim).enumerate() {
            covariance(&self.kernel, &self.scales, &self.lanes, x, &mut work.covariances.row_mut(row)[..self.count]);
        }
        p.fill(self.kernel.variance);
        for first in (0..work.covariances.stride()).step_by(COLUMNS) {
            let call = Panel {
                rows: work.covariances.values(),
                count: p.len(),
                stride: work.covariances.stride(),
                len: first + COLUMNS,
                columns: &self.panels.values()[start(first / COLUMNS) * COLUMNS..],
            };
            call.run(f64::loops(), &mut work.out);
            for (row, (p, computed)) in p.iter_mut().zip(work.out.chunks_exact(COLUMNS)).enumerate() {
                let range = row * stride + first..row * stride + first + COLUMNS;
                for (slot, &value) in v[range.clone()].iter_mut().zip(computed) {
                    *slot = T::from_f64(value);
                }
                if !rest.is_empty() {
                    for ((slot, v), &value) in rest[range.clone()].iter_mut().zip(&v[range]).zip(computed) {
                        *slot = (value - v.to_f64()) as f32;
                    }
                }
                *p -= computed.iter().map(|value| value * value).sum::<f64>();
            }
        }
        p.iter_mut().for_each(|p| *p = p.max(VARIANCE_FLOOR * self.kernel.variance));
    }
}

/// V and p of some points.
#[derive(Debug)]
pub(crate) struct Factors<T> {
    pub(crate) v: Matrix<T>,
    /// What rounding took from V.
    pub(crate) rest: Option<Matrix<f32>>,
    /// Residual variances, floored.
    pub(crate) p: Vec<f64>,
}

/// Room that a thread works in.
struct Work {
    covariances: Matrix<f64>,
    out: Vec<f64>,
}

impl Work {
    fn new(count: usize) -> Self {
        Self { covariances: Matrix::zeros(BLOCK, count), out: vec![0.0; BLOCK * COLUMNS] }
    }
}

/// Where a panel starts, in rows of [`panels`].
fn start(panel: usize) -> usize {
    COLUMNS * panel * (panel + 1) / 2
}

/// A lower triangle by panels: [`COLUMNS`] of its rows lie side by side, as far as the longest of them goes.
fn panels(triangle: &Matrix<f64>) -> Matrix<f64> {
    let count = triangle.stride() / COLUMNS;
    let mut out = Matrix::zeros(start(count), COLUMNS);
    for (panel, first) in (0..count).map(|panel| (panel, panel * COLUMNS)) {
        for at in 0..first + COLUMNS {
            let columns = out.row_mut(start(panel) + at);
            columns.iter_mut().enumerate().for_each(|(column, slot)| *slot = triangle.row(first + column)[at]);
        }
    }
    out
}

/// Covariances of a point with all inducing points.
fn covariance(kernel: &Kernel, scales: &[f64], lanes: &[f64], x: &[f64], out: &mut [f64]) {
    out.fill(0.0);
    for ((lanes, x), scale) in lanes.chunks_exact(out.len()).zip(x).zip(scales) {
        for (sum, z) in out.iter_mut().zip(lanes) {
            let gap = (x - z) * scale;
            *sum += gap * gap;
        }
    }
    f64::loops().kernel(kernel.kind, kernel.variance, out);
}

//! The Fréchet mean: the point with the least sum of squared distances.
//!
//! Everything happens in the frame of the current estimate (the points seen from there, by translation), so nothing is lost
//! at the rim. There `f(m) = ½ Σ w d(m, x)²` has gradient `-Σ w log x` and Hessian `Σ w (û ûᵀ + d coth d (I - û ûᵀ))`. Newton's
//! steps converge quadratically; one that would not lower `f` is replaced by `Σ w log x / Σ w d coth d`, which always does,
//! because `d²` is concave in `cosh d` and the right-hand side stays short of that majorant's minimum.

use crate::ball::Ball;
use crate::error::Error;
use crate::rows::{self, First, Second};
use crate::scalar::Scalar;
use crate::tile::{Side, View, count, tile_rows};
use crate::translate::Shares;
use crate::vector::{self, Apart, Frame};
use canopy_core::Cancel;
use rayon::prelude::*;

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct MeanOptions {
    /// Stop when a step is shorter than this hyperbolic length (of the space of curvature -1), or than the coordinates resolve.
    pub tolerance: f64,
    /// Stop after so many passes over the points.
    pub iterations: u32,
}

impl Default for MeanOptions {
    fn default() -> Self {
        Self { tolerance: 1e-13, iterations: 200 }
    }
}

/// A Fréchet mean and how it was reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Mean<T> {
    /// The mean, in the storage of the points.
    pub point: Vec<T>,
    /// The mean before it was rounded.
    pub precise: Vec<f64>,
    /// Weighted mean of the squared distances to it, in the units of the ball.
    pub variance: f64,
    /// Length of the last step (curvature -1).
    pub step: f64,
    /// Passes over the points.
    pub iterations: u32,
    /// Whether the last step was below the tolerance.
    pub converged: bool,
}

/// Up to here Newton's method pays: the Hessian costs `dim² / 2` operations a point.
const NEWTON_DIM: usize = 64;
/// Tiles summed by one thread; fixed, so that sums don't depend on the number of threads.
const RUN: usize = 32;

/// What one pass over the points gathers, in the frame of the estimate.
#[derive(Clone)]
struct Sums {
    /// `½ Σ w d²`.
    half_squares: f64,
    /// `Σ w d coth d`.
    curvature: f64,
    /// `Σ w log x`.
    pull: Vec<f64>,
    /// Lower triangle of `Σ w (1 - d coth d) û ûᵀ`.
    outer: Vec<f64>,
}

impl Sums {
    fn new(dim: usize) -> Self {
        let outer = if dim <= NEWTON_DIM { dim * (dim + 1) / 2 } else { 0 };
        Self { half_squares: 0.0, curvature: 0.0, pull: vec![0.0; dim], outer: vec![0.0; outer] }
    }

    fn take(&mut self, other: &Self) {
        self.half_squares += other.half_squares;
        self.curvature += other.curvature;
        self.pull.iter_mut().zip(&other.pull).for_each(|(sum, part)| *sum += part);
        self.outer.iter_mut().zip(&other.outer).for_each(|(sum, part)| *sum += part);
    }

    /// Adds a point at distance `d` in direction `unit`.
    fn point(&mut self, weight: f64, d: f64, unit: &[f64]) {
        let coth = if d < 1e-8 { 1.0 } else { d / d.tanh() };
        self.half_squares += 0.5 * weight * d * d;
        self.curvature += weight * coth;
        self.pull.iter_mut().zip(unit).for_each(|(sum, u)| *sum += weight * d * u);
        if !self.outer.is_empty() {
            let mut rest = self.outer.as_mut_slice();
            for (i, &u) in unit.iter().enumerate() {
                let (row, next) = rest.split_at_mut(i + 1);
                let factor = weight * (1.0 - coth) * u;
                row.iter_mut().zip(unit).for_each(|(sum, v)| *sum += factor * v);
                rest = next;
            }
        }
    }

    /// The step that always lowers `f`.
    fn safe_step(&self) -> Vec<f64> {
        self.pull.iter().map(|pull| pull / self.curvature).collect()
    }

    /// Newton's step, by a Cholesky factorisation; `None` when there is no Hessian or it isn't positive (rounding).
    fn newton_step(&self) -> Option<Vec<f64>> {
        let dim = self.pull.len();
        if self.outer.is_empty() {
            return None;
        }
        let at = |i: usize, j: usize| i * (i + 1) / 2 + j;
        let mut l = self.outer.clone();
        (0..dim).for_each(|i| l[at(i, i)] += self.curvature);
        for j in 0..dim {
            for i in j..dim {
                let sum: f64 = (0..j).map(|k| l[at(i, k)] * l[at(j, k)]).sum();
                let rest = l[at(i, j)] - sum;
                if i == j {
                    if rest <= 0.0 {
                        return None;
                    }
                    l[at(j, j)] = rest.sqrt();
                } else {
                    l[at(i, j)] = rest / l[at(j, j)];
                }
            }
        }
        let mut step = self.pull.clone();
        for i in 0..dim {
            let sum: f64 = (0..i).map(|k| l[at(i, k)] * step[k]).sum();
            step[i] = (step[i] - sum) / l[at(i, i)];
        }
        for i in (0..dim).rev() {
            let sum: f64 = (i + 1..dim).map(|k| l[at(k, i)] * step[k]).sum();
            step[i] = (step[i] - sum) / l[at(i, i)];
        }
        Some(step)
    }
}

/// What a thread needs to look at tiles from an estimate.
struct Scratch<T: Scalar> {
    base: Side<f64>,
    side: Side<T>,
    shares: Shares<f64>,
    /// Half the distances to the estimate.
    halves: Vec<f64>,
    /// Directions from it.
    units: Vec<f64>,
}

impl<T: Scalar> Scratch<T> {
    fn new(ball: &Ball, base: &[f64]) -> Self {
        let (dim, rows) = (base.len(), tile_rows(base.len()));
        let (side, shares) = (Side::new(dim), Shares::new(dim));
        Self { base: Side::fixed(ball, base), side, shares, halves: vec![0.0; rows], units: vec![0.0; rows * dim] }
    }
}

/// One call's points and weights.
struct Cloud<'a, T> {
    ball: Ball,
    points: &'a [T],
    weights: Option<&'a [f64]>,
    dim: usize,
}

impl<T: Scalar> Cloud<'_, T> {
    /// Gathers the sums in the frame of `base`. `None` when a point isn't in the ball.
    fn gather(&self, base: &[f64], cancel: &Cancel) -> Result<Option<Sums>, Error> {
        let (dim, rows) = (self.dim, tile_rows(self.dim));
        let parts: Vec<Option<Sums>> = self
            .points
            .par_chunks(rows * RUN * dim)
            .enumerate()
            .map(|(run, points)| {
                cancel.check()?;
                let mut sums = Sums::new(dim);
                let mut scratch = Scratch::new(&self.ball, base);
                let mut first = run * rows * RUN;
                for points in points.chunks(rows * dim) {
                    if !self.tile(points, first, &mut scratch, &mut sums) {
                        return Ok(None);
                    }
                    first += rows;
                }
                Ok::<_, Error>(Some(sums))
            })
            .collect::<Result<_, _>>()?;
        let mut all = Sums::new(dim);
        for part in &parts {
            match part {
                Some(part) => all.take(part),
                None => return Ok(None),
            }
        }
        Ok(Some(all))
    }

    fn tile(&self, points: &[T], first: usize, scratch: &mut Scratch<T>, sums: &mut Sums) -> bool {
        let (dim, n) = (self.dim, points.len() / self.dim);
        let Scratch { base, side, shares, halves, units } = scratch;
        let (x, y) = (base.repeated(n), side.points(&self.ball, points, dim));
        if !y.fine {
            return false;
        }
        let c = self.ball.c;
        let from = First { rows: x.rows, sign: -1.0 };
        shares.measure(from, y.rows, dim);
        let apart = Apart { squares: &shares.squares[..n], x: x.gaps, y: y.gaps };
        vector::half_distances(c, apart.squares, apart.x, apart.y, &mut halves[..n]);
        vector::direction_shares(c, apart, &mut shares.a[..n], &mut shares.b[..n]);
        let (second, ab) = (Second { rows: y.rows, factors: &shares.factors[..n] }, (&shares.a[..n], &shares.b[..n]));
        rows::combined(from, second, ab, dim, &mut units[..n * dim]);
        for (i, unit) in units[..n * dim].chunks_exact(dim).enumerate() {
            let weight = self.weights.map_or(1.0, |weights| weights[first + i]);
            sums.point(weight, 2.0 * halves[i], unit);
        }
        true
    }

    /// `base ⊕ exp0(step)`, the step being a tangent at the base in units of curvature -1.
    fn walk(&self, base: &[f64], step: &[f64]) -> Vec<f64> {
        let dim = self.dim;
        let length = norm(step);
        let factor = if length > 0.0 { (0.5 * length).tanh() / (length * self.ball.sqrt_c) } else { 0.0 };
        let image: Vec<f64> = step.iter().map(|step| step * factor).collect();
        let (mut x, mut y, mut shares) = (Side::fixed(&self.ball, base), Side::new(dim), Shares::<f64>::new(dim));
        let y = y.points(&self.ball, &image, dim);
        shares.gaps[0] = y.gaps[0].max(f64::MIN_POSITIVE);
        let mut sum = vec![0.0; dim];
        let frame = Frame { c: self.ball.c, sign: 1.0, limit: self.ball.limit::<f64>() };
        shares.add(frame, &x.repeated(1), y.rows, dim, &mut sum);
        sum
    }

    /// The hyperbolic length that rounding a coordinate moves a point by at `base`.
    fn resolution(&self, base: &[f64]) -> f64 {
        let mut side = Side::new(self.dim);
        let View { gaps, .. } = side.points(&self.ball, base, self.dim);
        4.0 * f64::EPSILON / gaps[0]
    }
}

fn norm(vector: &[f64]) -> f64 {
    vector.iter().map(|value| value * value).sum::<f64>().sqrt()
}

impl Ball {
    /// The Fréchet mean of the points, weighted when `weights` are given: the unique point with the least sum of squared
    /// distances. The same bits at any number of threads.
    ///
    /// Newton's method up to 64 coordinates (5 to 15 passes), a majorisation of linear convergence beyond
    /// ([`Mean::converged`] says whether it got there). A pass over 1,000,000 points of 16 coordinates takes about 0.15 s on
    /// two cores.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::Weight`], [`Error::Outside`], [`Error::NotFinite`], [`Error::Length`], [`Error::Cancelled`].
    pub fn mean<T: Scalar>(
        &self,
        points: &[T],
        dim: usize,
        weights: Option<&[f64]>,
        options: &MeanOptions,
        cancel: &Cancel,
    ) -> Result<Mean<T>, Error> {
        let n = count("points", points.len(), dim)?;
        let total = total_weight(weights, n)?;
        let cloud = Cloud { ball: self.finest(), points, weights, dim };
        let outside = || self.blame("points", points, dim);

        let mut base = vec![0.0; dim];
        let mut sums = cloud.gather(&base, cancel)?.ok_or_else(outside)?;
        // From 0 the mean of the logarithms is nearer than what either step gives.
        let mut step: Vec<f64> = sums.pull.iter().map(|pull| pull / total).collect();
        let mut passes = 1;
        let (mut converged, mut fallback) = (false, false);
        while passes < options.iterations.max(2) {
            let next = cloud.walk(&base, &step);
            let seen = cloud.gather(&next, cancel)?.ok_or_else(outside)?;
            passes += 1;
            if seen.half_squares > sums.half_squares * (1.0 + 1e-12) && !fallback {
                fallback = true;
                step = sums.safe_step();
                continue;
            }
            (base, sums) = (next, seen);
            fallback = false;
            step = sums.newton_step().unwrap_or_else(|| sums.safe_step());
            if norm(&step) <= options.tolerance.max(cloud.resolution(&base)) {
                converged = true;
                break;
            }
        }
        let precise = cloud.walk(&base, &step);
        Ok(Mean {
            point: self.stored(&precise),
            variance: 2.0 * sums.half_squares / total / self.c,
            step: norm(&step),
            iterations: passes,
            converged,
            precise,
        })
    }
}

/// The sum of the weights, checked.
fn total_weight(weights: Option<&[f64]>, n: usize) -> Result<f64, Error> {
    let total = match weights {
        None => n as f64,
        Some(weights) => {
            crate::tile::check_length("weights", weights.len(), n)?;
            if let Some((row, &received)) =
                weights.iter().enumerate().find(|(_, weight)| !weight.is_finite() || **weight < 0.0)
            {
                return Err(Error::Weight { row, received });
            }
            weights.iter().sum()
        }
    };
    if total > 0.0 { Ok(total) } else { Err(Error::Empty) }
}

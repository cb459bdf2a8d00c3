//! How far recentred points land from where they should: translation in storage precision against naive scaling.

use crate::ball::Ball;
use crate::error::Error;
use crate::mean::MeanOptions;
use crate::scalar::Scalar;
use crate::tile::count;
use canopy_core::Cancel;
use half::f16;

/// What to measure.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Overshoot {
    /// Points drawn.
    pub points: usize,
    /// Coordinates a point.
    pub dim: usize,
    /// Curvatures.
    pub kappas: Vec<f64>,
    /// Hyperbolic distance of the cloud's centre from 0, in units of curvature -1.
    pub offset: f64,
    /// Standard deviation of each tangent coordinate at the centre, in the same units.
    pub spread: f64,
    /// Seed of the cloud.
    pub seed: u64,
}

impl Default for Overshoot {
    fn default() -> Self {
        Self { points: 1000, dim: 8, kappas: vec![-1.0, -0.5, -2.0], offset: 1.5, spread: 0.5, seed: 42 }
    }
}

/// One point of the measurement; a row of the published table.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OvershootRow {
    /// Curvature.
    pub kappa: f64,
    /// Storage: `f64`, `f32` or `f16`.
    pub dtype: String,
    /// `exp_log` (translation by minus the Fréchet mean) or `naive` (Euclidean mean subtracted, rescaled to fit).
    pub method: String,
    /// Distance to 0 of the recentred point, computed in `f64` throughout.
    pub r_target: f64,
    /// Distance to 0 that the method gave in this storage.
    pub r_obtained: f64,
    /// `r_obtained - r_target`.
    pub delta_r: f64,
}

/// What is done where nobody knows better: subtract the Euclidean mean, and shrink everything when a point falls outside.
///
/// # Errors
/// [`Error::Length`], [`Error::NotFinite`].
pub fn naive_recentre<T: Scalar>(ball: &Ball, points: &[T], dim: usize, out: &mut [T]) -> Result<(), Error> {
    let n = count("points", points.len(), dim)?;
    crate::tile::check_length("out", out.len(), points.len())?;
    let mut wide = vec![0.0; points.len()];
    T::widen(points, &mut wide);
    let mut mean = vec![0.0; dim];
    for row in wide.chunks_exact(dim) {
        mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / n.max(1) as f64);
    }
    let mut longest = 0.0_f64;
    for row in wide.chunks_exact_mut(dim) {
        row.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
        longest = longest.max(ball.sqrt_c * row.iter().map(|x| x * x).sum::<f64>().sqrt());
    }
    let rho = ball.limit::<T>().rho;
    if longest > rho {
        wide.iter_mut().for_each(|x| *x *= rho / longest);
    }
    T::narrow(&wide, out);
    ball.project(out, dim)?;
    Ok(())
}

/// Draws a cloud off the centre for each curvature and measures both methods in `f64`, `f32` and `f16` against a recentring of
/// the same stored points in `f64`. Deterministic for a seed.
///
/// # Errors
/// [`Error::Curvature`], [`Error::ZeroDimension`], [`Error::Empty`], [`Error::Cancelled`].
pub fn overshoot(options: &Overshoot, cancel: &Cancel) -> Result<Vec<OvershootRow>, Error> {
    let mut rows = Vec::with_capacity(options.points * options.kappas.len() * 6);
    for &kappa in &options.kappas {
        let ball = Ball::new(kappa)?;
        let cloud = cloud(&ball, options, cancel)?;
        measure::<f64>(&ball, &cloud, options.dim, cancel, &mut rows)?;
        measure::<f32>(&ball, &cloud, options.dim, cancel, &mut rows)?;
        measure::<f16>(&ball, &cloud, options.dim, cancel, &mut rows)?;
    }
    Ok(rows)
}

fn cloud(ball: &Ball, options: &Overshoot, cancel: &Cancel) -> Result<Vec<f64>, Error> {
    let dim = options.dim;
    if dim == 0 {
        return Err(Error::ZeroDimension);
    }
    let mut random = fastrand::Rng::with_seed(options.seed);
    let mut centre = vec![0.0; dim];
    // d(0, exp0(v)) = 2 |v|, and lengths grow with the radius.
    centre[0] = 0.5 * options.offset * ball.radius();
    let mut base = vec![0.0; dim];
    ball.exp0(&centre, dim, &mut base, cancel)?;
    let square: f64 = base.iter().map(|x| x * x).sum();
    let unit = 0.5 * (1.0 - ball.c * square) * ball.radius() * options.spread;
    let tangents: Vec<f64> = (0..options.points * dim).map(|_| unit * gaussian(&mut random)).collect();
    let mut points = vec![0.0; tangents.len()];
    ball.exp_at(&base, &tangents, dim, &mut points, cancel)?;
    Ok(points)
}

/// A standard normal number (Box and Muller).
pub(crate) fn gaussian(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

fn measure<T: Scalar>(
    ball: &Ball,
    cloud: &[f64],
    dim: usize,
    cancel: &Cancel,
    rows: &mut Vec<OvershootRow>,
) -> Result<(), Error> {
    let mut points = vec![T::default(); cloud.len()];
    T::narrow(cloud, &mut points);
    ball.project(&mut points, dim)?;
    let mut exact = vec![0.0; cloud.len()];
    T::widen(&points, &mut exact);

    let n = cloud.len() / dim;
    let finest = ball.finest();
    let options = MeanOptions::default();
    let centre = finest.mean(&exact, dim, None, &options, cancel)?.precise;
    let mut target = vec![0.0; cloud.len()];
    finest.recentre(&centre, &exact, dim, &mut target, cancel)?;
    let mut r_target = vec![0.0; n];
    finest.norms(&target, dim, &mut r_target, cancel)?;

    let mut out = vec![T::default(); cloud.len()];
    let mut r_obtained = vec![0.0; n];
    let centre = ball.mean(&points, dim, None, &options, cancel)?.point;
    for method in ["exp_log", "naive"] {
        if method == "naive" {
            naive_recentre(ball, &points, dim, &mut out)?;
        } else {
            ball.recentre(&centre, &points, dim, &mut out, cancel)?;
        }
        ball.norms(&out, dim, &mut r_obtained, cancel)?;
        rows.extend(r_target.iter().zip(&r_obtained).map(|(&r_target, &r_obtained)| OvershootRow {
            kappa: ball.kappa(),
            dtype: T::NAME.into(),
            method: method.into(),
            r_target,
            r_obtained,
            delta_r: r_obtained - r_target,
        }));
    }
    Ok(())
}

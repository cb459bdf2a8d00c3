//! Points for the tests, and oracles that don't share the crate's formulas.

use canopy_hyperbolic::Scalar;

/// Rows in random directions, at radii drawn by `radius`, in a ball of radius 1.
pub(crate) fn cloud(n: usize, dim: usize, seed: u64, radius: impl Fn(&mut fastrand::Rng) -> f64) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut rows = Vec::with_capacity(n * dim);
    for _ in 0..n {
        let row: Vec<f64> = (0..dim).map(|_| random.f64() + random.f64() + random.f64() - 1.5).collect();
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-9);
        let radius = radius(&mut random);
        rows.extend(row.iter().map(|x| x * radius / norm));
    }
    rows
}

/// A radius whose distance to the rim is spread evenly over the orders of magnitude down to `least`.
pub(crate) fn towards_rim(least: f64) -> impl Fn(&mut fastrand::Rng) -> f64 {
    move |random| 1.0 - least.powf(random.f64()) * 0.999
}

pub(crate) fn narrow<T: Scalar>(rows: &[f64]) -> Vec<T> {
    let mut out = vec![T::default(); rows.len()];
    T::narrow_inward(rows, &mut out);
    out
}

pub(crate) fn widen<T: Scalar>(rows: &[T]) -> Vec<f64> {
    let mut out = vec![0.0; rows.len()];
    T::widen(rows, &mut out);
    out
}

/// Coordinates rounded to multiples of 2^-50, whose sums of squares are exact in 128-bit integers.
pub(crate) fn grid(rows: &[f64]) -> Vec<f64> {
    let one = (1_u64 << 50) as f64;
    rows.iter().map(|x| (x * one).trunc() / one).collect()
}

fn units(x: f64) -> i128 {
    (x * (1_u64 << 50) as f64) as i128
}

/// `1 - |x|²` of a row on the grid, to the last bit.
pub(crate) fn gap(row: &[f64]) -> f64 {
    let sum: i128 = row.iter().map(|&x| units(x) * units(x)).sum();
    ((1_i128 << 100) - sum) as f64 / (1_u128 << 100) as f64
}

/// Distance of two rows on the grid in the ball of curvature -1, with exact sums.
pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    let sum: i128 = a.iter().zip(b).map(|(&a, &b)| (units(a) - units(b)).pow(2)).sum();
    let square = sum as f64 / (1_u128 << 100) as f64;
    2.0 * (square / (gap(a) * gap(b))).sqrt().asinh()
}

pub(crate) fn norm(row: &[f64]) -> f64 {
    row.iter().map(|x| x * x).sum::<f64>().sqrt()
}

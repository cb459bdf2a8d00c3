//! The directions in which a sample varies most, by orthogonal iteration (Rutishauser 1970; Halko, Martinsson and Tropp 2011).
//!
//! Every sum is computed by one thread in a fixed order, so the result doesn't depend on the number of threads.

use crate::random::Random;
use canopy_core::{Cancel, Cancelled};
use canopy_simd::{dot_f32, dot_rows_f32};
use rayon::prelude::*;

/// Rows of the sample that are multiplied at once: with 784 columns they fill 800 KB, which stays in the second cache.
const CHUNK: usize = 256;
/// Iterations. The directions needn't be converged: what counts is the space they span.
const ITERATIONS: usize = 8;
/// Columns from which on no directions are looked for: the covariance would fill gigabytes, and all directions would take minutes.
pub(crate) const WIDEST: usize = 4096;

/// The covariance of centred rows, `dim x dim`.
pub(crate) fn covariance(rows: &[f32], dim: usize) -> Vec<f32> {
    let count = rows.len() / dim;
    let mut sums = vec![0.0_f32; dim * dim];
    for chunk in rows.chunks(CHUNK * dim) {
        let len = chunk.len() / dim;
        let mut columns = vec![0.0_f32; dim * len];
        columns.par_chunks_mut(len).enumerate().for_each(|(j, column)| {
            (0..len).for_each(|i| column[i] = chunk[i * dim + j]);
        });
        sums.par_chunks_mut(dim).enumerate().for_each_init(
            || vec![0.0; dim],
            |products, (i, sums)| {
                let products = &mut products[..=i];
                dot_rows_f32(&columns[i * len..(i + 1) * len], &columns[..(i + 1) * len], products);
                sums.iter_mut().zip(products).for_each(|(sum, product)| *sum += *product);
            },
        );
    }
    let scale = 1.0 / count.max(1) as f32;
    for i in 0..dim {
        for j in 0..=i {
            let value = sums[i * dim + j] * scale;
            (sums[i * dim + j], sums[j * dim + i]) = (value, value);
        }
    }
    sums
}

/// `count` orthonormal rows that span the main directions of the covariance, the widest first, with the variance along each.
///
/// # Errors
/// When it is cancelled.
pub(crate) fn directions(
    covariance: &[f32],
    dim: usize,
    count: usize,
    cancel: &Cancel,
) -> Result<(Vec<f32>, Vec<f32>), Cancelled> {
    let mut rows = random_rows(count, dim, 7);
    let mut next = vec![0.0_f32; count * dim];
    for _ in 0..ITERATIONS {
        multiply(&rows, covariance, dim, &mut next);
        std::mem::swap(&mut rows, &mut next);
        orthonormalise(&mut rows, dim, cancel)?;
    }
    multiply(&rows, covariance, dim, &mut next);
    let variances = rows.chunks_exact(dim).zip(next.chunks_exact(dim)).map(|(a, b)| dot_f32(a, b)).collect();
    Ok((rows, variances))
}

/// An orthogonal matrix without preferred directions: it spreads a vector evenly over its coordinates, so that one step serves all codes.
pub(super) fn rotation(dim: usize) -> Vec<f32> {
    let mut rows = random_rows(dim, dim, 11);
    orthonormalise(&mut rows, dim, &Cancel::new()).expect("nobody cancels it");
    rows
}

/// `a * b` for a row-major `a` of `inner` columns and `b` of `inner` rows and `dim` columns.
pub(super) fn product(a: &[f32], b: &[f32], inner: usize, dim: usize) -> Vec<f32> {
    let mut out = vec![0.0_f32; a.len() / inner * dim];
    out.par_chunks_mut(dim).zip(a.par_chunks(inner)).for_each(|(out, a)| {
        for (&factor, b) in a.iter().zip(b.chunks_exact(dim)) {
            out.iter_mut().zip(b).for_each(|(out, &b)| *out += factor * b);
        }
    });
    out
}

fn multiply(rows: &[f32], symmetric: &[f32], dim: usize, out: &mut [f32]) {
    out.par_chunks_mut(dim).zip(rows.par_chunks(dim)).for_each(|(out, row)| dot_rows_f32(row, symmetric, out));
}

fn random_rows(count: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..count * dim).map(|_| random.normal()).collect()
}

/// Gram and Schmidt, each row against all before it, twice: once loses digits when rows are nearly parallel.
fn orthonormalise(rows: &mut [f32], dim: usize, cancel: &Cancel) -> Result<(), Cancelled> {
    let count = rows.len() / dim;
    let mut products = vec![0.0_f32; count];
    for i in 0..count {
        cancel.check()?;
        let (done, rest) = rows.split_at_mut(i * dim);
        let row = &mut rest[..dim];
        for _ in 0..2 {
            let products = &mut products[..i];
            dot_rows_f32(row, done, products);
            for (&product, other) in products.iter().zip(done.chunks_exact(dim)) {
                row.iter_mut().zip(other).for_each(|(value, &other)| *value -= product * other);
            }
            let norm = dot_f32(row, row).sqrt();
            if norm > f32::MIN_POSITIVE.sqrt() {
                row.iter_mut().for_each(|value| *value /= norm);
            } else {
                // The data have fewer directions than were asked for; a zero row adds nothing to a product.
                row.fill(0.0);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Data that vary in two directions only are found to do so.
    #[test]
    fn the_widest_directions_are_found() {
        let (dim, count) = (40, 3000);
        let mut random = Random::new(3);
        let mut rows = Vec::new();
        for _ in 0..count {
            let (a, b) = (3.0 * random.normal(), 2.0 * random.normal());
            rows.extend((0..dim).map(|j| match j {
                5 => a,
                11 => b,
                _ => 0.01 * random.normal(),
            }));
        }
        let (directions, variances) = directions(&covariance(&rows, dim), dim, 4, &Cancel::new()).unwrap();
        assert!(directions[5].abs() > 0.999 && directions[dim + 11].abs() > 0.999, "{directions:?}");
        assert!((variances[0] - 9.0).abs() < 1.0 && (variances[1] - 4.0).abs() < 0.5, "{variances:?}");
        assert!(variances[2] < 0.001);
    }

    #[test]
    fn a_rotation_keeps_lengths() {
        let dim = 50;
        let rotation = rotation(dim);
        let mut random = Random::new(1);
        let x: Vec<f32> = (0..dim).map(|_| random.normal()).collect();
        let mut y = vec![0.0; dim];
        dot_rows_f32(&x, &rotation, &mut y);
        assert!((dot_f32(&x, &x) - dot_f32(&y, &y)).abs() < 1e-3);
    }
}

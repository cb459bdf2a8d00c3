//! The residual metric by the book: plain loops in `f64`, the mathematical library, no tree.

use canopy_cover_tree::{Kernel, Neighbours, ResidualTree, VARIANCE_FLOOR};
use rayon::prelude::*;

/// The share of the true predecessors of a sample of the points that were found.
pub(crate) fn recall(
    rows: &[f32],
    dim: usize,
    kernel: &Kernel,
    tree: &ResidualTree,
    found: &Neighbours,
    checked: usize,
) -> f64 {
    let inducing = tree.inducing();
    let inducing: Vec<&[f64]> = inducing.chunks_exact(dim).collect();
    let lower = root(kernel, &inducing, tree.report().jitter);
    let wide: Vec<f64> = rows.iter().copied().map(f64::from).collect();
    let n = rows.len() / dim;
    let points: Vec<&[f64]> = wide.chunks_exact(dim).collect();
    let checked = checked.min(n);
    // Later points have more predecessors to choose from; the first ones have few, and are seldom drawn.
    let sample: Vec<usize> = (0..checked).map(|pick| n - 1 - pick * (n / checked)).collect();
    let place = |&i: &usize| solve(kernel, &inducing, &lower, points[i]);
    let queries: Vec<(Vec<f64>, f64)> = sample.iter().map(place).collect();
    let strengths = (0..n).into_par_iter().map(|j| {
        let (v, p) = solve(kernel, &inducing, &lower, points[j]);
        let strength = |(&i, (w, q)): (&usize, &(Vec<f64>, f64))| {
            let dot: f64 = v.iter().zip(w).map(|(a, b)| a * b).sum();
            ((kernel.covariance(points[i], points[j]) - dot) / (p * q).sqrt()).abs()
        };
        sample.iter().zip(&queries).map(strength).collect::<Vec<f64>>()
    });
    let strengths: Vec<Vec<f64>> = strengths.collect();
    let (mut right, mut total) = (0, 0);
    for (at, &i) in sample.iter().enumerate() {
        let mut before: Vec<(f64, u32)> = (0..i).map(|j| (strengths[j][at], j as u32)).collect();
        before.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        before.truncate(found.k);
        total += before.len();
        let ids = &found.ids[i * found.k..(i + 1) * found.k];
        right += before.iter().filter(|(_, id)| ids.contains(id)).count();
    }
    right as f64 / total.max(1) as f64
}

fn root(kernel: &Kernel, inducing: &[&[f64]], jitter: f64) -> Vec<Vec<f64>> {
    let mut lower: Vec<Vec<f64>> = Vec::new();
    for (i, z) in inducing.iter().enumerate() {
        let mut row: Vec<f64> = Vec::with_capacity(i + 1);
        for j in 0..=i {
            let diagonal = if i == j { jitter * kernel.variance } else { 0.0 };
            let other = if j < i { &lower[j] } else { &row };
            let sum: f64 = row[..j].iter().zip(other).map(|(a, b)| a * b).sum();
            let rest = kernel.covariance(z, inducing[j]) + diagonal - sum;
            row.push(if i == j { rest.sqrt() } else { rest / lower[j][j] });
        }
        lower.push(row);
    }
    lower
}

/// A point's row of V and its residual variance.
fn solve(kernel: &Kernel, inducing: &[&[f64]], lower: &[Vec<f64>], x: &[f64]) -> (Vec<f64>, f64) {
    let mut v: Vec<f64> = Vec::with_capacity(inducing.len());
    for (z, lower) in inducing.iter().zip(lower) {
        let sum: f64 = v.iter().zip(lower).map(|(v, l)| v * l).sum();
        v.push((kernel.covariance(z, x) - sum) / lower[v.len()]);
    }
    let p = kernel.variance - v.iter().map(|v| v * v).sum::<f64>();
    (v, p.max(VARIANCE_FLOOR * kernel.variance))
}

/// Standard normal numbers by the sum of twelve uniform ones; the same on every machine.
pub(crate) fn gaussian(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut uniform = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count).map(|_| ((0..12).map(|_| uniform()).sum::<f64>() - 6.0) as f32).collect()
}

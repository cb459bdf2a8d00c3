//! The residual metric by the book: plain loops in `f64`, the mathematical library, no tree.

use canopy_cover_tree::{Kernel, MISSING, Neighbours, VARIANCE_FLOOR};

/// Points, and what it takes to correlate them.
pub(crate) struct Oracle {
    kernel: Kernel,
    inducing: Vec<Vec<f64>>,
    lower: Vec<Vec<f64>>,
    points: Vec<Place>,
}

/// A point with its row of V and its residual variance.
#[derive(Clone)]
pub(crate) struct Place {
    x: Vec<f64>,
    v: Vec<f64>,
    p: f64,
}

impl Oracle {
    pub(crate) fn new(rows: &[f64], dim: usize, kernel: &Kernel, inducing: &[f64], jitter: f64) -> Self {
        let inducing: Vec<Vec<f64>> = inducing.chunks_exact(dim).map(<[f64]>::to_vec).collect();
        let m = inducing.len();
        let mut lower = vec![vec![0.0; m]; m];
        for i in 0..m {
            for j in 0..=i {
                let diagonal = if i == j { jitter * kernel.variance } else { 0.0 };
                let sum: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
                let rest = kernel.covariance(&inducing[i], &inducing[j]) + diagonal - sum;
                lower[i][j] = if i == j { rest.sqrt() } else { rest / lower[j][j] };
            }
        }
        let mut oracle = Self { kernel: kernel.clone(), inducing, lower, points: Vec::new() };
        oracle.points = rows.chunks_exact(dim).map(|x| oracle.place(x)).collect();
        oracle
    }

    pub(crate) fn place(&self, x: &[f64]) -> Place {
        let mut v: Vec<f64> = Vec::with_capacity(self.inducing.len());
        for (z, lower) in self.inducing.iter().zip(&self.lower) {
            let sum: f64 = v.iter().zip(lower).map(|(v, l)| v * l).sum();
            v.push((self.kernel.covariance(z, x) - sum) / lower[v.len()]);
        }
        let p =
            (self.kernel.variance - v.iter().map(|v| v * v).sum::<f64>()).max(VARIANCE_FLOOR * self.kernel.variance);
        Place { x: x.to_vec(), v, p }
    }

    /// `|ρ|`; 1 for points at one place.
    pub(crate) fn correlation(&self, a: &Place, b: &Place) -> f64 {
        if a.x == b.x {
            return 1.0;
        }
        let dot: f64 = a.v.iter().zip(&b.v).map(|(a, b)| a * b).sum();
        ((self.kernel.covariance(&a.x, &b.x) - dot) / (a.p * b.p).sqrt()).abs().min(1.0)
    }

    pub(crate) fn others(&self, i: usize) -> Vec<usize> {
        (0..self.points.len()).filter(|&j| j != i).collect()
    }
}

/// The share of true neighbours that were found. A point whose correlation ties with the k-th is as good: to within the rounding
/// of `f64`, or `blur` of the variance, over the residual
/// variances.
pub(crate) fn recall(
    oracle: &Oracle,
    found: &Neighbours,
    blur: f64,
    queries: impl Iterator<Item = (Place, Vec<usize>)>,
) -> f64 {
    let (mut right, mut total) = (0, 0);
    for (row, (query, may)) in queries.enumerate() {
        let strength = |j: usize| oracle.correlation(&query, &oracle.points[j]);
        let mut all: Vec<f64> = may.iter().map(|&j| strength(j)).collect();
        all.sort_by(|a, b| b.total_cmp(a));
        let k = found.k.min(all.len());
        total += k;
        let Some(&least) = all[..k].last() else { continue };
        let ids = &found.ids[row * found.k..(row + 1) * found.k];
        // What `f64` itself can't tell apart: sums are off by 1e-13 or so, correlations by that over p.
        let least_p = may.iter().map(|&j| oracle.points[j].p).fold(query.p, f64::min);
        let blur = 1e-12 * (1.0 + oracle.kernel.variance / query.p.min(1e-3))
            + blur * oracle.kernel.variance / (query.p * least_p).sqrt();
        right += ids.iter().filter(|&&id| id != MISSING && strength(id as usize) >= least - blur).count();
    }
    if total == 0 { 1.0 } else { right as f64 / total as f64 }
}

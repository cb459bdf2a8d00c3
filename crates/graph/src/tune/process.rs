//! A Gaussian process over (ln p, ln q), and where it expects the most.

use super::{PQ_RANGE, Trial};
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// Places along either axis that are considered.
const GRID: usize = 40;
/// Lengths, as shares of an axis, of which the likeliest is taken.
const LENGTHS: [f64; 4] = [0.15, 0.3, 0.6, 1.2];
/// Share of the variance that is noise: another seed gives another score.
const NOISE: f64 = 0.05;
/// Expecting less than this share of the spread isn't worth an evaluation.
const WORTH: f64 = 1e-3;

/// What the trials say about the rest of the square.
pub(super) struct Process {
    places: Vec<[f64; 2]>,
    mean: f64,
    spread: f64,
    length: f64,
    factor: Cholesky<f64, Dyn>,
    weights: DVector<f64>,
    best: f64,
}

/// A place on the unit square.
fn place(p: f64, q: f64) -> [f64; 2] {
    let (low, high) = (PQ_RANGE.start().ln(), PQ_RANGE.end().ln());
    [p, q].map(|x| (x.ln() - low) / (high - low))
}

/// Matérn 5/2: twice differentiable, as scores are thought to be.
fn kernel(a: &[f64; 2], b: &[f64; 2], length: f64) -> f64 {
    let r = 5.0_f64.sqrt() * (a[0] - b[0]).hypot(a[1] - b[1]) / length;
    (1.0 + r + r * r / 3.0) * (-r).exp()
}

impl Process {
    /// Fits the process to at least one trial.
    pub(super) fn new(trials: &[Trial]) -> Self {
        let places: Vec<[f64; 2]> = trials.iter().map(|trial| place(trial.p, trial.q)).collect();
        let n = trials.len() as f64;
        let mean = trials.iter().map(|trial| trial.score).sum::<f64>() / n;
        let spread = (trials.iter().map(|trial| (trial.score - mean).powi(2)).sum::<f64>() / n).sqrt().max(1e-9);
        let values = DVector::from_iterator(trials.len(), trials.iter().map(|trial| (trial.score - mean) / spread));
        let (length, factor, _) = LENGTHS
            .iter()
            .filter_map(|&length| {
                let covariance = DMatrix::from_fn(places.len(), places.len(), |i, j| {
                    kernel(&places[i], &places[j], length) + if i == j { NOISE } else { 0.0 }
                });
                let factor = Cholesky::new(covariance)?;
                let fit = values.dot(&factor.solve(&values));
                let likelihood = -0.5 * fit - factor.l().diagonal().iter().map(|x| x.ln()).sum::<f64>();
                Some((length, factor, likelihood))
            })
            .max_by(|x, y| x.2.total_cmp(&y.2))
            .expect("a covariance with noise on its diagonal has a factor");
        let weights = factor.solve(&values);
        let best = values.max();
        Self { places, mean, spread, length, factor, weights, best }
    }

    /// Mean and standard deviation at a place, in units of the spread.
    fn at(&self, place: &[f64; 2]) -> (f64, f64) {
        let near = DVector::from_iterator(self.places.len(), self.places.iter().map(|x| kernel(x, place, self.length)));
        let explained = near.dot(&self.factor.solve(&near));
        (near.dot(&self.weights), (1.0 - explained).max(0.0).sqrt())
    }

    /// What is gained on average by looking at a place.
    fn expected_improvement(&self, place: &[f64; 2]) -> f64 {
        let (mean, deviation) = self.at(place);
        if deviation < 1e-9 {
            return 0.0;
        }
        let z = (mean - self.best) / deviation;
        (mean - self.best) * normal_below(z) + deviation * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt()
    }

    /// The place of the grid with the most expected improvement, or `None` when nothing is worth looking at.
    pub(super) fn most_promising(&self) -> Option<(f64, f64)> {
        let (low, high) = (PQ_RANGE.start().ln(), PQ_RANGE.end().ln());
        let axis = |at: usize| at as f64 / (GRID - 1) as f64;
        let grid = (0..GRID).flat_map(|i| (0..GRID).map(move |j| [axis(i), axis(j)]));
        let far = |a: &[f64; 2]| self.places.iter().all(|b| (a[0] - b[0]).hypot(a[1] - b[1]) > 1e-6);
        let (place, gain) = grid
            .filter(far)
            .map(|place| (place, self.expected_improvement(&place)))
            .max_by(|x, y| x.1.total_cmp(&y.1))?;
        let value = |x: f64| (low + x * (high - low)).exp().clamp(*PQ_RANGE.start(), *PQ_RANGE.end());
        debug_assert!(self.mean.is_finite() && self.spread > 0.0);
        (gain > WORTH).then(|| (value(place[0]), value(place[1])))
    }
}

/// The chance that a standard normal number is below `z` (Abramowitz and Stegun 26.2.17, within 1e-7).
fn normal_below(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let tail = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = tail.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
    let above = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt() * sum;
    if z >= 0.0 { 1.0 - above } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution() {
        for (z, below) in [(0.0, 0.5), (1.0, 0.841_344_746), (-2.0, 0.022_750_132), (4.0, 0.999_968_329)] {
            assert!((normal_below(z) - below).abs() < 2e-7);
        }
    }

    #[test]
    fn a_smooth_hill_is_climbed() {
        // Highest at p = 0.5, q = 2.
        let hill = |p: f64, q: f64| -(p.ln() - 0.5_f64.ln()).powi(2) - (q.ln() - 2.0_f64.ln()).powi(2);
        let mut trials: Vec<Trial> =
            super::super::FIRST.iter().map(|&(p, q)| Trial { p, q, score: hill(p, q) }).collect();
        for _ in 0..15 {
            if let Some((p, q)) = Process::new(&trials).most_promising() {
                assert!(PQ_RANGE.contains(&p) && PQ_RANGE.contains(&q));
                trials.push(Trial { p, q, score: hill(p, q) });
            }
        }
        let best = trials.iter().map(|trial| trial.score).fold(f64::NEG_INFINITY, f64::max);
        assert!(best > -0.02, "{best}");
    }
}

//! The Wasserstein distance with entropic smoothing: fast, and off by an amount that its epsilon bounds.

use super::{check_order, endless_costs, ground, to_diagonal};
use crate::diagram::split;
use crate::error::Error;
use canopy_core::Cancel;

/// Most points of a diagram that smoothing accepts: the costs then take 800 MB.
const MAX_POINTS: usize = 10_000;

/// How to smooth.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SinkhornOptions {
    /// Exponent of the costs, 1 to 64.
    pub order: f64,
    /// Weight of the entropy, in the units of a cost (a distance to the power of the order); above 0.
    pub epsilon: f64,
    /// Stop when the mass of no point is off by more than this.
    pub tolerance: f64,
    /// Stop after so many rounds.
    pub iterations: u32,
}

impl Default for SinkhornOptions {
    fn default() -> Self {
        Self { order: 1.0, epsilon: 1e-2, tolerance: 1e-6, iterations: 10_000 }
    }
}

/// A smoothed distance with the epsilon it was computed with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sinkhorn {
    /// `(Σ plan cost^order)^(1/order)`.
    pub distance: f64,
    /// Weight of the entropy that was used.
    pub epsilon: f64,
    /// Largest error of a point's mass at the end; the plan is a transport plan up to this.
    pub mass_error: f64,
    /// Rounds used.
    pub iterations: u32,
}

/// Diagrams with their diagonals: row `n` and column `m` are the diagonal, with room for all points of the other side.
struct Plan {
    costs: Vec<f64>,
    rows: usize,
    columns: usize,
    row_potential: Vec<f64>,
    column_potential: Vec<f64>,
}

impl Plan {
    fn new(a: &[(f64, f64)], b: &[(f64, f64)], order: f64) -> Self {
        let (rows, columns) = (a.len() + 1, b.len() + 1);
        let mut costs = Vec::with_capacity(rows * columns);
        for &a in a {
            costs.extend(b.iter().map(|&b| ground(a, b).powf(order)));
            costs.push(to_diagonal(a).powf(order));
        }
        costs.extend(b.iter().map(|&b| to_diagonal(b).powf(order)));
        costs.push(0.0);
        Self { costs, rows, columns, row_potential: vec![0.0; rows], column_potential: vec![0.0; columns] }
    }

    fn mass(at: usize, len: usize, other: usize) -> f64 {
        if at + 1 == len { (other - 1) as f64 } else { 1.0 }
    }

    /// One round: rows, then columns, in the domain of logarithms. Returns the largest error of a row's mass before it.
    fn round(&mut self, epsilon: f64, exponents: &mut [f64]) -> f64 {
        let mut worst = 0.0_f64;
        for row in 0..self.rows {
            let mass = Self::mass(row, self.rows, self.columns);
            let costs = &self.costs[row * self.columns..(row + 1) * self.columns];
            let exponents = &mut exponents[..self.columns];
            for ((exponent, cost), potential) in exponents.iter_mut().zip(costs).zip(&self.column_potential) {
                *exponent = (potential - cost) / epsilon;
            }
            let next = epsilon * (mass.max(f64::MIN_POSITIVE).ln() - log_sum(exponents));
            // exp((old - new) / epsilon) is the row's sum over its mass.
            worst = worst.max(mass * (((self.row_potential[row] - next) / epsilon).min(40.0).exp() - 1.0).abs());
            self.row_potential[row] = next;
        }
        for column in 0..self.columns {
            let mass = Self::mass(column, self.columns, self.rows);
            let exponents = &mut exponents[..self.rows];
            for (row, exponent) in exponents.iter_mut().enumerate() {
                *exponent = (self.row_potential[row] - self.costs[row * self.columns + column]) / epsilon;
            }
            self.column_potential[column] = epsilon * (mass.max(f64::MIN_POSITIVE).ln() - log_sum(exponents));
        }
        worst
    }

    fn cost(&self, epsilon: f64) -> f64 {
        let mut sum = 0.0;
        for row in 0..self.rows {
            for column in 0..self.columns {
                let cost = self.costs[row * self.columns + column];
                sum += cost * ((self.row_potential[row] + self.column_potential[column] - cost) / epsilon).exp();
            }
        }
        sum
    }
}

fn log_sum(exponents: &[f64]) -> f64 {
    let top = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + exponents.iter().map(|exponent| (exponent - top).exp()).sum::<f64>().ln()
}

/// The Wasserstein distance with entropic smoothing (Cuturi 2013; Lacombe, Cuturi and Oudot 2018 for diagrams). The plan is
/// feasible up to `mass_error`, so its cost lies above the exact one, by at most `epsilon` times `N ln N` for `N` points in all.
///
/// # Errors
/// [`Error::Point`], [`Error::TooLarge`] beyond 10,000 points, [`Error::Option`], [`Error::Cancelled`].
pub fn sinkhorn(
    a: &[(f64, f64)],
    b: &[(f64, f64)],
    options: &SinkhornOptions,
    cancel: &Cancel,
) -> Result<Sinkhorn, Error> {
    check_order(options.order)?;
    if !(options.epsilon > 0.0 && options.epsilon.is_finite()) {
        return Err(Error::Option {
            name: "epsilon",
            received: options.epsilon,
            expected: "choose a finite number above 0",
        });
    }
    let (a, endless_a) = split(a, MAX_POINTS)?;
    let (b, endless_b) = split(b, MAX_POINTS)?;
    let mut result = Sinkhorn { distance: f64::INFINITY, epsilon: options.epsilon, mass_error: 0.0, iterations: 0 };
    let Some(endless) = endless_costs(&endless_a, &endless_b) else { return Ok(result) };
    let endless: f64 = endless.map(|cost| cost.powf(options.order)).sum();
    let mut plan = Plan::new(&a, &b, options.order);
    let mut exponents = vec![0.0; plan.rows.max(plan.columns)];
    if plan.rows + plan.columns > 2 {
        loop {
            cancel.check()?;
            let worst = plan.round(options.epsilon, &mut exponents);
            result.iterations += 1;
            result.mass_error = worst;
            if (worst <= options.tolerance && result.iterations > 1) || result.iterations >= options.iterations {
                break;
            }
        }
    }
    let finite = if plan.rows + plan.columns > 2 { plan.cost(options.epsilon) } else { 0.0 };
    result.distance = (finite + endless).powf(1.0 / options.order);
    Ok(result)
}

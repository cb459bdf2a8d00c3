//! Distances between diagrams. Points are (birth, death) of one dimension; the ground distance is the larger of the two
//! differences, and a point may also go to the diagonal, half its length away.

mod assignment;
mod bottleneck;
mod sinkhorn;

pub use bottleneck::bottleneck;
pub use sinkhorn::{Sinkhorn, SinkhornOptions, sinkhorn};

use crate::diagram::split;
use crate::error::Error;
use canopy_core::Cancel;

/// Most points of a diagram that the exact distances accept: the assignment then takes some minutes and 400 MB.
pub const MAX_POINTS: usize = 5_000;

/// Ground distance of two points.
fn ground(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).abs().max((a.1 - b.1).abs())
}

/// Distance of a point to the diagonal.
fn to_diagonal(a: (f64, f64)) -> f64 {
    0.5 * (a.1 - a.0)
}

/// Infinite bars go to infinite bars, in order of birth: their cost one by one, or `None` when their numbers differ.
fn endless_costs<'a>(a: &'a [f64], b: &'a [f64]) -> Option<impl Iterator<Item = f64> + 'a> {
    (a.len() == b.len()).then(|| a.iter().zip(b).map(|(a, b)| (a - b).abs()))
}

/// A Wasserstein distance and what goes where.
#[derive(Debug, Clone, PartialEq)]
pub struct Wasserstein {
    /// `(Σ cost^order)^(1/order)`; infinite when the numbers of infinite bars differ.
    pub distance: f64,
    /// For each point of the first diagram the point of the second that it goes to, or `None` for the diagonal. Infinite bars that
    /// find no partner, and points of no length, have `None` too.
    pub matching: Vec<Option<usize>>,
}

fn check_order(order: f64) -> Result<(), Error> {
    if (1.0..=64.0).contains(&order) {
        Ok(())
    } else {
        Err(Error::Option { name: "order", received: order, expected: "choose 1 (sum of distances) to 64" })
    }
}

/// The exact Wasserstein distance of two diagrams, by an optimal assignment (shortest augmenting paths, cubic time).
///
/// # Errors
/// [`Error::Point`], [`Error::TooLarge`] beyond [`MAX_POINTS`], [`Error::Option`] unless `1 <= order <= 64`,
/// [`Error::Cancelled`].
pub fn wasserstein(a: &[(f64, f64)], b: &[(f64, f64)], order: f64, cancel: &Cancel) -> Result<Wasserstein, Error> {
    check_order(order)?;
    let (finite_a, endless_a) = split(a, MAX_POINTS)?;
    let (finite_b, endless_b) = split(b, MAX_POINTS)?;
    let power = |x: f64| x.powf(order);
    let mut matching = vec![None; a.len()];

    let taken = assignment::assign(
        finite_a.len(),
        finite_b.len(),
        |i, j| power(ground(finite_a[i], finite_b[j])) - power(to_diagonal(finite_b[j])),
        |i| power(to_diagonal(finite_a[i])),
        cancel,
    )?;
    let proper = |points: &[(f64, f64)]| -> Vec<usize> {
        (0..points.len()).filter(|&i| points[i].1.is_finite() && points[i].1 > points[i].0).collect()
    };
    let (places_a, places_b) = (proper(a), proper(b));
    let mut spared = vec![false; finite_b.len()];
    let mut sum = 0.0;
    for (i, partner) in taken.into_iter().enumerate() {
        match partner {
            Some(j) => {
                sum += power(ground(finite_a[i], finite_b[j]));
                spared[j] = true;
                matching[places_a[i]] = Some(places_b[j]);
            }
            None => sum += power(to_diagonal(finite_a[i])),
        }
    }
    sum +=
        finite_b.iter().zip(&spared).filter(|(_, spared)| !**spared).map(|(&b, _)| power(to_diagonal(b))).sum::<f64>();

    let endless = |points: &[(f64, f64)]| -> Vec<usize> {
        let mut at: Vec<usize> = (0..points.len()).filter(|&i| points[i].1 == f64::INFINITY).collect();
        at.sort_by(|&i, &j| points[i].0.total_cmp(&points[j].0));
        at
    };
    for (i, j) in endless(a).into_iter().zip(endless(b)) {
        matching[i] = Some(j);
    }
    let distance = match endless_costs(&endless_a, &endless_b) {
        Some(costs) => (sum + costs.map(power).sum::<f64>()).powf(1.0 / order),
        None => f64::INFINITY,
    };
    Ok(Wasserstein { distance, matching })
}

//! Choosing inducing points.

use crate::error::Error;
use crate::points::Points;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Where inducing points come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inducing {
    /// These, row-major, as many coordinates as the points.
    Given(Vec<f64>),
    /// `count` centres by k-means++ (Arthur and Vassilvitskii, 2007) and three rounds of Lloyd's algorithm, over a sample of
    /// the points, distances in units of the lengthscales.
    KMeans {
        /// How many.
        count: usize,
        /// Draws the sample and the first centres.
        seed: u64,
    },
    /// `count` of the points, drawn at random.
    Random {
        /// How many.
        count: usize,
        /// Draws them.
        seed: u64,
    },
}

/// Points that k-means looks at for each centre: enough for a good spread, and the time doesn't grow with the data.
const SAMPLE: usize = 32;
/// Rounds of Lloyd's algorithm.
const ROUNDS: usize = 3;

impl Inducing {
    /// The inducing points, row-major; at most as many as there are points, but at least one is needed.
    pub(crate) fn choose(&self, points: &Points, scales: &[f64]) -> Result<Vec<f64>, Error> {
        let dim = points.dim();
        match self {
            Self::Given(rows) => {
                let given = Points::from_f64(rows.clone(), dim)?;
                if given.is_empty() { Err(Error::Inducing { received: 0 }) } else { Ok(rows.clone()) }
            }
            &(Self::KMeans { count, .. } | Self::Random { count, .. }) if count == 0 || count > MAX_INDUCING => {
                Err(Error::Inducing { received: count })
            }
            &Self::Random { count, seed } => {
                let rows = Draw(seed).some(points.len(), count);
                Ok(rows.into_iter().flat_map(|row| points.row(row).iter().copied()).collect())
            }
            &Self::KMeans { count, seed } => Ok(k_means(points, scales, count, seed)),
        }
    }
}

/// Most inducing points.
pub const MAX_INDUCING: usize = 8192;

/// Numbers from a seed: splitmix64.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to 1, without 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `count` different numbers below `end`, or all of them, ascending.
    pub(crate) fn some(&mut self, end: usize, count: usize) -> Vec<usize> {
        if count >= end {
            return (0..end).collect();
        }
        // Floyd's way: each new upper end is taken where the number drawn is taken already.
        let mut chosen = std::collections::BTreeSet::new();
        for last in end - count..end {
            let drawn = (self.next() % (last as u64 + 1)) as usize;
            if !chosen.insert(drawn) {
                chosen.insert(last);
            }
        }
        chosen.into_iter().collect()
    }
}

fn k_means(points: &Points, scales: &[f64], count: usize, seed: u64) -> Vec<f64> {
    let dim = points.dim();
    let mut draw = Draw(seed);
    let sample = draw.some(points.len(), count.saturating_mul(SAMPLE));
    let Some(&first) = sample.first() else { return Vec::new() };
    let origin = points.row(first).to_vec();
    let shifted = sample.iter().flat_map(|&row| {
        points.row(row).iter().zip(&origin).zip(scales).map(|((value, origin), scale)| (value - origin) * scale)
    });
    let rows: Vec<f64> = shifted.collect();
    let mut centres = spread(&rows, dim, count.min(sample.len()), &mut draw);
    for _ in 0..ROUNDS {
        move_to_means(&rows, dim, &mut centres);
    }
    let back = |(at, value): (usize, f64)| value / scales[at % dim] + origin[at % dim];
    centres.into_iter().enumerate().map(back).collect()
}

/// k-means++: each next centre is drawn with a weight that is its squared distance to the nearest one so far.
fn spread(rows: &[f64], dim: usize, count: usize, draw: &mut Draw) -> Vec<f64> {
    let n = rows.len() / dim;
    let mut centres = rows[..dim].to_vec();
    let mut squares = vec![f64::INFINITY; n];
    let columns: Vec<Vec<f64>> = (0..dim).map(|axis| rows.iter().skip(axis).step_by(dim).copied().collect()).collect();
    let mut fresh = vec![0.0; n];
    while centres.len() < count * dim {
        let last = centres[centres.len() - dim..].to_vec();
        fresh.fill(0.0);
        for (column, centre) in columns.iter().zip(last) {
            fresh.iter_mut().zip(column).for_each(|(sum, x)| *sum += (x - centre) * (x - centre));
        }
        squares.iter_mut().zip(&fresh).for_each(|(square, &new)| *square = if new < *square { new } else { *square });
        let total: f64 = squares.iter().sum();
        // All points stand at the centres chosen so far: more would make K(Z, Z) singular.
        if total <= 0.0 {
            break;
        }
        let mut left = draw.unit() * total;
        let pick = squares.iter().position(|square| {
            left -= square;
            left < 0.0
        });
        let pick = pick.unwrap_or(n - 1);
        centres.extend_from_slice(&rows[pick * dim..(pick + 1) * dim]);
    }
    centres
}

/// One round of Lloyd's algorithm; a centre that nobody is nearest to stays.
fn move_to_means(rows: &[f64], dim: usize, centres: &mut [f64]) {
    let count = centres.len() / dim;
    let columns: Vec<Vec<f64>> =
        (0..dim).map(|axis| centres.iter().skip(axis).step_by(dim).copied().collect()).collect();
    let nearest = |row: &[f64]| {
        let mut squares = vec![0.0; count];
        for (column, x) in columns.iter().zip(row) {
            squares.iter_mut().zip(column).for_each(|(sum, centre)| *sum += (x - centre) * (x - centre));
        }
        (0..count).min_by(|&a, &b| squares[a].total_cmp(&squares[b])).unwrap_or(0)
    };
    let owners: Vec<usize> = rows.par_chunks_exact(dim).with_min_len(256).map(nearest).collect();
    let (mut sums, mut members) = (vec![0.0; centres.len()], vec![0_u32; count]);
    for (row, &owner) in rows.chunks_exact(dim).zip(&owners) {
        members[owner] += 1;
        sums[owner * dim..(owner + 1) * dim].iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    for (at, (centre, sum)) in centres.iter_mut().zip(sums).enumerate() {
        if members[at / dim] > 0 {
            *centre = sum / f64::from(members[at / dim]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_different_and_complete() {
        for (end, count) in [(0, 3), (5, 5), (5, 9), (100, 7), (100, 99)] {
            let some = Draw(3).some(end, count);
            assert_eq!(some.len(), count.min(end));
            assert!(some.windows(2).all(|pair| pair[0] < pair[1]) && some.iter().all(|&x| x < end));
        }
    }

    #[test]
    fn centres_find_the_clusters() {
        let rows: Vec<f64> = (0..3000).map(|i| f64::from(i % 3) * 1e6 + 1e8 + f64::from(i) * 1e-3).collect();
        let points = Points::from_f64(rows, 1).unwrap();
        let mut centres = Inducing::KMeans { count: 3, seed: 1 }.choose(&points, &[0.1]).unwrap();
        centres.sort_by(f64::total_cmp);
        let near = centres.iter().zip([0.0, 1e6, 2e6]).all(|(centre, at)| (centre - 1e8 - at).abs() < 10.0);
        assert!(near, "{centres:?}");
        // Fewer places than centres asked for.
        let same = Points::from_f64(vec![2.0; 40], 2).unwrap();
        assert_eq!(Inducing::KMeans { count: 5, seed: 1 }.choose(&same, &[1.0, 1.0]).unwrap(), [2.0, 2.0]);
    }
}

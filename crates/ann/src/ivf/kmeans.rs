//! Lloyd's k-means, the same at any number of threads.

use crate::random::Random;
use canopy_core::{Cancel, Cancelled};
use canopy_simd::{dot_f32, dot_rows_f32};
use rayon::prelude::*;

/// `count` centres of `dim` values.
#[derive(Debug, Clone)]
pub(super) struct Centres {
    pub(super) dim: usize,
    pub(super) values: Vec<f32>,
    /// |c|^2 / 2.
    halves: Vec<f32>,
}

impl Centres {
    pub(super) fn new(values: Vec<f32>, dim: usize) -> Self {
        let halves = values.chunks_exact(dim).map(|centre| 0.5 * dot_f32(centre, centre)).collect();
        Self { dim, values, halves }
    }

    pub(super) fn len(&self) -> usize {
        self.halves.len()
    }

    pub(super) fn centre(&self, i: usize) -> &[f32] {
        &self.values[i * self.dim..(i + 1) * self.dim]
    }

    /// `|c|^2 / 2 - <x, c>` for every centre: half the squared distance, but for the length of `x`.
    pub(super) fn distances(&self, x: &[f32], out: &mut Vec<f32>) {
        out.resize(self.len(), 0.0);
        dot_rows_f32(x, &self.values, out);
        out.iter_mut().zip(&self.halves).for_each(|(out, half)| *out = half - *out);
    }

    /// The number of the nearest centre; of equally near ones the first.
    pub(super) fn nearest(&self, x: &[f32], scratch: &mut Vec<f32>) -> u32 {
        self.distances(x, scratch);
        let best = scratch.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(i, _)| i as u32)
    }

    /// The nearest centre of each row.
    pub(super) fn assign(&self, rows: &[f32]) -> Vec<u32> {
        let near = |scratch: &mut Vec<f32>, row: &[f32]| self.nearest(row, scratch);
        rows.par_chunks_exact(self.dim).with_min_len(64).map_init(Vec::new, near).collect()
    }
}

/// At most `count` centres of the rows; fewer when there are fewer rows.
pub(super) fn kmeans(
    rows: &[f32],
    dim: usize,
    count: usize,
    rounds: usize,
    seed: u64,
    cancel: &Cancel,
) -> Result<Centres, Cancelled> {
    let len = rows.len() / dim;
    let mut random = Random::new(seed);
    let mut chosen = random.order(len);
    chosen.truncate(count.max(1));
    let row = |i: usize| &rows[i * dim..(i + 1) * dim];
    let mut centres = Centres::new(chosen.iter().flat_map(|&i| row(i as usize)).copied().collect(), dim);
    for _ in 0..rounds {
        cancel.check()?;
        let near = centres.assign(rows);
        let mut sums = vec![0.0_f32; centres.values.len()];
        let mut sizes = vec![0_u32; centres.len()];
        for (i, &centre) in near.iter().enumerate() {
            let sum = &mut sums[centre as usize * dim..][..dim];
            sum.iter_mut().zip(row(i)).for_each(|(sum, value)| *sum += value);
            sizes[centre as usize] += 1;
        }
        for (sum, &size) in sums.chunks_exact_mut(dim).zip(&sizes) {
            if size == 0 {
                // A centre that nobody is near starts again at some row.
                sum.copy_from_slice(row(random.below(len)));
            } else {
                sum.iter_mut().for_each(|sum| *sum /= size as f32);
            }
        }
        centres = Centres::new(sums, dim);
    }
    Ok(centres)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_far_apart_are_found() {
        let mut random = Random::new(5);
        let rows: Vec<f32> =
            (0..900).flat_map(|i| [(i % 3) as f32 * 100.0 + random.normal(), random.normal()]).collect();
        let centres = kmeans(&rows, 2, 12, 10, 1, &Cancel::new()).unwrap();
        let near = centres.assign(&rows);
        for (i, &centre) in near.iter().enumerate() {
            assert!((centres.centre(centre as usize)[0] - (i % 3) as f32 * 100.0).abs() < 5.0);
        }
        assert_eq!(kmeans(&rows[..4], 2, 12, 3, 1, &Cancel::new()).unwrap().len(), 2);
    }
}

//! Characteristic functions of columns of heat.

/// Samples `Σ exp(i t x) / n` at evenly spaced `t`.
#[derive(Debug, Clone)]
pub(super) struct Sampler {
    points: usize,
    step: f64,
    /// Entries up to here go into moments.
    small: f64,
    /// Moments taken, the zeroth included.
    moments: usize,
}

/// Most moments: at `t x <= ½`, 14 terms leave out less than 1e-15.
const MOMENTS: usize = 14;
/// `t x` of the largest entry that goes into moments.
const REACH: f64 = 0.5;
/// Large entries rotated side by side.
const LANES: usize = 8;

impl Sampler {
    pub(super) fn new(points: usize, max_t: f64, tolerance: f64) -> Self {
        // The series of exp(ix) without its terms from `moments` on is off by at most x^moments / moments!.
        let mut rest = 1.0;
        let mut moments = 0;
        while rest > tolerance && moments < MOMENTS {
            moments += 1;
            rest *= REACH / moments as f64;
        }
        Self { points, step: max_t / (points - 1) as f64, small: REACH / max_t, moments: moments.max(2) }
    }

    /// Samples columns that stand side by side in rows of `WIDTH`; `outs` gives the place of each, real and imaginary parts in
    /// turn.
    #[inline(always)]
    pub(super) fn sample<T: Copy + Into<f64>, const WIDTH: usize>(
        &self,
        heat: &[T],
        outs: &mut dyn Iterator<Item = &'_ mut [f64]>,
        large: &mut [Vec<f64>],
    ) {
        let (rows, _) = heat.as_chunks::<WIDTH>();
        let mut moments = [[0.0_f64; WIDTH]; MOMENTS];
        large.iter_mut().for_each(Vec::clear);
        for row in rows {
            let mut x = [0.0_f64; WIDTH];
            let mut any = false;
            for lane in 0..WIDTH {
                x[lane] = row[lane].into();
                any |= x[lane].abs() > self.small;
            }
            if any {
                for (x, large) in x.iter_mut().zip(large.iter_mut()) {
                    if x.abs() > self.small {
                        large.push(*x);
                        *x = 0.0;
                    }
                }
            }
            let mut power = x;
            for sums in &mut moments[1..self.moments] {
                for lane in 0..WIDTH {
                    sums[lane] += power[lane];
                    power[lane] *= x[lane];
                }
            }
        }
        for (lane, out) in outs.enumerate() {
            let mut column = [0.0; MOMENTS];
            column[0] = (rows.len() - large[lane].len()) as f64;
            (1..self.moments).for_each(|k| column[k] = moments[k][lane]);
            self.series(&column, out);
            self.rotate(&large[lane], out);
            let n = rows.len() as f64;
            out.iter_mut().for_each(|value| *value /= n);
        }
    }

    /// Samples one column of which `zeros` entries are 0 and `missing` is the sum of small entries that nobody placed.
    pub(super) fn sample_one(&self, column: &[f32], zeros: usize, missing: f64, out: &mut [f64]) {
        const WIDTH: usize = 16;
        let small = self.small as f32;
        let mut moments = [[0.0_f64; WIDTH]; MOMENTS];
        let mut large = Vec::new();
        for entries in column.chunks(WIDTH) {
            let mut x = [0.0_f64; WIDTH];
            for (x, &entry) in x.iter_mut().zip(entries) {
                if entry > small {
                    large.push(f64::from(entry));
                } else {
                    *x = f64::from(entry);
                }
            }
            let mut power = x;
            for sums in &mut moments[1..self.moments] {
                for lane in 0..WIDTH {
                    sums[lane] += power[lane];
                    power[lane] *= x[lane];
                }
            }
        }
        let mut sums: [f64; MOMENTS] = std::array::from_fn(|k| moments[k].iter().sum());
        sums[0] = (zeros + column.len() - large.len()) as f64;
        sums[1] += missing;
        self.series(&sums, out);
        self.rotate(&large, out);
        let n = (zeros + column.len()) as f64;
        out.iter_mut().for_each(|value| *value /= n);
    }

    /// `Σ_k (it)^k M_k / k!` at every point.
    fn series(&self, moments: &[f64; MOMENTS], out: &mut [f64]) {
        for (at, value) in out.chunks_exact_mut(2).enumerate() {
            let t = self.step * at as f64;
            let (mut term, mut real, mut imaginary) = (1.0, 0.0, 0.0);
            for (k, moment) in moments[..self.moments].iter().enumerate() {
                match k % 4 {
                    0 => real += term * moment,
                    1 => imaginary += term * moment,
                    2 => real -= term * moment,
                    _ => imaginary -= term * moment,
                }
                term *= t / (k + 1) as f64;
            }
            (value[0], value[1]) = (real, imaginary);
        }
    }

    /// Adds `Σ exp(i t x)` at every point, turning each entry by its angle from point to point.
    fn rotate(&self, large: &[f64], out: &mut [f64]) {
        for entries in large.chunks(LANES) {
            let (mut cos, mut sin) = ([0.0_f64; LANES], [0.0_f64; LANES]);
            let (mut turn_cos, mut turn_sin) = ([0.0_f64; LANES], [0.0_f64; LANES]);
            for (lane, entry) in entries.iter().enumerate() {
                cos[lane] = 1.0;
                (turn_sin[lane], turn_cos[lane]) = (self.step * entry).sin_cos();
            }
            for value in out.chunks_exact_mut(2) {
                value[0] += cos.iter().sum::<f64>();
                value[1] += sin.iter().sum::<f64>();
                for lane in 0..LANES {
                    let (c, s) = (cos[lane], sin[lane]);
                    cos[lane] = c * turn_cos[lane] - s * turn_sin[lane];
                    sin[lane] = s * turn_cos[lane] + c * turn_sin[lane];
                }
            }
        }
        debug_assert_eq!(out.len(), 2 * self.points);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_sine_and_cosine() {
        let mut random = fastrand::Rng::with_seed(1);
        let heat: Vec<f64> = (0..8 * 300).map(|_| random.f64().powi(8) - 1e-3 * random.f64()).collect();
        for tolerance in [1e-4, 1e-8, 1e-12] {
            let sampler = Sampler::new(25, 100.0, tolerance);
            let mut out = vec![vec![0.0; 50]; 8];
            let mut outs = out.iter_mut().map(Vec::as_mut_slice);
            sampler.sample::<f64, 8>(&heat, &mut outs, &mut vec![Vec::new(); 8]);
            for (lane, out) in out.iter().enumerate() {
                for (at, value) in out.chunks(2).enumerate() {
                    let t = 100.0 * at as f64 / 24.0;
                    let (mut real, mut imaginary) = (0.0, 0.0);
                    heat.iter().skip(lane).step_by(8).for_each(|x| {
                        real += (t * x).cos() / 300.0;
                        imaginary += (t * x).sin() / 300.0;
                    });
                    assert!(
                        (value[0] - real).abs() <= tolerance + 1e-13
                            && (value[1] - imaginary).abs() <= tolerance + 1e-13
                    );
                }
            }
        }
    }
}

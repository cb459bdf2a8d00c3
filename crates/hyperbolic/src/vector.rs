//! The inner loops over a tile of points, compiled for each instruction set.
//!
//! Sums run in eight lanes that are folded in one fixed order and nothing is contracted, so every machine gives the same bits.

use crate::math;

/// Instruction sets the loops are compiled for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isa {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The best set of this machine, detected once.
pub(crate) fn isa() -> Isa {
    static CHOSEN: std::sync::OnceLock<Isa> = std::sync::OnceLock::new();
    *CHOSEN.get_or_init(|| {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                return Isa::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Isa::Avx2;
            }
        }
        Isa::Portable
    })
}

/// Compiles one safe function for each instruction set and calls the best: the compiler vectorises, we write it once.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        $vis fn $name($($arg: $type),*) {
            #[inline(always)]
            fn portable($($arg: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) {
                    portable($($arg),*);
                }
                #[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
                fn avx512($($arg: $type),*) {
                    portable($($arg),*);
                }
                match $crate::vector::isa() {
                    // SAFETY: `isa` answers what this machine was seen to run.
                    $crate::vector::Isa::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::vector::Isa::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::vector::Isa::Portable => {}
                }
            }
            portable($($arg),*);
        }
    };
}
pub(crate) use vectorised;

/// Additions that run side by side.
const LANES: usize = 8;

/// Sum of squares of one row.
#[inline(always)]
fn square(row: &[f64]) -> f64 {
    let mut lanes = [0.0_f64; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for chunk in whole {
        for lane in 0..LANES {
            lanes[lane] += chunk[lane] * chunk[lane];
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane += value * value;
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

vectorised! {
    /// `squares[i] = |rows[i]|²`.
    pub(crate) fn squares(rows: &[f64], dim: usize, squares: &mut [f64]) {
        if dim == 16 {
            // The commonest width, unrolled: a third of the time of the general loop.
            let (rows, _) = rows.as_chunks::<16>();
            squares.iter_mut().zip(rows).for_each(|(out, row)| *out = square(row));
        } else {
            squares.iter_mut().zip(rows.chunks_exact(dim)).for_each(|(out, row)| *out = square(row));
        }
    }
}

vectorised! {
    /// `gaps[i] = 1 - c squares[i]`.
    pub(crate) fn gaps(c: f64, squares: &[f64], gaps: &mut [f64]) {
        gaps.iter_mut().zip(squares).for_each(|(gap, &square)| *gap = 1.0 - c * square);
    }
}

vectorised! {
    /// `1 - c |row|²` with the sum carried in twice the precision (Ogita, Rump and Oishi's Dot2), for rows near the rim.
    fn exact_gap(c: f64, row: &[f64], gap: &mut f64) {
        let (mut high, mut low) = (0.0_f64, 0.0_f64);
        for &x in row {
            let product = x * x;
            let error = x.mul_add(x, -product);
            let sum = high + product;
            let back = sum - high;
            low += (high - (sum - back)) + (product - back) + error;
            high = sum;
        }
        let scaled = c * high;
        *gap = (1.0 - scaled) - (c.mul_add(high, -scaled) + c * low);
    }
}

/// Below this gap a plain sum has lost three bits of it.
const NEAR_RIM: f64 = 1.0 / 8.0;

/// Recomputes the gaps of rows near the rim in twice the precision.
pub(crate) fn refine_gaps(c: f64, rows: &[f64], dim: usize, gaps: &mut [f64]) {
    for (gap, row) in gaps.iter_mut().zip(rows.chunks_exact(dim)) {
        if *gap < NEAR_RIM {
            exact_gap(c, row, gap);
        }
    }
}

vectorised! {
    /// `out = a - b`, value by value.
    pub(crate) fn subtract(a: &[f64], b: &[f64], out: &mut [f64]) {
        for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
            *out = a - b;
        }
    }
}

vectorised! {
    /// `out = a + b`, value by value.
    pub(crate) fn add(a: &[f64], b: &[f64], out: &mut [f64]) {
        for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
            *out = a + b;
        }
    }
}

vectorised! {
    /// Multiplies row `i` by `factors[i]`.
    pub(crate) fn scale(rows: &mut [f64], dim: usize, factors: &[f64]) {
        if dim == 16 {
            let (rows, _) = rows.as_chunks_mut::<16>();
            for (row, &factor) in rows.iter_mut().zip(factors) {
                row.iter_mut().for_each(|value| *value *= factor);
            }
        } else {
            for (row, &factor) in rows.chunks_exact_mut(dim).zip(factors) {
                row.iter_mut().for_each(|value| *value *= factor);
            }
        }
    }
}

vectorised! {
    /// Row `i` of `s` becomes `a[i] x + b[i] s`.
    pub(crate) fn combine(x: &[f64], s: &mut [f64], dim: usize, a: &[f64], b: &[f64]) {
        if dim == 16 {
            let ((x, _), (s, _)) = (x.as_chunks::<16>(), s.as_chunks_mut::<16>());
            for (((x, s), &a), &b) in x.iter().zip(s).zip(a).zip(b) {
                s.iter_mut().zip(x).for_each(|(s, &x)| *s = a * x + b * *s);
            }
        } else {
            for (((x, s), &a), &b) in x.chunks_exact(dim).zip(s.chunks_exact_mut(dim)).zip(a).zip(b) {
                s.iter_mut().zip(x).for_each(|(s, &x)| *s = a * x + b * *s);
            }
        }
    }
}

vectorised! {
    /// Half the distance in the unit ball, `asinh(sqrt(c square / (gap_a gap_b)))`, from `square = |a - b|²`.
    pub(crate) fn half_distances(c: f64, squares: &[f64], gaps_a: &[f64], gaps_b: &[f64], out: &mut [f64]) {
        for (((out, &square), &a), &b) in out.iter_mut().zip(squares).zip(gaps_a).zip(gaps_b) {
            *out = math::asinh((c * square / (a * b)).sqrt());
        }
    }
}

vectorised! {
    /// `atanh(rho) / rho` for `rho² = c square`, `gap = 1 - rho²`.
    pub(crate) fn log_factors(c: f64, squares: &[f64], gaps: &[f64], out: &mut [f64]) {
        for ((out, &square), &gap) in out.iter_mut().zip(squares).zip(gaps) {
            let rho = (c * square).sqrt();
            let safe = rho.max(math::TINY);
            let factor = math::atanh(safe, gap) / safe;
            *out = if rho < math::TINY { 1.0 } else { factor };
        }
    }
}

vectorised! {
    /// `tanh(z)` and `1 - tanh(z)²` for `z >= 0`.
    pub(crate) fn tanh_and_gap(z: &[f64], tanh: &mut [f64], gap: &mut [f64]) {
        for ((&z, tanh), gap) in z.iter().zip(tanh).zip(gap) {
            (*tanh, *gap) = math::tanh_and_gap(z);
        }
    }
}

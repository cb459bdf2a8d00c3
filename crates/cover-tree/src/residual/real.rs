//! The two precisions, and the arithmetic of the inner loops written once for both.

use std::fmt::Debug;

/// How a product is added: by one instruction where the instruction set has it.
pub(crate) trait Fuse {
    /// `a * b + c`.
    fn fma<T: Real>(a: T, b: T, c: T) -> T;
}

/// Two roundings: any machine.
pub(crate) struct Apart;
/// One rounding. Without the instruction this would be a call to a library, so only loops compiled for it use it.
pub(crate) struct Fused;

impl Fuse for Apart {
    #[inline(always)]
    fn fma<T: Real>(a: T, b: T, c: T) -> T {
        a.times(b).plus(c)
    }
}

impl Fuse for Fused {
    #[inline(always)]
    fn fma<T: Real>(a: T, b: T, c: T) -> T {
        a.fused(b, c)
    }
}

/// `f32` or `f64`.
pub(crate) trait Real: Copy + Debug + PartialOrd + Send + Sync + bytemuck::Pod {
    const ZERO: Self;
    #[cfg(test)]
    const NAN: Self;
    /// The unit of rounding.
    #[cfg(test)]
    const ROUNDING: f64;
    /// A number of this kind and an id in one: larger ones come first, equal ones by ascending id.
    type Key: Copy + Debug + Ord + Send + Sync;
    /// `self` is not negative.
    fn key(self, id: u32) -> Self::Key;
    /// What a key was made of.
    fn unkey(key: Self::Key) -> (Self, u32);
    fn from_f64(value: f64) -> Self;
    fn to_f64(self) -> f64;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    fn fused(self, by: Self, plus: Self) -> Self;
    fn root(self) -> Self;
    fn magnitude(self) -> Self;
    /// `exp(-self)` for `self >= 0`, to two units in the last place of the result 1.
    fn exp_negative<F: Fuse>(self) -> Self;
}

macro_rules! real {
    ($t:ident, $bits:ident, $key:ident, $magic:expr, $last:expr, $exponent:expr, $mantissa:expr, $terms:expr) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            #[cfg(test)]
            const NAN: Self = $t::NAN;
            #[cfg(test)]
            const ROUNDING: f64 = $t::EPSILON as f64 / 2.0;
            type Key = $key;
            #[inline(always)]
            fn key(self, id: u32) -> $key {
                // The bits of what isn't negative are in the order of the numbers.
                $key::from(!self.to_bits()) << 32 | $key::from(id)
            }
            #[inline(always)]
            fn unkey(key: $key) -> (Self, u32) {
                (Self::from_bits(!((key >> 32) as $bits)), key as u32)
            }
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as Self
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self - other
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self * other
            }
            #[inline(always)]
            fn fused(self, by: Self, plus: Self) -> Self {
                self.mul_add(by, plus)
            }
            #[inline(always)]
            fn root(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn magnitude(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn exp_negative<F: Fuse>(self) -> Self {
                // 2^-n 2^-f with a whole n and |f| <= 1/2. Adding the magic number rounds, and leaves n in the low bits.
                const MAGIC: $t = $magic;
                const LAST: $t = $last;
                let y = self * std::$t::consts::LOG2_E;
                let y = if y < LAST { y } else { LAST };
                let shifted = y + MAGIC;
                let f = y - (shifted - MAGIC);
                let n = shifted.to_bits().wrapping_sub(MAGIC.to_bits());
                let scale = $t::from_bits((($exponent as $bits).wrapping_sub(n)) << $mantissa);
                let terms: &[$t] = &$terms;
                let x = -(f * std::$t::consts::LN_2);
                let mut sum = terms[0];
                let mut at = 1;
                while at < terms.len() {
                    sum = F::fma(sum, x, terms[at]);
                    at += 1;
                }
                sum * scale
            }
        }
    };
}

// Taylor terms of the exponential, highest first; at |x| <= 0.35 the first one left out is 5e-9 and 2e-16.
real!(
    f32,
    u32,
    u64,
    12_582_912.0,
    126.0,
    127,
    23,
    [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0]
);
real!(
    f64,
    u64,
    u128,
    6_755_399_441_055_744.0,
    1022.0,
    1023,
    52,
    [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0
    ]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_the_library() {
        for i in 0..20_000 {
            let x = f64::from(i) * 0.004;
            let (single, double) = ((x as f32).exp_negative::<Apart>(), x.exp_negative::<Fused>());
            let exact = (-x).exp();
            assert!((f64::from(single) - (-f64::from(x as f32)).exp()).abs() < 1.2e-7, "{x}: {single}");
            assert!(
                (double - exact).abs() < 3e-16 && (double / exact - 1.0).abs() < 1e-14 * (1.0 + x),
                "{x}: {double}"
            );
        }
        assert!(1e30_f32.exp_negative::<Fused>() < 2e-38 && 1e30_f64.exp_negative::<Apart>() < 1e-300);
        assert_eq!((0.0_f32.exp_negative::<Fused>(), 0.0_f64.exp_negative::<Apart>()), (1.0, 1.0));
    }
}

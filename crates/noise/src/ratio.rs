//! Positive rationals, exactly as a double says them.

use num_bigint::BigUint;
use num_integer::Integer;

/// `num / den`, `den > 0`.
#[derive(Debug, Clone)]
pub(crate) struct Ratio {
    pub(crate) num: BigUint,
    pub(crate) den: BigUint,
}

impl Ratio {
    pub(crate) fn new(num: BigUint, den: BigUint) -> Self {
        let common = num.gcd(&den);
        if common.bits() < 2 {
            return Self { num, den };
        }
        Self { num: num / &common, den: den / &common }
    }

    /// The value of a finite double that isn't negative: every one is a whole number times a power of two.
    pub(crate) fn from_f64(value: f64) -> Self {
        let bits = value.to_bits();
        let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, power) = if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
        let (num, one) = (BigUint::from(mantissa), BigUint::from(1_u8));
        if power >= 0 {
            Self::new(num << power.unsigned_abs(), one)
        } else {
            Self::new(num, one << power.unsigned_abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_read_exactly() {
        for value in [0.1, 1.0, 3.75, 1e-9, 123_456.789, f64::MIN_POSITIVE, 2_f64.powi(60)] {
            let Ratio { num, den } = Ratio::from_f64(value);
            // Both fit, so the quotient of the two is the double again.
            let back =
                num.to_string().parse::<f64>().unwrap_or(f64::NAN) / den.to_string().parse::<f64>().unwrap_or(f64::NAN);
            assert!((back - value).abs() <= value * 1e-15, "{value} {back}");
        }
        let tenth = Ratio::from_f64(0.1);
        assert_eq!(tenth.num, BigUint::from(3_602_879_701_896_397_u64));
        assert_eq!(tenth.den, BigUint::from(1_u64 << 55));
    }
}

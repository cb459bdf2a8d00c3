//! Coins whose bias is a rational, or `exp(−rational)`.

use crate::error::Result;
use crate::ratio::Ratio;
use crate::source::Source;
use num_bigint::BigUint;
use num_integer::Integer;

/// True with probability `num / den <= 1`.
pub(crate) fn rational(num: &BigUint, den: &BigUint, source: &mut Source) -> Result<bool> {
    Ok(source.below(den)? < *num)
}

/// True with probability `exp(−gamma)`: algorithm 1 of the paper.
pub(crate) fn exp(gamma: &Ratio, source: &mut Source) -> Result<bool> {
    let (whole, rest) = gamma.num.div_rem(&gamma.den);
    let one = BigUint::from(1_u8);
    let mut left = whole;
    while left.bits() > 0 {
        if !exp_fraction(&one, &one, source)? {
            return Ok(false);
        }
        left -= 1_u8;
    }
    exp_fraction(&rest, &gamma.den, source)
}

/// True with probability `exp(−num/den)` for `num <= den`: the alternating series, one coin a term.
fn exp_fraction(num: &BigUint, den: &BigUint, source: &mut Source) -> Result<bool> {
    let mut k = 1_u32;
    while rational(num, &(den * k), source)? {
        k += 1;
    }
    Ok(k % 2 == 1)
}

//! The discrete Laplace and the discrete Gaussian.

use crate::bernoulli;
use crate::error::{Error, Result};
use crate::ratio::Ratio;
use crate::source::Source;
use num_bigint::BigUint;

/// The smallest scale (Laplace) or deviation (Gaussian): below it, noise is 0 but for one in e^(2^20).
pub const MIN_SCALE: f64 = 1.0 / 1_048_576.0;
/// The largest scale: samples stay far inside 2^53, where JavaScript's numbers are whole.
pub const MAX_SCALE: f64 = 1_099_511_627_776.0;

/// A distribution over the whole numbers.
#[derive(Debug, Clone)]
pub enum Noise {
    /// `P(x) ∝ exp(−|x| / scale)`.
    Laplace(Laplace),
    /// `P(x) ∝ exp(−x² / (2 σ²))`.
    Gaussian(Gaussian),
}

/// Parameters of a discrete Laplace.
#[derive(Debug, Clone)]
pub struct Laplace {
    scale: Ratio,
}

/// Parameters of a discrete Gaussian.
#[derive(Debug, Clone)]
pub struct Gaussian {
    variance: Ratio,
    /// The Laplace that proposes, of scale `⌊σ⌋ + 1`.
    proposal: Laplace,
}

impl Noise {
    /// The discrete Laplace of `scale`: with `scale = sensitivity / ε`, what it is added to is ε-private.
    ///
    /// # Errors
    /// [`Error::Scale`] outside [`MIN_SCALE`]..=[`MAX_SCALE`].
    pub fn laplace(scale: f64) -> Result<Self> {
        Ok(Self::Laplace(Laplace { scale: Ratio::from_f64(checked(scale)?) }))
    }

    /// The discrete Gaussian of deviation parameter `sigma`: what it is added to is `sensitivity² / (2 sigma²)`-zCDP.
    ///
    /// # Errors
    /// [`Error::Scale`] outside [`MIN_SCALE`]..=[`MAX_SCALE`].
    pub fn gaussian(sigma: f64) -> Result<Self> {
        let Ratio { num, den } = Ratio::from_f64(checked(sigma)?);
        let proposal = Laplace { scale: Ratio { num: &num / &den + 1_u8, den: BigUint::from(1_u8) } };
        Ok(Self::Gaussian(Gaussian { variance: Ratio { num: &num * &num, den: &den * &den }, proposal }))
    }

    /// One sample.
    ///
    /// # Errors
    /// [`Error::Source`] when the system gives no random bits.
    pub fn sample(&self, source: &mut Source) -> Result<i64> {
        match self {
            Self::Laplace(laplace) => {
                let (negative, magnitude) = laplace.sample(source)?;
                Ok(signed(negative, &magnitude))
            }
            Self::Gaussian(gaussian) => gaussian.sample(source),
        }
    }
}

fn checked(scale: f64) -> Result<f64> {
    if (MIN_SCALE..=MAX_SCALE).contains(&scale) { Ok(scale) } else { Err(Error::Scale { scale }) }
}

/// Saturating: that is done to the sample alone, so it tells nothing about what the sample is added to.
fn signed(negative: bool, magnitude: &BigUint) -> i64 {
    let value = i64::try_from(magnitude).unwrap_or(i64::MAX);
    if negative { -value } else { value }
}

impl Laplace {
    /// Algorithm 2 of the paper: sign and magnitude.
    fn sample(&self, source: &mut Source) -> Result<(bool, BigUint)> {
        let Ratio { num, den } = &self.scale;
        let one = Ratio { num: BigUint::from(1_u8), den: BigUint::from(1_u8) };
        loop {
            let within = source.below(num)?;
            if !bernoulli::exp(&Ratio { num: within.clone(), den: num.clone() }, source)? {
                continue;
            }
            let mut turns = 0_u64;
            while bernoulli::exp(&one, source)? {
                turns += 1;
            }
            let magnitude = (within + num * turns) / den;
            let negative = source.coin()?;
            // Zero has one sign only, or it would come twice as often.
            if !(negative && magnitude.bits() == 0) {
                return Ok((negative, magnitude));
            }
        }
    }
}

impl Gaussian {
    /// Algorithm 3 of the paper: a Laplace proposes, and a coin of bias `exp(−(|y| − σ²/t)² / (2σ²))` accepts.
    fn sample(&self, source: &mut Source) -> Result<i64> {
        let Ratio { num: variance, den } = &self.variance;
        let t = &self.proposal.scale.num;
        // (|y| − n/(d t))² / (2 n/d) = (|y| d t − n)² / (2 n d t²)
        let below = variance * den * t * t * 2_u8;
        loop {
            let (negative, magnitude) = self.proposal.sample(source)?;
            let scaled = &magnitude * den * t;
            let distance = if scaled > *variance { &scaled - variance } else { variance - &scaled };
            let gamma = Ratio::new(&distance * &distance, below.clone());
            if bernoulli::exp(&gamma, source)? {
                return Ok(signed(negative, &magnitude));
            }
        }
    }
}

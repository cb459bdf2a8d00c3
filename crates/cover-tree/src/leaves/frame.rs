//! The coordinates of the first look: centred and scaled to [-1, 1] in `f64`, then rounded to `f32`.

use crate::points::MAX_DIM;

/// Where `f32` coordinates are measured from, and in what unit.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    centre: [f64; MAX_DIM],
    /// A power of two, so that scaling rounds nothing.
    scale: f64,
}

impl Frame {
    /// The frame in which all these points lie in [-1, 1].
    pub(crate) fn around<'a>(rows: impl Iterator<Item = &'a [f64]>) -> Self {
        let (mut low, mut high) = ([f64::INFINITY; MAX_DIM], [f64::NEG_INFINITY; MAX_DIM]);
        for row in rows {
            for ((&value, low), high) in row.iter().zip(&mut low).zip(&mut high) {
                *low = low.min(value);
                *high = high.max(value);
            }
        }
        let (mut centre, mut reach) = ([0.0; MAX_DIM], 0.0_f64);
        for ((centre, low), high) in centre.iter_mut().zip(low).zip(high).filter(|((_, low), _)| low.is_finite()) {
            *centre = low / 2.0 + high / 2.0;
            reach = reach.max(high - *centre).max(*centre - low);
        }
        // Coordinates end below 1e37, and a reach below 1e-290 is as good as none: the exponent stays in range.
        let scale = if reach > 1e-290 { (-(reach.log2().ceil()) - 1.0).exp2() } else { 1.0 };
        Self { centre, scale }
    }

    /// What [`Frame::from_numbers`] takes: centres, then the scale.
    pub(crate) fn numbers(&self) -> Vec<f64> {
        self.centre.iter().copied().chain([self.scale]).collect()
    }

    /// The frame that was saved, or nothing where these are no such numbers.
    pub(crate) fn from_numbers(numbers: &[f64]) -> Option<Self> {
        let (centre, &[scale]) = numbers.split_first_chunk::<MAX_DIM>()? else { return None };
        let sound = centre.iter().all(|value| value.is_finite()) && scale.is_finite() && scale > 0.0;
        sound.then_some(Self { centre: *centre, scale })
    }

    /// Writes a point's coordinates of the first look, and gives the largest by magnitude.
    #[inline]
    pub(crate) fn place(&self, point: &[f64], out: &mut [f32]) -> f32 {
        let mut largest = 0.0_f32;
        for ((&value, centre), out) in point.iter().zip(&self.centre).zip(out) {
            *out = ((value - centre) * self.scale) as f32;
            largest = largest.max(out.abs());
        }
        largest
    }

    /// What is added to a squared distance of the frame so that rounding the coordinates can't hide a neighbour.
    ///
    /// `largest` bounds the query's coordinates of the first look.
    pub(crate) fn slack(dim: usize, largest: f32) -> f64 {
        // Each coordinate is off by at most 2^-24 of the larger magnitude, twice; see DESIGN.md for the factor 2^11.
        let off = f64::from(largest.max(1.0)) * (-23_f64).exp2();
        dim as f64 * off * off * 2048.0
    }

    /// The threshold of the first look for a squared distance in the caller's units; rounding is covered.
    #[inline]
    pub(crate) fn threshold(&self, square: f64, slack: f64) -> f32 {
        ((square * self.scale) * self.scale).mul_add(1.0 + 1.0 / 512.0, slack) as f32
    }
}

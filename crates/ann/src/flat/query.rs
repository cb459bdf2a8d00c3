//! A query, made ready for both looks at the vectors.

use crate::{Error, vector};
use canopy_core::MetricKind;

/// Steps of a query's 16-bit values: the largest that splits into two bytes of -127..=127 and -128..=127.
const STEPS: f32 = 32_512.0;
const MOST: i32 = STEPS as i32;
/// 1.5 * 2^23: added to a number of at most 2^22, it leaves the nearest integer in the low bits.
const ROUND: f32 = 12_582_912.0;
/// Below this a step couldn't be inverted; such a query gets codes of 0 and a bound that says so.
const SMALLEST: f32 = 1e-30;

/// A checked query.
pub(super) struct Query {
    /// As it is compared: of norm 1 under cosine.
    pub(super) values: Vec<f32>,
    /// 16-bit codes as two planes of bytes, high and low: `256 * high + low`.
    ///
    /// A query is read once and a scan waits for memory, so the second plane costs no time and halves the bound.
    pub(super) planes: Vec<i8>,
    /// Step of the codes.
    pub(super) step: f32,
    /// |q|.
    pub(super) norm: f64,
    /// |q - step * codes|.
    pub(super) residual: f64,
}

impl Query {
    /// Checks the query that stands in place `row` of the call.
    pub(super) fn new(query: &[f32], row: usize, dim: usize, metric: MetricKind) -> Result<Self, Error> {
        let norm = vector::check(query, row, dim, metric)?;
        let mut values = vec![0.0; dim];
        vector::store(query, norm, metric, &mut values);
        let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let step = if largest < SMALLEST { 0.0 } else { largest / STEPS };
        let inverse = if step == 0.0 { 0.0 } else { step.recip() };
        let mut planes = vec![0; 2 * dim];
        let (high, low) = planes.split_at_mut(dim);
        let mut lost = vec![0.0_f32; dim];
        for (i, &value) in values.iter().enumerate() {
            // The sum rounds; `round` would be a call for each value on machines without SSE4.1.
            let code = (value * inverse + ROUND).to_bits() as i32 - ROUND.to_bits() as i32;
            let code = code.clamp(-MOST, MOST);
            let top = (code + 128) >> 8;
            high[i] = top as i8;
            low[i] = (code - (top << 8)) as i8;
            lost[i] = (f64::from(value) - f64::from(step) * f64::from(code)) as f32;
        }
        // The loss was rounded to f32 before it was squared.
        let residual = vector::norm(&lost) * (1.0 + 1e-6) + f64::from(f32::MIN_POSITIVE);
        let norm = vector::norm(&values);
        Ok(Self { values, planes, step, norm, residual })
    }
}

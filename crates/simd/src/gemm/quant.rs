//! Rows of activations as u8, each row with its own scale and zero point.

use super::GROUP;
use super::buffer::Buffer;

/// Quantised rows: `value ≈ (stored − zero) × scale`, both of the row ("dynamic quantisation per token").
///
/// The range always includes 0, so that a zero stays an exact zero. A row's bytes are followed by zero bytes up to a multiple of 4.
#[derive(Debug, Default)]
pub struct QuantRows {
    data: Buffer<u8>,
    scale: Vec<f32>,
    zero: Vec<i32>,
    stride: usize,
}

impl QuantRows {
    /// No rows; memory comes with the first use and is kept for the next.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the contents by `values`, rows of `inputs` values.
    ///
    /// # Panics
    /// When `values` isn't a whole number of rows.
    pub fn quantise(&mut self, values: &[f32], inputs: usize) {
        self.reset(values.len() / inputs, inputs);
        assert!(values.len().is_multiple_of(inputs), "{} values don't form rows of {inputs}", values.len());
        for (row, values) in values.chunks_exact(inputs).enumerate() {
            let (low, high) = values.iter().fold((0.0_f32, 0.0_f32), |(low, high), &v| (low.min(v), high.max(v)));
            let (factor, zero) = self.set_range(row, low, high);
            for (out, &value) in self.row_mut(row).iter_mut().zip(values) {
                *out = quantise_one(value, factor, zero);
            }
        }
    }

    /// Makes room for `rows` rows of `inputs` bytes, all to be written by [`QuantRows::row_mut`] after [`QuantRows::set_range`].
    pub fn reset(&mut self, rows: usize, inputs: usize) {
        self.stride = inputs.next_multiple_of(GROUP);
        self.data.reserve_for(rows * self.stride);
        if self.stride != inputs {
            self.data.fill(0);
        }
        self.scale.resize(rows, 0.0);
        self.zero.resize(rows, 0);
    }

    /// Sets a row's range (`low ≤ 0 ≤ high`); gives the factor and the zero point: `stored = round(value × factor) + zero`, in 0..=255.
    pub fn set_range(&mut self, row: usize, low: f32, high: f32) -> (f32, f32) {
        const STEPS: f32 = 255.0;
        // A row of zeros (or of numbers too small for a reciprocal) is stored as zeros: any scale will do, 0 is honest.
        let scale = (high - low) / STEPS;
        let factor = if scale > f32::MIN_POSITIVE { 1.0 / scale } else { 0.0 };
        let zero = (-low * factor).round_ties_even();
        self.scale[row] = if factor > 0.0 { scale } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, reason = "a whole number in 0..=255")]
        let whole = zero as i32;
        self.zero[row] = whole;
        (factor, zero)
    }

    /// The bytes of a row, the filling included.
    pub fn row_mut(&mut self, row: usize) -> &mut [u8] {
        &mut self.data[row * self.stride..(row + 1) * self.stride]
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.scale.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.scale.is_empty()
    }

    /// Bytes from one row to the next, a multiple of 4.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// All rows' bytes.
    pub(crate) fn data(&self) -> &[u8] {
        &self.data[..self.len() * self.stride]
    }

    /// Each row's scale.
    pub(crate) fn scales(&self) -> &[f32] {
        &self.scale
    }

    /// Each row's zero point.
    pub(crate) fn zeros(&self) -> &[i32] {
        &self.zero
    }
}

/// One value, given the factor and zero point of [`QuantRows::set_range`].
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255 just before")]
pub fn quantise_one(value: f32, factor: f32, zero: f32) -> u8 {
    ((value * factor).round_ties_even() + zero).clamp(0.0, 255.0) as u8
}

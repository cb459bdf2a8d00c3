//! Rounding a vector to 8-bit codes, with what the rounding lost.

/// What is known of a vector `x` after [`quantize_i8`] wrote its codes `c`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Code {
    /// The step `s`: `x` is about `s * c`. 0 when every code is 0.
    pub scale: f32,
    /// Not below `|x - s * c|`.
    pub residual: f32,
    /// Not below `|x|`.
    pub norm: f32,
    /// `|x|^2`, rounded once from `f64`.
    pub square: f32,
}

/// Vectors whose largest value is below this get codes of 0: a step below the normal numbers couldn't be inverted.
const SMALLEST: f32 = 1e-30;
/// The codes run from -127 to 127, so that negating a vector negates its codes.
const STEPS: f32 = 127.0;
/// Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits; unlike `round` it needs no SSE4.1.
const ROUND: f32 = 12_582_912.0;
/// Sums kept apart, so that the compiler may use vectors.
const LANES: usize = 8;

/// Writes the 8-bit codes of `x` and returns their step, with upper bounds of the norm and of the rounding error.
///
/// `x` must be finite with a norm below `f32::MAX`; the bounds are computed in `f64` and rounded upwards.
///
/// # Panics
/// When the lengths differ.
pub fn quantize_i8(x: &[f32], codes: &mut [i8]) -> Code {
    assert_eq!(x.len(), codes.len(), "{} values don't fit {} codes", x.len(), codes.len());
    let largest = x.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let scale = if largest < SMALLEST { 0.0 } else { largest / STEPS };
    let inverse = if scale == 0.0 { 0.0 } else { scale.recip() };
    for (code, &value) in codes.iter_mut().zip(x) {
        // The product may exceed 127 by one rounding, which the sum rounds away again.
        *code = (value * inverse + ROUND).to_bits() as i8;
    }
    let (square, lost) = sums(x, codes, scale.into());
    Code { scale, residual: round_up(lost.sqrt()), norm: round_up(square.sqrt()), square: square as f32 }
}

/// `|x|^2` and `|x - scale * codes|^2`.
fn sums(x: &[f32], codes: &[i8], scale: f64) -> (f64, f64) {
    let mut squares = [0.0_f64; LANES];
    let mut losses = [0.0_f64; LANES];
    let mut add = |lane: usize, value: f32, code: i8| {
        let value = f64::from(value);
        let loss = value - scale * f64::from(code);
        squares[lane] += value * value;
        losses[lane] += loss * loss;
    };
    let (values, rest) = x.as_chunks::<LANES>();
    let (bytes, last) = codes.as_chunks::<LANES>();
    for (values, bytes) in values.iter().zip(bytes) {
        (0..LANES).for_each(|lane| add(lane, values[lane], bytes[lane]));
    }
    rest.iter().zip(last).enumerate().for_each(|(lane, (&value, &code))| add(lane, value, code));
    (squares.iter().sum(), losses.iter().sum())
}

/// An `f32` not below `value`, whose own error (below one in 10^12) is covered too.
fn round_up(value: f64) -> f32 {
    let near = (value * (1.0 + 1e-9)) as f32;
    if value == 0.0 { 0.0 } else { near.next_up() }
}

//! Integer matrix products for quantised networks: u8 activations × i8 weights, i32 sums, f32 results.
//!
//! Weights are packed once ([`PackedWeights`]); activations are quantised a row at a time ([`QuantRows`]); [`linear`] multiplies the two
//! and turns the sums back into floats. Integer sums are exact, so every instruction set gives the same ones.
//!
//! ```
//! use canopy_simd::gemm::{Linear, QuantRows, linear};
//!
//! // Two outputs from three inputs; a weight is `quantised × scale` of its output channel.
//! let layer = Linear::new(&[10, 20, 30, -10, 0, 10], 3, &[0.1, 0.1], &[0.5, 0.0]);
//! let mut rows = QuantRows::new();
//! rows.quantise(&[1.0, 0.0, 2.0], 3);
//! let mut out = [0.0; 2];
//! linear(&rows, &layer, &mut out);
//! assert!((out[0] - 7.5).abs() < 0.1 && (out[1] - 1.0).abs() < 0.1);
//! ```

mod buffer;
mod kernel;
mod pack;
mod peak;
mod quant;
mod scalar;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

#[cfg(test)]
mod tests;

pub use buffer::Buffer;
pub use kernel::{Backend, linear, linear_with};
pub use pack::{Linear, PackedWeights};
pub use peak::measure_peak;
pub use quant::{QuantRows, quantise_one};

/// Output channels a panel: 4 vectors of 16 sums in AVX-512, so that 6 rows × 4 vectors fill 24 of the 32 registers.
pub(crate) const PANEL: usize = 64;

/// Inputs that one multiply-add instruction of VNNI sums up.
pub(crate) const GROUP: usize = 4;

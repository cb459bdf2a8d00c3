//! Vectors of floats: one set of kernels, written once over [`Simd`], compiled for each instruction set.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernels;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

#[cfg(test)]
mod tests;

use canopy_simd::gemm::{Backend, QuantRows};

/// A vector register of floats. Every method is inlined into a function that enables the instruction set.
///
/// # Safety
/// All methods may be called only where the instruction set is there, and pointers must be good for [`Simd::LANES`] values, aligned or not.
trait Simd: Copy {
    /// The register.
    type V: Copy;
    /// Floats in it.
    const LANES: usize;
    /// Registers side by side in a matrix tile of 6 rows, so that 6 × `TILE` sums and what feeds them fit the register file.
    const TILE: usize;
    unsafe fn load(from: *const f32) -> Self::V;
    /// Signed bytes as floats.
    unsafe fn load_i8(from: *const i8) -> Self::V;
    unsafe fn store(to: *mut f32, v: Self::V);
    /// Whole numbers as bytes, clamped to 0..=255.
    unsafe fn store_u8(to: *mut u8, v: Self::V);
    unsafe fn splat(value: f32) -> Self::V;
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    /// `a × b + c`, rounded once where the machine can.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// To the nearest whole number, ties to even; arguments within ±2²².
    unsafe fn round(a: Self::V) -> Self::V;
    /// `a × 2ⁿ` for whole `n` in −126..=127.
    unsafe fn scale(a: Self::V, n: Self::V) -> Self::V;
    unsafe fn sum(a: Self::V) -> f32;
    unsafe fn least(a: Self::V) -> f32;
    unsafe fn most(a: Self::V) -> f32;
}

/// Defines the public face of kernels: each runs the generic body on the chosen instruction set.
macro_rules! kernels {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $kind:ty),*);)*) => { $(
        $(#[$doc])*
        pub(super) fn $name(backend: Backend, $($argument: $kind),*) {
            assert!(backend.available(), "this machine has no {backend:?}");
            match backend {
                #[cfg(target_arch = "x86_64")]
                Backend::Avx512Vnni => {
                    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma")]
                    unsafe fn run($($argument: $kind),*) {
                        // SAFETY: this function enables the instructions.
                        unsafe { kernels::$name::<avx512::Avx512>($($argument),*) }
                    }
                    // SAFETY: asserted above that the machine has them.
                    unsafe { run($($argument),*) }
                }
                #[cfg(target_arch = "x86_64")]
                Backend::Avx2 => {
                    #[target_feature(enable = "avx2,fma")]
                    unsafe fn run($($argument: $kind),*) {
                        // SAFETY: this function enables the instructions.
                        unsafe { kernels::$name::<avx2::Avx2>($($argument),*) }
                    }
                    // SAFETY: asserted above that the machine has them.
                    unsafe { run($($argument),*) }
                }
                #[cfg(target_arch = "aarch64")]
                // SAFETY: NEON is part of every aarch64.
                Backend::Neon => unsafe { kernels::$name::<neon::Neon>($($argument),*) },
                // SAFETY: plain floats need no instruction set.
                _ => unsafe { kernels::$name::<scalar::Scalar>($($argument),*) },
            }
        }
    )* };
}

kernels! {
    /// `out = word × scale + position`.
    fn look_up(word: &[i8], scale: f32, position: &[f32], out: &mut [f32]);
    /// Layer normalisation of each row: `x = (x − mean) / deviation × gain + bias`.
    fn norm(x: &mut [f32], gain: &[f32], bias: &[f32]);
    /// `x = norm(x + y)`.
    fn add_and_norm(x: &mut [f32], y: &[f32], gain: &[f32], bias: &[f32]);
    /// Quantises rows of `width` values.
    fn quantise(x: &[f32], width: usize, rows: &mut QuantRows);
    /// Quantises rows of `width` values after `x Φ(x)`; leaves the values in `x`.
    fn gelu_and_quantise(x: &mut [f32], width: usize, rows: &mut QuantRows);
    /// Softmax attention of one head: see `kernels::attend`.
    fn attend(qkv: &[f32], head: usize, out: &mut [f32], scratch: &mut [f32]);
    /// Adds up rows of `sum.len()` values.
    fn add_rows(rows: &[f32], sum: &mut [f32]);
}

pub(super) use kernels::attend_scratch;

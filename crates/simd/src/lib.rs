//! Distance and matrix kernels, chosen at run time for the machine they run on.
//!
//! Inner products, squared Euclidean distances and cosines of `f32`, `f16` and `i8` vectors, one pair at a time or one
//! query against many rows. The first call looks at the processor and fills one table of functions (AVX-512 with VNNI,
//! AVX-512, AVX2 with FMA and F16C, NEON with or without `sdot`, or portable code); every later call reads that table.
//! The environment variable `CANOPY_SIMD` (`scalar`, `avx2`, `avx512`, `avx512vnni`, `neon`, `neondot`) names another table.
//!
//! Promises:
//! - A row scores the same bits in a `*_rows_*` kernel as in the pair kernel, whatever stands beside it.
//! - `i8` results are exact. `f32` and `f16` results add at most `len` rounded products in `f32`, so the error of an
//!   inner product is below `(len + 2) * 2^-24 * |a| * |b|`; the order of additions differs between back ends.
//! - Slices may have any length and alignment. Vectors of unequal length are a caller's defect and panic.
//!
//! ```
//! let rows = [1.0_f32, 0.0, 0.0, 2.0, 3.0, 4.0];
//! let mut products = [0.0; 3];
//! canopy_simd::dot_rows_f32(&[0.5, 1.0], &rows, &mut products);
//! assert_eq!(products, [0.5, 2.0, 5.5]);
//! assert_eq!(canopy_simd::dot_i8(&[-128, 3], &[-128, 1]), 16_387);
//! ```

mod codes;
mod cosine;
pub mod gemm;
mod imp;
#[cfg(target_arch = "aarch64")]
mod neon;
mod nibbles;
mod pair;
mod quantize;
mod rows;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests;

pub use codes::{CODE_LINE, CODE_TAIL, CODE_VALUES, CodeQuery, prefetch, prefetch_far};
pub use cosine::{cosine_f16, cosine_f32, cosine_i8, cosine_rows_f16, cosine_rows_f32, cosine_rows_i8};
pub use nibbles::{NIBBLE_BLOCK, NIBBLE_PART, NIBBLE_PARTS, sum_nibbles};
pub use pair::{
    dot_f16, dot_f32, dot_f32_f16, dot_f32_u8, dot_i8, l2sq_f16, l2sq_f32, l2sq_f32_f16, l2sq_f32_u8, l2sq_i8, norm_f32,
};
pub use quantize::{Code, quantize_i8};
pub use rows::{
    dot_block_i8, dot_rows_f16, dot_rows_f32, dot_rows_f32_f16, dot_rows_f32_u8, dot_rows_i8, l2sq_rows_f16,
    l2sq_rows_f32, l2sq_rows_f32_f16, l2sq_rows_f32_u8, l2sq_rows_i8,
};

/// The name of the table in use: `avx512vnni`, `avx512`, `avx2`, `neondot`, `neon` or `scalar`.
pub fn isa() -> &'static str {
    imp::imp().name
}

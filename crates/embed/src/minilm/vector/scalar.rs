//! Arrays of 8 floats in plain Rust: the fallback, which compilers turn into what the target has, and the oracle's relative.

use super::Simd;

const N: usize = 8;

#[derive(Clone, Copy)]
pub(super) struct Scalar;

#[inline(always)]
fn zip(a: [f32; N], b: [f32; N], f: impl Fn(f32, f32) -> f32) -> [f32; N] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

impl Simd for Scalar {
    type V = [f32; N];
    const LANES: usize = N;
    const TILE: usize = 1;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::V {
        // SAFETY: the caller's pointer is good for 8 values.
        unsafe { from.cast::<[f32; N]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn load_i8(from: *const i8) -> Self::V {
        // SAFETY: the caller's pointer is good for 8 values.
        unsafe { from.cast::<[i8; N]>().read_unaligned() }.map(f32::from)
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, v: Self::V) {
        // SAFETY: the caller's pointer is good for 8 values.
        unsafe { to.cast::<[f32; N]>().write_unaligned(v) }
    }
    #[inline(always)]
    unsafe fn store_u8(to: *mut u8, v: Self::V) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255 just before")]
        let bytes = v.map(|v| v.clamp(0.0, 255.0) as u8);
        // SAFETY: the caller's pointer is good for 8 values.
        unsafe { to.cast::<[u8; N]>().write_unaligned(bytes) }
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self::V {
        [value; N]
    }
    #[inline(always)]
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // Not `mul_add`: without the instruction that is a library call of some 20 ns.
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    unsafe fn round(a: Self::V) -> Self::V {
        // At 1.5 × 2²³ a float's step is 1: adding it rounds, taking it away brings the number back.
        const MAGIC: f32 = 12_582_912.0;
        a.map(|v| (v + MAGIC) - MAGIC)
    }
    #[inline(always)]
    unsafe fn scale(a: Self::V, n: Self::V) -> Self::V {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "n is whole and in -126..=127")]
        zip(a, n, |a, n| a * f32::from_bits(((n as i32 + 127) as u32) << 23))
    }
    #[inline(always)]
    unsafe fn sum(a: Self::V) -> f32 {
        a.iter().sum()
    }
    #[inline(always)]
    unsafe fn least(a: Self::V) -> f32 {
        a.iter().copied().fold(f32::INFINITY, f32::min)
    }
    #[inline(always)]
    unsafe fn most(a: Self::V) -> f32 {
        a.iter().copied().fold(f32::NEG_INFINITY, f32::max)
    }
}

//! f32, f16 and u8 kernels for NEON.
//!
//! As on x86, a row kernel runs the pair kernel row after row, so both give the same bits.

use core::arch::aarch64::*;
use core::arch::asm;
use half::f16;

/// Numbers in a register.
const WIDTH: usize = 4;
/// Independent sums a row, to hide the latency of the FMA.
const SUMS: usize = 4;

#[inline]
#[target_feature(enable = "neon")]
fn add_dot(sum: float32x4_t, a: float32x4_t, b: float32x4_t) -> float32x4_t {
    vfmaq_f32(sum, a, b)
}

#[inline]
#[target_feature(enable = "neon")]
fn add_l2(sum: float32x4_t, a: float32x4_t, b: float32x4_t) -> float32x4_t {
    let difference = vsubq_f32(a, b);
    vfmaq_f32(sum, difference, difference)
}

/// # Safety
/// 4 values are readable at `from`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn load_f32(from: *const f32) -> float32x4_t {
    // SAFETY: the caller's promise.
    unsafe { vld1q_f32(from) }
}

/// # Safety
/// 4 values are readable at `from`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn load_f16(from: *const f16) -> float32x4_t {
    // SAFETY: the caller's promise; `f16` is two bytes, so 4 of them are the 8 that are loaded.
    let bits: uint16x4_t = unsafe { vld1_u16(from.cast()) };
    let wide: float32x4_t;
    // The compiler's own half type isn't stable yet; the instruction is part of every 64-bit ARM.
    // SAFETY: reads and writes the two named registers only.
    unsafe {
        asm!("fcvtl {wide:v}.4s, {bits:v}.4h", wide = lateout(vreg) wide, bits = in(vreg) bits,
            options(pure, nomem, nostack, preserves_flags));
    }
    wide
}

/// # Safety
/// 4 bytes are readable at `from`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn load_u8(from: *const u8) -> float32x4_t {
    // SAFETY: the caller's promise.
    let bytes = u64::from(unsafe { from.cast::<u32>().read_unaligned() });
    vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(bytes)))))
}

#[inline]
#[target_feature(enable = "neon")]
fn tail_u8(from: &[u8]) -> float32x4_t {
    let mut padded = [0_u8; WIDTH];
    padded[..from.len()].copy_from_slice(from);
    // SAFETY: the array holds 4 bytes.
    unsafe { load_u8(padded.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn tail_f32(from: &[f32]) -> float32x4_t {
    let mut padded = [0.0_f32; WIDTH];
    padded[..from.len()].copy_from_slice(from);
    // SAFETY: the array holds 4 values.
    unsafe { load_f32(padded.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn tail_f16(from: &[f16]) -> float32x4_t {
    let mut padded = [f16::ZERO; WIDTH];
    padded[..from.len()].copy_from_slice(from);
    // SAFETY: the array holds 4 values.
    unsafe { load_f16(padded.as_ptr()) }
}

macro_rules! kernels {
    ($pair:ident, $rows:ident, $a:ty, $b:ty, $add:ident, $load_a:ident, $tail_a:ident, $load_b:ident, $tail_b:ident) => {
        #[inline]
        #[target_feature(enable = "neon")]
        pub(super) fn $pair(a: &[$a], b: &[$b]) -> f32 {
            debug_assert_eq!(a.len(), b.len());
            let dim = a.len();
            let mut sums = [vdupq_n_f32(0.0); SUMS];
            let mut at = 0;
            while at + SUMS * WIDTH <= dim {
                for s in 0..SUMS {
                    let from = at + s * WIDTH;
                    // SAFETY: `from + WIDTH <= dim`, the length of both.
                    let (x, y) = unsafe { ($load_a(a.as_ptr().add(from)), $load_b(b.as_ptr().add(from))) };
                    sums[s] = $add(sums[s], x, y);
                }
                at += SUMS * WIDTH;
            }
            while at < dim {
                let end = dim.min(at + WIDTH);
                sums[0] = $add(sums[0], $tail_a(&a[at..end]), $tail_b(&b[at..end]));
                at = end;
            }
            let [a, b, c, d] = sums;
            vaddvq_f32(vaddq_f32(vaddq_f32(a, b), vaddq_f32(c, d)))
        }

        #[target_feature(enable = "neon")]
        pub(super) fn $rows(query: &[$a], rows: &[$b], out: &mut [f32]) {
            let dim = query.len();
            for (r, value) in out.iter_mut().enumerate() {
                *value = $pair(query, &rows[r * dim..(r + 1) * dim]);
            }
        }
    };
}

kernels!(dot_f32, dot_rows_f32, f32, f32, add_dot, load_f32, tail_f32, load_f32, tail_f32);
kernels!(l2sq_f32, l2sq_rows_f32, f32, f32, add_l2, load_f32, tail_f32, load_f32, tail_f32);
kernels!(dot_f16, dot_rows_f16, f16, f16, add_dot, load_f16, tail_f16, load_f16, tail_f16);
kernels!(l2sq_f16, l2sq_rows_f16, f16, f16, add_l2, load_f16, tail_f16, load_f16, tail_f16);
kernels!(dot_f32_f16, dot_rows_f32_f16, f32, f16, add_dot, load_f32, tail_f32, load_f16, tail_f16);
kernels!(l2sq_f32_f16, l2sq_rows_f32_f16, f32, f16, add_l2, load_f32, tail_f32, load_f16, tail_f16);
kernels!(dot_f32_u8, dot_rows_f32_u8, f32, u8, add_dot, load_f32, tail_f32, load_u8, tail_u8);
kernels!(l2sq_f32_u8, l2sq_rows_f32_u8, f32, u8, add_l2, load_f32, tail_f32, load_u8, tail_u8);

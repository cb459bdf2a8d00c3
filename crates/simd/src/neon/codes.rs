//! Scores of scattered rows of codes for 64-bit ARM; see `CodeQuery`.

use core::arch::aarch64::*;
use core::arch::asm;

/// Bytes in a register.
const WIDTH: usize = 16;

macro_rules! score {
    ($name:ident, $features:literal, $add:ident) => {
        /// # Safety
        /// Every id names a row of `query.len()` bytes inside `rows`; the length is a multiple of 64; `out` is as long as `ids`.
        #[target_feature(enable = $features)]
        pub(super) unsafe fn $name(query: &[i8], _shift: i32, weight: f32, rows: &[u8], ids: &[u32], out: &mut [f32]) {
            let stride = query.len();
            for (&id, out) in ids.iter().zip(out) {
                let row = &rows[id as usize * stride..][..stride];
                let mut sums = [vdupq_n_s32(0); 2];
                for at in (0..stride).step_by(2 * WIDTH) {
                    for (s, sum) in sums.iter_mut().enumerate() {
                        let from = at + s * WIDTH;
                        // SAFETY: `from + WIDTH <= stride`, the length of both.
                        let (q, c) = unsafe { (vld1q_s8(query.as_ptr().add(from)), vld1q_u8(row.as_ptr().add(from))) };
                        // Signed again, so that both sides have the same sign rules: the shift is undone here.
                        let c = vreinterpretq_s8_u8(veorq_u8(c, vdupq_n_u8(128)));
                        *sum = $add(*sum, q, c);
                    }
                }
                let product = vaddvq_s32(vaddq_s32(sums[0], sums[1]));
                let (step, bias) = crate::scalar::tail(row);
                *out = (weight * step).mul_add(product as f32, bias);
            }
        }
    };
}

#[inline]
#[target_feature(enable = "neon")]
fn add(sum: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    let low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
    let sum = vpadalq_s16(sum, low);
    vpadalq_s16(sum, vmull_high_s8(a, b))
}

#[inline]
#[target_feature(enable = "neon,dotprod")]
fn add_dot(sum: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    let mut sum = sum;
    // The intrinsic isn't stable in every compiler we support; the instruction is.
    // SAFETY: reads and writes the named registers only; the feature is enabled on this function.
    unsafe {
        asm!("sdot {sum:v}.4s, {a:v}.16b, {b:v}.16b", sum = inout(vreg) sum, a = in(vreg) a, b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags));
    }
    sum
}

score!(score, "neon", add);
score!(score_dot, "neon,dotprod", add_dot);

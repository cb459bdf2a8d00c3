//! int8 kernels for every 64-bit ARM: bytes are multiplied into 16 bits and added in pairs into 32.

use core::arch::aarch64::*;

/// Bytes in a register.
pub(super) const WIDTH: usize = 16;

/// # Safety
/// 16 bytes are readable at `from`.
#[inline]
#[target_feature(enable = "neon")]
pub(super) unsafe fn load(from: *const i8) -> int8x16_t {
    // SAFETY: the caller's promise.
    unsafe { vld1q_s8(from) }
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn tail(from: &[i8]) -> int8x16_t {
    let mut padded = [0_i8; WIDTH];
    padded[..from.len()].copy_from_slice(from);
    // SAFETY: the array holds 16 bytes.
    unsafe { load(padded.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn add_dot(sum: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    // A product of two bytes is at most 2^14, so 16 bits hold it; two of them need the wider sum.
    let sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(a), vget_low_s8(b)));
    vpadalq_s16(sum, vmull_high_s8(a, b))
}

#[inline]
#[target_feature(enable = "neon")]
fn add_l2(sum: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    // |a - b| is at most 255: it fits a byte without sign, and its square 16 bits without sign.
    let distance = vreinterpretq_u8_s8(vabdq_s8(a, b));
    let sum = vreinterpretq_u32_s32(sum);
    let sum = vpadalq_u16(sum, vmull_u8(vget_low_u8(distance), vget_low_u8(distance)));
    vreinterpretq_s32_u32(vpadalq_u16(sum, vmull_high_u8(distance, distance)))
}

macro_rules! pair {
    ($pair:ident, $add:ident) => {
        #[target_feature(enable = "neon")]
        pub(super) fn $pair(a: &[i8], b: &[i8]) -> i32 {
            debug_assert_eq!(a.len(), b.len());
            let mut sums = [vdupq_n_s32(0); 2];
            let mut at = 0;
            while at + 2 * WIDTH <= a.len() {
                for s in 0..2 {
                    let from = at + s * WIDTH;
                    // SAFETY: `from + WIDTH` is at most the length of both.
                    let (x, y) = unsafe { (load(a.as_ptr().add(from)), load(b.as_ptr().add(from))) };
                    sums[s] = $add(sums[s], x, y);
                }
                at += 2 * WIDTH;
            }
            while at < a.len() {
                let end = a.len().min(at + WIDTH);
                sums[0] = $add(sums[0], tail(&a[at..end]), tail(&b[at..end]));
                at = end;
            }
            vaddvq_s32(vaddq_s32(sums[0], sums[1]))
        }
    };
}

pair!(dot, add_dot);
pair!(l2sq, add_l2);

#[target_feature(enable = "neon")]
pub(super) fn l2sq_rows(query: &[i8], rows: &[i8], out: &mut [i32]) {
    let dim = query.len();
    for (r, value) in out.iter_mut().enumerate() {
        *value = l2sq(query, &rows[r * dim..(r + 1) * dim]);
    }
}

#[target_feature(enable = "neon")]
pub(super) fn dot_block(queries: &[i8], rows: &[i8], dim: usize, out: &mut [i32]) {
    let count = rows.len() / dim;
    for (r, row) in rows.chunks_exact(dim).enumerate() {
        for (q, query) in queries.chunks_exact(dim).enumerate() {
            out[q * count + r] = dot(query, row);
        }
    }
}

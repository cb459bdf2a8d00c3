//! Look-ups by 4-bit codes for 64-bit ARM; see `sum_nibbles`.

use core::arch::aarch64::*;

/// # Safety
/// `tables` holds a multiple of 64 bytes, `codes` whole blocks of as many, `out` 32 numbers a block.
#[target_feature(enable = "neon")]
pub(super) unsafe fn sum(tables: &[u8], codes: &[u8], out: &mut [u16]) {
    const PART: usize = 16;
    for (codes, out) in codes.chunks_exact(tables.len()).zip(out.chunks_exact_mut(32)) {
        let mut sums = [vdupq_n_u16(0); 4];
        for at in (0..tables.len()).step_by(PART) {
            // SAFETY: `at + PART <= tables.len()`, the length of both.
            let (table, code) = unsafe { (vld1q_u8(tables.as_ptr().add(at)), vld1q_u8(codes.as_ptr().add(at))) };
            let first = vqtbl1q_u8(table, vandq_u8(code, vdupq_n_u8(15)));
            let last = vqtbl1q_u8(table, vshrq_n_u8::<4>(code));
            for (half, found) in [first, last].into_iter().enumerate() {
                sums[2 * half] = vaddw_u8(sums[2 * half], vget_low_u8(found));
                sums[2 * half + 1] = vaddw_high_u8(sums[2 * half + 1], found);
            }
        }
        for (sum, out) in sums.into_iter().zip(out.chunks_exact_mut(8)) {
            // SAFETY: the slice holds eight numbers.
            unsafe { vst1q_u16(out.as_mut_ptr(), sum) };
        }
    }
}

//! The two inner loops, for the machine they run on.

use super::LEAF;
use std::sync::OnceLock;

/// Bit `i` is set when point `i` of a leaf is within `limit`, and within its own cap, of the query, by squares.
///
/// Arguments: the leaf's lanes (`dim * LEAF`), the query (`dim`), the limit, the caps. NaN lanes are never within.
pub(crate) type Near = unsafe fn(&[f32], &[f32], f32, &[f32; LEAF]) -> u32;

/// Bit `i` is set when query `i` of a group is within its own limit, and within the cap, of a box, by squares.
///
/// Arguments: the group's lanes (`dim * LEAF`), lower corner (`dim`), upper corner (`dim`), limits, the cap.
pub(crate) type Reach = unsafe fn(&[f32], &[f32], &[f32], &[f32; LEAF], f32) -> u32;

/// The loops of one instruction set.
///
/// # Safety of the entries
/// The caller guarantees the lengths written above; [`kernels`] gives only what the machine can run.
#[derive(Clone, Copy)]
pub(crate) struct Kernels {
    pub(crate) near: Near,
    pub(crate) reach: Reach,
}

/// The best loops for this machine, detected once.
pub(crate) fn kernels() -> Kernels {
    static CHOSEN: OnceLock<Kernels> = OnceLock::new();
    *CHOSEN.get_or_init(|| {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return Kernels { near: avx2::near, reach: avx2::reach };
        }
        Kernels { near: plain::near, reach: plain::reach }
    })
}

mod plain {
    use super::LEAF;

    fn mask(squares: &[f32; LEAF], limits: &[f32; LEAF]) -> u32 {
        (0..LEAF).fold(0, |mask, i| mask | u32::from(squares[i] <= limits[i]) << i)
    }

    /// # Safety
    /// None is needed; the type is that of the vectorised loops.
    pub(super) unsafe fn near(lanes: &[f32], query: &[f32], limit: f32, caps: &[f32; LEAF]) -> u32 {
        let mut squares = [0.0_f32; LEAF];
        for (lanes, &q) in lanes.chunks_exact(LEAF).zip(query) {
            squares.iter_mut().zip(lanes).for_each(|(sum, &x)| *sum += (x - q) * (x - q));
        }
        mask(&squares, &caps.map(|cap| cap.min(limit)))
    }

    /// # Safety
    /// None is needed; the type is that of the vectorised loops.
    pub(super) unsafe fn reach(group: &[f32], low: &[f32], high: &[f32], limits: &[f32; LEAF], cap: f32) -> u32 {
        let mut squares = [0.0_f32; LEAF];
        for ((lanes, &low), &high) in group.chunks_exact(LEAF).zip(low).zip(high) {
            for (sum, &q) in squares.iter_mut().zip(lanes) {
                let gap = (low - q).max(q - high).max(0.0);
                *sum += gap * gap;
            }
        }
        mask(&squares, &limits.map(|limit| limit.min(cap)))
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::LEAF;
    use std::arch::x86_64::*;

    /// # Safety
    /// The machine has AVX2 and FMA; `lanes.len() == query.len() * LEAF`.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn near(lanes: &[f32], query: &[f32], limit: f32, caps: &[f32; LEAF]) -> u32 {
        debug_assert_eq!(lanes.len(), query.len() * LEAF);
        let mut sums = [_mm256_setzero_ps(); 4];
        for (axis, &q) in query.iter().enumerate() {
            let q = _mm256_set1_ps(q);
            for (part, sum) in sums.iter_mut().enumerate() {
                // SAFETY: `axis * LEAF + part * 8 + 8 <= lanes.len()`, by the lengths the caller guarantees.
                let x = unsafe { _mm256_loadu_ps(lanes.as_ptr().add(axis * LEAF + part * 8)) };
                let gap = _mm256_sub_ps(x, q);
                *sum = _mm256_fmadd_ps(gap, gap, *sum);
            }
        }
        mask(sums, capped(caps, limit))
    }

    /// # Safety
    /// The machine has AVX2 and FMA; `group.len() == low.len() * LEAF` and `high.len() == low.len()`.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn reach(group: &[f32], low: &[f32], high: &[f32], limits: &[f32; LEAF], cap: f32) -> u32 {
        debug_assert_eq!(group.len(), low.len() * LEAF);
        let zero = _mm256_setzero_ps();
        let mut sums = [zero; 4];
        for (axis, (&low, &high)) in low.iter().zip(high).enumerate() {
            let (low, high) = (_mm256_set1_ps(low), _mm256_set1_ps(high));
            for (part, sum) in sums.iter_mut().enumerate() {
                // SAFETY: `axis * LEAF + part * 8 + 8 <= group.len()`, by the lengths the caller guarantees.
                let q = unsafe { _mm256_loadu_ps(group.as_ptr().add(axis * LEAF + part * 8)) };
                let gap = _mm256_max_ps(_mm256_max_ps(_mm256_sub_ps(low, q), _mm256_sub_ps(q, high)), zero);
                *sum = _mm256_fmadd_ps(gap, gap, *sum);
            }
        }
        mask(sums, capped(limits, cap))
    }

    #[target_feature(enable = "avx2,fma")]
    fn capped(limits: &[f32; LEAF], cap: f32) -> [__m256; 4] {
        let cap = _mm256_set1_ps(cap);
        // SAFETY: `limits` holds 32 values.
        [0, 8, 16, 24].map(|at| _mm256_min_ps(unsafe { _mm256_loadu_ps(limits.as_ptr().add(at)) }, cap))
    }

    #[target_feature(enable = "avx2,fma")]
    fn mask(sums: [__m256; 4], limits: [__m256; 4]) -> u32 {
        let mut mask = 0;
        for part in 0..4 {
            let within = _mm256_cmp_ps::<_CMP_LE_OQ>(sums[part], limits[part]);
            mask |= (_mm256_movemask_ps(within) as u32) << (8 * part);
        }
        mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_vector_loops_agree_with_the_plain_ones(
            dim in 1_usize..33,
            // Small whole numbers: squares are exact, so equality is meant and limits are met.
            values in prop::collection::vec(-9_i8..9, 32 * 32 + 3 * 32),
            limit in 0_u16..900,
        ) {
            let values: Vec<f32> = values.into_iter().map(f32::from).collect();
            let (lanes, rest) = values.split_at(dim * LEAF);
            let (query, low) = (&rest[..dim], &rest[dim..2 * dim]);
            let high: Vec<f32> = low.iter().map(|low| low + 2.0).collect();
            let limits: [f32; LEAF] = std::array::from_fn(|i| f32::from(limit) / (1 + i) as f32);
            let chosen = kernels();
            // SAFETY: the lengths are those asked for, and `kernels` chose for this machine.
            unsafe {
                prop_assert_eq!(
                    (chosen.near)(lanes, query, f32::from(limit), &limits), plain::near(lanes, query, f32::from(limit), &limits));
                prop_assert_eq!((chosen.near)(lanes, query, 90.0, &limits), plain::near(lanes, query, 90.0, &limits));
                prop_assert_eq!(
                    (chosen.reach)(lanes, low, &high, &limits, 50.0), plain::reach(lanes, low, &high, &limits, 50.0));
            }
        }
    }
}

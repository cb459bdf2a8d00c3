//! The table of kernels, filled once for the machine that runs them.

use crate::scalar;
use half::f16;
use std::sync::OnceLock;

/// One value from two vectors of equal length.
pub(crate) type Pair<A, B, O> = unsafe fn(&[A], &[B]) -> O;
/// One value a row: `rows.len() == query.len() * out.len()`.
pub(crate) type PerRow<A, B, O> = unsafe fn(&[A], &[B], &mut [O]);
/// One value for each query and row, query-major: `out.len() == (queries.len() / dim) * (rows.len() / dim)`.
pub(crate) type Block<A, B, O> = unsafe fn(&[A], &[B], usize, &mut [O]);

/// One score for each of the named rows; see `CodeQuery`. `ids` name rows of `query.len()` bytes inside the third slice.
pub(crate) type Scattered = unsafe fn(&[i8], i32, f32, &[u8], &[u32], &mut [f32]);

/// Sums of table entries by 4-bit codes; see `sum_nibbles`.
pub(crate) type Nibbles = unsafe fn(&[u8], &[u8], &mut [u16]);

/// A back end: every kernel the crate offers, for one instruction set.
///
/// # Safety of the entries
/// The caller guarantees the lengths written beside the types, and that the machine has the instruction set:
/// [`available`] lists only tables for which that was checked.
pub(crate) struct Imp {
    pub(crate) name: &'static str,
    pub(crate) dot_f32: Pair<f32, f32, f32>,
    pub(crate) l2sq_f32: Pair<f32, f32, f32>,
    pub(crate) dot_f16: Pair<f16, f16, f32>,
    pub(crate) l2sq_f16: Pair<f16, f16, f32>,
    pub(crate) dot_f32_f16: Pair<f32, f16, f32>,
    pub(crate) l2sq_f32_f16: Pair<f32, f16, f32>,
    pub(crate) dot_f32_u8: Pair<f32, u8, f32>,
    pub(crate) l2sq_f32_u8: Pair<f32, u8, f32>,
    pub(crate) dot_i8: Pair<i8, i8, i32>,
    pub(crate) l2sq_i8: Pair<i8, i8, i32>,
    pub(crate) dot_rows_f32: PerRow<f32, f32, f32>,
    pub(crate) l2sq_rows_f32: PerRow<f32, f32, f32>,
    pub(crate) dot_rows_f16: PerRow<f16, f16, f32>,
    pub(crate) l2sq_rows_f16: PerRow<f16, f16, f32>,
    pub(crate) dot_rows_f32_f16: PerRow<f32, f16, f32>,
    pub(crate) l2sq_rows_f32_f16: PerRow<f32, f16, f32>,
    pub(crate) dot_rows_f32_u8: PerRow<f32, u8, f32>,
    pub(crate) l2sq_rows_f32_u8: PerRow<f32, u8, f32>,
    pub(crate) l2sq_rows_i8: PerRow<i8, i8, i32>,
    pub(crate) dot_block_i8: Block<i8, i8, i32>,
    pub(crate) score_codes: Scattered,
    pub(crate) sum_nibbles: Nibbles,
}

/// Names a back end to use instead of the best one, for measurements and for reports of wrong results.
const OVERRIDE: &str = "CANOPY_SIMD";

/// The table in use. The first call detects the machine; later ones read one pointer.
pub(crate) fn imp() -> &'static Imp {
    static CHOSEN: OnceLock<&'static Imp> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let all = available();
        let wanted = std::env::var(OVERRIDE).ok();
        // A name that this machine can't run is passed over: running it would be a crash, not a choice.
        let named = wanted.and_then(|name| all.iter().find(|imp| imp.name == name));
        named.or(all.first()).copied().unwrap_or(&scalar::IMP)
    })
}

/// Every back end this machine can run, best first; the scalar one is always there.
pub(crate) fn available() -> Vec<&'static Imp> {
    let mut all: Vec<&'static Imp> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    all.extend(crate::x86::available());
    #[cfg(target_arch = "aarch64")]
    all.extend(crate::neon::available());
    all.push(&scalar::IMP);
    all
}

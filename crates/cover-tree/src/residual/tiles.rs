//! The inner loops: inner products of a few rows with many, and what becomes of them.
//!
//! Written once for both precisions and compiled for each instruction set; the machine's best is chosen at run time.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod panel;
mod plain;
mod score;
#[cfg(test)]
mod tests;

use super::kernel::KernelKind;
use super::real::Real;
pub(crate) use panel::{COLUMNS, Panel};
pub(crate) use score::{Gate, NEAR, Score};
use std::sync::OnceLock;

/// Rows that are multiplied with the same others at once.
pub(crate) const ROWS: usize = 4;
/// Others come in multiples of this many.
pub(crate) const STEP: usize = 4;
/// Cache lines of a row that are fetched before it is needed; the processor follows by itself from there.
#[cfg(target_arch = "x86_64")]
const PREFETCHED: usize = 4;
/// Points of a leaf of the field.
pub(crate) const LEAF: usize = 32;

/// Inner products of rows with the rows of a matrix.
pub(crate) struct Dots<'a, T> {
    /// One to [`ROWS`] rows of at least `len` values.
    pub(crate) rows: &'a [&'a [T]],
    /// The matrix, row-major.
    pub(crate) base: &'a [T],
    /// Values from one row of it to the next.
    pub(crate) stride: usize,
    /// How many values are multiplied: a multiple of 16.
    pub(crate) len: usize,
    /// Which rows of it: a multiple of [`STEP`].
    pub(crate) list: &'a [u32],
}

impl<T: Real> Dots<'_, T> {
    /// Writes the product of row `r` and `list[j]` to `out[r * width + j]`.
    ///
    /// # Panics
    /// When a length isn't what is written beside it.
    #[inline]
    pub(crate) fn run(&self, loops: &Loops<T>, out: &mut [T], width: usize) {
        let last = self.list.iter().copied().max().unwrap_or(0) as usize;
        assert!(self.list.len().is_multiple_of(STEP) && self.len.is_multiple_of(16) && self.rows.len() <= ROWS);
        assert!(self.list.is_empty() || last * self.stride + self.len <= self.base.len());
        assert!(self.rows.iter().all(|row| row.len() >= self.len));
        assert!(self.list.len() <= width && self.rows.len() * width <= out.len());
        // SAFETY: every row and every listed row of the matrix has `len` values, `out` has room for all products, and the
        // loops were chosen for this machine.
        unsafe { (loops.dots)(self, out, width) }
    }
}

/// The loops of one instruction set in one precision.
///
/// # Safety of the entries
/// The caller guarantees the lengths; [`Chosen::loops`] gives only what the machine can run.
pub(crate) struct Loops<T> {
    pub(crate) name: &'static str,
    dots: unsafe fn(&Dots<'_, T>, &mut [T], usize),
    score: unsafe fn(&Score<'_, T>, &mut [T], &mut [u32]) -> usize,
    gate: unsafe fn(&Gate<'_>, &mut [T], usize, &mut [u32]),
    panel: unsafe fn(&Panel<'_, T>, &mut [T]),
    kernel: unsafe fn(KernelKind, T, &mut [T]),
    widen: unsafe fn(&[T], &[f32], &mut [f64]),
}

/// A precision that knows its loops.
pub(crate) trait Chosen: Real {
    /// Loops this machine can run, best first; the plain ones are always there.
    fn available() -> Vec<&'static Loops<Self>>;
    /// The best loops of this machine.
    fn loops() -> &'static Loops<Self>;
}

macro_rules! chosen {
    ($t:ident, $plain:ident, $avx2:ident, $avx512:ident) => {
        static $plain: Loops<$t> = Loops {
            name: "plain",
            dots: plain::$t::dots,
            score: plain::$t::score,
            gate: plain::$t::gate,
            panel: plain::$t::panel,
            kernel: plain::$t::kernel,
            widen: plain::$t::widen,
        };
        #[cfg(target_arch = "x86_64")]
        static $avx2: Loops<$t> = Loops {
            name: "avx2",
            dots: avx2::$t::dots,
            score: avx2::$t::score,
            gate: avx2::$t::gate,
            panel: avx2::$t::panel,
            kernel: avx2::$t::kernel,
            widen: avx2::$t::widen,
        };
        #[cfg(target_arch = "x86_64")]
        static $avx512: Loops<$t> = Loops {
            name: "avx512",
            dots: avx512::$t::dots,
            score: avx512::$t::score,
            gate: avx512::$t::gate,
            panel: avx512::$t::panel,
            kernel: avx512::$t::kernel,
            widen: avx512::$t::widen,
        };

        impl Chosen for $t {
            fn available() -> Vec<&'static Loops<Self>> {
                let mut all = Vec::new();
                #[cfg(target_arch = "x86_64")]
                {
                    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
                    if avx2
                        && is_x86_feature_detected!("avx512f")
                        && is_x86_feature_detected!("avx512dq")
                        && is_x86_feature_detected!("avx512vl")
                    {
                        all.push(&$avx512);
                    }
                    if avx2 {
                        all.push(&$avx2);
                    }
                }
                all.push(&$plain);
                all
            }

            fn loops() -> &'static Loops<Self> {
                static CHOSEN: OnceLock<&'static Loops<$t>> = OnceLock::new();
                CHOSEN.get_or_init(|| Self::available()[0])
            }
        }
    };
}

chosen!(f32, PLAIN_F32, AVX2_F32, AVX512_F32);
chosen!(f64, PLAIN_F64, AVX2_F64, AVX512_F64);

impl<T: Real> Loops<T> {
    /// Turns squared distances (in units of the lengthscale) into covariances.
    #[inline]
    pub(crate) fn kernel(&self, kind: KernelKind, variance: T, squares: &mut [T]) {
        // SAFETY: nothing is asked of the lengths, and the loops were chosen for this machine.
        unsafe { (self.kernel)(kind, variance, squares) }
    }

    /// Puts numbers together from what was rounded and what rounding took.
    #[inline]
    pub(crate) fn widen(&self, values: &[T], rests: &[f32], out: &mut [f64]) {
        // SAFETY: nothing is asked of the lengths, and the loops were chosen for this machine.
        unsafe { (self.widen)(values, rests, out) }
    }
}

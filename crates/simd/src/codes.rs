//! Distances from one query to scattered rows of 8-bit codes: what a walk over a graph asks for at every step.

use crate::imp::imp;

/// Bytes a cache line; rows are whole lines, so that no row shares one with its neighbour.
pub const CODE_LINE: usize = 64;
/// The last bytes of a row hold its step and its bias, two `f32` in little-endian order.
pub const CODE_TAIL: usize = 8;
/// So many values of 32 bits and a tail fill a line: fewer need no codes.
pub const CODE_VALUES: usize = (CODE_LINE - CODE_TAIL) / size_of::<f32>();
/// Numbers of 32 bits a line.
const NUMBERS: usize = CODE_LINE / size_of::<f32>();

/// A query for [`CodeQuery::scores`].
///
/// A row is `stride` bytes (a multiple of [`CODE_LINE`]): codes shifted by 128 into unsigned bytes, then its step and its bias in [`CODE_TAIL`]
/// bytes. The score of a row is `bias + weight * step * sum(query[i] * (row[i] - 128))`; with a bias of `|x|^2` and a weight of -2 times
/// the query's own step that is the squared distance up to a number which only depends on the query.
///
/// Rows of at most [`CODE_VALUES`] values may hold these as `f32` in place of codes, in one line: then the score is `bias` and the squared distance itself; see
/// [`CodeQuery::set_values`].
#[derive(Debug, Clone, Default)]
pub struct CodeQuery {
    codes: Vec<i8>,
    /// 128 times the sum of the codes: what the shift of a row adds to its product.
    shift: i32,
    weight: f32,
    /// In place of codes, zeros at the end.
    values: Option<[f32; NUMBERS]>,
}

impl CodeQuery {
    /// Takes the query's codes for rows of `stride` bytes; the vector is reused.
    ///
    /// # Panics
    /// When `stride` isn't a multiple of [`CODE_LINE`], or `codes` yields more than `stride - CODE_TAIL` values.
    pub fn set(&mut self, codes: impl IntoIterator<Item = i8>, stride: usize, weight: f32) {
        assert!(stride > 0 && stride.is_multiple_of(CODE_LINE), "a row of {stride} bytes isn't made of whole lines");
        self.codes.clear();
        self.codes.extend(codes);
        let most = stride - CODE_TAIL;
        assert!(self.codes.len() <= most, "{} codes don't fit a row of {stride} bytes", self.codes.len());
        self.codes.resize(stride, 0);
        self.shift = 128 * self.codes.iter().map(|&code| i32::from(code)).sum::<i32>();
        self.weight = weight;
        self.values = None;
    }

    /// Takes the query's values for rows of one line that hold values, little-endian, not codes.
    ///
    /// # Panics
    /// When there are more than [`CODE_VALUES`].
    pub fn set_values(&mut self, values: impl IntoIterator<Item = f32>) {
        let mut own = [0.0; NUMBERS];
        for (i, value) in values.into_iter().enumerate() {
            assert!(i < CODE_VALUES, "more than {CODE_VALUES} values don't fit a row");
            own[i] = value;
        }
        self.codes.clear();
        self.codes.resize(CODE_LINE, 0);
        self.values = Some(own);
    }

    /// Bytes a row.
    pub fn stride(&self) -> usize {
        self.codes.len()
    }

    /// The scores of the rows with the given numbers.
    ///
    /// # Panics
    /// When a number is outside the rows, or `ids` and `out` differ in length.
    #[inline]
    pub fn scores(&self, rows: &[u8], ids: &[u32], out: &mut [f32]) {
        let count = rows.len() / self.codes.len().max(1);
        assert_eq!(ids.len(), out.len(), "one score a row");
        let most = ids.iter().fold(0, |most, &id| most.max(id)) as usize;
        assert!(ids.is_empty() || most < count, "row {most} of {count} doesn't exist");
        if let Some(values) = &self.values {
            let (lines, _) = rows.as_chunks::<CODE_LINE>();
            ids.iter().zip(out).for_each(|(&id, out)| *out = apart(values, &lines[id as usize]));
            return;
        }
        // SAFETY: every row lies inside `rows`, the lengths fit, and the table was chosen for this machine.
        unsafe { (imp().score_codes)(&self.codes, self.shift, self.weight, rows, ids, out) }
    }

    /// The score of one row.
    ///
    /// # Panics
    /// When the row doesn't exist.
    #[inline]
    pub fn score(&self, rows: &[u8], id: u32) -> f32 {
        let mut out = [0.0];
        self.scores(rows, &[id], &mut out);
        out[0]
    }
}

/// The squared distance of a row of values, and its bias.
#[inline]
fn apart(values: &[f32; NUMBERS], row: &[u8; CODE_LINE]) -> f32 {
    const LANES: usize = 4;
    let (numbers, _) = row.as_chunks::<{ size_of::<f32>() }>();
    let number = |i: usize| f32::from_le_bytes(numbers[i]);
    let mut lanes = [0.0_f32; LANES];
    for i in 0..CODE_VALUES {
        let difference = values[i] - number(i);
        lanes[i % LANES] += difference * difference;
    }
    lanes.iter().sum::<f32>() + number(NUMBERS - 1)
}

/// Asks the processor to bring `len` bytes from `at` on nearer; a hint that never fails. Nothing is asked for unless all of it lies inside `bytes`.
#[inline]
pub fn prefetch(bytes: &[u8], at: usize, len: usize) {
    let Some(piece) = bytes.get(at..at.saturating_add(len)) else { return };
    piece.chunks(CODE_LINE).for_each(|line| prefetch_line::<true>(line.as_ptr()));
}

/// [`prefetch`] into the second cache: for many lines that are needed later than the next few.
#[inline]
pub fn prefetch_far(bytes: &[u8], at: usize, len: usize) {
    let Some(piece) = bytes.get(at..at.saturating_add(len)) else { return };
    piece.chunks(CODE_LINE).for_each(|line| prefetch_line::<false>(line.as_ptr()));
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn prefetch_line<const NEAR: bool>(line: *const u8) {
    use core::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
    // SAFETY: a prefetch has no effect but on caches, whatever the address; every x86-64 processor has it.
    unsafe { if NEAR { _mm_prefetch::<_MM_HINT_T0>(line.cast()) } else { _mm_prefetch::<_MM_HINT_T1>(line.cast()) } }
}

#[cfg(target_arch = "aarch64")]
#[inline]
fn prefetch_line<const NEAR: bool>(line: *const u8) {
    // SAFETY: a prefetch has no effect but on caches, whatever the address.
    unsafe {
        if NEAR {
            core::arch::asm!("prfm pldl1keep, [{line}]", line = in(reg) line, options(nostack, preserves_flags, readonly));
        } else {
            core::arch::asm!("prfm pldl2keep, [{line}]", line = in(reg) line, options(nostack, preserves_flags, readonly));
        }
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline]
fn prefetch_line<const NEAR: bool>(_line: *const u8) {}

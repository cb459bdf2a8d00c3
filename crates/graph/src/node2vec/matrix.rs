//! A matrix that many threads learn at once.

use std::sync::atomic::{AtomicU64, Ordering};

/// Coordinates a row is padded to: what one vector register holds.
pub(super) const LANES: usize = 16;

/// Rows of `f32`, two to an atomic word. Hogwild (Niu, Recht, Ré and Wright, 2011) lets threads overwrite each other; with relaxed
/// atomics that is defined behaviour, and rows are copied to a buffer and back, so that the arithmetic itself is vectorised.
pub(super) struct Matrix {
    cells: Vec<AtomicU64>,
    width: usize,
}

#[inline(always)]
fn pack(pair: [f32; 2]) -> u64 {
    u64::from(pair[0].to_bits()) | u64::from(pair[1].to_bits()) << 32
}

#[inline(always)]
fn unpack(cell: u64) -> [f32; 2] {
    [f32::from_bits(cell as u32), f32::from_bits((cell >> 32) as u32)]
}

/// Values of a padded row.
pub(super) fn padded(dim: usize) -> usize {
    dim.next_multiple_of(LANES)
}

impl Matrix {
    /// A matrix of `rows` rows; `value` gives the first `dim` values of each, the padding is 0.
    pub(super) fn new(rows: usize, dim: usize, mut value: impl FnMut() -> f32) -> Self {
        let width = padded(dim) / 2;
        let mut cells = Vec::with_capacity(rows * width);
        for _ in 0..rows {
            for at in 0..width {
                let mut next = |column: usize| if column < dim { value() } else { 0.0 };
                cells.push(AtomicU64::new(pack([next(2 * at), next(2 * at + 1)])));
            }
        }
        Self { cells, width }
    }

    fn row(&self, row: u32) -> &[AtomicU64] {
        &self.cells[row as usize * self.width..][..self.width]
    }

    /// Appends a row to `out`.
    pub(super) fn load(&self, row: u32, out: &mut Vec<f32>) {
        let start = out.len();
        out.resize(start + 2 * self.width, 0.0);
        let (pairs, _) = out[start..].as_chunks_mut::<2>();
        for (pair, cell) in pairs.iter_mut().zip(self.row(row)) {
            *pair = unpack(cell.load(Ordering::Relaxed));
        }
    }

    /// Adds the difference of two rows.
    pub(super) fn add(&self, row: u32, now: &[f32], before: &[f32]) {
        let ((now, _), (before, _)) = (now.as_chunks::<2>(), before.as_chunks::<2>());
        for ((now, before), cell) in now.iter().zip(before).zip(self.row(row)) {
            let held = unpack(cell.load(Ordering::Relaxed));
            let sum = [held[0] + (now[0] - before[0]), held[1] + (now[1] - before[1])];
            cell.store(pack(sum), Ordering::Relaxed);
        }
    }

    /// The first `dim` values of every row.
    pub(super) fn into_rows(self, dim: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.cells.len() / self.width * dim);
        for row in self.cells.chunks_exact(self.width) {
            out.extend(row.iter().flat_map(|cell| unpack(cell.load(Ordering::Relaxed))).take(dim));
        }
        out
    }
}

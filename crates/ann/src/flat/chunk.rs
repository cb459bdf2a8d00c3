//! A piece of the index: vectors, their codes, and what the codes lost.

use super::aligned::Aligned;
use crate::vector;
use canopy_core::MetricKind;
use canopy_simd::{Code, quantize_i8};
use std::ops::Range;

/// Vectors a chunk. A new chunk never moves older ones, so adding a vector stays cheap at any size; 2048 vectors of 384
/// values are 3.9 MB, a unit of work of about 30 us for a core.
pub(super) const CHUNK: usize = 2048;

/// At most [`CHUNK`] vectors of `dim` values, without holes.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    dim: usize,
    rows: Aligned<f32>,
    codes: Aligned<i8>,
    /// Step of each vector's codes.
    pub(super) scale: Vec<f32>,
    /// Upper bound of each vector's distance from its codes.
    pub(super) residual: Vec<f32>,
    /// Upper bound of each vector's norm.
    pub(super) norm: Vec<f32>,
    /// -|x|^2 / 2 for l2, 0 otherwise.
    pub(super) bias: Vec<f32>,
    /// Slot of each vector.
    pub(super) slots: Vec<u32>,
}

impl Chunk {
    pub(super) fn new(dim: usize) -> Self {
        Self {
            dim,
            rows: Aligned::new(),
            codes: Aligned::new(),
            scale: Vec::new(),
            residual: Vec::new(),
            norm: Vec::new(),
            bias: Vec::new(),
            slots: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Makes room for `len` vectors (zeros, to be written) or drops the last ones.
    pub(super) fn resize(&mut self, len: usize) {
        self.rows.resize(len * self.dim, CHUNK * self.dim);
        self.codes.resize(len * self.dim, CHUNK * self.dim);
        for column in [&mut self.scale, &mut self.residual, &mut self.norm, &mut self.bias] {
            column.resize(len, 0.0);
        }
        self.slots.resize(len, 0);
    }

    /// The vectors in `range`, row-major.
    pub(super) fn rows(&self, range: Range<usize>) -> &[f32] {
        &self.rows.get()[range.start * self.dim..range.end * self.dim]
    }

    /// The codes of the vectors in `range`, row-major.
    pub(super) fn codes(&self, range: Range<usize>) -> &[i8] {
        &self.codes.get()[range.start * self.dim..range.end * self.dim]
    }

    /// Vector `at`, as it is compared.
    pub(super) fn row(&self, at: usize) -> &[f32] {
        self.rows(at..at + 1)
    }

    /// Writes vector `at`, whose norm is known.
    pub(super) fn write(&mut self, at: usize, slot: u32, x: &[f32], norm: f64, metric: MetricKind) {
        let range = at * self.dim..(at + 1) * self.dim;
        let row = &mut self.rows.get_mut()[range.clone()];
        vector::store(x, norm, metric, row);
        let Code { scale, residual, norm, square } = quantize_i8(row, &mut self.codes.get_mut()[range]);
        self.scale[at] = scale;
        self.residual[at] = residual;
        self.norm[at] = norm;
        self.bias[at] = if metric == MetricKind::L2 { -0.5 * square } else { 0.0 };
        self.slots[at] = slot;
    }

    /// Takes the last vector out.
    pub(super) fn pop(&mut self) -> Moved {
        let at = self.len() - 1;
        let moved = Moved {
            values: self.row(at).to_vec(),
            codes: self.codes(at..at + 1).to_vec(),
            columns: [self.scale[at], self.residual[at], self.norm[at], self.bias[at]],
            slot: self.slots[at],
        };
        self.resize(at);
        moved
    }

    /// Puts a vector that stood elsewhere in place `at`.
    pub(super) fn put(&mut self, at: usize, moved: &Moved) {
        let range = at * self.dim..(at + 1) * self.dim;
        self.rows.get_mut()[range.clone()].copy_from_slice(&moved.values);
        self.codes.get_mut()[range].copy_from_slice(&moved.codes);
        [self.scale[at], self.residual[at], self.norm[at], self.bias[at]] = moved.columns;
        self.slots[at] = moved.slot;
    }

    pub(super) fn bytes(&self) -> usize {
        let columns = [&self.scale, &self.residual, &self.norm, &self.bias];
        let columns: usize = columns.map(Vec::capacity).iter().sum();
        self.rows.bytes() + self.codes.bytes() + (columns + self.slots.capacity()) * size_of::<f32>()
    }
}

/// A vector between two places.
pub(super) struct Moved {
    values: Vec<f32>,
    codes: Vec<i8>,
    columns: [f32; 4],
    pub(super) slot: u32,
}

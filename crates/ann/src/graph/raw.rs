//! The exact vectors, for the last look.

use super::buffer::Buffer;
use canopy_core::MetricKind;
use half::f16;
use std::io;

/// How a value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F16,
}

impl Kind {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F32 => size_of::<f32>(),
            Self::F16 => size_of::<f16>(),
        }
    }
}

/// Rows of `dim` values by position.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) kind: Kind,
    pub(super) dim: usize,
    pub(super) rows: Buffer<u8>,
}

impl Raw {
    pub(super) fn new(kind: Kind, dim: usize) -> Self {
        Self { kind, dim, rows: Buffer::new() }
    }

    fn stride(&self) -> usize {
        self.dim * self.kind.bytes()
    }

    pub(super) fn resize(&mut self, rows: usize) -> io::Result<()> {
        self.rows.resize(rows * self.stride())
    }

    /// Writes a row into its bytes.
    pub(super) fn write(kind: Kind, row: &[f32], out: &mut [u8]) {
        match kind {
            Kind::F32 => out.copy_from_slice(bytemuck::cast_slice(row)),
            Kind::F16 => {
                let (pairs, _) = out.as_chunks_mut::<2>();
                pairs.iter_mut().zip(row).for_each(|(out, &value)| *out = f16::from_f32(value).to_ne_bytes());
            }
        }
    }

    fn row(&self, at: usize) -> &[u8] {
        &self.rows.get()[at * self.stride()..][..self.stride()]
    }

    pub(super) fn read(&self, at: usize, out: &mut [f32]) {
        match self.kind {
            Kind::F32 => out.copy_from_slice(bytemuck::cast_slice(self.row(at))),
            Kind::F16 => {
                let row: &[f16] = bytemuck::cast_slice(self.row(at));
                out.iter_mut().zip(row).for_each(|(out, value)| *out = value.to_f32());
            }
        }
    }

    /// The score of a row; of the same bits as the exact scan's when rows are kept in `f32`.
    pub(super) fn score(&self, metric: MetricKind, query: &[f32], at: usize) -> f32 {
        let row = self.row(at);
        match (self.kind, metric) {
            (Kind::F32, MetricKind::L2) => -canopy_simd::l2sq_f32(query, bytemuck::cast_slice(row)),
            (Kind::F16, MetricKind::L2) => -canopy_simd::l2sq_f32_f16(query, bytemuck::cast_slice(row)),
            (Kind::F32, _) => canopy_simd::dot_f32(query, bytemuck::cast_slice(row)),
            (Kind::F16, _) => canopy_simd::dot_f32_f16(query, bytemuck::cast_slice(row)),
        }
    }

    /// Asks for a row that will be scored soon.
    pub(super) fn prefetch(&self, at: usize) {
        canopy_simd::prefetch(self.rows.get(), at * self.stride(), self.stride());
    }
}

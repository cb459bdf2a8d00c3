//! The exact vectors, for the last look.

use canopy_core::{MetricKind, Rows};
use canopy_file::Buffer;
use half::f16;
use rayon::prelude::*;
use std::io;

/// How a value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F16,
    /// Whole numbers in 0..=255.
    U8,
    /// Somebody else keeps the vectors.
    Nothing,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::F32, Self::F16, Self::U8, Self::Nothing];

    /// The name in a file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::U8 => "u8",
            Self::Nothing => "nothing",
        }
    }

    /// Whether the value is kept as it is.
    pub(super) fn holds(self, value: f32) -> bool {
        match self {
            Self::F32 | Self::Nothing => true,
            Self::F16 => f16::from_f32(value).to_f32() == value,
            Self::U8 => f32::from(value as u8) == value,
        }
    }

    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F32 => size_of::<f32>(),
            Self::F16 => size_of::<f16>(),
            Self::U8 => 1,
            Self::Nothing => 0,
        }
    }
}

impl Kind {
    /// The narrowest that holds all values as they are.
    pub(super) fn narrowest(rows: Rows<'_, f32>) -> Self {
        let holds =
            |kind: &Self| rows.data().par_chunks(1 << 14).all(|values| values.iter().all(|&value| kind.holds(value)));
        [Self::U8, Self::F16].into_iter().find(holds).unwrap_or(Self::F32)
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

    /// The same rows kept in another way.
    pub(super) fn widened(&self, kind: Kind) -> io::Result<Self> {
        let count = self.rows.len() / self.stride();
        let mut wide = Self::new(kind, self.dim);
        wide.resize(count)?;
        let stride = wide.stride();
        wide.rows.get_mut()?.par_chunks_mut(stride).enumerate().with_min_len(256).for_each_init(
            || vec![0.0; self.dim],
            |row, (at, out)| {
                self.read(at, row);
                Self::write(kind, row, out);
            },
        );
        Ok(wide)
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
            Kind::U8 => out.iter_mut().zip(row).for_each(|(out, &value)| *out = value as u8),
            Kind::Nothing => {}
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
            Kind::U8 => out.iter_mut().zip(self.row(at)).for_each(|(out, &value)| *out = value.into()),
            Kind::Nothing => out.fill(0.0),
        }
    }

    /// The score of a row; of the same bits as the exact scan's when rows are kept in `f32`.
    pub(super) fn score(&self, metric: MetricKind, query: &[f32], at: usize) -> f32 {
        let row = self.row(at);
        match (self.kind, metric) {
            (Kind::F32, MetricKind::L2) => -canopy_simd::l2sq_f32(query, bytemuck::cast_slice(row)),
            (Kind::F16, MetricKind::L2) => -canopy_simd::l2sq_f32_f16(query, bytemuck::cast_slice(row)),
            (Kind::U8, MetricKind::L2) => -canopy_simd::l2sq_f32_u8(query, row),
            (Kind::U8, _) => canopy_simd::dot_f32_u8(query, row),
            (Kind::F32, _) => canopy_simd::dot_f32(query, bytemuck::cast_slice(row)),
            (Kind::F16, _) => canopy_simd::dot_f32_f16(query, bytemuck::cast_slice(row)),
            (Kind::Nothing, _) => f32::NAN,
        }
    }

    /// Asks for a row that will be scored soon.
    pub(super) fn prefetch(&self, at: usize) {
        canopy_simd::prefetch(self.rows.get(), at * self.stride(), self.stride());
    }
}

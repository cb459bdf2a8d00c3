//! Exact scores of lists of candidates.

use crate::device::{Argument, count};
use crate::kernels::Kernel;
use crate::memory::Memory;
use crate::{Device, Error};
use canopy_core::{MetricKind, Rows};
use half::f16;
use std::sync::Arc;

/// Candidates of a block; as in `rerank.cu`.
const TILE: usize = 32;

/// Row-major values in one of the types that vectors are kept in.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// 32 bits.
    F32(&'a [f32]),
    /// 16 bits.
    F16(&'a [f16]),
    /// Whole numbers in 0..=255.
    U8(&'a [u8]),
}

impl Values<'_> {
    fn len(self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F16(values) => values.len(),
            Self::U8(values) => values.len(),
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::F32(values) => size_of_val(values),
            Self::F16(values) => size_of_val(values),
            Self::U8(values) => values.len(),
        }
    }
}

/// For each query the rows that are scored: those of query `i` are `positions[offsets[i]..offsets[i + 1]]`.
#[derive(Debug, Clone, Copy)]
pub struct Candidates<'a> {
    /// One more than queries.
    pub offsets: &'a [usize],
    /// Numbers of rows.
    pub positions: &'a [u32],
}

#[derive(Debug)]
enum Held {
    F32(Memory<f32>),
    F16(Memory<u16>),
    U8(Memory<u8>),
}

/// Rows on a device.
#[derive(Debug)]
pub struct DeviceRows {
    device: Arc<Device>,
    held: Held,
    dim: usize,
    rows: usize,
}

impl DeviceRows {
    /// Copies rows of `dim` values to the device; they take as many bytes there as here.
    ///
    /// # Errors
    /// [`Error::Input`] for values that don't form rows, [`Error::Memory`], [`Error::Failed`].
    pub fn upload(device: &Arc<Device>, values: Values<'_>, dim: usize) -> Result<Self, Error> {
        if dim == 0 || !values.len().is_multiple_of(dim) {
            let expected = "a multiple of the dimension, which is at least 1";
            return Err(Error::Input { what: "the number of values", received: values.len() as u64, expected });
        }
        count("the dimension", dim)?;
        let rows = values.len() / dim;
        count("the number of rows", rows)?;
        let _turn = device.turn();
        device.check_room(values.bytes() as u64)?;
        let held = match values {
            Values::F32(values) => Held::F32(device.upload(values)?),
            Values::F16(values) => Held::F16(device.upload(bytemuck::cast_slice(values))?),
            Values::U8(values) => Held::U8(device.upload(values)?),
        };
        Ok(Self { device: device.clone(), held, dim, rows })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Values a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Bytes that a call takes on the device beside the rows.
    pub fn estimate(queries: usize, dim: usize, candidates: usize) -> u64 {
        let (queries, candidates) = (queries as u64, candidates as u64);
        queries * (dim as u64 + 1) * 4 + candidates * 8 + (candidates / TILE as u64 + queries) * 12
    }

    /// The scores of all candidates in their order, higher is better: cosines within -1 and 1 (no number where the row is zero), inner products, or negated squared
    /// distances. Sums are in 32 bits and in an order of their own: they differ from those of a processor by some units in the last place of the largest term.
    ///
    /// # Errors
    /// [`Error::Input`] for queries of another dimension or rows that aren't there, [`Error::Memory`], [`Error::Failed`].
    pub fn rerank(
        &self,
        metric: MetricKind,
        queries: Rows<'_, f32>,
        candidates: Candidates<'_>,
    ) -> Result<Vec<f32>, Error> {
        let items = self.items(&queries, candidates)?;
        let mut scores = vec![0.0; candidates.positions.len()];
        if scores.is_empty() {
            return Ok(scores);
        }
        let _turn = self.device.turn();
        self.device.check_room(Self::estimate(queries.len(), self.dim, scores.len()))?;
        let norms: Vec<f32> = queries.iter().map(inverse_norm).collect();
        let norms = self.device.upload(&norms)?;
        let on_device = self.device.upload(queries.data())?;
        let positions = self.device.upload(candidates.positions)?;
        let blocks = count("the number of tiles", items.len() / 3)?;
        let items = self.device.upload(&items)?;
        let found = Memory::<f32>::new(&self.device, scores.len())?;
        let (kernel, rows): (Kernel, Argument) = match &self.held {
            Held::F32(rows) => (Kernel::RerankF32, rows.into()),
            Held::F16(rows) => (Kernel::RerankF16, rows.into()),
            Held::U8(rows) => (Kernel::RerankU8, rows.into()),
        };
        let number: u32 = match metric {
            MetricKind::L2 => 0,
            MetricKind::Dot => 1,
            MetricKind::Cosine => 2,
        };
        let dim = count("the dimension", self.dim)?;
        let arguments = [
            (&on_device).into(),
            (&norms).into(),
            rows,
            dim.into(),
            number.into(),
            (&items).into(),
            (&positions).into(),
            (&found).into(),
        ];
        // SAFETY: the parameters of the kernel in their order; `items` checked every position, and names no more candidates than there are.
        unsafe { self.device.launch(kernel, [blocks, 1, 1], &arguments)? };
        found.read(&mut scores)?;
        Ok(scores)
    }

    /// What each block does: query, first candidate, number of candidates.
    fn items(&self, queries: &Rows<'_, f32>, candidates: Candidates<'_>) -> Result<Vec<u32>, Error> {
        let Candidates { offsets, positions } = candidates;
        let refuse = |what, received: usize, expected| Err(Error::Input { what, received: received as u64, expected });
        if queries.dim() != self.dim {
            return refuse("the queries' dimension", queries.dim(), "that of the rows");
        }
        if offsets.len() != queries.len() + 1 {
            return refuse("the number of offsets", offsets.len(), "one more than queries");
        }
        if offsets[0] != 0 || offsets[queries.len()] != positions.len() || !offsets.is_sorted() {
            return refuse("the offsets' end", offsets[queries.len()], "ascending from 0 to the number of candidates");
        }
        count("the number of candidates", positions.len())?;
        if let Some(&position) = positions.iter().find(|&&position| position as usize >= self.rows) {
            return refuse("a candidate's row", position as usize, "below the number of rows");
        }
        let mut items = Vec::with_capacity(3 * (positions.len() / TILE + queries.len()));
        for (query, span) in offsets.windows(2).enumerate() {
            for first in (span[0]..span[1]).step_by(TILE) {
                let many = TILE.min(span[1] - first);
                items.extend([query as u32, first as u32, many as u32]);
            }
        }
        Ok(items)
    }
}

/// 1 / |x|, whatever the size of its values.
fn inverse_norm(x: &[f32]) -> f32 {
    let square: f64 = x.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
    square.sqrt().recip() as f32
}

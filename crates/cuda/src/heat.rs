//! GraphWave: heat of a sparse operator by Chebyshev polynomials, and its characteristic function.

use crate::device::{Argument, count};
use crate::kernels::{Kernel, THREADS};
use crate::memory::Memory;
use crate::{Device, Error};
use bytemuck::Pod;
use canopy_core::Cancel;
use std::sync::Arc;

/// Values of one buffer of columns, at most: 64 Mi of them, 512 MiB in double precision.
const BLOCK_VALUES: usize = 1 << 26;
/// Buffers beside one for each scale: the last two terms of the recurrence.
const TERMS: usize = 2;
/// Least rows of a part of the characteristic function's sum, and most parts.
const PART_ROWS: usize = 512;
const MAX_PARTS: usize = 64;
/// Blocks of a grid in its second dimension, at most.
const MAX_GRID_Y: usize = 65_535;

/// A number that heat is computed in: `f32` or `f64`.
pub trait Number: Pod + private::Sealed {
    /// The number nearest to this.
    fn nearest(value: f64) -> Self;
}

mod private {
    use super::Kernel;

    pub trait Sealed {
        const START: Kernel;
        const STEP: Kernel;
        const CHARACTERISTIC: Kernel;
        const SINGLE: bool;
    }

    impl Sealed for f32 {
        const START: Kernel = Kernel::HeatStartF32;
        const STEP: Kernel = Kernel::HeatStepF32;
        const CHARACTERISTIC: Kernel = Kernel::HeatCharacteristicF32;
        const SINGLE: bool = true;
    }

    impl Sealed for f64 {
        const START: Kernel = Kernel::HeatStartF64;
        const STEP: Kernel = Kernel::HeatStepF64;
        const CHARACTERISTIC: Kernel = Kernel::HeatCharacteristicF64;
        const SINGLE: bool = false;
    }
}

/// A number as the kernels for `T` take it.
fn argument<T: Number>(value: f64) -> Argument {
    if T::SINGLE { Argument::F32(value as f32) } else { Argument::F64(value) }
}

impl Number for f32 {
    fn nearest(value: f64) -> Self {
        value as Self
    }
}

impl Number for f64 {
    fn nearest(value: f64) -> Self {
        value
    }
}

/// A symmetric operator `y` with its spectrum within -1 and 1: twice its entries, as sparse rows and a diagonal.
#[derive(Debug, Clone, Copy)]
pub struct Operator<'a, T> {
    /// Where each row begins, and the end of the last.
    pub offsets: &'a [usize],
    /// Columns of the entries off the diagonal.
    pub targets: &'a [u32],
    /// Twice these entries.
    pub weights: &'a [T],
    /// Twice the diagonal.
    pub diagonal: &'a [T],
}

/// What is computed of each column `x` of `Σ_k c_k T_k(y)`: `Σ exp(i t x_m) / n` at `points` points `t`, `spacing` apart from 0 on.
#[derive(Debug, Clone, Copy)]
pub struct Characteristic<'a> {
    /// `[scale][k]`: coefficients, at least one, as many for every scale.
    pub coefficients: &'a [Vec<f64>],
    /// Points.
    pub points: usize,
    /// Between two points.
    pub spacing: f64,
}

/// An operator on a device.
#[derive(Debug)]
pub struct DeviceOperator<T: Number> {
    device: Arc<Device>,
    nodes: usize,
    offsets: Memory<u64>,
    targets: Memory<u32>,
    weights: Memory<T>,
    diagonal: Memory<T>,
}

/// Buffers of a block of columns.
struct Block<T> {
    now: Memory<T>,
    before: Memory<T>,
    heat: Memory<T>,
    columns: Memory<u32>,
    partial: Memory<f64>,
    out: Memory<f64>,
    factors: Memory<T>,
}

impl<T: Number> DeviceOperator<T> {
    /// Copies an operator to the device.
    ///
    /// # Errors
    /// [`Error::Input`] for lengths that don't fit together and columns that aren't there, [`Error::Memory`], [`Error::Failed`].
    pub fn upload(device: &Arc<Device>, operator: &Operator<'_, T>) -> Result<Self, Error> {
        let &Operator { offsets, targets, weights, diagonal } = operator;
        let refuse = |what, received: usize, expected| Err(Error::Input { what, received: received as u64, expected });
        let nodes = diagonal.len();
        count("the number of nodes", nodes)?;
        if offsets.len() != nodes + 1 || offsets[0] != 0 || offsets[nodes] != targets.len() || !offsets.is_sorted() {
            return refuse(
                "the number of offsets",
                offsets.len(),
                "one more than nodes, ascending from 0 to the number of entries",
            );
        }
        if weights.len() != targets.len() {
            return refuse("the number of weights", weights.len(), "that of targets");
        }
        if let Some(&target) = targets.iter().find(|&&target| target as usize >= nodes) {
            return refuse("a target", target as usize, "below the number of nodes");
        }
        let _turn = device.turn();
        device.check_room((offsets.len() * 8 + targets.len() * (4 + size_of::<T>()) + size_of_val(diagonal)) as u64)?;
        let wide: Vec<u64> = offsets.iter().map(|&offset| offset as u64).collect();
        Ok(Self {
            nodes,
            offsets: device.upload(&wide)?,
            targets: device.upload(targets)?,
            weights: device.upload(weights)?,
            diagonal: device.upload(diagonal)?,
            device: device.clone(),
        })
    }

    /// Writes for each of `columns` a row into `out`: for each scale, for each point, real and imaginary part. `report` is called with the
    /// number of columns that are done.
    ///
    /// # Errors
    /// [`Error::Input`] for columns that aren't there and lengths that don't fit, [`Error::Memory`], [`Error::Failed`], [`Error::Cancelled`].
    pub fn embed(
        &self,
        columns: &[u32],
        wanted: &Characteristic<'_>,
        cancel: &Cancel,
        report: &mut dyn FnMut(usize),
        out: &mut [f64],
    ) -> Result<(), Error> {
        let dim = self.check(columns, wanted, out.len())?;
        if columns.is_empty() {
            return Ok(());
        }
        let _turn = self.device.turn();
        let width = self.width(columns.len(), wanted)?;
        let block = self.block(width, wanted)?;
        for (done, (columns, out)) in columns.chunks(width).zip(out.chunks_mut(width * dim)).enumerate() {
            cancel.check()?;
            self.spread(columns, wanted, &block, cancel)?;
            self.sample(columns.len(), wanted, &block)?;
            block.out.read(out)?;
            report(done * width + columns.len());
        }
        Ok(())
    }

    fn check(&self, columns: &[u32], wanted: &Characteristic<'_>, room: usize) -> Result<usize, Error> {
        let refuse = |what, received: usize, expected| Err(Error::Input { what, received: received as u64, expected });
        let dim = wanted.coefficients.len() * wanted.points * 2;
        if wanted.coefficients.is_empty()
            || wanted.coefficients.len() > 64
            || wanted.points == 0
            || wanted.points > 65_536
        {
            return refuse("the number of values a row", dim, "of 1 to 64 scales and at least a point");
        }
        let order = wanted.coefficients[0].len();
        if let Some(other) = wanted.coefficients.iter().find(|terms| terms.is_empty() || terms.len() != order) {
            return refuse("the number of coefficients", other.len(), "the same for every scale, at least one");
        }
        if let Some(&column) = columns.iter().find(|&&column| column as usize >= self.nodes) {
            return refuse("a column", column as usize, "below the number of nodes");
        }
        if room != columns.len() * dim {
            return refuse("the room for the result", room, "a row for each column");
        }
        Ok(dim)
    }

    /// Bytes that a block of so many columns takes.
    fn block_bytes(&self, width: usize, wanted: &Characteristic<'_>) -> u64 {
        let scales = wanted.coefficients.len();
        let values = (TERMS + scales) * self.nodes * width * size_of::<T>();
        let sums = (self.parts().0 + 1) * scales * wanted.points * width * 16;
        (values + sums + width * 4 + scales * wanted.coefficients[0].len() * size_of::<T>()) as u64
    }

    /// Columns at a time: as many as the memory takes, in whole blocks of threads where there are so many.
    fn width(&self, columns: usize, wanted: &Characteristic<'_>) -> Result<usize, Error> {
        let most = (BLOCK_VALUES / self.nodes).clamp(1, MAX_GRID_Y * THREADS as usize);
        let mut width = columns.min(most);
        let room = self.device.room()?;
        while width > 1 && self.block_bytes(width, wanted) > room {
            width = width.div_ceil(2);
        }
        self.device.check_room(self.block_bytes(width, wanted))?;
        let threads = THREADS as usize;
        Ok(if width > threads && width < columns { width / threads * threads } else { width })
    }

    fn block(&self, width: usize, wanted: &Characteristic<'_>) -> Result<Block<T>, Error> {
        let (scales, size) = (wanted.coefficients.len(), self.nodes * width);
        // Those of one term stand together: a step takes one of each scale.
        let order = wanted.coefficients[0].len();
        let factors: Vec<T> =
            (0..order).flat_map(|k| wanted.coefficients.iter().map(move |terms| T::nearest(terms[k]))).collect();
        let sums = width * wanted.points * scales * 2;
        let device = &self.device;
        Ok(Block {
            now: Memory::new(device, size)?,
            before: Memory::new(device, size)?,
            heat: Memory::new(device, size * scales)?,
            columns: Memory::new(device, width)?,
            partial: Memory::new(device, sums * self.parts().0)?,
            out: Memory::new(device, sums)?,
            factors: device.upload(&factors)?,
        })
    }

    /// Parts that a column's sum is made of, and rows of each.
    fn parts(&self) -> (usize, usize) {
        let rows = self.nodes.div_ceil(MAX_PARTS).max(PART_ROWS);
        (self.nodes.div_ceil(rows), rows)
    }

    /// Fills the block's heat.
    fn spread(
        &self,
        columns: &[u32],
        wanted: &Characteristic<'_>,
        block: &Block<T>,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        block.columns.fill(columns)?;
        let (nodes, width, scales) = (self.nodes as u32, columns.len() as u32, wanted.coefficients.len() as u32);
        let grid = [nodes, width.div_ceil(THREADS), 1];
        let factors = |k: usize| {
            Argument::Buffer(block.factors.address() + (k * wanted.coefficients.len() * size_of::<T>()) as u64)
        };
        let (mut now, mut before): (Argument, Argument) = ((&block.now).into(), (&block.before).into());
        let heat: Argument = (&block.heat).into();
        let start = [(&block.columns).into(), factors(0), nodes.into(), width.into(), scales.into(), now, before, heat];
        // SAFETY: the parameters of the kernel in their order; the buffers have a row of at least `width` values for each node, heat one for each scale.
        unsafe { self.device.launch(T::START, grid, &start)? };
        for k in 1..wanted.coefficients[0].len() {
            cancel.check()?;
            let share = argument::<T>(if k == 1 { 0.5 } else { 1.0 });
            let step = [
                (&self.offsets).into(),
                (&self.targets).into(),
                (&self.weights).into(),
                (&self.diagonal).into(),
                factors(k),
                share,
                nodes.into(),
                width.into(),
                scales.into(),
                now,
                before,
                heat,
            ];
            // SAFETY: as above; `upload` checked offsets and targets.
            unsafe { self.device.launch(T::STEP, grid, &step)? };
            std::mem::swap(&mut now, &mut before);
        }
        Ok(())
    }

    /// Fills the block's rows from its heat.
    fn sample(&self, width: usize, wanted: &Characteristic<'_>, block: &Block<T>) -> Result<(), Error> {
        let (parts, rows) = self.parts();
        let (nodes, scales, points) = (self.nodes as u32, wanted.coefficients.len(), wanted.points);
        let threads = THREADS as usize;
        let places = count("the number of values", (width * points).div_ceil(threads))?;
        let spacing = argument::<T>(wanted.spacing);
        let sample = [
            (&block.heat).into(),
            nodes.into(),
            (width as u32).into(),
            (points as u32).into(),
            spacing,
            (rows as u32).into(),
            (&block.partial).into(),
        ];
        // SAFETY: the parameters of the kernel in their order; `partial` has a pair for each scale, part, column and point.
        unsafe { self.device.launch(T::CHARACTERISTIC, [places, parts as u32, scales as u32], &sample)? };
        let sum = [
            (&block.partial).into(),
            nodes.into(),
            (width as u32).into(),
            (points as u32).into(),
            (scales as u32).into(),
            (parts as u32).into(),
            (&block.out).into(),
        ];
        let places = count("the number of values", (width * points * scales).div_ceil(threads))?;
        // SAFETY: as above; `out` has a pair for each column, scale and point.
        unsafe { self.device.launch(Kernel::HeatSum, [places, 1, 1], &sum) }
    }
}

//! Packing points into leaves.

use super::LEAF;
use super::boxes::Level;
use super::frame::Frame;
use crate::neighbours::MISSING;
use crate::points::Points;
use canopy_file::Numbers;
use rayon::prelude::*;

/// Points in leaves of [`LEAF`], in the order they were packed in.
#[derive(Debug, Clone)]
pub(crate) struct Leaves {
    pub(crate) dim: usize,
    pub(crate) frame: Frame,
    /// Ids, `LEAF` a leaf; [`MISSING`] fills the last one.
    pub(crate) ids: Numbers<u32>,
    /// The points as sent, row-major, in the order of `ids`.
    pub(crate) rows: Numbers<f64>,
    /// The first look: for each leaf `dim` runs of `LEAF` coordinates. NaN fills the last leaf: it is near nothing.
    pub(crate) lanes: Numbers<f32>,
    /// Boxes of the leaves, then of eight leaves, and so on up to one level of at most eight.
    pub(crate) levels: Vec<Level>,
    /// For each leaf how far its points can be seen, by squares; empty when from everywhere.
    caps: Vec<[f32; LEAF]>,
}

/// The caps of points that are seen from everywhere.
static FROM_EVERYWHERE: [f32; LEAF] = [f32::INFINITY; LEAF];

impl Leaves {
    /// Packs the points of `order`, run by run.
    pub(crate) fn pack(points: &Points, order: &[u32]) -> Self {
        let frame = Frame::around(order.iter().map(|&id| points.row(id as usize)));
        Self::pack_capped(points, order, frame, Vec::new())
    }

    /// Packs points that are seen only from nearby: leaf `i` gets `caps[i]`, unless there are none.
    pub(crate) fn pack_capped(points: &Points, order: &[u32], frame: Frame, caps: Vec<[f32; LEAF]>) -> Self {
        let dim = points.dim();
        let count = order.len().div_ceil(LEAF);
        let mut ids = order.to_vec();
        ids.resize(count * LEAF, MISSING);
        let mut rows = vec![0.0; count * LEAF * dim];
        let mut lanes = vec![f32::NAN; count * LEAF * dim];
        rows.par_chunks_mut(LEAF * dim)
            .zip(lanes.par_chunks_mut(LEAF * dim))
            .zip(ids.par_chunks(LEAF))
            .with_min_len(64)
            .for_each(|((rows, lanes), ids)| {
                let mut placed = [0.0_f32; crate::points::MAX_DIM];
                for (lane, &id) in ids.iter().enumerate().filter(|(_, id)| **id != MISSING) {
                    let point = points.row(id as usize);
                    rows[lane * dim..(lane + 1) * dim].copy_from_slice(point);
                    frame.place(point, &mut placed);
                    (0..dim).for_each(|axis| lanes[axis * LEAF + lane] = placed[axis]);
                }
            });
        Self::of(dim, frame, (ids.into(), rows.into(), lanes.into()), caps)
    }

    /// Leaves whose numbers are there already: ids, rows and lanes.
    pub(crate) fn of(
        dim: usize,
        frame: Frame,
        (ids, rows, lanes): (Numbers<u32>, Numbers<f64>, Numbers<f32>),
        caps: Vec<[f32; LEAF]>,
    ) -> Self {
        let mut leaves = Self { dim, frame, ids, rows, lanes, levels: Vec::new(), caps };
        leaves.raise();
        leaves
    }

    /// Builds the boxes.
    fn raise(&mut self) {
        let (dim, mut level) = (self.dim, Level::default());
        for leaf in 0..self.len() {
            let (mut low, mut high) = (vec![f32::INFINITY; dim], vec![f32::NEG_INFINITY; dim]);
            for (axis, lanes) in self.lanes(leaf).chunks_exact(LEAF).enumerate() {
                // `min` and `max` pass over the NaN that fills the last leaf.
                low[axis] = lanes.iter().copied().fold(f32::INFINITY, f32::min);
                high[axis] = lanes.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            }
            let lowest = self.ids(leaf).iter().copied().min().unwrap_or(MISSING);
            let cap = self.caps(leaf).iter().copied().fold(0.0, f32::max);
            level.push(&low, &high, lowest, cap);
        }
        while level.len() > super::boxes::FAN {
            let above = level.cover(dim);
            self.levels.push(level);
            level = above;
        }
        self.levels.push(level);
    }

    /// Number of leaves.
    pub(crate) fn len(&self) -> usize {
        self.ids.len() / LEAF
    }

    /// The coordinates of the first look of a leaf, axis by axis.
    #[inline]
    pub(crate) fn lanes(&self, leaf: usize) -> &[f32] {
        &self.lanes[leaf * LEAF * self.dim..(leaf + 1) * LEAF * self.dim]
    }

    #[inline]
    pub(crate) fn ids(&self, leaf: usize) -> &[u32] {
        &self.ids[leaf * LEAF..(leaf + 1) * LEAF]
    }

    #[inline]
    pub(crate) fn caps(&self, leaf: usize) -> &[f32; LEAF] {
        self.caps.get(leaf).unwrap_or(&FROM_EVERYWHERE)
    }

    /// The point at a place of the packed order.
    #[inline]
    pub(crate) fn row(&self, place: usize) -> &[f64] {
        &self.rows[place * self.dim..(place + 1) * self.dim]
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.ids[..])
            + size_of_val(&self.rows[..])
            + size_of_val(&self.lanes[..])
            + size_of_val(&self.caps[..])
            + self.levels.iter().map(Level::bytes).sum::<usize>()
    }
}

//! Points in leaves along the curve, under a hierarchy of boxes. Lengthscales enter only when distances are asked for: the
//! structure outlives them.

use super::tiles::{LEAF, ROWS};
use crate::neighbours::MISSING;
use canopy_file::Numbers;
use std::ops::Range;

/// Boxes under one parent.
pub(crate) const FAN: usize = 8;

/// Coordinates by place; a place is the row of V that a point has.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub(crate) dim: usize,
    /// Id of the point at each place.
    pub(crate) ids: Numbers<u32>,
    /// Coordinates as sent, row-major.
    pub(crate) rows: Numbers<f64>,
    /// How many ids were ever given: points that were removed keep theirs.
    pub(crate) given: usize,
}

impl Places {
    #[inline]
    pub(crate) fn row(&self, place: usize) -> &[f64] {
        &self.rows[place * self.dim..(place + 1) * self.dim]
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The place of each id, [`MISSING`] for points that were removed.
    pub(crate) fn by_id(&self) -> Vec<u32> {
        let mut by_id = vec![MISSING; self.given];
        (0..).zip(&self.ids[..]).for_each(|(place, &id)| by_id[id as usize] = place);
        by_id
    }
}

/// Some of the places, in leaves of [`LEAF`].
#[derive(Debug, Clone)]
pub(crate) struct Field {
    dim: usize,
    /// Places, `LEAF` a leaf. The last leaf is filled with its first place, whose lanes are NaN there: nothing is near NaN.
    places: Vec<u32>,
    /// How many of them are points.
    len: usize,
    lanes: Vec<f64>,
    levels: Vec<Level>,
}

/// Boxes; box `i` of the level above covers boxes `i * FAN..(i + 1) * FAN`.
#[derive(Debug, Clone, Default)]
struct Level {
    /// `dim` lower corners, then `dim` upper corners, box after box.
    corners: Vec<f64>,
    /// Lowest id inside each box: where predecessors are asked for, a box of higher ids is passed over.
    lowest: Vec<u32>,
}

impl Field {
    /// Packs some places in the order given.
    pub(crate) fn pack(all: &Places, places: impl Iterator<Item = u32>) -> Self {
        let dim = all.dim;
        let mut places: Vec<u32> = places.collect();
        let len = places.len();
        let count = len.div_ceil(LEAF);
        if len > 0 {
            places.resize(count * LEAF, places[(count - 1) * LEAF]);
        }
        let mut lanes = vec![f64::NAN; count * LEAF * dim];
        let mut level = Level::default();
        for leaf in 0..count {
            let (start, end) = (leaf * LEAF, len.min((leaf + 1) * LEAF));
            let corner = level.corners.len();
            level.corners.resize(corner + dim, f64::INFINITY);
            level.corners.resize(corner + 2 * dim, f64::NEG_INFINITY);
            let (low, high) = level.corners[corner..].split_at_mut(dim);
            let mut lowest = MISSING;
            for (lane, &place) in places[start..end].iter().enumerate() {
                lowest = lowest.min(all.ids[place as usize]);
                for (axis, &value) in all.row(place as usize).iter().enumerate() {
                    lanes[(leaf * dim + axis) * LEAF + lane] = value;
                    low[axis] = low[axis].min(value);
                    high[axis] = high[axis].max(value);
                }
            }
            level.lowest.push(lowest);
        }
        let mut field = Self { dim, places, len, lanes, levels: Vec::new() };
        field.raise(level);
        field
    }

    fn raise(&mut self, mut level: Level) {
        while level.lowest.len() > FAN {
            let mut above = Level::default();
            for (corners, lowest) in level.corners.chunks(2 * self.dim * FAN).zip(level.lowest.chunks(FAN)) {
                let mut around = corners[..2 * self.dim].to_vec();
                for corners in corners.chunks_exact(2 * self.dim) {
                    for (axis, &value) in corners.iter().enumerate() {
                        around[axis] = if axis < self.dim { around[axis].min(value) } else { around[axis].max(value) };
                    }
                }
                above.corners.extend(around);
                above.lowest.push(lowest.iter().copied().min().unwrap_or(MISSING));
            }
            self.levels.push(level);
            level = above;
        }
        self.levels.push(level);
    }

    /// Number of points.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Number of leaves.
    pub(crate) fn leaves(&self) -> usize {
        self.places.len() / LEAF
    }

    /// Number of levels of boxes; the highest is the last one.
    pub(crate) fn heights(&self) -> usize {
        self.levels.len()
    }

    /// The boxes of a level that one box of the level above covers, or all boxes of the highest.
    pub(crate) fn boxes(&self, height: usize, parent: usize) -> Range<usize> {
        let count = self.levels[height].lowest.len();
        if height + 1 == self.levels.len() { 0..count } else { parent * FAN..((parent + 1) * FAN).min(count) }
    }

    #[inline]
    pub(crate) fn lowest(&self, height: usize, place: usize) -> u32 {
        self.levels[height].lowest[place]
    }

    /// Squared distances between a box and some points in units of the lengthscale, 0 inside; `x` are the points' coordinates, axis
    /// by axis.
    #[inline]
    pub(crate) fn between(&self, height: usize, place: usize, x: &[[f64; ROWS]], scales: &[f64]) -> [f64; ROWS] {
        let corners = &self.levels[height].corners[place * 2 * self.dim..(place + 1) * 2 * self.dim];
        let (from, to) = corners.split_at(self.dim);
        let mut sums = [0.0; ROWS];
        // Comparisons, as `max` would ask for NaN twice, and there is none.
        let larger = |a: f64, b: f64| if a > b { a } else { b };
        for (((&from, &to), x), &scale) in from.iter().zip(to).zip(x).zip(scales) {
            for (sum, &x) in sums.iter_mut().zip(x) {
                let gap = larger(larger(from - x, x - to), 0.0) * scale;
                *sum += gap * gap;
            }
        }
        sums
    }

    /// The coordinates of a run of leaves, leaf by leaf and axis by axis.
    #[inline]
    pub(crate) fn lanes(&self, leaf: usize) -> &[f64] {
        &self.lanes[leaf * LEAF * self.dim..(leaf + 1) * LEAF * self.dim]
    }

    /// The places of a run of leaves.
    #[inline]
    pub(crate) fn places(&self, leaves: Range<usize>) -> &[u32] {
        &self.places[leaves.start * LEAF..leaves.end * LEAF]
    }

    pub(crate) fn bytes(&self) -> usize {
        let levels = self.levels.iter().map(|level| size_of_val(&level.corners[..]) + size_of_val(&level.lowest[..]));
        size_of_val(&self.places[..]) + size_of_val(&self.lanes[..]) + levels.sum::<usize>()
    }
}

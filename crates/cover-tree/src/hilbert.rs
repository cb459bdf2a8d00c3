//! Order along a Hilbert curve, in any dimension up to [`crate::MAX_DIM`].
//!
//! The key is that of Skilling, *Programming the Hilbert curve* (AIP Conf. Proc. 707, 2004): neighbours on the curve are
//! neighbours in space, so consecutive points make tight leaves.

use crate::points::{MAX_DIM, Points};
use rayon::prelude::*;

/// Points that share a cell are ordered again inside it when there are more of them than this.
const CROWD: usize = 32;
/// Below this many points another thread costs more than it gains.
const SPLIT: usize = 4096;

/// The ids of the points in the order of the curve; points at equal places by ascending id.
///
/// A cell in which many points fall together (clusters far apart, outliers) is cut again by its own extent, so that the order
/// is as fine as the data, whatever the key's width.
pub(crate) fn order(points: &Points) -> Vec<u32> {
    let mut ids: Vec<u32> = (0..u32::try_from(points.len()).expect("checked by Points")).collect();
    sort(points, &mut ids);
    ids
}

fn sort(points: &Points, ids: &mut [u32]) {
    let Some(grid) = Grid::around(points, ids) else {
        ids.sort_unstable();
        return;
    };
    let key = |&id: &u32| (grid.key(points.row(id as usize)), id);
    let mut keyed: Vec<(u64, u32)> = if ids.len() > SPLIT {
        let mut keyed: Vec<_> = ids.par_iter().map(key).collect();
        keyed.par_sort_unstable();
        keyed
    } else {
        let mut keyed: Vec<_> = ids.iter().map(key).collect();
        keyed.sort_unstable();
        keyed
    };
    for (id, (_, sorted)) in ids.iter_mut().zip(&keyed) {
        *id = *sorted;
    }
    let mut start = 0;
    while start < keyed.len() {
        let run = keyed[start..].iter().take_while(|(key, _)| *key == keyed[start].0).count();
        if run > CROWD {
            sort(points, &mut ids[start..start + run]);
        }
        start += run;
    }
    keyed.clear();
}

/// A grid of 2^bits cells a side over a bounding box.
struct Grid {
    low: [f64; MAX_DIM],
    cells_a_unit: [f64; MAX_DIM],
    bits: u32,
}

impl Grid {
    /// The grid over these points, or nothing when they are all at one place.
    fn around(points: &Points, ids: &[u32]) -> Option<Self> {
        let dim = points.dim();
        let (mut low, mut high) = ([f64::INFINITY; MAX_DIM], [f64::NEG_INFINITY; MAX_DIM]);
        for &id in ids {
            for (axis, &value) in points.row(id as usize).iter().enumerate() {
                low[axis] = low[axis].min(value);
                high[axis] = high[axis].max(value);
            }
        }
        // Some 2^4 cells a side more than the points need: finer keys cost time and order nothing.
        let wanted = ids.len().max(1).ilog2() / u32::try_from(dim).expect("small") + 4;
        let bits = wanted.min(64 / u32::try_from(dim).expect("small"));
        let mut cells_a_unit = [0.0; MAX_DIM];
        let mut flat = true;
        for axis in 0..dim {
            let extent = high[axis] - low[axis];
            if extent > 0.0 {
                cells_a_unit[axis] = f64::from(1_u32 << bits) / extent;
                // An extent so small that its inverse overflows can't be cut; the points stay in the order of ids.
                if cells_a_unit[axis].is_finite() {
                    flat = false;
                } else {
                    cells_a_unit[axis] = 0.0;
                }
            }
        }
        (!flat).then_some(Self { low, cells_a_unit, bits })
    }

    fn key(&self, point: &[f64]) -> u64 {
        let mut cells = [0_u32; MAX_DIM];
        let last = f64::from((1_u32 << self.bits) - 1);
        for (axis, &value) in point.iter().enumerate() {
            cells[axis] = ((value - self.low[axis]) * self.cells_a_unit[axis]).min(last) as u32;
        }
        key(&mut cells[..point.len()], self.bits)
    }
}

/// The place of a cell on the curve; `cells.len() * bits` is at most 64.
fn key(cells: &mut [u32], bits: u32) -> u64 {
    let dim = cells.len();
    let top = 1_u32 << (bits - 1);
    let mut bit = top;
    while bit > 1 {
        let below = bit - 1;
        for axis in 0..dim {
            if cells[axis] & bit == 0 {
                let swap = (cells[0] ^ cells[axis]) & below;
                cells[0] ^= swap;
                cells[axis] ^= swap;
            } else {
                cells[0] ^= below;
            }
        }
        bit >>= 1;
    }
    for axis in 1..dim {
        cells[axis] ^= cells[axis - 1];
    }
    let mut flip = 0;
    bit = top;
    while bit > 1 {
        if cells[dim - 1] & bit != 0 {
            flip ^= bit - 1;
        }
        bit >>= 1;
    }
    cells.iter_mut().for_each(|cell| *cell ^= flip);
    (0..bits)
        .rev()
        .flat_map(|bit| cells.iter().map(move |cell| u64::from(cell >> bit & 1)))
        .fold(0, |key, b| key << 1 | b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_visits_every_cell_once_by_steps_to_a_neighbour() {
        for (dim, bits) in [(1, 6), (2, 4), (3, 3), (4, 2), (5, 2)] {
            let side = 1_u32 << bits;
            let total = (side as usize).pow(dim);
            let mut places: Vec<Option<Vec<u32>>> = vec![None; total];
            for cell in 0..total {
                let cells: Vec<u32> = (0..dim).map(|axis| (cell / (side as usize).pow(axis)) as u32 % side).collect();
                let place = key(&mut cells.clone(), bits) as usize;
                assert!(places[place].replace(cells).is_none(), "two cells at place {place}");
            }
            for pair in places.windows(2) {
                let (a, b) = (pair[0].as_ref().unwrap(), pair[1].as_ref().unwrap());
                let steps: u32 = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).sum();
                assert_eq!(steps, 1, "{a:?} to {b:?} in dimension {dim}");
            }
        }
    }

    #[test]
    fn clusters_far_apart_are_ordered_inside_too() {
        // One outlier squeezes all other points into one cell of the first grid.
        let mut values: Vec<f64> = (0..4000).map(|i| f64::from(i * 7919 % 4000)).collect();
        values.push(1e30);
        let sorted = order(&Points::from_f64(values.clone(), 1).unwrap());
        assert!(sorted.windows(2).all(|pair| values[pair[0] as usize] <= values[pair[1] as usize]));
    }
}

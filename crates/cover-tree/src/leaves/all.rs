//! Neighbours of the packed points themselves: each leaf is a group of queries.

use super::group::Group;
use super::{LEAF, Leaves};
use crate::error::Error;
use crate::except::Except;
use crate::metric::Geometry;
use crate::neighbours::{Keep, MISSING, Nearest, Neighbours};
use crate::points::Points;
use crate::task::Task;
use rayon::prelude::*;

/// Leaves that one piece of parallel work takes.
const RUN: usize = 16;
/// Predecessors of the first this many points are sought among just these points.
const FIRST: usize = 1024;

/// The `k` nearest other points of every point.
pub(crate) fn all_nearest(
    leaves: &Leaves,
    points: usize,
    k: usize,
    geometry: &Geometry,
    task: &Task<'_>,
) -> Result<Neighbours, Error> {
    let mut out = Neighbours::missing(points, k);
    let except = |id| Some(Except { id, from: MISSING });
    fill(&mut out, leaves, except, geometry, task)?;
    Ok(out)
}

/// The `k` nearest points before each point, in the order in which the points were given.
///
/// Points from `n / 2` on are sought among all, those from `n / 4` to `n / 2` among the first half, and so on: each set is packed
/// anew (packing costs little), and at least every other point a query meets is one it wants.
pub(crate) fn predecessors(
    points: &Points,
    order: &[u32],
    whole: &Leaves,
    k: usize,
    geometry: &Geometry,
    task: &Task<'_>,
) -> Result<Neighbours, Error> {
    let mut out = Neighbours::missing(points.len(), k);
    let mut end = points.len();
    let mut order = order.to_vec();
    while end > 0 {
        let start = if end <= FIRST { 0 } else { end / 2 };
        let (first, last) = (start as u32, end as u32);
        let except = |id| (first..last).contains(&id).then_some(Except { id, from: id });
        if end == points.len() {
            fill(&mut out, whole, except, geometry, task)?;
        } else {
            order.retain(|&id| id < last);
            fill(&mut out, &Leaves::pack(points, &order), except, geometry, task)?;
        }
        end = start;
    }
    Ok(out)
}

/// What a run of leaves found: whose neighbours, and the neighbours.
type Found = (Vec<u32>, Vec<u32>, Vec<f32>);

/// Answers for each packed point for which `except` gives what to leave out.
fn fill(
    out: &mut Neighbours,
    leaves: &Leaves,
    except: impl Fn(u32) -> Option<Except> + Sync,
    geometry: &Geometry,
    task: &Task<'_>,
) -> Result<(), Error> {
    let k = out.k;
    let run = |run: usize| -> Result<Found, Error> {
        let (mut group, mut spare) = (Group::new(leaves), Vec::new());
        let mut found: Found = Default::default();
        for leaf in run * RUN..((run + 1) * RUN).min(leaves.len()) {
            group.clear(|keep: Nearest| spare.push(keep));
            let owners = found.0.len();
            for (lane, &id) in leaves.ids(leaf).iter().enumerate().filter(|(_, id)| **id != MISSING) {
                let Some(except) = except(id) else { continue };
                let mut keep = spare.pop().unwrap_or_else(|| Nearest::new(k));
                keep.clear();
                group.push(leaves.row(leaf * LEAF + lane), except, keep);
                found.0.push(id);
            }
            if found.0.len() == owners {
                continue;
            }
            group.run(Some(leaf));
            for keep in group.answers() {
                let kept = keep.kept();
                let row = found.1.len() + k;
                found.1.extend(kept.iter().map(|&(_, id)| id));
                found.1.resize(row, MISSING);
                found.2.extend(kept.iter().map(|(square, _)| geometry.outward(square.sqrt()) as f32));
                found.2.resize(row, f32::INFINITY);
            }
            task.advance(found.0.len() - owners)?;
        }
        Ok(found)
    };
    let runs: Vec<Found> = (0..leaves.len().div_ceil(RUN)).into_par_iter().map(run).collect::<Result<_, _>>()?;
    for (owners, ids, distances) in runs {
        for ((&owner, ids), distances) in owners.iter().zip(ids.chunks_exact(k)).zip(distances.chunks_exact(k)) {
            let row = owner as usize * k;
            out.ids[row..row + k].copy_from_slice(ids);
            out.distances[row..row + k].copy_from_slice(distances);
        }
    }
    Ok(())
}

//! Neighbours of points that aren't packed.

use super::group::Group;
use super::{LEAF, Leaves};
use crate::error::Error;
use crate::except::Except;
use crate::hilbert;
use crate::neighbours::Keep;
use crate::points::Points;
use crate::task::Task;
use rayon::prelude::*;

/// Queries that one piece of parallel work takes.
const RUN: usize = 128;

/// Answers queries, each with what `keep` gives; the answers come in the order of the queries.
///
/// Queries are taken in the order of the curve, so that those that walk together are near each other.
pub(crate) fn asked<K: Keep + Send>(
    leaves: &Leaves,
    queries: &Points,
    keep: impl Fn() -> K + Sync,
    task: &Task<'_>,
) -> Result<Vec<K>, Error> {
    let order = hilbert::order(queries);
    // Few queries among many points are far apart: a box around 32 of them would hold far more leaves than each needs.
    let together = (LEAF * queries.len() / (leaves.len() * LEAF).max(1)).clamp(1, LEAF);
    let run = |ids: &[u32]| -> Result<Vec<K>, Error> {
        let (mut group, mut kept) = (Group::new(leaves), Vec::with_capacity(ids.len()));
        for ids in ids.chunks(together) {
            ids.iter().for_each(|&id| group.push(queries.row(id as usize), Except::NOTHING, keep()));
            group.run(None);
            group.clear(|keep| kept.push(keep));
            task.advance(ids.len())?;
        }
        Ok(kept)
    };
    let found: Vec<Vec<K>> = order.par_chunks(RUN).map(run).collect::<Result<_, _>>()?;
    let mut slots: Vec<Option<K>> = (0..queries.len()).map(|_| None).collect();
    for (&id, keep) in order.iter().zip(found.into_iter().flatten()) {
        slots[id as usize] = Some(keep);
    }
    Ok(slots.into_iter().map(|slot| slot.expect("the order names every query once")).collect())
}

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
    let run = |ids: &[u32]| -> Result<Vec<K>, Error> {
        let mut group = Group::new(leaves);
        ids.iter().for_each(|&id| group.push(queries.row(id as usize), Except::NOTHING, keep()));
        group.run(None);
        task.advance(ids.len())?;
        let mut kept = Vec::with_capacity(ids.len());
        group.clear(|keep| kept.push(keep));
        Ok(kept)
    };
    let found: Vec<Vec<K>> = order.par_chunks(LEAF).map(run).collect::<Result<_, _>>()?;
    let mut slots: Vec<Option<K>> = (0..queries.len()).map(|_| None).collect();
    for (&id, keep) in order.iter().zip(found.into_iter().flatten()) {
        slots[id as usize] = Some(keep);
    }
    Ok(slots.into_iter().map(|slot| slot.expect("the order names every query once")).collect())
}

//! The two questions of the tree's build, answered by leaves: who covers a point, and who of its batch may.
//!
//! Members are packed with caps: a member of level `l` is seen from within `2^l`. A box is passed over when even its highest
//! member can't see that far, so a search stays among the few that matter, however dense the low levels are.

use super::frame::Frame;
use super::group::Group;
use super::{LEAF, Leaves};
use crate::error::Error;
use crate::except::Except;
use crate::neighbours::Keep;
use crate::points::Points;
use crate::task::Task;
use rayon::prelude::*;

/// Points of a batch or of the tree, each seen from within a reach of its own.
pub(crate) struct Reaching<'a> {
    points: &'a Points,
    leaves: Leaves,
}

impl<'a> Reaching<'a> {
    /// Packs the points of `order` (along the curve), each with the reach that `reach` gives for it.
    ///
    /// `frame` is that of all points, so that every query lies inside.
    pub(crate) fn pack(points: &'a Points, order: &[u32], frame: &Frame, reach: impl Fn(u32) -> f64 + Sync) -> Self {
        // Inside the frame no coordinate exceeds 1, so one slack serves every query.
        let slack = Frame::slack(points.dim(), 1.0);
        let cap = |&id: &u32| {
            let reach = reach(id);
            frame.threshold(reach * reach, slack)
        };
        let caps = order.par_chunks(LEAF).map(|ids| {
            let mut caps = [0.0; LEAF];
            caps.iter_mut().zip(ids).for_each(|(slot, id)| *slot = cap(id));
            caps
        });
        Self { points, leaves: Leaves::pack_capped(points, order, frame.clone(), caps.collect()) }
    }

    /// What each of these points keeps of the members that it sees; `ids` go along the curve, `chunk` of them to a thread at a time.
    pub(crate) fn seen_by<K: Keep + Send>(
        &self,
        ids: &[u32],
        keep: impl Fn(u32) -> K + Sync,
        chunk: usize,
        task: &Task<'_>,
    ) -> Result<Vec<K>, Error> {
        let together = (LEAF * ids.len() / (self.leaves.len() * LEAF).max(1)).clamp(4, LEAF);
        let run = |ids: &[u32]| -> Result<Vec<K>, Error> {
            let (mut group, mut kept) = (Group::new(&self.leaves), Vec::with_capacity(ids.len()));
            for ids in ids.chunks(together) {
                ids.iter().for_each(|&id| group.push(self.points.row(id as usize), Except::NOTHING, keep(id)));
                group.run(None);
                group.clear(|keep| kept.push(keep));
                task.advance(0)?;
            }
            Ok(kept)
        };
        let found: Vec<Vec<K>> = ids.par_chunks(chunk).map(run).collect::<Result<_, _>>()?;
        Ok(found.into_iter().flatten().collect())
    }
}

//! Who finds covers and conflicts: the tree itself under any metric, leaves where distances are straight lines.

use super::draft::{Draft, Member};
use super::flat::Tree;
use super::level::reach;
use super::plan::Plan;
use super::walk::Cover;
use crate::error::Error;
use crate::leaves::{Frame, Reaching};
use crate::metric::{Metric, square};
use crate::neighbours::{Keep, Kept};
use crate::points::Points;
use crate::task::Task;
use rayon::prelude::*;

/// An edge of the conflict graph: a member of the batch, inserted earlier, that may cover a later one.
pub(crate) type Edge = Cover;

/// Answers the two questions of a batch. Both finders give the same answers, so the tree doesn't depend on which is asked.
pub(crate) trait Finder {
    /// Whether distances are straight lines between coordinates.
    const STRAIGHT: bool;

    /// Who covers each of `ids` (along the curve) in the tree so far.
    fn covers(&self, draft: &Draft, ids: &[u32], task: &Task<'_>) -> Result<Vec<Cover>, Error>;

    /// For each of `waiting` the earlier ones that may cover it, were all placed where the tree alone would put them. They stand
    /// in the draft from place `first` on; `near` orders them along the curve.
    fn edges(&self, draft: &Draft, first: u32, near: &[u32], task: &Task<'_>) -> Result<Vec<Vec<Edge>>, Error>;
}

/// Answers by walks over the tree, under any metric.
pub(crate) struct ByTree<'a, M: ?Sized> {
    pub(crate) points: &'a Points,
    pub(crate) metric: &'a M,
}

impl<M: Metric + ?Sized> Finder for ByTree<'_, M> {
    const STRAIGHT: bool = false;

    fn covers(&self, draft: &Draft, ids: &[u32], task: &Task<'_>) -> Result<Vec<Cover>, Error> {
        let tree = Tree::lay_out(draft, self.points);
        let cover = |&id: &u32| {
            task.advance(0)?;
            tree.cover(self.metric, id, self.points.row(id as usize))
        };
        ids.par_iter().with_min_len(64).map(cover).collect()
    }

    fn edges(&self, draft: &Draft, first: u32, near: &[u32], task: &Task<'_>) -> Result<Vec<Vec<Edge>>, Error> {
        let tree = Tree::lay_out(draft, self.points);
        let find = |&at: &u32| {
            let member = &draft.members[(first + at) as usize];
            task.advance(0)?;
            Ok(tree.earlier(self.metric, member, first..first + at, self.points.row(member.id as usize)))
        };
        near.par_iter().with_min_len(64).map(find).collect()
    }
}

/// Answers by packed leaves, for straight lines.
pub(crate) struct ByLeaves<'a> {
    points: &'a Points,
    curve: &'a [u32],
    frame: Frame,
    /// Queries that one piece of parallel work takes.
    chunk: usize,
}

impl<'a> ByLeaves<'a> {
    /// `curve` names every point, in the order of the Hilbert curve.
    pub(crate) fn new(points: &'a Points, curve: &'a [u32], plan: &Plan) -> Self {
        Self { points, curve, frame: Frame::around(points.iter()), chunk: plan.scope_chunk_target.max(1) }
    }

    /// Packs some members, and gives the place of each point among the members.
    fn pack(&self, members: &[Member], first: u32) -> (Reaching<'a>, Vec<u32>) {
        let mut places = vec![u32::MAX; self.points.len()];
        members.iter().zip(first..).for_each(|(member, place)| places[member.id as usize] = place);
        let order: Vec<u32> = self.curve.iter().copied().filter(|&id| places[id as usize] != u32::MAX).collect();
        let reach = |id: u32| reach(members[(places[id as usize] - first) as usize].level);
        (Reaching::pack(self.points, &order, &self.frame, reach), places)
    }
}

impl Finder for ByLeaves<'_> {
    const STRAIGHT: bool = true;

    fn covers(&self, draft: &Draft, ids: &[u32], task: &Task<'_>) -> Result<Vec<Cover>, Error> {
        let (members, places) = self.pack(&draft.members, 0);
        let root = self.points.row(draft.members[0].id as usize);
        let nearest = |id: u32| {
            let square = square(self.points.row(id as usize), root);
            NearestCover { members: &draft.members, places: &places, square, rank: 0 }
        };
        let kept = members.seen_by(ids, nearest, self.chunk, task)?;
        Ok(kept.into_iter().map(|keep| Cover { distance: keep.square.sqrt(), rank: keep.rank }).collect())
    }

    fn edges(&self, draft: &Draft, first: u32, near: &[u32], task: &Task<'_>) -> Result<Vec<Vec<Edge>>, Error> {
        let waiting = &draft.members[first as usize..];
        let (members, places) = self.pack(waiting, first);
        let ids: Vec<u32> = near.iter().map(|&at| waiting[at as usize].id).collect();
        let earlier = |id: u32| {
            let before = places[id as usize];
            let limit = waiting[(before - first) as usize].distance;
            EarlierCovers { members: &draft.members, places: &places, before, limit, found: Vec::new() }
        };
        let kept = members.seen_by(&ids, earlier, self.chunk, task)?;
        Ok(kept.into_iter().map(|keep| keep.found).collect())
    }
}

/// Keeps the best cover; measures are squares.
struct NearestCover<'a> {
    members: &'a [Member],
    places: &'a [u32],
    square: f64,
    rank: u32,
}

impl Keep for NearestCover<'_> {
    fn offer(&mut self, id: u32, square: f64) {
        let rank = self.places[id as usize];
        // Roots are compared, as everywhere in the tree: different squares may have one root.
        let (new, old) =
            (Cover { distance: square.sqrt(), rank }, Cover { distance: self.square.sqrt(), rank: self.rank });
        if new.distance <= reach(self.members[rank as usize].level) && new.is_better_than(&old) {
            (self.square, self.rank) = (square, rank);
        }
    }

    fn limit(&self) -> f64 {
        self.square
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn finish(&mut self) {}

    fn kept(&self) -> &[Kept] {
        &[]
    }
}

/// Keeps every earlier member of the batch that may cover a point; measures are squares.
struct EarlierCovers<'a> {
    members: &'a [Member],
    places: &'a [u32],
    before: u32,
    limit: f64,
    found: Vec<Edge>,
}

impl Keep for EarlierCovers<'_> {
    fn offer(&mut self, id: u32, square: f64) {
        let (rank, distance) = (self.places[id as usize], square.sqrt());
        if rank < self.before && distance <= self.limit.min(reach(self.members[rank as usize].level)) {
            self.found.push(Edge { distance, rank });
        }
    }

    fn limit(&self) -> f64 {
        self.limit * self.limit
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn finish(&mut self) {}

    fn kept(&self) -> &[Kept] {
        &[]
    }
}

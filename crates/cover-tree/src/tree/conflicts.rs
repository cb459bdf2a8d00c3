//! Which points of a batch can't all go where the tree alone would put them, and where they go instead.

use super::draft::{Draft, Member};
use super::finder::Edge;
use super::flat::Tree;
use super::level::{covering, is_twin, reach};
use super::walk::Cover;
use crate::metric::Metric;
use std::ops::Range;

impl Tree {
    /// The members with these ranks that may cover `member`, were they placed as high as now.
    pub(crate) fn earlier(
        &self,
        metric: &(impl Metric + ?Sized),
        member: &Member,
        ranks: Range<u32>,
        point: &[f64],
    ) -> Vec<Edge> {
        let mut found = Vec::new();
        let mut node = 0;
        while node < self.len() {
            let distance = metric.distance(point, self.row(node));
            let level = self.levels[node];
            if ranks.contains(&self.ranks[node]) && distance <= reach(level).min(member.distance) {
                found.push(Edge { distance, rank: self.ranks[node] });
            }
            let next = self.ends[node] as usize;
            let skip = next > node + 1 && self.is_beyond(node, distance, reach(level - 1).min(member.distance));
            node = if skip { next } else { node + 1 };
        }
        found
    }
}

/// Settles a batch: who stays where the tree put it is the lexicographically first independent set of the conflict graph, and a
/// loser goes below the nearest winner that covers it. Nobody is dropped, and the result is that of inserting one by one.
///
/// A point with more conflicts than `cap` isn't settled: its id goes to `waiting`, and the others are settled as if it hadn't been
/// there, which keeps everybody's distance: it will find them in the tree. The first point has no conflict, so a batch never waits
/// as a whole.
///
/// Returns how many points lost.
pub(crate) fn settle(
    draft: &mut Draft,
    batch: &[Member],
    first: u32,
    edges: &[Vec<Edge>],
    cap: usize,
    waiting: &mut Vec<u32>,
) -> usize {
    // Where each point of the batch went: a place among the members, or nowhere of its own for a twin and for who waits.
    let mut went: Vec<Option<u32>> = Vec::with_capacity(batch.len());
    let mut losers = 0;
    for (member, edges) in batch.iter().zip(edges) {
        if edges.len() > cap {
            waiting.push(member.id);
            went.push(None);
            continue;
        }
        let mut best = Cover { distance: member.distance, rank: member.parent };
        for edge in edges {
            let Some(place) = went[(edge.rank - first) as usize] else { continue };
            let cover = Cover { distance: edge.distance, rank: place };
            if edge.distance <= reach(draft.members[place as usize].level) && cover.is_better_than(&best) {
                best = cover;
            }
        }
        losers += usize::from(best.rank != member.parent);
        if is_twin(best.distance) {
            draft.twins.push((best.rank, member.id));
            went.push(None);
        } else {
            went.push(Some(draft.members.len() as u32));
            let level = covering(best.distance) - 1;
            draft.members.push(Member { id: member.id, parent: best.rank, level, distance: best.distance });
        }
    }
    losers
}

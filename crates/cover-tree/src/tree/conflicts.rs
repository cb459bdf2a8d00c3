//! Which points of a batch can't all go where the tree alone would put them.

use super::draft::{Draft, Member};
use super::flat::Tree;
use super::level::{covering, is_twin, reach};
use super::walk::Cover;
use crate::error::Error;
use crate::metric::Metric;
use crate::points::Points;
use crate::task::Task;
use rayon::prelude::*;

/// An edge of the conflict graph: a member of the batch, inserted earlier, that may cover a later one.
pub(crate) type Edge = Cover;

/// For each point of the batch (`tree.ranks >= first`), the earlier ones that may cover it, were they placed as high as now.
///
/// `tree` holds the batch too, each point tentatively below the one that covers it. `near` orders the work by place.
pub(crate) fn edges(
    tree: &Tree,
    batch: &[Member],
    first: u32,
    near: &[u32],
    points: &Points,
    metric: &(impl Metric + ?Sized),
    task: &Task<'_>,
) -> Result<Vec<Vec<Edge>>, Error> {
    let find = |&at: &u32| -> Result<(u32, Vec<Edge>), Error> {
        let member = &batch[at as usize];
        task.advance(0)?;
        Ok((at, earlier(tree, member, first, first + at, points.row(member.id as usize), metric)))
    };
    let found: Vec<(u32, Vec<Edge>)> = near.par_iter().with_min_len(64).map(find).collect::<Result<_, _>>()?;
    let mut edges = vec![Vec::new(); batch.len()];
    found.into_iter().for_each(|(at, list)| edges[at as usize] = list);
    Ok(edges)
}

fn earlier(
    tree: &Tree,
    member: &Member,
    first: u32,
    rank: u32,
    point: &[f64],
    metric: &(impl Metric + ?Sized),
) -> Vec<Edge> {
    let mut found = Vec::new();
    let mut node = 0;
    while node < tree.len() {
        let distance = metric.distance(point, tree.row(node));
        let level = tree.levels[node];
        if (first..rank).contains(&tree.ranks[node]) && distance <= reach(level).min(member.distance) {
            found.push(Edge { distance, rank: tree.ranks[node] });
        }
        let next = tree.ends[node] as usize;
        let skip = next > node + 1 && tree.is_beyond(node, distance, reach(level - 1).min(member.distance));
        node = if skip { next } else { node + 1 };
    }
    found
}

/// Settles a batch: who stays where the tree put it is the lexicographically first independent set of the conflict graph, and a
/// loser goes below the nearest winner that covers it. Nobody is dropped, and the result is that of inserting one by one.
///
/// Returns how many points lost.
pub(crate) fn settle(draft: &mut Draft, batch: &[Member], first: u32, edges: &[Vec<Edge>]) -> usize {
    // Where each point of the batch went: a place among the members, or nowhere of its own for a twin.
    let mut went: Vec<Option<u32>> = Vec::with_capacity(batch.len());
    let mut losers = 0;
    for (member, edges) in batch.iter().zip(edges) {
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

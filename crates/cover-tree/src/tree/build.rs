//! Building in batches that grow with the tree.
//!
//! Gu, Napier, Sun and Wang, *Parallel cover trees and their applications* (SPAA 2022): a batch is held against the tree in
//! parallel, its conflict graph is formed, an independent set goes in. Points are inserted in an order drawn from the seed, and
//! conflicts are won by the earlier point, so the tree is that of inserting one by one: it depends neither on the number of
//! threads nor on where batches begin.

use super::conflicts::settle;
use super::draft::{Draft, Member};
use super::finder::{ByTree, Finder};
use super::flat::Tree;
use super::level::{covering, is_distance, is_twin};
use crate::error::Error;
use crate::metric::Metric;
use crate::points::Points;
use crate::task::Task;
use rayon::prelude::*;
use std::ops::Range;

/// Points inserted one batch at a time until the tree has some width.
const FIRST_BATCH: usize = 64;

/// Builds the tree over the points that `curve` names; it orders them by place, so that threads work on neighbours.
pub(crate) fn build(
    points: &Points,
    curve: &[u32],
    metric: &(impl Metric + ?Sized),
    finder: &impl Finder,
    seed: u64,
    task: &Task<'_>,
) -> Result<Tree, Error> {
    let order = insertion_order(curve, seed);
    let Some((&root, rest)) = order.split_first() else { return Ok(Tree { dim: points.dim(), ..Tree::default() }) };
    let level = root_level(points, root, curve, metric)?;
    let draft = Draft { members: vec![Member { id: root, parent: 0, level, distance: 0.0 }], twins: Vec::new() };
    grow(draft, rest, points, curve, finder, task)
}

/// A tree with the points of `new` inserted. `curve` names all of its points, and the new ones.
pub(crate) fn extend(
    tree: &Tree,
    points: &Points,
    curve: &[u32],
    metric: &(impl Metric + ?Sized),
    new: &Range<u32>,
    seed: u64,
    task: &Task<'_>,
) -> Result<Tree, Error> {
    let new: Vec<u32> = new.clone().collect();
    let mut draft = tree.draft(metric);
    // A root may stand higher than it has to: whatever is added must lie within its reach.
    let root = &mut draft.members[0];
    root.level = root.level.max(root_level(points, root.id, &new, metric)?);
    grow(draft, &insertion_order(&new, seed), points, curve, &ByTree { points, metric }, task)
}

/// Inserts points, batch after batch.
fn grow(
    mut draft: Draft,
    mut rest: &[u32],
    points: &Points,
    curve: &[u32],
    finder: &impl Finder,
    task: &Task<'_>,
) -> Result<Tree, Error> {
    let mut along = vec![0_u32; points.len()];
    curve.iter().zip(0_u32..).for_each(|(&id, place)| along[id as usize] = place);
    let mut growth = 1.75;
    while !rest.is_empty() {
        let inserted = draft.members.len() + draft.twins.len();
        let size = ((inserted as f64 * (growth - 1.0)) as usize).max(FIRST_BATCH).min(rest.len());
        let (batch, later) = rest.split_at(size);
        rest = later;
        let lost = insert(&mut draft, batch, &along, finder, task)?;
        task.advance(size)?;
        growth = match lost as f64 / size as f64 {
            density if density < 0.15 => 2.25,
            density if density > 0.55 => 1.25,
            _ => 1.75,
        };
    }
    Ok(Tree::lay_out(&draft, points))
}

/// Inserts a batch and gives back how many of its points were in each other's way.
fn insert(
    draft: &mut Draft,
    batch: &[u32],
    along: &[u32],
    finder: &impl Finder,
    task: &Task<'_>,
) -> Result<usize, Error> {
    let near = by_place(batch.iter().copied(), along);
    let ids: Vec<u32> = near.iter().map(|&at| batch[at as usize]).collect();
    let covers = in_order(&near, finder.covers(draft, &ids, task)?);

    let first = draft.members.len() as u32;
    let mut waiting = Vec::with_capacity(batch.len());
    for (&id, cover) in batch.iter().zip(covers) {
        if is_twin(cover.distance) {
            draft.twins.push((cover.rank, id));
        } else {
            waiting.push(Member {
                id,
                parent: cover.rank,
                level: covering(cover.distance) - 1,
                distance: cover.distance,
            });
        }
    }
    // The points that wait stand in the draft as if nobody were in their way, while it is found who is.
    draft.members.extend_from_slice(&waiting);
    let near = by_place(waiting.iter().map(|member| member.id), along);
    let edges = in_order(&near, finder.edges(draft, first, &near, task)?);
    draft.members.truncate(first as usize);
    Ok(settle(draft, &waiting, first, &edges))
}

/// Places in a list of ids, ordered along the curve.
fn by_place(ids: impl Iterator<Item = u32>, along: &[u32]) -> Vec<u32> {
    let mut keyed: Vec<(u32, u32)> = ids.map(|id| along[id as usize]).zip(0..).collect();
    keyed.par_sort_unstable();
    keyed.into_iter().map(|(_, at)| at).collect()
}

/// Values that were found along the curve, back in the order of the list.
fn in_order<T>(near: &[u32], found: Vec<T>) -> Vec<T> {
    let mut slots: Vec<Option<T>> = (0..near.len()).map(|_| None).collect();
    near.iter().zip(found).for_each(|(&at, value)| slots[at as usize] = Some(value));
    slots.into_iter().map(|slot| slot.expect("each place is named once")).collect()
}

/// The lowest level from which the root covers every point.
fn root_level(points: &Points, root: u32, ids: &[u32], metric: &(impl Metric + ?Sized)) -> Result<i32, Error> {
    let from = points.row(root as usize);
    let farthest = ids
        .par_iter()
        .with_min_len(1024)
        .map(|&id| {
            let distance = metric.distance(points.row(id as usize), from);
            if is_distance(distance) { Ok(distance) } else { Err(Error::Metric { a: id, b: root, distance }) }
        })
        .try_reduce(|| 0.0, |a, b| Ok(a.max(b)))?;
    Ok(if is_twin(farthest) { 0 } else { covering(farthest) })
}

/// Ids in an order drawn from the seed.
pub(super) fn insertion_order(ids: &[u32], seed: u64) -> Vec<u32> {
    let mut drawn: Vec<(u64, u32)> = ids.iter().map(|&id| (mix(seed ^ mix(u64::from(id))), id)).collect();
    drawn.par_sort_unstable();
    drawn.into_iter().map(|(_, id)| id).collect()
}

/// The finaliser of SplitMix64.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

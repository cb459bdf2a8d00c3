//! Building in batches that grow with the tree.
//!
//! Gu, Napier, Sun and Wang, *Parallel cover trees and their applications* (SPAA 2022): a batch is held against the tree in
//! parallel, its conflict graph is formed, an independent set goes in. Points are inserted in an order drawn from the seed, and
//! conflicts are won by the earlier point, so the tree is that of inserting one by one: it depends neither on the number of
//! threads nor on where batches begin.

use super::conflicts::{edges, settle};
use super::draft::{Draft, Member};
use super::flat::Tree;
use super::level::{covering, is_distance, is_twin};
use crate::error::Error;
use crate::metric::Metric;
use crate::points::Points;
use crate::task::Task;
use rayon::prelude::*;

/// Points inserted one batch at a time until the tree has some width.
const FIRST_BATCH: usize = 64;

/// Builds the tree over all points. `curve` orders them by place, so that threads work on neighbours.
pub(crate) fn build(
    points: &Points,
    curve: &[u32],
    metric: &(impl Metric + ?Sized),
    seed: u64,
    task: &Task<'_>,
) -> Result<Tree, Error> {
    let order = insertion_order(points.len(), seed);
    let Some((&root, rest)) = order.split_first() else { return Ok(Tree { dim: points.dim(), ..Tree::default() }) };
    let mut along = vec![0_u32; points.len()];
    curve.iter().zip(0_u32..).for_each(|(&id, place)| along[id as usize] = place);

    let level = root_level(points, root, metric)?;
    let mut draft = Draft { members: vec![Member { id: root, parent: 0, level, distance: 0.0 }], twins: Vec::new() };
    let mut tree = Tree::lay_out(&draft, points);
    let (mut rest, mut growth) = (rest, 1.75);
    while !rest.is_empty() {
        let inserted = points.len() - rest.len();
        let size = ((inserted as f64 * (growth - 1.0)) as usize).max(FIRST_BATCH).min(rest.len());
        let (batch, later) = rest.split_at(size);
        rest = later;
        let lost = insert(&mut draft, &mut tree, batch, &along, points, metric, task)?;
        growth = match lost as f64 / size as f64 {
            density if density < 0.15 => 2.25,
            density if density > 0.55 => 1.25,
            _ => 1.75,
        };
    }
    Ok(tree)
}

/// Inserts a batch and gives back how many of its points were in each other's way.
fn insert(
    draft: &mut Draft,
    tree: &mut Tree,
    batch: &[u32],
    along: &[u32],
    points: &Points,
    metric: &(impl Metric + ?Sized),
    task: &Task<'_>,
) -> Result<usize, Error> {
    let mut near: Vec<u32> = (0..batch.len() as u32).collect();
    near.sort_unstable_by_key(|&at| along[batch[at as usize] as usize]);
    let cover = |&at: &u32| {
        let id = batch[at as usize];
        task.advance(1)?;
        Ok((at, tree.cover(metric, id, points.row(id as usize))?))
    };
    let covers: Vec<_> = near.par_iter().with_min_len(64).map(cover).collect::<Result<_, Error>>()?;
    let mut by_rank = vec![None; batch.len()];
    covers.into_iter().for_each(|(at, cover)| by_rank[at as usize] = Some(cover));

    let first = draft.members.len() as u32;
    let mut waiting = Vec::with_capacity(batch.len());
    for (&id, cover) in batch.iter().zip(by_rank) {
        let cover = cover.expect("every point of the batch was held against the tree");
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
    // The points that wait stand in the tree as if nobody were in their way: then the tree itself finds who is.
    draft.members.extend_from_slice(&waiting);
    let tentative = Tree::lay_out(draft, points);
    let mut near: Vec<u32> = (0..waiting.len() as u32).collect();
    near.sort_unstable_by_key(|&at| along[waiting[at as usize].id as usize]);
    let edges = edges(&tentative, &waiting, first, &near, points, metric, task)?;
    draft.members.truncate(first as usize);
    let lost = settle(draft, &waiting, first, &edges);
    *tree = Tree::lay_out(draft, points);
    Ok(lost)
}

/// The lowest level from which the root covers every point.
fn root_level(points: &Points, root: u32, metric: &(impl Metric + ?Sized)) -> Result<i32, Error> {
    let from = points.row(root as usize);
    let farthest = (0..points.len() as u32)
        .into_par_iter()
        .with_min_len(1024)
        .map(|id| {
            let distance = metric.distance(points.row(id as usize), from);
            if is_distance(distance) { Ok(distance) } else { Err(Error::Metric { a: id, b: root, distance }) }
        })
        .try_reduce(|| 0.0, |a, b| Ok(a.max(b)))?;
    Ok(if is_twin(farthest) { 0 } else { covering(farthest) })
}

/// All ids in an order drawn from the seed.
pub(super) fn insertion_order(count: usize, seed: u64) -> Vec<u32> {
    let mut drawn: Vec<(u64, u32)> = (0..count as u32).map(|id| (mix(seed ^ mix(u64::from(id))), id)).collect();
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

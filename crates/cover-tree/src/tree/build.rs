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
use super::grid;
use super::level::{covering, is_distance, is_twin};
use super::plan::{BatchOrder, BatchReport, Leaders, Plan};
use crate::error::Error;
use crate::metric::Metric;
use crate::points::Points;
use crate::task::{Task, timed};
use rayon::prelude::*;
use std::collections::HashSet;
use std::ops::Range;

/// Points inserted one batch at a time until the tree has some width.
const FIRST_BATCH: usize = 64;

/// Builds the tree over the points that `curve` names; it orders them by place, so that threads work on neighbours.
pub(crate) fn build(
    points: &Points,
    curve: &[u32],
    metric: &(impl Metric + ?Sized),
    finder: &impl Finder,
    (seed, plan): (u64, &Plan),
    task: &Task<'_>,
) -> Result<Tree, Error> {
    let order = insertion_order(curve, seed);
    let Some((&root, rest)) = order.split_first() else { return Ok(Tree { dim: points.dim(), ..Tree::default() }) };
    let level = root_level(points, root, curve, metric)?;
    let draft = Draft { members: vec![Member { id: root, parent: 0, level, distance: 0.0 }], twins: Vec::new() };
    let along = places(points, curve, &order, plan.batch_order);
    Growing { draft, points, along, finder, seed, plan, batches: Vec::new() }.grow(rest, task)
}

/// A tree with the points of `new` inserted. `curve` names all of its points, and the new ones.
pub(crate) fn extend(
    tree: &Tree,
    points: &Points,
    curve: &[u32],
    metric: &(impl Metric + ?Sized),
    new: &Range<u32>,
    (seed, plan): (u64, &Plan),
    task: &Task<'_>,
) -> Result<Tree, Error> {
    let new: Vec<u32> = new.clone().collect();
    let mut draft = tree.draft(metric);
    // A root may stand higher than it has to: whatever is added must lie within its reach.
    let root = &mut draft.members[0];
    root.level = root.level.max(root_level(points, root.id, &new, metric)?);
    let order = insertion_order(&new, seed);
    let along = places(points, curve, &order, plan.batch_order);
    let finder = &ByTree { points, metric };
    Growing { draft, points, along, finder, seed, plan, batches: Vec::new() }.grow(&order, task)
}

/// The place of each point in the order in which a batch is held against the tree.
fn places(points: &Points, curve: &[u32], inserted: &[u32], order: BatchOrder) -> Vec<u32> {
    let mut along = vec![0_u32; points.len()];
    let listed = match order {
        BatchOrder::Hilbert => curve,
        BatchOrder::Natural => return (0..points.len() as u32).collect(),
        BatchOrder::Random => inserted,
    };
    listed.iter().zip(0_u32..).for_each(|(&id, place)| along[id as usize] = place);
    along
}

/// A tree that grows batch by batch.
struct Growing<'a, F> {
    draft: Draft,
    points: &'a Points,
    along: Vec<u32>,
    finder: &'a F,
    seed: u64,
    plan: &'a Plan,
    batches: Vec<BatchReport>,
}

impl<F: Finder> Growing<'_, F> {
    fn grow(mut self, mut rest: &[u32], task: &Task<'_>) -> Result<Tree, Error> {
        let mut growth = self.plan.prefix_factor.unwrap_or(1.75);
        let mut waiting = Vec::new();
        while !(rest.is_empty() && waiting.is_empty()) {
            let inserted = self.draft.members.len() + self.draft.twins.len();
            let size = ((inserted as f64 * (growth - 1.0)) as usize).max(FIRST_BATCH).min(rest.len());
            let (batch, later) = rest.split_at(size);
            rest = later;
            waiting.extend_from_slice(batch);
            let mut report = BatchReport { points: waiting.len(), prefix_factor: growth, ..BatchReport::default() };
            waiting = self.insert(&waiting, &mut report, task)?;
            report.waiting = waiting.len();
            self.batches.push(report);
            task.advance(size)?;
            growth = self.plan.prefix_factor.unwrap_or(match report.lost as f64 / report.points as f64 {
                density if density < 0.15 => 2.25,
                density if density > 0.55 => 1.25,
                _ => 1.75,
            });
        }
        let mut tree = Tree::lay_out(&self.draft, self.points);
        tree.batches = self.batches;
        Ok(tree)
    }

    /// Inserts a batch and gives back who waits for the next one, in the order of insertion.
    fn insert(&mut self, batch: &[u32], report: &mut BatchReport, task: &Task<'_>) -> Result<Vec<u32>, Error> {
        let near = timed(&mut report.semisort_s, || by_place(batch.iter().copied(), &self.along));
        let ids: Vec<u32> = near.iter().map(|&at| batch[at as usize]).collect();
        let covers = timed(&mut report.traversal_s, || self.finder.covers(&self.draft, &ids, task))?;
        let covers = timed(&mut report.semisort_s, || in_order(&near, covers));

        let first = self.draft.members.len() as u32;
        let mut entering = Vec::with_capacity(batch.len());
        for (&id, cover) in batch.iter().zip(covers) {
            if is_twin(cover.distance) {
                self.draft.twins.push((cover.rank, id));
            } else {
                let level = covering(cover.distance) - 1;
                entering.push(Member { id, parent: cover.rank, level, distance: cover.distance });
            }
        }
        let mut waiting = Vec::new();
        if self.plan.leaders == Leaders::Grid && F::STRAIGHT {
            let leads = grid::leaders(self.points, &entering, self.seed, mix);
            let mut leads = leads.into_iter();
            entering.retain(|member| {
                leads.next().expect("one for each") || {
                    waiting.push(member.id);
                    false
                }
            });
            report.grid_cells = entering.len();
        }
        // The points that enter stand in the draft as if nobody were in their way, while it is found who is.
        self.draft.members.extend_from_slice(&entering);
        let near = timed(&mut report.semisort_s, || by_place(entering.iter().map(|member| member.id), &self.along));
        let edges = timed(&mut report.conflict_graph_s, || self.finder.edges(&self.draft, first, &near, task))?;
        let edges = timed(&mut report.semisort_s, || in_order(&near, edges));
        self.draft.members.truncate(first as usize);
        report.conflicts = edges.iter().map(Vec::len).sum();
        let cap = if self.plan.degree_cap == 0 { usize::MAX } else { self.plan.degree_cap };
        report.lost = timed(&mut report.mis_s, || settle(&mut self.draft, &entering, first, &edges, cap, &mut waiting));
        report.grid_leaders = report.grid_cells.saturating_sub(report.lost);
        if !waiting.is_empty() {
            let keeps: HashSet<u32> = waiting.into_iter().collect();
            return Ok(batch.iter().copied().filter(|id| keeps.contains(id)).collect());
        }
        Ok(waiting)
    }
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

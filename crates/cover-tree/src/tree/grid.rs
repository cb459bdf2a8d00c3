//! One leader for each cell of a grid: points of a cell are so near each other that one covers the rest.

use super::draft::Member;
use super::level::reach;
use crate::points::Points;
use std::collections::HashSet;

/// Marks the leaders of a batch: the first point of each cell, in the order of insertion. Each level has a grid of its own, shifted by
/// the seed, whose cells have the reach of that level as their diagonal.
pub(super) fn leaders(points: &Points, waiting: &[Member], seed: u64, mix: impl Fn(u64) -> u64) -> Vec<bool> {
    let mut taken: HashSet<(i32, Vec<i64>)> = HashSet::with_capacity(waiting.len());
    let root = (points.dim() as f64).sqrt();
    waiting
        .iter()
        .map(|member| {
            let side = reach(member.level) / root;
            let cell = |(axis, &x): (usize, &f64)| {
                let drawn = mix(seed ^ mix(member.level as u64) ^ axis as u64) >> 11;
                // Far from the origin for its level a coordinate leaves the range: those points share a cell, and their leader
                // is the only one to take part.
                (x / side + drawn as f64 / (1_u64 << 53) as f64).floor() as i64
            };
            taken.insert((member.level, points.row(member.id as usize).iter().enumerate().map(cell).collect()))
        })
        .collect()
}

//! The bottleneck distance.

use super::{MAX_POINTS, endless_costs, ground, to_diagonal};
use crate::diagram::split;
use crate::error::Error;
use canopy_core::Cancel;

/// The exact bottleneck distance of two diagrams: the least `d` for which a matching moves no point farther than `d`. Infinite
/// when the numbers of infinite bars differ.
///
/// The answer is one of the distances between points or to the diagonal; a binary search over them asks Hopcroft and Karp's
/// algorithm. A point nearer than `d` to the diagonal may stay alone, so (Mendelsohn and Dulmage) it suffices that the long points
/// of either side find partners, each side for itself.
///
/// # Errors
/// [`Error::Point`], [`Error::TooLarge`] beyond [`MAX_POINTS`], [`Error::Cancelled`].
pub fn bottleneck(a: &[(f64, f64)], b: &[(f64, f64)], cancel: &Cancel) -> Result<f64, Error> {
    let (a, endless_a) = split(a, MAX_POINTS)?;
    let (b, endless_b) = split(b, MAX_POINTS)?;
    let Some(endless) = endless_costs(&endless_a, &endless_b) else { return Ok(f64::INFINITY) };
    let least = endless.fold(0.0, f64::max);
    let mut candidates: Vec<f64> = a.iter().chain(&b).map(|&point| to_diagonal(point)).collect();
    // Nothing need cost more than leaving every point alone.
    let most = candidates.iter().copied().fold(0.0, f64::max);
    candidates.extend(a.iter().flat_map(|&a| b.iter().map(move |&b| ground(a, b))).filter(|&d| d > least && d < most));
    candidates.push(least);
    candidates.retain(|&d| d >= least);
    candidates.sort_unstable_by(f64::total_cmp);
    candidates.dedup();
    let (mut low, mut high) = (0, candidates.len() - 1);
    while low < high {
        cancel.check()?;
        let middle = low.midpoint(high);
        let limit = candidates[middle];
        if covers(&a, &b, limit) && covers(&b, &a, limit) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(candidates[low])
}

/// Whether every point of `a` that can't go to the diagonal finds a partner of its own in `b`.
fn covers(a: &[(f64, f64)], b: &[(f64, f64)], limit: f64) -> bool {
    let near: Vec<Vec<u32>> = a
        .iter()
        .filter(|&&a| to_diagonal(a) > limit)
        .map(|&a| (0_u32..).zip(b).filter(|&(_, &b)| ground(a, b) <= limit).map(|(at, _)| at).collect())
        .collect();
    near.iter().all(|near| !near.is_empty()) && Matching::new(&near, b.len()).complete()
}

/// Hopcroft and Karp's matching of left nodes to right ones.
struct Matching<'a> {
    near: &'a [Vec<u32>],
    right_of: Vec<u32>,
    left_of: Vec<u32>,
    level: Vec<u32>,
    cursor: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl<'a> Matching<'a> {
    fn new(near: &'a [Vec<u32>], right: usize) -> Self {
        let left = near.len();
        Self {
            near,
            right_of: vec![NONE; left],
            left_of: vec![NONE; right],
            level: vec![NONE; left],
            cursor: vec![0; left],
        }
    }

    fn complete(mut self) -> bool {
        let left = self.near.len();
        let mut matched = 0;
        while matched < left {
            if !self.layers() {
                return false;
            }
            self.cursor.fill(0);
            let found = (0..left as u32).filter(|&start| self.right_of[start as usize] == NONE && self.augment(start));
            let found = found.collect::<Vec<_>>().len();
            if found == 0 {
                return false;
            }
            matched += found;
        }
        true
    }

    /// Distances from the free left nodes along alternating paths; whether a free right node is in reach.
    fn layers(&mut self) -> bool {
        let mut queue: Vec<u32> =
            (0..self.near.len() as u32).filter(|&left| self.right_of[left as usize] == NONE).collect();
        self.level.fill(NONE);
        queue.iter().for_each(|&left| self.level[left as usize] = 0);
        let mut reached = false;
        let mut at = 0;
        while at < queue.len() {
            let left = queue[at] as usize;
            at += 1;
            for &right in &self.near[left] {
                match self.left_of[right as usize] {
                    NONE => reached = true,
                    next if self.level[next as usize] == NONE => {
                        self.level[next as usize] = self.level[left] + 1;
                        queue.push(next);
                    }
                    _ => {}
                }
            }
        }
        reached
    }

    /// Finds a path from a free left node along the layers, without recursion, and turns it over.
    fn augment(&mut self, start: u32) -> bool {
        let mut path = vec![start];
        while let Some(&left) = path.last() {
            let Some(&right) = self.near[left as usize].get(self.cursor[left as usize] as usize) else {
                self.level[left as usize] = NONE;
                path.pop();
                continue;
            };
            self.cursor[left as usize] += 1;
            let next = self.left_of[right as usize];
            if next == NONE {
                // Each left node of the path takes the right node its cursor just passed.
                for &left in &path {
                    let right = self.near[left as usize][self.cursor[left as usize] as usize - 1];
                    self.right_of[left as usize] = right;
                    self.left_of[right as usize] = left;
                }
                return true;
            }
            if self.level[next as usize] == self.level[left as usize] + 1 {
                path.push(next);
            }
        }
        false
    }
}

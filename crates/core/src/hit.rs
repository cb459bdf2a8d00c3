//! A scored slot and the bounded heap that keeps the best of them.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A slot with its score; higher is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Dense number of the record inside its collection.
    pub slot: u32,
    /// Score; higher is better. Never NaN.
    pub score: f32,
}

impl Hit {
    /// Best first; equal scores by ascending slot, so that every engine breaks ties in the same way.
    pub fn best_first(a: &Self, b: &Self) -> Ordering {
        b.score.total_cmp(&a.score).then(a.slot.cmp(&b.slot))
    }
}

/// Orders the heap so that the worst kept hit is on top.
#[derive(Debug, Clone, Copy)]
struct Worst(Hit);

impl PartialEq for Worst {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Worst {}
impl PartialOrd for Worst {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Worst {
    fn cmp(&self, other: &Self) -> Ordering {
        Hit::best_first(&self.0, &other.0)
    }
}

/// Keeps the `k` best hits that were pushed.
#[derive(Debug, Clone)]
pub struct TopK {
    k: usize,
    heap: BinaryHeap<Worst>,
}

impl TopK {
    /// A heap that keeps `k` hits. The allocation is bounded, whatever `k` is asked for.
    pub fn new(k: usize) -> Self {
        const PREALLOCATED: usize = 1024;
        Self { k, heap: BinaryHeap::with_capacity(k.min(PREALLOCATED) + 1) }
    }

    /// The score a new hit must beat to be kept, or `-inf` while there is room.
    pub fn threshold(&self) -> f32 {
        match self.heap.peek() {
            Some(worst) if self.heap.len() >= self.k => worst.0.score,
            _ if self.k == 0 => f32::INFINITY,
            _ => f32::NEG_INFINITY,
        }
    }

    /// Offers a hit.
    pub fn push(&mut self, hit: Hit) {
        if self.heap.len() < self.k {
            self.heap.push(Worst(hit));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && Hit::best_first(&hit, &worst.0) == Ordering::Less
        {
            *worst = Worst(hit);
        }
    }

    /// Offers everything that another heap kept.
    pub fn merge(&mut self, other: Self) {
        other.heap.into_iter().for_each(|worst| self.push(worst.0));
    }

    /// The kept hits, best first.
    pub fn into_sorted(self) -> Vec<Hit> {
        let mut hits: Vec<Hit> = self.heap.into_iter().map(|worst| worst.0).collect();
        hits.sort_unstable_by(Hit::best_first);
        hits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keeps_what_a_full_sort_keeps(scores in prop::collection::vec(-4_i32..4, 0..200), k in 0_usize..20) {
            let hits: Vec<Hit> = scores.iter().zip(0_u32..).map(|(&s, slot)| Hit { slot, score: s as f32 }).collect();
            let mut top = TopK::new(k);
            hits.iter().rev().for_each(|&hit| top.push(hit));
            let mut expected = hits;
            expected.sort_by(Hit::best_first);
            expected.truncate(k);
            prop_assert_eq!(top.into_sorted(), expected);
        }
    }
}

//! Reduction of the columns of edges.

use super::{Triangle, parts, triangle};
use crate::edges::Adjacency;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// Columns reduced so far, by their pivots.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    /// Where the edges of a reduced column stand in `edges`, by its pivot.
    owners: HashMap<Triangle, (u32, u32)>,
    edges: Vec<u32>,
    working: BinaryHeap<Reverse<Triangle>>,
    taken: Vec<u32>,
}

/// Calls `each` with the triangles around an edge.
fn coboundary(rank: u32, adjacency: &Adjacency, ends: &[(u32, u32)], mut each: impl FnMut(Triangle)) {
    let (a, b) = ends[rank as usize];
    for (corner, left, right) in adjacency.common(a, b) {
        // The corner opposite to whichever edge is last.
        each(if left > rank && left > right {
            triangle(left, b)
        } else if right > rank {
            triangle(right, a)
        } else {
            triangle(rank, corner)
        });
    }
}

impl Columns {
    pub(crate) fn clear(&mut self) {
        self.owners.clear();
        self.edges.clear();
    }

    /// Reduces the column of an edge: the triangle that ends its loop, or `None` when nothing does.
    pub(crate) fn reduce(
        &mut self,
        rank: u32,
        adjacency: &Adjacency,
        ends: &[(u32, u32)],
        apparent: &[u32],
    ) -> Option<Triangle> {
        self.working.clear();
        self.taken.clear();
        self.taken.push(rank);
        coboundary(rank, adjacency, ends, |triangle| self.working.push(Reverse(triangle)));
        loop {
            let pivot = self.pivot()?;
            let (last, corner) = parts(pivot);
            if apparent[last as usize] == corner {
                self.working.push(Reverse(pivot));
                self.taken.push(last);
                coboundary(last, adjacency, ends, |triangle| self.working.push(Reverse(triangle)));
            } else if let Some(&(start, end)) = self.owners.get(&pivot) {
                self.working.push(Reverse(pivot));
                for at in start..end {
                    let edge = self.edges[at as usize];
                    self.taken.push(edge);
                    coboundary(edge, adjacency, ends, |triangle| self.working.push(Reverse(triangle)));
                }
            } else {
                self.keep(pivot);
                return Some(pivot);
            }
        }
    }

    /// Takes the earliest triangle that stands an odd number of times.
    fn pivot(&mut self) -> Option<Triangle> {
        while let Some(Reverse(first)) = self.working.pop() {
            if self.working.peek() == Some(&Reverse(first)) {
                self.working.pop();
            } else {
                return Some(first);
            }
        }
        None
    }

    /// Remembers the edges of a reduced column, those taken twice struck out.
    fn keep(&mut self, pivot: Triangle) {
        let start = self.edges.len() as u32;
        self.taken.sort_unstable();
        for run in self.taken.chunk_by(|a, b| a == b) {
            if run.len() % 2 == 1 {
                self.edges.push(run[0]);
            }
        }
        self.owners.insert(pivot, (start, self.edges.len() as u32));
    }
}

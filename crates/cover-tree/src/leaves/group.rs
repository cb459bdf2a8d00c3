//! Up to 32 queries that walk the leaves together.

use super::boxes::{FAN, between};
use super::frame::Frame;
use super::kernel::{Kernels, kernels};
use super::{LEAF, Leaves};
use crate::except::Except;
use crate::metric::square;
use crate::neighbours::Keep;

struct Query<K> {
    keep: K,
    except: Except,
    slack: f64,
    /// The run of leaves that were looked at before the walk.
    seen: (usize, usize),
}

/// A group, its answers, and the room it works in; reused from group to group.
pub(crate) struct Group<'a, K> {
    leaves: &'a Leaves,
    kernels: Kernels,
    queries: Vec<Query<K>>,
    /// As asked, row-major.
    exact: Vec<f64>,
    /// Coordinates of the first look: query by query, and axis by axis.
    rows: Vec<f32>,
    lanes: Vec<f32>,
    /// Thresholds of the first look; below 0 where there is no query.
    limits: [f32; LEAF],
    found: Vec<(f32, u32)>,
    stack: Vec<(u32, u32)>,
}

impl<'a, K: Keep> Group<'a, K> {
    pub(crate) fn new(leaves: &'a Leaves) -> Self {
        Self {
            leaves,
            kernels: kernels(),
            queries: Vec::with_capacity(LEAF),
            exact: Vec::with_capacity(LEAF * leaves.dim),
            rows: Vec::with_capacity(LEAF * leaves.dim),
            lanes: vec![f32::NAN; LEAF * leaves.dim],
            limits: [-1.0; LEAF],
            found: Vec::new(),
            stack: Vec::new(),
        }
    }

    /// Forgets all queries and gives back where their answers were kept.
    pub(crate) fn clear(&mut self, mut give_back: impl FnMut(K)) {
        self.queries.drain(..).for_each(|query| give_back(query.keep));
        self.exact.clear();
        self.rows.clear();
        self.lanes.fill(f32::NAN);
        self.limits = [-1.0; LEAF];
    }

    /// Adds a query; there is room for [`LEAF`].
    pub(crate) fn push(&mut self, point: &[f64], except: Except, keep: K) {
        let (at, dim) = (self.queries.len(), self.leaves.dim);
        self.exact.extend_from_slice(point);
        self.rows.resize((at + 1) * dim, 0.0);
        let row = &mut self.rows[at * dim..];
        let largest = self.leaves.frame.place(point, row);
        row.iter().enumerate().for_each(|(axis, &value)| self.lanes[axis * LEAF + at] = value);
        let slack = Frame::slack(dim, largest);
        self.limits[at] = self.leaves.frame.threshold(keep.limit(), slack);
        self.queries.push(Query { keep, except, slack, seen: (0, 0) });
    }

    /// Answers every query. `home` is a leaf near all of them, if one is known.
    pub(crate) fn run(&mut self, home: Option<usize>) {
        for at in 0..self.queries.len() {
            if !self.queries[at].keep.is_bounded() && self.leaves.len() > 0 {
                let home = home.unwrap_or_else(|| self.nearest_leaf(at));
                self.seed(at, home);
            }
        }
        self.walk();
    }

    /// The answers, in the order in which the queries were added.
    pub(crate) fn answers(&mut self) -> impl Iterator<Item = &mut K> {
        self.queries.iter_mut().map(|query| &mut query.keep)
    }

    /// Looks at leaves around `home` until the query knows a bound.
    fn seed(&mut self, at: usize, home: usize) {
        self.look(at, home);
        let (mut start, mut end) = (home, home + 1);
        while !self.queries[at].keep.is_bounded() && (start > 0 || end < self.leaves.len()) {
            if end < self.leaves.len() {
                self.look(at, end);
                end += 1;
            }
            if start > 0 && !self.queries[at].keep.is_bounded() {
                start -= 1;
                self.look(at, start);
            }
        }
        self.queries[at].seen = (start, end);
    }

    /// The leaf found by going to the nearest box, level by level.
    fn nearest_leaf(&self, at: usize) -> usize {
        let dim = self.leaves.dim;
        let point = &self.rows[at * dim..(at + 1) * dim];
        let (mut start, mut best) = (0, 0);
        for level in self.leaves.levels.iter().rev() {
            let mut least = f32::INFINITY;
            best = start;
            for i in start..(start + FAN).min(level.len()) {
                let distance = between((point, point), level.corners(i, dim));
                if distance < least {
                    (least, best) = (distance, i);
                }
            }
            start = best * FAN;
        }
        best
    }

    /// Shows a query the points of a leaf.
    #[inline]
    fn look(&mut self, at: usize, leaf: usize) {
        let (leaves, dim) = (self.leaves, self.leaves.dim);
        let row = &self.rows[at * dim..(at + 1) * dim];
        // SAFETY: a leaf's lanes are `dim * LEAF` long and the row `dim`; `kernels` chose for this machine.
        let mut mask = unsafe { (self.kernels.near)(leaves.lanes(leaf), row, self.limits[at], leaves.caps(leaf)) };
        if mask == 0 {
            return;
        }
        let query = &mut self.queries[at];
        let exact = &self.exact[at * dim..(at + 1) * dim];
        while mask != 0 {
            let place = leaf * LEAF + mask.trailing_zeros() as usize;
            mask &= mask - 1;
            let id = leaves.ids[place];
            if id != query.except.id && id < query.except.from {
                query.keep.offer(id, square(exact, leaves.row(place)));
            }
        }
        // Where k points lie at the query's own place, only lower ids still matter.
        query.except.from = query.except.from.min(query.keep.zeros_from());
        self.limits[at] = leaves.frame.threshold(query.keep.limit(), query.slack);
    }

    /// Visits every leaf that can hold an answer to any query, near ones first.
    fn walk(&mut self) {
        self.gather();
        let mut found = std::mem::take(&mut self.found);
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (leaves, dim) = (self.leaves, self.leaves.dim);
        for &(distance, leaf) in &found {
            // No limit ever grows, so what is too far now stays too far.
            if distance > self.widest() {
                break;
            }
            let leaf = leaf as usize;
            let (low, high) = leaves.levels[0].corners(leaf, dim);
            let (lowest, cap) = (leaves.levels[0].lowest(leaf), leaves.levels[0].cap(leaf));
            // SAFETY: the group's lanes are `dim * LEAF` long and the corners `dim`; `kernels` chose for this machine.
            let mut mask = unsafe { (self.kernels.reach)(&self.lanes, low, high, &self.limits, cap) };
            while mask != 0 {
                let at = mask.trailing_zeros() as usize;
                mask &= mask - 1;
                let Query { seen: (start, end), except, .. } = self.queries[at];
                if !(start..end).contains(&leaf) && lowest < except.from {
                    self.look(at, leaf);
                }
            }
        }
        self.found = found;
    }

    fn widest(&self) -> f32 {
        self.limits.iter().copied().fold(-1.0, f32::max)
    }

    /// Collects the leaves within the widest limit of the box around the group.
    fn gather(&mut self) {
        let (dim, levels, widest) = (self.leaves.dim, &self.leaves.levels, self.widest());
        let from = self.queries.iter().map(|query| query.except.from).max().unwrap_or(0);
        let (mut low, mut high) =
            ([f32::INFINITY; crate::points::MAX_DIM], [f32::NEG_INFINITY; crate::points::MAX_DIM]);
        for row in self.rows.chunks_exact(dim) {
            for axis in 0..dim {
                low[axis] = low[axis].min(row[axis]);
                high[axis] = high[axis].max(row[axis]);
            }
        }
        let around = (&low[..dim], &high[..dim]);
        self.found.clear();
        let top = levels.len() - 1;
        self.stack.clear();
        self.stack.extend((0..levels[top].len()).map(|i| (top as u32, i as u32)));
        while let Some((height, i)) = self.stack.pop() {
            let (level, i) = (&levels[height as usize], i as usize);
            let distance = between(around, level.corners(i, dim));
            // A distance that isn't a number can only come from a query out of range; the leaf is looked at.
            if distance > widest.min(level.cap(i)) || level.lowest(i) >= from {
                continue;
            }
            if height == 0 {
                self.found.push((distance, i as u32));
            } else {
                let end = ((i + 1) * FAN).min(levels[height as usize - 1].len());
                self.stack.extend((i * FAN..end).map(|child| (height - 1, child as u32)));
            }
        }
    }
}

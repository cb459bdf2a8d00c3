//! Up to 32 queries that walk the leaves together.

use super::boxes::{FAN, between};
use super::frame::Frame;
use super::kernel::{Kernels, kernels};
use super::{LEAF, Leaves};
use crate::except::Except;
use crate::metric::square;
use crate::neighbours::Keep;
use crate::points::MAX_DIM;
use std::ops::Range;

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
    /// The largest threshold of any query, and the id from which on no query wants any; both only shrink during a walk.
    widest: f32,
    from: u32,
    stack: Vec<Open>,
}

/// A box that is still to be looked into, and its squared distance from the box around the group.
struct Open {
    distance: f32,
    height: u32,
    place: u32,
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
            widest: -1.0,
            from: 0,
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

    /// Answers every query. `home` is a leaf near all of them, if one is known: it gives bounds before the walk.
    pub(crate) fn run(&mut self, home: Option<usize>) {
        if let Some(home) = home {
            (0..self.queries.len()).for_each(|at| self.seed(at, home));
        }
        self.walk();
        self.queries.iter_mut().for_each(|query| query.keep.finish());
    }

    /// The answers, in the order in which the queries were added.
    pub(crate) fn answers(&self) -> impl Iterator<Item = &K> {
        self.queries.iter().map(|query| &query.keep)
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
        query.keep.pause();
        // Where k points lie at the query's own place, only lower ids still matter.
        query.except.from = query.except.from.min(query.keep.zeros_from());
        self.limits[at] = leaves.frame.threshold(query.keep.limit(), query.slack);
    }

    /// Visits every leaf that can hold an answer to any query, near ones first.
    fn walk(&mut self) {
        let (dim, levels) = (self.leaves.dim, &self.leaves.levels);
        let (mut low, mut high) = ([f32::INFINITY; MAX_DIM], [f32::NEG_INFINITY; MAX_DIM]);
        for row in self.rows.chunks_exact(dim) {
            for axis in 0..dim {
                low[axis] = low[axis].min(row[axis]);
                high[axis] = high[axis].max(row[axis]);
            }
        }
        let around = (&low[..dim], &high[..dim]);
        let top = levels.len() - 1;
        self.tighten();
        self.open(top, 0..levels[top].len(), around);
        while let Some(Open { distance, height, place }) = self.stack.pop() {
            let (height, place) = (height as usize, place as usize);
            // What was near enough when it was found may be too far by now.
            if distance > self.widest {
                continue;
            }
            if height == 0 {
                self.visit(place);
            } else {
                let below = height - 1;
                self.open(below, place * FAN..((place + 1) * FAN).min(levels[below].len()), around);
            }
        }
    }

    /// Puts the boxes that matter on the stack, the nearest on top.
    fn open(&mut self, height: usize, places: Range<usize>, around: (&[f32], &[f32])) {
        let (dim, level, start) = (self.leaves.dim, &self.leaves.levels[height], self.stack.len());
        for place in places {
            let distance = between(around, level.corners(place, dim));
            if distance <= self.widest.min(level.cap(place)) && level.lowest(place) < self.from {
                self.stack.push(Open { distance, height: height as u32, place: place as u32 });
            }
        }
        self.stack[start..].sort_unstable_by(|a, b| b.distance.total_cmp(&a.distance).then(b.place.cmp(&a.place)));
    }

    /// The queries that a leaf is in reach of, one bit each.
    fn in_reach(&self, leaf: usize) -> u32 {
        // The walk has measured the box around a single query, and that is the query itself.
        if self.queries.len() == 1 {
            return 1;
        }
        let (leaves, level) = (self.leaves, &self.leaves.levels[0]);
        let (low, high) = level.corners(leaf, leaves.dim);
        // SAFETY: the group's lanes are `dim * LEAF` long and the corners `dim`; `kernels` chose for this machine.
        unsafe { (self.kernels.reach)(&self.lanes, low, high, &self.limits, level.cap(leaf)) }
    }

    /// Shows a leaf to each query that it is in reach of.
    fn visit(&mut self, leaf: usize) {
        let lowest = self.leaves.levels[0].lowest(leaf);
        let mut mask = self.in_reach(leaf);
        if mask == 0 {
            return;
        }
        while mask != 0 {
            let at = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            let Query { seen: (start, end), except, .. } = self.queries[at];
            if !(start..end).contains(&leaf) && lowest < except.from {
                self.look(at, leaf);
            }
        }
        self.tighten();
    }

    fn tighten(&mut self) {
        self.widest =
            self.limits[..self.queries.len()].iter().copied().fold(-1.0, |most, x| if x > most { x } else { most });
        self.from = self.queries.iter().map(|query| query.except.from).max().unwrap_or(0);
    }
}

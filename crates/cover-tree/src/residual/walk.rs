//! A few neighbouring queries walk the field together, nearest boxes first, until the envelope says that nothing farther matters.

use super::best::Best;
use super::engine::{Query, Source};
use super::envelope::Fitted;
use super::field::Field;
use super::real::Real;
use super::sieve::Sieve;
use super::tiles::{Chosen, Dots, Gate, LEAF, NEAR, ROWS, STEP, Score};
use crate::neighbours::MISSING;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// Points that are gathered before their correlations are computed.
const BATCH: usize = 64;
const WIDTH: usize = BATCH + LEAF;

/// What the gate let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GateCounts {
    /// Pairs of a query and a point that could have been looked at.
    pub candidates: u64,
    /// Pairs whose residual correlation was computed.
    pub kept: u64,
    /// Pairs that the envelope spared.
    pub pruned: u64,
}

/// How the points that queries of a walk need are gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lists {
    /// In one list: a point that one query needs is multiplied with all of them, at little more than the cost of reading its row of V. For
    /// queries that need mostly the same points.
    Shared,
    /// In one list what two or more of them need, and in a list for each what only that one needs.
    Apart,
}

/// Points that were gathered, whose correlations aren't computed yet.
struct List<T> {
    places: Vec<u32>,
    /// Squared distances, [`WIDTH`] for each query of the list.
    squares: Vec<T>,
}

/// A walk and the room it works in; reused from group to group.
pub(crate) struct Walk<'a, S: Source> {
    source: &'a S,
    field: &'a Field,
    /// Without one everything is looked at.
    envelope: Option<&'a Fitted>,
    pub(crate) best: Vec<Best<S::Real>>,
    pub(crate) kept: u64,
    /// Coordinates of the queries, row-major and axis by axis.
    x: Vec<f64>,
    axes: Vec<[f64; ROWS]>,
    classes: [usize; ROWS],
    /// How far each query looks: by class of the other point, and at most.
    near: [[f64; NEAR]; ROWS],
    limits: [f64; ROWS],
    open: BinaryHeap<Reverse<u64>>,
    leaf: Vec<S::Real>,
    /// The list of all queries, then one for each.
    lists: [List<S::Real>; ROWS + 1],
    inverse: Vec<S::Real>,
    dots: Vec<S::Real>,
    hits: Vec<u32>,
    rows: Vec<S::Real>,
    plain: Vec<u32>,
    sieve: Option<Sieve<'a, S::Coarse>>,
}

impl<'a, S: Source> Walk<'a, S> {
    pub(crate) fn new(source: &'a S, field: &'a Field, envelope: Option<&'a Fitted>, k: usize) -> Self {
        let list = |row: usize| {
            let rows = if row == 0 { ROWS } else { 1 };
            List { places: Vec::with_capacity(WIDTH), squares: vec![S::Real::ZERO; rows * WIDTH] }
        };
        Self {
            source,
            field,
            envelope,
            best: vec![Best::new(k); ROWS],
            kept: 0,
            x: Vec::new(),
            axes: Vec::new(),
            classes: [0; ROWS],
            near: [[0.0; NEAR]; ROWS],
            limits: [0.0; ROWS],
            open: BinaryHeap::new(),
            leaf: vec![S::Real::ZERO; ROWS * LEAF],
            lists: std::array::from_fn(list),
            inverse: Vec::with_capacity(WIDTH),
            dots: vec![S::Real::ZERO; ROWS * WIDTH],
            hits: vec![0; WIDTH],
            rows: Vec::new(),
            plain: Vec::new(),
            sieve: source.coarse().map(Sieve::new),
        }
    }

    /// Answers up to [`ROWS`] queries; the answers are in `best`.
    pub(crate) fn run(&mut self, queries: &[Query<'_, S::Real>], lists: Lists) {
        self.ask(queries);
        let before = queries.iter().map(|query| query.before).max().unwrap_or(0);
        self.open.clear();
        self.open_boxes((self.field.heights() - 1, 0), before);
        while let Some(Reverse(key)) = self.open.pop() {
            let (square, height, place) = unkey(key);
            if square > self.limits.iter().copied().fold(0.0, f64::max) {
                break;
            }
            if height == 0 {
                self.visit(place, queries, before, lists);
            } else {
                self.open_boxes((height - 1, place), before);
            }
        }
        (0..=ROWS).for_each(|list| self.flush(list, queries));
    }

    /// Takes the queries in.
    fn ask(&mut self, queries: &[Query<'_, S::Real>]) {
        self.x.clear();
        self.axes.clear();
        self.axes.resize(self.source.shape().places().dim, [0.0; ROWS]);
        // Rows without a query look nowhere.
        self.limits = [-1.0; ROWS];
        for (row, query) in queries.iter().enumerate() {
            self.x.extend_from_slice(query.x);
            self.axes.iter_mut().zip(query.x).for_each(|(axis, &value)| axis[row] = value);
            self.best[row].clear();
            (self.near[row], self.limits[row]) = ([f64::INFINITY; NEAR], f64::INFINITY);
            self.classes[row] = self.envelope.map_or(0, |fitted| fitted.envelope.class(query.p));
        }
        if let Some(sieve) = &mut self.sieve {
            sieve.ask(queries);
        }
    }

    /// Notes the boxes under one, but those beyond the reach of all queries: a walk never looks farther than it does now.
    fn open_boxes(&mut self, (height, parent): (usize, usize), before: u32) {
        let scales = &self.source.shape().scales[..];
        for place in self.field.boxes(height, parent) {
            if self.field.lowest(height, place) >= before {
                continue;
            }
            let squares = self.field.between(height, place, &self.axes, scales);
            let mut nearest = f64::INFINITY;
            let mut wanted = false;
            for (&square, &limit) in squares.iter().zip(&self.limits) {
                wanted |= square <= limit;
                let square = if limit < 0.0 { f64::INFINITY } else { square };
                nearest = if square < nearest { square } else { nearest };
            }
            if wanted {
                self.open.push(Reverse(key(nearest, height, place)));
            }
        }
    }

    /// Gathers the points of a leaf that are near enough to some query.
    #[inline]
    fn visit(&mut self, leaf: usize, queries: &[Query<'_, S::Real>], before: u32, lists: Lists) {
        let count = queries.len();
        let shape = self.source.shape();
        let places: &[u32; LEAF] = self.field.places(leaf..leaf + 1).try_into().expect("a leaf has as many places");
        let classes = match self.envelope {
            Some(fitted) => places.map(|place| fitted.classes[place as usize]),
            None => [0; LEAF],
        };
        let gate = Gate {
            lanes: self.field.lanes(leaf),
            queries: &self.x,
            scales: &shape.scales,
            near: &self.near[..count],
            classes: &classes,
        };
        let mut masks = [0; ROWS];
        gate.run(S::Real::loops(), &mut self.leaf, LEAF, &mut masks);
        if before < MISSING {
            let ids = &shape.places().ids;
            let late = (0..LEAF).fold(0, |late, lane| late | u32::from(ids[places[lane] as usize] >= before) << lane);
            masks.iter_mut().for_each(|mask| *mask &= !late);
        }
        let mut is_full = false;
        for (list, mut mask) in lists.spread(masks).into_iter().enumerate() {
            let rows = rows(list, count);
            let list = &mut self.lists[list];
            while mask != 0 {
                let lane = mask.trailing_zeros() as usize;
                mask &= mask - 1;
                let at = list.places.len();
                for (slot, row) in rows.clone().enumerate() {
                    list.squares[slot * WIDTH + at] = self.leaf[row * LEAF + lane];
                }
                list.places.push(places[lane]);
            }
            is_full |= list.places.len() >= BATCH;
        }
        for list in (0..=ROWS).filter(|_| is_full) {
            // Lists that are half full go along: what they bring may spare the others.
            if self.lists[list].places.len() >= BATCH / 2 {
                self.flush(list, queries);
            }
        }
    }

    /// Computes the correlations of what was gathered in a list.
    fn flush(&mut self, at: usize, queries: &[Query<'_, S::Real>]) {
        if self.lists[at].places.is_empty() {
            return;
        }
        let range = rows(at, queries.len());
        let queries = &queries[range.clone()];
        let List { places: list, squares } = &mut self.lists[at];
        self.kept += (list.len() * queries.len()) as u64;
        if let Some(sieve) = &mut self.sieve {
            sieve.sift(range.start, queries, &self.best[range.clone()], list, squares, WIDTH);
        }
        let len = list.len();
        let Some(&last) = list.last() else { return };
        list.resize(len.next_multiple_of(STEP), last);
        self.inverse.clear();
        self.inverse.extend(list[..len].iter().map(|&place| self.source.inverse(place)));
        let mut rows = [&[][..]; ROWS];
        rows.iter_mut().zip(queries).for_each(|(row, query)| *row = query.v);
        let (loops, shape) = (S::Real::loops(), self.source.shape());
        let (base, stride, plain) = self.source.rows(list, &mut self.rows, &mut self.plain);
        let call = Dots { rows: &rows[..queries.len()], base, stride, len: stride, list: plain };
        call.run(loops, &mut self.dots, WIDTH);
        for (slot, (row, query)) in range.zip(queries).enumerate() {
            let best = &mut self.best[row];
            let dots = &mut self.dots[slot * WIDTH..slot * WIDTH + len];
            let score = Score {
                kind: shape.kind,
                variance: S::Real::from_f64(shape.variance),
                squares: &squares[slot * WIDTH..slot * WIDTH + len],
                inverse: &self.inverse,
                own: query.own(),
                least: best.least(),
            };
            let found = score.run(loops, dots, &mut self.hits);
            for &at in &self.hits[..found] {
                let id = shape.places().ids[list[at as usize] as usize];
                if query.wants(id) {
                    best.offer(dots[at as usize], id);
                }
            }
            best.tighten();
            if let (Some(fitted), true) = (self.envelope, best.is_full()) {
                let limits = fitted.envelope.limits(self.classes[row], best.least().to_f64());
                self.near[row][..limits.len()].copy_from_slice(limits);
                self.limits[row] = limits[limits.len() - 1];
            }
        }
        list.clear();
    }
}

impl Lists {
    /// Which lanes go to which list, by the lanes that each query needs.
    fn spread(self, masks: [u32; ROWS]) -> [u32; ROWS + 1] {
        let (mut any, mut several) = (0, 0);
        for mask in masks {
            several |= any & mask;
            any |= mask;
        }
        let mut lists = [0; ROWS + 1];
        if self == Self::Shared {
            lists[0] = any;
        } else {
            lists[0] = several;
            lists[1..].iter_mut().zip(masks).for_each(|(list, mask)| *list = mask & !several);
        }
        lists
    }
}

/// The queries of a list.
fn rows(list: usize, queries: usize) -> Range<usize> {
    if list == 0 { 0..queries } else { list - 1..list.min(queries).max(list - 1) }
}

/// A box to be opened, nearer ones first. Distances are rounded down: none looks farther than it is.
fn key(square: f64, height: usize, place: usize) -> u64 {
    let below = (square * (1.0 - 2.0 * f64::from(f32::EPSILON))).min(f64::from(f32::MAX)) as f32;
    let below = if below < f32::MIN_POSITIVE { 0.0 } else { below };
    // Distances aren't negative, so their bits are in the order of their values. A leaf holds more than 2^4 of 2^32 points.
    u64::from(below.to_bits()) << 32 | (height as u64) << 28 | place as u64
}

/// What a key was made of.
fn unkey(key: u64) -> (f64, usize, usize) {
    let place = key as u32;
    (f64::from(f32::from_bits((key >> 32) as u32)), (place >> 28) as usize, (place & ((1 << 28) - 1)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_that_several_need_go_to_the_shared_list() {
        let masks = [0b1100, 0b1010, 0, 0b1001];
        assert_eq!(Lists::Shared.spread(masks), [0b1111, 0, 0, 0, 0]);
        assert_eq!(Lists::Apart.spread(masks), [0b1000, 0b100, 0b10, 0, 0b1]);
    }

    #[test]
    fn a_box_never_looks_farther_than_it_is() {
        for square in [0.0, 5e-324, 1e-46, 1.2e-38, 1e-3, 0.1, 1.0 + f64::EPSILON, 3e38, 4e38, 1e300, f64::INFINITY] {
            let (below, height, place) = unkey(key(square, 9, (1 << 27) - 1));
            assert!(
                below <= square && (below >= square * 0.999_999 || !(1e-37..1e38).contains(&square)),
                "{square}: {below}"
            );
            assert_eq!((height, place), (9, (1 << 27) - 1));
        }
        assert!(key(1.0, 3, 7) < key(1.1, 0, 0) && key(1.0, 0, 7) < key(1.0, 0, 8));
    }
}

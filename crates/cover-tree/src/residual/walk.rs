//! A few neighbouring queries walk the field together, nearest boxes first, until the envelope says that nothing farther matters.

use super::best::Best;
use super::engine::{Query, Source};
use super::envelope::{CLASSES, Fitted};
use super::field::Field;
use super::real::Real;
use super::sieve::Sieve;
use super::tiles::{Chosen, Dots, Gate, LEAF, ROWS, STEP, Score};
use crate::points::MAX_DIM;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

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

/// A walk and the room it works in; reused from group to group.
pub(crate) struct Walk<'a, S: Source> {
    source: &'a S,
    field: &'a Field,
    /// Without one everything is looked at.
    envelope: Option<&'a Fitted>,
    pub(crate) best: Vec<Best<S::Real>>,
    pub(crate) kept: u64,
    x: Vec<f64>,
    classes: [usize; ROWS],
    /// How far each query looks: by class of the other point, and at most.
    near: [[f64; CLASSES]; ROWS],
    limits: [f64; ROWS],
    open: BinaryHeap<Reverse<(u64, u32, u32)>>,
    leaf: Vec<S::Real>,
    list: Vec<u32>,
    squares: Vec<S::Real>,
    inverse: Vec<S::Real>,
    dots: Vec<S::Real>,
    hits: Vec<u32>,
    rows: Vec<S::Real>,
    plain: Vec<u32>,
    sieve: Option<Sieve<'a, S::Coarse>>,
}

impl<'a, S: Source> Walk<'a, S> {
    pub(crate) fn new(source: &'a S, field: &'a Field, envelope: Option<&'a Fitted>, k: usize) -> Self {
        Self {
            source,
            field,
            envelope,
            best: vec![Best::new(k); ROWS],
            kept: 0,
            x: Vec::new(),
            classes: [0; ROWS],
            near: [[0.0; CLASSES]; ROWS],
            limits: [0.0; ROWS],
            open: BinaryHeap::new(),
            leaf: vec![S::Real::ZERO; ROWS * LEAF],
            list: Vec::with_capacity(WIDTH),
            squares: vec![S::Real::ZERO; ROWS * WIDTH],
            inverse: Vec::with_capacity(WIDTH),
            dots: vec![S::Real::ZERO; ROWS * WIDTH],
            hits: vec![0; WIDTH],
            rows: Vec::new(),
            plain: Vec::new(),
            sieve: source.coarse().map(Sieve::new),
        }
    }

    /// Answers up to [`ROWS`] queries; the answers are in `best`.
    pub(crate) fn run(&mut self, queries: &[Query<'_, S::Real>]) {
        let (dim, count) = (self.source.shape().places().dim, queries.len());
        self.x.clear();
        let (mut low, mut high) = ([f64::INFINITY; MAX_DIM], [f64::NEG_INFINITY; MAX_DIM]);
        for (row, query) in queries.iter().enumerate() {
            self.x.extend_from_slice(query.x);
            for (axis, &value) in query.x.iter().enumerate() {
                low[axis] = low[axis].min(value);
                high[axis] = high[axis].max(value);
            }
            self.best[row].clear();
            (self.near[row], self.limits[row]) = ([f64::INFINITY; CLASSES], f64::INFINITY);
            self.classes[row] = self.envelope.map_or(0, |fitted| fitted.envelope.class(query.p));
        }
        if let Some(sieve) = &mut self.sieve {
            sieve.ask(queries);
        }
        let (low, high) = (&low[..dim], &high[..dim]);
        let before = queries.iter().map(|query| query.before).max().unwrap_or(0);
        self.open.clear();
        self.open_boxes((self.field.heights() - 1, 0), (low, high), before, f64::INFINITY);
        while let Some(Reverse((bits, height, place))) = self.open.pop() {
            let widest = self.limits[..count].iter().copied().fold(0.0, f64::max);
            if f64::from_bits(bits) > widest {
                break;
            }
            if height == 0 {
                self.visit(place as usize, queries, before);
            } else {
                self.open_boxes((height as usize - 1, place as usize), (low, high), before, widest);
            }
        }
        self.flush(queries);
    }

    /// Notes the boxes under one, but those beyond `widest`: a walk never looks farther than it does now.
    fn open_boxes(
        &mut self,
        (height, parent): (usize, usize),
        (low, high): (&[f64], &[f64]),
        before: u32,
        widest: f64,
    ) {
        let scales = &self.source.shape().scales[..];
        for place in self.field.boxes(height, parent) {
            if self.field.lowest(height, place) < before {
                let square = self.field.between(height, place, low, high, scales);
                if square <= widest {
                    // Distances aren't negative, so their bits are in the order of their values.
                    self.open.push(Reverse((square.to_bits(), height as u32, place as u32)));
                }
            }
        }
    }

    /// Gathers the points of a leaf that are near enough to some query.
    #[inline]
    fn visit(&mut self, leaf: usize, queries: &[Query<'_, S::Real>], before: u32) {
        let count = queries.len();
        let scales = &self.source.shape().scales[..];
        let gate = Gate { lanes: self.field.lanes(leaf), queries: &self.x, scales, limits: &self.limits[..count] };
        let mut mask = gate.run(S::Real::loops(), &mut self.leaf, LEAF);
        let places = self.field.places(leaf..leaf + 1);
        while mask != 0 {
            let lane = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            let place = places[lane];
            if self.source.shape().places().ids[place as usize] >= before {
                continue;
            }
            if let Some(fitted) = self.envelope {
                let class = fitted.classes[place as usize] as usize;
                if !(0..count).any(|row| self.leaf[row * LEAF + lane].to_f64() <= self.near[row][class]) {
                    continue;
                }
            }
            let at = self.list.len();
            (0..count).for_each(|row| self.squares[row * WIDTH + at] = self.leaf[row * LEAF + lane]);
            self.list.push(place);
        }
        if self.list.len() >= BATCH {
            self.flush(queries);
        }
    }

    /// Computes the correlations of what was gathered.
    fn flush(&mut self, queries: &[Query<'_, S::Real>]) {
        self.kept += (self.list.len() * queries.len()) as u64;
        if let Some(sieve) = &mut self.sieve {
            sieve.sift(queries, &self.best, &mut self.list, &mut self.squares, WIDTH);
        }
        let len = self.list.len();
        let Some(&last) = self.list.last() else { return };
        self.list.resize(len.next_multiple_of(STEP), last);
        self.inverse.clear();
        self.inverse.extend(self.list[..len].iter().map(|&place| self.source.inverse(place)));
        let mut rows = [&[][..]; ROWS];
        rows.iter_mut().zip(queries).for_each(|(row, query)| *row = query.v);
        let loops = S::Real::loops();
        let (base, stride, list) = self.source.rows(&self.list, &mut self.rows, &mut self.plain);
        let call = Dots { rows: &rows[..queries.len()], base, stride, len: stride, list };
        call.run(loops, &mut self.dots, WIDTH);
        for (row, query) in queries.iter().enumerate() {
            let best = &mut self.best[row];
            let dots = &mut self.dots[row * WIDTH..row * WIDTH + len];
            let score = Score {
                kind: self.source.shape().kind,
                variance: S::Real::from_f64(self.source.shape().variance),
                squares: &self.squares[row * WIDTH..row * WIDTH + len],
                inverse: &self.inverse,
                own: query.own(),
                least: best.least(),
            };
            let found = score.run(loops, dots, &mut self.hits);
            for &at in &self.hits[..found] {
                let id = self.source.shape().places().ids[self.list[at as usize] as usize];
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
        self.list.clear();
    }
}

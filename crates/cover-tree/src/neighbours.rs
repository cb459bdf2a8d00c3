//! Answers, and the bounded list they are collected in.

use crate::error::Error;
use std::cmp::Ordering;

/// The id that stands where there is no neighbour; its distance is `+inf`.
pub const MISSING: u32 = u32::MAX;
/// Most neighbours that can be asked for at once.
pub const MAX_K: usize = 65_536;

/// `k` neighbours for each query, nearest first, equal distances by ascending id.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// Neighbours a query.
    pub k: usize,
    /// `queries * k` ids, row-major: the places of the points in the order they were given; [`MISSING`] where there are fewer.
    pub ids: Vec<u32>,
    /// As many distances; `+inf` where there are fewer.
    pub distances: Vec<f32>,
}

impl Neighbours {
    /// Room for `rows * k` neighbours, all missing.
    pub(crate) fn missing(rows: usize, k: usize) -> Self {
        Self { k, ids: vec![MISSING; rows * k], distances: vec![f32::INFINITY; rows * k] }
    }
}

/// All neighbours within a radius, nearest first, equal distances by ascending id.
#[derive(Debug, Clone, PartialEq)]
pub struct Within {
    /// The neighbours of query `i` are those from `starts[i]` to `starts[i + 1]`.
    pub starts: Vec<usize>,
    /// Ids of the points.
    pub ids: Vec<u32>,
    /// As many distances.
    pub distances: Vec<f32>,
}

/// Refuses a `k` that can't be asked for.
pub(crate) fn check_k(k: usize) -> Result<(), Error> {
    if (1..=MAX_K).contains(&k) { Ok(()) } else { Err(Error::Count { received: k }) }
}

/// Where a search leaves what it found.
pub(crate) trait Keep {
    /// Offers a point by the measure that the search compares (a distance, or its square).
    fn offer(&mut self, id: u32, measure: f64);
    /// Points beyond this measure aren't kept; those at it may be.
    fn limit(&self) -> f64;
    /// Whether farther points can still be refused: false until `k` are known.
    fn is_bounded(&self) -> bool;
    /// Ids from here on aren't wanted at any distance: the list is full of points at distance 0 with lower ids.
    fn zeros_from(&self) -> u32 {
        MISSING
    }
    /// Notes that a run of offers ended: a good moment to learn a bound.
    fn pause(&mut self) {}
    /// Puts what was kept in order, nearest first; nothing is offered afterwards.
    fn finish(&mut self);
    /// What was kept; in order after [`Keep::finish`].
    fn kept(&self) -> &[Kept];
}

/// A point that was kept: its measure and its id.
pub(crate) type Kept = (f64, u32);

/// Nearer first, equal measures by ascending id.
fn nearer(a: &Kept, b: &Kept) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

/// The `k` nearest.
///
/// Points go to the end of a list that is cut back to the best `k` when it has grown to twice as many: a constant time for each,
/// where a sorted list or a heap of 50 takes longer than all distances together. The bound is that of the last cut.
#[derive(Debug, Clone)]
pub(crate) struct Nearest {
    k: usize,
    kept: Vec<Kept>,
    /// The k-th of the last cut.
    bound: Option<Kept>,
}

impl Nearest {
    pub(crate) fn new(k: usize) -> Self {
        Self { k, kept: Vec::with_capacity(2 * k.min(1024)), bound: None }
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.bound = None;
    }

    fn cut(&mut self) {
        if self.kept.len() >= self.k {
            let (_, worst, _) = self.kept.select_nth_unstable_by(self.k - 1, nearer);
            self.bound = Some(*worst);
            self.kept.truncate(self.k);
        }
    }
}

impl Keep for Nearest {
    #[inline]
    fn offer(&mut self, id: u32, measure: f64) {
        if self.bound.is_some_and(|bound| (measure, id) >= bound) {
            return;
        }
        self.kept.push((measure, id));
        if self.kept.len() >= 2 * self.k {
            self.cut();
        }
    }

    #[inline]
    fn limit(&self) -> f64 {
        self.bound.map_or(f64::INFINITY, |bound| bound.0)
    }

    #[inline]
    fn is_bounded(&self) -> bool {
        self.bound.is_some()
    }

    #[inline]
    fn zeros_from(&self) -> u32 {
        match self.bound {
            Some((0.0, id)) => id,
            _ => MISSING,
        }
    }

    #[inline]
    fn pause(&mut self) {
        if self.bound.is_none() {
            self.cut();
        }
    }

    fn finish(&mut self) {
        self.cut();
        self.kept.sort_unstable_by(nearer);
    }

    fn kept(&self) -> &[Kept] {
        &self.kept
    }
}

/// Everything within a measure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ball {
    radius: f64,
    /// Whether measures are squares.
    squares: bool,
    kept: Vec<Kept>,
}

impl Ball {
    pub(crate) fn new(radius: f64, squares: bool) -> Self {
        Self { radius, squares, ..Self::default() }
    }
}

impl Keep for Ball {
    #[inline]
    fn offer(&mut self, id: u32, measure: f64) {
        // The root is compared, not the square: squaring a radius that is itself a root may round below what it came from.
        let distance = if self.squares { measure.sqrt() } else { measure };
        if distance <= self.radius {
            self.kept.push((measure, id));
        }
    }

    #[inline]
    fn limit(&self) -> f64 {
        if self.squares { self.radius * self.radius * (1.0 + 1e-15) } else { self.radius }
    }

    #[inline]
    fn is_bounded(&self) -> bool {
        true
    }

    fn finish(&mut self) {
        self.kept.sort_unstable_by(nearer);
    }

    fn kept(&self) -> &[Kept] {
        &self.kept
    }
}

//! Answers, and the bounded list they are collected in.

use crate::error::Error;

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
    /// What was kept, nearest first.
    fn kept(&self) -> (&[f64], &[u32]);
}

/// The `k` nearest, in order. Shifting a short sorted list costs less than keeping a heap and sorting it at the end.
#[derive(Debug, Clone)]
pub(crate) struct Nearest {
    k: usize,
    measures: Vec<f64>,
    ids: Vec<u32>,
}

impl Nearest {
    pub(crate) fn new(k: usize) -> Self {
        Self { k, measures: Vec::with_capacity(k.min(1024) + 1), ids: Vec::with_capacity(k.min(1024) + 1) }
    }

    pub(crate) fn clear(&mut self) {
        self.measures.clear();
        self.ids.clear();
    }
}

impl Keep for Nearest {
    #[inline]
    fn offer(&mut self, id: u32, measure: f64) {
        let full = self.is_bounded();
        if full && (measure, id) >= (self.measures[self.k - 1], self.ids[self.k - 1]) {
            return;
        }
        let mut place = self.measures.partition_point(|&known| known < measure);
        while place < self.ids.len() && self.measures[place] == measure && self.ids[place] < id {
            place += 1;
        }
        if full {
            self.measures.pop();
            self.ids.pop();
        }
        self.measures.insert(place, measure);
        self.ids.insert(place, id);
    }

    #[inline]
    fn limit(&self) -> f64 {
        if self.is_bounded() { self.measures[self.k - 1] } else { f64::INFINITY }
    }

    #[inline]
    fn is_bounded(&self) -> bool {
        self.ids.len() == self.k
    }

    #[inline]
    fn zeros_from(&self) -> u32 {
        if self.limit() == 0.0 { self.ids[self.k - 1] } else { MISSING }
    }

    fn kept(&self) -> (&[f64], &[u32]) {
        (&self.measures, &self.ids)
    }
}

/// Everything within a measure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ball {
    radius: f64,
    /// Whether measures are squares.
    squares: bool,
    found: Vec<(f64, u32)>,
    measures: Vec<f64>,
    ids: Vec<u32>,
}

impl Ball {
    pub(crate) fn new(radius: f64, squares: bool) -> Self {
        Self { radius, squares, ..Self::default() }
    }

    /// Puts what was found in order; until then [`Keep::kept`] is empty.
    pub(crate) fn finish(&mut self) {
        self.found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        (self.measures, self.ids) = self.found.drain(..).unzip();
    }
}

impl Keep for Ball {
    #[inline]
    fn offer(&mut self, id: u32, measure: f64) {
        // The root is compared, not the square: squaring a radius that is itself a root may round below what it came from.
        let distance = if self.squares { measure.sqrt() } else { measure };
        if distance <= self.radius {
            self.found.push((measure, id));
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

    fn kept(&self) -> (&[f64], &[u32]) {
        (&self.measures, &self.ids)
    }
}

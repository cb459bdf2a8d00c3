//! Everything a search reads, in one precision.

use super::field::{Field, Places};
use super::kernel::KernelKind;
use super::matrix::Matrix;
use super::real::Real;
use super::root::{Factors, Root};
use super::tiles::Chosen;
use super::tree::Structure;
use crate::neighbours::MISSING;
use xxhash_rust::xxh3::Xxh3;

/// Below this share of the variance a residual variance is too small for `f32`: sums of it are off by some 3e-7 of the
/// variance, correlations by that over `p`. (At 1e-4 up to a hundredth of the neighbours comes out wrong, at 1e-6 one in five to
/// all.)
pub(crate) const FINE: f64 = 5e-4;
/// Below this share of the variance, and of the median, a point is as good as an inducing point: its correlations are as weak
/// with near points as with far ones, so that no envelope ends a search.
const TINY: (f64, f64) = (1e-5, 1e-2);

/// What all precisions share.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) kind: KernelKind,
    pub(crate) variance: f64,
    /// Inverse lengthscales, one for each coordinate.
    pub(crate) scales: Vec<f64>,
    pub(crate) structure: Structure,
    /// Residual variances, by place.
    pub(crate) p: Vec<f64>,
}

impl Shape {
    #[inline]
    pub(crate) fn places(&self) -> &Places {
        &self.structure.places
    }

    /// A digest of kernel, coordinates and residual variances, in hexadecimal.
    pub(crate) fn digest(&self) -> String {
        let mut hasher = Xxh3::new();
        hasher.update(bytemuck::cast_slice(&self.places().rows));
        hasher.update(bytemuck::cast_slice(&self.places().ids));
        hasher.update(bytemuck::cast_slice(&self.p));
        hasher.update(bytemuck::cast_slice(&self.scales));
        hasher.update(&self.variance.to_le_bytes());
        hasher.update(self.kind.as_str().as_bytes());
        format!("{:032x}", hasher.digest128())
    }

    /// All places in the order of the curve.
    #[inline]
    pub(crate) fn field(&self) -> &Field {
        &self.structure.field
    }
}

/// V and `1 / sqrt(p)`, by place along the curve.
#[derive(Debug)]
pub(crate) struct Engine<T> {
    pub(crate) shape: Shape,
    pub(crate) v: Matrix<T>,
    /// What rounding took from V, where some residual variances ask for it.
    pub(crate) rest: Option<Matrix<f32>>,
    pub(crate) inverse: Vec<T>,
    /// The residual variance below which queries are held against all pairs.
    tiny: f64,
    /// The smallest and the largest residual variance of the points.
    range: (f64, f64),
}

impl<T: Chosen> Engine<T> {
    pub(crate) fn new(
        (kind, variance, scales): (KernelKind, f64, Vec<f64>),
        structure: Structure,
        Factors { v, rest, p }: Factors<T>,
    ) -> Self {
        let inverse = inverse(&p);
        let mut sorted = p.clone();
        let middle = sorted.len() / 2;
        let median =
            if sorted.is_empty() { variance } else { *sorted.select_nth_unstable_by(middle, f64::total_cmp).1 };
        let tiny = (TINY.0 * variance).min(TINY.1 * median);
        let range = p.iter().fold((variance, 0.0), |(least, most): (f64, f64), &p| (least.min(p), most.max(p)));
        Self { shape: Shape { kind, variance, scales, structure, p }, v, rest, inverse, tiny, range }
    }

    fn kernel(&self) -> (KernelKind, f64, Vec<f64>) {
        (self.shape.kind, self.shape.variance, self.shape.scales.clone())
    }

    /// The engine of another structure: its rows are those of this engine and, from its last place on, new ones, as listed.
    pub(crate) fn grown(&self, structure: Structure, from: &[u32], new: &Factors<T>) -> Self {
        let v = self.v.picked(&new.v, from);
        let rest = self.rest.as_ref().zip(new.rest.as_ref()).map(|(rest, new)| rest.picked(new, from));
        let own = self.shape.p.len();
        let p = |&at: &u32| if (at as usize) < own { self.shape.p[at as usize] } else { new.p[at as usize - own] };
        Self::new(self.kernel(), structure, Factors { v, rest, p: from.iter().map(p).collect() })
    }

    /// The same engine in `f64`.
    pub(crate) fn widened(&self) -> Engine<f64> {
        let factors = Factors { v: self.v.rounded(), rest: None, p: self.shape.p.clone() };
        Engine::new(self.kernel(), self.shape.structure.clone(), factors)
    }

    /// Whether a query of this residual variance must be answered in `f64`.
    pub(crate) fn is_fine(&self, p: f64) -> bool {
        self.rest.is_some() && p < FINE * self.shape.variance
    }

    /// What rounding to `f32` may have done to a residual covariance.
    ///
    /// Numbers are rounded once, each of `stride / 16` sums in a lane, then those of 16 lanes; the kernel is off by a few units
    /// more. All by at most 2^-24 of the variance, which bounds every partial sum of |v w| (Cauchy and Schwarz).
    pub(crate) fn off(&self) -> f64 {
        (self.v.stride() / 16 + 16) as f64 * (-24_f64).exp2() * self.shape.variance
    }

    /// Whether a query of this residual variance whose k-th correlation in `f32` is `strength` must be answered again: points of
    /// small residual variance may show as much by rounding alone.
    pub(crate) fn is_drowned(&self, p: f64, strength: f64) -> bool {
        self.rest.is_some() && strength * (p * self.range.0).sqrt() < self.off()
    }

    /// Whether a new query is none that the envelope's samples speak for: it knows less of the inducing points than any point
    /// does, as far from the points a query may.
    pub(crate) fn is_strange(&self, p: f64) -> bool {
        p > self.range.1 * (1.0 + 1e-6)
    }

    /// Whether a query of this residual variance must be held against all pairs, in `f64`.
    pub(crate) fn is_tiny(&self, p: f64) -> bool {
        p < self.tiny
    }

    pub(crate) fn bytes(&self) -> usize {
        self.v.bytes()
            + self.rest.as_ref().map_or(0, Matrix::bytes)
            + size_of_val(&self.inverse[..])
            + size_of_val(&self.shape.p[..])
            + self.shape.field().bytes()
            + size_of_val(&self.shape.places().rows[..])
            + size_of_val(&self.shape.places().ids[..])
    }
}

/// `1 / sqrt(p)`.
fn inverse<T: Real>(p: &[f64]) -> Vec<T> {
    p.iter().map(|p| T::from_f64(1.0 / p.sqrt())).collect()
}

/// Where all pairs read V from.
pub(crate) trait Source: Sync {
    /// The precision.
    type Real: Chosen;
    /// The precision of a first look.
    type Coarse: Chosen;
    /// Where a first look costs less than the rows themselves, the engine it is taken in.
    fn coarse(&self) -> Option<&Engine<Self::Coarse>> {
        None
    }
    /// What all precisions share.
    fn shape(&self) -> &Shape;
    /// `1 / sqrt(p)` at a place.
    fn inverse(&self, place: u32) -> Self::Real;
    /// Rows of V: gives a matrix, its stride, and the rows of it that are those listed. `room` and `plain` may be used.
    fn rows<'a>(
        &'a self,
        list: &'a [u32],
        room: &'a mut Vec<Self::Real>,
        plain: &'a mut Vec<u32>,
    ) -> (&'a [Self::Real], usize, &'a [u32]);
}

impl<T: Chosen> Source for Engine<T> {
    type Real = T;
    type Coarse = T;

    fn shape(&self) -> &Shape {
        &self.shape
    }

    #[inline]
    fn inverse(&self, place: u32) -> T {
        self.inverse[place as usize]
    }

    #[inline]
    fn rows<'a>(&'a self, list: &'a [u32], _: &'a mut Vec<T>, _: &'a mut Vec<u32>) -> (&'a [T], usize, &'a [u32]) {
        (self.v.values(), self.v.stride(), list)
    }
}

/// The same engine in `f64`: rows of V put together from what was rounded and what rounding took, some 48 bits.
pub(crate) struct Fine<'a, T>(pub(crate) &'a Engine<T>);

/// Writes a row of V in `f64`, put together from what was rounded and what rounding took.
pub(crate) fn write_row<T: Chosen>(v: &Matrix<T>, rest: Option<&Matrix<f32>>, place: u32, out: &mut [f64]) {
    let row = v.row(place as usize);
    match rest {
        None => out.iter_mut().zip(row).for_each(|(out, value)| *out = value.to_f64()),
        Some(rest) => T::loops().widen(row, rest.row(place as usize), out),
    }
}

impl<T: Chosen> Source for Fine<'_, T> {
    type Real = f64;
    type Coarse = T;

    fn coarse(&self) -> Option<&Engine<T>> {
        self.0.rest.is_some().then_some(self.0)
    }

    fn shape(&self) -> &Shape {
        &self.0.shape
    }

    fn inverse(&self, place: u32) -> f64 {
        1.0 / self.0.shape.p[place as usize].sqrt()
    }

    fn rows<'a>(
        &'a self,
        list: &'a [u32],
        room: &'a mut Vec<f64>,
        plain: &'a mut Vec<u32>,
    ) -> (&'a [f64], usize, &'a [u32]) {
        let stride = self.0.v.stride();
        // What is left from another list is overwritten: clearing it would cost as much as writing.
        if room.len() < list.len() * stride {
            room.resize(list.len() * stride, 0.0);
        }
        let rest = self.0.rest.as_ref();
        room.chunks_exact_mut(stride).zip(list).for_each(|(out, &place)| write_row(&self.0.v, rest, place, out));
        plain.clear();
        plain.extend(0..list.len() as u32);
        (room, self.0.v.stride(), plain)
    }
}

/// Points that aren't in the structure, as queries.
#[derive(Debug)]
pub(crate) struct Asked<'a, T> {
    pub(crate) v: Matrix<T>,
    /// What rounding took from V, where that is known.
    pub(crate) rest: Option<Matrix<f32>>,
    /// Else what computes it anew for the few queries that need it.
    pub(crate) root: Option<&'a Root>,
    pub(crate) p: Vec<f64>,
    pub(crate) places: Places,
}

/// One query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'a, T> {
    pub(crate) v: &'a [T],
    /// Residual variance.
    pub(crate) p: f64,
    pub(crate) x: &'a [f64],
    /// The point it is itself, or [`MISSING`].
    pub(crate) id: u32,
    /// Ids from here on aren't wanted.
    pub(crate) before: u32,
}

impl<'a, T: Real> Query<'a, T> {
    /// A point of a shape, by place.
    pub(crate) fn indexed(shape: &'a Shape, v: &'a [T], place: u32, before: u32) -> Self {
        let at = place as usize;
        Self { v, p: shape.p[at], x: shape.places().row(at), id: shape.places().ids[at], before }
    }

    /// A point asked for, by place.
    pub(crate) fn asked<S>(asked: &'a Asked<'_, S>, v: &'a [T], place: u32) -> Self {
        let at = place as usize;
        Self { v, p: asked.p[at], x: asked.places.row(at), id: MISSING, before: MISSING }
    }

    /// `1 / sqrt(p)`.
    #[inline]
    pub(crate) fn own(&self) -> T {
        T::from_f64(1.0 / self.p.sqrt())
    }

    #[inline]
    pub(crate) fn wants(&self, id: u32) -> bool {
        id != self.id && id < self.before
    }
}

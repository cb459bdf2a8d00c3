//! From squared distances and inner products to correlations that matter.

use super::{LEAF, Loops};
use crate::residual::kernel::KernelKind;
use crate::residual::real::{Fuse, Real};

/// Residual correlations of one query with a list of points.
pub(crate) struct Score<'a, T> {
    pub(crate) kind: KernelKind,
    pub(crate) variance: T,
    /// Squared distances in units of the lengthscale.
    pub(crate) squares: &'a [T],
    /// `1 / sqrt(p)` of the listed points.
    pub(crate) inverse: &'a [T],
    /// `1 / sqrt(p)` of the query.
    pub(crate) own: T,
    /// Correlations below this don't matter.
    pub(crate) least: T,
}

impl<T: Real> Score<'_, T> {
    /// Turns inner products into `|ρ|` (-1 where the distance is NaN), in place, and notes the places of those that matter; gives how many there are.
    ///
    /// # Panics
    /// When the lists differ in length.
    #[inline]
    pub(crate) fn run(&self, loops: &Loops<T>, dots: &mut [T], hits: &mut [u32]) -> usize {
        assert!(self.squares.len() == dots.len() && self.inverse.len() == dots.len() && hits.len() >= dots.len());
        // SAFETY: the lists are of one length, and the loops were chosen for this machine.
        unsafe { (loops.score)(self, dots, hits) }
    }
}

/// Room for the classes of points that [`Gate`] tells apart.
pub(crate) const NEAR: usize = 16;

/// Squared distances of up to four queries from the points of a leaf, and who is near enough.
///
/// They are measured in `f64` from the coordinates as sent, whatever the precision: that costs a hundredth of the inner products,
/// and neither an offset nor clusters far apart can spoil them.
pub(crate) struct Gate<'a> {
    /// Coordinates of the leaf's points, axis by axis; NaN where there is no point.
    pub(crate) lanes: &'a [f64],
    /// Coordinates of the queries, row-major.
    pub(crate) queries: &'a [f64],
    /// What a difference of coordinates is multiplied with, axis by axis: the inverse lengthscale.
    pub(crate) scales: &'a [f64],
    /// For each query the largest squared distance that matters, by class of the point.
    pub(crate) near: &'a [[f64; NEAR]],
    /// The classes of the leaf's points, each below [`NEAR`].
    pub(crate) classes: &'a [u8; LEAF],
}

impl Gate<'_> {
    /// Writes the squared distances from query `q` to `squares[q * width..]`, and to `masks[q]` a bit for every point that is near
    /// enough.
    ///
    /// # Panics
    /// When the lengths don't fit each other.
    #[inline]
    pub(crate) fn run<T: Real>(&self, loops: &Loops<T>, squares: &mut [T], width: usize, masks: &mut [u32]) {
        assert!(!self.near.is_empty() && (self.near.len() - 1) * width + LEAF <= squares.len() && width >= LEAF);
        assert_eq!(self.lanes.len() * self.near.len(), self.queries.len() * LEAF);
        assert!(self.scales.len() * LEAF == self.lanes.len() && masks.len() >= self.near.len());
        // SAFETY: the lengths fit, and the loops were chosen for this machine.
        unsafe { (loops.gate)(self, squares, width, masks) }
    }
}

/// The correlation at a squared distance; `KIND` is a [`KernelKind`].
///
/// A function and not a closure: closures aren't inlined into loops that are compiled for another instruction set.
#[inline(always)]
fn correlation<T: Real, F: Fuse, const KIND: u8>(square: T) -> T {
    const MATERN12: u8 = KernelKind::Matern12 as u8;
    const MATERN32: u8 = KernelKind::Matern32 as u8;
    const MATERN52: u8 = KernelKind::Matern52 as u8;
    // At 300 lengthscales nothing is left; much farther a polynomial would outgrow the smallest exponential.
    let (one, end) = (T::from_f64(1.0), T::from_f64(1e5));
    let square = if square < end { square } else { end };
    match KIND {
        MATERN12 => square.root().exp_negative::<F>(),
        MATERN32 => {
            let a = square.times(T::from_f64(3.0)).root();
            a.plus(one).times(a.exp_negative::<F>())
        }
        MATERN52 => {
            let a = square.times(T::from_f64(5.0)).root();
            F::fma(F::fma(a, T::from_f64(1.0 / 3.0), one), a, one).times(a.exp_negative::<F>())
        }
        _ => square.times(T::from_f64(0.5)).exp_negative::<F>(),
    }
}

/// Calls `$function` with the kernel as a constant, so that each loop holds one formula and no branch.
macro_rules! by_kind {
    ($kind:expr, $function:ident::<$t:ty, $f:ty>($($argument:expr),*)) => {
        match $kind {
            KernelKind::Matern12 => $function::<$t, $f, { KernelKind::Matern12 as u8 }>($($argument),*),
            KernelKind::Matern32 => $function::<$t, $f, { KernelKind::Matern32 as u8 }>($($argument),*),
            KernelKind::Matern52 => $function::<$t, $f, { KernelKind::Matern52 as u8 }>($($argument),*),
            KernelKind::Rbf => $function::<$t, $f, { KernelKind::Rbf as u8 }>($($argument),*),
        }
    };
}

#[inline(always)]
pub(super) fn kernel<T: Real, F: Fuse>(kind: KernelKind, variance: T, squares: &mut [T]) {
    by_kind!(kind, covariances::<T, F>(variance, squares));
}

#[inline(always)]
fn covariances<T: Real, F: Fuse, const KIND: u8>(variance: T, squares: &mut [T]) {
    for square in squares {
        *square = variance.times(correlation::<T, F, KIND>(*square));
    }
}

#[inline(always)]
pub(super) fn widen<T: Real>(values: &[T], rests: &[f32], out: &mut [f64]) {
    for ((out, value), rest) in out.iter_mut().zip(values).zip(rests) {
        *out = value.to_f64() + f64::from(*rest);
    }
}

#[inline(always)]
pub(super) fn score<T: Real, F: Fuse>(call: &Score<'_, T>, dots: &mut [T], hits: &mut [u32]) -> usize {
    by_kind!(call.kind, residuals::<T, F>(call, dots));
    let mut count = 0;
    for (at, &value) in (0_u32..).zip(&*dots) {
        hits[count] = at;
        count += usize::from(value >= call.least);
    }
    count
}

#[inline(always)]
fn residuals<T: Real, F: Fuse, const KIND: u8>(call: &Score<'_, T>, dots: &mut [T]) {
    let (one, none) = (T::from_f64(1.0), T::from_f64(-1.0));
    for ((dot, &square), &inverse) in dots.iter_mut().zip(call.squares).zip(call.inverse) {
        let residual = call.variance.times(correlation::<T, F, KIND>(square)).minus(*dot);
        let correlation = residual.times(inverse.times(call.own)).magnitude();
        // Rounding must neither lift a correlation above 1 nor part points at one place.
        let correlation = if correlation > one || square == T::ZERO { one } else { correlation };
        // The distance of what is no point is NaN, which the exponential would swallow.
        *dot = if square >= T::ZERO { correlation } else { none };
    }
}

#[inline(always)]
pub(super) fn gate<T: Real, F: Fuse>(call: &Gate<'_>, squares: &mut [T], width: usize, masks: &mut [u32]) {
    let dim = call.scales.len();
    for (((query, near), squares), mask) in
        call.queries.chunks_exact(dim).zip(call.near).zip(squares.chunks_mut(width)).zip(masks)
    {
        let mut sums = [0.0_f64; LEAF];
        for ((lanes, &q), &scale) in call.lanes.chunks_exact(LEAF).zip(query).zip(call.scales) {
            for (sum, &x) in sums.iter_mut().zip(lanes) {
                let gap = (x - q) * scale;
                *sum = F::fma(gap, gap, *sum);
            }
        }
        squares.iter_mut().zip(&sums).for_each(|(square, &sum)| *square = T::from_f64(sum));
        *mask = 0;
        for (lane, (&sum, &class)) in sums.iter().zip(call.classes).enumerate() {
            *mask |= u32::from(sum <= near[class as usize % NEAR]) << lane;
        }
    }
}

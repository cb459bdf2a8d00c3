//! The space a walk sees: few directions, 8 bits each, and what the other directions add to a distance on average.
//!
//! All metrics become squared distances: under cosine vectors have norm 1, and for inner products one more coordinate lifts every
//! vector to the largest norm (Bachrach et al., RecSys 2014). A vector `x` is centred, projected on `lean` orthonormal directions (the widest
//! of the data, then rotated at random so that one step serves all) and rounded. Its code row ends with `|x|^2` in all directions, so
//! `|q - x|^2` is missed only by the product of what both have outside the projection. (Tepper et al., LeanVec, 2023, walk in the same manner.)
//!
//! Few values fit a line as they are. Then there are no codes: in two or three dimensions many vectors lie within one step of 8 bits.

use super::pca;
use canopy_core::MetricKind;
use canopy_simd::{CODE_LINE, CODE_TAIL, CODE_VALUES, CodeQuery, dot_block_i8, dot_f32, dot_rows_f32};

/// Codes run from -127 to 127.
const STEPS: f32 = 127.0;
/// 1.5 * 2^23: added to a number of at most 2^22, it leaves the nearest integer in the low bits; `round` would be a call for each value.
const ROUND: f32 = 12_582_912.0;
/// A query whose largest value is at most so many times its root mean square loses nothing that counts in 8 bits.
const EVEN: f32 = 6.0;

/// The projection.
#[derive(Debug, Clone)]
pub(super) struct Space {
    pub(super) metric: MetricKind,
    pub(super) dim: usize,
    /// `dim`, and one more for inner products.
    pub(super) full: usize,
    /// Directions kept.
    pub(super) lean: usize,
    /// Bytes a row of codes.
    pub(super) stride: usize,
    /// Whether rows hold the values themselves. Their step is 0, by which a row is known from one of codes.
    pub(super) whole: bool,
    /// Vectors are multiplied by this first: then none of the build is longer than 1 and no square overflows.
    pub(super) unit: f32,
    pub(super) mean: Vec<f32>,
    /// `lean x full`; empty when every coordinate is kept as it is.
    pub(super) matrix: Vec<f32>,
    /// The matrix in 8 bits with a step a row, for queries: a quarter of the bytes to read, which is most of the cost.
    bytes: Vec<i8>,
    scales: Vec<f32>,
}

/// Buffers of one thread.
#[derive(Debug, Default, Clone)]
pub(super) struct Projection {
    centred: Vec<f32>,
    lean: Vec<f32>,
    planes: Vec<i8>,
    products: Vec<i32>,
}

impl Space {
    /// The space of the given directions.
    pub(super) fn new(metric: MetricKind, dim: usize, unit: f32, mean: Vec<f32>, matrix: Vec<f32>) -> Self {
        let full = mean.len();
        let lean = if matrix.is_empty() { full } else { matrix.len() / full };
        let stride = (lean + CODE_TAIL).next_multiple_of(CODE_LINE);
        let (mut bytes, mut scales) = (vec![0; matrix.len()], Vec::new());
        for (row, bytes) in matrix.chunks_exact(full).zip(bytes.chunks_exact_mut(full)) {
            scales.push(canopy_simd::quantize_i8(row, bytes).scale);
        }
        Self { metric, dim, full, lean, stride, whole: false, unit, mean, matrix, bytes, scales }
    }

    /// The same space with rows of values, where all of them fit.
    pub(super) fn whole(self) -> Self {
        Self { whole: self.matrix.is_empty() && self.full <= CODE_VALUES, ..self }
    }

    /// The main directions of a centred sample, rotated.
    pub(super) fn matrix(directions: &[f32], lean: usize, full: usize) -> Vec<f32> {
        pca::product(&pca::rotation(lean), &directions[..lean * full], lean, full)
    }

    /// Scales and lifts a row; returns by how much its squared norm exceeds that of the sphere it should lie on.
    pub(super) fn lift(metric: MetricKind, unit: f32, row: &[f32], out: &mut Vec<f32>) -> f32 {
        out.clear();
        out.extend(row.iter().map(|value| value * unit));
        if metric != MetricKind::Dot {
            return 0.0;
        }
        let left = 1.0 - dot_f32(out, out);
        out.push(left.max(0.0).sqrt());
        (-left).max(0.0)
    }

    fn project(&self, centred: &[f32], out: &mut [f32]) {
        if self.matrix.is_empty() { out.copy_from_slice(centred) } else { dot_rows_f32(centred, &self.matrix, out) }
    }

    /// Writes the code row of a vector.
    pub(super) fn encode(&self, row: &[f32], scratch: &mut Projection, out: &mut [u8]) {
        let excess = Self::lift(self.metric, self.unit, row, &mut scratch.centred);
        scratch.centred.iter_mut().zip(&self.mean).for_each(|(value, mean)| *value -= mean);
        scratch.lean.resize(self.lean, 0.0);
        self.project(&scratch.centred, &mut scratch.lean);
        if self.whole {
            out.fill(0);
            let (numbers, _) = out.as_chunks_mut::<{ size_of::<f32>() }>();
            numbers.iter_mut().zip(&scratch.centred).for_each(|(out, value)| *out = value.to_le_bytes());
            numbers[CODE_LINE / size_of::<f32>() - 1] = (-excess).to_le_bytes();
            return;
        }
        // A step of its own for each vector, so that one which lies far outside of what the space was chosen from has good codes too.
        let step = step_of(&scratch.lean, STEPS);
        let inverse = step.recip();
        // Places after the last direction hold the code of 0, so that they add nothing between two rows either.
        out.fill(128);
        for (out, &value) in out.iter_mut().zip(&scratch.lean) {
            *out = nearest((value * inverse).clamp(-STEPS, STEPS)) as u8 ^ 128;
        }
        let square = dot_f32(&scratch.centred, &scratch.centred) - excess;
        let (_, tail) = out.split_at_mut(self.stride - CODE_TAIL);
        tail[..4].copy_from_slice(&step.to_le_bytes());
        tail[4..].copy_from_slice(&square.to_le_bytes());
    }

    /// Makes a checked query ready for the codes.
    pub(super) fn query(&self, query: &[f32], scratch: &mut Projection, out: &mut CodeQuery) {
        let unit = match self.metric {
            // The order by inner products doesn't depend on the query's length; this one keeps its codes fine.
            MetricKind::Dot => dot_f32(query, query).sqrt().max(f32::MIN_POSITIVE).recip(),
            _ => self.unit,
        };
        let centred = &mut scratch.centred;
        centred.clear();
        centred.extend(query.iter().map(|value| value * unit));
        centred.resize(self.full, 0.0);
        centred.iter_mut().zip(&self.mean).for_each(|(value, mean)| *value -= mean);
        if self.whole {
            out.set_values(centred.iter().copied());
            return;
        }
        scratch.lean.resize(self.lean, 0.0);
        if self.matrix.is_empty() {
            scratch.lean.copy_from_slice(&scratch.centred);
        } else {
            self.project_bytes(scratch);
        }
        let step = step_of(&scratch.lean, STEPS);
        let inverse = step.recip();
        let codes = scratch.lean.iter().map(|value| nearest(value * inverse) as i8);
        out.set(codes, self.stride, -2.0 * step);
    }

    /// Projects through the 8-bit matrix.
    fn project_bytes(&self, scratch: &mut Projection) {
        const MOST: f32 = 32_512.0;
        let full = self.full;
        let largest = scratch.centred.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let mean_square = dot_f32(&scratch.centred, &scratch.centred) / full as f32;
        let even = largest * largest <= EVEN * EVEN * mean_square;
        // 16 bits in two planes share the reading of the matrix, but are twice the products.
        let (planes, most) = if even { (1, STEPS) } else { (2, MOST) };
        let step = if largest > 1e-30 { largest / most } else { 1.0 };
        let inverse = step.recip();
        scratch.planes.resize(planes * full, 0);
        let (low, high) = scratch.planes.split_at_mut(full);
        for (low, value) in low.iter_mut().zip(&scratch.centred) {
            *low = nearest((value * inverse).clamp(-most, most)) as i8;
        }
        for (high, value) in high.iter_mut().zip(&scratch.centred) {
            *high = ((nearest((value * inverse).clamp(-most, most)) + 128) >> 8) as i8;
        }
        scratch.products.resize(planes * self.lean, 0);
        dot_block_i8(&scratch.planes, &self.bytes, full, &mut scratch.products);
        let (low, high) = scratch.products.split_at(self.lean);
        for ((out, low), scale) in scratch.lean.iter_mut().zip(low).zip(&self.scales) {
            *out = *low as f32 * step * scale;
        }
        for ((out, high), scale) in scratch.lean.iter_mut().zip(high).zip(&self.scales) {
            *out += 256.0 * *high as f32 * step * scale;
        }
    }

    pub(super) fn bytes(&self) -> usize {
        (self.mean.len() + self.matrix.len() + self.scales.len()) * size_of::<f32>() + self.bytes.len()
    }
}

/// The step by which the largest of the values becomes `most`.
fn step_of(values: &[f32], most: f32) -> f32 {
    let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    if largest > 1e-30 { largest / most } else { 1.0 }
}

/// The nearest integer; ties go to the even one.
fn nearest(value: f32) -> i32 {
    (value + ROUND).to_bits() as i32 - ROUND.to_bits() as i32
}

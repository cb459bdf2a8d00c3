//! The answers against scans in `f64` and `f32`, on data made to break the bound.

mod bounds;
mod changes;
mod refusals;
mod same;

use super::FlatIndex;
use canopy_core::{MetricKind, Rows};
use proptest::prelude::*;

/// Reproducible deviates: a property test shrinks a seed faster than a matrix.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// In [0, 1).
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
    /// About normal.
    fn normal(&mut self) -> f32 {
        (0..6).map(|_| self.unit() - 0.5).sum::<f32>() * 1.41
    }
}

/// Shapes of data, most of them hostile to codes.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Normal,
    Duplicates,
    Clusters,
    Huge,
    Tiny,
    Subnormal,
    OneHot,
    Offset,
    Mixed,
    Outlier,
}

const SHAPES: [Shape; 10] = [
    Shape::Normal,
    Shape::Duplicates,
    Shape::Clusters,
    Shape::Huge,
    Shape::Tiny,
    Shape::Subnormal,
    Shape::OneHot,
    Shape::Offset,
    Shape::Mixed,
    Shape::Outlier,
];

/// `count` vectors, none of them zero.
fn vectors(shape: Shape, count: usize, dim: usize, random: &mut Random) -> Vec<f32> {
    let mut all = Vec::with_capacity(count * dim);
    let centres: Vec<f32> = (0..5 * dim).map(|_| random.normal()).collect();
    for _ in 0..count {
        let centre = &centres[random.below(5) * dim..][..dim];
        let size = match shape {
            Shape::Huge => 1e15,
            Shape::Tiny => 1e-18,
            Shape::Subnormal => 1e-40,
            Shape::Mixed => 10.0_f32.powi(random.below(30) as i32 - 15),
            _ => 1.0,
        };
        let hot = random.below(dim);
        let row = (0..dim).map(|i| match shape {
            Shape::Duplicates => centre[i],
            Shape::Clusters => centre[i] + 0.01 * random.normal(),
            Shape::OneHot => f32::from(u8::from(i == hot)),
            Shape::Offset => 100.0 + random.normal(),
            Shape::Outlier if i == hot => 1000.0,
            _ => size * random.normal(),
        });
        let from = all.len();
        all.extend(row);
        if all[from..].iter().all(|&value| value == 0.0) {
            all[from] = 1.0;
        }
    }
    all
}

fn metric() -> impl Strategy<Value = MetricKind> {
    prop::sample::select(vec![MetricKind::Cosine, MetricKind::Dot, MetricKind::L2])
}

fn shape() -> impl Strategy<Value = Shape> {
    prop::sample::select(SHAPES.to_vec())
}

/// An index of the vectors, vector `i` under `slot(i)`.
fn index_of(values: &[f32], dim: usize, metric: MetricKind, slot: impl Fn(u32) -> u32) -> FlatIndex {
    let mut index = FlatIndex::new(dim, metric).unwrap();
    let slots: Vec<u32> = (0..(values.len() / dim) as u32).map(slot).collect();
    index.extend(&slots, Rows::new(values, dim).unwrap()).unwrap();
    index
}

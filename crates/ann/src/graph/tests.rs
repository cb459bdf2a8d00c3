//! The graph against the exact scan, and against itself at other numbers of threads.

mod changes;
mod elsewhere;
mod files;
mod filters;
mod found;
mod lists;
mod refusals;
mod tuned;

use super::{BuildOptions, GraphIndex, SearchOptions};
use crate::flat::FlatIndex;
use crate::random::Random;
use canopy_core::{Cancel, Hit, MetricKind, Progress, Rows};

const METRICS: [MetricKind; 3] = [MetricKind::Cosine, MetricKind::Dot, MetricKind::L2];

/// Vectors around centres on few dimensions, of lengths that differ.
fn clusters(count: usize, dim: usize, seed: u64) -> Vec<f32> {
    const INNER: usize = 12;
    let mut random = Random::new(99);
    let map: Vec<f32> = (0..dim * INNER).map(|_| random.normal()).collect();
    let centres: Vec<f32> = (0..40 * INNER).map(|_| random.normal()).collect();
    let mut random = Random::new(seed);
    let mut rows = Vec::with_capacity(count * dim);
    for _ in 0..count {
        let centre = &centres[random.below(40) * INNER..][..INNER];
        let inner: Vec<f32> = centre.iter().map(|value| value + 0.4 * random.normal()).collect();
        rows.extend(map.chunks_exact(INNER).map(|row| {
            let sum: f32 = row.iter().zip(&inner).map(|(a, b)| a * b).sum();
            sum + 0.1 * random.normal()
        }));
    }
    rows
}

fn slots(count: usize) -> Vec<u32> {
    (0..count as u32).collect()
}

fn built(rows: &[f32], dim: usize, metric: MetricKind, options: BuildOptions) -> GraphIndex {
    let slots = slots(rows.len() / dim);
    let rows = Rows::new(rows, dim).unwrap();
    GraphIndex::build(&slots, rows, metric, options, &Cancel::new(), &Progress::default()).unwrap()
}

fn flat(rows: &[f32], dim: usize, metric: MetricKind) -> FlatIndex {
    let mut index = FlatIndex::new(dim, metric).unwrap();
    index.extend(&slots(rows.len() / dim), Rows::new(rows, dim).unwrap()).unwrap();
    index
}

/// The share of the true hits that were found.
fn share(found: &[Vec<Hit>], truth: &[Vec<Hit>]) -> f64 {
    let one = |(found, truth): (&Vec<Hit>, &Vec<Hit>)| {
        truth.iter().filter(|hit| found.iter().any(|other| other.slot == hit.slot)).count()
    };
    let all: usize = truth.iter().map(Vec::len).sum();
    found.iter().zip(truth).map(one).sum::<usize>() as f64 / all.max(1) as f64
}

const SEARCH: SearchOptions = SearchOptions { ef: 64, rerank: 64 };

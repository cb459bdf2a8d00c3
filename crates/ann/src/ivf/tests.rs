//! The lists and the pipeline against the exact scan.

use super::*;
use crate::flat::FlatIndex;
use crate::graph::{BuildOptions, GraphIndex};
use crate::hybrid::{self, HybridOptions};
use crate::random::Random;
use canopy_core::{Cancel, Coded, Progress, Rows, SlotSet};

const METRICS: [MetricKind; 3] = [MetricKind::Cosine, MetricKind::Dot, MetricKind::L2];

fn rows(count: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(7);
    let centres: Vec<f32> = (0..30 * dim).map(|_| random.normal()).collect();
    let mut random = Random::new(seed);
    let mut all = Vec::new();
    for _ in 0..count {
        let centre = &centres[random.below(30) * dim..][..dim];
        let tilt = random.normal();
        all.extend(
            centre.iter().enumerate().map(|(i, c)| c + 0.3 * random.normal() + if i % 3 == 0 { tilt } else { 0.0 }),
        );
    }
    all
}

fn built(values: &[f32], dim: usize, metric: MetricKind, options: IvfOptions) -> (IvfPq, FlatIndex) {
    let slots: Vec<u32> = (0..(values.len() / dim) as u32).map(|i| 3 * i).collect();
    let rows = Rows::new(values, dim).unwrap();
    let index = IvfPq::build(&slots, rows, metric, options, &Cancel::new(), &Progress::default()).unwrap();
    let mut flat = FlatIndex::new(dim, metric).unwrap();
    flat.extend(&slots, rows).unwrap();
    (index, flat)
}

fn share(found: &[Hit], truth: &[Hit]) -> f64 {
    truth.iter().filter(|hit| found.iter().any(|other| other.slot == hit.slot)).count() as f64
        / truth.len().max(1) as f64
}

#[test]
fn most_neighbours_are_found_and_all_when_everything_is_looked_at() {
    for metric in METRICS {
        for (dim, optimise) in [(36, true), (36, false), (7, true)] {
            let values = rows(3000, dim, 1);
            let (index, flat) = built(&values, dim, metric, IvfOptions { optimise, ..IvfOptions::default() });
            let (mut near, queries) = (0.0, rows(40, dim, 2));
            for query in queries.chunks_exact(dim) {
                let truth = flat.search(query, 10, None, &Cancel::new()).unwrap();
                let found =
                    index.search(query, 10, IvfSearch { probes: 24, rerank: 60 }, None, &flat, &Cancel::new()).unwrap();
                near += share(&found, &truth) / 40.0;
                let all = index
                    .search(query, 10, IvfSearch { probes: usize::MAX, rerank: 3000 }, None, &flat, &Cancel::new())
                    .unwrap();
                assert_eq!(all, truth);
            }
            assert!(near > 0.9, "{metric:?} {dim} {optimise}: {near}");
        }
    }
}

/// The scan's sums are those of the codes, one by one.
#[test]
fn the_scan_orders_like_the_codes() {
    let values = rows(1000, 20, 1);
    let (index, _) = built(&values, 20, MetricKind::L2, IvfOptions { lists: 1, ..IvfOptions::default() });
    let query = rows(1, 20, 9);
    let scanned = index.candidates(&query, 1000, 1, None, &Cancel::new()).unwrap();
    let all: Vec<u32> = (0..1000).map(|i| 3 * i).collect();
    let one_by_one = index.order(&query, &all, 1000).unwrap();
    assert_eq!(scanned.len(), 1000);
    let place: std::collections::HashMap<u32, usize> =
        one_by_one.iter().enumerate().map(|(i, &slot)| (slot, i)).collect();
    // Tables of 8 bits blur the order a little, nothing more.
    let moved: usize = scanned.iter().enumerate().map(|(i, hit)| i.abs_diff(place[&hit.slot])).sum();
    assert!(moved < 15 * 1000, "{moved}");
    assert_eq!(index.order(&query, &[1, 3, 2], 3).unwrap(), [3, 1, 2]);
}

#[test]
fn the_pipeline_is_as_good_as_its_stages() {
    let dim = 32;
    let values = rows(4000, dim, 1);
    let slots: Vec<u32> = (0..4000).collect();
    let all = Rows::new(&values, dim).unwrap();
    let (cancel, progress) = (Cancel::new(), Progress::default());
    let graph = GraphIndex::build(&slots, all, MetricKind::L2, BuildOptions::default(), &cancel, &progress).unwrap();
    let lists = IvfPq::build(&slots, all, MetricKind::L2, IvfOptions::default(), &cancel, &progress).unwrap();
    let mut flat = FlatIndex::new(dim, MetricKind::L2).unwrap();
    flat.extend(&slots, all).unwrap();
    let recall = |options: HybridOptions, k: usize| {
        let queries = rows(40, dim, 2);
        let one = |query: &[f32]| {
            let found = hybrid::search(&graph, &lists, query, k, options, None, &cancel).unwrap();
            assert_eq!(found.len(), k);
            share(&found, &flat.search(query, k, None, &cancel).unwrap())
        };
        queries.chunks_exact(dim).map(one).sum::<f64>() / 40.0
    };
    let preset = HybridOptions::default();
    assert!(recall(preset, 10) > 0.95, "{}", recall(preset, 10));
    assert!(recall(HybridOptions { graph: false, ..preset }, 10) > 0.9);
    assert!(recall(HybridOptions { codes: false, ..preset }, 10) > 0.97);
    // What 4-bit codes alone make of the walk's order.
    assert!(recall(HybridOptions { exact: false, ..preset }, 10) < recall(preset, 10));
    // Fifty candidates can't hold a hundred neighbours.
    let few = HybridOptions { candidates: 50, codes: false, ..preset };
    let found = hybrid::search(&graph, &lists, &values[..dim], 50, few, None, &cancel).unwrap();
    assert_eq!(found.len(), 50);
}

#[test]
fn filters_refusals_and_nothing() {
    let values = rows(500, 8, 1);
    let (index, flat) = built(&values, 8, MetricKind::Cosine, IvfOptions::default());
    let allow: SlotSet = [3, 9, 300].into_iter().collect();
    let found = index
        .search(&values[..8], 10, IvfSearch { probes: 1000, rerank: 100 }, Some(&allow), &flat, &Cancel::new())
        .unwrap();
    assert_eq!(found, flat.search(&values[..8], 10, Some(&allow), &Cancel::new()).unwrap());
    let (empty, none) = built(&[], 8, MetricKind::Cosine, IvfOptions::default());
    assert!(empty.is_empty());
    assert_eq!(empty.search(&values[..8], 10, IvfSearch::default(), None, &none, &Cancel::new()), Ok(vec![]));
    let code = |query: &[f32]| index.candidates(query, 1, 1, None, &Cancel::new()).unwrap_err().code();
    assert_eq!(
        (code(&[0.0; 8]), code(&[1.0; 7]), code(&[f32::NAN; 8])),
        ("VECTOR_ZERO", "VECTOR_DIMENSION", "VECTOR_NOT_FINITE")
    );
    let (cancel, progress) = (Cancel::new(), Progress::default());
    let build = |slots: &[u32], options| {
        IvfPq::build(slots, Rows::new(&values[..16], 8).unwrap(), MetricKind::L2, options, &cancel, &progress)
    };
    assert_eq!(build(&[1, 1], IvfOptions::default()).unwrap_err().code(), "VECTOR_DUPLICATE");
    assert_eq!(build(&[1, 2], IvfOptions { parts: 300, ..IvfOptions::default() }).unwrap_err().code(), "INDEX_OPTION");
    cancel.cancel();
    assert_eq!(build(&[1, 2], IvfOptions::default()).unwrap_err().code(), "CANCELLED");
}

/// All directions of so many columns would take hours and gigabytes, and three rows tell of two of them.
#[test]
fn vectors_of_many_values_are_not_rotated() {
    let dim = 20_000;
    let values = rows(3, dim, 1);
    let (index, flat) = built(&values, dim, MetricKind::L2, IvfOptions::default());
    let wide = IvfSearch { probes: usize::MAX, rerank: 3 };
    let found = index.search(&values[dim..2 * dim], 1, wide, None, &flat, &Cancel::new()).unwrap();
    assert_eq!(found[0].slot, 3);
}

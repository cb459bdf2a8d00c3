//! Embeddings against the dense decomposition and against symmetry.

use crate::known::{barabasi_albert, karate, random_graph};
use canopy_core::{Cancel, Coded, Progress};
use canopy_graph::{Graph, GraphOptions, GraphWave, GraphWaveOptions, Laplacian, graphwave, spectrum};
use proptest::prelude::*;

fn embed(graph: &Graph, options: &GraphWaveOptions) -> GraphWave {
    graphwave(graph, options, &Cancel::new(), &Progress::default()).unwrap()
}

fn worst(a: &GraphWave, b: &GraphWave) -> f64 {
    assert_eq!(a.rows.len(), b.rows.len());
    a.rows.iter().zip(&b.rows).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Sparse, disconnected, weighted graphs with isolated nodes, both Laplacians, all tolerances.
    #[test]
    fn the_tolerance_is_kept(
        nodes in 1_u32..60,
        edges in 0_usize..150,
        combinatorial: bool,
        tolerance in prop::sample::select(vec![1e-3, 1e-5, 1e-7, 1e-10]),
        scale in prop::sample::select(vec![0.05, 0.7, 5.0]),
        seed: u64,
    ) {
        let graph = random_graph(nodes, edges, 3, false, seed);
        let laplacian = if combinatorial { Laplacian::Combinatorial } else { Laplacian::Normalized };
        let options = GraphWaveOptions { scales: Some(vec![scale, 2.0 * scale]), tolerance, laplacian, points: 9, ..GraphWaveOptions::default() };
        let exact = embed(&graph, &GraphWaveOptions { exact: true, ..options.clone() });
        let found = embed(&graph, &options);
        prop_assert!(worst(&found, &exact) <= tolerance, "{} {}", worst(&found, &exact), found.order);
    }
}

#[test]
fn the_karate_club() {
    let graph = karate();
    let options = GraphWaveOptions::default();
    let found = embed(&graph, &options);
    let exact = embed(&graph, &GraphWaveOptions { exact: true, ..options });
    assert!(worst(&found, &exact) <= 1e-8 && found.scales == exact.scales && found.dim == 100);
    let row = |node: usize| &found.rows[node * 100..(node + 1) * 100];
    let apart = |a: usize, b: usize| row(a).iter().zip(row(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    // 14, 15, 18, 20 and 22 know the same two people: nobody can tell them apart.
    for twin in [15, 18, 20, 22] {
        assert!(apart(14, twin) < 1e-9);
    }
    assert!(apart(14, 33) > 1e-2);
}

#[test]
fn a_larger_graph_and_single_precision() {
    let graph = barabasi_albert(300, 4, 1);
    let options = GraphWaveOptions { scales: Some(vec![2.5, 5.0]), tolerance: 1e-4, ..GraphWaveOptions::default() };
    let exact = embed(&graph, &GraphWaveOptions { exact: true, ..options.clone() });
    assert!(worst(&embed(&graph, &options), &exact) <= 1e-4);
    let precise = GraphWaveOptions { tolerance: 1e-8, ..options };
    assert!(worst(&embed(&graph, &precise), &exact) <= 1e-8);
}

#[test]
fn the_ends_of_the_spectrum_are_found() {
    // A path of n nodes: 2 - 2 cos(πk / n).
    let n = 40_u32;
    let (a, b): (Vec<u32>, Vec<u32>) = (1..n).map(|i| (i - 1, i)).unzip();
    let path = Graph::new(n + 2, &a, &b, None, GraphOptions::default()).unwrap();
    let found = spectrum(&path, Laplacian::Combinatorial, &Cancel::new()).unwrap();
    let value = |k: f64| 2.0 - 2.0 * (std::f64::consts::PI * k / f64::from(n)).cos();
    assert!((found.smallest - value(1.0)).abs() < 1e-9 && (found.largest - value(39.0)).abs() < 1e-9, "{found:?}");
    let [small, large] = found.scales();
    assert!(0.0 < small && small < large);
    let lonely = Graph::new(3, &[], &[], None, GraphOptions::default()).unwrap();
    assert!(embed(&lonely, &GraphWaveOptions::default()).rows.iter().all(|value| value.is_finite()));
}

#[test]
fn bad_options_and_cancellation() {
    let graph = karate();
    let code = |options: &GraphWaveOptions| {
        graphwave(&graph, options, &Cancel::new(), &Progress::default()).unwrap_err().code()
    };
    let good = GraphWaveOptions::default();
    for scales in [vec![], vec![0.0], vec![-1.0], vec![f64::NAN], vec![1.0; 65]] {
        assert_eq!(code(&GraphWaveOptions { scales: Some(scales), ..good.clone() }), "GRAPH_OPTION");
    }
    assert_eq!(code(&GraphWaveOptions { points: 1, ..good.clone() }), "GRAPH_OPTION");
    assert_eq!(code(&GraphWaveOptions { max_t: f64::NAN, ..good.clone() }), "GRAPH_OPTION");
    assert_eq!(code(&GraphWaveOptions { tolerance: 0.0, ..good.clone() }), "GRAPH_OPTION");
    let cancel = Cancel::new();
    cancel.cancel();
    let cancelled = graphwave(&graph, &good, &cancel, &Progress::default()).unwrap_err();
    assert_eq!(cancelled.code(), "CANCELLED");
    let none = Graph::new(0, &[], &[], None, GraphOptions::default()).unwrap();
    let empty = graphwave(&none, &good, &Cancel::new(), &Progress::default()).unwrap_err();
    assert_eq!(empty.code(), "GRAPH_EMPTY");
    let many = Graph::new(5000, &[], &[], None, GraphOptions::default()).unwrap();
    let exact = GraphWaveOptions { exact: true, ..good };
    let large = graphwave(&many, &exact, &Cancel::new(), &Progress::default()).unwrap_err();
    assert_eq!(large.code(), "GRAPH_TOO_LARGE");
}

#[test]
fn estimates_grow_as_the_work_does() {
    let options = GraphWaveOptions { scales: Some(vec![2.5, 5.0]), ..GraphWaveOptions::default() };
    let at = |nodes: u32| options.estimate(&barabasi_albert(nodes, 4, 1)).unwrap();
    let (small, large) = (at(500), at(2000));
    let ratio = large.operations as f64 / small.operations as f64;
    assert!((12.0..20.0).contains(&ratio), "{ratio}");
    assert!(large.bytes > 2000 * 100 * 8 && large.bytes < 5 * small.bytes);
    assert!(GraphWaveOptions { points: 0, ..options }.estimate(&karate()).is_err());
}

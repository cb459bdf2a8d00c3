//! Following changes equals building anew.

use crate::oracle::{naive, neighbour_graph, random_graph, scatter};
use canopy_core::{Cancel, Coded as _, Progress};
use canopy_topology::{Change, Edge, Layer, LayerOptions, PersistenceOptions, WeightedGraph};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn build(graph: WeightedGraph, radius: u32) -> Layer {
    Layer::build(graph, &LayerOptions { radius }, &Cancel::new(), &Progress::default()).unwrap()
}

fn changed(graph: &WeightedGraph, changes: &[Change]) -> WeightedGraph {
    let mut edges: BTreeMap<(u32, u32), f64> =
        graph.edges().iter().map(|edge| ((edge.a, edge.b), edge.weight)).collect();
    for change in changes {
        match *change {
            Change::Set { a, b, weight } => edges.insert((a.min(b), a.max(b)), weight),
            Change::Remove { a, b } => edges.remove(&(a.min(b), a.max(b))),
        };
    }
    let edges = edges.into_iter().map(|((a, b), weight)| Edge { a, b, weight }).collect();
    WeightedGraph::from_edges(graph.nodes(), edges).unwrap()
}

fn random_changes(graph: &WeightedGraph, count: usize, span: u32, seed: u64) -> Vec<Change> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut present: std::collections::BTreeSet<(u32, u32)> =
        graph.edges().iter().map(|edge| (edge.a, edge.b)).collect();
    let mut changes = Vec::new();
    while changes.len() < count {
        let (a, b) = (random.u32(0..span), random.u32(0..span));
        if a == b {
            continue;
        }
        let key = (a.min(b), a.max(b));
        if present.contains(&key) && random.bool() {
            present.remove(&key);
            changes.push(Change::Remove { a, b });
        } else {
            present.insert(key);
            changes.push(Change::Set { a, b, weight: random.f64() });
        }
    }
    changes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn an_update_equals_building_anew(
        nodes in 6_u32..60,
        share in 0.02_f64..0.3,
        radius in 1_u32..4,
        count in 1_usize..12,
        local: bool,
        seed: u64,
    ) {
        let graph = random_graph(nodes, share, 1000, seed);
        let mut layer = build(graph.clone(), radius);
        let changes = random_changes(&graph, count, if local { 6 } else { nodes }, seed ^ 1);
        let update = layer.update(&changes, &Cancel::new(), &Progress::default()).unwrap();
        let fresh = build(changed(&graph, &changes), radius);
        prop_assert_eq!(layer.graph(), fresh.graph());
        prop_assert_eq!(layer.diagrams(), fresh.diagrams());
        prop_assert!(update.full || update.recomputed.len() <= nodes as usize);
    }

    #[test]
    fn a_neighbourhood_is_what_its_nodes_span(nodes in 3_u32..25, share in 0.05_f64..0.4, seed: u64) {
        let graph = random_graph(nodes, share, 1000, seed);
        let layer = build(graph.clone(), 2);
        let near = |a: u32, b: u32| a == b || graph.edges().iter().any(|e| (e.a, e.b) == (a.min(b), a.max(b)));
        for centre in 0..nodes {
            let ball: Vec<u32> =
                (0..nodes).filter(|&x| (0..nodes).any(|y| near(centre, y) && near(y, x))).collect();
            let place = |node: u32| ball.binary_search(&node).ok().map(|at| at as u32);
            let edges = graph.edges().iter().filter_map(|e| Some(Edge { a: place(e.a)?, b: place(e.b)?, weight: e.weight }));
            let expected = naive(&WeightedGraph::from_edges(ball.len() as u32, edges.collect()).unwrap());
            let found: Vec<_> =
                layer.diagrams()[centre as usize].bars.iter().map(|bar| (bar.dimension, bar.birth, bar.death)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn a_local_change_stays_local_and_a_wide_one_is_recomputed_at_once() {
    let graph = neighbour_graph(&scatter(300, 2, 3), 6);
    let mut layer = build(graph.clone(), 2);
    let edge = graph.edges()[10];
    let small = [Change::Set { a: edge.b, b: edge.a, weight: 2.0 }];
    let update = layer.update(&small, &Cancel::new(), &Progress::default()).unwrap();
    assert!(!update.full && update.recomputed.len() < 60 && update.recomputed.contains(&edge.a));
    let same = layer.update(&small, &Cancel::new(), &Progress::default()).unwrap();
    assert_eq!(same.recomputed, []);
    let wide: Vec<Change> =
        graph.edges().iter().map(|e| Change::Set { a: e.a, b: e.b, weight: e.weight + 1.0 }).collect();
    let update = layer.update(&wide, &Cancel::new(), &Progress::default()).unwrap();
    assert!(update.full);
    assert_eq!(layer.diagrams(), build(changed(&graph, &wide), 2).diagrams());
    assert!(!layer.whole(&Cancel::new()).unwrap().bars.is_empty());
}

#[test]
fn estimates_grow_with_what_a_neighbourhood_holds() {
    let ring = |nodes: u32, reach: u32| {
        let edges = (0..nodes).flat_map(|a| (1..=reach).map(move |step| (a, (a + step) % nodes)));
        let (sources, targets): (Vec<u32>, Vec<u32>) = edges.unzip();
        WeightedGraph::new(nodes, &sources, &targets, &vec![1.0; sources.len()]).unwrap()
    };
    let (thin, thick) = (ring(1000, 2), ring(1000, 8));
    let whole = PersistenceOptions::default();
    assert!(whole.estimate(&thick).unwrap().operations > 6 * whole.estimate(&thin).unwrap().operations);
    assert!(
        PersistenceOptions { max_dimension: 0 }.estimate(&thick).unwrap().operations
            < whole.estimate(&thick).unwrap().operations / 2
    );
    let layer = |radius| LayerOptions { radius }.estimate(&thick).unwrap();
    assert!(layer(2).operations > 20 * whole.estimate(&thick).unwrap().operations);
    assert!(layer(3).operations > layer(2).operations && layer(2).bytes > layer(1).bytes);
    assert_eq!(LayerOptions { radius: 0 }.estimate(&thick).unwrap_err().code(), "TOPOLOGY_RADIUS");
    assert_eq!(PersistenceOptions { max_dimension: 2 }.estimate(&thick).unwrap_err().code(), "TOPOLOGY_DIMENSION");
    let nothing = WeightedGraph::new(0, &[], &[], &[]).unwrap();
    assert_eq!(LayerOptions::default().estimate(&nothing).unwrap().operations, 0);
}

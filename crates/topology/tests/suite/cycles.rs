//! Representatives: cycles that are filled at the death and not before.

use crate::oracle::random_graph;
use canopy_core::Cancel;
use canopy_topology::{Edge, WeightedGraph, representatives};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Whether a set of edges is a sum of triangles whose edges all satisfy `within`.
fn is_filled(graph: &WeightedGraph, cycle: &BTreeSet<usize>, within: impl Fn(&Edge) -> bool) -> bool {
    let rank = |a, b| graph.edges().iter().position(|edge| (edge.a, edge.b) == (a, b) && within(edge));
    let mut reduced: Vec<BTreeSet<usize>> = Vec::new();
    let fold = |mut column: BTreeSet<usize>, reduced: &[BTreeSet<usize>]| {
        while let Some(other) = column.last().and_then(|low| reduced.iter().find(|other| other.last() == Some(low))) {
            column = column.symmetric_difference(other).copied().collect();
        }
        column
    };
    for a in 0..graph.nodes() {
        for b in a + 1..graph.nodes() {
            for c in b + 1..graph.nodes() {
                if let (Some(x), Some(y), Some(z)) = (rank(a, b), rank(a, c), rank(b, c)) {
                    let column = fold(BTreeSet::from([x, y, z]), &reduced);
                    if !column.is_empty() {
                        reduced.push(column);
                    }
                }
            }
        }
    }
    fold(cycle.clone(), &reduced).is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn run_around_their_loop(nodes in 4_u32..13, share in 0.2_f64..0.9, weights in prop::sample::select(vec![4_u32, 100_000]), seed: u64) {
        let graph = random_graph(nodes, share, weights, seed);
        for found in representatives(&graph, &Cancel::new()).unwrap() {
            let rank = |&(a, b): &(u32, u32)| graph.edges().iter().position(|edge| (edge.a, edge.b) == (a, b)).unwrap();
            let cycle: BTreeSet<usize> = found.cycle.iter().map(rank).collect();
            prop_assert_eq!(cycle.len(), found.cycle.len());
            for node in 0..nodes {
                prop_assert!(found.cycle.iter().filter(|&&(a, b)| a == node || b == node).count() % 2 == 0);
            }
            // Its last edge is the creator.
            prop_assert_eq!(*cycle.last().unwrap(), rank(&(found.bar.creator[0], found.bar.creator[1])));
            prop_assert!(!is_filled(&graph, &cycle, |edge| edge.weight < found.bar.death));
            prop_assert_eq!(is_filled(&graph, &cycle, |edge| edge.weight <= found.bar.death), found.bar.death.is_finite());
        }
    }
}

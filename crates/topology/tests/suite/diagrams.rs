//! Every bar of a random graph.

use crate::oracle::{naive, neighbour_graph, random_graph, scatter};
use canopy_core::Cancel;
use canopy_topology::{MISSING, PersistenceOptions, WeightedGraph, persistence};
use proptest::prelude::*;

fn bars(graph: &WeightedGraph) -> Vec<(u8, f64, f64)> {
    let diagram = persistence(graph, &PersistenceOptions::default(), &Cancel::new()).unwrap();
    diagram.bars.iter().map(|bar| (bar.dimension, bar.birth, bar.death)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn are_those_of_the_whole_matrix(
        nodes in 0_u32..14,
        share in 0.0_f64..1.0,
        weights in prop::sample::select(vec![1_u32, 3, 10, 1_000_000]),
        seed: u64,
    ) {
        let graph = random_graph(nodes, share, weights, seed);
        prop_assert_eq!(bars(&graph), naive(&graph));
    }

    #[test]
    fn name_the_simplices_that_set_their_ends(nodes in 3_u32..30, share in 0.0_f64..0.6, seed: u64) {
        let graph = random_graph(nodes, share, 1000, seed);
        let weight = |a: u32, b: u32| {
            graph.edges().iter().find(|edge| (edge.a, edge.b) == (a.min(b), a.max(b))).unwrap().weight
        };
        for bar in persistence(&graph, &PersistenceOptions::default(), &Cancel::new()).unwrap().bars {
            if bar.dimension == 1 {
                prop_assert_eq!(weight(bar.creator[0], bar.creator[1]), bar.birth);
            }
            if bar.death.is_finite() {
                let [a, b, c] = bar.destroyer;
                prop_assert_eq!(weight(a, b), bar.death);
                prop_assert!(c == MISSING || weight(a, c).max(weight(b, c)) <= bar.death);
                prop_assert_eq!(c == MISSING, bar.dimension == 0);
            }
        }
    }
}

#[test]
fn neighbour_graphs_too() {
    for seed in 0..6 {
        let graph = neighbour_graph(&scatter(60, 2 + seed as usize % 2, seed), 6);
        assert_eq!(bars(&graph), naive(&graph));
    }
}

#[test]
fn loops_and_parallel_edges_are_merged_and_counted() {
    let graph = WeightedGraph::new(3, &[0, 1, 1, 2, 0], &[0, 0, 2, 1, 1], &[9.0, 2.0, 1.0, 5.0, 3.0]).unwrap();
    assert_eq!((graph.loops(), graph.parallel(), graph.edges().len()), (1, 2, 2));
    assert_eq!(bars(&graph), [(0, 0.0, 1.0), (0, 0.0, 2.0), (0, 0.0, f64::INFINITY)]);
    let components = persistence(&graph, &PersistenceOptions { max_dimension: 0 }, &Cancel::new()).unwrap();
    assert_eq!(components.points(0).len(), 3);
    assert_eq!(bars(&WeightedGraph::new(0, &[], &[], &[]).unwrap()), []);
}

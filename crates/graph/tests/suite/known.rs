//! Graphs that everybody knows, and random ones.

use canopy_graph::{Edge, Graph, GraphOptions};

/// Zachary's karate club (1977): 34 members, 78 ties, numbered from 0.
pub(crate) const KARATE: [(u32, &[u32]); 26] = [
    (0, &[1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31]),
    (1, &[2, 3, 7, 13, 17, 19, 21, 30]),
    (2, &[3, 7, 8, 9, 13, 27, 28, 32]),
    (3, &[7, 12, 13]),
    (4, &[6, 10]),
    (5, &[6, 10, 16]),
    (6, &[16]),
    (8, &[30, 32, 33]),
    (9, &[33]),
    (13, &[33]),
    (14, &[32, 33]),
    (15, &[32, 33]),
    (18, &[32, 33]),
    (19, &[33]),
    (20, &[32, 33]),
    (22, &[32, 33]),
    (23, &[25, 27, 29, 32, 33]),
    (24, &[25, 27, 31]),
    (25, &[31]),
    (26, &[29, 33]),
    (27, &[33]),
    (28, &[31, 33]),
    (29, &[32, 33]),
    (30, &[32, 33]),
    (31, &[32, 33]),
    (32, &[33]),
];

pub(crate) fn karate() -> Graph {
    let edges = KARATE
        .iter()
        .flat_map(|&(source, targets)| targets.iter().map(move |&target| Edge { source, target, weight: 1.0 }));
    let graph = Graph::from_edges(34, &edges.collect::<Vec<_>>(), GraphOptions::default()).unwrap();
    assert_eq!(graph.edge_count(), 78);
    graph
}

/// Random edges, weights from 1 to `weights`.
pub(crate) fn random_graph(nodes: u32, edges: usize, weights: u32, directed: bool, seed: u64) -> Graph {
    let mut random = fastrand::Rng::with_seed(seed);
    let edges: Vec<Edge> = (0..if nodes == 0 { 0 } else { edges })
        .map(|_| Edge {
            source: random.u32(0..nodes),
            target: random.u32(0..nodes),
            weight: f64::from(random.u32(1..=weights)),
        })
        .collect();
    Graph::from_edges(nodes, &edges, GraphOptions { directed, ..GraphOptions::default() }).unwrap()
}

/// Barabási and Albert's growing graph.
pub(crate) fn barabasi_albert(nodes: u32, m: usize, seed: u64) -> Graph {
    Graph::from_edges(nodes, &crate::shared::barabasi_albert(nodes, m, seed), GraphOptions::default()).unwrap()
}

//! The growing graph that examples measure and tests check.

use canopy_graph::Edge;

/// Barabási and Albert's growing graph: `m` edges from each new node to nodes drawn by their degrees.
pub(crate) fn barabasi_albert(nodes: u32, m: usize, seed: u64) -> Vec<Edge> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut ends: Vec<u32> = (0..m as u32).collect();
    let mut edges = Vec::new();
    for source in m as u32..nodes {
        let mut targets: Vec<u32> = Vec::with_capacity(m);
        while targets.len() < m {
            let target = ends[random.usize(0..ends.len())];
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        for target in targets {
            ends.extend([source, target]);
            edges.push(Edge { source, target, weight: 1.0 });
        }
    }
    edges
}

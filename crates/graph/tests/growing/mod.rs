//! A weighted graph with hubs, for tests of this crate on the processor and on a GPU.

/// Source, target and weight of the edges: newcomers join four nodes by the ends of edges there are; the last node stays alone.
pub(crate) fn growing(nodes: u32, seed: u64) -> Vec<(u32, u32, f64)> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut ends: Vec<u32> = (0..4).collect();
    let mut edges = Vec::new();
    for source in 4..nodes - 1 {
        for _ in 0..4 {
            let target = ends[random.usize(0..ends.len())];
            edges.push((source, target, 0.5 + random.f64()));
            ends.extend([source, target]);
        }
    }
    edges
}

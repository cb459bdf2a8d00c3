//! The naive way: every simplex, the whole boundary matrix, columns added from left to right.

use canopy_topology::{Edge, WeightedGraph};
use std::collections::BTreeSet;

/// (dimension, birth, death) of every bar of some length, sorted.
pub(crate) fn naive(graph: &WeightedGraph) -> Vec<(u8, f64, f64)> {
    let mut simplices: Vec<(f64, Vec<u32>)> = (0..graph.nodes()).map(|node| (0.0, vec![node])).collect();
    let edges = graph.edges();
    simplices.extend(edges.iter().map(|edge| (edge.weight, vec![edge.a, edge.b])));
    let weight = |a, b| edges.iter().find(|edge| (edge.a, edge.b) == (a, b)).map(|edge| edge.weight);
    for edge in edges {
        for c in edge.b + 1..graph.nodes() {
            if let (Some(x), Some(y)) = (weight(edge.a, c), weight(edge.b, c)) {
                simplices.push((edge.weight.max(x).max(y), vec![edge.a, edge.b, c]));
            }
        }
    }
    simplices.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.len().cmp(&y.1.len())).then(x.1.cmp(&y.1)));
    let place = |corners: &[u32]| simplices.iter().position(|simplex| simplex.1 == corners).unwrap();
    let mut columns: Vec<BTreeSet<usize>> = Vec::new();
    let mut owner = vec![None; simplices.len()];
    let mut births = vec![true; simplices.len()];
    let mut bars = Vec::new();
    for (at, (value, corners)) in simplices.iter().enumerate() {
        let mut column: BTreeSet<usize> = BTreeSet::new();
        if corners.len() > 1 {
            for skip in 0..corners.len() {
                let face: Vec<u32> =
                    corners.iter().enumerate().filter(|&(i, _)| i != skip).map(|(_, &corner)| corner).collect();
                column.insert(place(&face));
            }
        }
        while let Some(&low) = column.last() {
            let Some(other) = owner[low] else { break };
            let other: &BTreeSet<usize> = &columns[other];
            column = column.symmetric_difference(other).copied().collect();
        }
        if let Some(&low) = column.last() {
            owner[low] = Some(at);
            births[at] = false;
            births[low] = false;
            if *value > simplices[low].0 && simplices[low].1.len() <= 2 {
                bars.push((simplices[low].1.len() as u8 - 1, simplices[low].0, *value));
            }
        }
        columns.push(column);
    }
    for (at, birth) in births.iter().enumerate() {
        if *birth && simplices[at].1.len() <= 2 {
            bars.push((simplices[at].1.len() as u8 - 1, simplices[at].0, f64::INFINITY));
        }
    }
    bars.sort_by(|x, y| x.0.cmp(&y.0).then(x.1.total_cmp(&y.1)).then(x.2.total_cmp(&y.2)));
    bars
}

/// A random graph; few different weights make ties, many make none.
pub(crate) fn random_graph(nodes: u32, share: f64, weights: u32, seed: u64) -> WeightedGraph {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut edges = Vec::new();
    for a in 0..nodes {
        for b in a + 1..nodes {
            if random.f64() < share {
                edges.push(Edge { a, b, weight: f64::from(random.u32(0..weights)) });
            }
        }
    }
    WeightedGraph::from_edges(nodes, edges).unwrap()
}

/// The graph of each point's nearest neighbours, weighted by distance.
pub(crate) fn neighbour_graph(points: &[Vec<f64>], k: usize) -> WeightedGraph {
    let mut edges = Vec::new();
    for (a, x) in (0_u32..).zip(points) {
        let mut near: Vec<(f64, u32)> = (0_u32..)
            .zip(points)
            .filter(|&(b, _)| a != b)
            .map(|(b, y)| (x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt(), b))
            .collect();
        near.sort_by(|x, y| x.0.total_cmp(&y.0));
        edges.extend(near[..k].iter().map(|&(weight, b)| Edge { a, b, weight }));
    }
    WeightedGraph::from_edges(points.len() as u32, edges).unwrap()
}

pub(crate) fn scatter(n: usize, dim: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..n).map(|_| (0..dim).map(|_| random.f64()).collect()).collect()
}

//! Shapes whose homology everybody knows.

use canopy_core::Cancel;
use canopy_topology::{Edge, PersistenceOptions, WeightedGraph, persistence};
use std::f64::consts::TAU;

/// All pairs up to a distance.
fn rips(points: &[Vec<f64>], cut: f64, distance: impl Fn(&[f64], &[f64]) -> f64) -> WeightedGraph {
    let mut edges = Vec::new();
    for (a, x) in (0_u32..).zip(points) {
        for (b, y) in (0..a).zip(points) {
            let weight = distance(x, y);
            if weight <= cut {
                edges.push(Edge { a, b, weight });
            }
        }
    }
    WeightedGraph::from_edges(points.len() as u32, edges).unwrap()
}

fn euclidean(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn a_circle_has_one_loop() {
    let points: Vec<Vec<f64>> = (0..60).map(|i| TAU * f64::from(i) / 60.0).map(|t| vec![t.cos(), t.sin()]).collect();
    let diagram = persistence(&rips(&points, 2.0, euclidean), &PersistenceOptions::default(), &Cancel::new()).unwrap();
    let loops = diagram.points(1);
    assert_eq!(loops.len(), 1);
    // Born with the last side of the 60-gon; filled when three points reach around: 20 steps.
    let chord = |steps: f64| 2.0 * (TAU * steps / 120.0).sin();
    assert!((loops[0].0 - chord(1.0)).abs() < 1e-12 && (loops[0].1 - chord(20.0)).abs() < 1e-12, "{loops:?}");
    assert_eq!(diagram.points(0).iter().filter(|bar| bar.1 == f64::INFINITY).count(), 1);
}

#[test]
fn a_flat_torus_has_two_loops() {
    let side = 12;
    let points: Vec<Vec<f64>> = (0..side * side).map(|i| vec![f64::from(i / side), f64::from(i % side)]).collect();
    let flat = |a: &[f64], b: &[f64]| {
        let gap = |x: f64, y: f64| (x - y).abs().min(f64::from(side) - (x - y).abs());
        gap(a[0], b[0]).hypot(gap(a[1], b[1]))
    };
    let diagram = persistence(&rips(&points, 4.5, flat), &PersistenceOptions::default(), &Cancel::new()).unwrap();
    // Born with the grid's edges; a ring of 12 is filled by three arcs of 4. All squares are filled by their diagonals.
    let long: Vec<_> = diagram.points(1).into_iter().filter(|bar| bar.1 - bar.0 > 1.0).collect();
    assert_eq!(long, [(1.0, 4.0), (1.0, 4.0)]);
    let short = diagram.points(1).len() - 2;
    assert_eq!(short, (side * side - 1) as usize);
}

#[test]
fn disconnected_pieces_and_isolated_nodes_stay() {
    let graph = WeightedGraph::new(7, &[0, 1, 2, 3], &[1, 2, 3, 0], &[1.0; 4]).unwrap();
    let diagram = persistence(&graph, &PersistenceOptions::default(), &Cancel::new()).unwrap();
    assert_eq!(diagram.points(1), [(1.0, f64::INFINITY)]);
    assert_eq!(diagram.points(0).iter().filter(|bar| bar.1 == f64::INFINITY).count(), 4);
}

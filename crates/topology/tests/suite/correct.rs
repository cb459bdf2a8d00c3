//! Correction towards a target.

use crate::oracle::{neighbour_graph, scatter};
use canopy_core::{Cancel, Progress};
use canopy_topology::{CorrectionOptions, PersistenceOptions, WeightedGraph, correct, persistence};

#[test]
fn a_square_is_filled_when_asked() {
    let graph = WeightedGraph::new(4, &[0, 1, 2, 3, 0], &[1, 2, 3, 0, 2], &[1.0, 1.1, 1.2, 1.3, 3.0]).unwrap();
    let run = |target: &[(f64, f64)]| {
        correct(&graph, target, &CorrectionOptions::default(), &Cancel::new(), &Progress::default()).unwrap()
    };
    let nearer = run(&[(1.3, 2.0)]);
    assert!(nearer.reached && nearer.after <= 1e-6, "{nearer:?}");
    assert_eq!(nearer.changed.len(), 1);
    assert_eq!((nearer.changed[0].0.a, nearer.changed[0].0.b, nearer.changed[0].1), (0, 2, 3.0));
    let none = run(&[]);
    assert!(none.reached, "{none:?}");
    let there = run(&[(1.3, 3.0)]);
    assert!(there.reached && there.changed.is_empty() && there.iterations == 0);
    // A loop that no edge could make.
    let more = run(&[(1.3, 3.0), (0.0, 10.0)]);
    assert!(!more.reached && more.after == 5.0);
}

#[test]
fn distances_only_fall() {
    for (seed, dimension) in [(1, 0), (2, 1), (3, 1)] {
        let graph = neighbour_graph(&scatter(80, 2, seed), 6);
        let full = PersistenceOptions::default();
        let mut target = persistence(&graph, &full, &Cancel::new()).unwrap().points(dimension);
        // Every other finite bar goes; what never ends can't be moved.
        let mut finite = 0;
        target.retain(|point| {
            finite += usize::from(point.1.is_finite());
            point.1.is_infinite() || finite % 2 == 0
        });
        let options = CorrectionOptions { dimension, ..CorrectionOptions::default() };
        let found = correct(&graph, &target, &options, &Cancel::new(), &Progress::default()).unwrap();
        assert!(found.after < 0.2 * found.before, "{} {} {}", found.before, found.after, found.iterations);
        assert_eq!(found.graph.edges().len(), graph.edges().len());
    }
}

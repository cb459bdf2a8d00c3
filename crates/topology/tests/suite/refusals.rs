//! What is refused, with which code.

use crate::oracle::random_graph;
use canopy_core::{Cancel, Coded, Progress};
use canopy_topology::{
    Change, CorrectionOptions, Error, Layer, LayerOptions, PersistenceOptions, SinkhornOptions, WeightedGraph,
    bottleneck, correct, persistence, representatives, sinkhorn, wasserstein,
};

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    let error = result.unwrap_err();
    assert!(error.to_string().len() > 20);
    error.code()
}

#[test]
fn graphs() {
    assert_eq!(code(WeightedGraph::new(2, &[0], &[], &[1.0])), "EDGES_LENGTH");
    assert_eq!(code(WeightedGraph::new(2, &[0], &[2], &[1.0])), "EDGES_NODE");
    for weight in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(code(WeightedGraph::new(2, &[0], &[1], &[weight])), "EDGES_WEIGHT");
    }
}

#[test]
fn diagrams() {
    let cancel = Cancel::new();
    for bad in [(f64::NAN, 1.0), (2.0, 1.0), (0.0, f64::NAN), (f64::NEG_INFINITY, 0.0)] {
        assert_eq!(code(bottleneck(&[bad], &[], &cancel)), "DIAGRAM_POINT");
        assert_eq!(code(wasserstein(&[], &[bad], 1.0, &cancel)), "DIAGRAM_POINT");
    }
    assert_eq!(code(wasserstein(&[], &[], 0.5, &cancel)), "TOPOLOGY_OPTION");
    assert_eq!(code(wasserstein(&[], &[], f64::NAN, &cancel)), "TOPOLOGY_OPTION");
    let many = vec![(0.0, 1.0); 5_001];
    assert_eq!(code(bottleneck(&many, &[], &cancel)), "DIAGRAM_TOO_LARGE");
    let options = SinkhornOptions { epsilon: 0.0, ..SinkhornOptions::default() };
    assert_eq!(code(sinkhorn(&[], &[], &options, &cancel)), "TOPOLOGY_OPTION");
}

#[test]
fn layers_stay_whole() {
    let graph = random_graph(20, 0.3, 100, 1);
    let (cancel, quiet) = (Cancel::new(), Progress::default());
    for radius in [0, 17] {
        assert_eq!(code(Layer::build(graph.clone(), &LayerOptions { radius }, &cancel, &quiet)), "TOPOLOGY_RADIUS");
    }
    let mut layer = Layer::build(graph.clone(), &LayerOptions::default(), &cancel, &quiet).unwrap();
    let before = layer.diagrams().to_vec();
    let edge = graph.edges()[0];
    let good = Change::Remove { a: edge.a, b: edge.b };
    let mut refused = |bad| code(layer.update(&[good, bad], &cancel, &quiet));
    assert_eq!(refused(good), "EDGES_MISSING");
    assert_eq!(refused(Change::Set { a: 0, b: 20, weight: 1.0 }), "EDGES_NODE");
    assert_eq!(refused(Change::Set { a: 3, b: 3, weight: 1.0 }), "EDGES_NODE");
    assert_eq!(refused(Change::Set { a: 0, b: 1, weight: f64::NAN }), "EDGES_WEIGHT");
    cancel.cancel();
    assert_eq!(refused(Change::Set { a: 0, b: 1, weight: 7.0 }), "CANCELLED");
    assert_eq!((layer.diagrams(), layer.graph()), (&before[..], &graph));
}

#[test]
fn options_and_cancellation() {
    let graph = random_graph(20, 0.3, 100, 1);
    let (cancel, quiet) = (Cancel::new(), Progress::default());
    assert_eq!(code(persistence(&graph, &PersistenceOptions { max_dimension: 2 }, &cancel)), "TOPOLOGY_DIMENSION");
    let options = CorrectionOptions { epsilon: f64::NAN, ..CorrectionOptions::default() };
    assert_eq!(code(correct(&graph, &[], &options, &cancel, &quiet)), "TOPOLOGY_OPTION");
    let options = CorrectionOptions { dimension: 2, ..CorrectionOptions::default() };
    assert_eq!(code(correct(&graph, &[], &options, &cancel, &quiet)), "TOPOLOGY_DIMENSION");
    cancel.cancel();
    assert_eq!(code(persistence(&graph, &PersistenceOptions::default(), &cancel)), "CANCELLED");
    assert_eq!(code(representatives(&graph, &cancel)), "CANCELLED");
    assert_eq!(code(correct(&graph, &[], &CorrectionOptions::default(), &cancel, &quiet)), "CANCELLED");
    assert_eq!(code(wasserstein(&[(0.0, 1.0)], &[], 1.0, &cancel)), "CANCELLED");
}

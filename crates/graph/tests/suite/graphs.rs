//! Building and changing graphs, against a map of edges.

use canopy_core::Coded;
use canopy_graph::{Change, Edge, Error, Graph, GraphOptions, Hypergraph, Parallel};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    let error = result.unwrap_err();
    assert!(error.to_string().len() > 20);
    error.code()
}

fn check(graph: &Graph, expected: &BTreeMap<(u32, u32), f64>) {
    let found: BTreeMap<(u32, u32), f64> =
        graph.edges().map(|edge| ((edge.source, edge.target), edge.weight)).collect();
    assert_eq!(&found, expected);
    assert_eq!(graph.edge_count(), expected.len());
    for node in 0..graph.nodes() {
        assert!(graph.neighbours(node).is_sorted());
        for (&next, &weight) in graph.neighbours(node).iter().zip(graph.weights(node)) {
            let key = if graph.options().directed { (node, next) } else { (node.min(next), node.max(next)) };
            assert_eq!(expected.get(&key), Some(&weight));
            assert_eq!(graph.weight(node, next), Some(weight));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn rows_hold_every_edge_once(
        nodes in 1_u32..20,
        raw in prop::collection::vec((0_u32..20, 0_u32..20, 0_u8..4), 0..60),
        changes in prop::collection::vec((0_u32..20, 0_u32..20, 0_u8..4), 0..20),
        directed: bool,
        parallel in prop::sample::select(vec![Parallel::Sum, Parallel::Max, Parallel::Last]),
    ) {
        let edge = |&(a, b, w): &(u32, u32, u8)| Edge { source: a % nodes, target: b % nodes, weight: f64::from(w) };
        let key = |edge: &Edge| if directed { (edge.source, edge.target) } else { (edge.source.min(edge.target), edge.source.max(edge.target)) };
        let edges: Vec<Edge> = raw.iter().map(edge).collect();
        let mut expected: BTreeMap<(u32, u32), f64> = BTreeMap::new();
        for edge in edges.iter().filter(|edge| edge.source != edge.target && edge.weight > 0.0) {
            let old = expected.get(&key(edge)).copied();
            let weight = match (old, parallel) {
                (None, _) | (_, Parallel::Last) => edge.weight,
                (Some(old), Parallel::Sum) => old + edge.weight,
                (Some(old), Parallel::Max) => old.max(edge.weight),
            };
            expected.insert(key(edge), weight);
        }
        let graph = Graph::from_edges(nodes, &edges, GraphOptions { directed, parallel }).unwrap();
        check(&graph, &expected);
        let dropped = graph.dropped();
        prop_assert_eq!(dropped.loops + dropped.parallel + dropped.weightless + graph.edge_count(), edges.len());

        let changes: Vec<Change> = changes.iter().map(edge).filter(|edge| edge.source != edge.target).map(Change::Set).collect();
        for change in &changes {
            if let Change::Set(edge) = change {
                if edge.weight > 0.0 { expected.insert(key(edge), edge.weight) } else { expected.remove(&key(edge)) };
            }
        }
        check(&graph.updated(nodes + 3, &changes).unwrap(), &expected);
    }
}

#[test]
fn what_is_no_graph_is_refused() {
    let options = GraphOptions::default();
    assert_eq!(code(Graph::new(2, &[0], &[], None, options)), "GRAPH_LENGTH");
    assert_eq!(code(Graph::new(2, &[0], &[1], Some(&[]), options)), "GRAPH_LENGTH");
    assert_eq!(code(Graph::new(2, &[0], &[2], None, options)), "GRAPH_NODE");
    for weight in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(code(Graph::new(2, &[0], &[1], Some(&[weight]), options)), "GRAPH_WEIGHT");
    }
    let graph = Graph::new(2, &[0], &[1], None, options).unwrap();
    assert_eq!(code(graph.updated(1, &[])), "GRAPH_OPTION");
    assert_eq!(code(graph.updated(3, &[Change::Remove { source: 0, target: 2 }])), "GRAPH_EDGE_NOT_FOUND");
    let twice = [Change::Remove { source: 1, target: 0 }; 2];
    assert_eq!(code(graph.updated(2, &twice)), "GRAPH_EDGE_NOT_FOUND");
    assert_eq!(graph.updated(2, &twice[..1]).unwrap().edge_count(), 0);
    assert_eq!(code(Hypergraph::new(2, &[vec![0, 2]])), "GRAPH_NODE");
    assert_eq!(Graph::new(0, &[], &[], None, options).unwrap().nodes(), 0);
}

#[test]
fn a_directed_graph_becomes_undirected() {
    let graph = Graph::new(
        3,
        &[0, 1, 1],
        &[1, 0, 2],
        Some(&[1.0, 2.0, 4.0]),
        GraphOptions { directed: true, ..GraphOptions::default() },
    )
    .unwrap();
    assert_eq!((graph.edge_count(), graph.weight(2, 1)), (3, None));
    let both = graph.undirected();
    assert_eq!((both.edge_count(), both.weight(0, 1), both.weight(2, 1)), (2, Some(3.0), Some(4.0)));
}

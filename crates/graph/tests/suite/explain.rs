//! Explanations: sums, bounds, names of any kind, and edges that matter.

use crate::known::{barabasi_albert, karate, random_graph};
use canopy_core::{Cancel, Coded, Rows};
use canopy_graph::{ExplainOptions, Explanation, Graph, GraphOptions, explain};
use proptest::prelude::*;

fn run(graph: &Graph, node: u32, options: ExplainOptions) -> Explanation {
    explain(graph, node, None, None, &options, &Cancel::new()).unwrap()
}

fn sound(graph: &Graph, node: u32, options: ExplainOptions, found: &Explanation) {
    assert_eq!((found.nodes[0].node, found.nodes[0].hop), (node, 0));
    assert!(found.nodes.len() <= options.limit && found.attn.len() == found.nodes.len());
    assert!(found.nodes.iter().all(|node| node.hop <= options.hops && node.diffusion > 0.0));
    assert!((found.nodes.iter().map(|node| node.diffusion).sum::<f64>() - 1.0).abs() < 1e-9);
    for edge in &found.edges {
        assert_eq!(graph.weight(edge.source, edge.target), Some(edge.weight));
        assert!((0.0..=1.0).contains(&edge.similarity), "{edge:?}");
    }
    // Every edge between nodes that are shown is shown.
    let has = |node: u32| found.nodes.iter().any(|shown| shown.node == node);
    let all = graph.edges().filter(|edge| has(edge.source) && has(edge.target)).count();
    assert_eq!(found.edges.len(), all);
    for (row, shown) in found.attn.iter().zip(&found.nodes) {
        assert_eq!(row.node, shown.node);
        let sum: f64 = row.shares.iter().sum();
        assert!(row.shares.is_empty() || (sum - 1.0).abs() < 1e-12, "{sum}");
        assert!(row.shares.iter().rev().is_sorted() && row.shares.iter().all(|share| *share >= 0.0));
        assert_eq!(row.shares.is_empty(), !graph.neighbours(row.node).iter().any(|&to| has(to)));
    }
    assert!((0.0..=1.0 + 1e-12).contains(&found.fidelity.change));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]
    #[test]
    fn they_are_sound(nodes in 1_u32..60, edges in 0_usize..150, directed: bool, hops in 1_u32..6, limit in 1_usize..30, seed: u64) {
        let graph = random_graph(nodes, edges, 3, directed, seed);
        let options = ExplainOptions { hops, limit };
        let node = (seed % u64::from(nodes)) as u32;
        let found = run(&graph, node, options);
        sound(&graph, node, options, &found);
        prop_assert_eq!(run(&graph, node, options), found);
    }

    #[test]
    fn names_of_any_characters_are_escaped(name in any::<String>()) {
        let graph = Graph::new(2, &[0], &[1], None, GraphOptions::default()).unwrap();
        let ids = [name, "<script>alert('&\"')</script>\u{0}\u{ffff}".to_owned()];
        let found = explain(&graph, 0, None, Some(&ids), &ExplainOptions::default(), &Cancel::new()).unwrap();
        prop_assert!(!found.svg.contains("<script"));
        let mut reader = quick_xml::Reader::from_str(&found.svg);
        loop {
            match reader.read_event() {
                Ok(quick_xml::events::Event::Eof) => break,
                event => prop_assert!(event.is_ok(), "{event:?}"),
            };
        }
        let clean = found.svg.chars().all(|letter| !letter.is_control() && letter != '\u{ffff}');
        prop_assert!(clean);
        prop_assert_eq!(&found.nodes[0].id, &ids[0]);
    }
}

#[test]
fn the_karate_club() {
    let graph = karate();
    let options = ExplainOptions { hops: 2, limit: 34 };
    let found = run(&graph, 0, options);
    sound(&graph, 0, options, &found);
    // The instructor's circle comes before the president's.
    let rank = |node: u32| found.nodes.iter().position(|shown| shown.node == node);
    assert!(rank(1) < rank(33) && rank(2) < rank(33));
    assert!(found.fidelity.change > 3.0 * found.fidelity.baseline, "{:?}", found.fidelity);
    assert!(found.svg.starts_with("<svg") && found.svg.len() < 20_000);
    // Vectors change what is alike: 16 is as 5, and as nobody else around it.
    let mut vectors = vec![0.0_f32; 34 * 2];
    vectors.chunks_mut(2).enumerate().for_each(|(at, row)| row[usize::from(at != 16 && at != 5)] = 1.0);
    let rows = Rows::new(&vectors, 2).unwrap();
    let told = explain(&graph, 16, Some(rows), None, &options, &Cancel::new()).unwrap();
    assert_eq!(told.attn[0].targets[0], 5);
    assert!(told.attn[0].shares[0] > run(&graph, 16, options).attn[0].shares[0]);
}

#[test]
fn a_hub_costs_no_more_than_its_bounds() {
    let graph = barabasi_albert(20_000, 8, 3);
    let options = ExplainOptions { hops: 5, limit: 100 };
    let found = run(&graph, 8, options);
    assert_eq!(found.nodes.len(), 100);
    sound(&graph, 8, options, &found);
}

#[test]
fn unknown_nodes_and_bad_options() {
    let graph = karate();
    let code = |node: u32, options: &ExplainOptions| {
        explain(&graph, node, None, None, options, &Cancel::new()).unwrap_err().code()
    };
    let good = ExplainOptions::default();
    assert_eq!(code(34, &good), "GRAPH_NODE_NOT_FOUND");
    for hops in [0, 6] {
        assert_eq!(code(0, &ExplainOptions { hops, ..good }), "GRAPH_OPTION");
    }
    for limit in [0, 501] {
        assert_eq!(code(0, &ExplainOptions { limit, ..good }), "GRAPH_OPTION");
    }
    let few = explain(&graph, 0, None, Some(&[]), &good, &Cancel::new()).unwrap_err();
    assert_eq!(few.code(), "GRAPH_LENGTH");
    let cancel = Cancel::new();
    cancel.cancel();
    assert_eq!(explain(&graph, 0, None, None, &good, &cancel).unwrap_err().code(), "CANCELLED");
    let alone = Graph::new(1, &[], &[], None, GraphOptions::default()).unwrap();
    let found = run(&alone, 0, good);
    assert_eq!((found.nodes.len(), found.attn[0].shares.len(), found.fidelity.change), (1, 0, 0.0));
}

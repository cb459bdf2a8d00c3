//! Suggestions against the definition, pair by pair.

use crate::known::{karate, random_graph};
use canopy_core::{Cancel, Coded, Progress};
use canopy_graph::{Graph, Hypergraph, SuggestOptions, Suggestions, adamic_adar, hyper_adamic_adar};
use proptest::prelude::*;

fn run(graph: &Graph, options: SuggestOptions) -> Suggestions {
    adamic_adar(graph, &options, &Cancel::new(), &Progress::default()).unwrap()
}

const ALL: SuggestOptions = SuggestOptions { top: usize::MAX, min_score: 0.0, largest: 0 };

#[test]
fn the_karate_club() {
    let found = run(&karate(), ALL);
    let score = |a: u32, b: u32| {
        let (targets, scores) = found.of(a);
        targets.iter().position(|&target| target == b).map(|at| scores[at])
    };
    // 0 and 33 know 8, 13, 19 and 31 in common, who know 5, 5, 3 and 6 people.
    let expected = 2.0 / 5.0_f64.ln() + 1.0 / 3.0_f64.ln() + 1.0 / 6.0_f64.ln();
    assert!((score(0, 33).unwrap() - expected).abs() < 1e-14 && score(33, 0) == score(0, 33));
    // 14 and 15 know 32 (12 people) and 33 (17 people) in common.
    let expected = 1.0 / 12.0_f64.ln() + 1.0 / 17.0_f64.ln();
    assert!((score(14, 15).unwrap() - expected).abs() < 1e-14);
    assert_eq!((score(0, 1), score(16, 33), score(0, 0)), (None, None, None));
    assert_eq!(found.of(0).0[0], 33);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn are_those_of_the_definition(nodes in 1_u32..30, edges in 0_usize..120, top in 1_usize..6, floor in 0.0_f64..2.0, seed: u64) {
        let graph = random_graph(nodes, edges, 3, false, seed);
        let options = SuggestOptions { top, min_score: floor, largest: 0 };
        let found = run(&graph, options);
        for u in 0..nodes {
            let mut expected: Vec<(u32, f64)> = (0..nodes)
                .filter(|&v| v != u && graph.weight(u, v).is_none())
                .map(|v| {
                    let common = graph.neighbours(u).iter().filter(|&&w| graph.weight(w, v).is_some());
                    (v, common.map(|&w| 1.0 / (graph.neighbours(w).len() as f64).ln()).sum())
                })
                .filter(|&(_, score)| score > floor)
                .collect();
            expected.sort_by(|x, y| y.1.total_cmp(&x.1).then(x.0.cmp(&y.0)));
            expected.truncate(top);
            let (targets, scores) = found.of(u);
            prop_assert_eq!(targets.len(), expected.len());
            for ((_, score), (_, expected)) in targets.iter().zip(scores).zip(&expected) {
                prop_assert!((score - expected).abs() < 1e-12);
            }
        }
        let pairs = found.pairs();
        prop_assert!(pairs.iter().all(|pair| pair.source < pair.target));
        prop_assert!(pairs.windows(2).all(|w| (w[0].source, w[0].target) < (w[1].source, w[1].target)));
    }

    #[test]
    fn hyperedges_too(nodes in 1_u32..20, lists in prop::collection::vec(prop::collection::vec(0_u32..20, 0..8), 0..12)) {
        let lists: Vec<Vec<u32>> = lists.iter().map(|list| list.iter().map(|node| node % nodes).collect()).collect();
        let hypergraph = Hypergraph::new(nodes, &lists).unwrap();
        let found = hyper_adamic_adar(&hypergraph, &ALL, &Cancel::new(), &Progress::default()).unwrap();
        for u in 0..nodes {
            let (targets, scores) = found.of(u);
            for v in (0..nodes).filter(|&v| v != u) {
                let expected: f64 = (0..hypergraph.len())
                    .map(|at| hypergraph.members(at))
                    .filter(|members| members.contains(&u) && members.contains(&v) && members.len() > 2)
                    .map(|members| 1.0 / ((members.len() - 1) as f64).ln())
                    .sum();
                let score = targets.iter().position(|&target| target == v).map_or(0.0, |at| scores[at]);
                prop_assert!((score - expected).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn bad_floors_and_cancellation() {
    for floor in [-1.0, f64::NAN, f64::INFINITY] {
        let options = SuggestOptions { min_score: floor, ..SuggestOptions::default() };
        let refused = adamic_adar(&karate(), &options, &Cancel::new(), &Progress::default()).unwrap_err();
        assert_eq!(refused.code(), "GRAPH_OPTION");
    }
    let cancel = Cancel::new();
    cancel.cancel();
    let refused = adamic_adar(&karate(), &SuggestOptions::default(), &cancel, &Progress::default()).unwrap_err();
    assert_eq!(refused.code(), "CANCELLED");
}

//! Walks against their probabilities, embeddings against communities.

use crate::known::{barabasi_albert, karate, random_graph};
use canopy_core::{Cancel, Coded, Progress};
use canopy_graph::{Edge, Graph, GraphOptions, Node2Vec, Node2VecOptions, WalkOptions, Walks, node2vec, walks};

fn walk(graph: &Graph, options: &WalkOptions) -> Walks {
    walks(graph, options, &Cancel::new(), &Progress::default()).unwrap()
}

fn embed(graph: &Graph, options: &Node2VecOptions) -> Node2Vec {
    node2vec(graph, options, &Cancel::new(), &Progress::default()).unwrap()
}

/// How often each (from, here, next) occurs against what p and q say, over every turn of a small graph.
fn turns_follow(graph: &Graph, p: f64, q: f64) {
    let n = graph.nodes() as usize;
    let options = WalkOptions { p, q, walks: 4000, length: 20, seed: 3 };
    let mut seen = vec![0_u32; n * n * n];
    for row in walk(graph, &options).nodes.chunks(20) {
        for turn in row.windows(3).filter(|turn| turn[2] != u32::MAX) {
            seen[(turn[0] as usize * n + turn[1] as usize) * n + turn[2] as usize] += 1;
        }
    }
    for edge in 0..n * n {
        let (from, here) = ((edge / n) as u32, (edge % n) as u32);
        let counts = &seen[edge * n..(edge + 1) * n];
        let total: u32 = counts.iter().sum();
        if total < 1000 {
            continue;
        }
        let mass: Vec<f64> = (0..n as u32)
            .map(|next| {
                let weight = graph.weight(here, next).unwrap_or(0.0);
                let joined = graph.weight(next, from).is_some();
                weight
                    * if next == from {
                        1.0 / p
                    } else if joined {
                        1.0
                    } else {
                        1.0 / q
                    }
            })
            .collect();
        let sum: f64 = mass.iter().sum();
        for (count, mass) in counts.iter().zip(&mass) {
            let share = mass / sum;
            let deviation = (share * (1.0 - share) / f64::from(total)).sqrt();
            let off = (f64::from(*count) / f64::from(total) - share).abs();
            assert!(off <= 5.5 * deviation + 1e-9, "{from} {here}: {off} of {share}, p {p} q {q}");
        }
    }
}

#[test]
fn turns_have_their_probabilities() {
    for (p, q) in [(1.0, 1.0), (0.1, 4.0), (4.0, 0.1), (0.25, 0.25), (0.1, 0.1), (3.0, 2.0)] {
        turns_follow(&random_graph(7, 14, 1, false, 1), p, q);
        turns_follow(&random_graph(7, 14, 5, false, 2), p, q);
        turns_follow(&random_graph(7, 25, 4, true, 5), p, q);
    }
}

#[test]
fn walks_follow_edges_and_a_seed() {
    let graph = random_graph(50, 120, 3, true, 9);
    let options = WalkOptions { p: 0.5, q: 2.0, walks: 3, length: 15, seed: 1 };
    let found = walk(&graph, &options);
    assert_eq!(found.nodes.len(), 50 * 3 * 15);
    for (number, row) in found.nodes.chunks(15).enumerate() {
        assert_eq!(row[0], number as u32 % 50);
        for step in row.windows(2).filter(|step| step[1] != u32::MAX) {
            assert!(graph.weight(step[0], step[1]).is_some());
        }
        let end = row.iter().position(|&node| node == u32::MAX).unwrap_or(15);
        assert!(end == 15 || graph.neighbours(row[end - 1]).is_empty());
    }
    assert_eq!(walk(&graph, &options), found);
    assert_ne!(walk(&graph, &WalkOptions { seed: 2, ..options }), found);
}

/// Mean cosine inside and between two groups of 40.
fn separation(found: &Node2Vec) -> (f64, f64) {
    let row = |node: usize| &found.vectors[node * found.dim..(node + 1) * found.dim];
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let (mut inside, mut between) = ((0.0, 0.0), (0.0, 0.0));
    for a in 0..80 {
        for b in 0..a {
            let cosine = dot(row(a), row(b)) / (dot(row(a), row(a)) * dot(row(b), row(b))).sqrt();
            let sum = if (a < 40) == (b < 40) { &mut inside } else { &mut between };
            *sum = (sum.0 + cosine, sum.1 + 1.0);
        }
    }
    (inside.0 / inside.1, between.0 / between.1)
}

#[test]
fn communities_come_apart() {
    let mut random = fastrand::Rng::with_seed(4);
    let mut edges = Vec::new();
    for a in 0..80 {
        for b in 0..a {
            if random.f64() < if (a < 40) == (b < 40) { 0.3 } else { 0.01 } {
                edges.push(Edge { source: a, target: b, weight: 1.0 });
            }
        }
    }
    let graph = Graph::from_edges(80, &edges, GraphOptions::default()).unwrap();
    let options = Node2VecOptions { dim: 20, epochs: 8, deterministic: true, ..Node2VecOptions::default() };
    let found = embed(&graph, &options);
    let (inside, between) = separation(&found);
    assert!(inside > between + 0.2, "{inside} {between}");
    assert_eq!(embed(&graph, &options), found);
    let (inside, between) = separation(&embed(&graph, &Node2VecOptions { deterministic: false, ..options }));
    assert!(inside > between + 0.2, "{inside} {between}");
}

#[test]
fn bad_options_empty_graphs_and_cancellation() {
    let graph = karate();
    let good = WalkOptions::default();
    let code = |options: WalkOptions| {
        let by_walks = walks(&graph, &options, &Cancel::new(), &Progress::default()).unwrap_err().code();
        let options = Node2VecOptions { walk: options, ..Node2VecOptions::default() };
        assert_eq!(node2vec(&graph, &options, &Cancel::new(), &Progress::default()).unwrap_err().code(), by_walks);
        by_walks
    };
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(code(WalkOptions { p: bad, ..good }), "NODE2VEC_PQ");
        assert_eq!(code(WalkOptions { q: bad, ..good }), "NODE2VEC_PQ");
    }
    assert_eq!(code(WalkOptions { walks: 0, ..good }), "GRAPH_OPTION");
    assert_eq!(code(WalkOptions { length: 1, ..good }), "GRAPH_OPTION");
    let refused =
        |options: &Node2VecOptions| node2vec(&graph, options, &Cancel::new(), &Progress::default()).unwrap_err().code();
    let good = Node2VecOptions::default();
    assert_eq!(refused(&Node2VecOptions { dim: 0, ..good }), "GRAPH_OPTION");
    assert_eq!(refused(&Node2VecOptions { window: 0, ..good }), "GRAPH_OPTION");
    assert_eq!(refused(&Node2VecOptions { negatives: 0, ..good }), "GRAPH_OPTION");
    assert_eq!(refused(&Node2VecOptions { epochs: 0, ..good }), "GRAPH_OPTION");
    assert_eq!(refused(&Node2VecOptions { learning_rate: f32::NAN, ..good }), "GRAPH_OPTION");
    let none = Graph::new(3, &[], &[], None, GraphOptions::default()).unwrap();
    assert_eq!(node2vec(&none, &good, &Cancel::new(), &Progress::default()).unwrap_err().code(), "GRAPH_EMPTY");
    // Cancelled from another thread, half-way.
    let large = barabasi_albert(3000, 4, 1);
    for deterministic in [false, true] {
        let cancel = Cancel::new();
        let raise = cancel.clone();
        let progress = Progress::new(move |done, _| {
            if done > 0 {
                raise.cancel();
            }
        });
        let options = Node2VecOptions { deterministic, epochs: 1000, ..good };
        assert_eq!(node2vec(&large, &options, &cancel, &progress).unwrap_err().code(), "CANCELLED");
    }
    // An isolated node keeps its place.
    let lonely = Graph::new(3, &[0], &[1], None, GraphOptions::default()).unwrap();
    let found = embed(&lonely, &Node2VecOptions { dim: 3, ..good });
    assert!(found.vectors.len() == 9 && found.vectors.iter().all(|x| x.is_finite()));
}

#[test]
fn more_walks_than_memory_are_refused() {
    let options = WalkOptions { walks: 100_000, length: 100_000, ..WalkOptions::default() };
    let refused = walks(&karate(), &options, &Cancel::new(), &Progress::default()).unwrap_err();
    assert_eq!(refused.code(), "GRAPH_TOO_LARGE");
}

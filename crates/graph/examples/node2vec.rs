//! Measures Node2Vec: `cargo run --release -p canopy-graph --example node2vec -- [nodes] [p] [q] [runs]`.
//!
//! A Barabási–Albert graph with m = 5, 10 walks of 40 nodes from each, 128 coordinates. The area under the curve is that of cosines of 10 % of
//! the edges, held back, against as many random pairs, after training on the rest, with all cores and with one thread. The last line of standard output is
//! one JSON object.

use canopy_core::{Cancel, Progress};
use canopy_graph::{Edge, Graph, GraphOptions, Node2Vec, Node2VecOptions, WalkOptions, node2vec, walks};
use std::time::Instant;

mod shared;
use shared::barabasi_albert;

#[expect(clippy::print_stdout, reason = "the last line of standard output is the result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |at: usize| std::env::args().nth(at);
    let nodes: u32 = argument(1).map_or(Ok(10_000), |text| text.parse())?;
    let p = argument(2).map_or(Ok(0.5), |text| text.parse())?;
    let q = argument(3).map_or(Ok(2.0), |text| text.parse())?;
    let runs: usize = argument(4).map_or(Ok(3), |text| text.parse())?;
    let edges = barabasi_albert(nodes, 5, 42);
    let graph = Graph::from_edges(nodes, &edges, GraphOptions::default())?;
    let (cancel, quiet) = (Cancel::new(), Progress::default());
    let walk = WalkOptions { p, q, ..WalkOptions::default() };
    let count = u64::from(nodes) * u64::from(walk.walks);
    let mut walk_s = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        walks(&graph, &walk, &cancel, &quiet)?;
        walk_s = walk_s.min(start.elapsed().as_secs_f64());
    }
    let mut random = fastrand::Rng::with_seed(7);
    let (mut kept, mut held) = (Vec::new(), Vec::new());
    edges.iter().for_each(|&edge| if random.u8(0..10) == 0 { held.push(edge) } else { kept.push(edge) });
    let training = Graph::from_edges(nodes, &kept, GraphOptions::default())?;
    let mut result = Vec::new();
    for deterministic in [false, true] {
        let options = Node2VecOptions { walk, deterministic, ..Node2VecOptions::default() };
        let start = Instant::now();
        let found = node2vec(&training, &options, &cancel, &quiet)?;
        result.push((start.elapsed().as_secs_f64(), area(&found, &graph, &held)));
    }
    println!(
        "{{\"nodes\":{nodes},\"edges\":{},\"p\":{p},\"q\":{q},\"walks_per_s\":{:.0},\"train_s\":{:.2},\"auc\":{:.4},\"one_thread_s\":{:.2},\"one_thread_auc\":{:.4}}}",
        graph.edge_count(),
        count as f64 / walk_s,
        result[0].0,
        result[0].1,
        result[1].0,
        result[1].1
    );
    Ok(())
}

/// The chance that an edge held back scores above a random pair that isn't joined.
fn area(found: &Node2Vec, graph: &Graph, held: &[Edge]) -> f64 {
    let row = |node: u32| &found.vectors[node as usize * found.dim..][..found.dim];
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let cosine = |a: u32, b: u32| dot(row(a), row(b)) / (dot(row(a), row(a)) * dot(row(b), row(b))).sqrt();
    let mut random = fastrand::Rng::with_seed(9);
    let mut scores: Vec<(f64, bool)> = held.iter().map(|edge| (cosine(edge.source, edge.target), true)).collect();
    while scores.len() < 2 * held.len() {
        let (a, b) = (random.u32(0..graph.nodes()), random.u32(0..graph.nodes()));
        if a != b && graph.weight(a, b).is_none() {
            scores.push((cosine(a, b), false));
        }
    }
    scores.sort_by(|x, y| x.0.total_cmp(&y.0));
    let (mut below, mut wins) = (0_u64, 0_u64);
    for (_, edge) in scores {
        if edge { wins += below } else { below += 1 }
    }
    wins as f64 / (held.len() as f64 * below as f64)
}

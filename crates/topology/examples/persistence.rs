//! Measures diagrams and the layer: `cargo run --release -p canopy-topology --example persistence -- [nodes] [runs] [edges.csv bars.csv]`.
//!
//! The whole diagram is that of a graph that joins each of the points, uniform in a cube, with its 15 nearest. The layer follows
//! edits, which move the weights of, take away and add edges: `local` ones are those of whole communities, in a graph of points
//! that lie in clusters of 25 around centres uniform in the cube; `region` ones those of a breadth-first region of the uniform graph, which has no
//! communities; `random` ones are uniform in it. Speed-ups compare with building anew in the same run; the program exits with 1 when a
//! local one is below 2. The last line of standard output is one JSON object.

use canopy_core::{Cancel, Progress};
use canopy_topology::{Change, Edge, Layer, LayerOptions, PersistenceOptions, WeightedGraph, persistence};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

const K: usize = 15;
const FLOOR: f64 = 2.0;

type Failure = Box<dyn std::error::Error>;

#[expect(clippy::print_stdout, reason = "the last line of standard output is the result")]
fn main() -> Result<ExitCode, Failure> {
    let argument = |at: usize, default: usize| std::env::args().nth(at).map_or(Ok(default), |text| text.parse());
    let (nodes, runs) = (argument(1, 1000)?, argument(2, 5)?);
    let (cancel, quiet) = (Cancel::new(), Progress::default());
    let graph = neighbour_graph(nodes, 7, 1)?;
    let clustered = neighbour_graph(nodes, 7, 25)?;
    let mut diagram = persistence(&graph, &PersistenceOptions::default(), &cancel)?;
    let whole_ms = best(runs, || {
        diagram = persistence(&graph, &PersistenceOptions::default(), &cancel)?;
        Ok(())
    })? * 1e3;
    if let (Some(edges), Some(bars)) = (std::env::args().nth(3), std::env::args().nth(4)) {
        let mut file = std::io::BufWriter::new(std::fs::File::create(edges)?);
        for edge in graph.edges() {
            writeln!(file, "{},{},{}", edge.a, edge.b, edge.weight)?;
        }
        let mut file = std::io::BufWriter::new(std::fs::File::create(bars)?);
        for bar in &diagram.bars {
            writeln!(file, "{},{},{}", bar.dimension, bar.birth, bar.death)?;
        }
    }
    let build_ms = best(runs.min(3), || {
        Layer::build(graph.clone(), &LayerOptions::default(), &cancel, &quiet)?;
        Ok(())
    })? * 1e3;
    let (mut fields, mut fine) = (String::new(), true);
    for (kind, graph, near) in [("local", &clustered, true), ("region", &graph, true), ("random", &graph, false)] {
        for percent in [1, 10, 20] {
            let changes = edits(graph, graph.edges().len() * percent / 100, near);
            let (mut anew, mut followed, mut reached) = (f64::INFINITY, f64::INFINITY, 0);
            for _ in 0..runs.min(3) {
                let mut layer = Layer::build(graph.clone(), &LayerOptions::default(), &cancel, &quiet)?;
                let start = Instant::now();
                let update = layer.update(&changes, &cancel, &quiet)?;
                followed = followed.min(start.elapsed().as_secs_f64());
                reached = update.recomputed.len();
                let changed = layer.graph().clone();
                let start = Instant::now();
                let fresh = Layer::build(changed, &LayerOptions::default(), &cancel, &quiet)?;
                anew = anew.min(start.elapsed().as_secs_f64());
                assert!(fresh.diagrams() == layer.diagrams(), "following must equal building anew");
            }
            fine &= kind != "local" || anew / followed >= FLOOR;
            fields += &format!(
                ",\"{kind}_{percent}\":{{\"speedup\":{:.2},\"reached\":{:.3}}}",
                anew / followed,
                reached as f64 / nodes as f64
            );
        }
    }
    println!(
        "{{\"nodes\":{nodes},\"edges\":{},\"loops\":{},\"whole_ms\":{whole_ms:.2},\"layer_ms\":{build_ms:.1}{fields}}}",
        graph.edges().len(),
        diagram.points(1).len()
    );
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn best(runs: usize, mut work: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    let mut least = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        work()?;
        least = least.min(start.elapsed().as_secs_f64());
    }
    Ok(least)
}

/// Weights are rounded to `f32`, as an index would store them.
fn neighbour_graph(nodes: usize, seed: u64, cluster: usize) -> Result<WeightedGraph, Failure> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut centre = [0.0; 3];
    let spread = if cluster > 1 { 0.05 } else { 0.0 };
    let points: Vec<[f64; 3]> = (0..nodes)
        .map(|i| {
            if i % cluster == 0 {
                centre = [random.f64(), random.f64(), random.f64()];
            }
            centre.map(|x| x + spread * (random.f64() - 0.5))
        })
        .collect();
    let mut edges = Vec::with_capacity(nodes * K);
    for (a, x) in (0_u32..).zip(&points) {
        let square = |y: &[f64; 3]| x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
        let mut near: Vec<(f64, u32)> = points.iter().zip(0_u32..).map(|(y, b)| (square(y), b)).collect();
        near.select_nth_unstable_by(K, |x, y| x.0.total_cmp(&y.0));
        let near = near[..=K].iter().filter(|&&(_, b)| a != b);
        edges.extend(near.map(|&(square, b)| Edge { a, b, weight: f64::from(square.sqrt() as f32) }));
    }
    Ok(WeightedGraph::from_edges(nodes as u32, edges)?)
}

fn edits(graph: &WeightedGraph, count: usize, local: bool) -> Vec<Change> {
    let mut random = fastrand::Rng::with_seed(11);
    let mut chosen: Vec<Edge> = if local { region(graph, count) } else { graph.edges().to_vec() };
    if !local {
        random.shuffle(&mut chosen);
        chosen.truncate(count);
    }
    let nodes: Vec<u32> = chosen.iter().flat_map(|edge| [edge.a, edge.b]).collect();
    let change = |edge: &Edge| match random.u8(0..10) {
        0 => Change::Remove { a: edge.a, b: edge.b },
        1 => {
            let (a, b) = (nodes[random.usize(0..nodes.len())], nodes[random.usize(0..nodes.len())]);
            // Among nodes far from each other this would not be local.
            if a == b || !local {
                Change::Set { a: edge.a, b: edge.b, weight: 0.3 }
            } else {
                near(graph, a, edge.weight).unwrap_or(Change::Remove { a: edge.a, b: edge.b })
            }
        }
        _ => Change::Set { a: edge.a, b: edge.b, weight: edge.weight * (0.5 + random.f64()) },
    };
    chosen.iter().map(change).collect()
}

/// Joins a node with a neighbour of a neighbour.
fn near(graph: &WeightedGraph, a: u32, weight: f64) -> Option<Change> {
    let around = |a: u32| {
        let touching = graph.edges().iter().filter(move |edge| edge.a == a || edge.b == a);
        touching.map(move |edge| edge.a + edge.b - a)
    };
    let b = around(a).flat_map(around).find(|&b| b != a && !around(a).any(|c| c == b))?;
    Some(Change::Set { a, b, weight })
}

/// The edges inside the smallest breadth-first region of node 0 that holds `count` of them.
fn region(graph: &WeightedGraph, count: usize) -> Vec<Edge> {
    let mut around = vec![Vec::new(); graph.nodes() as usize];
    for edge in graph.edges() {
        around[edge.a as usize].push((edge.b, *edge));
        around[edge.b as usize].push((edge.a, *edge));
    }
    let (mut inside, mut queue, mut at) = (BTreeSet::from([0]), vec![0_u32], 0);
    let (mut entered, mut chosen) = (BTreeSet::new(), Vec::new());
    let mut fresh = 0..graph.nodes();
    while chosen.len() < count {
        if at == queue.len() {
            // The next community.
            let Some(next) = fresh.next() else { break };
            if inside.insert(next) {
                queue.push(next);
            }
            continue;
        }
        let node = queue[at];
        at += 1;
        entered.insert(node);
        for &(next, edge) in &around[node as usize] {
            if entered.contains(&next) && chosen.len() < count {
                chosen.push(edge);
            }
            if inside.insert(next) {
                queue.push(next);
            }
        }
    }
    chosen
}

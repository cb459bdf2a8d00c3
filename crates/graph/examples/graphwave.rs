//! Measures GraphWave: `cargo run --release -p canopy-graph --example graphwave -- [nodes] [tolerance] [checked columns]`.
//!
//! A Barabási–Albert graph with m = 4, scales 2.5 and 5, 25 points. Some rows are compared with heat spread by a polynomial 40 degrees
//! longer and every sine and cosine computed by itself. The last line of standard output is one JSON object.

use canopy_core::{Cancel, Progress};
use canopy_graph::{Graph, GraphOptions, GraphWaveOptions, graphwave};
use std::time::Instant;

mod shared;
use shared::barabasi_albert;

#[expect(clippy::print_stdout, reason = "the last line of standard output is the result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |at: usize| std::env::args().nth(at);
    let nodes = argument(1).map_or(Ok(10_000), |text| text.parse())?;
    let tolerance = argument(2).map_or(Ok(1e-8), |text| text.parse())?;
    let checked: u32 = argument(3).map_or(Ok(50), |text| text.parse())?;
    let graph = Graph::from_edges(nodes, &barabasi_albert(nodes, 4, 42), GraphOptions::default())?;
    let options = GraphWaveOptions { scales: Some(vec![2.5, 5.0]), tolerance, ..GraphWaveOptions::default() };
    // Finding a GPU and having its kernels translated is done once a process.
    let device = canopy_cuda::device().map_or_else(|_| "cpu".to_owned(), |device| device.info().name.clone());
    let start = Instant::now();
    let found = graphwave(&graph, &options, &Cancel::new(), &Progress::default())?;
    let seconds = start.elapsed().as_secs_f64();
    let mut worst = 0.0_f64;
    for at in 0..checked {
        let node = (u64::from(at) * u64::from(nodes) / u64::from(checked)) as u32;
        for (scale, s) in [2.5, 5.0].into_iter().enumerate() {
            let heat = heat(&graph, node, s);
            let row = &found.rows[node as usize * found.dim..][scale * 50..scale * 50 + 50];
            for (value, t) in row.chunks_exact(2).zip(&found.points) {
                let n = f64::from(nodes);
                let real = heat.iter().map(|x| (t * x).cos()).sum::<f64>() / n;
                let imaginary = heat.iter().map(|x| (t * x).sin()).sum::<f64>() / n;
                worst = worst.max((value[0] - real).abs()).max((value[1] - imaginary).abs());
            }
        }
    }
    println!(
        "{{\"device\":\"{device}\",\"nodes\":{nodes},\"edges\":{},\"tolerance\":{tolerance:e},\"order\":{},\"seconds\":{seconds:.2},\"worst_error\":{worst:.2e},\"peak_mb\":{}}}",
        graph.edge_count(),
        found.order,
        peak_megabytes()
    );
    Ok(())
}

/// `exp(-s L) e` by its Taylor series in 64 small steps: shares nothing with the engine.
fn heat(graph: &Graph, node: u32, s: f64) -> Vec<f64> {
    let n = graph.nodes();
    let degree = |node: u32| graph.neighbours(node).len() as f64;
    let mut heat = vec![0.0; n as usize];
    heat[node as usize] = 1.0;
    for _ in 0..8 {
        let mut term = heat.clone();
        for k in 1..=20 {
            let row = |u: u32| {
                let around: f64 =
                    graph.neighbours(u).iter().map(|&v| term[v as usize] / (degree(u) * degree(v)).sqrt()).sum();
                -(s / 8.0) / f64::from(k) * (term[u as usize] - around)
            };
            term = (0..n).map(row).collect();
            heat.iter_mut().zip(&term).for_each(|(heat, term)| *heat += term);
        }
    }
    heat
}

fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) / 1024
}

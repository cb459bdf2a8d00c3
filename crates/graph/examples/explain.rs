//! Measures explanations: `cargo run --release -p canopy-graph --example explain -- [nodes] [calls] [drawing.svg]`.
//!
//! A Barabási–Albert graph with m = 8; every call explains another node, hubs among them, with 2 hops and 50 nodes, then with 5 and 200.
//! The last line of standard output is one JSON object.

use canopy_core::Cancel;
use canopy_graph::{ExplainOptions, Graph, GraphOptions, explain};
use std::time::Instant;

mod shared;
use shared::barabasi_albert;

#[expect(clippy::print_stdout, reason = "the last line of standard output is the result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |at: usize, default: u32| std::env::args().nth(at).map_or(Ok(default), |text| text.parse());
    let (nodes, calls) = (argument(1, 100_000)?, argument(2, 300)?);
    let graph = Graph::from_edges(nodes, &barabasi_albert(nodes, 8, 42), GraphOptions::default())?;
    let mut fields = String::new();
    for (hops, limit) in [(2, 50), (5, 200)] {
        let options = ExplainOptions { hops, limit };
        let mut times = Vec::new();
        for call in 0..calls {
            // Half of the calls ask for the oldest nodes, which have most neighbours.
            let node = if call % 2 == 0 { call } else { call * (nodes / calls) };
            let start = Instant::now();
            let found = explain(&graph, node, None, None, &options, &Cancel::new())?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
            if call == 1
                && let Some(path) = std::env::args().nth(3)
            {
                std::fs::write(path, found.svg)?;
            }
        }
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[(share * (times.len() - 1) as f64) as usize];
        fields += &format!(
            ",\"hops_{hops}_limit_{limit}\":{{\"p50_ms\":{:.2},\"p95_ms\":{:.2},\"max_ms\":{:.2}}}",
            at(0.5),
            at(0.95),
            at(1.0)
        );
    }
    println!("{{\"nodes\":{nodes},\"edges\":{},\"calls\":{calls}{fields}}}", graph.edge_count());
    Ok(())
}

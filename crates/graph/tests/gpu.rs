//! GraphWave on a GPU against the processor.

mod growing;

use canopy_core::{Cancel, Coded, Progress};
use canopy_cuda::{Choice, choose};
use canopy_cuda_emulator::harness::{Cases, run};
use canopy_graph::{Edge, Graph, GraphOptions, GraphWave, GraphWaveOptions, Laplacian, graphwave};

fn main() {
    run(Cases {
        what: "GraphWave's embedding is the processor's",
        real: || compare(1000, 25),
        emulated: || compare(300, 9),
        full: (10_000, || compare(300, 9)),
    })
}

fn compare(nodes: u32, points: usize) {
    let edge = |(source, target, weight)| Edge { source, target, weight };
    let edges: Vec<Edge> = growing::growing(nodes, 7).into_iter().map(edge).collect();
    let graph = Graph::from_edges(nodes, &edges, GraphOptions::default()).expect("edges are valid");
    for (tolerance, laplacian, bound) in [
        (1e-8, Laplacian::Normalized, 1e-8),
        (1e-8, Laplacian::Combinatorial, 1e-8),
        // In single precision, where the processor's series leaves out what the tolerance allows.
        (1e-3, Laplacian::Normalized, 1e-3),
    ] {
        let options = GraphWaveOptions {
            scales: Some(vec![0.7, 2.5]),
            points,
            tolerance,
            laplacian,
            ..GraphWaveOptions::default()
        };
        let embed = |choice| -> GraphWave {
            choose(choice);
            graphwave(&graph, &options, &Cancel::new(), &Progress::default()).expect("embeds")
        };
        let (cpu, gpu) = (embed(Choice::Cpu), embed(Choice::Gpu));
        let off: f64 = cpu.rows.iter().zip(&gpu.rows).map(|(a, b)| (a - b) * (a - b)).sum();
        let relative = (off / cpu.rows.iter().map(|a| a * a).sum::<f64>()).sqrt();
        assert!(relative < bound, "{laplacian:?}, tolerance {tolerance}: {relative}");
    }
    choose(Choice::Cpu);
    let cancel = Cancel::new();
    cancel.cancel();
    choose(Choice::Gpu);
    let options = GraphWaveOptions::default();
    let outcome = graphwave(&graph, &options, &cancel, &Progress::default()).map(drop).map_err(|error| error.code());
    assert_eq!(outcome, Err("CANCELLED"));
}

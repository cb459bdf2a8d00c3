//! GraphWave on a GPU against the processor, on an emulated one and on a real one.
//!
//! Without a GPU its case reports itself skipped, by name and with the reason; `CANOPY_TEST_GPU=require` makes that a failure.

use canopy_core::{Cancel, Coded, Progress};
use canopy_cuda::{Choice, choose, device, install};
use canopy_cuda_emulator as emulator;
use canopy_graph::{Edge, Graph, GraphOptions, GraphWave, GraphWaveOptions, Laplacian, graphwave};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

fn main() {
    // The choice of a device is the process's.
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    // Before an emulated device takes its place.
    let gpu = device();
    let real = Trial::ignorable_test("gpu: GraphWave of 1,000 nodes is the processor's", move || match gpu {
        Ok(gpu) => {
            install(gpu);
            compare(1000, 25);
            Ok(Completion::Completed)
        }
        Err(error) if std::env::var("CANOPY_TEST_GPU").as_deref() == Ok("require") => Err(Failed::from(error)),
        Err(error) => Ok(Completion::ignored_with(format!("{}: {error}", error.code()))),
    });
    let emulated = Trial::test("emulated: GraphWave of 300 nodes is the processor's", || {
        install(emulator::device(1 << 30, false));
        let before = emulator::launches();
        compare(300, 9);
        assert!(emulator::launches() > before, "the device was asked");
        Ok(())
    });
    let full = Trial::test("emulated: a device without room leaves GraphWave to the processor", || {
        install(emulator::device(10_000, false));
        compare(300, 9);
        Ok(())
    });
    libtest_mimic::run(&arguments, vec![real, emulated, full]).exit();
}

/// Newcomers join four nodes by the ends of edges there are, with weights; the last node stays alone.
fn growing(nodes: u32) -> Graph {
    let mut random = fastrand::Rng::with_seed(7);
    let mut ends: Vec<u32> = (0..4).collect();
    let mut edges = Vec::new();
    for source in 4..nodes - 1 {
        for _ in 0..4 {
            let target = ends[random.usize(0..ends.len())];
            edges.push(Edge { source, target, weight: 0.5 + random.f64() });
            ends.extend([source, target]);
        }
    }
    Graph::from_edges(nodes, &edges, GraphOptions::default()).expect("edges are valid")
}

fn compare(nodes: u32, points: usize) {
    let graph = growing(nodes);
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

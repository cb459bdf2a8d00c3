//! A small hierarchy is reconstructed.

use canopy_core::{Cancel, Progress};
use canopy_hyperbolic::{TrainOptions, evaluate, train};

/// Every (node, ancestor) of a complete tree.
fn closure(branching: u32, depth: u32) -> (u32, Vec<(u32, u32)>) {
    let nodes = (0..=depth).map(|level| branching.pow(level)).sum();
    let mut pairs = Vec::new();
    for node in 1..nodes {
        let mut at = node;
        while at > 0 {
            at = (at - 1) / branching;
            pairs.push((node, at));
        }
    }
    (nodes, pairs)
}

#[test]
fn a_tree_comes_back_from_five_coordinates() {
    let (nodes, pairs) = closure(3, 4);
    let options = TrainOptions { dim: 5, epochs: 60, ..TrainOptions::default() };
    let run = || train(nodes, &pairs, &options, &Cancel::new(), &Progress::default()).unwrap();
    let embedding = run();
    let quality = evaluate(&embedding, &pairs, &Cancel::new()).unwrap();
    assert!(quality.map > 0.85 && quality.mean_rank < 2.0, "{quality:?}");
    // The root is nearest to 0, and a leaf lies farther out than its grandparent.
    let mut norms = vec![0.0; nodes as usize];
    embedding.ball.norms(&embedding.points, 5, &mut norms, &Cancel::new()).unwrap();
    assert!(norms[1..].iter().all(|&norm| norm > norms[0]));
    assert_eq!(run(), embedding);
    let barely = train(
        nodes,
        &pairs,
        &TrainOptions { epochs: 1, burn_in: 0, ..options.clone() },
        &Cancel::new(),
        &Progress::default(),
    );
    let before = evaluate(&barely.unwrap(), &pairs, &Cancel::new()).unwrap();
    assert!(before.map < quality.map - 0.2, "training changes nothing: {before:?}");
}

#[test]
fn estimates_are_in_proportion_and_refuse_what_training_refuses() {
    let options = TrainOptions::default();
    let (one, ten) = (options.estimate(100, 500, false).unwrap(), options.estimate(100, 5000, false).unwrap());
    assert_eq!(ten.operations, 10 * one.operations);
    assert!((ten.seconds / one.seconds - 10.0).abs() < 1e-9 && ten.bytes > one.bytes);
    assert!(options.estimate(100_000, 500, true).unwrap().seconds > 10.0 * one.seconds);
    assert!(options.estimate(100, 0, false).is_err());
    assert!(TrainOptions { dim: 0, ..options.clone() }.estimate(100, 500, false).is_err());
    assert!(TrainOptions { epochs: u32::MAX, burn_in: 0, ..options }.estimate(u32::MAX, u64::MAX, true).is_ok());
}

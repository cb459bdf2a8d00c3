//! Refreshing, given factors, refusals.

use crate::residual::{build, gaussian};
use canopy_core::{Cancel, Coded, Fault, Progress};
use canopy_cover_tree::{
    Envelope, Error, GatePreset, GivenFactors, GraphRefresher, Inducing, Kernel, KernelKind, MISSING, OnMiss, Points,
    ResidualOptions, ResidualTree, Search, Telemetry,
};

fn small(length: f64) -> ResidualOptions {
    ResidualOptions {
        kernel: Kernel::new(KernelKind::Matern52, length),
        inducing: Inducing::KMeans { count: 30, seed: 1 },
        ..ResidualOptions::default()
    }
}

fn quiet() -> (Cancel, Progress) {
    (Cancel::new(), Progress::default())
}

#[test]
fn a_refreshed_tree_is_one_built_anew() {
    let (cancel, progress) = quiet();
    let rows = gaussian(3 * 900, 1);
    let mut tree = build(&rows, 3, &small(1.0));
    let given = Inducing::Given(tree.inducing());
    for length in [0.5, 2.0, 1.0] {
        let kernel = Kernel::new(KernelKind::Matern32, length);
        tree.refresh_metric(&kernel, &cancel, &progress).unwrap();
        let anew = build(&rows, 3, &ResidualOptions { kernel, inducing: given.clone(), ..small(1.0) });
        let found = |tree: &ResidualTree| tree.predecessors(9, &Search::default(), &cancel, &progress).unwrap();
        assert_eq!(found(&tree).neighbours, found(&anew).neighbours);
    }
    // A kernel that can't be is refused, and the old one stays.
    let refused = tree.refresh_metric(&Kernel::new(KernelKind::Rbf, 0.0), &cancel, &progress);
    assert_eq!(refused.unwrap_err().code(), "KERNEL_LENGTHSCALE");
    assert_eq!(tree.options().kernel, Kernel::new(KernelKind::Matern32, 1.0));
}

#[test]
fn readers_see_the_old_graph_or_the_new_one() {
    let (cancel, progress) = quiet();
    let tree = build(&gaussian(2 * 1500, 2), 2, &small(1.0));
    let graph = GraphRefresher::new(tree, 8, &Search::default(), &cancel, &progress).unwrap();
    let first = graph.current();
    let kernels: Vec<Kernel> = (1..6).map(|step| Kernel::new(KernelKind::Matern52, f64::from(step) * 0.4)).collect();
    let requests: Vec<u64> = kernels.iter().map(|kernel| graph.request(kernel.clone())).collect();
    let last = requests[4];
    while graph.current().generation < last {
        let seen = graph.current();
        let own = seen.tree.predecessors(8, &Search::default(), &cancel, &progress).unwrap();
        assert_eq!(own.neighbours, seen.answer.neighbours);
        std::thread::yield_now();
    }
    let current = graph.wait(last).unwrap();
    assert_eq!((current.generation, current.tree.options().kernel.clone()), (5, kernels[4].clone()));
    // Whoever still holds the first one still has it whole, and a superseded request gives what superseded it.
    assert_eq!(first.tree.options().kernel.lengthscales, [1.0]);
    assert_eq!(graph.wait(1).unwrap().generation, 5);
    // A request that fails says so, and leaves the graph as it is.
    let bad = graph.request(Kernel::new(KernelKind::Rbf, f64::NAN));
    assert_eq!(graph.wait(bad).unwrap_err().code(), "KERNEL_LENGTHSCALE");
    assert_eq!(graph.current().generation, 5);
    let good = graph.request(kernels[0].clone());
    assert_eq!(graph.wait(good).unwrap().generation, 7);
    // Dropped amid work, it stops.
    graph.request(kernels[1].clone());
}

#[test]
fn given_factors_find_what_computed_ones_find() {
    let (cancel, progress) = quiet();
    // One inducing point at the origin: V is a column, easily computed by hand.
    let rows = gaussian(2 * 500, 3);
    let options = ResidualOptions { inducing: Inducing::Given(vec![0.0, 0.0]), jitter: 1e-6, ..small(1.0) };
    let column = |rows: &[f64]| -> GivenFactors {
        let v: Vec<f64> =
            rows.chunks_exact(2).map(|x| options.kernel.covariance(x, &[0.0, 0.0]) / (1.0 + 1e-6_f64).sqrt()).collect();
        let p = v.iter().map(|v| 1.0 - v * v).collect();
        GivenFactors { count: 1, v, p }
    };
    let points = Points::from_f64(rows.clone(), 2).unwrap();
    let given = ResidualTree::with_factors(&points, &column(&rows), &options, &cancel, &progress).unwrap();
    let computed = build(&rows, 2, &options);
    let (a, b) = (
        given.knn_all(7, &Search::default(), &cancel, &progress),
        computed.knn_all(7, &Search::default(), &cancel, &progress),
    );
    let (a, b) = (a.unwrap().neighbours.ids, b.unwrap().neighbours.ids);
    let same = a.iter().zip(&b).filter(|(a, b)| a == b).count();
    assert!(same as f64 > 0.995 * a.len() as f64, "{same} of {}", a.len());
    let new = gaussian(2 * 9, 4);
    let queries = Points::from_f64(new.clone(), 2).unwrap();
    let found = given.knn_with(&queries, &column(&new), 3, &Search::default(), &cancel, &progress).unwrap();
    let expected = computed.knn(&queries, 3, &Search::default(), &cancel, &progress).unwrap();
    assert_eq!(found.neighbours.ids, expected.neighbours.ids);

    let code = |result: Result<_, Error>| result.map(|_: canopy_cover_tree::ResidualAnswer| ()).unwrap_err().code();
    assert_eq!(code(given.knn(&queries, 3, &Search::default(), &cancel, &progress)), "FACTORS_NEEDED");
    let short = GivenFactors::from_f32(1, &[0.5; 8], &[0.5; 8]);
    assert_eq!(code(given.knn_with(&queries, &short, 3, &Search::default(), &cancel, &progress)), "FACTORS_LENGTH");
    let wide = GivenFactors { count: 2, v: vec![0.1; 18], p: vec![0.5; 9] };
    assert_eq!(code(given.knn_with(&queries, &wide, 3, &Search::default(), &cancel, &progress)), "FACTORS_LENGTH");
    let mut bad = column(&rows);
    bad.v[17] = f64::NAN;
    let built = ResidualTree::with_factors(&points, &bad, &options, &cancel, &progress);
    assert_eq!(built.unwrap_err(), Error::FactorsNotFinite { row: 17 });
    assert_eq!(given.refreshed(&options.kernel, &cancel, &progress).unwrap_err().code(), "FACTORS_NEEDED");
}

#[test]
fn options_that_can_not_be() {
    let (cancel, progress) = quiet();
    let code = |options: &ResidualOptions| {
        let points = Points::from_f64(gaussian(30, 1), 3).unwrap();
        let error = ResidualTree::build(points, options, &cancel, &progress).unwrap_err();
        assert_eq!(error.fault(), Fault::InvalidInput);
        error.code()
    };
    let kernel = |change: fn(&mut Kernel)| {
        let mut options = small(1.0);
        change(&mut options.kernel);
        options
    };
    assert_eq!(code(&kernel(|kernel| kernel.variance = 0.0)), "KERNEL_VARIANCE");
    assert_eq!(code(&kernel(|kernel| kernel.variance = f64::NAN)), "KERNEL_VARIANCE");
    assert_eq!(code(&kernel(|kernel| kernel.lengthscales = vec![1.0, 1.0])), "KERNEL_LENGTHSCALE");
    assert_eq!(code(&kernel(|kernel| kernel.lengthscales = vec![])), "KERNEL_LENGTHSCALE");
    assert_eq!(code(&kernel(|kernel| kernel.lengthscales = vec![1.0, -1.0, 1.0])), "KERNEL_LENGTHSCALE");
    assert_eq!(code(&kernel(|kernel| kernel.lengthscales = vec![f64::INFINITY])), "KERNEL_LENGTHSCALE");
    let inducing = |inducing| ResidualOptions { inducing, ..small(1.0) };
    assert_eq!(code(&inducing(Inducing::KMeans { count: 0, seed: 1 })), "INDUCING_COUNT");
    assert_eq!(code(&inducing(Inducing::Random { count: 1 << 20, seed: 1 })), "INDUCING_COUNT");
    assert_eq!(code(&inducing(Inducing::Given(vec![]))), "INDUCING_COUNT");
    assert_eq!(code(&inducing(Inducing::Given(vec![1.0]))), "POINTS_LENGTH");
    assert_eq!(code(&inducing(Inducing::Given(vec![f64::NAN; 3]))), "POINTS_NOT_FINITE");
    for jitter in [-1.0, f64::NAN, 2.0] {
        assert_eq!(code(&ResidualOptions { jitter, ..small(1.0) }), "KERNEL_JITTER");
    }
    // The same inducing point twice and no jitter: no root, and the ladder has no first step.
    let twice = ResidualOptions { jitter: 0.0, ..inducing(Inducing::Given(vec![1.0, 2.0, 3.0, 1.0, 2.0, 3.0])) };
    assert_eq!(code(&twice), "KERNEL_NOT_POSITIVE_DEFINITE");
    let ladder = ResidualOptions { jitter: 1e-18, ..twice };
    assert!(build(&gaussian(30, 1), 3, &ladder).report().jitter > 1e-17);
}

#[test]
fn few_points_and_strange_calls() {
    let (cancel, progress) = quiet();
    let search = Search::default();
    for n in [0, 1, 2] {
        let tree = build(&gaussian(3 * n, 1), 3, &small(1.0));
        let all = tree.knn_all(3, &search, &cancel, &progress).unwrap().neighbours;
        let before = tree.predecessors(3, &search, &cancel, &progress).unwrap().neighbours;
        assert_eq!((all.ids.len(), before.ids.len()), (3 * n, 3 * n));
        assert_eq!(before.ids.iter().filter(|&&id| id != MISSING).count(), n.saturating_sub(1));
        assert_eq!(all.distances.iter().filter(|distance| distance.is_finite()).count(), n * n.saturating_sub(1));
        for search in [search, Search::exact()] {
            let queries = Points::from_f64(gaussian(3 * 5, 2), 3).unwrap();
            let found = tree.knn(&queries, 4, &search, &cancel, &progress).unwrap().neighbours;
            assert_eq!(found.ids.iter().filter(|&&id| id != MISSING).count(), 5 * n);
            let none = Points::from_f64(vec![], 3).unwrap();
            assert!(tree.knn(&none, 4, &search, &cancel, &progress).unwrap().neighbours.ids.is_empty());
        }
    }
    let tree = build(&gaussian(300, 1), 3, &small(1.0));
    assert_eq!(tree.knn_all(0, &search, &cancel, &progress).unwrap_err().code(), "NEIGHBOURS_COUNT");
    let flat = Points::from_f64(vec![1.0, 2.0], 2).unwrap();
    assert_eq!(tree.knn(&flat, 1, &search, &cancel, &progress).unwrap_err().code(), "POINTS_DIMENSION");
    // All at one place, and along a line.
    let same = build(&[2.5; 3 * 200], 3, &small(1.0));
    let found = same.predecessors(2, &search, &cancel, &progress).unwrap().neighbours;
    assert_eq!((&found.ids[4..8], found.distances[399]), (&[0, 1, 0, 1][..], 0.0));
    let cancelled = Cancel::new();
    cancelled.cancel();
    for search in [search, Search::exact()] {
        assert_eq!(tree.predecessors(2, &search, &cancelled, &progress).unwrap_err().code(), "CANCELLED");
    }
    let points = Points::from_f64(gaussian(300, 1), 3).unwrap();
    assert_eq!(ResidualTree::build(points, &small(1.0), &cancelled, &progress).unwrap_err().code(), "CANCELLED");
}

#[test]
fn a_gate_that_misses_is_widened_or_fails() {
    let (cancel, progress) = quiet();
    // Two samples see next to nothing.
    let options = ResidualOptions { envelope_samples: 2, ..small(0.7) };
    let rows = gaussian(3 * 3000, 5);
    let strict = Search { gate: GatePreset::Audit, audit: 300, on_miss: OnMiss::Fail, ..Search::default() };
    let failed = build(&rows, 3, &options).predecessors(10, &strict, &cancel, &progress).unwrap_err();
    assert_eq!((failed.code(), failed.fault()), ("GATE_MISSED", Fault::Conflict));
    let tree = build(&rows, 3, &options);
    let widening = Search { on_miss: OnMiss::Widen, ..strict };
    let found = tree.predecessors(10, &widening, &cancel, &progress).unwrap();
    assert!(found.report.widened > 0 && tree.envelope().widened > 0);
    let exact = tree.predecessors(10, &Search::exact(), &cancel, &progress).unwrap();
    let same = exact.neighbours.ids.iter().zip(&found.neighbours.ids).filter(|(a, b)| a == b).count();
    assert!(same as f64 >= 0.999 * exact.neighbours.ids.len() as f64, "{same}");
    // Without samples nothing is known, and everything is looked at.
    let blind = build(&rows, 3, &ResidualOptions { envelope_samples: 0, ..small(0.7) });
    let found = blind.predecessors(10, &Search::default(), &cancel, &progress).unwrap();
    assert_eq!(found.neighbours.ids, exact.neighbours.ids);
    assert!(found.report.exact);
}

#[test]
fn an_envelope_is_kept_and_taken_back_by_the_same_data_only() {
    let rows = gaussian(3 * 500, 6);
    let tree = build(&rows, 3, &small(0.7));
    let text = serde_json::to_string(&tree.envelope()).unwrap();
    let stored: Envelope = serde_json::from_str(&text).unwrap();
    let own = tree.envelope();
    // JSON may cost a number its last bit; the digest says what belongs together.
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b;
    assert!(stored.digest == own.digest && near(stored.probe(3, 0.5), own.probe(3, 0.5)));
    tree.adopt_envelope(stored.clone()).unwrap();
    for other in [build(&rows, 3, &small(0.8)), build(&gaussian(3 * 500, 7), 3, &small(0.7))] {
        assert_eq!(other.adopt_envelope(stored.clone()).unwrap_err().code(), "ENVELOPE_FOREIGN");
    }
}

#[test]
fn telemetry_is_one_line_that_the_validator_reads() {
    let (cancel, progress) = quiet();
    let tree = build(&gaussian(3 * 600, 6), 3, &small(0.7));
    let found = tree.predecessors(5, &Search::default(), &cancel, &progress).unwrap();
    let lines = [tree.telemetry().to_line(), found.report.telemetry(&tree).to_line()];
    for line in &lines {
        assert!(!line.contains('\n'));
        let read = Telemetry::parse(line).unwrap();
        assert_eq!((read.n, read.d, read.metric.as_str()), (600, 3, "residual"));
    }
    let pairs = |line: &str| Telemetry::parse(line).unwrap().gate1_candidates;
    assert_eq!((pairs(&lines[0]), pairs(&lines[1])), (None, Some(600 * 599 / 2)));
    for (from, to) in [("\"version\":2", "\"version\":1"), ("\"search\"", "\"guess\""), ("\"n\":600", "\"m\":600")] {
        assert!(lines[1].contains(from) && Telemetry::parse(&lines[1].replace(from, to)).is_err());
    }
    assert!(Telemetry::parse(&lines[1].replace("\"gate1_pruned\":", "\"gate1_pruned\":1")).is_err());
}

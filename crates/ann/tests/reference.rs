//! Every way to search, and a foreign one, on the same data: all find nearly the same, with the same scores.

#[path = "reference/hnsw.rs"]
mod hnsw;

use canopy_ann::flat::FlatIndex;
use canopy_ann::graph::{BuildOptions, GraphIndex};
use canopy_ann::ivf::{IvfOptions, IvfPq};
use canopy_ann::{Lists, Pipeline, Searcher, import};
use canopy_core::{Cancel, Coded, MetricKind, Progress, Rows};
use hnsw::Reference;

const DIM: usize = 24;
const COUNT: usize = 2500;

fn values(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1 << 24) as f32) - 0.5
    };
    let mut all = Vec::new();
    for i in 0..count {
        let tilt = (i % 17) as f32;
        all.extend((0..DIM).map(|j| next() + next() + (tilt * (j + 1) as f32).sin()));
    }
    all
}

#[test]
fn all_ways_agree() {
    let (rows, queries) = (values(COUNT, 1), values(40, 2));
    let slots: Vec<u32> = (0..COUNT as u32).collect();
    let (cancel, progress) = (Cancel::new(), Progress::default());
    for metric in [MetricKind::L2, MetricKind::Cosine] {
        let all = Rows::new(&rows, DIM).unwrap();
        let mut flat = FlatIndex::new(DIM, metric).unwrap();
        flat.extend(&slots, all).unwrap();
        let graph = GraphIndex::build(&slots, all, metric, BuildOptions::default(), &cancel, &progress).unwrap();
        let lists = IvfPq::build(&slots, all, metric, IvfOptions::default(), &cancel, &progress).unwrap();
        let reference = Reference::build(&rows, DIM, metric);
        let listed = Lists { lists: &lists, exact: &flat };
        let pipeline = Pipeline { graph: &graph, lists: &lists };
        let ways: [&dyn Searcher; 5] = [&flat, &graph, &listed, &pipeline, &reference];
        for way in ways {
            assert!(way.len() == COUNT && !way.is_empty() && way.bytes() > 0, "{}", way.name());
            let mut right = 0;
            for query in queries.chunks_exact(DIM) {
                let truth = flat.find(query, 10, 0, &cancel).unwrap();
                let found = way.find(query, 10, 100, &cancel).unwrap();
                assert_eq!(found.len(), 10, "{}", way.name());
                for hit in &found {
                    let exact = flat.score(query, &[hit.slot]).unwrap()[0];
                    assert!((hit.score - exact).abs() < 1e-4 * exact.abs().max(1.0), "{} {hit:?} {exact}", way.name());
                }
                right += truth.iter().filter(|hit| found.iter().any(|other| other.slot == hit.slot)).count();
            }
            let recall = right as f64 / 400.0;
            assert!(recall > 0.95, "{} {metric:?}: {recall}", way.name());
        }
    }
}

#[test]
fn dumps_are_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let rows = values(300, 1);
    let name = Reference::build(&rows, DIM, MetricKind::L2).dump(folder.path(), "dump");
    let imported = import::hnsw_rs(folder.path(), &name).unwrap();
    assert_eq!((imported.dim, imported.metric, imported.slots.len()), (DIM, MetricKind::L2, 300));
    for (&slot, row) in imported.slots.iter().zip(imported.values.chunks_exact(DIM)) {
        assert_eq!(row, &rows[slot as usize * DIM..][..DIM]);
    }
    let code = |name: &str| import::hnsw_rs(folder.path(), name).unwrap_err().code();
    assert_eq!(code("other"), "INDEX_NOT_FOUND");
    let [graph, data] = ["graph", "data"].map(|end| folder.path().join(format!("{name}.hnsw.{end}")));
    let (good_graph, good_data) = (std::fs::read(&graph).unwrap(), std::fs::read(&data).unwrap());
    for cut in (0..good_data.len()).step_by(997) {
        std::fs::write(&data, &good_data[..cut]).unwrap();
        assert_eq!(code(&name), "INDEX_TRUNCATED");
    }
    let mut high = good_data.clone();
    high[12 + 4 + 5] = 1;
    std::fs::write(&data, &high).unwrap();
    assert_eq!(code(&name), "VECTOR_ID");
    std::fs::write(&data, &good_graph).unwrap();
    assert_eq!(code(&name), "INDEX_FOREIGN");
    std::fs::write(&data, &good_data).unwrap();
    // Whatever the description says, the answer is an error or the same vectors.
    for at in 0..good_graph.len().min(120) {
        let mut bad = good_graph.clone();
        bad[at] ^= 0x55;
        std::fs::write(&graph, &bad).unwrap();
        if let Ok(other) = import::hnsw_rs(folder.path(), &name) {
            assert!(other.slots.len() <= 300);
        }
    }
}

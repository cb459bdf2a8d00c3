//! The search for p and q: its file, its limits, its memory.

use crate::known::{barabasi_albert, karate};
use canopy_core::{Cancel, Coded, Progress};
use canopy_graph::{
    BestPq, Edge, Graph, GraphOptions, Node2VecOptions, StoppedBy, TuneOptions, WalkOptions, dataset_hash, tune_pq,
};
use std::time::{Duration, Instant};

fn quick() -> TuneOptions {
    let walk = WalkOptions { walks: 2, length: 10, ..WalkOptions::default() };
    let node2vec = Node2VecOptions { walk, dim: 8, deterministic: true, ..Node2VecOptions::default() };
    TuneOptions { evaluations: 8, node2vec, ..TuneOptions::default() }
}

fn run(graph: &Graph, options: &TuneOptions) -> BestPq {
    tune_pq(graph, None, options, &Cancel::new(), &Progress::default()).unwrap()
}

#[test]
fn a_search_is_kept_and_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let options = TuneOptions { state: Some(folder.path().join("best_pq.json")), ..quick() };
    let read =
        || -> BestPq { serde_json::from_slice(&std::fs::read(folder.path().join("best_pq.json")).unwrap()).unwrap() };
    let first = run(&karate(), &TuneOptions { evaluations: 4, ..options.clone() });
    assert_eq!((first.evaluations, first.stopped_by, &first), (4, StoppedBy::Evaluations, &read()));
    assert_eq!(first.score, first.trials.iter().map(|trial| trial.score).reduce(f64::max));
    let text = std::fs::read_to_string(folder.path().join("best_pq.json")).unwrap();
    let keys = ["p", "q", "score", "evaluations", "datasetHash", "seed", "stoppedBy"];
    assert!(keys.iter().all(|key| text.contains(&format!("\"{key}\":"))), "{text}");
    let second = run(&karate(), &options);
    assert_eq!(second.trials[..4], first.trials[..]);
    // Searching in one go finds the same.
    assert_eq!(second.trials, run(&karate(), &quick()).trials);
    assert!(second.trials.iter().all(|trial| (0.1..=4.0).contains(&trial.p) && (0.1..=4.0).contains(&trial.q)));
    // Another graph starts afresh; nothing but the file is left behind.
    let other = run(&barabasi_albert(40, 3, 1), &TuneOptions { evaluations: 1, ..options });
    assert_eq!(other.evaluations, 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn time_is_up_inside_a_fit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("best_pq.json");
    let mut options = TuneOptions { max_minutes: 0.25 / 60.0, state: Some(path.clone()), ..quick() };
    options.node2vec.epochs = 1000;
    options.node2vec.walk.walks = 1000;
    let start = Instant::now();
    let found = run(&barabasi_albert(2000, 4, 1), &options);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!((found.stopped_by, found.evaluations, found.score), (StoppedBy::MaxMinutes, 0, None));
    assert_eq!(found, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap());
}

#[test]
fn cancelled_half_way_the_best_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("best_pq.json");
    let cancel = Cancel::new();
    let raise = cancel.clone();
    let progress = Progress::new(move |_, _| raise.cancel());
    let options = TuneOptions { state: Some(path.clone()), ..quick() };
    let error = tune_pq(&karate(), None, &options, &cancel, &progress).unwrap_err();
    assert_eq!(error.code(), "CANCELLED");
    let kept: BestPq = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!((kept.stopped_by, kept.evaluations), (StoppedBy::Cancelled, 1));
}

#[test]
fn trouble_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let code = |graph: &Graph, options: &TuneOptions| {
        tune_pq(graph, None, options, &Cancel::new(), &Progress::default()).unwrap_err().code()
    };
    let missing = folder.path().join("nowhere").join("best_pq.json");
    assert_eq!(code(&karate(), &TuneOptions { state: Some(missing), ..quick() }), "BEST_PQ_WRITE");
    let taken = folder.path().join("taken.json");
    std::fs::write(&taken, "{\"p\": 1}").unwrap();
    assert_eq!(code(&karate(), &TuneOptions { state: Some(taken), ..quick() }), "BEST_PQ_FOREIGN");
    let blocked = folder.path().join("folder");
    std::fs::create_dir(&blocked).unwrap();
    let blocked = TuneOptions { state: Some(blocked), ..quick() };
    assert!(["BEST_PQ_READ", "BEST_PQ_FOREIGN"].contains(&code(&karate(), &blocked)));
    for max_minutes in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(code(&karate(), &TuneOptions { max_minutes, ..quick() }), "NODE2VEC_TIME_LIMIT");
    }
    assert_eq!(code(&karate(), &TuneOptions { held: 0.0, ..quick() }), "GRAPH_OPTION");
    assert_eq!(code(&karate(), &TuneOptions { evaluations: 0, ..quick() }), "GRAPH_OPTION");
    let one = Graph::new(2, &[0], &[1], None, GraphOptions::default()).unwrap();
    assert_eq!(code(&one, &quick()), "GRAPH_EMPTY");
}

#[test]
fn a_data_set_has_one_name() {
    let edge = |source, target, weight| Edge { source, target, weight };
    let graph = |edges: &[Edge], directed| {
        Graph::from_edges(3, edges, GraphOptions { directed, ..GraphOptions::default() }).unwrap()
    };
    let name = |graph: &Graph| dataset_hash(graph, None).unwrap();
    let one = name(&graph(&[edge(0, 1, 1.0), edge(1, 2, 2.0)], false));
    assert_eq!(one, name(&graph(&[edge(2, 1, 2.0), edge(1, 0, 1.0)], false)));
    assert_ne!(one, name(&graph(&[edge(0, 1, 1.0), edge(1, 2, 2.5)], false)));
    assert_ne!(one, name(&graph(&[edge(0, 1, 1.0), edge(1, 2, 2.0)], true)));
    assert_ne!(one, name(&graph(&[edge(0, 1, 1.0)], false)));
    let ids = |ids: [&str; 3]| ids.map(String::from);
    let with = |graph: &Graph, names: [&str; 3]| dataset_hash(graph, Some(&ids(names))).unwrap();
    let there = with(&graph(&[edge(0, 1, 1.0), edge(1, 2, 2.0)], false), ["a", "b", "c"]);
    assert_eq!(there, with(&graph(&[edge(2, 1, 1.0), edge(1, 0, 2.0)], false), ["c", "b", "a"]));
    assert!(dataset_hash(&graph(&[], false), Some(&[])).is_err());
}

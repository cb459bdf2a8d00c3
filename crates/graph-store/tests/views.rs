//! What is followed as a graph changes against what is read anew.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use canopy_collection::{Database, DatabaseOptions};
use canopy_core::{Cancel, Coded};
use canopy_graph::{ExplainOptions, Explanation};
use canopy_graph_store::{Batch, Graphs};
use serde_json::{Value, json};
use std::sync::Arc;

struct Place {
    database: Arc<Database>,
    graphs: Graphs,
    _folder: tempfile::TempDir,
}

impl Place {
    fn new(directed: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::open(folder.path(), &DatabaseOptions::default()).unwrap());
        let graphs = Graphs::new(database.clone());
        graphs.create("g", directed).unwrap();
        Self { graphs, database, _folder: folder }
    }

    fn write(&self, batch: Value) -> Result<u64, &'static str> {
        let batch: Batch = serde_json::from_value(batch).unwrap();
        self.graphs.write("g", &batch).map(|summary| summary.version).map_err(|error| error.code())
    }

    /// As it is read by somebody who knows nothing.
    fn anew(&self) -> Graphs {
        Graphs::new(self.database.clone())
    }
}

/// What an explanation says, by ids: numbers of nodes have gaps where nodes went.
fn said(explanation: Result<Explanation, canopy_graph_store::Error>) -> Value {
    let Ok(Explanation { nodes, edges, attn, fidelity, svg }) = explanation else {
        return json!(explanation.unwrap_err().code());
    };
    let id = |node: u32| nodes.iter().find(|at| at.node == node).unwrap().id.clone();
    json!({
        "nodes": nodes.iter().map(|at| json!([at.id, at.hop, at.diffusion])).collect::<Vec<_>>(),
        "edges": edges.iter().map(|edge| json!([id(edge.source), id(edge.target), edge.weight, edge.similarity])).collect::<Vec<_>>(),
        "attn": attn.iter().map(|of| json!([id(of.node), of.targets.iter().map(|&to| id(to)).collect::<Vec<_>>(), of.shares])).collect::<Vec<_>>(),
        "fidelity": [json!(fidelity.change), json!(fidelity.baseline)],
        "svg": svg,
    })
}

fn random_batch(random: &mut fastrand::Rng) -> Value {
    let mut id = || format!("n{}", random.u8(0..40));
    let ends: Vec<(String, String)> = (0..4).map(|_| (id(), id())).filter(|(a, b)| a != b).collect();
    let (lone, gone, away) = (id(), id(), (id(), id()));
    let members: Vec<String> = (0..3).map(|_| id()).collect();
    let weights: Vec<f64> = ends.iter().map(|_| f64::from(random.u8(1..5)) / 2.0).collect();
    let edges = ends.iter().zip(weights).map(|((a, b), weight)| json!({ "source": a, "target": b, "weight": weight }));
    let mut batch = json!({ "edges": edges.collect::<Vec<_>>() });
    match random.u8(0..8) {
        0 => batch["remove"] = json!({ "nodes": [gone] }),
        1 => batch["remove"] = json!({ "edges": [{ "source": away.0, "target": away.1 }] }),
        2 => batch["nodes"] = json!([{ "id": lone, "attributes": { "seen": random.u8(0..9) } }]),
        3 => batch["hyperedges"] = json!([{ "id": format!("h{}", random.u8(0..3)), "members": members }]),
        // Gone and made again in one batch: another node of the same name.
        4 => batch["remove"] = json!({ "nodes": [ends.first().map_or(gone, |ends| ends.0.clone())] }),
        _ => {}
    }
    batch
}

#[test]
fn what_changed_lies_over_what_was_read() {
    for directed in [false, true] {
        let place = Place::new(directed);
        let mut random = fastrand::Rng::with_seed(5);
        let options = ExplainOptions { hops: 3, limit: 20 };
        for round in 0..150 {
            place.write(random_batch(&mut random)).unwrap();
            // Sometimes several changes lie between two questions.
            if random.bool() {
                continue;
            }
            let (id, anew) = (format!("n{}", random.u8(0..42)), place.anew());
            let explain = |graphs: &Graphs| said(graphs.explain("g", &id, &options, &Cancel::new()));
            assert_eq!(explain(&place.graphs), explain(&anew), "{id} in round {round}");
            if random.u8(0..3) == 0 {
                let (known, read) = (place.graphs.snapshot("g").unwrap(), anew.snapshot("g").unwrap());
                assert_eq!(known.graph, read.graph);
                assert_eq!(known.names.ids(), read.names.ids());
                assert_eq!((&known.hypergraph, &known.hyperedges), (&read.hypergraph, &read.hyperedges));
                assert_eq!(known.version, read.version);
            }
        }
    }
}

#[test]
fn a_batch_that_fails_leaves_nothing_behind() {
    let place = Place::new(false);
    place.write(json!({ "edges": [{ "source": "a", "target": "b" }] })).unwrap();
    let explain = |id: &str| said(place.graphs.explain("g", id, &ExplainOptions::default(), &Cancel::new()));
    let before = explain("a");
    let failing = json!({ "edges": [{ "source": "a", "target": "c" }, { "source": "c", "target": "c" }] });
    assert_eq!(place.write(failing), Err("GRAPH_SELF_LOOP"));
    assert_eq!((explain("a"), explain("c")), (before, json!("GRAPH_NODE_NOT_FOUND")));
    // The next one leads to the version that the failed one would have led to.
    place.write(json!({ "edges": [{ "source": "a", "target": "d" }] })).unwrap();
    assert_eq!(explain("c"), json!("GRAPH_NODE_NOT_FOUND"));
    assert_eq!(explain("a")["nodes"].as_array().unwrap().len(), 3);
    place.graphs.drop_graph("g").unwrap();
    assert_eq!(explain("a"), json!("GRAPH_NOT_FOUND"));
}

#[test]
fn more_changes_than_are_followed_are_read_anew() {
    let place = Place::new(false);
    place.write(json!({ "edges": [{ "source": "0", "target": "1" }] })).unwrap();
    let explain = |graphs: &Graphs| said(graphs.explain("g", "0", &ExplainOptions::default(), &Cancel::new()));
    explain(&place.graphs);
    for part in 0..3 {
        let edges = (0..20_000).map(|at| json!({ "source": at, "target": at + 1 + part, "weight": 2 }));
        place.write(json!({ "edges": edges.collect::<Vec<_>>() })).unwrap();
    }
    assert_eq!(explain(&place.graphs), explain(&place.anew()));
}

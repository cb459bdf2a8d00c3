//! Kept graphs against a model in maps, files, and what goes wrong.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use canopy_collection::{Database, DatabaseOptions};
use canopy_core::{Cancel, Coded, Progress};
use canopy_graph_store::{
    Batch, Graphs, Kind, LoadOptions, NeighbourhoodOptions, PageOptions, Snapshot, Suggested, SuggestedPair,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

fn open(folder: &Path) -> Graphs {
    Graphs::new(Arc::new(Database::open(folder, &DatabaseOptions::default()).unwrap()))
}

fn fresh() -> (tempfile::TempDir, Graphs) {
    let folder = tempfile::tempdir().unwrap();
    let graphs = open(folder.path());
    (folder, graphs)
}

fn batch(value: Value) -> Batch {
    serde_json::from_value(value).unwrap()
}

fn code<T>(result: Result<T, canopy_graph_store::Error>) -> &'static str {
    result.err().map_or("none", |error| error.code())
}

fn load(
    graphs: &Graphs,
    name: &str,
    format: &str,
    text: &str,
) -> Result<canopy_graph_store::Summary, canopy_graph_store::Error> {
    let options: LoadOptions = serde_json::from_value(json!({ "format": format })).unwrap();
    graphs.load(name, text.as_bytes(), &options, &Cancel::new(), &Progress::default())
}

/// What a snapshot holds, by ids.
fn edges(snapshot: &Snapshot) -> BTreeMap<(String, String), f64> {
    let id = |node: u32| snapshot.names.ids()[node as usize].clone();
    snapshot.graph.edges().map(|edge| ((id(edge.source), id(edge.target)), edge.weight)).collect()
}

/// A graph in maps.
#[derive(Default)]
struct Model {
    nodes: Vec<String>,
    edges: BTreeMap<(String, String), f64>,
    hyperedges: BTreeMap<String, BTreeSet<String>>,
}

impl Model {
    fn node(&mut self, id: &str) {
        if !self.nodes.iter().any(|node| node == id) {
            self.nodes.push(id.to_owned());
        }
    }

    /// The ends in the order in which they were made, unless direction counts.
    fn key(&self, directed: bool, a: &str, b: &str) -> (String, String) {
        let place = |id: &str| self.nodes.iter().position(|node| node == id);
        if directed || place(a) < place(b) { (a.to_owned(), b.to_owned()) } else { (b.to_owned(), a.to_owned()) }
    }
}

#[test]
fn random_batches_do_what_maps_do() {
    for directed in [false, true] {
        let (folder, mut graphs) = fresh();
        graphs.create("g", directed).unwrap();
        let mut model = Model::default();
        let mut random = fastrand::Rng::with_seed(5);
        let mut version = 0;
        for round in 0..60 {
            let id = |random: &mut fastrand::Rng| format!("n{}", random.u32(0..20));
            let (a, b, c, h) = (id(&mut random), id(&mut random), id(&mut random), format!("h{}", random.u32(0..4)));
            let weight = f64::from(random.u32(1..9));
            match random.u32(0..6) {
                0 => {
                    graphs.write("g", &batch(json!({ "remove": { "nodes": [a, "nobody"] } }))).unwrap();
                    model.nodes.retain(|node| *node != a);
                    model.edges.retain(|(x, y), _| *x != a && *y != a);
                    model.hyperedges.values_mut().for_each(|members| {
                        members.remove(&a);
                    });
                }
                1 => {
                    graphs
                        .write(
                            "g",
                            &batch(json!({ "remove": { "edges": [{ "source": a, "target": b }], "hyperedges": [h] } })),
                        )
                        .unwrap();
                    let key = model.key(directed, &a, &b);
                    model.edges.remove(&key);
                    model.hyperedges.remove(&h);
                }
                2 => {
                    graphs.write("g", &batch(json!({ "hyperedges": [{ "id": h, "members": [a, b, a] }] }))).unwrap();
                    [&a, &b].into_iter().for_each(|id| model.node(id));
                    model.hyperedges.insert(h, BTreeSet::from([a, b]));
                }
                _ if a == b || b == c => {}
                _ => {
                    let sent = json!([{ "source": a, "target": b, "weight": weight }, { "source": b, "target": c }]);
                    graphs.write("g", &batch(json!({ "nodes": [{ "id": c }], "edges": sent }))).unwrap();
                    [&c, &a, &b].into_iter().for_each(|id| model.node(id));
                    let (first, second) = (model.key(directed, &a, &b), model.key(directed, &b, &c));
                    model.edges.insert(first, weight);
                    model.edges.insert(second, 1.0);
                }
            }
            if round == 30 {
                drop(graphs);
                graphs = open(folder.path());
            }
            let (snapshot, info) = (graphs.snapshot("g").unwrap(), graphs.info("g").unwrap());
            assert_eq!(snapshot.names.ids(), model.nodes);
            assert_eq!(edges(&snapshot), model.edges);
            let members = |at: usize| {
                snapshot.hypergraph.members(at).iter().map(|&node| model.nodes[node as usize].clone()).collect()
            };
            let lists: BTreeMap<String, BTreeSet<String>> =
                snapshot.hyperedges.iter().enumerate().map(|(at, id)| (id.clone(), members(at))).collect();
            assert_eq!(lists, model.hyperedges);
            let counts = (info.nodes as usize, info.edges as usize, info.hyperedges as usize);
            assert_eq!(counts, (model.nodes.len(), model.edges.len(), model.hyperedges.len()));
            assert!(info.version >= version && snapshot.version == info.version);
            version = info.version;
        }
        assert!(model.nodes.len() > 5 && !model.edges.is_empty());
    }
}

#[test]
fn a_batch_that_is_refused_changes_nothing() {
    let (_folder, graphs) = fresh();
    graphs.create("g", false).unwrap();
    let before = graphs.write("g", &batch(json!({ "edges": [{ "source": 1, "target": "2" }] }))).unwrap();
    for (sent, expected) in [
        (
            json!({ "edges": [{ "source": "a", "target": "b" }, { "source": "a", "target": "c", "weight": 0 }] }),
            "GRAPH_WEIGHT",
        ),
        (json!({ "edges": [{ "source": "a", "target": "b", "weight": -1 }] }), "GRAPH_WEIGHT"),
        (json!({ "edges": [{ "source": "a", "target": "a" }] }), "GRAPH_SELF_LOOP"),
        (json!({ "nodes": [{ "id": "a" }, { "id": "" }] }), "GRAPH_ID"),
        (json!({ "nodes": [{ "id": "x".repeat(1025) }] }), "GRAPH_ID"),
        (json!({ "hyperedges": [{ "id": "h", "members": ["a", "b\u{0}"] }] }), "GRAPH_ID"),
    ] {
        assert_eq!(code(graphs.write("g", &batch(sent))), expected);
        assert_eq!(graphs.info("g").unwrap(), before);
    }
    // The same again changes nothing, so computations are not thrown away.
    assert_eq!(graphs.write("g", &batch(json!({ "edges": [{ "source": "2", "target": 1 }] }))).unwrap(), before);
    assert_eq!(code(graphs.create("g", true)), "GRAPH_EXISTS");
    assert_eq!(code(graphs.create("", true)), "GRAPH_NAME");
    assert_eq!(code(graphs.write("h", &Batch::default())), "GRAPH_NOT_FOUND");
    assert_eq!(code(graphs.snapshot("h")), "GRAPH_NOT_FOUND");
    graphs.drop_graph("g").unwrap();
    assert_eq!(code(graphs.drop_graph("g")), "GRAPH_NOT_FOUND");
    assert_eq!(code(graphs.nodes("g", &PageOptions::default())), "GRAPH_NOT_FOUND");
    assert!(graphs.list().unwrap().is_empty());
    // Made anew it is empty.
    assert_eq!(graphs.create("g", true).unwrap().nodes, 0);
    assert_eq!(graphs.snapshot("g").unwrap().graph.nodes(), 0);
}

#[test]
fn pages_hold_everything_once() {
    let (_folder, graphs) = fresh();
    graphs.create("g", false).unwrap();
    let sent: Vec<Value> =
        (1..30).map(|i| json!({ "source": i, "target": i / 2, "weight": i, "attributes": { "i": i } })).collect();
    let lists: Vec<Value> = (0..7).map(|i| json!({ "id": format!("é{i}"), "members": [i, i + 1] })).collect();
    graphs.write("g", &batch(json!({ "nodes": [{ "id": "lone", "attributes": { "a": [1, "\u{1F600}"] } }], "edges": sent, "hyperedges": lists }))).unwrap();
    let (mut nodes, mut found, mut sets) = (Vec::new(), Vec::new(), Vec::new());
    let options = |after: &Option<String>| PageOptions { after: after.clone(), limit: Some(4) };
    let mut after = None;
    loop {
        let page = graphs.nodes("g", &options(&after)).unwrap();
        nodes.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    loop {
        let page = graphs.edges("g", &options(&after)).unwrap();
        found.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    loop {
        let page = graphs.hyperedges("g", &options(&after)).unwrap();
        sets.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((nodes.len(), found.len(), sets.len()), (31, 29, 7));
    assert_eq!(nodes[0].attributes.get(), r#"{"a":[1,"😀"]}"#);
    let seen: BTreeSet<u64> = found.iter().map(|edge| edge.weight as u64).collect();
    assert_eq!(seen, (1..30).collect());
    assert!(found.iter().all(|edge| edge.attributes.get() == format!(r#"{{"i":{}}}"#, edge.weight)));
    assert!(sets.iter().all(|set| set.members.len() == 2));
    for wrong in ["x", "", "1-2-3"] {
        let options = PageOptions { after: Some(wrong.to_owned()), limit: None };
        assert_eq!(code(graphs.nodes("g", &options)), "GRAPH_OPTION");
    }
    assert_eq!(code(graphs.nodes("g", &PageOptions { after: None, limit: Some(0) })), "GRAPH_OPTION");
}

#[test]
fn neighbourhoods_hold_what_hops_reach() {
    let (_folder, graphs) = fresh();
    graphs.create("g", true).unwrap();
    let mut random = fastrand::Rng::with_seed(3);
    let pairs: Vec<(u32, u32)> =
        (0..60).map(|_| (random.u32(0..40), random.u32(0..40))).filter(|(a, b)| a != b).collect();
    let sent: Vec<Value> = pairs.iter().map(|(a, b)| json!({ "source": a, "target": b })).collect();
    graphs.write("g", &batch(json!({ "edges": sent }))).unwrap();
    let start = pairs[0].0;
    for hops in 1..=3 {
        let mut reached = BTreeSet::from([start]);
        for _ in 0..hops {
            let next: Vec<u32> = pairs
                .iter()
                .flat_map(|&(a, b)| [(a, b), (b, a)])
                .filter(|(a, _)| reached.contains(a))
                .map(|(_, b)| b)
                .collect();
            reached.extend(next);
        }
        let options = NeighbourhoodOptions { hops: Some(hops), limit: Some(1000) };
        let found = graphs.neighbourhood("g", &[start.to_string()], &options, &Cancel::new()).unwrap();
        let ids: BTreeSet<u32> = found.nodes.iter().map(|node| node.id.parse().unwrap()).collect();
        assert_eq!((ids, found.truncated), (reached.clone(), false));
        let inside: BTreeSet<(u32, u32)> =
            pairs.iter().copied().filter(|(a, b)| reached.contains(a) && reached.contains(b)).collect();
        let edges: BTreeSet<(u32, u32)> =
            found.edges.iter().map(|edge| (edge.source.parse().unwrap(), edge.target.parse().unwrap())).collect();
        assert_eq!((edges, found.edges.len()), (inside.clone(), inside.len()));
        let options = NeighbourhoodOptions { hops: Some(hops), limit: Some(reached.len() as u32 - 1) };
        let cut = graphs.neighbourhood("g", &[start.to_string()], &options, &Cancel::new()).unwrap();
        assert_eq!((cut.nodes.len(), cut.truncated), (reached.len() - 1, true));
    }
    let look = |ids: &[&str], hops, limit| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        code(graphs.neighbourhood("g", &ids, &NeighbourhoodOptions { hops, limit }, &Cancel::new()))
    };
    let start = start.to_string();
    assert_eq!(look(&["nobody"], None, None), "GRAPH_NODE_NOT_FOUND");
    assert_eq!(look(&[&start], Some(6), None), "GRAPH_OPTION");
    assert_eq!(look(&[&start], None, Some(0)), "GRAPH_OPTION");
    assert_eq!(look(&[&start], None, None), "none");
}

#[test]
fn files_are_loaded_and_loaded_again() {
    let (_folder, graphs) = fresh();
    graphs.create("csv", false).unwrap();
    let lines: String = (1..50_000).map(|i| format!("n{i},n{},{}\n", i / 3, i % 7 + 1)).collect();
    // Cancelled half-way, then completed.
    let cancel = Cancel::new();
    let raise = cancel.clone();
    let progress = Progress::new(move |done, total| {
        if done > total / 2 {
            raise.cancel();
        }
    });
    let options: LoadOptions = serde_json::from_value(json!({ "format": "csv" })).unwrap();
    assert_eq!(code(graphs.load("csv", lines.as_bytes(), &options, &cancel, &progress)), "CANCELLED");
    let half = graphs.info("csv").unwrap();
    assert!(half.nodes == 50_000 && half.edges < 49_999, "{half:?}");
    let whole = load(&graphs, "csv", "csv", &lines).unwrap();
    assert_eq!((whole.nodes, whole.edges), (50_000, 49_999));
    assert_eq!(load(&graphs, "csv", "csv", &lines).unwrap(), whole);
    assert_eq!(graphs.snapshot("csv").unwrap().graph.weights(0).len(), 4);
    graphs.create("json", false).unwrap();
    let json =
        r#"{ "nodes": ["lone"], "edges": [{ "source": 1, "target": 2, "weight": 0.5 }], "hyperedges": [[1, 2, "x"]] }"#;
    let made = load(&graphs, "json", "json", json).unwrap();
    assert_eq!((made.nodes, made.edges, made.hyperedges), (4, 1, 1));
    let graphml =
        r#"<graphml><graph edgedefault="directed"><node id="a"/><edge source="a" target="b"/></graph></graphml>"#;
    assert_eq!(code(load(&graphs, "json", "graphml", graphml)), "GRAPH_DIRECTED");
    graphs.create("directed", true).unwrap();
    assert_eq!(load(&graphs, "directed", "graphml", graphml).unwrap().edges, 1);
    for (text, expected) in [("a,b,nan\n", "GRAPH_WEIGHT"), ("a,b,-1\n", "GRAPH_WEIGHT"), ("a\n", "GRAPH_SYNTAX")] {
        assert_eq!(code(load(&graphs, "csv", "csv", text)), expected);
    }
    assert_eq!(graphs.info("csv").unwrap(), whole);
}

#[test]
fn suggestions_are_kept_until_their_nodes_go() {
    let (_folder, graphs) = fresh();
    graphs.create("g", false).unwrap();
    graphs.write("g", &batch(json!({ "nodes": [{ "id": "a" }, { "id": "b" }, { "id": "c" }] }))).unwrap();
    let pair =
        |source: &str, target: &str, score| SuggestedPair { source: source.into(), target: target.into(), score };
    let sent = [pair("b", "a", 1.0), pair("a", "b", 2.0), pair("b", "c", 3.0), pair("b", "gone", 9.0)];
    graphs.write_suggestions("g", Kind::HyperAa, &sent).unwrap();
    let all = |node: Option<&str>| {
        let options = Suggested { node: node.map(str::to_owned), limit: None };
        graphs.suggestions("g", Kind::HyperAa, &options).unwrap()
    };
    assert_eq!(all(None), [pair("b", "c", 3.0), pair("a", "b", 2.0)]);
    assert_eq!(all(Some("a")), [pair("a", "b", 2.0)]);
    assert_eq!(all(Some("c")), [pair("b", "c", 3.0)]);
    assert!(graphs.suggestions("g", Kind::Aa, &Suggested::default()).unwrap().is_empty());
    assert_eq!(code(graphs.write_suggestions("g", Kind::HyperAa, &[pair("a", "b", f64::NAN)])), "GRAPH_OPTION");
    graphs.write("g", &batch(json!({ "remove": { "nodes": ["c"] } }))).unwrap();
    assert_eq!(all(None), [pair("a", "b", 2.0)]);
    graphs.write_suggestions("g", Kind::HyperAa, &[]).unwrap();
    assert!(all(None).is_empty());
}

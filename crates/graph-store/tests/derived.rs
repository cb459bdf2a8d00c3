//! Graphs that follow a collection: what following step by step gives is what deriving anew gives.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use canopy_collection::{CreateOptions, Database, DatabaseOptions, PutMode};
use canopy_core::{Cancel, Coded, Progress};
use canopy_graph_store::{DeriveOptions, Graphs, PageOptions, SyncReport};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const WORDS: [&str; 24] = [
    "river", "mountain", "forest", "valley", "garden", "market", "station", "harbour", "bridge", "castle", "library",
    "museum", "violin", "piano", "guitar", "trumpet", "coffee", "butter", "cheese", "orange", "window", "carpet",
    "mirror", "candle",
];

struct World {
    _folder: tempfile::TempDir,
    database: Arc<Database>,
    graphs: Graphs,
    random: fastrand::Rng,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::open(folder.path(), &DatabaseOptions::default()).unwrap());
        database.create("notes", &CreateOptions { dim: Some(4), ..CreateOptions::default() }).unwrap();
        Self { graphs: Graphs::new(database.clone()), database, _folder: folder, random: fastrand::Rng::with_seed(9) }
    }

    fn put(&mut self, id: u32) {
        let words: Vec<&str> = (0..8).map(|_| WORDS[self.random.usize(0..WORDS.len())]).collect();
        let repeats = if self.random.u32(0..4) == 0 { 40 } else { 1 };
        let records =
            json!([{ "id": format!("n{id}"), "text": vec![words.join(" "); repeats].join(". ") }]).to_string();
        let vector: Vec<f32> = (0..4).map(|_| self.random.f32() - 0.5).collect();
        let notes = self.database.collection("notes").unwrap();
        notes.put(records.as_bytes(), Some(&vector), PutMode::Upsert, &Cancel::new()).unwrap();
    }

    fn remove(&self, id: u32) {
        self.database.collection("notes").unwrap().remove(&[&format!("n{id}")]).unwrap();
    }

    fn sync(&self, name: &str) -> SyncReport {
        self.graphs.sync(name, usize::MAX, &Cancel::new(), &Progress::default()).unwrap()
    }

    /// Everything in a graph, by ids.
    #[expect(clippy::type_complexity, reason = "nodes, edges, hyperedges")]
    fn all(
        &self,
        name: &str,
    ) -> (BTreeSet<String>, BTreeMap<(String, String), (f64, String)>, BTreeMap<String, BTreeSet<String>>) {
        let page = PageOptions { after: None, limit: Some(10_000) };
        let nodes = self.graphs.nodes(name, &page).unwrap().items.into_iter().map(|node| node.id).collect();
        let edge = |edge: canopy_graph_store::EdgeView| {
            let (a, b) = (edge.source.clone().min(edge.target.clone()), edge.source.max(edge.target));
            ((a, b), (edge.weight, edge.attributes.get().to_owned()))
        };
        let edges = self.graphs.edges(name, &page).unwrap().items.into_iter().map(edge).collect();
        let sets = self.graphs.hyperedges(name, &page).unwrap().items;
        (nodes, edges, sets.into_iter().map(|set| (set.id, set.members.into_iter().collect())).collect())
    }
}

#[test]
fn following_step_by_step_is_deriving_anew() {
    let mut world = World::new();
    let options = DeriveOptions { neighbours: 3, terms: 5, chunk: 400 };
    (0..60).for_each(|id| world.put(id));
    world.graphs.derive("kept", "notes", &options).unwrap();
    let first = world.sync("kept");
    assert_eq!((first.changed, first.removed, first.rebuilt), (60, 0, false));
    assert_eq!(first.graph.collection.as_deref(), Some("notes"));
    for round in 0..12 {
        for _ in 0..1 + round % 3 {
            let id = world.random.u32(0..70);
            if world.random.u32(0..3) == 0 { world.remove(id) } else { world.put(id) }
        }
        let report = world.sync("kept");
        let anew = format!("anew{round}");
        world.graphs.derive(&anew, "notes", &options).unwrap();
        world.sync(&anew);
        let ((nodes, edges, sets), wanted) = (world.all("kept"), world.all(&anew));
        assert!(nodes == wanted.0);
        assert!(sets == wanted.2);
        let differing: Vec<_> = wanted.1.iter().filter(|(key, value)| edges.get(*key) != Some(value)).take(5).collect();
        assert!(differing.is_empty() && edges.len() == wanted.1.len(), "round {round}: {report:?} {differing:?}");
        assert!(nodes.iter().any(|id| id.contains("#chunk-2")) && sets.keys().all(|id| id.starts_with("term:")));
        assert!(edges.values().any(|(_, kind)| kind.contains("near")));
    }
    // More than asked for is left.
    (0..3).for_each(|id| world.put(id));
    let left = world.graphs.sync("kept", 2, &Cancel::new(), &Progress::default()).unwrap();
    assert_eq!((left.changed, left.pending), (0, 3));
    world.sync("kept");
    // Nothing changed, nothing is done, and the version stays.
    let before = world.graphs.info("kept").unwrap();
    let idle = world.sync("kept");
    assert_eq!((idle.changed, idle.removed, idle.looked_up, idle.graph), (0, 0, 0, before));
}

#[test]
fn a_collection_made_anew_is_followed_anew() {
    let mut world = World::new();
    (0..5).for_each(|id| world.put(id));
    world.graphs.derive("kept", "notes", &DeriveOptions::default()).unwrap();
    world.sync("kept");
    world.database.drop_collection("notes").unwrap();
    let lost = world.graphs.sync("kept", usize::MAX, &Cancel::new(), &Progress::default()).unwrap_err();
    assert_eq!(lost.code(), "COLLECTION_NOT_FOUND");
    world.database.create("notes", &CreateOptions { dim: Some(4), ..CreateOptions::default() }).unwrap();
    (3..9).for_each(|id| world.put(id));
    assert!(world.sync("kept").rebuilt);
    let nodes: BTreeSet<String> = world.all("kept").0.into_iter().filter(|id| !id.contains('#')).collect();
    assert_eq!(nodes, (3..9).map(|id| format!("n{id}")).collect());
}

#[test]
fn what_can_be_followed() {
    let world = World::new();
    let code = |result: Result<canopy_graph_store::Summary, canopy_graph_store::Error>| result.unwrap_err().code();
    let derive = |options: &DeriveOptions| code(world.graphs.derive("g", "notes", options));
    assert_eq!(derive(&DeriveOptions { neighbours: 101, ..DeriveOptions::default() }), "GRAPH_OPTION");
    assert_eq!(derive(&DeriveOptions { terms: 1001, ..DeriveOptions::default() }), "GRAPH_OPTION");
    assert_eq!(derive(&DeriveOptions { chunk: 5, ..DeriveOptions::default() }), "GRAPH_OPTION");
    assert_eq!(code(world.graphs.derive("g", "nothing", &DeriveOptions::default())), "COLLECTION_NOT_FOUND");
    world.graphs.create("own", false).unwrap();
    let error = world.graphs.sync("own", usize::MAX, &Cancel::new(), &Progress::default()).unwrap_err();
    assert_eq!(error.code(), "GRAPH_FOLLOWS_NOTHING");
    let cancel = Cancel::new();
    cancel.cancel();
    world.graphs.derive("g", "notes", &DeriveOptions::default()).unwrap();
    assert!(world.graphs.list().unwrap().len() == 2);
}

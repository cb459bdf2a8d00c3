//! The graph of a collection: it appears by itself, follows every change, is kept in a file, and never changes what an answer looks like.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use canopy_collection::{Collection, Database, DatabaseOptions, IndexOptions, IndexView, PutMode};
use canopy_core::Cancel;
use common::{ids, search};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const DIM: usize = 24;

/// A small generator of its own: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32 - 0.5
    }

    /// Points around 40 centres, as embeddings lie.
    fn vector(&mut self) -> Vec<f32> {
        let centre = ((self.unit() + 0.5) * 40.0) as u64;
        let mut around = Random(centre * 977 + 5);
        (0..DIM).map(|_| around.unit() + 0.35 * self.unit()).collect()
    }
}

fn vectors(count: usize, seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    (0..count).flat_map(|_| random.vector()).collect()
}

fn open(folder: &Path, exact_below: Option<usize>) -> Database {
    let index = IndexOptions { exact_below, ..IndexOptions::default() };
    Database::open(folder, &DatabaseOptions { index, ..DatabaseOptions::default() }).unwrap()
}

/// Records `from..` with these vectors; `n` and `part` (0..1000) to filter by.
fn add(collection: &Collection, from: usize, values: &[f32]) {
    for (at, rows) in values.chunks(512 * DIM).enumerate() {
        let first = from + at * 512;
        let record =
            |n: usize| json!({ "id": n.to_string(), "text": "", "metadata": { "n": n, "part": n * 7919 % 1000 } });
        let records: Vec<_> = (first..first + rows.len() / DIM).map(record).collect();
        let json = serde_json::to_vec(&records).unwrap();
        collection.put(&json, Some(rows), PutMode::Upsert, &Cancel::new()).unwrap();
    }
}

fn index(collection: &Collection) -> IndexView {
    collection.view().unwrap().index.unwrap()
}

fn wait(collection: &Collection, what: &str, done: impl Fn(&IndexView) -> bool) -> IndexView {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let view = index(collection);
        if done(&view) {
            return view;
        }
        assert!(Instant::now() < patience, "waited for {what}: {view:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn ready(collection: &Collection) -> IndexView {
    wait(collection, "a graph", |view| view.state == "ready")
}

/// The mean share of the ten best of an exact scan that a search finds, and that every score is exact.
fn recall(collection: &Collection, exact: &Collection, queries: &[f32], filter: Option<&serde_json::Value>) -> f64 {
    let request = json!({ "limit": 10, "filter": filter });
    let (mut right, mut all) = (0, 0);
    for query in queries.chunks(DIM) {
        let (answer, truth) = (search(collection, &request, Some(query)), search(exact, &request, Some(query)));
        assert_eq!(answer.hits.len(), truth.hits.len());
        for hit in &answer.hits {
            if let Some(same) = truth.hits.iter().find(|other| other.id == hit.id) {
                assert_eq!(same.score.to_bits(), hit.score.to_bits(), "scores are exact");
                right += 1;
            }
        }
        all += truth.hits.len();
    }
    right as f64 / f64::from(all as u32).max(1.0)
}

struct Pair {
    folder: tempfile::TempDir,
    database: Database,
    near: Arc<Collection>,
    /// The same records in a database that always scans.
    _other: tempfile::TempDir,
    _exact_database: Database,
    exact: Arc<Collection>,
}

fn pair(count: usize) -> Pair {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (database, exact_database) = (open(folder.path(), Some(500)), open(other.path(), Some(usize::MAX)));
    let make = |database: &Database| {
        database.create("c", &serde_json::from_value(json!({ "dim": DIM, "metric": "l2" })).unwrap()).unwrap();
        let collection = database.collection("c").unwrap();
        add(&collection, 0, &vectors(count, 1));
        collection
    };
    let (near, exact) = (make(&database), make(&exact_database));
    Pair { folder, database, near, _other: other, _exact_database: exact_database, exact }
}

fn file(folder: &Path) -> Option<PathBuf> {
    let named = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "index");
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find(named)
}

#[test]
fn a_collection_gets_a_graph_above_its_size_and_finds_what_a_scan_finds() {
    let pair = pair(6_000);
    assert!(index(&pair.exact).state == "exact" && index(&pair.exact).recall.is_none());
    let view = ready(&pair.near);
    assert!(view.recall.unwrap() >= 0.95 && view.bytes > 0, "{view:?}");
    let queries = vectors(100, 99);
    let found = recall(&pair.near, &pair.exact, &queries, None);
    assert!(found >= 0.95, "{found}");
    for part in [500, 100, 10, 1] {
        let filter = json!({ "part": { "lt": part } });
        let found = recall(&pair.near, &pair.exact, &queries[..20 * DIM], Some(&filter));
        assert!(found >= 0.95, "{found} of one in {}", 1000 / part);
    }
    let request = json!({ "limit": 10 }).to_string();
    let batch = pair.near.search_batch(&request, &queries, &Cancel::new()).unwrap();
    for (query, answer) in queries.chunks(DIM).zip(&batch) {
        assert_eq!(ids(answer), ids(&search(&pair.near, &json!({ "limit": 10 }), Some(query))));
    }
    // More than the graph could know: the scan answers.
    assert_eq!(search(&pair.near, &json!({ "limit": 1000, "offset": 5000 }), Some(&queries[..DIM])).hits.len(), 1000);
    assert_eq!(pair.near.similar("17", "{}", &Cancel::new()).unwrap().hits.len(), 10);
}

#[test]
fn changes_while_it_builds_and_after_are_found_at_once() {
    let pair = pair(4_000);
    let queries = vectors(40, 99);
    // Searches and changes race with the build; each change must be seen by the search after it.
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                search(&pair.near, &json!({ "limit": 5 }), Some(&queries[..DIM]));
            }
        });
        let mut random = Random(7);
        for n in 0..1_500 {
            let vector = random.vector();
            // New ones, replaced ones, and every third time one is removed.
            let id = if n % 2 == 0 { 10_000 + n } else { n };
            for collection in [&pair.near, &pair.exact] {
                add(collection, id, &vector);
                if n % 3 == 0 {
                    collection.remove(&[&(2 * n).to_string()]).unwrap();
                }
            }
            if n % 10 == 0 {
                let answer = search(&pair.near, &json!({ "limit": 1 }), Some(&vector));
                let expected = search(&pair.exact, &json!({ "limit": 1 }), Some(&vector));
                assert_eq!(ids(&answer), ids(&expected), "after change {n}, {:?}", index(&pair.near));
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    ready(&pair.near);
    search(&pair.near, &json!({}), Some(&queries[..DIM]));
    let view = wait(&pair.near, "few pending", |view| view.state == "ready" && view.pending < 64);
    let found = recall(&pair.near, &pair.exact, &queries, None);
    assert!(found >= 0.95, "{found} {view:?}");
    for n in 0..400 {
        let gone = search(&pair.near, &json!({ "limit": 20, "filter": { "n": 6 * n } }), Some(&queries[..DIM]));
        assert_eq!(
            ids(&gone),
            ids(&search(&pair.exact, &json!({ "limit": 20, "filter": { "n": 6 * n } }), Some(&queries[..DIM])))
        );
    }
}

#[test]
fn replacing_half_of_it_costs_no_recall() {
    let pair = pair(4_000);
    ready(&pair.near);
    let queries = vectors(100, 99);
    let before = recall(&pair.near, &pair.exact, &queries, None);
    for step in 0..4 {
        let values = vectors(500, 50 + step);
        for collection in [&pair.near, &pair.exact] {
            add(collection, step as usize * 500, &values);
        }
        search(&pair.near, &json!({}), Some(&queries[..DIM]));
        wait(&pair.near, "the changes", |view| view.state == "ready" && view.pending < 64);
    }
    let after = recall(&pair.near, &pair.exact, &queries, None);
    assert!(after >= before - 0.01, "{before} before, {after} after");
}

#[test]
fn the_file_is_opened_again_and_caught_up() {
    let pair = pair(3_000);
    let built = ready(&pair.near);
    let queries = vectors(50, 99);
    pair.database.close().unwrap();
    assert!(file(pair.folder.path()).is_some(), "saved at the end at the latest");

    // What another process commits without ever searching isn't in the file.
    let database = open(pair.folder.path(), Some(usize::MAX));
    let values = vectors(200, 5);
    add(&database.collection("c").unwrap(), 100, &values);
    add(&pair.exact, 100, &values);
    database.collection("c").unwrap().remove(&["7", "8"]).unwrap();
    pair.exact.remove(&["7", "8"]).unwrap();
    database.close().unwrap();

    let database = open(pair.folder.path(), Some(500));
    let collection = database.collection("c").unwrap();
    assert_eq!(index(&collection).state, "unloaded");
    search(&collection, &json!({}), Some(&queries[..DIM]));
    let view = ready(&collection);
    assert!(view.file_bytes > 0 && view.recall.is_some());
    // The file may be written again as soon as it has caught up, so its time says nothing.
    assert_eq!(view.recall, built.recall, "opened, not built and measured again");
    let found = recall(&collection, &pair.exact, &queries, None);
    assert!(found >= 0.95, "{found}");
    let hit = search(&collection, &json!({ "limit": 1 }), Some(&values[..DIM]));
    assert_eq!(ids(&hit), ["100"]);
    database.drop_collection("c").unwrap();
    assert!(file(pair.folder.path()).is_none(), "dropped with its collection");
}

#[test]
fn a_file_that_is_damaged_foreign_or_stale_is_built_again() {
    let pair = pair(2_000);
    ready(&pair.near);
    pair.database.close().unwrap();
    let path = file(pair.folder.path()).unwrap();
    let good = std::fs::read(&path).unwrap();
    let queries = vectors(30, 99);
    let mut damaged = good.clone();
    // Somewhere in the codes or links: only their checksums can tell.
    let middle = good.len() * 3 / 4;
    damaged[middle] ^= 0x40;
    let cases: [(&str, &[u8]); 4] =
        [("damaged", &damaged), ("cut", &good[..good.len() / 2]), ("foreign", b"not an index"), ("empty", b"")];
    for (what, bytes) in cases {
        std::fs::write(&path, bytes).unwrap();
        let database = open(pair.folder.path(), Some(500));
        let collection = database.collection("c").unwrap();
        search(&collection, &json!({}), Some(&queries[..DIM]));
        ready(&collection);
        let found = recall(&collection, &pair.exact, &queries, None);
        assert!(found >= 0.95, "{what}: {found}");
        database.close().unwrap();
        assert!(std::fs::read(&path).unwrap().len() > good.len() / 2, "{what}: saved anew");
    }
    // The file of before everything was replaced, put back: its sequence says what it lacks.
    let stale = std::fs::read(&path).unwrap();
    let database = open(pair.folder.path(), Some(500));
    let values = vectors(2_000, 77);
    add(&database.collection("c").unwrap(), 0, &values);
    add(&pair.exact, 0, &values);
    database.close().unwrap();
    std::fs::write(&path, stale).unwrap();
    let database = open(pair.folder.path(), Some(500));
    let collection = database.collection("c").unwrap();
    search(&collection, &json!({}), Some(&queries[..DIM]));
    ready(&collection);
    let found = recall(&collection, &pair.exact, &queries, None);
    assert!(found >= 0.95, "{found}");
    database.close().unwrap();
    // What a process that was killed left half written goes away, and nothing else.
    let half = path.with_file_name("vectors-1.index.99-0.tmp");
    let other = path.with_file_name("vectors-notes.txt");
    std::fs::write(&half, b"half").unwrap();
    std::fs::write(&other, b"mine").unwrap();
    drop(open(pair.folder.path(), None));
    assert!(!half.exists() && other.exists() && path.exists());
}

#[test]
fn a_collection_that_shrinks_scans_again() {
    let pair = pair(1_200);
    ready(&pair.near);
    let names: Vec<String> = (0..1_100).map(|n| n.to_string()).collect();
    pair.near.remove(&names.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    wait(&pair.near, "the scan", |view| view.state == "exact");
    assert_eq!(search(&pair.near, &json!({ "limit": 200 }), Some(&vectors(1, 3))).hits.len(), 100);
}

#[test]
fn an_open_database_that_is_closed_while_it_builds_ends_at_once() {
    // Long enough for a build of seconds to be under way or about to begin.
    let pair = pair(20_000);
    let started = Instant::now();
    pair.database.close().unwrap();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let database = open(pair.folder.path(), Some(500));
    let answer = search(&database.collection("c").unwrap(), &json!({ "limit": 3 }), Some(&vectors(1, 3)));
    assert_eq!(ids(&answer), ids(&search(&pair.exact, &json!({ "limit": 3 }), Some(&vectors(1, 3)))));
}

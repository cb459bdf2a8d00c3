//! What was acknowledged survives `kill -9`.
//!
//! A child process (this same test binary) writes and says on its standard output what was acknowledged; the parent kills
//! it without warning, opens the folder and compares.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use canopy_collection::{Collection, Database, DatabaseOptions, ImportOptions, IndexOptions, PutMode};
use canopy_core::{Cancel, Progress};
use common::search;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const FOLDER: &str = "CANOPY_CRASH_FOLDER";
const WORK: &str = "CANOPY_CRASH_WORK";
const LINES: u64 = 30_000;
/// No child needs longer to come to what it is killed for, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// One child at a time: a process that is just being made holds its parent's locks for a moment.
static ALONE: Mutex<()> = Mutex::new(());

fn open(folder: &Path) -> Database {
    Database::open(folder, &DatabaseOptions::default()).unwrap()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "@{line}").unwrap();
    out.flush().unwrap();
}

/// Not a test: what the child does.
#[test]
fn child() {
    let (Ok(folder), Ok(work)) = (std::env::var(FOLDER), std::env::var(WORK)) else { return };
    let index = IndexOptions { exact_below: Some(300), ..IndexOptions::default() };
    let database =
        Database::open(Path::new(&folder), &DatabaseOptions { index, ..DatabaseOptions::default() }).unwrap();
    let collection = database.collection("c").unwrap();
    match work.as_str() {
        "changes" => change_for_ever(&collection),
        "import" => {
            say("begin");
            let source = Path::new(&folder).join("in.jsonl");
            let progress = Progress::new(|done, _| {
                say(&format!("done {done}"));
                // Slow enough for the parent to strike in the middle, on a busy machine too.
                std::thread::sleep(Duration::from_millis(200));
            });
            collection.import(&source, &ImportOptions::default(), &Cancel::new(), &progress).unwrap();
        }
        "vectors" => change_vectors_for_ever(&collection),
        other => panic!("no such work: {other}"),
    }
}

/// Sixteen values that the seed decides.
fn vector(seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..16).map(|_| next()).collect()
}

/// Enough changes and searches that graphs are built, saved and built again all the time.
fn change_vectors_for_ever(collection: &Collection) {
    for n in 0_u64.. {
        let record = |i: u64| {
            let id = (n * 50 + i) % 3_000;
            json!({ "id": id.to_string(), "metadata": { "n": n }, "vector": vector(id + 7919 * n) })
        };
        let records: Vec<_> = (0..50).map(record).collect();
        let json = serde_json::to_vec(&records).unwrap();
        collection.put(&json, None, PutMode::Upsert, &Cancel::new()).unwrap();
        search(collection, &json!({ "limit": 1 }), Some(&vector(n)));
        let view = collection.view().unwrap().index.unwrap();
        say(&format!("{n} {} {}", view.state, view.file_bytes));
    }
}

fn change_for_ever(collection: &Collection) {
    for n in 0_u64.. {
        let id = n * 7 % 101;
        if n % 4 == 3 {
            collection.remove(&[&id.to_string()]).unwrap();
            say(&format!("{n} removed {id}"));
        } else {
            let records = json!([{ "id": id.to_string(), "text": format!("word{n}x common"), "vector": [1, n] }]);
            collection.put(records.to_string().as_bytes(), None, PutMode::Upsert, &Cancel::new()).unwrap();
            say(&format!("{n} put {id}"));
        }
    }
}

/// Runs the child, kills it when `enough` says so, and answers everything it said.
fn kill_amid(folder: &Path, work: &str, enough: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(WORK, work)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut said, started) = (Vec::new(), Instant::now());
    let mut killed = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // The harness prints the test's name without a line end before the first word.
        if let Some((_, line)) = line.unwrap().split_once('@') {
            said.push(line.to_owned());
        }
        if !killed && (enough(&said) || started.elapsed() > PATIENCE) {
            // SIGKILL on Unix: no handler runs, nothing is flushed.
            child.kill().unwrap();
            killed = true;
        }
    }
    child.wait().unwrap();
    assert!(killed, "the child ended by itself: {:?}", said.last());
    assert!(started.elapsed() < PATIENCE, "nothing to kill it for in {} s: {:?}", PATIENCE.as_secs(), said.last());
    said
}

#[test]
fn acknowledged_changes_survive() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let spec = serde_json::from_value(json!({ "dim": 2 })).unwrap();
    {
        let database = open(folder.path());
        database.create("c", &spec).unwrap();
        database.close().unwrap();
    }
    for round in 1..=4 {
        open(folder.path()).collection("c").map(|c| clear(&c)).unwrap();
        let started = Instant::now();
        let patience = Duration::from_millis(150 * round);
        let said = kill_amid(folder.path(), "changes", |said| said.len() > 20 && started.elapsed() > patience);
        let mut expected: BTreeMap<u64, Option<u64>> = BTreeMap::new();
        let mut last = 0;
        for line in &said {
            let words: Vec<&str> = line.split(' ').collect();
            let (n, id) = (words[0].parse().unwrap(), words[2].parse().unwrap());
            expected.insert(id, (words[1] == "put").then_some(n));
            last = n;
        }
        // The change after the last one said may or may not have been committed.
        expected.remove(&((last + 1) * 7 % 101));
        let database = open(folder.path());
        let collection = database.collection("c").unwrap();
        for (id, state) in expected {
            let record = collection.get(&id.to_string(), true).unwrap();
            assert_eq!(record.is_some(), state.is_some(), "record {id} after {last} changes");
            if let Some(n) = state {
                let answer = search(&collection, &json!({ "text": format!("word{n}x"), "mode": "keyword" }), None);
                assert_eq!(answer.hits.len(), 1, "word{n}x");
                assert_eq!(answer.hits[0].id, id.to_string());
                assert_eq!(record.unwrap().vector.map(|vector| vector.len()), Some(2));
            }
        }
        database.close().unwrap();
    }
}

fn clear(collection: &Collection) {
    let ids: Vec<String> = (0..101).map(|id| id.to_string()).collect();
    collection.remove(&ids.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
}

#[test]
fn a_graph_that_is_killed_while_it_is_built_or_saved_costs_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    {
        let database = open(folder.path());
        database.create("c", &serde_json::from_value(json!({ "dim": 16 })).unwrap()).unwrap();
        database.close().unwrap();
    }
    for round in 0..4 {
        // At the first sign of a build, then whenever its file has just been written.
        let sign =
            |said: &[String]| said.len() > 20 && said.iter().any(|line| line.split(' ').nth(1) == Some("building"));
        let saved = |said: &[String]| said.len() > 40 + 20 * round && !said.last().unwrap().ends_with(" 0");
        kill_amid(folder.path(), "vectors", |said| if round == 0 { sign(said) || saved(said) } else { saved(said) });
        let answers = |exact_below: usize| {
            let index = IndexOptions { exact_below: Some(exact_below), ..IndexOptions::default() };
            let options = DatabaseOptions { index, ..DatabaseOptions::default() };
            let database = Database::open(folder.path(), &options).unwrap();
            let collection = database.collection("c").unwrap();
            let ask = |n: u64| {
                let answer = search(&collection, &json!({ "limit": 3 }), Some(&vector(1 << 40 | n)));
                answer.hits.iter().map(|hit| hit.score.to_bits()).collect::<Vec<_>>()
            };
            ask(0);
            let patience = Instant::now() + Duration::from_secs(30);
            while exact_below < usize::MAX && collection.view().unwrap().index.unwrap().state != "ready" {
                assert!(Instant::now() < patience, "{:?}", collection.view().unwrap().index);
                std::thread::sleep(Duration::from_millis(5));
            }
            let answers: Vec<_> = (0..120).map(ask).collect();
            database.close().unwrap();
            answers
        };
        let (near, exact) = (answers(300), answers(usize::MAX));
        let same = near.iter().zip(&exact).filter(|(near, exact)| near == exact).count();
        assert!(same >= 114, "{same} of 120 answers as a scan gives them");
    }
}

#[test]
fn a_killed_import_goes_on_without_loss_or_double() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> =
        (0..LINES).map(|n| json!({ "text": format!("line{n}x of the file"), "n": n }).to_string()).collect();
    std::fs::write(folder.path().join("in.jsonl"), lines.join("\n")).unwrap();
    {
        let database = open(folder.path());
        database.create("c", &serde_json::from_value(json!({})).unwrap()).unwrap();
        database.close().unwrap();
    }
    let mut done = 0;
    for _ in 0..2 {
        let said = kill_amid(folder.path(), "import", |said| said.len() > 3);
        let acknowledged: u64 = said.last().unwrap().strip_prefix("done ").unwrap().parse().unwrap();
        let database = open(folder.path());
        let count = database.collection("c").unwrap().view().unwrap().count;
        assert!(count >= done + acknowledged && count < LINES, "{count} of {done} + {acknowledged}");
        done = count;
        database.close().unwrap();
    }
    let database = open(folder.path());
    let collection = database.collection("c").unwrap();
    let source = folder.path().join("in.jsonl");
    let report = collection.import(&source, &ImportOptions::default(), &Cancel::new(), &Progress::default()).unwrap();
    assert!(report.resumed);
    assert_eq!((report.read, report.inserted, report.replaced), (LINES - done, LINES - done, 0));
    assert_eq!(collection.view().unwrap().count, LINES);
    for n in [0, 511, 512, done - 1, done, done + 1, LINES - 1] {
        let answer = search(&collection, &json!({ "text": format!("line{n}x"), "mode": "keyword" }), None);
        assert_eq!(answer.hits.len(), 1, "line {n}");
    }
}

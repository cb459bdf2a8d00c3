//! What was committed while a collection is loaded is found, whoever indexes it and whenever.

mod common;

use canopy_collection::{Collection, PutMode};
use canopy_core::Cancel;
use common::{fixture, found, ids, put, search};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn record(n: usize, word: &str) -> Value {
    let angle = n as f32 * 0.001;
    json!({ "id": format!("r{n}"), "text": format!("{word} word{n}"), "metadata": { "n": n }, "vector": [angle.cos(), angle.sin()] })
}

/// Everything that can be asked about the records, as one text.
fn all(collection: &Collection, records: usize) -> String {
    let mut said = String::new();
    for n in (0..records).step_by(7) {
        let word = found(collection, &format!("word{n}"));
        let angle = n as f32 * 0.001;
        let near = search(collection, &json!({ "limit": 2 }), Some(&[angle.cos(), angle.sin()]));
        let kept = search(collection, &json!({ "text": "even odd once", "filter": { "n": n } }), None);
        said += &format!("{n}: {word:?} {:?} {:?}\n", ids(&near), ids(&kept));
    }
    said
}

#[test]
fn a_loaded_collection_answers_as_one_that_reads_the_store_anew() {
    let fixture = fixture();
    let live = fixture.collection("live", &json!({ "dim": 2 }));
    put(&live, &json!([record(0, "once")]));
    assert_eq!(found(&live, "once"), ["r0"]);
    // One by one, many at once, replaced with and without a new text, replaced twice before anybody looks, removed and made again.
    (1..40).for_each(|n| put(&live, &json!([record(n, "odd")])));
    put(&live, &Value::Array((40..400).map(|n| record(n, "even")).collect()));
    put(
        &live,
        &json!([record(5, "even"), record(6, "odd"), { "id": "r7", "text": "no vector any more", "metadata": { "n": 7 } }]),
    );
    put(&live, &Value::Array((100..300).map(|n| record(n, if n % 2 == 0 { "even" } else { "once" })).collect()));
    put(&live, &Value::Array((100..300).map(|n| record(n, "even")).collect()));
    live.remove(&["r14", "r21", "r350"]).unwrap();
    put(&live, &json!([record(21, "once"), record(400, "even")]));
    let followed = all(&live, 401);
    assert!(followed.contains("21: [\"r21\"]") && followed.contains("14: []"), "{followed}");
    let fixture = fixture.reopen();
    assert_eq!(followed, all(&fixture.database.collection("live").unwrap(), 401));
}

#[test]
fn writes_are_indexed_while_nobody_searches() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({ "dim": 2 }));
    put(&notes, &json!([record(0, "first")]));
    assert_eq!(found(&notes, "first"), ["r0"]);
    let keyword_bytes = || fixture.database.stats().unwrap().collections[0].keyword_bytes;
    let before = keyword_bytes();
    (1..2_000).for_each(|n| put(&notes, &json!([record(n, "later")])));
    let patience = Instant::now() + Duration::from_secs(20);
    while keyword_bytes() < 2 * before + 50_000 {
        assert!(Instant::now() < patience, "{before} bytes before, {} now", keyword_bytes());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(found(&notes, "word1999"), ["r1999"]);
}

#[test]
fn a_writer_that_runs_ahead_keeps_its_memory_bounded() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    put(&notes, &json!([{ "id": "first", "text": "first" }]));
    assert_eq!(found(&notes, "first"), ["first"]);
    let long = "filler ".repeat(1_000_000);
    for n in 0..4 {
        put(&notes, &json!([{ "id": format!("long{n}"), "text": format!("needle{n} {long}") }]));
    }
    assert_eq!(found(&notes, "needle3"), ["long3"]);
    let one = json!([{ "id": "long3", "text": "short now" }]).to_string();
    notes.put(one.as_bytes(), None, PutMode::Update, &Cancel::new()).unwrap();
    assert!(found(&notes, "needle3").is_empty());
    assert_eq!(found(&notes, "short"), ["long3"]);
}

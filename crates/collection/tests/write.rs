//! What is stored, what is refused, and that nothing is half done.

mod common;

use canopy_collection::{Database, DatabaseOptions, ImportOptions, ListOptions, PutMode};
use canopy_core::{Cancel, Coded, Progress};
use canopy_store::{Access, OpenOptions};
use common::{fixture, found, put, put_code, search};
use serde_json::json;

#[test]
fn wrong_records_have_codes_and_nothing_is_stored() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({ "dim": 2 }));
    for (records, vectors, code) in [
        ("[{", None, "JSON_INVALID"),
        (r#"[{"text":1}]"#, None, "JSON_INVALID"),
        (r#"[{"text":"x","colour":1}]"#, None, "JSON_INVALID"),
        (r#"[{"text":"  "}]"#, None, "TEXT_EMPTY"),
        (r#"[{"text":"x","metadata":[1]}]"#, None, "RECORD_METADATA"),
        (r#"[{"id":"","text":"x"}]"#, None, "RECORD_ID"),
        (r#"[{"text":"x","vector":[1]}]"#, None, "VECTOR_DIMENSION"),
        (r#"[{"text":"x"}]"#, Some(&[1.0, 2.0, 3.0][..]), "VECTOR_DIMENSION"),
        (r#"[{"text":"x"}]"#, Some(&[1.0, 2.0, 3.0, 4.0][..]), "VECTOR_DIMENSION"),
        (r#"[{"text":"x"}]"#, Some(&[1.0, f32::NAN][..]), "VECTOR_NOT_FINITE"),
        (r#"[{"id":"a","text":"x"},{"id":"a","text":"y"}]"#, None, "RECORD_EXISTS"),
    ] {
        assert_eq!(put_code(&notes, records, vectors), code, "{records}");
        assert_eq!(notes.view().unwrap().count, 0, "{records}");
    }
    let words = fixture.collection("words", &json!({}));
    assert_eq!(put_code(&words, r#"[{"text":"x"}]"#, Some(&[1.0])), "COLLECTION_NO_VECTORS");
}

#[test]
fn a_zero_vector_has_no_direction() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({ "dim": 2 }));
    assert_eq!(put_code(&notes, r#"[{"text":"x"}]"#, Some(&[0.0, 0.0])), "VECTOR_ZERO");
    assert_eq!(notes.view().unwrap().count, 0);
    let l2 = fixture.collection("l2", &json!({ "dim": 2, "metric": "l2" }));
    l2.put(br#"[{"id":"o","text":"x"}]"#, Some(&[0.0, 0.0]), PutMode::Insert, &Cancel::new()).unwrap();
    assert_eq!(search(&l2, &json!({}), Some(&[0.0, 0.0])).hits[0].id, "o");
}

#[test]
fn reading_back_gives_what_was_stored() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({ "dim": 2 }));
    put(&notes, &json!([{ "id": "a/ü", "text": "t", "metadata": { "z": 1, "a": [1.5] }, "vector": [3, 4] }]));
    let record = notes.get("a/ü", true).unwrap().unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(record.metadata.get()).unwrap(),
        json!({ "z": 1, "a": [1.5] })
    );
    assert_eq!(record.vector, Some(vec![3.0, 4.0]));
    assert!(notes.get("b", false).unwrap().is_none());
    put(&notes, &json!([{ "text": "no id" }, { "text": "no id" }]));
    assert_eq!(notes.view().unwrap().count, 2, "the same content has the same id");
}

#[test]
fn listing_pages_with_and_without_a_filter() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    let records: Vec<_> =
        (0..25).map(|i| json!({ "id": format!("r{i:02}"), "text": "x", "metadata": { "odd": i % 2 == 1 } })).collect();
    put(&notes, &json!(records));
    for (filter, expected) in [(None, 25), (Some(json!({ "odd": true })), 12)] {
        let (mut after, mut seen) = (None, 0);
        loop {
            let options = ListOptions { after, limit: 10, filter: filter.clone(), vectors: false };
            let page = notes.list(&options, &Cancel::new()).unwrap();
            seen += page.records.len();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected);
    }
    let bad = ListOptions { limit: 0, ..ListOptions::default() };
    assert_eq!(notes.list(&bad, &Cancel::new()).unwrap_err().code(), "SEARCH_REQUEST");
}

#[test]
fn one_writer_at_a_time_and_readers_follow_it() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    put(&notes, &json!([{ "id": "a", "text": "first" }]));
    let error = Database::open(fixture.folder.path(), &DatabaseOptions::default()).unwrap_err();
    assert_eq!(error.code(), "STORE_LOCKED");
    let store = OpenOptions { access: Access::ReadOnly, ..OpenOptions::default() };
    let reader =
        Database::open(fixture.folder.path(), &DatabaseOptions { store, ..DatabaseOptions::default() }).unwrap();
    let view = reader.collection("notes").unwrap();
    assert_eq!(found(&view, "first"), ["a"]);
    put(&notes, &json!([{ "id": "b", "text": "second" }, { "id": "a", "text": "changed" }]));
    assert_eq!(found(&view, "second"), ["b"]);
    assert!(found(&view, "first").is_empty());
    notes.remove(&["b"]).unwrap();
    assert!(found(&view, "second").is_empty());
    assert_eq!(put_code(&view, r#"[{"text":"x"}]"#, None), "STORE_READ_ONLY");
}

#[test]
fn a_closed_database_says_so() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    fixture.database.close().unwrap();
    fixture.database.close().unwrap();
    assert_eq!(put_code(&notes, r#"[{"text":"x"}]"#, None), "CLOSED");
    assert_eq!(fixture.database.collections().unwrap_err().code(), "CLOSED");
}

#[test]
fn a_dropped_collection_is_gone_for_old_handles_too() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    put(&notes, &json!([{ "id": "a", "text": "x" }]));
    fixture.database.drop_collection("notes").unwrap();
    assert_eq!(put_code(&notes, r#"[{"text":"x"}]"#, None), "COLLECTION_NOT_FOUND");
    let again = fixture.collection("notes", &json!({}));
    assert!(found(&again, "x").is_empty());
    assert_eq!(put_code(&notes, r#"[{"text":"x"}]"#, None), "COLLECTION_NOT_FOUND");
}

#[test]
fn specifications_that_contradict_themselves_are_refused() {
    let fixture = fixture();
    for (spec, code) in [
        (json!({ "metric": "cosine" }), "COLLECTION_SPEC"),
        (json!({ "dim": 2, "metric": "manhattan" }), "COLLECTION_SPEC"),
        (json!({ "remoteModel": "x" }), "COLLECTION_SPEC"),
        (json!({ "remoteModel": "x", "model": "y" }), "COLLECTION_SPEC"),
        (json!({ "model": "no-such-model" }), "MODEL_UNKNOWN"),
    ] {
        let options = serde_json::from_value(spec.clone()).unwrap();
        assert_eq!(fixture.database.create("c", &options).unwrap_err().code(), code, "{spec}");
    }
}

#[test]
fn imports_skip_or_stop_and_go_on_where_they_were() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    let file = fixture.folder.path().join("in.jsonl");
    let mut lines: Vec<String> =
        (0..2000).map(|i| json!({ "id": format!("r{i}"), "text": "row" }).to_string()).collect();
    lines[1500] = "not json".to_owned();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let import = |options: ImportOptions| notes.import(&file, &options, &Cancel::new(), &Progress::default());
    let error = import(ImportOptions::default()).unwrap_err();
    assert_eq!(error.code(), "IMPORT_SYNTAX");
    assert!(error.to_string().contains("1501"), "{error}");
    assert_eq!(notes.view().unwrap().count, 1500);
    lines[1500] = json!({ "id": "r1500", "text": "mended" }).to_string();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let report = import(ImportOptions::default()).unwrap();
    assert!(report.resumed);
    assert_eq!((report.read, report.inserted), (500, 500));
    assert_eq!(notes.view().unwrap().count, 2000);
    let report = import(ImportOptions::default()).unwrap();
    assert_eq!((report.resumed, report.read, report.replaced), (false, 2000, 2000));
}

#[test]
fn a_cancelled_import_keeps_what_it_committed() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    let file = fixture.folder.path().join("in.jsonl");
    let lines: Vec<String> = (0..20_000).map(|i| json!({ "id": format!("r{i}"), "text": "row" }).to_string()).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let cancel = Cancel::new();
    let stop = cancel.clone();
    let progress = Progress::new(move |_, _| stop.cancel());
    let error = notes.import(&file, &ImportOptions::default(), &cancel, &progress).unwrap_err();
    assert_eq!(error.code(), "CANCELLED");
    let kept = notes.view().unwrap().count;
    assert!(kept > 0 && kept < 20_000);
    let report = notes.import(&file, &ImportOptions::default(), &Cancel::new(), &Progress::default()).unwrap();
    assert!(report.resumed);
    assert_eq!(notes.view().unwrap().count, 20_000);
    assert_eq!(report.read, 20_000 - kept);
}

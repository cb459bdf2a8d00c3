//! Input that is made to do harm, or that nobody thought of.

mod common;

use canopy_collection::ImportOptions;
use canopy_core::{Cancel, Coded, Progress};
use common::{fixture, found, put, put_code, search_code};
use serde_json::json;

#[test]
fn metadata_that_no_reader_takes_is_refused_before_it_is_stored() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    for metadata in [r#"{"a":1e999}"#, r#"{"a":"\ud800"}"#, r#"{"a":{"$serde_json::private::RawValue":1}}"#] {
        let records = format!(r#"[{{"id":"a","text":"x","metadata":{metadata}}}]"#);
        assert_eq!(put_code(&notes, &records, None), "RECORD_METADATA", "{metadata}");
    }
    assert!(found(&notes, "x").is_empty());
}

#[test]
fn a_record_that_cannot_be_stored_stands_alone_in_its_batch() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    let file = fixture.folder.path().join("in.jsonl");
    let mut lines: Vec<String> = (0..40).map(|i| json!({ "id": format!("r{i}"), "text": "row" }).to_string()).collect();
    lines[20] = json!({ "id": "x".repeat(600), "text": "row" }).to_string();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let import = |on_error: &str| {
        let options: ImportOptions = serde_json::from_value(json!({ "onError": on_error })).unwrap();
        notes.import(&file, &options, &Cancel::new(), &Progress::default())
    };
    assert_eq!(import("stop").unwrap_err().code(), "RECORD_ID");
    assert_eq!(notes.view().unwrap().count, 20);
    let report = import("skip").unwrap();
    assert_eq!((report.read, report.skipped, report.resumed), (19, 1, true));
    assert_eq!(notes.view().unwrap().count, 39);
}

#[test]
fn another_file_in_the_place_of_an_interrupted_one_is_read_from_its_start() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    let file = fixture.folder.path().join("in.jsonl");
    let write = |name: &str, lines: usize, end: &str| {
        let lines: Vec<String> =
            (0..lines).map(|i| json!({ "id": format!("{name}{i}"), "text": "row" }).to_string()).collect();
        std::fs::write(&file, lines.join("\n") + end).unwrap();
    };
    let import = || notes.import(&file, &ImportOptions::default(), &Cancel::new(), &Progress::default());
    for (name, lines) in [("longer", 900), ("shorter", 3)] {
        write("first", 600, "\nnot json");
        assert_eq!(import().unwrap_err().code(), "IMPORT_SYNTAX");
        write(name, lines, "");
        let report = import().unwrap();
        assert_eq!((report.resumed, report.read), (false, lines as u64), "{name}");
    }
}

#[test]
fn a_batch_of_searches_has_a_bound_on_its_answer() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({ "dim": 1 }));
    let queries = vec![1.0; 2_000];
    let ask = |request: &str| notes.search_batch(request, &queries, &Cancel::new());
    assert_eq!(ask(r#"{"limit":1000}"#).unwrap_err().code(), "SEARCH_REQUEST");
    assert_eq!(ask(r#"{"offset":100000,"limit":1}"#).unwrap_err().code(), "SEARCH_REQUEST");
    assert_eq!(ask(r#"{"limit":10}"#).unwrap().len(), 2_000);
    assert_eq!(search_code(&notes, &json!({ "text": "x", "weights": { "keyword": 3e38 } }), None), "SEARCH_REQUEST");
}

#[test]
fn a_report_says_embedded_only_of_what_has_a_vector() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({ "dim": 1 }));
    let store = |records: &str| {
        let reports = notes.put(records.as_bytes(), None, canopy_collection::PutMode::Upsert, &Cancel::new()).unwrap();
        reports.iter().map(|report| report.embedded).collect::<Vec<_>>()
    };
    let bare = r#"[{"id":"a","text":"x"}]"#;
    assert_eq!(store(bare), [false]);
    assert_eq!(store(bare), [false], "an unchanged text without a vector has none");
    assert_eq!(store(r#"[{"id":"a","text":"x","vector":[1]}]"#), [true]);
    assert_eq!(store(bare), [true], "an unchanged text keeps its vector");
    assert_eq!(store(r#"[{"id":"a","text":"y"}]"#), [false]);
    put(&notes, &json!([{ "id": "a", "text": "z" }]));
    assert!(notes.get("a", true).unwrap().unwrap().vector.is_none());
}

#[test]
fn a_closed_database_loads_no_model() {
    let fixture = fixture();
    fixture.database.close().unwrap();
    assert_eq!(fixture.database.embed("m", &["x"], true, &Cancel::new()).unwrap_err().code(), "CLOSED");
}

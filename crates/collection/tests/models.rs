//! Collections and the models behind them: the shipped ones, and small ones made here that can be exchanged.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use canopy_collection::{Collection, CreateOptions, Database, DatabaseOptions, ModelsOptions, PutMode, RebuildOptions};
use canopy_core::{Cancel, Coded, Progress};
use canopy_embed::{ModelKind, ModelWriter};
use common::{found, ids, put, search, search_code};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const WORDS: [&str; 8] = ["cat", "dog", "wing", "lift", "moon", "tide", "salt", "soup"];

/// A static model of the eight words; another seed gives other vectors.
fn model(dim: usize, seed: u32) -> Vec<u8> {
    let vocabulary = format!("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n{}\n", WORDS.join("\n"));
    let tokens = 5 + WORDS.len();
    let rows: Vec<i8> = (0..u32::try_from(tokens * dim).unwrap())
        .map(|i| i8::try_from((i * 31 + seed * 17 + (i * i) % 13 * seed) % 200).unwrap_or(-90))
        .collect();
    let mut writer = ModelWriter::new(ModelKind::Static);
    writer.add("name", format!("m{seed}").into_bytes()).add("vocab", vocabulary.into_bytes());
    writer.add_f32("scale", &vec![0.01; tokens]).add_i8("rows", &rows);
    writer.finish()
}

struct Place {
    data: tempfile::TempDir,
    models: PathBuf,
    _own: Option<tempfile::TempDir>,
}

impl Place {
    /// With the models of this repository.
    fn shipped() -> Self {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        Self { data: tempfile::tempdir().unwrap(), models, _own: None }
    }

    /// With these model files and no others.
    fn with(files: &[(&str, Vec<u8>)]) -> Self {
        let own = tempfile::tempdir().unwrap();
        let place = Self { data: tempfile::tempdir().unwrap(), models: own.path().to_owned(), _own: Some(own) };
        files.iter().for_each(|(name, bytes)| place.replace(name, bytes));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.models.join(format!("{name}.canopy-model"))
    }

    /// Puts a file in place as an update would: by renaming.
    fn replace(&self, name: &str, bytes: &[u8]) {
        let new = self.models.join("new");
        std::fs::write(&new, bytes).unwrap();
        std::fs::rename(new, self.path(name)).unwrap();
    }

    fn open(&self) -> Database {
        let models = ModelsOptions { folders: vec![self.models.clone()], idle: Duration::ZERO, ..Default::default() };
        Database::open(self.data.path(), &DatabaseOptions { models, ..DatabaseOptions::default() }).unwrap()
    }
}

fn create(database: &Database, model: &str) -> Arc<Collection> {
    let options = CreateOptions { model: Some(model.to_owned()), ..CreateOptions::default() };
    database.create("c", &options).unwrap();
    database.collection("c").unwrap()
}

fn rebuild(database: &Database, model: Option<&str>) -> Value {
    let options = RebuildOptions { model: model.map(str::to_owned) };
    serde_json::to_value(database.rebuild("c", &options, &Cancel::new(), &Progress::default()).unwrap()).unwrap()
}

fn vector(collection: &Collection, id: &str) -> Option<Vec<f32>> {
    collection.get(id, true).unwrap().unwrap().vector
}

fn close_to(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
}

#[test]
fn the_shipped_models_find_by_meaning() {
    for model in ["static-en", "minilm-l6-v2"] {
        let place = Place::shipped();
        let database = place.open();
        let notes = create(&database, model);
        put(
            &notes,
            &json!([
                { "id": "cat", "text": "A kitten slept on the sofa all afternoon." },
                { "id": "money", "text": "Quarterly revenue grew by ten percent." },
                { "id": "soup", "text": "Simmer tomatoes, onions and basil for twenty minutes." }
            ]),
        );
        for (query, best) in
            [("cats resting on a couch", "cat"), ("company earnings", "money"), ("cooking vegetables", "soup")]
        {
            for mode in ["vector", "hybrid"] {
                let answer = search(&notes, &json!({ "text": query, "mode": mode }), None);
                assert_eq!(answer.hits[0].id, best, "{model}, {mode}: {query}");
                assert!(answer.notes.is_empty());
            }
        }
        assert!(found(&notes, "zzzqqq").len() <= 3);
    }
}

#[test]
fn an_unchanged_text_is_not_embedded_again_and_a_changed_one_always_is() {
    let place = Place::with(&[("a", model(4, 1))]);
    let database = place.open();
    let notes = create(&database, "a");
    let embed = |text: &str| database.embed("a", &[text], true, &Cancel::new()).unwrap();
    // A vector that no model would make shows whether it was replaced.
    put(&notes, &json!([{ "id": "x", "text": "cat", "vector": [0.5, 0.5, 0.5, 0.5] }]));
    put(&notes, &json!([{ "id": "x", "text": "cat", "metadata": { "n": 1 } }]));
    assert_eq!(vector(&notes, "x").unwrap(), [0.5; 4]);
    for text in ["moon tide", "cat", "moon tide", "salt"] {
        put(&notes, &json!([{ "id": "x", "text": text }]));
        assert!(close_to(&vector(&notes, "x").unwrap(), &embed(text)), "{text}");
        let answer = search(&notes, &json!({ "text": text, "mode": "vector" }), None);
        assert!(answer.hits[0].score > 0.999, "{text}: {}", answer.hits[0].score);
    }
    // A text that the model knows no word of has no vector, and keeps none of the former text.
    put(&notes, &json!([{ "id": "x", "text": "" , "vector": [1, 0, 0, 0] }, { "id": "y", "text": "zebra" }]));
    assert!(vector(&notes, "y").is_none() || !close_to(&vector(&notes, "y").unwrap(), &embed("salt")));
}

#[test]
fn rebuilding_with_another_model_changes_the_dimension_and_mixes_nothing() {
    let place = Place::with(&[("a", model(4, 1)), ("b", model(6, 2))]);
    let database = place.open();
    let notes = create(&database, "a");
    put(&notes, &json!(WORDS.map(|word| json!({ "id": word, "text": word }))));
    assert_eq!(search(&notes, &json!({ "text": "cat", "mode": "vector" }), None).hits[0].id, "cat");
    let report = rebuild(&database, Some("b"));
    assert_eq!(report, json!({ "records": 8, "embedded": 8, "modelChanged": true }));
    for word in WORDS {
        let expected = database.embed("b", &[word], true, &Cancel::new()).unwrap();
        assert!(close_to(&vector(&notes, word).unwrap(), &expected));
    }
    let answer = search(&notes, &json!({ "text": "tide", "mode": "vector" }), None);
    assert_eq!(answer.hits[0].id, "tide");
    assert_eq!(search_code(&notes, &json!({}), Some(&[1.0; 4])), "VECTOR_DIMENSION");
    assert_eq!(rebuild(&database, None), json!({ "records": 8, "embedded": 0, "modelChanged": false }));
    let database = reopen(&place, database);
    let notes = database.collection("c").unwrap();
    assert_eq!(search(&notes, &json!({ "text": "tide", "mode": "vector" }), None).hits[0].id, "tide");
}

fn reopen(place: &Place, database: Database) -> Database {
    database.close().unwrap();
    drop(database);
    place.open()
}

/// Two models of one dimension go to and fro while records are written: whoever wins, every vector is of the model that the
/// collection names.
#[test]
fn writes_amid_rebuilds_never_mix_models() {
    let place = Place::with(&[("a", model(4, 1)), ("b", model(4, 5))]);
    let database = place.open();
    let notes = create(&database, "a");
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let notes = &notes;
            scope.spawn(move || {
                for n in 0..400 {
                    let (id, word) = (format!("{writer}-{}", n % 40), WORDS[(n / 40 + n) % 8]);
                    put(notes, &json!([{ "id": id, "text": word }]));
                    if n % 9 == 0 {
                        notes.remove(&[&id]).unwrap();
                    }
                }
            });
        }
        scope.spawn(|| {
            for n in 0..200 {
                let answer = search(&notes, &json!({ "text": WORDS[n % 8], "mode": "vector" }), None);
                assert!(answer.hits.iter().all(|hit| hit.score <= 1.001));
            }
        });
        for n in 0..12 {
            rebuild(&database, Some(if n % 2 == 0 { "b" } else { "a" }));
        }
    });
    rebuild(&database, None);
    let name = notes.view().unwrap().vectors.unwrap().model.unwrap().name;
    let options = serde_json::from_value(json!({ "limit": 1000, "vectors": true })).unwrap();
    let records = notes.list(&options, &Cancel::new()).unwrap().records;
    assert!(!records.is_empty());
    for record in records {
        let expected = database.embed(&name, &[&record.text], true, &Cancel::new()).unwrap();
        assert!(close_to(&record.vector.expect("embedded"), &expected), "{} of {name}", record.id);
    }
}

#[test]
fn a_model_file_that_was_replaced_is_noticed() {
    let place = Place::with(&[("a", model(4, 1))]);
    let database = place.open();
    let notes = create(&database, "a");
    put(&notes, &json!([{ "id": "cat", "text": "cat" }, { "id": "dog", "text": "dog" }]));
    place.replace("a", &model(4, 9));
    let database = reopen(&place, database);
    let notes = database.collection("c").unwrap();
    assert_eq!(search_code(&notes, &json!({ "text": "cat", "mode": "vector" }), None), "MODEL_MISMATCH");
    let answer = search(&notes, &json!({ "text": "cat" }), None);
    assert_eq!(ids(&answer), ["cat"]);
    assert_eq!(serde_json::to_value(answer.mode).unwrap(), "keyword");
    assert!(answer.notes[0].contains("keywords only"), "{:?}", answer.notes);
    let error = notes.put(br#"[{"text":"moon"}]"#, None, PutMode::Upsert, &Cancel::new()).unwrap_err();
    assert_eq!(error.code(), "MODEL_MISMATCH");
    assert_eq!(rebuild(&database, None), json!({ "records": 2, "embedded": 2, "modelChanged": true }));
    assert_eq!(search(&notes, &json!({ "text": "cat", "mode": "vector" }), None).hits[0].id, "cat");
}

#[test]
fn a_model_replaced_while_the_database_is_open_is_noticed_once_it_is_loaded_again() {
    let place = Place::with(&[("a", model(4, 1))]);
    let database = place.open();
    let notes = create(&database, "a");
    put(&notes, &json!([{ "id": "cat", "text": "cat" }]));
    let before = database.models().list()[0].digest.clone().unwrap();
    place.replace("a", &model(4, 9));
    database.models().unload();
    assert_eq!(search_code(&notes, &json!({ "text": "cat", "mode": "vector" }), None), "MODEL_MISMATCH");
    assert_ne!(database.models().list()[0].digest.clone().unwrap(), before);
}

#[test]
fn without_weights_a_collection_takes_texts_and_finds_words() {
    let place = Place::with(&[("a", model(4, 1))]);
    let database = place.open();
    let notes = create(&database, "a");
    put(&notes, &json!([{ "id": "cat", "text": "cat" }]));
    // Gone while the database is open, and gone when it is opened: both are said in the same way.
    std::fs::remove_file(place.path("a")).unwrap();
    database.models().unload();
    let check = |notes: &Collection, id: &str| {
        let answer = search(notes, &json!({ "text": "cat" }), None);
        assert_eq!(ids(&answer)[0], "cat");
        assert!(answer.notes[0].contains("keywords only"), "{:?}", answer.notes);
        assert_eq!(search_code(notes, &json!({ "text": "cat", "mode": "vector" }), None), "MODEL_MISSING");
        let records = json!([{ "id": id, "text": "dog" }]).to_string();
        let report = notes.put(records.as_bytes(), None, PutMode::Upsert, &Cancel::new()).unwrap();
        assert!(!report[0].embedded);
    };
    check(&notes, "dog1");
    let database = reopen(&place, database);
    check(&database.collection("c").unwrap(), "dog2");
    place.replace("a", &model(4, 1));
    let database = reopen(&place, database);
    assert_eq!(rebuild(&database, None), json!({ "records": 3, "embedded": 2, "modelChanged": false }));
    let notes = database.collection("c").unwrap();
    let answer = search(&notes, &json!({ "text": "dog", "mode": "vector" }), None);
    assert!(answer.hits[0].id.starts_with("dog") && answer.hits[1].id.starts_with("dog"));
}

#[test]
fn a_damaged_model_is_said() {
    let mut bytes = model(4, 1);
    let place = Place::with(&[("a", bytes.clone())]);
    let database = place.open();
    create(&database, "a");
    let last = bytes.len() - 70;
    bytes[last] ^= 1;
    place.replace("a", &bytes);
    let database = reopen(&place, database);
    let notes = database.collection("c").unwrap();
    assert_eq!(search_code(&notes, &json!({ "text": "cat", "mode": "vector" }), None), "MODEL_CORRUPT");
    let error = notes.put(br#"[{"text":"moon"}]"#, None, PutMode::Upsert, &Cancel::new()).unwrap_err();
    assert_eq!(error.code(), "MODEL_CORRUPT");
    assert!(search(&notes, &json!({ "text": "cat", "mode": "keyword" }), None).hits.is_empty());
    let create_options = CreateOptions { model: Some("a".to_owned()), ..CreateOptions::default() };
    assert_eq!(database.create("d", &create_options).unwrap_err().code(), "MODEL_CORRUPT");
}

#[test]
fn a_loading_model_is_said_or_waited_for() {
    let place = Place::shipped();
    let database = place.open();
    let notes = create(&database, "minilm-l6-v2");
    put(&notes, &json!([{ "id": "cat", "text": "cat" }]));
    database.models().unload();
    let request = json!({ "text": "cat", "wait": false });
    assert_eq!(search_code(&notes, &request, None), "MODEL_LOADING");
    assert_eq!(search(&notes, &json!({ "text": "cat" }), None).hits[0].id, "cat");
    assert_eq!(search(&notes, &request, None).notes, Vec::<String>::new());
}

#[test]
fn idle_models_and_collections_give_their_memory_back() {
    let place = Place::with(&[("a", model(4, 1))]);
    let database = place.open();
    let notes = create(&database, "a");
    put(&notes, &json!([{ "id": "cat", "text": "cat" }]));
    assert_eq!(found(&notes, "cat"), ["cat"]);
    let loaded = |database: &Database| {
        let model = &database.models().list()[0];
        let collection = database.stats().unwrap().collections[0].loaded;
        (model.state, model.memory_bytes > 0, collection)
    };
    assert_eq!(loaded(&database), ("loaded", true, true));
    assert_eq!(database.release_idle(Duration::ZERO), 2);
    assert_eq!(loaded(&database), ("unloaded", false, false));
    assert_eq!(database.release_idle(Duration::ZERO), 0);
    assert_eq!(found(&notes, "cat"), ["cat"]);
    assert_eq!(loaded(&database), ("loaded", true, true));
}

#[test]
fn an_interrupted_rebuild_goes_on() {
    let place = Place::with(&[("a", model(4, 1)), ("b", model(4, 2))]);
    let database = place.open();
    let notes = create(&database, "a");
    let records: Vec<Value> = (0..1_700).map(|n| json!({ "id": format!("r{n}"), "text": WORDS[n % 8] })).collect();
    put(&notes, &json!(records));
    let cancel = Cancel::new();
    let stop = cancel.clone();
    let progress = Progress::new(move |_, _| stop.cancel());
    let options = RebuildOptions { model: Some("b".to_owned()) };
    assert_eq!(database.rebuild("c", &options, &cancel, &progress).unwrap_err().code(), "CANCELLED");
    let answer = search(&notes, &json!({ "text": "cat" }), None);
    assert!(answer.notes[0].contains("of 1700 records have no vector"), "{:?}", answer.notes);
    // What is done can be searched.
    let answer = search(&notes, &json!({ "text": "cat", "mode": "vector", "limit": 1000 }), None);
    assert!(!answer.hits.is_empty() && answer.hits.len() < 1_000);
    let report = rebuild(&database, Some("b"));
    let rest = report["embedded"].as_u64().unwrap();
    assert!(rest > 0 && rest < 1_700, "{report}");
    assert_eq!(report["modelChanged"], false);
    assert_eq!(rebuild(&database, None)["embedded"], 0);
    let answer = search(&notes, &json!({ "text": "cat", "mode": "vector", "limit": 1000 }), None);
    assert_eq!((answer.hits.len(), answer.notes.len()), (1_000, 0));
}

#[test]
fn a_text_of_unknown_words_is_like_nothing_and_no_error() {
    let place = Place::with(&[("m", model(8, 1))]);
    let database = place.open();
    let notes = create(&database, "m");
    put(&notes, &json!([{ "id": "a", "text": "cat 🍵" }]));
    for text in ["🍵", "\u{0}", "", "zyzzyva"] {
        let answer = search(&notes, &json!({ "text": text, "mode": "vector" }), None);
        assert!(answer.hits.is_empty(), "{text:?}");
        assert!(answer.notes[0].contains("knows no word"), "{:?}", answer.notes);
        search(&notes, &json!({ "text": text }), None);
    }
    assert_eq!(ids(&search(&notes, &json!({ "text": "🍵" }), None)), ["a"]);
}

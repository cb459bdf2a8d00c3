//! Many threads at once, against what each of them knows must hold.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use canopy_collection::{Collection, Database, DatabaseOptions, PutMode};
use canopy_core::{Cancel, Coded};
use common::{fixture, ids, search};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

const RUN: Duration = Duration::from_millis(2_500);
/// A test that takes this long has locked itself up.
const STUCK: Duration = Duration::from_secs(120);

/// Runs `work` and fails, instead of hanging for ever, when it doesn't end.
fn watched(work: impl FnOnce() + Send + 'static) {
    let (done, ended) = channel();
    let thread = std::thread::spawn(move || {
        work();
        done.send(()).unwrap();
    });
    match ended.recv_timeout(STUCK) {
        Ok(()) => thread.join().unwrap(),
        Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => thread.join().unwrap(),
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("nothing moves any more"),
    }
}

/// Numbers that differ from thread to thread and look random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// The word that only this record in this version has.
fn word(owner: u64, record: u64, version: u64) -> String {
    format!("q{owner}z{record}z{version}")
}

/// Changes records of its own and looks after each acknowledgement whether searches know.
fn write(collection: &Collection, owner: u64, until: Instant) -> BTreeMap<u64, u64> {
    let (mut numbers, mut version) = (Numbers(owner), 0);
    let mut mine = BTreeMap::new();
    while Instant::now() < until {
        let record = numbers.below(60);
        let id = format!("{owner}-{record}");
        let before = mine.get(&record).copied();
        if numbers.below(3) == 0 {
            let report = &collection.remove(&[&id]).unwrap()[0];
            assert_eq!(report.outcome, if before.is_some() { "deleted" } else { "not_found" });
            mine.remove(&record);
        } else {
            version += 1;
            let text = format!("common {}", word(owner, record, version));
            let angle = f64::from(u32::try_from(numbers.below(100)).unwrap());
            let vector = (numbers.below(2) == 0).then(|| [angle.cos(), angle.sin()]);
            let records =
                json!([{ "id": id, "text": text, "metadata": { "owner": owner, "v": version }, "vector": vector }]);
            collection.put(records.to_string().as_bytes(), None, PutMode::Upsert, &Cancel::new()).unwrap();
            mine.insert(record, version);
            let found = search(collection, &json!({ "text": word(owner, record, version), "mode": "keyword" }), None);
            assert_eq!(ids(&found), [id.as_str()], "acknowledged, not found");
        }
        if let Some(before) = before {
            let found = search(collection, &json!({ "text": word(owner, record, before), "mode": "keyword" }), None);
            assert!(found.hits.is_empty(), "{id} was changed or removed, its former text is still found");
        }
    }
    mine
}

/// Every hit is what was asked for, whatever is written meanwhile.
fn read(collection: &Collection, seed: u64, until: Instant, searches: &AtomicU64) {
    let mut numbers = Numbers(seed);
    while Instant::now() < until {
        let owner = numbers.below(3);
        let request = json!({ "text": "common", "filter": { "owner": owner }, "limit": 30 });
        let vector = (numbers.below(2) == 0).then_some(&[0.6_f32, 0.8][..]);
        let answer = search(collection, &request, vector);
        for hit in &answer.hits {
            assert!(hit.id.starts_with(&format!("{owner}-")), "{} isn't {owner}'s", hit.id);
            let text = hit.text.as_deref().unwrap();
            assert!(text.starts_with(&format!("common q{owner}z")), "{text}");
        }
        let mut found = ids(&answer);
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), answer.hits.len(), "a record twice on one page");
        searches.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn what_is_acknowledged_is_found_and_what_is_removed_is_not() {
    watched(|| {
        let fixture = fixture();
        let collection = fixture.collection("c", &json!({ "dim": 2 }));
        let until = Instant::now() + RUN;
        let searches = AtomicU64::new(0);
        let known: Vec<BTreeMap<u64, u64>> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..3)
                .map(|owner| (owner, &collection))
                .map(|(o, c)| scope.spawn(move || write(c, o, until)))
                .collect();
            for seed in 10..12 {
                let (collection, searches) = (&collection, &searches);
                scope.spawn(move || read(collection, seed, until, searches));
            }
            // The searchable state comes and goes meanwhile.
            scope.spawn(|| {
                while Instant::now() < until {
                    fixture.database.release_idle(Duration::ZERO);
                    std::thread::sleep(Duration::from_millis(30));
                }
            });
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        assert!(searches.load(Ordering::Relaxed) > 0);
        let check = |collection: &Collection| {
            let mut total = 0;
            for (owner, mine) in (0..).zip(&known) {
                for (&record, &version) in mine {
                    let found = search(collection, &json!({ "text": word(owner, record, version) }), None);
                    assert_eq!(ids(&found), [format!("{owner}-{record}")]);
                    total += 1;
                }
            }
            assert_eq!(collection.view().unwrap().count, total);
        };
        check(&collection);
        let fixture = fixture.reopen();
        check(&fixture.database.collection("c").unwrap());
    });
}

#[test]
fn closing_amid_traffic_ends_every_call() {
    watched(|| {
        for round in 0..5 {
            let fixture = fixture();
            let collection = fixture.collection("c", &json!({ "dim": 2 }));
            let acknowledged = AtomicU64::new(0);
            let database = &fixture.database;
            std::thread::scope(|scope| {
                for thread in 0..3 {
                    let (collection, acknowledged) = (&collection, &acknowledged);
                    scope.spawn(move || {
                        for n in 0.. {
                            let records = json!([{ "id": format!("{thread}-{n}"), "text": "some words" }]);
                            let result =
                                collection.put(records.to_string().as_bytes(), None, PutMode::Insert, &Cancel::new());
                            match result {
                                Ok(_) => acknowledged.fetch_add(1, Ordering::Relaxed),
                                Err(error) => return assert_eq!(error.code(), "CLOSED"),
                            };
                        }
                    });
                    scope.spawn(move || {
                        while let Ok(answer) =
                            collection.search(r#"{"text":"words"}"#, Some(&[1.0, 0.0]), &Cancel::new())
                        {
                            assert!(answer.hits.len() <= 10);
                        }
                    });
                    scope.spawn(move || while database.stats().is_ok() {});
                }
                std::thread::sleep(Duration::from_millis(50 + 40 * round));
                database.close().unwrap();
            });
            let again = Database::open(fixture.folder.path(), &DatabaseOptions::default()).unwrap();
            assert_eq!(again.collection("c").unwrap().view().unwrap().count, acknowledged.load(Ordering::Relaxed));
        }
    });
}

#[test]
fn dropping_amid_traffic_is_said_by_its_code() {
    watched(|| {
        let fixture = fixture();
        for _ in 0..10 {
            let collection = fixture.collection("c", &json!({}));
            let gone = AtomicBool::new(false);
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        loop {
                            let put = collection.put(
                                br#"[{"id":"a","text":"x"},{"id":"b","text":"x"}]"#,
                                None,
                                PutMode::Upsert,
                                &Cancel::new(),
                            );
                            let found = collection.search(r#"{"text":"x"}"#, None, &Cancel::new());
                            for code in
                                [put.err().map(|e| e.code()), found.err().map(|e| e.code())].into_iter().flatten()
                            {
                                assert_eq!(code, "COLLECTION_NOT_FOUND");
                                gone.store(true, Ordering::Relaxed);
                            }
                            if gone.load(Ordering::Relaxed) {
                                return;
                            }
                        }
                    });
                }
                std::thread::sleep(Duration::from_millis(20));
                fixture.database.drop_collection("c").unwrap();
            });
        }
    });
}

#[test]
fn a_view_follows_a_busy_writer_and_never_shows_another_record() {
    watched(|| {
        let fixture = fixture();
        let writer = fixture.collection("c", &json!({}));
        let store = canopy_store::OpenOptions { access: canopy_store::Access::ReadOnly, ..Default::default() };
        let options = DatabaseOptions { store, ..DatabaseOptions::default() };
        let view = Database::open(fixture.folder.path(), &options).unwrap().collection("c").unwrap();
        let until = Instant::now() + RUN;
        std::thread::scope(|scope| {
            // Two kinds of records take each other's slots.
            scope.spawn(|| {
                for n in 0_u64.. {
                    if Instant::now() >= until {
                        return;
                    }
                    let (kind, other) = if n % 2 == 0 { ("apple", "pear") } else { ("pear", "apple") };
                    let records: Vec<_> = (0..8)
                        .map(|i| json!({ "id": format!("{kind}{i}"), "text": kind, "metadata": { "kind": kind } }))
                        .collect();
                    let gone: Vec<String> = (0..8).map(|i| format!("{other}{i}")).collect();
                    writer.remove(&gone.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
                    writer.put(json!(records).to_string().as_bytes(), None, PutMode::Upsert, &Cancel::new()).unwrap();
                }
            });
            while Instant::now() < until {
                for kind in ["apple", "pear"] {
                    let by_word = search(&view, &json!({ "text": kind }), None);
                    assert!(by_word.hits.iter().all(|hit| hit.id.starts_with(kind)), "{:?}", ids(&by_word));
                    let options = serde_json::from_value(json!({ "filter": { "kind": kind } })).unwrap();
                    let listed = view.list(&options, &Cancel::new()).unwrap();
                    assert!(listed.records.iter().all(|record| record.id.starts_with(kind)));
                }
            }
        });
    });
}

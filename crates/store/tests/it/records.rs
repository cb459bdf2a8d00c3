//! The store against a model in memory: any sequence of changes, the same records, slots and history.

use canopy_core::{Coded, MetricKind};
use canopy_store::{
    Access, Applied, Change, CollectionInfo, CollectionSpec, ModelTag, OpenOptions, Outcome, PutMode, Record, Scan,
    Store, VectorSpec,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

const DIM: u32 = 3;

fn vectors() -> VectorSpec {
    VectorSpec { dim: DIM, metric: MetricKind::Cosine, model: None }
}

fn open(dir: &tempfile::TempDir) -> Store {
    Store::open(dir.path(), &OpenOptions::default()).unwrap()
}

fn notes(store: &Store) -> CollectionInfo {
    store.create("notes", &CollectionSpec { vectors: Some(vectors()), ..CollectionSpec::default() }).unwrap()
}

fn put<'a>(id: &'a str, text: &'a str, vector: Option<&'a [f32]>, mode: PutMode) -> Change<'a> {
    Change::Put { id, text, metadata: "{}", vector, mode }
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, u8, Option<i8>, PutMode),
    Delete(u8),
    Compact,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![Just(PutMode::Insert), Just(PutMode::Upsert), Just(PutMode::Update)];
    prop_oneof![
        8 => (0_u8..12, 0_u8..4, prop::option::of(any::<i8>()), mode).prop_map(|(id, text, value, mode)| Step::Put(id, text, value, mode)),
        5 => (0_u8..12).prop_map(Step::Delete),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
    ]
}

/// What the store should hold: text and vector by id, and who has which slot.
#[derive(Debug, Default)]
struct Model {
    records: BTreeMap<String, (u32, String, Option<Vec<f32>>)>,
}

impl Model {
    fn lowest_free(&self) -> u32 {
        let taken: BTreeSet<u32> = self.records.values().map(|record| record.0).collect();
        (0..).find(|slot| !taken.contains(slot)).unwrap()
    }

    /// The expected answer, or the expected code.
    fn put(&mut self, id: &str, text: &str, vector: Option<Vec<f32>>, mode: PutMode) -> Result<Applied, &'static str> {
        let slot = self.lowest_free();
        match (self.records.get_mut(id), mode) {
            (Some(_), PutMode::Insert) => Err("RECORD_EXISTS"),
            (None, PutMode::Update) => Err("RECORD_NOT_FOUND"),
            (None, _) => {
                self.records.insert(id.to_owned(), (slot, text.to_owned(), vector));
                Ok(Applied { slot: Some(slot), outcome: Outcome::Inserted, text_changed: true })
            }
            (Some(record), _) => {
                let text_changed = record.1 != text;
                let kept = if text_changed { None } else { record.2.take() };
                *record = (record.0, text.to_owned(), vector.or(kept));
                Ok(Applied { slot: Some(record.0), outcome: Outcome::Replaced, text_changed })
            }
        }
    }

    fn delete(&mut self, id: &str) -> Applied {
        match self.records.remove(id) {
            Some((slot, ..)) => Applied { slot: Some(slot), outcome: Outcome::Deleted, text_changed: true },
            None => Applied { slot: None, outcome: Outcome::NotFound, text_changed: false },
        }
    }
}

/// What an index sees that follows `changed_since`.
type Follower = BTreeMap<u32, (String, String)>;

fn follow(store: &Store, key: u32, sequence: &mut u64, seen: &mut Follower) {
    let changes = store.changed_since(key, *sequence).unwrap();
    if changes.rebuild {
        seen.clear();
        let every = Scan { id: true, text: true, ..Scan::default() };
        let visit = &mut |row: canopy_store::RowRef<'_>| {
            seen.insert(row.slot, (row.id.to_owned(), row.text.to_owned()));
            ControlFlow::Continue(())
        };
        store.scan(key, 0, every, visit).unwrap();
    }
    for slot in changes.deleted {
        seen.remove(&slot);
    }
    let records = store.get_slots(key, &changes.upserted, false).unwrap();
    for record in records.into_iter().map(|record| record.expect("an upserted slot holds a record")) {
        seen.insert(record.slot, (record.id, record.text));
    }
    *sequence = changes.sequence;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn behaves_like_a_map(steps in prop::collection::vec(step(), 1..60), every in 1_usize..9) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(&dir);
        let key = notes(&store).key;
        let mut model = Model::default();
        let (mut sequence, mut seen) = (0, Follower::new());
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Put(id, text, value, mode) => {
                    let (id, text) = (format!("id-{id}"), format!("text {text}"));
                    let vector = value.map(|value| vec![f32::from(value), 0.5, -1.0]);
                    let found = store.apply(key, &[put(&id, &text, vector.as_deref(), mode)]);
                    let expected = model.put(&id, &text, vector, mode);
                    prop_assert_eq!(found.map(|applied| applied[0]).map_err(|error| error.code()), expected);
                }
                Step::Delete(id) => {
                    let id = format!("id-{id}");
                    prop_assert_eq!(store.apply(key, &[Change::Delete { id: &id }]).unwrap()[0], model.delete(&id));
                }
                Step::Compact => store.compact().unwrap(),
                Step::Reopen => {
                    store.close().unwrap();
                    store = open(&dir);
                }
            }
            if number % every == 0 {
                follow(&store, key, &mut sequence, &mut seen);
            }
        }
        follow(&store, key, &mut sequence, &mut seen);
        let expected: Follower = model.records.iter().map(|(id, record)| (record.0, (id.clone(), record.1.clone()))).collect();
        prop_assert_eq!(&seen, &expected);

        let info = store.collection("notes").unwrap();
        prop_assert_eq!(info.count, model.records.len() as u64);
        prop_assert!(expected.keys().all(|&slot| slot < info.slot_end));
        let page = store.page(key, None, 100, true).unwrap();
        let found: Vec<_> = page.into_iter().map(|record| (record.id, (record.slot, record.text, record.vector))).collect();
        prop_assert_eq!(found, model.records.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_bad_change_leaves_nothing_of_its_batch() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let key = notes(&store).key;
    store.apply(key, &[put("a", "one", None, PutMode::Insert)]).unwrap();
    let before = store.collection("notes").unwrap();
    let bad = [put("b", "two", None, PutMode::Insert), put("a", "again", None, PutMode::Insert)];
    assert_eq!(store.apply(key, &bad).unwrap_err().code(), "RECORD_EXISTS");
    let short = [put("b", "two", None, PutMode::Insert), put("c", "three", Some(&[1.0]), PutMode::Insert)];
    assert_eq!(store.apply_with_checkpoint(key, &short, "file", "9").unwrap_err().code(), "VECTOR_DIMENSION");
    assert_eq!(store.collection("notes").unwrap(), before);
    assert_eq!(store.checkpoint(key, "file").unwrap(), None);
    assert_eq!(store.slot_of(key, "b").unwrap(), None);
    // The next change takes the numbers that the failed ones gave back.
    let applied = store.apply(key, &[put("d", "four", None, PutMode::Insert)]).unwrap();
    assert_eq!(applied[0].slot, Some(1));
    assert_eq!(store.collection("notes").unwrap().sequence, before.sequence + 1);
}

#[test]
fn every_column_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let key = notes(&store).key;
    let (id, text, metadata) = ("né/🌲 \u{1}", "line\nwith \0 NUL and emoji 🌲", "{\"year\":1958,\"a\":[1]}");
    let vector = [1.0_f32, -0.0, f32::MIN_POSITIVE];
    let change = Change::Put { id, text, metadata, vector: Some(&vector), mode: PutMode::Upsert };
    store.apply_with_checkpoint(key, &[change], "file", "12:3").unwrap();
    store.close().unwrap();

    let store = open(&dir);
    let record = store.get(key, id).unwrap().unwrap();
    let Record { slot, created_ms, updated_ms, .. } = record;
    assert!(created_ms > 1_600_000_000_000 && updated_ms == created_ms);
    let expected = Record {
        slot,
        id: id.to_owned(),
        text: text.to_owned(),
        metadata: metadata.to_owned(),
        vector: Some(vector.to_vec()),
        created_ms,
        updated_ms,
    };
    assert_eq!(record, expected);
    assert_eq!(store.get_slots(key, &[7, slot], true).unwrap(), [None, Some(expected.clone())]);
    assert_eq!(store.get_slots(key, &[slot], false).unwrap(), [Some(Record { vector: None, ..expected })]);
    assert_eq!(store.known(key, &["none", id]).unwrap(), [None, Some((slot, canopy_store::text_hash(text)))]);
    assert_eq!(store.checkpoint(key, "file").unwrap().as_deref(), Some("12:3"));
    store.clear_checkpoint(key, "file").unwrap();
    assert_eq!(store.checkpoint(key, "file").unwrap(), None);
    let mut rows = 0;
    let visit = &mut |row: canopy_store::RowRef<'_>| {
        assert_eq!((row.slot, row.id, row.text, row.vector), (slot, "", "", Some(&vector[..])));
        rows += 1;
        ControlFlow::Continue(())
    };
    store.scan(key, 0, Scan { vector: true, ..Scan::default() }, visit).unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn collections_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    for name in ["", "a/b", "a\nb", &"x".repeat(129)] {
        assert_eq!(store.create(name, &CollectionSpec::default()).unwrap_err().code(), "COLLECTION_NAME");
    }
    let spec = CollectionSpec { vectors: None, settings: "nonsense".to_owned() };
    assert_eq!(store.create("a", &spec).unwrap_err().code(), "COLLECTION_SPEC");
    let model = Some(ModelTag { name: "m".to_owned(), digest: "d1".to_owned() });
    let spec = CollectionSpec { vectors: Some(VectorSpec { model, ..vectors() }), settings: "{\"a\":1}".to_owned() };
    let first = store.create("Straße 🌲", &spec).unwrap();
    assert_eq!(first.spec, spec);
    assert_eq!(store.create("Straße 🌲", &spec).unwrap_err().code(), "COLLECTION_EXISTS");
    let other = notes(&store);
    assert_eq!(store.collections().unwrap(), [first.clone(), other.clone()]);
    store.apply(first.key, &[put("a", "x", None, PutMode::Insert)]).unwrap();
    store.drop_collection("Straße 🌲").unwrap();
    assert_eq!(store.drop_collection("Straße 🌲").unwrap_err().code(), "COLLECTION_NOT_FOUND");
    for gone in [
        store.apply(first.key, &[put("a", "x", None, PutMode::Insert)]).unwrap_err(),
        store.get(first.key, "a").unwrap_err(),
        store.get_slots(first.key, &[0], true).unwrap_err(),
        store.changed_since(first.key, 0).unwrap_err(),
        store.collection("Straße 🌲").unwrap_err(),
    ] {
        assert_eq!(gone.code(), "COLLECTION_NOT_FOUND", "{gone}");
    }
    assert_ne!(store.create("Straße 🌲", &spec).unwrap().key, first.key);
}

#[test]
fn another_model_drops_the_vectors_and_the_history() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let key = notes(&store).key;
    store.apply(key, &[put("a", "one", Some(&[1.0, 2.0, 3.0]), PutMode::Insert)]).unwrap();
    let before = store.changed_since(key, 0).unwrap();
    assert_eq!((before.sequence, before.upserted.as_slice(), before.rebuild), (1, &[0][..], false));
    let tag = ModelTag { name: "m".to_owned(), digest: "abc".to_owned() };
    let wider = VectorSpec { dim: 5, metric: MetricKind::Dot, model: Some(tag.clone()) };
    store.set_vectors(key, Some(&wider)).unwrap();
    assert!(store.changed_since(key, before.sequence).unwrap().rebuild);
    assert!(store.changed_since(key, 999).unwrap().rebuild);
    assert_eq!(store.get(key, "a").unwrap().unwrap().vector, None);
    assert_eq!(store.collection("notes").unwrap().spec.vectors, Some(wider.clone()));
    let old = store.apply(key, &[put("a", "one", Some(&[1.0, 2.0, 3.0]), PutMode::Upsert)]);
    assert_eq!(old.unwrap_err().code(), "VECTOR_DIMENSION");
    store.apply(key, &[put("a", "one", Some(&[0.0; 5]), PutMode::Upsert)]).unwrap();
    assert!(wider.check_model(Some(&tag)).is_ok());
    assert_eq!(wider.check_model(None).unwrap_err().code(), "MODEL_MISMATCH");
    store.set_vectors(key, None).unwrap();
    assert_eq!(store.collection("notes").unwrap().spec.vectors, None);
}

#[test]
fn one_writes_others_read() {
    let dir = tempfile::tempdir().unwrap();
    let reading = OpenOptions { access: Access::ReadOnly, ..OpenOptions::default() };
    assert_eq!(Store::open(dir.path(), &reading).unwrap_err().code(), "STORE_NOT_FOUND");
    let store = open(&dir);
    let second = Store::open(dir.path(), &OpenOptions::default()).unwrap_err();
    assert_eq!(second.code(), "STORE_LOCKED");
    assert!(second.to_string().contains("readOnly"), "{second}");
    let key = notes(&store).key;

    let view = Store::open(dir.path(), &reading).unwrap();
    assert_eq!(view.access(), Access::ReadOnly);
    let version = view.data_version().unwrap();
    assert_eq!(view.data_version().unwrap(), version);
    store.apply(key, &[put("a", "one", None, PutMode::Insert)]).unwrap();
    assert_ne!(view.data_version().unwrap(), version);
    assert_eq!(view.changed_since(key, 0).unwrap().upserted, [0]);
    assert_eq!(view.get(key, "a").unwrap().unwrap().text, "one");
    for refused in [
        view.apply(key, &[]).map(drop),
        view.create("x", &CollectionSpec::default()).map(drop),
        view.drop_collection("notes"),
        view.set_vectors(key, None),
        view.clear_checkpoint(key, "x"),
        view.compact(),
    ] {
        assert_eq!(refused.unwrap_err().code(), "STORE_READ_ONLY");
    }
    // The writer may end, and another take over, while the view stays.
    store.close().unwrap();
    let store = open(&dir);
    store.apply(key, &[put("b", "two", None, PutMode::Insert)]).unwrap();
    assert_eq!(view.page(key, None, 9, false).unwrap().len(), 2);
    store.compact().unwrap();
    assert_eq!(view.page(key, Some("a"), 9, false).unwrap()[0].id, "b");
}

#[test]
fn readers_never_wait_for_the_writer() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let key = notes(&store).key;
    store.apply(key, &[put("first", "one", None, PutMode::Insert)]).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let mut reads = 0_u64;
                    loop {
                        // A batch is seen whole or not at all.
                        let count = store.collection("notes").unwrap().count;
                        assert_eq!(count % 100, 1, "half a batch of 100 is visible");
                        assert!(store.get(key, "first").unwrap().is_some());
                        reads += 1;
                        // Asked after the read: on a busy machine a thread may begin when the writer is done.
                        if stop.load(std::sync::atomic::Ordering::Relaxed) {
                            return reads;
                        }
                    }
                })
            })
            .collect();
        let ids: Vec<String> = (0..3000).map(|i| format!("{i}")).collect();
        for batch in ids.chunks(100) {
            let changes: Vec<_> =
                batch.iter().map(|id| put(id, "some text", Some(&[1.0; 3]), PutMode::Insert)).collect();
            store.apply(key, &changes).unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(readers.into_iter().all(|reader| reader.join().unwrap() > 0));
    });
}

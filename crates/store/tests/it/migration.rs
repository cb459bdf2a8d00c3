//! A database of an older version becomes a current one, whole or not at all.

use crate::child;
use canopy_core::{Coded, MetricKind};
use canopy_store::{Access, Change, OpenOptions, PutMode, Record, Store};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn version_1(dir: &Path) -> Connection {
    let connection = Connection::open(dir.join("canopy.db")).unwrap();
    connection.execute_batch(include_str!("../fixtures/v1.sql")).unwrap();
    connection
}

fn copies(dir: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.to_string_lossy().contains(".backup")).collect()
}

fn user_version(path: &Path) -> u32 {
    Connection::open(path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn everything_arrives_and_the_copy_goes() {
    let dir = tempfile::tempdir().unwrap();
    version_1(dir.path()).close().unwrap();
    let reading = OpenOptions { access: Access::ReadOnly, ..OpenOptions::default() };
    assert_eq!(Store::open(dir.path(), &reading).unwrap_err().code(), "STORE_READ_ONLY");
    let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
    store.check().unwrap();
    assert_eq!(copies(dir.path()), Vec::<PathBuf>::new());

    let papers = store.collection("papers").unwrap();
    assert_eq!((papers.key, papers.count, papers.sequence, papers.slot_end), (1, 3, 3, 3));
    assert_eq!(papers.spec.settings, "{\"language\":\"en\"}");
    let vectors = papers.spec.vectors.unwrap();
    assert_eq!((vectors.dim, vectors.metric, vectors.model.unwrap().digest.as_str()), (2, MetricKind::Dot, "abc123"));
    let expected = |slot, id: &str, text: &str, metadata: &str, vector: Option<[f32; 2]>, created_ms| Record {
        slot,
        id: id.to_owned(),
        text: text.to_owned(),
        metadata: metadata.to_owned(),
        vector: vector.map(|vector| vector.to_vec()),
        created_ms,
        updated_ms: created_ms + 1,
    };
    assert_eq!(
        store.page(1, None, 9, true).unwrap(),
        [
            expected(0, "a", "a wing in a slipstream", "{\"year\":1958}", Some([1.0, 2.0]), 1_700_000_000_000),
            expected(1, "b", "heat — transfer", "{}", Some([-0.5, 0.25]), 1_700_000_000_002),
            expected(2, "c", "without a vector", "{\"tags\":[\"x\"]}", None, 1_700_000_000_004),
        ]
    );
    assert_eq!(store.known(1, &["a"]).unwrap()[0].unwrap().1, canopy_store::text_hash("a wing in a slipstream"));
    assert_eq!(store.changed_since(1, 0).unwrap().upserted, [0, 1, 2]);
    let notes = store.collection("notes 🌲").unwrap();
    assert_eq!((notes.key, notes.count), (4, 1));
    // It lives on: a change, a deletion, another collection.
    let put = Change::Put { id: "new", text: "new", metadata: "{}", vector: None, mode: PutMode::Insert };
    assert_eq!(store.apply(4, &[put, Change::Delete { id: "only" }]).unwrap()[0].slot, Some(1));
    assert!(store.create("later", &Default::default()).unwrap().key > 4);
    store.check().unwrap();
}

#[test]
fn counters_of_version_2_are_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let connection = Connection::open(dir.path().join("canopy.db")).unwrap();
    connection.execute_batch(include_str!("../fixtures/v2.sql")).unwrap();
    connection.close().unwrap();
    let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
    store.check().unwrap();
    let papers = store.collection("papers").unwrap();
    assert_eq!((papers.count, papers.sequence, papers.slot_end), (3, 6, 4));
    let empty = store.collection("empty").unwrap();
    assert_eq!((empty.count, empty.sequence, empty.slot_end), (0, 7, 0));
    assert!(store.changed_since(empty.key, 6).unwrap().rebuild);
    let changes = store.changed_since(papers.key, 4).unwrap();
    assert_eq!((changes.upserted.as_slice(), changes.deleted.as_slice()), (&[0][..], &[2][..]));
    // The empty slot is used again, and the numbers go on.
    let put = Change::Put { id: "new", text: "new", metadata: "{}", vector: None, mode: PutMode::Insert };
    assert_eq!(store.apply(papers.key, &[put]).unwrap()[0].slot, Some(2));
    assert_eq!(store.collection("papers").unwrap().sequence, 7);
    store.check().unwrap();
}

#[test]
fn the_copy_is_kept_when_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    // The log of version 1 holds everything when its process was killed: the copy must hold it too.
    let connection = version_1(dir.path());
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute("UPDATE records1 SET text = 'from the log' WHERE id = 'a'", []).unwrap();
    let options = OpenOptions { keep_backup: true, ..OpenOptions::default() };
    let store = Store::open(dir.path(), &options).unwrap();
    assert_eq!(store.get(1, "a").unwrap().unwrap().text, "from the log");
    let copies = copies(dir.path());
    assert_eq!(copies.len(), 1);
    assert_eq!(user_version(&copies[0]), 1);
    let kept = Connection::open(&copies[0]).unwrap();
    let text: String = kept.query_row("SELECT text FROM records1 WHERE id = 'a'", [], |row| row.get(0)).unwrap();
    assert_eq!(text, "from the log");
}

#[test]
fn a_failed_migration_leaves_the_old_database_and_the_copy() {
    let dir = tempfile::tempdir().unwrap();
    let connection = version_1(dir.path());
    connection.execute("UPDATE records1 SET vector = x'00' WHERE id = 'b'", []).unwrap();
    connection.close().unwrap();
    let error = Store::open(dir.path(), &OpenOptions::default()).unwrap_err();
    assert_eq!(error.code(), "STORE_CORRUPT");
    assert!(error.to_string().contains("\"b\""), "{error}");
    assert_eq!(copies(dir.path()).len(), 1);
    let database = dir.path().join("canopy.db");
    assert_eq!(user_version(&database), 1);
    // Repaired by hand, it migrates.
    let connection = Connection::open(&database).unwrap();
    connection.execute("UPDATE records1 SET vector = NULL WHERE id = 'b'", []).unwrap();
    connection.close().unwrap();
    assert_eq!(Store::open(dir.path(), &OpenOptions::default()).unwrap().collection("papers").unwrap().count, 3);
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let connection = version_1(dir.path());
    connection.pragma_update(None, "user_version", 99).unwrap();
    connection.close().unwrap();
    for access in [Access::ReadWrite, Access::ReadOnly] {
        let error = Store::open(dir.path(), &OpenOptions { access, ..OpenOptions::default() }).unwrap_err();
        assert_eq!(error.code(), "STORE_NEWER");
        assert!(error.to_string().contains("99"), "{error}");
    }
    assert_eq!(user_version(&dir.path().join("canopy.db")), 99);
}

const ROWS: u32 = 20_000;

/// Opens the folder, which migrates it; runs in a process of its own so that it can be killed.
#[test]
fn child_migrates() {
    let Some(dir) = child::folder() else { return };
    child::say("opening");
    drop(Store::open(&dir, &OpenOptions::default()).unwrap());
    child::say("done");
}

#[test]
fn a_killed_migration_starts_again() {
    let dir = tempfile::tempdir().unwrap();
    let connection = version_1(dir.path());
    let insert = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 + 9)
        INSERT INTO records1 SELECT i, 'row ' || i, printf('%.200c', 'x') || i, '{}', x'0000803f00000040', i, i FROM n";
    connection.execute(insert, [ROWS]).unwrap();
    connection.close().unwrap();
    let mut killed = 0;
    for round in 0..12 {
        let mut process = child::start("migration::child_migrates", dir.path());
        process.wait_for("opening");
        killed += u32::from(process.kill_after(Duration::from_millis(5 + round * 12)));
        let version = user_version(&dir.path().join("canopy.db"));
        assert!(version == 1 || version == 3, "version {version}");
        // One whole copy, and another being written with its journal.
        assert!(copies(dir.path()).len() <= 3, "copies pile up: {:?}", copies(dir.path()));
    }
    let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
    store.check().unwrap();
    assert_eq!(store.collection("papers").unwrap().count, u64::from(ROWS) + 3);
    println!("{killed} of 12 migrations were killed before they ended");
    assert!(killed > 0, "no process was killed in time");
}

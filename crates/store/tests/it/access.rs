//! Who may open what: foreign and broken files, missing rights, read-only folders.

use crate::child;
use canopy_core::Coded;
use canopy_store::{Access, Change, CollectionSpec, OpenOptions, PutMode, Store};
use std::path::Path;

fn reading() -> OpenOptions {
    OpenOptions { access: Access::ReadOnly, ..OpenOptions::default() }
}

fn code(dir: &Path, options: &OpenOptions) -> &'static str {
    Store::open(dir, options).map_or_else(|error| error.code(), |_| "opened")
}

fn filled(dir: &Path) -> (Store, u32) {
    let store = Store::open(dir, &OpenOptions::default()).unwrap();
    let key = store.create("c", &CollectionSpec::default()).unwrap().key;
    let put = Change::Put { id: "a", text: "one", metadata: "{}", vector: None, mode: PutMode::Insert };
    store.apply(key, &[put]).unwrap();
    (store, key)
}

#[test]
fn a_file_that_is_not_ours_is_named_and_left_alone() {
    let pdf = [b"%PDF-1.7 not a database at all".as_slice(), &[b'x'; 20_000]].concat();
    let mut cut = Vec::new();
    {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path()).0.close().unwrap();
        let whole = std::fs::read(dir.path().join("canopy.db")).unwrap();
        cut.extend([1, 60, 100, 4096, whole.len() - 1, whole.len() / 2].map(|length| whole[..length].to_vec()));
    }
    let cases = [(pdf, "STORE_FOREIGN"), (Vec::new(), "STORE_CORRUPT")];
    for (bytes, expected) in cases.into_iter().chain(cut.into_iter().map(|bytes| (bytes, "STORE_CORRUPT"))) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("canopy.db");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(code(dir.path(), &reading()), expected, "{} bytes", bytes.len());
        assert_eq!(code(dir.path(), &OpenOptions::default()), expected, "{} bytes", bytes.len());
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
    // Somebody else's SQLite database.
    let dir = tempfile::tempdir().unwrap();
    let other = rusqlite::Connection::open(dir.path().join("canopy.db")).unwrap();
    other.execute_batch("CREATE TABLE theirs(a)").unwrap();
    other.close().unwrap();
    let before = std::fs::read(dir.path().join("canopy.db")).unwrap();
    assert_eq!(code(dir.path(), &reading()), "STORE_FOREIGN");
    assert_eq!(code(dir.path(), &OpenOptions::default()), "STORE_FOREIGN");
    assert_eq!(std::fs::read(dir.path().join("canopy.db")).unwrap(), before, "a foreign file was changed");
    // A folder in its place, a file in place of the folder.
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("canopy.db")).unwrap();
    assert_eq!(code(dir.path(), &OpenOptions::default()), "STORE_FOREIGN");
    let file = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(code(file.path(), &OpenOptions::default()), "STORE_NOT_A_FOLDER");
    assert_eq!(code(file.path(), &reading()), "STORE_NOT_A_FOLDER");
}

/// Runs with the rights of `nobody` where the parent is root, and as the user otherwise.
#[test]
fn child_without_rights() {
    let Some(dir) = child::folder() else { return };
    child::say(code(&dir, &OpenOptions::default()));
    match Store::open(&dir, &reading()) {
        Err(error) => child::say(error.code()),
        Ok(store) => {
            let key = store.collection("c").unwrap().key;
            child::say(&store.get(key, "a").unwrap().unwrap().text);
            follow(&store, key);
        }
    }
}

/// Says what `a` is each time that the version changes, until it is `end`.
fn follow(store: &Store, key: u32) {
    let mut seen = store.data_version().unwrap();
    for _ in 0..2_000 {
        std::thread::sleep(std::time::Duration::from_millis(2));
        // A writer that closes takes its log away: for a moment there is none to read and none can be made.
        let Ok(now) = store.data_version() else { continue };
        if now == seen {
            continue;
        }
        let Ok(Some(record)) = store.get(key, "a") else { continue };
        child::say(&record.text);
        seen = now;
        if record.text == "end" {
            return;
        }
    }
}

#[cfg(unix)]
mod rights {
    use super::*;
    use std::os::unix::{fs::PermissionsExt, process::CommandExt};

    fn allow(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A process without the right to write, working on `dir`. `None` where it can't be started.
    fn spawn_without_rights(dir: &Path) -> Option<child::Process> {
        const NOBODY: u32 = 65_534;
        let root = std::fs::metadata("/proc/self")
            .map_or_else(|_| false, |own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
        let mut command = child::command("access::child_without_rights", dir);
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        child::spawn(command).ok()
    }

    /// What it says of `dir`: of writing, of reading.
    fn without_rights(dir: &Path) -> Option<[String; 2]> {
        let mut process = spawn_without_rights(dir)?;
        Some([process.hear()?, process.hear()?])
    }

    #[test]
    fn missing_rights_are_said_and_a_read_only_folder_is_read() {
        let dir = tempfile::tempdir().unwrap();
        allow(dir.path(), 0o755);
        let (store, key) = filled(dir.path());
        for file in ["canopy.db", "canopy.db-wal", "canopy.db-shm", "canopy.lock"] {
            allow(&dir.path().join(file), 0o644);
        }
        allow(dir.path(), 0o555);
        let Some(beside) = without_rights(dir.path()) else {
            println!(
                "SKIPPED missing_rights_are_said_and_a_read_only_folder_is_read: no process without rights can be started"
            );
            return;
        };
        // Beside a live writer, through its log: this sees the record although it is not in the database file yet.
        assert_eq!(beside, ["STORE_PERMISSION", "one"]);
        allow(dir.path(), 0o755);
        // Closed: the log is gone and none can be made.
        store.close().unwrap();
        allow(dir.path(), 0o555);
        assert_eq!(without_rights(dir.path()).unwrap(), ["STORE_PERMISSION", "one"]);
        // A folder that can't be entered, a file that can't be read.
        allow(dir.path(), 0o700);
        if without_rights(dir.path()).is_some_and(|said| said[1] != "one") {
            assert_eq!(without_rights(dir.path()).unwrap(), ["STORE_PERMISSION", "STORE_PERMISSION"]);
        }
        allow(dir.path(), 0o755);
        allow(&dir.path().join("canopy.db"), 0o000);
        let said = without_rights(dir.path()).unwrap();
        assert_eq!(said, ["STORE_PERMISSION", "STORE_PERMISSION"]);
        // Write-protected database in a folder where the lock can be taken.
        allow(dir.path(), 0o777);
        allow(&dir.path().join("canopy.db"), 0o444);
        allow(&dir.path().join("canopy.lock"), 0o666);
        assert_eq!(without_rights(dir.path()).unwrap(), ["STORE_PERMISSION", "one"]);
        let _ = key;
    }

    /// A view that took the file for immutable, because it may not write there, sees a later writer's commits.
    #[test]
    fn a_view_without_rights_follows_a_writer_that_comes_later() {
        let dir = tempfile::tempdir().unwrap();
        allow(dir.path(), 0o755);
        filled(dir.path()).0.close().unwrap();
        let Some(mut process) = spawn_without_rights(dir.path()) else {
            println!(
                "SKIPPED a_view_without_rights_follows_a_writer_that_comes_later: no process without rights can be started"
            );
            return;
        };
        assert_eq!([process.hear(), process.hear()].map(Option::unwrap), ["STORE_PERMISSION", "one"]);
        for (text, stay) in [("two", true), ("three", false), ("end", true)] {
            let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
            let key = store.collection("c").unwrap().key;
            let put = Change::Put { id: "a", text, metadata: "{}", vector: None, mode: PutMode::Update };
            store.apply(key, &[put]).unwrap();
            let kept = if stay { Some(store) } else { store.close().map(|()| None).unwrap() };
            while process.hear().expect("the view ended before it saw the change") != text {}
            drop(kept);
        }
    }

    #[test]
    fn a_log_that_cannot_be_read_is_not_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let copy = tempfile::tempdir().unwrap();
        let (store, _) = filled(dir.path());
        // What a killed writer leaves on a medium that is then mounted read-only: a log without its index.
        for file in ["canopy.db", "canopy.db-wal"] {
            std::fs::copy(dir.path().join(file), copy.path().join(file)).unwrap();
            allow(&copy.path().join(file), 0o444);
        }
        drop(store);
        allow(copy.path(), 0o555);
        match without_rights(copy.path()) {
            Some(said) => assert_eq!(said, ["STORE_PERMISSION", "STORE_PERMISSION"]),
            None => println!(
                "SKIPPED a_log_that_cannot_be_read_is_not_passed_over: no process without rights can be started"
            ),
        }
        allow(copy.path(), 0o755);
        assert_eq!(code(copy.path(), &reading()), "opened");
    }
}

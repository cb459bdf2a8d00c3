//! What was acknowledged stays: after `kill -9`, on a full disk, and never a panic on damaged bytes.

use crate::child;
use canopy_core::{Coded, MetricKind};
use canopy_store::{Access, Change, CollectionSpec, Durability, OpenOptions, PutMode, Scan, Store, VectorSpec};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const DIM: usize = 24;

fn spec() -> CollectionSpec {
    let vectors = VectorSpec { dim: DIM as u32, metric: MetricKind::Cosine, model: None };
    CollectionSpec { vectors: Some(vectors), ..CollectionSpec::default() }
}

/// Small, fast random numbers; the seed is printed, so that a failure can be run again.
struct Random(u64);

impl Random {
    fn seeded(what: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        println!("{what}: seed {now}");
        Self(now | 1)
    }
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }
}

/// Texts of step `n`: a new record, another text for an old one, and which record goes.
struct Step {
    id: String,
    text: String,
    changed: Option<(String, String)>,
    gone: Option<String>,
}

fn step(n: u64) -> Step {
    let text = |n: u64| format!("{n} {}", "word ".repeat((n % 400) as usize));
    Step {
        id: format!("r{n}"),
        text: text(n),
        changed: (n % 5 == 4).then(|| (format!("r{}", n - 2), text(n + 1))),
        gone: (n % 7 == 6).then(|| format!("r{}", n - 5)),
    }
}

fn vector(n: u64) -> [f32; DIM] {
    [n as f32; DIM]
}

/// One transaction a step.
fn write(store: &Store, key: u32, n: u64) -> Result<(), canopy_store::Error> {
    let Step { id, text, changed, gone } = step(n);
    let vector = vector(n);
    let put = |id, text| Change::Put { id, text, metadata: "{}", vector: Some(&vector[..]), mode: PutMode::Upsert };
    let mut changes = vec![put(id.as_str(), text.as_str())];
    changes.extend(changed.as_ref().map(|(id, text)| put(id, text)));
    changes.extend(gone.as_ref().map(|id| Change::Delete { id }));
    store.apply_with_checkpoint(key, &changes, "steps", &n.to_string()).map(drop)
}

/// What a store holds after the first `steps` steps.
fn expected(steps: u64) -> BTreeMap<String, (String, f32)> {
    let mut records = BTreeMap::new();
    for n in 0..steps {
        let Step { id, text, changed, gone } = step(n);
        records.insert(id, (text, n as f32));
        if let Some((id, text)) = changed {
            records.insert(id, (text, n as f32));
        }
        gone.map(|id| records.remove(&id));
    }
    records
}

/// Checks that the store holds exactly its first steps, at least `acknowledged` and at most one more; returns how many.
fn verify(store: &Store, acknowledged: u64) -> u64 {
    store.check().unwrap();
    let info = store.collection("c").unwrap();
    let steps = store.checkpoint(info.key, "steps").unwrap().map_or(0, |last| last.parse::<u64>().unwrap() + 1);
    assert!(
        steps == acknowledged || steps == acknowledged + 1,
        "{acknowledged} steps were acknowledged, {steps} are there"
    );
    let mut found = BTreeMap::new();
    let all = Scan { id: true, text: true, vector: true, ..Scan::default() };
    let visit = &mut |row: canopy_store::RowRef<'_>| {
        found.insert(row.id.to_owned(), (row.text.to_owned(), row.vector.unwrap()[DIM - 1]));
        ControlFlow::Continue(())
    };
    store.scan(info.key, 0, all, visit).unwrap();
    assert!(found == expected(steps), "the records are not those of {steps} steps");
    steps
}

/// Writes step after step and acknowledges each, until it is killed.
#[test]
fn child_writes() {
    let Some(dir) = child::folder() else { return };
    let durability = if dir.to_string_lossy().contains("power") { Durability::Power } else { Durability::Process };
    let store = Store::open(&dir, &OpenOptions { durability, ..OpenOptions::default() }).unwrap();
    let key = store.collection("c").unwrap().key;
    let first = store.checkpoint(key, "steps").unwrap().map_or(0, |last| last.parse::<u64>().unwrap() + 1);
    // Replaced again and again: a log of 32 MB, which is folded beside the writer, every few steps.
    let ballast = dir.to_string_lossy().contains("folding").then(|| "ballast ".repeat(500_000));
    for n in first.. {
        if let Some(text) = &ballast {
            let put = Change::Put { id: "b", text, metadata: "{}", vector: None, mode: PutMode::Upsert };
            store.apply(store.collection("ballast").unwrap().key, &[put]).unwrap();
        }
        write(&store, key, n).unwrap();
        child::say(&format!("{n}"));
    }
}

fn kill_and_verify(dir: &Path, rounds: usize) {
    let mut random = Random::seeded("kill -9");
    let store = Store::open(dir, &OpenOptions::default()).unwrap();
    store.create("c", &spec()).unwrap();
    store.create("ballast", &CollectionSpec::default()).unwrap();
    drop(store);
    let mut steps = 0;
    for _ in 0..rounds {
        let mut process = child::start("fault::child_writes", dir);
        process.wait_for(&steps.to_string());
        assert!(process.kill_after(Duration::from_micros(random.below(60_000) as u64)), "the child ended by itself");
        let mut acknowledged = steps + 1;
        while let Some(said) = process.hear() {
            acknowledged = said.parse::<u64>().unwrap() + 1;
        }
        // No lock is left behind, and a reader may be the first to look at what the writer left.
        let view = Store::open(dir, &OpenOptions { access: Access::ReadOnly, ..OpenOptions::default() }).unwrap();
        verify(&view, acknowledged);
        drop(view);
        steps = verify(&Store::open(dir, &OpenOptions::default()).unwrap(), acknowledged);
    }
    println!("{rounds} processes were killed after {steps} acknowledged steps; every one is there");
}

#[test]
fn everything_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    kill_and_verify(dir.path(), 20);
}

#[test]
fn everything_acknowledged_survives_kill_9_with_power_durability() {
    let dir = tempfile::Builder::new().prefix("power").tempdir().unwrap();
    kill_and_verify(dir.path(), 4);
}

#[test]
fn everything_acknowledged_survives_kill_9_while_the_log_is_folded() {
    let dir = tempfile::Builder::new().prefix("folding").tempdir().unwrap();
    kill_and_verify(dir.path(), 10);
}

#[test]
fn the_log_is_folded_beside_the_writer_and_stays_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
    let key = store.create("c", &CollectionSpec::default()).unwrap().key;
    let text = "x".repeat(4 << 20);
    let put = |id: &str| {
        let put = Change::Put { id, text: &text, metadata: "{}", vector: None, mode: PutMode::Insert };
        store.apply(key, &[put]).unwrap();
    };
    let bytes = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().len();
    (0..10).for_each(|n| put(&n.to_string()));
    let patience = Instant::now() + Duration::from_secs(20);
    while bytes("canopy.db") < 32 << 20 {
        assert!(Instant::now() < patience, "nobody folded {} bytes of log", bytes("canopy.db-wal"));
        std::thread::sleep(Duration::from_millis(5));
    }
    // However slow the thread: 128 MB, and the commit that went beyond.
    (10..80).for_each(|n| put(&n.to_string()));
    assert!(bytes("canopy.db-wal") < 140 << 20, "the log has {} bytes", bytes("canopy.db-wal"));
    store.check().unwrap();
    store.close().unwrap();
    assert!(!dir.path().join("canopy.db-wal").exists());
    let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
    assert_eq!(store.collection("c").unwrap().count, 80);
}

#[test]
fn a_disk_that_fills_while_the_log_is_folded_loses_nothing() {
    let Some(tiny) = Tiny::mount(80 << 20) else {
        println!("SKIPPED a_disk_that_fills_while_the_log_is_folded_loses_nothing: no right to mount a tmpfs here");
        return;
    };
    let dir = tiny.0.path().join("store");
    let store = Store::open(&dir, &OpenOptions::default()).unwrap();
    let key = store.create("c", &spec()).unwrap().key;
    let big = store.create("big", &CollectionSpec::default()).unwrap().key;
    let text = "x".repeat(1 << 20);
    let mut steps = 0;
    let error = loop {
        let id = steps.to_string();
        let put = Change::Put { id: &id, text: &text, metadata: "{}", vector: None, mode: PutMode::Insert };
        if let Err(error) = store.apply(big, &[put]).and_then(|_| write(&store, key, steps)) {
            break error;
        }
        steps += 1;
    };
    assert_eq!(error.code(), "STORE_FULL", "{error}");
    assert!(steps > 32, "only {steps} MB fitted");
    assert_eq!(verify(&store, steps), steps);
    let kept = store.collection("big").unwrap().count;
    assert!(kept == steps || kept == steps + 1);
    drop(store);
    let store = Store::open(&dir, &OpenOptions::default()).unwrap();
    assert_eq!(verify(&store, steps), steps);
    assert_eq!(store.collection("big").unwrap().count, kept);
}

/// A file system of a few megabytes, mounted over a folder; needs root on Linux.
struct Tiny(tempfile::TempDir);

impl Tiny {
    fn mount(bytes: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={bytes}");
        let done =
            std::process::Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output();
        done.is_ok_and(|output| output.status.success()).then_some(Self(dir))
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).output();
    }
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let Some(tiny) = Tiny::mount(2 << 20) else {
        println!("SKIPPED a_full_disk_refuses_and_loses_nothing: no right to mount a tmpfs here");
        return;
    };
    let (dir, ballast) = (tiny.0.path().join("store"), tiny.0.path().join("ballast"));
    std::fs::write(&ballast, vec![1; 512 << 10]).unwrap();
    let store = Store::open(&dir, &OpenOptions::default()).unwrap();
    let key = store.create("c", &spec()).unwrap().key;
    let view = Store::open(&dir, &OpenOptions { access: Access::ReadOnly, ..OpenOptions::default() }).unwrap();
    let fill = |from: u64| {
        let refused = (from..).find_map(|n| write(&store, key, n).err().map(|error| (n, error)));
        let (n, error) = refused.unwrap();
        assert_eq!(error.code(), "STORE_FULL", "{error}");
        n
    };
    let first = fill(0);
    assert!(first > 20, "only {first} steps fitted");
    // Full again and again: refused each time, and everything is still readable.
    for _ in 0..5 {
        assert_eq!(write(&store, key, first).unwrap_err().code(), "STORE_FULL");
        assert_eq!(verify(&store, first), first);
        assert_eq!(verify(&view, first), first);
    }
    std::fs::remove_file(&ballast).unwrap();
    let second = fill(first);
    assert!(second > first, "nothing could be written after space was freed");
    verify(&store, second);
    // A process that finds the disk full when it opens, too.
    drop(view);
    store.close().expect("a log that finds no room to be folded into stays");
    let store = Store::open(&dir, &OpenOptions::default()).unwrap();
    assert_eq!(verify(&store, second), second);
    println!("a 2 MiB file system was full after {first} and, with 512 KiB freed, {second} steps; nothing was lost");
}

#[test]
fn damaged_bytes_are_an_error_or_valid_data() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
    let key = store.create("c", &spec()).unwrap().key;
    (0..60).for_each(|n| write(&store, key, n).unwrap());
    store.close().unwrap();
    let whole = std::fs::read(dir.path().join("canopy.db")).unwrap();
    let mut random = Random::seeded("damage");
    let mut refused = BTreeMap::<&str, u32>::new();
    for round in 0..300 {
        let mut bytes = whole.clone();
        match round % 4 {
            0 => bytes.truncate(random.below(whole.len())),
            1 => {
                let at = random.below(whole.len() - 512);
                bytes[at..at + 512].fill(random.below(256) as u8);
            }
            2 => (0..40).for_each(|_| bytes[random.below(whole.len())] = random.below(256) as u8),
            // The header and the schema, where every byte counts.
            _ => (0..8).for_each(|_| bytes[random.below(4096)] = random.below(256) as u8),
        }
        let damaged = tempfile::tempdir().unwrap();
        std::fs::write(damaged.path().join("canopy.db"), &bytes).unwrap();
        for access in [Access::ReadOnly, Access::ReadWrite] {
            for error in use_everything(damaged.path(), access) {
                *refused.entry(error.code()).or_default() += 1;
                assert!(error.code() != "STORE_FULL" && error.code() != "STORE_LOCKED", "{error}");
            }
        }
    }
    println!("{refused:?}");
    assert!(refused["STORE_CORRUPT"] > 50, "damage goes unseen");
}

/// Calls everything once and returns the errors; the point is that it returns.
fn use_everything(dir: &Path, access: Access) -> Vec<canopy_store::Error> {
    let store = match Store::open(dir, &OpenOptions { access, ..OpenOptions::default() }) {
        Ok(store) => store,
        Err(error) => return vec![error],
    };
    let key = store.collection("c").map_or(1, |info| info.key);
    let all = Scan { id: true, text: true, metadata: true, vector: true };
    let mut results = vec![
        store.collections().map(drop),
        store.check(),
        store.page(key, None, 1000, true).map(drop),
        store.scan(key, 0, all, &mut |_| ControlFlow::Continue(())),
        store.scan(key, 0, Scan { vector: true, ..Scan::default() }, &mut |_| ControlFlow::Continue(())),
        store.changed_since(key, 0).map(drop),
        store.get_slots(key, &[0, 1, 2, 70_000], true).map(drop),
        store.checkpoint(key, "steps").map(drop),
        store.get(key, "r3").map(drop),
    ];
    if access == Access::ReadWrite {
        results.extend((60..80).map(|n| write(&store, key, n)));
        results.push(store.compact());
        results.push(store.create("another", &spec()).map(drop));
        results.push(store.drop_collection("c"));
    }
    results.push(store.close());
    results.into_iter().filter_map(Result::err).collect()
}

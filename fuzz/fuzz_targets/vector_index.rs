//! Files of vector indexes with inverted lists: raw bytes, and a good file with bytes changed, also behind right checksums.
#![no_main]

use canopy_ann::graph::{BuildOptions, GraphIndex, SearchOptions};
use canopy_ann::hybrid::{self, HybridOptions};
use canopy_ann::ivf::{IvfOptions, IvfPq};
use canopy_core::{Cancel, MetricKind, Progress, Rows};
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::sync::OnceLock;
use xxhash_rust::xxh3::xxh3_64;

const DIM: usize = 4;
const COUNT: u32 = 300;
/// Bytes of the header before the table, and of an entry of it.
const FIXED: usize = 24;
const ENTRY: usize = 32;

/// A good file.
fn good() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let values: Vec<f32> = (0..COUNT as usize * DIM).map(|i| (i * i % 97) as f32).collect();
        let slots: Vec<u32> = (0..COUNT).collect();
        let rows = Rows::new(&values, DIM).expect("whole rows");
        let (cancel, progress) = (Cancel::new(), Progress::default());
        let index = GraphIndex::build(&slots, rows, MetricKind::L2, BuildOptions::default(), &cancel, &progress);
        let lists = IvfPq::build(&slots, rows, MetricKind::L2, IvfOptions::default(), &cancel, &progress);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.index");
        let (index, lists) = (index.expect("good vectors"), lists.expect("good vectors"));
        index.save_all(&path, b"notes", Some(&lists)).expect("a writable folder");
        fs::read(path).expect("it was just written")
    })
}

/// Right checksums for whatever stands in the sections that the table still names.
fn sign(file: &mut [u8]) {
    let Some(&count) = file.get(12..16).and_then(|bytes| bytes.first_chunk::<4>()) else { return };
    let count = u32::from_le_bytes(count) as usize;
    let number = |file: &[u8], at: usize| file.get(at..at + 8).and_then(|b| b.first_chunk()).map(|&b| u64::from_le_bytes(b) as usize);
    for entry in 0..count.min(64) {
        let at = FIXED + entry * ENTRY;
        let (Some(from), Some(len)) = (number(file, at + 8), number(file, at + 16)) else { return };
        let Some(sum) = file.get(from..from.saturating_add(len)).map(xxh3_64) else { continue };
        if let Some(out) = file.get_mut(at + 24..at + 32) {
            out.copy_from_slice(&sum.to_le_bytes());
        }
    }
    let end = FIXED + count.min(64) * ENTRY;
    let Some(sum) = file.get(..end).map(xxh3_64) else { return };
    if let Some(out) = file.get_mut(end..end + 8) {
        out.copy_from_slice(&sum.to_le_bytes());
    }
}

/// The input as a file: four bytes of it change one of the good file.
fn file(bytes: &[u8]) -> Vec<u8> {
    let Some((&kind, rest)) = bytes.split_first() else { return Vec::new() };
    if kind % 3 == 0 {
        return rest.to_vec();
    }
    let mut file = good().to_vec();
    for change in rest.chunks_exact(4) {
        let at = u32::from_le_bytes([change[0], change[1], change[2], 0]) as usize % file.len();
        file[at] = change[3];
    }
    if kind % 3 == 2 {
        sign(&mut file);
    }
    file
}

fuzz_target!(|bytes: &[u8]| {
    thread_local!(static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a temporary folder"));
    // A mapped file is replaced, never written to.
    let path = FOLDER.with(|folder| folder.path().join("a.index"));
    let _ = fs::remove_file(&path);
    fs::write(&path, file(bytes)).expect("a writable folder");
    let Ok((mut index, lists)) = GraphIndex::open_all(&path) else { return };
    let _ = index.check();
    let (query, cancel) = (vec![3.0; index.dim()], Cancel::new());
    if let Ok(hits) = index.search(&query, 10, SearchOptions::default(), None, &cancel) {
        assert!(hits.len() <= 10 && hits.is_sorted_by(|a, b| a.score >= b.score));
    }
    if let Some(lists) = lists {
        let _ = lists.candidates(&query, 20, 4, None, &cancel);
        let found = hybrid::search(&index, &lists, &query, 10, HybridOptions::default(), None, &cancel);
        assert!(found.map_or(0, |hits| hits.len()) <= 10);
    }
    let _ = index.remove(1);
    let _ = index.upsert(1, &query);
    let _ = index.search(&query, 10, SearchOptions::default(), None, &cancel);
});

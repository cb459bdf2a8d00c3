//! What the store costs: one added record, a bulk load, the read behind a search, a scan.
//!
//! `cargo run --release -p canopy-store --example store_bench [folder]` prints one JSON line last. Each figure is the best of three rounds.

use canopy_core::MetricKind;
use canopy_store::{Change, CollectionSpec, OpenOptions, PutMode, Scan, Store, VectorSpec};
use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

const RECORDS: usize = 50_000;
const DIM: usize = 384;
const BATCH: usize = 1_000;
const ROUNDS: usize = 3;
/// A gloss of WordNet, a short abstract: what a record's text is like.
const TEXT: &str = "an experimental study of a wing in a propeller slipstream was made in order to determine the spanwise \
    distribution of the lift increase due to slipstream at different angles of attack of the wing";
const METADATA: &str = "{\"year\":1958,\"source\":\"bench\"}";

/// Pseudo-random values in [-1, 1): the store doesn't compress, so any will do.
fn values(seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_769) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f32::from(state as i16) / 32_768.0
    };
    (0..DIM).map(|_| next()).collect()
}

fn spec() -> CollectionSpec {
    let vectors = VectorSpec { dim: DIM as u32, metric: MetricKind::Cosine, model: None };
    CollectionSpec { vectors: Some(vectors), ..CollectionSpec::default() }
}

fn put<'a>(id: &'a str, vector: &'a [f32]) -> Change<'a> {
    Change::Put { id, text: TEXT, metadata: METADATA, vector: Some(vector), mode: PutMode::Insert }
}

/// P50, P95 and P99 in microseconds.
fn percentiles(mut nanoseconds: Vec<u128>) -> [f64; 3] {
    nanoseconds.sort_unstable();
    [50, 95, 99].map(|percent| nanoseconds[(nanoseconds.len() - 1) * percent / 100] as f64 / 1000.0)
}

#[derive(Debug, Clone, Copy)]
struct Figures {
    add: [f64; 3],
    bulk_s: f64,
    vectors_s: f64,
    get10_us: f64,
    scan_mb_s: f64,
    reopen_ms: f64,
}

fn round(dir: &Path) -> Result<Figures, Box<dyn Error>> {
    let store = Store::open(dir, &OpenOptions::default())?;
    let key = store.create("bulk", &spec())?.key;
    let vectors: Vec<Vec<f32>> = (0..RECORDS as u32).map(values).collect();
    let ids: Vec<String> = (0..RECORDS).map(|i| format!("document-{i}")).collect();
    let records: Vec<_> = ids.iter().zip(&vectors).map(|(id, vector)| put(id, vector)).collect();
    let started = Instant::now();
    for batch in records.chunks(BATCH) {
        store.apply(key, batch)?;
    }
    let bulk_s = started.elapsed().as_secs_f64();

    let bare = store.create("vectors", &spec())?.key;
    let started = Instant::now();
    for (ids, vectors) in ids.chunks(BATCH).zip(vectors.chunks(BATCH)) {
        let batch: Vec<_> = ids
            .iter()
            .zip(vectors)
            .map(|(id, vector)| Change::Put {
                id,
                text: "",
                metadata: "{}",
                vector: Some(vector),
                mode: PutMode::Insert,
            })
            .collect();
        store.apply(bare, &batch)?;
    }
    let vectors_s = started.elapsed().as_secs_f64();
    store.drop_collection("vectors")?;

    let mut spent = Vec::new();
    for (i, vector) in vectors.iter().take(5_000).enumerate() {
        let id = format!("added-{i}");
        let started = Instant::now();
        store.apply(key, &[put(&id, vector)])?;
        spent.push(started.elapsed().as_nanos());
    }
    let add = percentiles(spent);

    let mut spent = Vec::new();
    for i in 0..2_000_u32 {
        let slots: Vec<u32> = (0..10).map(|j| (i * 7_919 + j * 4_973) % RECORDS as u32).collect();
        let started = Instant::now();
        let found = store.get_slots(key, &slots, false)?;
        spent.push(started.elapsed().as_nanos());
        assert!(found.iter().all(Option::is_some), "a stored record is missing");
    }
    let get10_us = percentiles(spent)[0];

    let mut bytes = 0;
    let started = Instant::now();
    store.scan(key, 0, Scan { vector: true, ..Scan::default() }, &mut |row| {
        bytes += row.vector.map_or(0, <[f32]>::len) * size_of::<f32>();
        ControlFlow::Continue(())
    })?;
    let scan_mb_s = bytes as f64 / started.elapsed().as_secs_f64() / 1e6;
    store.close()?;
    let started = Instant::now();
    let store = Store::open(dir, &OpenOptions::default())?;
    store.collections()?;
    let reopen_ms = started.elapsed().as_secs_f64() * 1e3;
    Ok(Figures { add, bulk_s, vectors_s, get10_us, scan_mb_s, reopen_ms })
}

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, Into::into);
    let mut best: Option<Figures> = None;
    for number in 0..ROUNDS {
        let dir = folder.join(format!("canopy-store-bench-{}-{number}", std::process::id()));
        let figures = round(&dir);
        std::fs::remove_dir_all(&dir)?;
        let now = figures?;
        println!("round {number}: {now:?}");
        best = Some(best.map_or(now, |best| Figures {
            add: [0, 1, 2].map(|i| best.add[i].min(now.add[i])),
            bulk_s: best.bulk_s.min(now.bulk_s),
            vectors_s: best.vectors_s.min(now.vectors_s),
            get10_us: best.get10_us.min(now.get10_us),
            scan_mb_s: best.scan_mb_s.max(now.scan_mb_s),
            reopen_ms: best.reopen_ms.min(now.reopen_ms),
        }));
    }
    let Figures { add, bulk_s, vectors_s, get10_us, scan_mb_s, reopen_ms } = best.ok_or("no round ran")?;
    let [p50, p95, p99] = add;
    println!(
        "{{\"bench\":\"store\",\"records\":{RECORDS},\"dim\":{DIM},\"add_p50_us\":{p50:.1},\"add_p95_us\":{p95:.1},\
         \"add_p99_us\":{p99:.1},\"bulk_s\":{bulk_s:.3},\"bulk_vectors_s\":{vectors_s:.3},\"get_slots_10_p50_us\":{get10_us:.1},\
         \"scan_vectors_mb_s\":{scan_mb_s:.0},\"reopen_ms\":{reopen_ms:.1},\"sqlite\":\"{}\"}}",
        canopy_store::sqlite_version()
    );
    Ok(())
}

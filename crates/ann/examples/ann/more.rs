//! What is measured beside searches: filters, the file, other ways to search.

use crate::{Result, recalls};
use canopy_ann::graph::{GraphIndex, SearchOptions};
use canopy_ann::ivf::{IvfOptions, IvfPq};
use canopy_ann::{Lists, Pipeline, Searcher};
use canopy_core::{Cancel, Hit, MetricKind, Progress, Rows, SlotSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

#[path = "../../tests/reference/hnsw.rs"]
mod hnsw;

const RUNS: usize = 3;

/// Median and 95th percentile in milliseconds of the best of three runs, and the answers.
fn timed(
    queries: &[f32],
    dim: usize,
    mut one: impl FnMut(&[f32]) -> Result<Vec<Hit>>,
) -> Result<(f64, f64, Vec<Vec<Hit>>)> {
    let (mut best, mut answers) = ((f64::INFINITY, f64::INFINITY), Vec::new());
    for _ in 0..RUNS {
        let (mut times, mut all) = (Vec::new(), Vec::new());
        for query in queries.chunks_exact(dim) {
            let start = Instant::now();
            all.push(one(query)?);
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        let run = (times[times.len() / 2], times[(times.len() * 95 / 100).min(times.len() - 1)]);
        best = if run.0 < best.0 { run } else { best };
        answers = all;
    }
    Ok((best.0, best.1, answers))
}

/// Filters that leave a random part of the vectors; recall@10 against an exact look at all of them.
pub(crate) fn filters(index: &GraphIndex, queries: &[f32], options: SearchOptions) -> Result<String> {
    let (cancel, dim) = (Cancel::new(), index.dim());
    let queries = &queries[..queries.len().min(200 * dim)];
    let mut rows = Vec::new();
    for every in [1_u64, 2, 10, 20, 50, 100, 200, 1000] {
        let hash = |slot: u32| (u64::from(slot) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let allow: SlotSet = (0..index.len() as u32).filter(|&slot| hash(slot).is_multiple_of(every)).collect();
        let allow = (every > 1).then_some(&allow);
        let (p50, p95, found) = timed(queries, dim, |query| Ok(index.search(query, 10, options, allow, &cancel)?))?;
        let truth: Vec<Vec<Hit>> =
            queries.chunks_exact(dim).take(50).map(|query| exact(index, query, allow)).collect::<Result<_>>()?;
        let right = |(found, truth): (&Vec<Hit>, &Vec<Hit>)| {
            truth.iter().filter(|hit| found.iter().any(|other| other.slot == hit.slot)).count()
        };
        let all: usize = truth.iter().map(Vec::len).sum();
        let recall = found.iter().zip(&truth).map(right).sum::<usize>() as f64 / all.max(1) as f64;
        eprintln!("filter 1 in {every:4}: recall_10 {recall:.4}, P50 {p50:.4} P95 {p95:.4} ms");
        rows.push(format!("{{\"one_in\":{every},\"recall_10\":{recall:.4},\"p50_ms\":{p50:.4},\"p95_ms\":{p95:.4}}}"));
    }
    Ok(format!(",\"filters\":[{}]", rows.join(",")))
}

fn exact(index: &GraphIndex, query: &[f32], allow: Option<&SlotSet>) -> Result<Vec<Hit>> {
    let slots: Vec<u32> =
        (0..index.len() as u32).filter(|&slot| allow.is_none_or(|allow| allow.contains(slot))).collect();
    let mut top = canopy_core::TopK::new(10);
    slots.iter().zip(index.score(query, &slots)?).for_each(|(&slot, score)| top.push(Hit { slot, score }));
    Ok(top.into_sorted())
}

/// Saving, opening, and the first search after that.
pub(crate) fn file(index: &GraphIndex, query: &[f32], options: SearchOptions) -> Result<String> {
    let path = std::env::temp_dir().join(format!("canopy-ann-{}.index", std::process::id()));
    let ms = |start: Instant| start.elapsed().as_secs_f64() * 1e3;
    let start = Instant::now();
    index.save(&path)?;
    let (save, bytes) = (ms(start), std::fs::metadata(&path)?.len());
    let mut open = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        drop(GraphIndex::open(&path)?);
        open = open.min(ms(start));
    }
    let opened = GraphIndex::open(&path)?;
    let start = Instant::now();
    let hits = opened.search(query, 10, options, None, &Cancel::new())?;
    let first = ms(start);
    let start = Instant::now();
    opened.check()?;
    let check = ms(start);
    std::fs::remove_file(&path)?;
    if hits != index.search(query, 10, options, None, &Cancel::new())? {
        return Err("the opened index answers otherwise".into());
    }
    eprintln!(
        "saved {:.1} MB in {save:.0} ms, opened in {open:.1} ms, first search {first:.2} ms, checked in {check:.0} ms",
        bytes as f64 / 1e6
    );
    Ok(format!(
        ",\"file\":{{\"bytes\":{bytes},\"save_ms\":{save:.0},\"open_ms\":{open:.1},\"first_ms\":{first:.2},\"check_ms\":{check:.0}}}"
    ))
}

/// Other ways to search, in the same run: lists, the pipeline, and `hnsw_rs`.
pub(crate) fn peers(
    index: &GraphIndex,
    base: &[f32],
    queries: &[f32],
    truth: &[u32],
    metric: MetricKind,
    reference: bool,
) -> Result<String> {
    let (cancel, dim) = (Cancel::new(), index.dim());
    let slots: Vec<u32> = (0..index.len() as u32).collect();
    let start = Instant::now();
    let rows = Rows::new(base, dim)?;
    let lists = IvfPq::build(&slots, rows, metric, IvfOptions::default(), &cancel, &Progress::default())?;
    let lists_s = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let reference = reference.then(|| hnsw::Reference::build(base, dim, metric));
    let reference_s = start.elapsed().as_secs_f64();
    let listed = Lists { lists: &lists, exact: index };
    let pipeline = Pipeline { graph: index, lists: &lists };
    let mut ways: Vec<(&dyn Searcher, f64, &[usize])> =
        vec![(&listed, lists_s, &[8, 16, 32, 64, 128]), (&pipeline, lists_s, &[50, 100, 200, 400])];
    if let Some(reference) = &reference {
        ways.push((reference, reference_s, &[16, 32, 64, 128, 256]));
    }
    let mut all = Vec::new();
    for (way, build_s, breadths) in ways {
        for k in [10, 100] {
            for &breadth in breadths {
                let (p50, p95, found) = timed(queries, dim, |query| Ok(way.find(query, k, breadth, &cancel)?))?;
                let (r1, rk) = recalls(&found, truth, k);
                let (name, bytes) = (way.name(), way.bytes());
                eprintln!(
                    "{name} k {k} breadth {breadth}: recall_{k} {rk:.4}, P50 {p50:.4} P95 {p95:.4} ms, built in {build_s:.1} s, {:.1} MB",
                    bytes as f64 / 1e6
                );
                all.push(format!("{{\"name\":\"{name}\",\"k\":{k},\"breadth\":{breadth},\"recall_k\":{rk:.4},\"recall_1_at_k\":{r1:.4},\"p50_ms\":{p50:.4},\"p95_ms\":{p95:.4},\"build_s\":{build_s:.2},\"bytes\":{bytes}}}"));
            }
        }
    }
    Ok(format!(",\"peers\":[{}]", all.join(",")))
}

/// What part of the rate at which this machine reads memory in order one core reaches in a search.
pub(crate) fn limit(
    index: &GraphIndex,
    queries: &[f32],
    k: usize,
    options: SearchOptions,
    p50_ms: f64,
    stream: f64,
) -> Result<f64> {
    let dim = index.dim();
    let count = (queries.len() / dim).min(100);
    let work = queries.chunks_exact(dim).take(count).map(|query| Ok(index.work(query, k, options)?.bytes));
    let bytes = work.sum::<Result<usize>>()? as f64 / count as f64;
    Ok(bytes / (p50_ms / 1e3) / stream * 100.0)
}

/// Bytes a second that one core reads in order, of numbers too many for the caches.
pub(crate) fn stream() -> f64 {
    let values = vec![1.0_f32; 64 << 20];
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        std::hint::black_box(values.chunks(1 << 16).map(canopy_simd::norm_f32).sum::<f32>());
        best = best.min(start.elapsed().as_secs_f64());
    }
    (values.len() * 4) as f64 / best
}

/// Writes what other programs need to measure the same: row-major `f32`, the numbers of the 100 nearest of each query, nearest first, and the index.
pub(crate) fn dump(folder: &Path, index: &GraphIndex, base: &[f32], queries: &[f32], truth: &[u32]) -> Result<()> {
    let bytes = |values: &[u32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    // Piece by piece: a million vectors are a gigabyte.
    let mut file = BufWriter::new(File::create(folder.join("base.f32"))?);
    base.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))?;
    file.flush()?;
    std::fs::write(folder.join("queries.f32"), queries.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())?;
    std::fs::write(folder.join("truth.u32"), bytes(truth))?;
    Ok(index.save(&folder.join("canopy.index"))?)
}

//! Measures the kernels beside the processor, on the same numbers in the same run:
//! `cargo run --release -p canopy-cuda --example kernels -- [--vectors 1000000] [--dim 256] [--queries 1000] [--emulated]`.
//!
//! The last line of standard output is one JSON object; times are the best of three, transfers of queries and results included. Without a GPU it says so and ends well;
//! `--emulated` takes the processor for one, to try the bench, not to measure.

use canopy_core::{Coded, MetricKind, Rows, TopK};
use canopy_cuda::{Candidates, Device, DeviceLists, DeviceRows, List, Near, Probes, Quantiser, Values};
use canopy_simd::{NIBBLE_BLOCK, NIBBLE_PART, sum_nibbles};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const RUNS: usize = 3;
/// Values a part of the quantiser, vectors a list, lists that a query looks into, and candidates that it wants.
const WIDTH: usize = 4;
const LIST: usize = 500;
const PROBES: usize = 32;
const WANTED: usize = 200;

#[expect(clippy::print_stdout, reason = "the last line of standard output is the result")]
fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str, usual: usize| -> Result<usize> {
        let at = arguments.iter().position(|argument| argument == name);
        Ok(at.and_then(|at| arguments.get(at + 1)).map_or(Ok(usual), |text| text.parse())?)
    };
    let (vectors, dim, queries) = (number("--vectors", 1_000_000)?, number("--dim", 256)?, number("--queries", 1000)?);
    let found = if arguments.iter().any(|argument| argument == "--emulated") {
        Ok(canopy_cuda_emulator::device(8 << 30, false))
    } else {
        canopy_cuda::device()
    };
    let device = match found {
        Ok(device) => device,
        Err(error) => {
            println!("{}", json!({ "skipped": error.to_string(), "code": error.code() }));
            return Ok(());
        }
    };
    eprintln!("{} vectors of {dim} values, {queries} queries on {}", vectors, device.info().name);
    let rows = random(vectors * dim, 1);
    let asked = random(queries * dim, 2);
    let mut figures = serde_json::Map::new();
    for metric in [MetricKind::L2, MetricKind::Dot, MetricKind::Cosine] {
        for each in [WANTED, 10 * WANTED] {
            let name = format!("rerank_{}_{each}", metric.as_str());
            figures.insert(name, rerank(&device, metric, &rows, &asked, dim, each.min(vectors))?);
        }
    }
    let codes = Codes::new(vectors, dim, &asked);
    codes.measure(&device, &mut figures)?;
    let info = device.info();
    println!(
        "{}",
        json!({
            "gpu": { "name": info.name, "capability": format!("{}.{}", info.capability.0, info.capability.1), "memory_bytes": info.bytes },
            "cpu": processor(), "threads": rayon::current_num_threads(), "isa": canopy_simd::isa(),
            "vectors": vectors, "dim": dim, "queries": queries, "figures": figures,
        })
    );
    Ok(())
}

/// Numbers in -½..½, the same for a seed.
fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut values = vec![0.0; count];
    values.par_chunks_mut(1 << 16).enumerate().for_each(|(at, chunk)| {
        let mut random = fastrand::Rng::with_seed(seed << 32 | at as u64);
        chunk.iter_mut().for_each(|value| *value = random.f32() - 0.5);
    });
    values
}

/// Seconds of the best of some runs, and what the last one gave.
fn best<T>(mut run: impl FnMut() -> Result<T>) -> Result<(f64, T)> {
    let mut least = f64::INFINITY;
    let mut last = run()?;
    for _ in 0..RUNS {
        let start = Instant::now();
        last = run()?;
        least = least.min(start.elapsed().as_secs_f64());
    }
    Ok((least, last))
}

/// A figure: milliseconds of both, and how far apart their results are relative to the size of the terms.
fn figure(what: &str, gpu: f64, cpu: f64, off: f64, bytes: f64) -> Value {
    eprintln!("{what}: {:.3} ms, {:.3} ms on the processor, {:.1}×, {off:.1e} off", gpu * 1e3, cpu * 1e3, cpu / gpu);
    json!({ "gpu_ms": gpu * 1e3, "cpu_ms": cpu * 1e3, "times_faster": cpu / gpu, "relative_error": off, "gpu_gb_per_s": bytes / gpu / 1e9 })
}

fn rerank(
    device: &Arc<Device>,
    metric: MetricKind,
    rows: &[f32],
    asked: &[f32],
    dim: usize,
    each: usize,
) -> Result<Value> {
    let (count, queries) = (rows.len() / dim, asked.len() / dim);
    let mut random = fastrand::Rng::with_seed(3);
    let positions: Vec<u32> = (0..queries * each).map(|_| random.u32(..count as u32)).collect();
    let offsets: Vec<usize> = (0..=queries).map(|query| query * each).collect();
    let held = DeviceRows::upload(device, Values::F32(rows), dim)?;
    let candidates = Candidates { offsets: &offsets, positions: &positions };
    let (gpu, scores) = best(|| Ok(held.rerank(metric, Rows::new(asked, dim)?, candidates)?))?;
    let (cpu, expected) = best(|| {
        let one = |(at, &position): (usize, &u32)| {
            let (query, row) = (&asked[at / each * dim..][..dim], &rows[position as usize * dim..][..dim]);
            match metric {
                MetricKind::L2 => -canopy_simd::l2sq_f32(query, row),
                MetricKind::Dot => canopy_simd::dot_f32(query, row),
                MetricKind::Cosine => {
                    canopy_simd::dot_f32(query, row) / (canopy_simd::norm_f32(query) * canopy_simd::norm_f32(row))
                }
            }
        };
        Ok(positions.par_iter().enumerate().with_min_len(256).map(one).collect::<Vec<f32>>())
    })?;
    // Terms have a size of 1/12 on average, whatever their sum.
    let size = if metric == MetricKind::Cosine { 1.0 } else { dim as f64 / 12.0 };
    let off = scores.iter().zip(&expected).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max) / size;
    let bytes = (positions.len() * dim * size_of::<f32>()) as f64;
    Ok(figure(&format!("exact look by {}, {each} candidates a query", metric.as_str()), gpu, cpu, off, bytes))
}

/// Random lists of codes, and who asks them.
struct Codes {
    parts: usize,
    padded: usize,
    books: Vec<f32>,
    centres: Vec<f32>,
    ids: Vec<Vec<u32>>,
    codes: Vec<Vec<u8>>,
    asked: Vec<f32>,
    offsets: Vec<usize>,
    lists: Vec<u32>,
}

impl Codes {
    fn new(vectors: usize, dim: usize, asked: &[f32]) -> Self {
        let parts = (dim / WIDTH).clamp(1, 256);
        let (padded, full, count) = (parts.next_multiple_of(4), parts * WIDTH, vectors.div_ceil(LIST));
        let mut random_lists = fastrand::Rng::with_seed(4);
        let queries = asked.len() / dim;
        let probes = PROBES.min(count);
        let ids = |list: usize| (list * LIST..vectors.min((list + 1) * LIST)).map(|id| id as u32).collect::<Vec<u32>>();
        let ids: Vec<Vec<u32>> = (0..count).map(ids).collect();
        let bytes = |ids: &Vec<u32>| {
            let mut random = fastrand::Rng::with_seed(u64::from(ids[0]));
            let mut codes = vec![0; ids.len().div_ceil(NIBBLE_BLOCK) * padded * NIBBLE_PART];
            random.fill(&mut codes);
            codes
        };
        Self {
            parts,
            padded,
            books: random(parts * 16 * WIDTH, 5),
            centres: random(count * full, 6),
            codes: ids.par_iter().map(bytes).collect(),
            ids,
            asked: asked.chunks_exact(dim).flat_map(|query| &query[..full]).copied().collect(),
            offsets: (0..=queries).map(|query| query * probes).collect(),
            lists: (0..queries).flat_map(|_| random_lists.choose_multiple(0..count as u32, probes)).collect(),
        }
    }

    fn measure(&self, device: &Arc<Device>, figures: &mut serde_json::Map<String, Value>) -> Result<()> {
        let quantiser = Quantiser {
            parts: self.parts,
            padded: self.padded,
            width: WIDTH,
            books: &self.books,
            centres: &self.centres,
        };
        let lists: Vec<List<'_>> = self.ids.iter().zip(&self.codes).map(|(ids, codes)| List { ids, codes }).collect();
        let held = DeviceLists::upload(device, &quantiser, &lists)?;
        let probes = Probes { offsets: &self.offsets, lists: &self.lists };
        let (gpu, on_device) = best(|| {
            let tables = held.tables_of(&self.asked, probes)?;
            device.wait()?;
            Ok(tables)
        })?;
        let mut tables = vec![0.0; on_device.len()];
        on_device.read(&mut tables)?;
        drop(on_device);
        let (cpu, expected) = best(|| Ok(self.tables()))?;
        let relative = |(a, b): (&f32, &f32)| f64::from((a - b).abs()) / f64::from(b.abs().max(f32::MIN_POSITIVE));
        let off = tables.iter().zip(&expected).map(relative).fold(0.0, f64::max);
        let bytes = (tables.len() * size_of::<f32>()) as f64;
        let what = format!("{} tables of {} parts", self.lists.len(), self.parts);
        figures.insert("pq_tables".to_owned(), figure(&what, gpu, cpu, off, bytes));

        let (gpu, found) = best(|| Ok(held.scan(&self.asked, probes, WANTED, None)?))?;
        let (cpu, near) = best(|| Ok(self.scan(&self.tables())))?;
        let off =
            found.iter().flatten().zip(near.iter().flatten()).map(|(a, b)| relative((&a.1, &b.1))).fold(0.0, f64::max);
        let scanned: usize = self.lists.iter().map(|&list| self.codes[list as usize].len()).sum();
        let what = format!("tables, scan of {} lists a query and choice of {WANTED}", PROBES.min(self.ids.len()));
        figures.insert("pq_scan".to_owned(), figure(&what, gpu, cpu, off, scanned as f64));
        let (fast, _) = best(|| Ok(self.fast_scan(&self.tables())))?;
        eprintln!("the same sums in 8 bits on the processor: {:.3} ms", fast * 1e3);
        figures.insert("pq_scan_cpu_8bit_ms".to_owned(), json!(fast * 1e3));
        Ok(())
    }

    /// A table for each query and list.
    fn tables(&self) -> Vec<f32> {
        let (full, size) = (self.parts * WIDTH, self.padded * NIBBLE_PART);
        let mut tables = vec![0.0; self.lists.len() * size];
        let probes = self.offsets[1];
        tables.par_chunks_exact_mut(size).zip(&self.lists).enumerate().for_each(|(pair, (table, &list))| {
            let query = &self.asked[pair / probes * full..][..full];
            let centre = &self.centres[list as usize * full..][..full];
            let seen: Vec<f32> = query.iter().zip(centre).map(|(a, b)| a - b).collect();
            for (part, row) in table.chunks_exact_mut(NIBBLE_PART).take(self.parts).enumerate() {
                let seen = &seen[part * WIDTH..][..WIDTH];
                let books = &self.books[part * NIBBLE_PART * WIDTH..][..NIBBLE_PART * WIDTH];
                for (value, entry) in row.iter_mut().zip(books.chunks_exact(WIDTH)) {
                    *value = entry.iter().zip(seen).map(|(a, b)| (a - b) * (a - b)).sum();
                }
            }
        });
        tables
    }

    /// What the device finds, one sum after the other.
    fn scan(&self, tables: &[f32]) -> Vec<Vec<Near>> {
        self.each(tables, |table, list, top| {
            for (at, &id) in self.ids[list].iter().enumerate() {
                let block = &self.codes[list][at / NIBBLE_BLOCK * self.padded * NIBBLE_PART..];
                let sum: f32 = (0..self.parts)
                    .map(|part| {
                        let code =
                            block[part * NIBBLE_PART + at % NIBBLE_PART] >> (at % NIBBLE_BLOCK / NIBBLE_PART * 4) & 15;
                        table[part * NIBBLE_PART + usize::from(code)]
                    })
                    .sum();
                top.push(canopy_core::Hit { slot: id, score: -sum });
            }
        })
    }

    /// The same with tables of 8 bits, as `canopy-ann` scans; its order is a little blurred.
    fn fast_scan(&self, tables: &[f32]) -> Vec<Vec<Near>> {
        self.each(tables, |table, list, top| {
            let most = table.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
            let bytes: Vec<u8> = table.iter().map(|value| (value / most * 255.0) as u8).collect();
            let mut sums = vec![0; self.ids[list].len().div_ceil(NIBBLE_BLOCK) * NIBBLE_BLOCK];
            sum_nibbles(&bytes, &self.codes[list], &mut sums);
            for (&sum, &id) in sums.iter().zip(&self.ids[list]) {
                let score = -f32::from(sum);
                if score >= top.threshold() {
                    top.push(canopy_core::Hit { slot: id, score });
                }
            }
        })
    }

    fn each(&self, tables: &[f32], scan: impl Fn(&[f32], usize, &mut TopK) + Sync) -> Vec<Vec<Near>> {
        let size = self.padded * NIBBLE_PART;
        let one = |span: &[usize]| {
            let mut top = TopK::new(WANTED);
            (span[0]..span[1])
                .for_each(|pair| scan(&tables[pair * size..][..size], self.lists[pair] as usize, &mut top));
            top.into_sorted().into_iter().map(|hit| (hit.slot, -hit.score)).collect()
        };
        self.offsets.par_windows(2).map(one).collect()
    }
}

/// The processor's name, where the system tells.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
}

//! Measures approximate search.
//!
//! `cargo run --release -p canopy-ann --example ann -- --data fashion-mnist DIR | clustered-1m | FILE.npy | FILE.fvecs`
//!
//! Options: `--metric l2|cosine|dot`, `--degree`, `--ef`, `--alpha`, `--walk-dim`, `--storage f32` (of the build), `--queries N`, `--points10` and
//! `--points100 EF:RERANK,…` (of searches for 10 and 100), `--filters`, `--file`, `--peers` (`--no-reference` leaves `hnsw_rs` out, whose build takes minutes), `--tune RECALL`, `--dump FOLDER` (vectors, queries, true
//! neighbours and the index, for others to measure with). `canopy bench ann` runs it so. Progress goes to standard error; the last line of standard output is one JSON object. Each point is measured three times, and the
//! best is shown, because other programs share the machine.

mod data;
mod more;

use canopy_ann::graph::{BuildOptions, GraphIndex, SearchOptions, Storage};
use canopy_core::{Cancel, Hit, MetricKind, Progress, Rows};
use data::Data;
use rayon::prelude::*;
use std::error::Error;
use std::time::Instant;

/// Times each point is measured.
const RUNS: usize = 3;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Arguments(Vec<String>);

impl Arguments {
    fn text(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|argument| argument == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|argument| argument == name)
    }

    fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T>
    where
        T::Err: Error + 'static,
    {
        self.text(name).map_or(Ok(default), |text| Ok(text.parse()?))
    }
}

#[expect(clippy::print_stdout, reason = "the last line of standard output is the result")]
fn main() -> Result<()> {
    let arguments = Arguments(std::env::args().collect());
    let what = arguments.text("--data").ok_or("--data fashion-mnist DIR | clustered-1m | FILE.npy | FILE.fvecs")?;
    let after = arguments.0.iter().position(|argument| argument == "--data").map_or(0, |at| at + 2);
    let folder = arguments.0.get(after).map(String::as_str);
    let metric = MetricKind::from_name(arguments.text("--metric").unwrap_or("l2")).ok_or("no such metric")?;
    let start = Instant::now();
    let mut data = data::load(what, folder)?;
    let asked = (data.queries.len() / data.dim).min(arguments.number("--queries", 1000)?);
    data.queries.truncate(asked * data.dim);
    eprintln!(
        "{} x {} and {asked} queries ({:.1} s)",
        data.base.len() / data.dim,
        data.dim,
        start.elapsed().as_secs_f64()
    );
    let truth = truth(&data, metric);
    let default = BuildOptions::default();
    let options = BuildOptions {
        degree: arguments.number("--degree", default.degree)?,
        ef: arguments.number("--ef", default.ef)?,
        alpha: arguments.number("--alpha", default.alpha)?,
        walk_dim: arguments.number("--walk-dim", default.walk_dim)?,
        storage: if arguments.text("--storage") == Some("f32") { Storage::F32 } else { Storage::Auto },
        ..default
    };
    let slots: Vec<u32> = (0..u32::try_from(data.base.len() / data.dim)?).collect();
    let (start, before) = (Instant::now(), processor());
    let rows = Rows::new(&data.base, data.dim)?;
    let mut index = GraphIndex::build(&slots, rows, metric, options, &Cancel::new(), &Progress::default())?;
    let (build, build_cpu) = (start.elapsed().as_secs_f64(), processor() - before);
    let name = std::mem::take(&mut data.name);
    let (count, dim) = (slots.len(), data.dim);
    let base = std::mem::take(&mut data.base);
    let base = if arguments.has("--peers") || arguments.has("--dump") { base } else { Vec::new() };
    eprintln!(
        "built in {build:.2} s ({build_cpu:.2} s of processor time), walks over {} of {dim} values, {:.1} MB beside the vectors",
        index.walk_dim(),
        index.graph_bytes() as f64 / 1e6
    );
    if let Some(folder) = arguments.text("--dump") {
        more::dump(std::path::Path::new(folder), &index, &base, &data.queries, &truth)?;
    }
    let stream = more::stream();
    let mut points = Vec::new();
    for (k, text) in [
        (10, arguments.text("--points10").unwrap_or("12:16,16:20,20:24,20:30,24:30,24:40,32:40,48:50,64:64,96:64")),
        (
            100,
            arguments
                .text("--points100")
                .unwrap_or("40:120,60:120,60:140,80:150,100:160,100:200,130:200,160:220,200:240,260:260"),
        ),
    ] {
        for point in text.split(',') {
            let (ef, rerank) = point.split_once(':').ok_or("points are written EF:RERANK")?;
            let options = SearchOptions { ef: ef.parse()?, rerank: rerank.parse()? };
            points.push(measure(&index, &data.queries, &truth, k, options, stream)?);
        }
    }
    let at = SearchOptions { ef: 24, rerank: 30 };
    let mut extra = String::new();
    if arguments.has("--filters") {
        extra += &more::filters(&index, &data.queries, at)?;
    }
    if arguments.has("--file") {
        extra += &more::file(&index, &data.queries[..dim], at)?;
    }
    if arguments.has("--peers") {
        let reference = !arguments.has("--no-reference");
        extra += &more::peers(&index, &base, &data.queries, &truth, metric, reference)?;
    }
    if let Some(recall) = arguments.text("--tune") {
        for k in [10, 100] {
            let tuned = index.autotune(recall.parse()?, k, None, &Cancel::new())?;
            eprintln!("tuned for {k}: {tuned:?}");
            measure(&index, &data.queries, &truth, k, tuned.options, stream)?;
        }
    }
    println!(
        "{{\"bench\":\"ann\",\"data\":\"{name}\",\"n\":{count},\"dim\":{dim},\"metric\":\"{}\",\"queries\":{asked},\"isa\":\"{}\",\"threads\":{},\
         \"walk_dim\":{},\"build_s\":{build:.2},\"build_cpu_s\":{build_cpu:.2},\"bytes\":{},\"graph_bytes\":{},\"rss_bytes\":{},\"stream_gb_s\":{:.1},\"points\":[{}]{extra}}}",
        metric.as_str(),
        canopy_ann::isa(),
        rayon::current_num_threads(),
        index.walk_dim(),
        index.memory_bytes(),
        index.graph_bytes(),
        resident(),
        stream / 1e9,
        points.join(",")
    );
    Ok(())
}

/// One point as a JSON object; also a line on standard error.
fn measure(
    index: &GraphIndex,
    queries: &[f32],
    truth: &[u32],
    k: usize,
    options: SearchOptions,
    stream: f64,
) -> Result<String> {
    let (cancel, dim) = (Cancel::new(), index.dim());
    let rows = Rows::new(queries, dim)?;
    let (mut best, mut answers) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (mut times, mut all) = (Vec::new(), Vec::new());
        for query in rows.iter() {
            let start = Instant::now();
            let hits = index.search(query, k, options, None, &cancel)?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
            all.push(hits);
        }
        times.sort_by(f64::total_cmp);
        if best.is_empty() || times[times.len() / 2] < best[best.len() / 2] {
            best = times;
        }
        answers = all;
    }
    let mut two = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        index.search_batch(rows, k, options, None, &cancel)?;
        two = two.min(start.elapsed().as_secs_f64());
    }
    let count = best.len();
    let at = |share: usize| best[(count * share / 100).min(count - 1)];
    let one = count as f64 / (best.iter().sum::<f64>() / 1e3);
    let (r1, rk) = recalls(&answers, truth, k);
    let share = more::limit(index, queries, k, options, at(50), stream)?;
    let two = count as f64 / two;
    eprintln!(
        "k {k:3} ef {:4} rerank {:4}: recall_{k} {rk:.4}, recall_1 {r1:.4}, P50 {:.4} P95 {:.4} P99 {:.4} ms, {one:.0} q/s, {two:.0} q/s on all cores, {share:.0} % of the memory's rate",
        options.ef,
        options.rerank,
        at(50),
        at(95),
        at(99)
    );
    let name = if k == 100 { "recall_100_at_100".to_owned() } else { format!("recall_{k}") };
    Ok(format!(
        "{{\"k\":{k},\"ef\":{},\"rerank\":{},\"{name}\":{rk:.4},\"recall_1_at_{k}\":{r1:.4},\"p50_ms\":{:.4},\"p95_ms\":{:.4},\"p99_ms\":{:.4},\"qps_1\":{one:.0},\"qps_all\":{two:.0},\"memory_percent\":{share:.0}}}",
        options.ef,
        options.rerank,
        at(50),
        at(95),
        at(99)
    ))
}

/// Shares of queries whose nearest vector was found, and of the `k` nearest that were found.
pub(crate) fn recalls(answers: &[Vec<Hit>], truth: &[u32], k: usize) -> (f64, f64) {
    let (mut first, mut all) = (0, 0);
    for (hits, truth) in answers.iter().zip(truth.chunks_exact(100)) {
        let found = |slot: &&u32| hits.iter().any(|hit| hit.slot == **slot);
        first += usize::from(found(&&truth[0]));
        all += truth[..k].iter().filter(found).count();
    }
    (first as f64 / answers.len() as f64, all as f64 / (answers.len() * k) as f64)
}

/// The 100 nearest of each query by comparing it with every vector.
fn truth(data: &Data, metric: MetricKind) -> Vec<u32> {
    let (dim, start) = (data.dim, Instant::now());
    let norm = |x: &[f32]| if metric == MetricKind::Cosine { canopy_simd::norm_f32(x) } else { 1.0 };
    let norms: Vec<f32> = data.base.par_chunks(dim).map(norm).collect();
    let blocks = data.queries.par_chunks(dim * 8).flat_map_iter(|queries| {
        let mut tops: Vec<_> = queries.chunks(dim).map(|_| canopy_core::TopK::new(100)).collect();
        let mut scores = vec![0.0; 64];
        for (block, rows) in data.base.chunks(dim * 64).enumerate() {
            for (query, top) in queries.chunks(dim).zip(&mut tops) {
                let scores = &mut scores[..rows.len() / dim];
                if metric == MetricKind::L2 {
                    canopy_simd::l2sq_rows_f32(query, rows, scores);
                } else {
                    canopy_simd::dot_rows_f32(query, rows, scores);
                }
                for (i, &value) in scores.iter().enumerate() {
                    let at = block * 64 + i;
                    let score = if metric == MetricKind::L2 { -value } else { value / norms[at] };
                    if score >= top.threshold() {
                        top.push(Hit { slot: at as u32, score });
                    }
                }
            }
        }
        tops.into_iter().flat_map(|top| top.into_sorted().into_iter().map(|hit| hit.slot)).collect::<Vec<_>>()
    });
    let truth = blocks.collect();
    eprintln!("true neighbours by brute force ({:.1} s)", start.elapsed().as_secs_f64());
    truth
}

/// Resident bytes of this process, where the system tells.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).map_or(0, |pages| pages * 4096)
}

/// Seconds of processor time that all threads of this process took, where the system tells: what a build costs, whoever else uses the cores.
fn processor() -> f64 {
    const TICKS: f64 = 100.0;
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
}

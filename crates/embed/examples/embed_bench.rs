//! Measures a model: `bench MODEL [STATIC_MODEL]`. Progress goes to stderr, one JSON line to stdout.
//!
//! Every figure is the best of several runs, so that a busy machine spoils it less.

use canopy_core::Cancel;
use canopy_embed::Embedder;
use canopy_simd::gemm::{Backend, Linear, QuantRows, linear, measure_peak};
use canopy_slot::resident_bytes;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Multiply-adds of the linear layers for one token: four of 384 × 384, two of 384 × 1536, six layers.
const MULTIPLY_ADDS_A_TOKEN: f64 = 6.0 * (4.0 * 384.0 * 384.0 + 2.0 * 384.0 * 1536.0);
const TOKENS: f64 = 256.0;
const RUNS: usize = 7;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments.first().ok_or("usage: bench MODEL [STATIC_MODEL]")?;
    let before = resident_bytes().unwrap_or(0);
    let model = canopy_embed::load(Path::new(path))?;
    embed(&*model, &["how do ships find the harbour at night"])?;
    let resident = resident_bytes().unwrap_or(0).saturating_sub(before);
    let (load, _) = best(RUNS, || canopy_embed::load(Path::new(path)).map(drop));
    let texts: Vec<String> = serde_json::from_str(include_str!("../tests/fixtures/minilm_texts.json"))?;
    let mut report = json!({
        "bench": "embed",
        "model": model.identity().name,
        "backend": format!("{:?}", Backend::best()),
        "load_ms": round(load.as_secs_f64() * 1e3),
        "resident_mb_after_a_query": round(resident as f64 / 1e6),
        "model_mb": round(model.memory_bytes() as f64 / 1e6),
    });
    if model.dim() == 384 {
        report["minilm"] = minilm(&*model, &texts)?;
    } else {
        report["static"] = statics(&*model, &texts)?;
    }
    if let Some(path) = arguments.get(1) {
        report["static"] = statics(&*canopy_embed::load(Path::new(path))?, &texts)?;
    }
    Ok(writeln!(std::io::stdout(), "{report}")?)
}

fn minilm(model: &dyn Embedder, texts: &[String]) -> Result<serde_json::Value, Failure> {
    // Long enough to be cut at 256 tokens, and all different.
    let long: Vec<String> = (0..64)
        .map(|i| (0..40).map(|j| texts[(i * 7 + j) % texts.len()].as_str()).collect::<Vec<_>>().join(" "))
        .collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let one = per_second(1, long.len(), || embed(model, &long))?;
    eprintln!("{one:.1} abstracts/s on one thread");
    let two = per_second(2, long.len(), || embed(model, &long))?;
    eprintln!("{two:.1} abstracts/s on two threads");
    let mut times: Vec<Duration> = Vec::new();
    for i in 0..300 {
        let query = format!("how do ships find the harbour at night {i}");
        let start = Instant::now();
        embed(model, &[&query])?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let cpu = cpu_seconds();
    for _ in 0..3 {
        embed(model, &long)?;
    }
    let cpu = cpu.zip(cpu_seconds()).map(|(start, end)| 3.0 * long.len() as f64 / (end - start));
    let peak = measure_peak(Backend::best());
    let rate = one * TOKENS * MULTIPLY_ADDS_A_TOKEN * 2.0;
    let product = product_rate();
    let (mean, least) = cosine(model, texts)?;
    Ok(json!({
        "abstracts_per_s_1_thread": round(one),
        "abstracts_per_s_2_threads": round(two),
        "abstracts_per_cpu_s": cpu.map(round),
        "query_p50_ms": round(times[times.len() / 2].as_secs_f64() * 1e3),
        "gops_1_thread": round(rate / 1e9),
        "product_gops_1_thread": round(product / 1e9),
        "peak_gops_1_thread": peak.map(|peak| round(peak / 1e9)),
        "share_of_peak_by_cpu_time": cpu.zip(peak).map(|(rate, peak)| round(rate * TOKENS * MULTIPLY_ADDS_A_TOKEN * 2.0 / peak)),
        "share_of_peak": peak.map(|peak| round(rate / peak)),
        "product_share_of_peak": peak.map(|peak| round(product / peak)),
        "cosine_to_f32_mean": mean,
        "cosine_to_f32_min": least,
    }))
}

fn statics(model: &dyn Embedder, texts: &[String]) -> Result<serde_json::Value, Failure> {
    let short: Vec<&str> =
        texts.iter().map(String::as_str).filter(|text| (10..200).contains(&text.len())).cycle().take(20_000).collect();
    let mut rates = Vec::new();
    for threads in [1, 2] {
        rates.push(round(per_second(threads, short.len(), || embed(model, &short))?));
    }
    let characters = short.iter().map(|text| text.len()).sum::<usize>() / short.len();
    Ok(
        json!({ "model": model.identity().name, "docs_per_s_1_thread": rates[0], "docs_per_s_2_threads": rates[1], "characters_a_doc": characters }),
    )
}

fn embed(model: &dyn Embedder, texts: &[&str]) -> Result<Vec<f32>, canopy_embed::Error> {
    model.embed(texts, &Cancel::new())
}

/// Operations a second of the quantised product alone, at the shape of the widest layer.
fn product_rate() -> f64 {
    let (rows, inputs, outputs) = (256, 384, 1536);
    let weights: Vec<i8> = (0..inputs * outputs).map(|i| (i % 251) as i8).collect();
    let layer = Linear::new(&weights, inputs, &vec![0.01; outputs], &vec![0.0; outputs]);
    let values: Vec<f32> = (0..rows * inputs).map(|i| (i % 97) as f32 - 48.0).collect();
    let mut quantised = QuantRows::new();
    quantised.quantise(&values, inputs);
    let mut out = vec![0.0; rows * outputs];
    let (time, ()) = best(50, || linear(&quantised, &layer, &mut out));
    2.0 * (rows * inputs * outputs) as f64 / time.as_secs_f64()
}

/// Mean and least cosine to the vectors that the f32 model gives, recorded by `scripts/models/minilm_fixture.py`.
fn cosine(model: &dyn Embedder, texts: &[String]) -> Result<(f64, f64), Failure> {
    let recorded: &[u8] = include_bytes!("../tests/fixtures/minilm_vectors.f32");
    let recorded = recorded.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect::<Vec<_>>();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = embed(model, &texts)?;
    let rows = vectors.chunks(model.dim()).zip(recorded.chunks(model.dim()));
    let cosines: Vec<f64> = rows.map(|(a, b)| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum()).collect();
    let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
    Ok(((mean * 1e5).round() / 1e5, (cosines.iter().copied().fold(1.0, f64::min) * 1e5).round() / 1e5))
}

/// Processor time of this process: what a machine busy with other work distorts least. In steps of 10 ms; Linux only.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

fn per_second<T>(
    threads: usize,
    texts: usize,
    mut work: impl FnMut() -> Result<T, canopy_embed::Error> + Send,
) -> Result<f64, Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| work().map(drop))?;
    let (time, _) = pool.install(|| best(RUNS, || work().map(drop)));
    Ok(texts as f64 / time.as_secs_f64())
}

fn best<T>(runs: usize, mut work: impl FnMut() -> T) -> (Duration, T) {
    let mut least = Duration::MAX;
    loop_until(runs, || {
        let start = Instant::now();
        let result = work();
        least = least.min(start.elapsed());
        (least, result)
    })
}

fn loop_until<T>(runs: usize, mut work: impl FnMut() -> T) -> T {
    (1..runs).for_each(|_| drop(work()));
    work()
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

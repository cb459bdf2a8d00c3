//! Measures the exact index: `cargo run --release -p canopy-ann --example flat_scan -- [n] [dim] [k]`.
//!
//! Progress goes to standard error; the last line of standard output is one JSON object. The bandwidth that the `f32` scan is
//! compared with is measured in the same run, by reading as many bytes as the scan reads.

use canopy_ann::flat::FlatIndex;
use canopy_core::{Cancel, MetricKind, Rows, SlotSet};
use rayon::prelude::*;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

/// Shortest of this many runs, because other programs share the machine.
const RUNS: usize = 25;
/// Queries over which percentiles are taken.
const QUERIES: usize = 300;
/// Of these, so many answers are compared with a brute force in `f64`.
const CHECKED: usize = 20;

#[expect(clippy::print_stdout, reason = "the last line of standard output is the result")]
fn main() -> Result<(), Box<dyn Error>> {
    let argument = |at: usize, default: usize| std::env::args().nth(at).map_or(Ok(default), |text| text.parse());
    let (n, dim, k) = (argument(1, 200_000)?, argument(2, 384)?, argument(3, 10)?);
    let values = clusters(n.max(50_000), dim);
    let threads = rayon::current_num_threads();

    eprintln!("reading {n} x {dim} numbers");
    let (index, _) = build(&values, n, dim)?;
    let cancel = Cancel::new();
    let bytes = (n * dim * size_of::<f32>()) as f64;
    let (mut stream_seconds, mut f32_seconds, mut shares) = (f64::INFINITY, f64::INFINITY, Vec::new());
    // In turns, so that what else runs on the machine slows both; the share is the median of the turns.
    for _ in 0..RUNS {
        let plain = stream(&values[..n * dim]);
        let scan = seconds(|| index.search_f32(&values[..dim], k, None, &cancel));
        (stream_seconds, f32_seconds) = (stream_seconds.min(plain), f32_seconds.min(scan));
        shares.push(plain / scan);
    }
    shares.sort_by(f64::total_cmp);
    let (stream, f32_rate) = (bytes / stream_seconds / 1e9, bytes / f32_seconds / 1e9);
    drop(index);

    let mut sizes = Vec::new();
    for n in [1_000, 10_000, 50_000] {
        eprintln!("searching {n} x {dim}");
        sizes.push(measure(&values, n, dim, k)?);
    }
    println!(
        "{{\"bench\":\"flat_scan\",\"n\":{n},\"dim\":{dim},\"k\":{k},\"isa\":\"{}\",\"threads\":{threads},\"stream_gb_s\":{stream:.1},\
         \"f32_gb_s\":{f32_rate:.1},\"f32_share\":{:.2},\"f32_ms\":{:.3},\"sizes\":[{}]}}",
        canopy_simd::isa(),
        shares[RUNS / 2],
        f32_seconds * 1e3,
        sizes.join(",")
    );
    Ok(())
}

/// Unit vectors around 200 centres with a spread like that of sentence embeddings; the same on every machine.
fn clusters(n: usize, dim: usize) -> Vec<f32> {
    const CENTRES: u64 = 200;
    let normal = |seed: u64| {
        let bits = (0..3).map(|i| mix(seed * 3 + i)).fold(0_i64, |sum, bits| sum + (bits >> 40) as i64);
        (bits - 3 * (1 << 23)) as f32 / (1 << 23) as f32
    };
    let row = |row: u64| {
        let centre = CENTRES + mix(row) % CENTRES;
        let value = |i: u64| 0.6 * normal((centre << 40) + i) + normal((row << 20) + (1 << 60) + i);
        let row: Vec<f32> = (0..dim as u64).map(value).collect();
        let norm = canopy_simd::norm_f32(&row);
        row.into_iter().map(move |value| value / norm)
    };
    (0..n as u64).into_par_iter().flat_map_iter(row).collect()
}

fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn seconds<T>(run: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(run());
    start.elapsed().as_secs_f64()
}

/// Seconds of the shortest run.
fn best<T>(mut run: impl FnMut() -> T) -> f64 {
    (0..RUNS).map(|_| seconds(&mut run)).fold(f64::INFINITY, f64::min)
}

/// Seconds in which all cores read the numbers once, by the faster of two loops that do nothing else.
fn stream(values: &[f32]) -> f64 {
    const PIECE: usize = 1 << 18;
    let words = |piece: &[f32]| piece.iter().fold(0_u32, |sum, value| sum.wrapping_add(value.to_bits()));
    let plain = seconds(|| values.par_chunks(PIECE).map(words).reduce(|| 0, u32::wrapping_add));
    let wide = seconds(|| values.par_chunks(PIECE).map(canopy_simd::norm_f32).sum::<f32>());
    plain.min(wide)
}

/// The index and the seconds its building took.
fn build(values: &[f32], n: usize, dim: usize) -> Result<(FlatIndex, f64), Box<dyn Error>> {
    let slots: Vec<u32> = (0..u32::try_from(n)?).collect();
    let rows = Rows::new(&values[..n * dim], dim)?;
    let start = Instant::now();
    let mut index = FlatIndex::new(dim, MetricKind::Cosine)?;
    index.extend(&slots, rows)?;
    Ok((index, start.elapsed().as_secs_f64()))
}

/// One size as a JSON object.
fn measure(values: &[f32], n: usize, dim: usize, k: usize) -> Result<String, Box<dyn Error>> {
    let (index, first) = build(values, n, dim)?;
    let extend =
        (0..3).map(|_| build(values, n, dim)).try_fold(first, |best, built| built.map(|(_, s)| best.min(s)))?;
    let (cancel, mut milliseconds, mut right) = (Cancel::new(), Vec::new(), 0);
    for i in 0..QUERIES {
        // Between two vectors: near both, equal to neither.
        let (a, b) = (&values[(i * 7919 % n) * dim..][..dim], &values[(i * 104_729 % n) * dim..][..dim]);
        let query: Vec<f32> = a.iter().zip(b).map(|(a, b)| a + 0.5 * b).collect();
        let start = Instant::now();
        let hits = index.search(&query, k, None, &cancel)?;
        milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
        let least = hits.last().map_or(f64::INFINITY, |hit| hit.score.into());
        // Right when no vector that was left out is better than the worst that was found, by f64.
        let found = |slot: usize| hits.iter().any(|hit| hit.slot as usize == slot);
        let norm = dot64(&query, &query).sqrt();
        let better = |&slot: &usize| dot64(&query, &values[slot * dim..][..dim]) / norm > least + 1e-6 && !found(slot);
        right += usize::from(i < CHECKED && !(0..n).any(|slot| better(&slot)));
    }
    milliseconds.sort_by(f64::total_cmp);
    let rows: Vec<f32> = values[..64.min(n) * dim].to_vec();
    let batch = best(|| index.search_batch(Rows::new(&rows, dim).expect("whole rows"), k, None, &cancel));
    let narrow =
        |every: u32| (0..u32::try_from(n).unwrap_or(u32::MAX)).filter(|slot| slot % every == 0).collect::<SlotSet>();
    let filtered = |allow: SlotSet| best(|| index.search(&values[..dim], k, Some(&allow), &cancel)) * 1e3;
    let callers = std::thread::available_parallelism()?.get();
    let all = seconds(|| {
        std::thread::scope(|scope| {
            for caller in 0..callers {
                let (index, cancel) = (&index, &cancel);
                scope.spawn(move || {
                    for i in 0..QUERIES {
                        let query = &values[((i * 31 + caller) % n) * dim..][..dim];
                        black_box(index.search(query, k, None, cancel).map(|hits| hits.len()).ok());
                    }
                });
            }
        });
    });
    Ok(format!(
        "{{\"n\":{n},\"min_ms\":{:.3},\"p50_ms\":{:.3},\"p95_ms\":{:.3},\"batch_ms_a_query\":{:.3},\"filter_half_ms\":{:.3},\"filter_1_in_50_ms\":{:.3},\"searches_s\":{:.0},\"f32_ms\":{:.3},\"extend_s\":{extend:.3},\
         \"mb\":{:.1},\"recall\":{:.3}}}",
        milliseconds[0],
        milliseconds[QUERIES / 2],
        milliseconds[QUERIES * 95 / 100],
        batch * 1e3 / (rows.len() / dim) as f64,
        filtered(narrow(2)),
        filtered(narrow(50)),
        (callers * QUERIES) as f64 / all,
        best(|| index.search_f32(&values[..dim], k, None, &cancel)) * 1e3,
        index.memory_bytes() as f64 / 1e6,
        right as f64 / CHECKED as f64
    ))
}

fn dot64(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
}

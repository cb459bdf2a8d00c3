//! Measures the ball: `cargo run --release -p canopy-hyperbolic --example ball -- [points] [dim] [runs] [rows.csv]`.
//!
//! Speeds are the best of the runs, in million points a second; errors are against `f64`; overshoot is the median |Δr| of
//! translation over that of naive scaling, worst of nine (curvature, storage) pairs, whose rows go to the file when one is named. The last line of
//! standard output is one JSON object.

use canopy_core::Cancel;
use canopy_hyperbolic::{Ball, Error, MeanOptions, Overshoot, OvershootRow, Scalar, f16, overshoot};
use std::io::Write;
use std::time::Instant;

#[expect(clippy::print_stdout, reason = "the last line of standard output is the result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |at: usize, default: usize| std::env::args().nth(at).map_or(Ok(default), |text| text.parse());
    let (n, dim, runs) = (argument(1, 1_000_000)?, argument(2, 16)?, argument(3, 5)?);
    let (ball, cancel) = (Ball::new(-1.0)?, Cancel::new());
    let points = cloud(n, dim, 1);
    let other = cloud(n, dim, 2);
    let mut tangents = points.clone();
    ball.log0(&points, dim, &mut tangents, &cancel)?;
    let mut out = vec![0.0_f32; n * dim];
    let mut distances = vec![0.0; n];
    let centre = ball.mean(&points, dim, None, &MeanOptions::default(), &cancel)?;

    let rate = |seconds: f64| n as f64 / seconds / 1e6;
    let exp = rate(best(runs, || ball.exp0(&tangents, dim, &mut out, &cancel))?);
    let log = rate(best(runs, || ball.log0(&points, dim, &mut out, &cancel))?);
    let dist = rate(best(runs, || ball.distances(&other, &points, dim, &mut distances, &cancel))?);
    let recentre = rate(best(runs, || ball.recentre(&centre.point, &points, dim, &mut out, &cancel))?);
    let exp_at = rate(best(runs, || ball.exp_at(&other, &tangents, dim, &mut out, &cancel))?);
    let log_at = rate(best(runs, || ball.log_at(&other, &points, dim, &mut out, &cancel))?);
    let mean_s = best(1, || ball.mean(&points, dim, None, &MeanOptions::default(), &cancel).map(drop))?;

    let (f32_trip, f32_nan) = round_trip::<f32>(&ball, &points, dim, &cancel)?;
    let mut half = vec![f16::ZERO; points.len()];
    half.iter_mut().zip(&points).for_each(|(half, &x)| *half = f16::from_f32(x));
    ball.project(&mut half, dim)?;
    let (f16_trip, f16_nan) = round_trip::<f16>(&ball, &half, dim, &cancel)?;

    let rows = overshoot(&Overshoot::default(), &cancel)?;
    if let Some(path) = std::env::args().nth(4) {
        let mut file = std::fs::File::create(path)?;
        writeln!(file, "kappa,dtype,method,r_target,r_obtained,delta_r")?;
        for row in &rows {
            let OvershootRow { kappa, dtype, method, r_target, r_obtained, delta_r } = row;
            writeln!(file, "{kappa},{dtype},{method},{r_target},{r_obtained},{delta_r}")?;
        }
    }
    println!(
        "{{\"points\":{n},\"dim\":{dim},\"mpoints_per_s\":{{\"exp0\":{exp:.1},\"log0\":{log:.1},\"dist\":{dist:.1},\"recentre\":{recentre:.1},\"exp_at\":{exp_at:.1},\"log_at\":{log_at:.1}}},\"mean_s\":{mean_s:.3},\"mean_passes\":{},\"round_trip\":{{\"f32\":{f32_trip:.2e},\"f16\":{f16_trip:.2e}}},\"nan\":{},\"worst_overshoot_ratio\":{:.4}}}",
        centre.iterations,
        f32_nan + f16_nan,
        worst(&rows)
    );
    Ok(())
}

/// Half the points anywhere, half at all orders of magnitude down to 2e-6 from the rim.
fn cloud(n: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut rows = Vec::with_capacity(n * dim);
    for i in 0..n {
        let row: Vec<f64> = (0..dim).map(|_| random.f64() + random.f64() + random.f64() - 1.5).collect();
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        let radius = if i % 2 == 0 { random.f64() * 0.99 } else { 1.0 - 2e-6_f64.powf(random.f64()) };
        rows.extend(row.iter().map(|x| (x * radius / norm) as f32));
    }
    rows
}

fn best(runs: usize, mut work: impl FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    let mut least = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        work()?;
        least = least.min(start.elapsed().as_secs_f64());
    }
    Ok(least)
}

/// Largest difference of a coordinate after `exp0(log0(x))`, and how many values aren't finite.
fn round_trip<T: Scalar>(ball: &Ball, points: &[T], dim: usize, cancel: &Cancel) -> Result<(f64, usize), Error> {
    let mut tangents = points.to_vec();
    let mut back = points.to_vec();
    ball.log0(points, dim, &mut tangents, cancel)?;
    ball.exp0(&tangents, dim, &mut back, cancel)?;
    let (mut a, mut b) = (vec![0.0; points.len()], vec![0.0; points.len()]);
    T::widen(points, &mut a);
    T::widen(&back, &mut b);
    let bad = b.iter().filter(|x| !x.is_finite()).count();
    Ok((a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max), bad))
}

fn worst(rows: &[OvershootRow]) -> f64 {
    let mut worst = 0.0_f64;
    for group in rows.chunk_by(|a, b| a.kappa == b.kappa && a.dtype == b.dtype) {
        let median = |method: &str| {
            let mut off: Vec<f64> =
                group.iter().filter(|row| row.method == method).map(|row| row.delta_r.abs()).collect();
            off.sort_by(f64::total_cmp);
            off[off.len() / 2]
        };
        worst = worst.max(median("exp_log") / median("naive"));
    }
    worst
}

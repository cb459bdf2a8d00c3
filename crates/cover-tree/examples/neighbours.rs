//! Measures the tree beside kiddo: `cargo run --release -p canopy-cover-tree --example neighbours -- [n] [dim] [k] [runs]`.
//!
//! Points are Gaussian, `f32`, dim 2, 3, 8 or 16; the last line of standard output is one JSON object. Every time is that of the
//! shortest run; kiddo runs in the same process, its queries on all cores in chunks.

use canopy_core::{Cancel, Progress};
use canopy_cover_tree::{CoverTree, Geometry, Neighbours, Options, Points};
use kiddo::SquaredEuclidean;
use kiddo::immutable::float::kdtree::ImmutableKdTree;
use rayon::prelude::*;
use std::error::Error;
use std::hint::black_box;
use std::num::NonZero;
use std::time::Instant;

/// Queries that aren't points of the tree.
const QUERIES: usize = 1024;
/// Answers that are compared with a brute force in `f64`.
const CHECKED: usize = 200;

#[expect(clippy::print_stdout, reason = "the last line of standard output is the result")]
fn main() -> Result<(), Box<dyn Error>> {
    let argument = |at: usize, default: usize| std::env::args().nth(at).map_or(Ok(default), |text| text.parse());
    let (n, dim, k, runs) = (argument(1, 32_768)?, argument(2, 3)?, argument(3, 8)?, argument(4, 5)?);
    let values = gaussian(n * dim, 1);
    let asked = gaussian(QUERIES * dim, 2);
    let (cancel, progress) = (Cancel::new(), Progress::default());
    let build = || {
        let points = Points::from_f32(&values, dim).expect("Gaussian points are fine");
        CoverTree::build(points, Geometry::Euclidean, &Options::default(), &cancel, &progress).expect("not cancelled")
    };
    let tree = build();
    // Every pair is compared where nothing can be pruned.
    if dim < 8 {
        tree.validate()?;
    }
    let queries = || Points::from_f32(&asked, dim).expect("Gaussian points are fine");
    let mut report = tree.report();
    let build_s = best(runs.min(3), || {
        let seen = build().report();
        report.order_s = report.order_s.min(seen.order_s);
        report.leaves_s = report.leaves_s.min(seen.leaves_s);
    });
    // Straight lines need no tree; what it takes when somebody asks for it.
    let tree_s = best(1, || build().raise(&cancel, &progress));
    let query_s = best(runs, || tree.knn(queries(), k, &cancel, &progress));
    let all_knn_s = best(runs, || tree.knn_all(k, &cancel, &progress));
    let all_pred_s = best(runs, || tree.predecessors(k, &cancel, &progress));

    let found = tree.knn_all(k, &cancel, &progress)?;
    let before = tree.predecessors(k, &cancel, &progress)?;
    let check = |found: &Neighbours, may: fn(usize, usize) -> bool| recall(&values, dim, found, may);
    let (recall, recall_pred) = (check(&found, |i, j| i != j), check(&before, |i, j| j < i));
    let peer = match dim {
        2 => kiddo_times::<2>(&values, &asked, k, runs),
        3 => kiddo_times::<3>(&values, &asked, k, runs),
        8 => kiddo_times::<8>(&values, &asked, k, runs),
        16 => kiddo_times::<16>(&values, &asked, k, runs),
        _ => "null".into(),
    };
    println!(
        "{{\"bench\":\"cover_tree\",\"metric\":\"euclidean\",\"n\":{n},\"d\":{dim},\"k\":{k},\"queries\":{QUERIES},\"threads\":{},\
         \"build_s\":{build_s:.4},\"order_s\":{:.4},\"leaves_s\":{:.4},\"tree_s\":{:.4},\"query_s\":{query_s:.5},\"all_knn_s\":{all_knn_s:.4},\
         \"all_pred_s\":{all_pred_s:.4},\"recall\":{recall},\"recall_pred\":{recall_pred},\"index_mb\":{:.1},\"peers\":{{\"kiddo\":{peer}}}}}",
        rayon::current_num_threads(),
        report.order_s,
        report.leaves_s,
        (tree_s - build_s).max(0.0),
        tree.memory_bytes() as f64 / 1e6,
    );
    Ok(())
}

/// Seconds of the shortest run.
fn best<T>(runs: usize, mut run: impl FnMut() -> T) -> f64 {
    let once = |_| {
        let start = Instant::now();
        black_box(run());
        start.elapsed().as_secs_f64()
    };
    (0..runs).map(once).fold(f64::INFINITY, f64::min)
}

/// The share of the true neighbours that were found, by a brute force in `f64` over a sample of the points.
fn recall(values: &[f32], dim: usize, found: &Neighbours, may: fn(usize, usize) -> bool) -> f64 {
    let n = values.len() / dim;
    let row = |i: usize| &values[i * dim..(i + 1) * dim];
    let square = |i: usize, j: usize| {
        row(i).iter().zip(row(j)).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>()
    };
    let shares = (0..CHECKED.min(n)).into_par_iter().map(|pick| {
        let i = pick * (n / CHECKED.min(n));
        let mut all: Vec<(f64, u32)> = (0..n).filter(|&j| may(i, j)).map(|j| (square(i, j), j as u32)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.truncate(found.k);
        let ids = &found.ids[i * found.k..(i + 1) * found.k];
        (all.iter().filter(|(_, id)| ids.contains(id)).count(), all.len())
    });
    let (right, total) = shares.reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    right as f64 / total.max(1) as f64
}

/// The same work by kiddo's immutable tree, as a JSON object.
fn kiddo_times<const D: usize>(values: &[f32], asked: &[f32], k: usize, runs: usize) -> String {
    let rows: Vec<[f32; D]> = values.as_chunks().0.to_vec();
    let asked: Vec<[f32; D]> = asked.as_chunks().0.to_vec();
    let build_s = best(runs, || ImmutableKdTree::<f32, u32, D, 32>::new_from_slice(&rows));
    let tree = ImmutableKdTree::<f32, u32, D, 32>::new_from_slice(&rows);
    let nearest = |rows: &[[f32; D]], k: usize| {
        let k = NonZero::new(k).expect("k is at least 1");
        let find = |row: &[f32; D]| tree.nearest_n::<SquaredEuclidean>(row, k).len();
        rows.par_iter().with_min_len(256).map(find).sum::<usize>()
    };
    let query_s = best(runs, || nearest(&asked, k));
    // One more, because kiddo finds the point itself.
    let all_knn_s = best(runs, || nearest(&rows, k + 1));
    format!("{{\"build_s\":{build_s:.4},\"query_s\":{query_s:.5},\"all_knn_s\":{all_knn_s:.4}}}")
}

/// Standard normal numbers by the sum of twelve uniform ones; the same on every machine.
fn gaussian(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut uniform = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count).map(|_| ((0..12).map(|_| uniform()).sum::<f64>() - 6.0) as f32).collect()
}

//! Measures residual neighbours: `cargo run --release -p canopy-cover-tree --example residual -- [options]`.
//!
//! ```text
//! --n 32768 --d 3 --k 50 --m 512 --queries 1024 --kernel matern52 --lengthscale 1 --inducing kmeans|random|near
//! --runs 3      repetitions; the shortest is reported
//! --exact       the exact mode too
//! --optimise 20 steps of changing lengthscales, as an optimiser makes them
//! --peer PYTHON the blocked brute force of numpy in the same run, by this interpreter
//! ```
//!
//! Points are Gaussian `f32`. The last line of standard output is one JSON object. Recall is measured on a sample of the
//! predecessors, against plain loops in `f64` that share no code with the engine.

mod residual_oracle;

use canopy_core::{Cancel, Progress};
use canopy_cover_tree::{
    Audit, GatePreset, Inducing, Kernel, KernelKind, Points, ResidualAnswer, ResidualOptions, ResidualTree, Search,
};
use residual_oracle::{gaussian, recall};
use std::error::Error;
use std::process::Command;
use std::time::Instant;

/// Points whose predecessors are checked.
const CHECKED: usize = 128;

/// What was asked for.
struct Arguments(Vec<String>);

impl Arguments {
    fn text(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|word| word.strip_prefix("--") == Some(name))?;
        Some(self.0.get(at + 1).map_or("", String::as_str))
    }

    fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T, T::Err> {
        self.text(name).map_or(Ok(default), str::parse)
    }
}

#[expect(clippy::print_stdout, reason = "the last line of standard output is the result")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments(std::env::args().skip(1).collect());
    let (n, dim, k) = (arguments.number("n", 32_768)?, arguments.number("d", 3)?, arguments.number("k", 50)?);
    let (m, queries) = (arguments.number("m", 512)?, arguments.number("queries", 1024)?);
    let (runs, lengthscale) = (arguments.number("runs", 3)?, arguments.number("lengthscale", 1.0)?);
    let kind = arguments.text("kernel").unwrap_or("matern52");
    let kernel = Kernel::new(KernelKind::from_name(kind).ok_or("matern12, matern32, matern52 or rbf")?, lengthscale);
    let inducing = match arguments.text("inducing") {
        Some("random") => Inducing::Random { count: m, seed: 42 },
        // Points moved a little, as `canopy bench cover-tree` has them: some residual variances are small.
        Some("near") => Inducing::Given(near(&gaussian(n * dim, 1), &gaussian(m * dim, 3), dim)),
        _ => Inducing::KMeans { count: m, seed: 42 },
    };
    let options = ResidualOptions { kernel, inducing, ..ResidualOptions::default() };
    let rows = gaussian(n * dim, 1);
    let asked = Points::from_f32(&gaussian(queries * dim, 2), dim)?;
    let (cancel, progress) = (Cancel::new(), Progress::default());

    let build = || ResidualTree::build(Points::from_f32(&rows, dim).expect("finite"), &options, &cancel, &progress);
    let mut tree = build()?;
    let mut report = tree.report();
    for _ in 1..runs.min(3) {
        tree = build()?;
        report.build_s = report.build_s.min(tree.report().build_s);
        report.v_s = report.v_s.min(tree.report().v_s);
    }
    let search = Search::default();
    let (query_s, answer) = best(runs, || tree.knn(&asked, k, &search, &cancel, &progress));
    let query = answer?;
    let (all_pred_s, answer) = best(runs, || tree.predecessors(k, &search, &cancel, &progress));
    let before = answer?;
    let (all_knn_s, answer) = best(runs, || tree.knn_all(k, &search, &cancel, &progress));
    answer?;
    let peak_mb = peak_mb();
    // A larger sample than a search takes by itself, for a tight bound.
    let thorough = Search { audit: 256, gate: GatePreset::Audit, ..search };
    let bound = tree.knn(&asked, k, &thorough, &cancel, &progress)?.report.audit.unwrap_or_default();
    let pred_bound = tree.predecessors(k, &thorough, &cancel, &progress)?.report.audit.unwrap_or_default();
    let exact = if arguments.text("exact").is_some() { exact(&tree, &asked, k, n, runs)? } else { "null".into() };
    let (checked, share) = if n <= 131_072 {
        let share = recall(&rows, dim, &options.kernel, &tree, &before.neighbours, CHECKED);
        (CHECKED.min(n), share.to_string())
    } else {
        (0, "null".into())
    };
    let steps = arguments.number("optimise", 0)?;
    let optimise = if steps > 0 { optimise(&mut tree, steps, k)? } else { "null".into() };
    let peer = match arguments.text("peer") {
        Some(python) => {
            let task = format!(
                "{{\"n\":{n},\"dim\":{dim},\"k\":{k},\"m\":{},\"runs\":{runs},\"kind\":\"{kind}\",\"lengthscale\":{lengthscale}}}",
                report.inducing
            );
            numpy(python, &rows, &gaussian(queries * dim, 2), &tree.inducing(), &task)?
        }
        None => "null".into(),
    };
    println!(
        "{{\"bench\":\"cover_tree\",\"metric\":\"residual\",\"n\":{n},\"d\":{dim},\"k\":{k},\"m\":{},\"kernel\":\"{kind}\",\
         \"lengthscale\":{lengthscale},\"queries\":{queries},\"threads\":{},\"isa\":\"{}\",\"double\":{},\"median_p\":{:.3e},\
         \"build_s\":{:.4},\"v_s\":{:.4},\"query_s\":{query_s:.5},\"all_pred_s\":{all_pred_s:.4},\"all_knn_s\":{all_knn_s:.4},\
         \"recall\":{share},\"checked\":{checked},\"query_audit\":{},\"pred_audit\":{},\"query_kept\":{:.0},\"pred_kept\":{:.0},\
         \"gate1_candidates\":{},\"gate1_kept\":{},\"gate1_pruned\":{},\"rss_mb\":{peak_mb},\"exact\":{exact},\
         \"optimise\":{optimise},\"peer\":{peer}}}",
        report.inducing,
        rayon::current_num_threads(),
        report.isa,
        report.double,
        report.median_p,
        report.build_s,
        report.v_s,
        audit(&bound),
        audit(&pred_bound),
        query.report.gate.kept as f64 / queries.max(1) as f64,
        before.report.gate.kept as f64 / n.max(1) as f64,
        before.report.gate.candidates,
        before.report.gate.kept,
        before.report.gate.pruned,
    );
    Ok(())
}

fn near(rows: &[f32], noise: &[f32], dim: usize) -> Vec<f64> {
    let step = (rows.len() / noise.len()).max(1) * dim;
    let moved = noise.iter().enumerate().map(|(at, noise)| rows[at / dim * step + at % dim] + 0.05 * noise);
    moved.map(f64::from).collect()
}

fn audit(audit: &Audit) -> String {
    let Audit { queries, pairs, missed, recall, recall_bound } = audit;
    format!(
        "{{\"queries\":{queries},\"pairs\":{pairs},\"missed\":{missed},\"recall\":{recall},\"recall_bound\":{recall_bound:.6}}}"
    )
}

/// Seconds of the shortest run, and what the last one gave.
fn best<T>(runs: usize, mut run: impl FnMut() -> T) -> (f64, T) {
    let mut once = || {
        let start = Instant::now();
        let done = run();
        (start.elapsed().as_secs_f64(), done)
    };
    let mut least = once();
    for _ in 1..runs {
        let next = once();
        least = (least.0.min(next.0), next.1);
    }
    least
}

/// The exact mode, and what part of the machine's matrix product it reaches with kernel and selection included.
fn exact(tree: &ResidualTree, asked: &Points, k: usize, n: usize, runs: usize) -> Result<String, Box<dyn Error>> {
    let (cancel, progress) = (Cancel::new(), Progress::default());
    let search = Search::exact();
    let (query_s, answer) = best(runs, || tree.knn(asked, k, &search, &cancel, &progress));
    answer?;
    let (all_pred_s, answer) = best(runs.min(2), || tree.predecessors(k, &search, &cancel, &progress));
    let ResidualAnswer { report, .. } = answer?;
    // Two operations for each of `m` values of each pair.
    let flops = 2.0 * report.gate.candidates as f64 * tree.report().inducing as f64;
    Ok(format!(
        "{{\"query_s\":{query_s:.4},\"all_pred_s\":{all_pred_s:.3},\"n\":{n},\"gflops\":{:.1}}}",
        flops / all_pred_s / 1e9
    ))
}

/// Steps of an optimiser: the lengthscale changes, order and structure stay.
fn optimise(tree: &mut ResidualTree, steps: usize, k: usize) -> Result<String, Box<dyn Error>> {
    let (cancel, progress) = (Cancel::new(), Progress::default());
    let (mut refresh_s, mut pred_s) = (0.0, 0.0);
    let mut kernel = tree.options().kernel.clone();
    for step in 0..steps {
        let factor = 1.0 + 0.3 * (step as f64 / 3.0).sin();
        kernel.lengthscales.iter_mut().for_each(|length| *length *= factor);
        let start = Instant::now();
        tree.refresh_metric(&kernel, &cancel, &progress)?;
        refresh_s += start.elapsed().as_secs_f64();
        let start = Instant::now();
        tree.predecessors(k, &Search::default(), &cancel, &progress)?;
        pred_s += start.elapsed().as_secs_f64();
        kernel.lengthscales.iter_mut().for_each(|length| *length /= factor);
    }
    let steps = steps as f64;
    Ok(format!("{{\"steps\":{steps},\"refresh_s\":{:.4},\"all_pred_s\":{:.4}}}", refresh_s / steps, pred_s / steps))
}

/// The peer's JSON line, on the same points, queries and inducing points.
fn numpy(
    python: &str,
    points: &[f32],
    queries: &[f32],
    inducing: &[f64],
    task: &str,
) -> Result<String, Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("canopy-residual-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("points.f32"), bytemuck::cast_slice::<f32, u8>(points))?;
    std::fs::write(folder.join("queries.f32"), bytemuck::cast_slice::<f32, u8>(queries))?;
    std::fs::write(folder.join("inducing.f64"), bytemuck::cast_slice::<f64, u8>(inducing))?;
    std::fs::write(folder.join("task.json"), task)?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench/peers/residual.py");
    let ran = Command::new(python).arg(script).arg(&folder).output();
    std::fs::remove_dir_all(&folder)?;
    let text = String::from_utf8(ran?.stdout)?;
    Ok(text.lines().last().ok_or("the peer printed nothing")?.to_string())
}

/// The most memory this process has had, in MB, where the system tells.
fn peak_mb() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.map_or("null".into(), |kib| format!("{:.0}", kib * 1024.0 / 1e6))
}

//! Fixed amounts of work in the inner loops, one kind a run, so that a tool can count their instructions.
//!
//! ```sh
//! node scripts/instructions.mjs            # valgrind counts what happens inside `counted`
//! ```

use canopy_core::{Cancel, Progress};
use canopy_cover_tree::{
    CoverTree, Geometry, Inducing, Kernel, KernelKind, Options, Points, ResidualOptions, ResidualTree, Search,
};
use std::error::Error;
use std::hint::black_box;

/// Everything inside is counted, by this name.
#[inline(never)]
fn counted<T>(work: impl FnOnce() -> T) -> T {
    black_box(black_box(work)())
}

/// Numbers of the unit interval, the same on every machine.
fn uniform(count: usize, mut state: u64) -> Vec<f64> {
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count).map(|_| next()).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    // One thread, and that is this one: counting follows it.
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    let (cancel, progress) = (Cancel::new(), Progress::default());
    let points = |n: usize, dim: usize, seed: u64| Points::from_f64(uniform(n * dim, seed), dim);
    let euclidean =
        |n, dim| CoverTree::build(points(n, dim, 1)?, Geometry::Euclidean, &Options::default(), &cancel, &progress);
    let options = ResidualOptions {
        kernel: Kernel::new(KernelKind::Matern52, 0.3),
        inducing: Inducing::Random { count: 64, seed: 1 },
        ..ResidualOptions::default()
    };
    let residual = |n| ResidualTree::build(points(n, 3, 1)?, &options, &cancel, &progress);
    match std::env::args().nth(1).as_deref() {
        Some("euclidean-3") => {
            let tree = euclidean(4096, 3)?;
            counted(|| tree.knn_all(8, &cancel, &progress))?;
        }
        Some("euclidean-16") => {
            let tree = euclidean(1024, 16)?;
            counted(|| tree.knn_all(8, &cancel, &progress))?;
        }
        Some("residual-walk") => {
            let (tree, queries) = (residual(4096)?, points(32, 3, 2)?);
            let search = Search { audit: 0, ..Search::default() };
            counted(|| tree.knn(&queries, 20, &search, &cancel, &progress))?;
        }
        Some("residual-exact") => {
            let (tree, queries) = (residual(2048)?, points(64, 3, 2)?);
            counted(|| tree.knn(&queries, 20, &Search::exact(), &cancel, &progress))?;
        }
        Some("residual-factors") => {
            let tree = residual(512)?;
            counted(|| tree.inserted(&points(256, 3, 2)?, &cancel, &progress))?;
        }
        _ => {
            return Err(
                "name what is counted: euclidean-3, euclidean-16, residual-walk, residual-exact or residual-factors"
                    .into(),
            );
        }
    }
    Ok(())
}

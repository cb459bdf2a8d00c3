//! Kernels by layouts: what breaks single precision or an envelope in one of them breaks it here.

use crate::residual::{gaussian, worst_of};
use canopy_cover_tree::{Inducing, Kernel, KernelKind, ResidualOptions};

/// A layout: its name, coordinates a point, points, and inducing points (given, or k-means++).
struct Layout {
    name: &'static str,
    dim: usize,
    rows: Vec<f64>,
    inducing: Inducing,
}

/// Points of a sphere of radius 1, more along some tracks than elsewhere, as floats drift.
fn sphere(n: usize) -> Vec<f64> {
    let drawn = gaussian(3 * n, 31);
    let tracks = drawn.chunks_exact(3).enumerate().flat_map(|(i, row)| {
        let bent = if i % 3 == 0 {
            [row[0] * 0.05 + (i as f64 / 40.0).sin(), row[1] * 0.05, 0.4]
        } else {
            [row[0], row[1], row[2]]
        };
        let norm = bent.iter().map(|x| x * x).sum::<f64>().sqrt();
        bent.map(|x| x / norm)
    });
    tracks.collect()
}

/// What `f32` doesn't tell apart, as a share of the variance over the residual variances.
const SINGLE: f64 = 3e-7;

fn layouts() -> Vec<Layout> {
    let centres = |count: usize| Inducing::KMeans { count, seed: 3 };
    let duplicates = gaussian(3 * 60, 21).repeat(6);
    let among = gaussian(3 * 350, 22);
    let given = Inducing::Given(among[..3 * 40].to_vec());
    vec![
        Layout { name: "gaussian", dim: 3, rows: gaussian(3 * 350, 20), inducing: centres(50) },
        Layout { name: "duplicates", dim: 3, rows: duplicates, inducing: centres(20) },
        Layout { name: "inducing points in the data", dim: 3, rows: among, inducing: given },
        Layout { name: "sphere", dim: 3, rows: sphere(350), inducing: centres(50) },
        Layout { name: "d = 8", dim: 8, rows: gaussian(8 * 300, 23), inducing: centres(40) },
        Layout { name: "d = 16", dim: 16, rows: gaussian(16 * 250, 24), inducing: centres(30) },
    ]
}

#[test]
fn every_kernel_in_every_layout() {
    let mut poor = Vec::new();
    let kinds = [KernelKind::Matern12, KernelKind::Matern32, KernelKind::Matern52, KernelKind::Rbf];
    for Layout { name, dim, rows, inducing } in layouts() {
        for kind in kinds {
            let wide = (dim as f64 / 3.0).sqrt();
            let each: Vec<f64> = (0..dim).map(|axis| wide * [0.4, 1.0, 4.0][axis % 3]).collect();
            // One lengthscale, and one for each coordinate; the long one leaves residual variances of a millionth under RBF.
            for lengthscales in [vec![1.5 * wide], each] {
                let kernel = Kernel { kind, variance: 2.0, lengthscales };
                let options = ResidualOptions { kernel, inducing: inducing.clone(), ..ResidualOptions::default() };
                let found = worst_of(&rows, dim, &options, 10, (100, SINGLE));
                // NaN is poor as well.
                if found.partial_cmp(&0.999).is_none_or(std::cmp::Ordering::is_lt) {
                    poor.push(format!("{name}, {:?}: recall {found}", options.kernel));
                }
            }
        }
    }
    assert!(poor.is_empty(), "{poor:#?}");
}

//! Identities of the maps, against textbook formulas in the middle of the ball.

use crate::points::{cloud, narrow, norm, widen};
use canopy_core::Cancel;
use canopy_hyperbolic::{Ball, f16};
use proptest::prelude::*;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Möbius addition as Ganea, Bécigneul and Hofmann write it.
fn textbook_add(c: f64, x: &[f64], y: &[f64]) -> Vec<f64> {
    let (xy, xx, yy) = (dot(x, y), dot(x, x), dot(y, y));
    let whole = 1.0 + 2.0 * c * xy + c * c * xx * yy;
    x.iter().zip(y).map(|(x, y)| ((1.0 + 2.0 * c * xy + c * yy) * x + (1.0 - c * xx) * y) / whole).collect()
}

fn textbook_exp(c: f64, x: &[f64], v: &[f64]) -> Vec<f64> {
    let (norm, lambda) = (norm(v), 2.0 / (1.0 - c * dot(x, x)));
    let factor = (c.sqrt() * lambda * norm / 2.0).tanh() / (c.sqrt() * norm);
    textbook_add(c, x, &v.iter().map(|v| v * factor).collect::<Vec<_>>())
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn textbook_formulas_hold(dim in 1_usize..24, kappa in -4.0_f64..-0.1, seed: u64) {
        let (ball, cancel, c, n) = (Ball::new(kappa).unwrap(), Cancel::new(), -kappa, 100);
        let rows = |seed| -> Vec<f64> {
            cloud(n, dim, seed, |random| 0.9 * random.f64()).iter().map(|x| x * ball.radius()).collect()
        };
        let (x, y) = (rows(seed), rows(seed ^ 1));
        let mut out = vec![0.0; n * dim];
        ball.add(&x, &y, dim, &mut out, &cancel).unwrap();
        for ((x, y), out) in x.chunks(dim).zip(y.chunks(dim)).zip(out.chunks(dim)) {
            prop_assert!(close(out, &textbook_add(c, x, y), 1e-12));
        }
        ball.exp_at(&x, &y, dim, &mut out, &cancel).unwrap();
        for ((x, y), out) in x.chunks(dim).zip(y.chunks(dim)).zip(out.chunks(dim)) {
            prop_assert!(close(out, &textbook_exp(c, x, y), 1e-10 * ball.radius()) || norm(out) * c.sqrt() > 0.999);
        }
        // The logarithm is as long as the way, and leads there.
        let mut tangents = vec![0.0; n * dim];
        let mut distances = vec![0.0; n];
        ball.log_at(&x, &y, dim, &mut tangents, &cancel).unwrap();
        ball.distances(&x, &y, dim, &mut distances, &cancel).unwrap();
        for ((x, v), d) in x.chunks(dim).zip(tangents.chunks(dim)).zip(&distances) {
            prop_assert!((2.0 * norm(v) / (1.0 - c * dot(x, x)) - d).abs() < 1e-12 * (1.0 + d));
        }
        ball.exp_at(&x, &tangents, dim, &mut out, &cancel).unwrap();
        prop_assert!(close(&out, &y, 1e-12 * ball.radius()));
        // One base for all rows is the same as that base repeated.
        ball.exp_at(&x[..dim], &y, dim, &mut out, &cancel).unwrap();
        let mut again = out.clone();
        ball.exp_at(&x[..dim].repeat(n), &y, dim, &mut again, &cancel).unwrap();
        prop_assert_eq!(&out, &again);
    }

    #[test]
    fn recentring_keeps_distances(dim in 1_usize..24, seed: u64) {
        let (ball, cancel, n) = (Ball::new(-1.0).unwrap(), Cancel::new(), 60);
        let x = cloud(n, dim, seed, |random| random.f64() * 0.99);
        let mut moved = x.clone();
        ball.recentre(&x[..dim], &x, dim, &mut moved, &cancel).unwrap();
        let (mut before, mut after) = (vec![0.0; n], vec![0.0; n]);
        for i in 0..n {
            ball.distances(&x[i * dim..(i + 1) * dim], &x, dim, &mut before, &cancel).unwrap();
            ball.distances(&moved[i * dim..(i + 1) * dim], &moved, dim, &mut after, &cancel).unwrap();
            prop_assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-10));
        }
    }

    #[test]
    fn storage_costs_no_more_than_its_rounding(dim in 1_usize..24, seed: u64) {
        let (ball, cancel, n) = (Ball::new(-1.0).unwrap(), Cancel::new(), 100);
        let x = cloud(n, dim, seed, |random| 0.95 * random.f64());
        let y = cloud(n, dim, seed ^ 1, |random| 0.95 * random.f64());
        let (x, y) = (narrow::<f16>(&x), narrow::<f16>(&y));
        let mut half = x.clone();
        ball.add(&x, &y, dim, &mut half, &cancel).unwrap();
        let (x, y) = (widen(&x), widen(&y));
        let mut exact = x.clone();
        let wide = ball.with_margin(1.0 / 2048.0).unwrap();
        wide.add(&x, &y, dim, &mut exact, &cancel).unwrap();
        prop_assert!(close(&widen(&half), &exact, 1.0 / 1024.0));
    }
}

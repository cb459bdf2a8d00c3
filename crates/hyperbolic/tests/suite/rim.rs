//! Errors and limits up to the rim.

use crate::points::{cloud, distance, gap, grid, narrow, norm, towards_rim, widen};
use canopy_core::Cancel;
use canopy_hyperbolic::{Ball, Scalar, f16};
use proptest::prelude::*;

const POINTS: usize = 400;

fn distances_are_exact<T: Scalar>(dim: usize, seed: u64, least: f64) {
    let ball = Ball::new(-1.0).unwrap().with_margin(1e-15).unwrap();
    let rows = |seed| widen(&narrow::<T>(&grid(&cloud(POINTS, dim, seed, towards_rim(least)))));
    let (a, b) = (rows(seed), rows(seed + 1));
    let mut out = vec![0.0; POINTS];
    ball.distances(&narrow::<T>(&a), &narrow::<T>(&b), dim, &mut out, &Cancel::new()).unwrap();
    for ((found, a), b) in out.iter().zip(a.chunks(dim)).zip(b.chunks(dim)) {
        let expected = distance(a, b);
        let nearest = gap(a).min(gap(b)) / 2.0;
        // f64 carries the gap in twice the precision; the others sum it in f64, far below what their storage resolves.
        let carried = if T::COMPENSATED { 0.0 } else { 8.0 * f64::EPSILON / nearest };
        let off = (found - expected).abs();
        assert!(off <= 32.0 * f64::EPSILON * (1.0 + expected) + carried, "{found} {expected} {}", T::NAME);
    }
}

fn maps_keep_their_bound<T: Scalar>(dim: usize, seed: u64, least: f64) {
    let (ball, cancel) = (Ball::new(-1.0).unwrap().with_margin(1e-15).unwrap(), Cancel::new());
    let points = widen(&narrow::<T>(&grid(&cloud(POINTS, dim, seed, towards_rim(least)))));
    let stored = narrow::<T>(&points);
    let (mut tangents, mut back) = (stored.clone(), stored.clone());
    ball.log0(&stored, dim, &mut tangents, &cancel).unwrap();
    ball.exp0(&tangents, dim, &mut back, &cancel).unwrap();
    let (tangents, back) = (widen(&tangents), widen(&back));
    for ((point, tangent), back) in points.chunks(dim).zip(tangents.chunks(dim)).zip(back.chunks(dim)) {
        let (rho, gap) = (norm(point), gap(point));
        let expected = 0.5 * (2.0 * rho * (1.0 + rho) / gap).ln_1p();
        let bound = 4.0 * T::EPSILON / (gap / (1.0 + rho));
        assert!((norm(tangent) - expected).abs() <= bound, "log0: {} {expected} at {rho}", norm(tangent));
        assert!(norm(back) <= 1.0 - ball.margin::<T>());
        let off = point.iter().zip(back).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off <= 2.0 * T::EPSILON, "exp0(log0(x)) is off by {off} at {rho}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn distances(dim in 1_usize..40, seed in 0_u64..1_000_000) {
        distances_are_exact::<f64>(dim, seed, 1e-12);
        distances_are_exact::<f32>(dim, seed, 2e-6);
        distances_are_exact::<f16>(dim, seed, 1e-2);
    }

    #[test]
    fn maps_at_0(dim in 1_usize..40, seed in 0_u64..1_000_000) {
        maps_keep_their_bound::<f64>(dim, seed, 1e-12);
        maps_keep_their_bound::<f32>(dim, seed, 2e-6);
        maps_keep_their_bound::<f16>(dim, seed, 1e-2);
    }
}

/// Every operation over wild points and tangents stays finite and inside.
fn stays_inside<T: Scalar>(kappa: f64, dim: usize, seed: u64) {
    let (ball, cancel) = (Ball::new(kappa).unwrap(), Cancel::new());
    let strict = 1.0 - ball.margin::<T>();
    let inside = |what: &str, rows: &[T]| {
        for row in widen(rows).chunks(dim) {
            let rho = norm(row) * (-kappa).sqrt();
            assert!(rho < strict, "{what}: {rho} in {} at {kappa}", T::NAME);
        }
    };
    let mut random = fastrand::Rng::with_seed(seed);
    let raw: Vec<f64> = (0..POINTS * dim)
        .map(|_| (random.f64() - 0.5) * (10_f64.powi(random.i32(-9..5)) * ball.radius()).min(1e5))
        .collect();
    let mut points = vec![T::default(); raw.len()];
    T::narrow(&raw, &mut points);
    let tangents = points.clone();
    ball.project(&mut points, dim).unwrap();
    inside("project", &points);
    let mut other = points.clone();
    other.rotate_left(dim);
    // Exact opposites and equals are the hard cases of addition.
    let opposite: Vec<T> = narrow(&widen(&points).iter().map(|x| -x).collect::<Vec<_>>());
    let mut out = points.clone();
    ball.exp0(&tangents, dim, &mut out, &cancel).unwrap();
    inside("exp0", &out);
    ball.exp_at(&points, &tangents, dim, &mut out, &cancel).unwrap();
    inside("exp_at", &out);
    for other in [&other, &opposite, &points] {
        ball.add(&points, other, dim, &mut out, &cancel).unwrap();
        inside("add", &out);
        ball.log_at(&points, other, dim, &mut out, &cancel).unwrap();
        assert!(widen(&out).iter().all(|x| x.is_finite()));
    }
    ball.recentre(&points[..dim], &points, dim, &mut out, &cancel).unwrap();
    inside("recentre", &out);
    assert!(widen(&out[..dim]).iter().all(|&x| x == 0.0));
    let mut distances = vec![0.0; POINTS];
    ball.distances(&points, &other, dim, &mut distances, &cancel).unwrap();
    assert!(distances.iter().all(|d| d.is_finite() && *d >= 0.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn nothing_leaves_the_ball(dim in 1_usize..20, kappa in prop::sample::select(vec![-1.0, -0.5, -2.0, -1e-4, -1e3]), seed: u64) {
        stays_inside::<f64>(kappa, dim, seed);
        stays_inside::<f32>(kappa, dim, seed);
        if kappa > -100.0 {
            stays_inside::<f16>(kappa, dim, seed);
        }
    }
}

#[test]
fn endless_tangents_reach_the_margin() {
    let (ball, cancel) = (Ball::new(-4.0).unwrap(), Cancel::new());
    let mut out = [0.0_f64; 2];
    for size in [1e3, 1e100, f64::MAX] {
        ball.exp0(&[size, -size], 2, &mut out, &cancel).unwrap();
        assert!((2.0 * norm(&out) - (1.0 - 1e-6)).abs() < 1e-12 && out[0] > 0.0 && out[1] < 0.0);
        ball.exp_at(&[0.3, 0.3], &[size, -size], 2, &mut out, &cancel).unwrap();
        assert!((2.0 * norm(&out) - (1.0 - 1e-6)).abs() < 1e-12);
    }
    ball.exp0(&[1e-200, 0.0], 2, &mut out, &cancel).unwrap();
    assert_eq!(out, [1e-200, 0.0]);
}

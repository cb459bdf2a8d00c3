//! The Fréchet mean against the line, where it is an average.

use crate::points::{cloud, norm, towards_rim};
use canopy_core::Cancel;
use canopy_hyperbolic::{Ball, MeanOptions};
use proptest::prelude::*;

fn tanh_row(at: f64, direction: &[f64]) -> Vec<f64> {
    direction.iter().map(|x| x * (0.5 * at).tanh()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// On a line through 0 the ball is the real line: the mean is the average of the positions.
    #[test]
    fn on_a_line_it_is_the_average(
        dim in prop::sample::select(vec![1_usize, 3, 16, 70]),
        positions in prop::collection::vec(-26.0_f64..26.0, 1..30),
        seed: u64,
    ) {
        let ball = Ball::new(-1.0).unwrap().with_margin(1e-15).unwrap();
        let direction = cloud(1, dim, seed, |_| 1.0);
        let points: Vec<f64> = positions.iter().flat_map(|&at| tanh_row(at, &direction)).collect();
        let options = MeanOptions { iterations: 20_000, tolerance: 1e-10 };
        let mean = ball.mean(&points, dim, None, &options, &Cancel::new()).unwrap();
        prop_assert!(mean.converged, "{mean:?}");
        // Positions as the rounded points have them.
        let mut rounded = vec![0.0; positions.len()];
        ball.norms(&points, dim, &mut rounded, &Cancel::new()).unwrap();
        let average = rounded.iter().zip(&positions).map(|(r, p)| r.copysign(*p)).sum::<f64>() / positions.len() as f64;
        let mut off = [0.0];
        let expected = tanh_row(average, &direction);
        ball.distances(&expected, &mean.precise, dim, &mut off, &Cancel::new()).unwrap();
        let resolution = 8.0 * f64::EPSILON * (average.abs()).exp();
        // Sideways, a point at the rim is known to its rounding only, which a rim magnifies.
        prop_assert!(off[0] < 1e-6 + resolution, "{} at {average}: {mean:?}", off[0]);
    }

    #[test]
    fn nothing_near_it_is_better(dim in 1_usize..20, n in 1_usize..40, seed: u64) {
        let ball = Ball::new(-0.5).unwrap().with_margin(1e-15).unwrap();
        let rows: Vec<f64> = cloud(n, dim, seed, towards_rim(1e-9)).iter().map(|x| x * ball.radius() * (1.0 - 1e-12)).collect();
        let weights: Vec<f64> = (0..n).map(|i| 0.1 + (i % 5) as f64).collect();
        let mean = ball.mean(&rows, dim, Some(&weights), &MeanOptions::default(), &Cancel::new()).unwrap();
        prop_assert!(mean.converged);
        let cost = |at: &[f64]| {
            let mut out = vec![0.0; n];
            ball.distances(at, &rows, dim, &mut out, &Cancel::new()).unwrap();
            out.iter().zip(&weights).map(|(d, w)| d * d * w).sum::<f64>()
        };
        let best = cost(&mean.precise);
        prop_assert!((best / weights.iter().sum::<f64>() - mean.variance).abs() < 1e-6 * (1.0 + mean.variance));
        let mut near = vec![0.0; dim];
        for tangent in cloud(20, dim, seed ^ 7, |_| 1e-3).chunks(dim) {
            let gap = 1.0 - 0.5 * norm(&mean.precise).powi(2);
            let tangent: Vec<f64> = tangent.iter().map(|x| x * gap).collect();
            ball.exp_at(&mean.precise, &tangent, dim, &mut near, &Cancel::new()).unwrap();
            prop_assert!(cost(&near) >= best * (1.0 - 1e-12));
        }
    }
}

#[test]
fn it_is_reached_in_few_passes_at_the_rim() {
    let ball = Ball::new(-1.0).unwrap();
    let points: Vec<f32> = cloud(2_000, 16, 3, towards_rim(2e-6)).iter().map(|&x| x as f32).collect();
    let mean = ball.mean(&points, 16, None, &MeanOptions::default(), &Cancel::new()).unwrap();
    assert!(mean.converged && mean.iterations <= 20, "{} {}", mean.iterations, mean.step);
    let mut centred = points.clone();
    ball.recentre(&mean.point, &points, 16, &mut centred, &Cancel::new()).unwrap();
    let again = ball.mean(&centred, 16, None, &MeanOptions::default(), &Cancel::new()).unwrap();
    assert!(norm(&again.precise) < 1e-5, "{}", norm(&again.precise));
}

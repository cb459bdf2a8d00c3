//! What is refused, with which code.

use canopy_core::{Cancel, Coded};
use canopy_hyperbolic::{Ball, Error, MeanOptions, TrainOptions, train};

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    let error = result.unwrap_err();
    assert!(error.to_string().len() > 20);
    error.code()
}

#[test]
fn curvatures_and_margins() {
    for kappa in [0.0, 1.0, f64::NAN, f64::NEG_INFINITY] {
        assert_eq!(code(Ball::new(kappa)), "BALL_CURVATURE");
    }
    for margin in [0.0, 1.0, f64::NAN, 1e-17] {
        assert_eq!(code(Ball::new(-1.0).unwrap().with_margin(margin)), "BALL_MARGIN");
    }
}

#[test]
fn points_that_are_none() {
    let (ball, cancel) = (Ball::new(-1.0).unwrap(), Cancel::new());
    let mut out = [0.0_f64; 4];
    let mut one = [0.0_f64; 2];
    let rim = [0.1, 0.2, 0.6, 0.8];
    assert_eq!(code(ball.log0(&rim, 2, &mut out, &cancel)), "BALL_OUTSIDE");
    assert!(ball.log0(&rim, 2, &mut out, &cancel).unwrap_err().to_string().contains("point 1 "));
    assert_eq!(code(ball.distances(&rim[..2], &rim, 2, &mut one, &cancel)), "BALL_OUTSIDE");
    assert_eq!(code(ball.distances(&rim[2..], &rim, 2, &mut one, &cancel)), "BALL_OUTSIDE");
    assert_eq!(code(ball.log0(&[0.0, f64::NAN], 2, &mut one, &cancel)), "POINTS_NOT_FINITE");
    assert_eq!(code(ball.exp0(&[f64::INFINITY, 0.0], 2, &mut one, &cancel)), "POINTS_NOT_FINITE");
    assert_eq!(code(ball.exp_at(&[0.0, 0.0], &[f64::NAN, 0.0], 2, &mut one, &cancel)), "POINTS_NOT_FINITE");
    assert_eq!(code(ball.exp0(&[0.0], 0, &mut [], &cancel)), "POINTS_DIMENSION");
    assert_eq!(code(ball.exp0(&[0.0; 3], 2, &mut one, &cancel)), "POINTS_LENGTH");
    assert_eq!(code(ball.exp0(&[0.0; 4], 2, &mut one, &cancel)), "POINTS_LENGTH");
    assert_eq!(code(ball.add(&[0.0; 6], &[0.0; 4], 2, &mut out, &cancel)), "POINTS_LENGTH");
    assert_eq!(code(ball.project(&mut [f64::NAN, 0.0], 2)), "POINTS_NOT_FINITE");
    assert!(ball.exp0::<f32>(&[], 2, &mut [], &cancel).is_ok());
}

#[test]
fn means_and_cancellation() {
    let (ball, cancel) = (Ball::new(-1.0).unwrap(), Cancel::new());
    let options = MeanOptions::default();
    assert_eq!(code(ball.mean::<f32>(&[], 2, None, &options, &cancel)), "MEAN_EMPTY");
    assert_eq!(code(ball.mean(&[0.0, 0.0], 2, Some(&[0.0]), &options, &cancel)), "MEAN_EMPTY");
    assert_eq!(code(ball.mean(&[0.0, 0.0], 2, Some(&[-1.0]), &options, &cancel)), "MEAN_WEIGHT");
    assert_eq!(code(ball.mean(&[0.0, 1.0], 2, None, &options, &cancel)), "BALL_OUTSIDE");
    cancel.cancel();
    assert_eq!(code(ball.mean(&[0.0, 0.5], 2, None, &options, &cancel)), "CANCELLED");
    assert_eq!(code(ball.exp0(&[0.0, 0.5], 2, &mut [0.0; 2], &cancel)), "CANCELLED");
}

#[test]
fn hierarchies() {
    let (cancel, quiet) = (Cancel::new(), Default::default());
    let options = TrainOptions::default();
    let try_pairs = |pairs: &[(u32, u32)]| code(train(3, pairs, &options, &cancel, &quiet));
    assert_eq!(try_pairs(&[]), "MEAN_EMPTY");
    assert_eq!(try_pairs(&[(0, 3)]), "POINCARE_RELATION");
    assert_eq!(try_pairs(&[(1, 1)]), "POINCARE_RELATION");
    let try_options = |options: &TrainOptions| code(train(3, &[(0, 1)], options, &cancel, &quiet));
    assert_eq!(try_options(&TrainOptions { dim: 0, ..options.clone() }), "POINCARE_OPTION");
    assert_eq!(try_options(&TrainOptions { learning_rate: f64::NAN, ..options.clone() }), "POINCARE_OPTION");
    assert_eq!(try_options(&TrainOptions { negatives: 0, ..options.clone() }), "POINCARE_OPTION");
    assert_eq!(try_options(&TrainOptions { epochs: 0, ..options.clone() }), "POINCARE_OPTION");
    assert_eq!(try_options(&TrainOptions { kappa: 0.0, ..options.clone() }), "BALL_CURVATURE");
    cancel.cancel();
    assert_eq!(code(train(3, &[(0, 1)], &options, &cancel, &quiet)), "CANCELLED");
}

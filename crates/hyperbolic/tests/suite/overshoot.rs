//! Recentring in storage precision lands nearer than naive scaling, in every curvature and storage.

use canopy_core::Cancel;
use canopy_hyperbolic::{Overshoot, OvershootRow, overshoot};

fn median(rows: &[OvershootRow], kappa: f64, dtype: &str, method: &str) -> f64 {
    let mut off: Vec<f64> = rows
        .iter()
        .filter(|row| row.kappa == kappa && row.dtype == dtype && row.method == method)
        .map(|row| row.delta_r.abs())
        .collect();
    assert_eq!(off.len(), 1000);
    off.sort_by(f64::total_cmp);
    off[500]
}

#[test]
fn at_least_15_percent_below_naive_scaling() {
    for (offset, spread) in [(1.5, 0.5), (4.0, 0.3), (0.2, 1.0)] {
        let rows = overshoot(&Overshoot { offset, spread, ..Overshoot::default() }, &Cancel::new()).unwrap();
        assert!(rows.iter().all(|row| row.r_obtained.is_finite() && row.delta_r.is_finite()));
        for kappa in [-1.0, -0.5, -2.0] {
            for dtype in ["f64", "f32", "f16"] {
                let (ours, naive) = (median(&rows, kappa, dtype, "exp_log"), median(&rows, kappa, dtype, "naive"));
                assert!(ours <= 0.85 * naive, "{kappa} {dtype} {offset}: {ours} {naive}");
            }
        }
    }
}

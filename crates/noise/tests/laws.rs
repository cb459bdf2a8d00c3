//! The samples follow their laws: chi-square against the exact probabilities, and moments.
#![expect(clippy::unwrap_used, reason = "tests")]

use canopy_noise::{Error, Noise, Source};

/// Pearson's statistic over −span..=span and the two tails, with its degrees of freedom.
fn chi_square(noise: &Noise, weight: impl Fn(f64) -> f64, span: i64, draws: u32) -> (f64, f64) {
    let mut source = Source::new();
    let cells = usize::try_from(2 * span + 3).unwrap();
    let mut seen = vec![0_u32; cells];
    for _ in 0..draws {
        let x = noise.sample(&mut source).unwrap().clamp(-span - 1, span + 1);
        seen[usize::try_from(x + span + 1).unwrap()] += 1;
    }
    let total: f64 = (-20_000..=20_000).map(|x| weight(f64::from(x))).sum();
    let tail: f64 = (span + 1..=20_000).map(|x| weight(x as f64)).sum::<f64>() / total;
    let mut statistic = 0.0;
    for (cell, &count) in seen.iter().enumerate() {
        let x = cell as i64 - span - 1;
        let p = if x.abs() > span { tail } else { weight(x as f64) / total };
        let expected = p * f64::from(draws);
        assert!(expected > 5.0, "cell {x} is too thin for the test");
        statistic += (f64::from(count) - expected).powi(2) / expected;
    }
    (statistic, (cells - 1) as f64)
}

/// χ² beyond this in one of 10^7 runs (Wilson–Hilferty, z = 5.2).
fn limit(freedom: f64) -> f64 {
    let a = 2.0 / (9.0 * freedom);
    freedom * (1.0 - a + 5.2 * a.sqrt()).powi(3)
}

#[test]
fn laplace_follows_its_law() {
    for (scale, span) in [(0.4, 2), (1.0, 5), (2.5, 12), (10.0, 40)] {
        let (statistic, freedom) =
            chi_square(&Noise::laplace(scale).unwrap(), |x| (-x.abs() / scale).exp(), span, 60_000);
        assert!(statistic < limit(freedom), "scale {scale}: {statistic} at {freedom}");
    }
}

#[test]
fn gaussian_follows_its_law() {
    for (sigma, span) in [(0.5, 1), (1.0, 2), (3.3, 9), (12.0, 30)] {
        let (statistic, freedom) =
            chi_square(&Noise::gaussian(sigma).unwrap(), |x| (-x * x / (2.0 * sigma * sigma)).exp(), span, 30_000);
        assert!(statistic < limit(freedom), "sigma {sigma}: {statistic} at {freedom}");
    }
}

#[test]
fn a_law_with_another_scale_is_told_apart() {
    let (statistic, freedom) = chi_square(&Noise::laplace(2.5).unwrap(), |x| (-x.abs() / 2.8).exp(), 12, 60_000);
    assert!(statistic > limit(freedom), "{statistic} at {freedom}: the test has no teeth");
}

#[test]
fn wide_noise_has_the_right_deviation() {
    let mut source = Source::new();
    for (noise, deviation) in [(Noise::gaussian(1e6).unwrap(), 1e6), (Noise::laplace(1e9).unwrap(), 1e9 * 2_f64.sqrt())]
    {
        let draws: Vec<f64> = (0..4000).map(|_| noise.sample(&mut source).unwrap() as f64).collect();
        let mean = draws.iter().sum::<f64>() / 4000.0;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4000.0;
        assert!((variance.sqrt() / deviation - 1.0).abs() < 0.15, "{} {deviation}", variance.sqrt());
        assert!(mean.abs() < deviation * 0.1, "{mean}");
    }
}

#[test]
fn scales_that_cannot_be_are_refused() {
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e308, 1e-300] {
        assert!(matches!(Noise::laplace(scale), Err(Error::Scale { .. })), "{scale}");
        assert!(matches!(Noise::gaussian(scale), Err(Error::Scale { .. })), "{scale}");
    }
}

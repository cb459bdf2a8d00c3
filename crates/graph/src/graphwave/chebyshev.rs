//! Coefficients of the heat kernel in Chebyshev polynomials.

/// For each scale the coefficients of `exp(-s h (1 + y))` on `-1 <= y <= 1`, where the Laplacian is `h (1 + y)`.
#[derive(Debug, Clone)]
pub(super) struct Series {
    /// `[scale][k]`, all of one length.
    pub(super) coefficients: Vec<Vec<f64>>,
}

impl Series {
    /// Takes as many terms as the largest scale needs for the terms left out to sum up to `tail` at most.
    pub(super) fn new(scales: &[f64], half_width: f64, tail: f64) -> Self {
        let all: Vec<Vec<f64>> = scales.iter().map(|scale| decayed_bessel(scale * half_width)).collect();
        let needed = |terms: &[f64]| {
            let mut rest = 0.0;
            let beyond = terms.iter().rev().take_while(|&&term| {
                rest += 2.0 * term;
                rest <= tail
            });
            terms.len() - beyond.count()
        };
        let order = all.iter().map(|terms| needed(terms)).max().unwrap_or(0).max(3);
        let coefficients = all.iter().map(|terms| {
            (0..order)
                .map(|k| {
                    let term = terms.get(k).copied().unwrap_or(0.0);
                    // exp(-τ y) = I_0(τ) + 2 Σ (-1)^k I_k(τ) T_k(y).
                    if k == 0 {
                        term
                    } else if k % 2 == 1 {
                        -2.0 * term
                    } else {
                        2.0 * term
                    }
                })
                .collect()
        });
        Self { coefficients: coefficients.collect() }
    }

    /// Degree of the polynomial.
    pub(super) fn order(&self) -> usize {
        self.coefficients.first().map_or(0, |terms| terms.len() - 1)
    }
}

/// `exp(-τ) I_k(τ)` for `k = 0, 1, ...` until nothing is left of it, by Miller's backward recurrence, normalised by
/// `I_0 + 2 Σ I_k = exp(τ)`.
fn decayed_bessel(tau: f64) -> Vec<f64> {
    // Terms fall like a Gaussian of variance τ, then faster than exponentially.
    let start = (12.0 * tau.sqrt() + 60.0).ceil() as usize + if tau > 1e4 { 0 } else { tau.ceil().min(200.0) as usize };
    let mut terms = vec![0.0; start + 2];
    terms[start] = f64::MIN_POSITIVE;
    for k in (1..=start).rev() {
        terms[k - 1] = terms[k + 1] + 2.0 * k as f64 / tau * terms[k];
        if terms[k - 1] > 1e250 {
            terms[k - 1..].iter_mut().for_each(|term| *term *= 1e-250);
        }
    }
    let sum = terms[0] + 2.0 * terms[1..].iter().sum::<f64>();
    terms.iter_mut().for_each(|term| *term /= sum);
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_the_exponential() {
        for tau in [1e-3, 0.5, 5.0, 40.0, 3000.0] {
            for tail in [1e-4, 1e-8, 1e-13] {
                let series = Series::new(&[tau], 1.0, tail);
                for y in [-1.0, -0.7, -0.2, 0.0, 0.4, 1.0_f64] {
                    let sum: f64 =
                        series.coefficients[0].iter().enumerate().map(|(k, c)| c * (k as f64 * y.acos()).cos()).sum();
                    let off = (sum - (-tau * (1.0 + y)).exp()).abs();
                    assert!(off <= tail + 1e-12, "{tau} {tail} {y}: {off}, order {}", series.order());
                }
            }
        }
        assert!(Series::new(&[5.0], 1.0, 1e-6).order() < 20);
    }
}

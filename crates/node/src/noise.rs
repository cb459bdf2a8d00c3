//! Noise for private releases.

use crate::outcome::{Outcome, run};
use canopy_noise::{Noise, Source};
use napi::bindgen_prelude::Float64Array;
use napi_derive::napi;

/// Which law noise follows.
#[napi(string_enum = "lowercase")]
#[derive(Debug)]
pub enum BindingNoise {
    /// Discrete Laplace of a scale.
    Laplace,
    /// Discrete Gaussian of a deviation.
    Gaussian,
}

/// `count` independent samples; whole numbers.
#[napi]
pub async fn sample_noise(law: BindingNoise, scale: f64, count: u32) -> Outcome<Float64Array> {
    run(move || -> canopy_noise::Result<_> {
        let noise = match law {
            BindingNoise::Laplace => Noise::laplace(scale)?,
            BindingNoise::Gaussian => Noise::gaussian(scale)?,
        };
        let mut source = Source::new();
        let samples: canopy_noise::Result<Vec<f64>> =
            (0..count).map(|_| noise.sample(&mut source).map(|sample| sample as f64)).collect();
        Ok(Float64Array::new(samples?))
    })
    .await
}

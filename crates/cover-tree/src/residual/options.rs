//! What a build and a search may be told.

use super::inducing::Inducing;
use super::kernel::{Kernel, KernelKind};
use serde::{Deserialize, Serialize};

/// Points whose correlations make the envelope unless somebody says otherwise.
pub(super) const ENVELOPE_SAMPLES: usize = 256;

/// In which precision V is kept and multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// `f32` where every residual variance is large enough for it, `f64` otherwise.
    #[default]
    Auto,
    /// `f32`: half the memory and twice the speed, wrong where residual variances are tiny.
    Single,
    /// `f64`.
    Double,
}

/// What a build of a residual tree may be told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ResidualOptions {
    /// The covariance of the process.
    pub kernel: Kernel,
    /// The inducing points.
    pub inducing: Inducing,
    /// Added to the diagonal of `K(Z, Z)`, as a share of the variance; raised tenfold up to four times where it doesn't do.
    pub jitter: f64,
    /// Precision of V.
    pub precision: Precision,
    /// Draws the audited samples.
    pub seed: u64,
    /// Points whose correlations with all others make the envelope; 256 or more mean up to eight times as many where there are fewer
    /// than 32,768 points. 0 for none, so that every search looks at all pairs.
    pub envelope_samples: usize,
}

impl Default for ResidualOptions {
    fn default() -> Self {
        Self {
            kernel: Kernel::new(KernelKind::Matern52, 1.0),
            inducing: Inducing::KMeans { count: 512, seed: 42 },
            jitter: 1e-6,
            precision: Precision::Auto,
            seed: 42,
            envelope_samples: ENVELOPE_SAMPLES,
        }
    }
}

/// What stands in front of the residual kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GatePreset {
    /// Nothing: every pair is looked at.
    Off,
    /// The envelope; a sample of the answers is audited, and the envelope widened where too much is missed.
    #[default]
    Lookup,
    /// As before, and any pair that the envelope wrongly spared, in the sample, is a miss: see [`OnMiss`].
    Audit,
}

/// What an audit does about a miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnMiss {
    /// Widens the envelope and answers again.
    #[default]
    Widen,
    /// Fails with [`crate::Error::Missed`].
    Fail,
}

/// How a search goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Search {
    /// All pairs by blocked matrix products: exact up to the precision of V.
    pub exact: bool,
    /// The gate in front of the residual kernel.
    pub gate: GatePreset,
    /// Queries whose answers are compared with all pairs, at most one in 128 unless the gate is [`GatePreset::Audit`]; 0 for none.
    pub audit: usize,
    /// The recall below which the envelope is widened.
    pub least_recall: f64,
    /// What [`GatePreset::Audit`] does about a miss.
    pub on_miss: OnMiss,
}

impl Default for Search {
    fn default() -> Self {
        Self { exact: false, gate: GatePreset::Lookup, audit: 32, least_recall: 0.999, on_miss: OnMiss::Widen }
    }
}

impl Search {
    /// All pairs.
    pub fn exact() -> Self {
        Self { exact: true, audit: 0, ..Self::default() }
    }
}

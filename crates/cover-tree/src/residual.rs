//! Neighbours by residual correlation, the metric of Vecchia approximations with inducing points.
//!
//! With `V = L⁻¹ K(Z, X)` and `L Lᵀ = K(Z, Z) + jitter I`, the residual covariance of two points is
//! `R(x, y) = k(x, y) - v_x · v_y`, their correlation `ρ = R / sqrt(p_x p_y)` with `p_x = R(x, x)`, and their distance
//! `sqrt(1 - |ρ|)`. `DESIGN.md` says why the structure comes from the coordinates all the same.

mod answer;
mod ask;
mod audit;
mod best;
mod change;
mod cholesky;
mod engine;
mod envelope;
mod exact;
mod field;
mod file;
mod found;
mod given;
mod graph;
mod held;
mod inducing;
mod kernel;
mod ledger;
mod matrix;
mod options;
mod real;
mod root;
mod sample;
mod search;
mod sieve;
mod tiles;
mod tree;
mod walk;
mod walks;

pub use answer::{Audit, ResidualAnswer, SearchReport};
pub use envelope::Envelope;
pub use given::GivenFactors;
pub use graph::{GraphRefresher, ResidualGraph};
pub use inducing::{Inducing, MAX_INDUCING};
pub use kernel::{Kernel, KernelKind};
pub use options::{GatePreset, OnMiss, Precision, ResidualOptions, Search};
pub use root::{JITTER_STEPS, VARIANCE_FLOOR};
pub use tree::{ResidualReport, ResidualTree};
pub use walk::GateCounts;
